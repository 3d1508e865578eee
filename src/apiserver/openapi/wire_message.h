// Writing protobuf messages from JSON trees, for the binary forms of OpenAPI documents. Internal to openapi/.
#pragma once
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "apimachinery/value.h"

namespace apiserver::openapi::wire {

// One message being written; members may come in any order.
class Message {
 public:
  void Text(int number, absl::string_view text);
  void Add(int number, const Message& message) { Text(number, message.bytes_); }
  void Flag(int number, bool flag);  // false is not written
  void Number(int number, double value);
  void Integer(int number, int64_t value);
  // A member of `from`: a string, or each string of a list.
  void Member(int number, const apimachinery::Value& from, absl::string_view key);
  bool empty() const { return bytes_.empty(); }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

Message Any(const apimachinery::Value& value);
Message Named(absl::string_view name, const Message& value);
// Members of `from` that begin with "x-".
void AddExtensions(int number, const apimachinery::Value& from, Message* to);

}  // namespace apiserver::openapi::wire
