// One description of a struct's fields serves both directions: a function template `Fields(io, value)`, found beside the
// struct, names every field once; a RecordWriter or a RecordReader carries it out.
//
//   template <typename Io, MaybeConst<MountSpec> T>
//   static void Fields(Io& io, T& v) {
//     io("source", v.source);
//     io("read_only", v.read_only);
//   }
//
// A list is a name that repeats. What a record lacks keeps the value it had, so defaults stand in the struct alone.
#pragma once
#include <stdlib.h>

#include <concepts>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "kubelet/runtime/shim/record.h"

namespace kubelet {

template <typename T, typename Struct>
concept MaybeConst = std::same_as<std::remove_const_t<T>, Struct>;
template <typename T>
concept RecordNumber = std::is_integral_v<T> || std::is_enum_v<T>;

using NamePairs = std::vector<std::pair<std::string, std::string>>;

class RecordWriter {
 public:
  void operator()(const char* name, const std::string& value) { record_.Add(name, value); }
  void operator()(const char* name, bool value) { record_.AddBool(name, value); }
  template <RecordNumber T>
  void operator()(const char* name, T value) { record_.AddInt(name, static_cast<int64_t>(value)); }
  template <typename T>
  void operator()(const char* name, const std::vector<T>& values) {
    for (const T& value : values) (*this)(name, value);
  }
  void Pairs(const char* first, const char* second, const NamePairs& pairs) {
    for (const auto& [a, b] : pairs) {
      record_.Add(first, a);
      record_.Add(second, b);
    }
  }
  template <typename T>
  void Nested(const char* name, const T& value) {
    RecordWriter inner;
    Fields(inner, value);
    record_.Add(name, inner.record_.Encode());
  }
  template <typename T>
  void Nested(const char* name, const std::vector<T>& values) {
    for (const T& value : values) Nested(name, value);
  }

  Record& record() { return record_; }

 private:
  Record record_;
};

class RecordReader {
 public:
  explicit RecordReader(const Record& record) : record_(record) {}

  void operator()(const char* name, std::string& value) {
    if (record_.Has(name)) value = record_.Get(name);
  }
  void operator()(const char* name, bool& value) {
    if (record_.Has(name)) value = record_.GetBool(name);
  }
  template <RecordNumber T>
  void operator()(const char* name, T& value) { value = static_cast<T>(record_.GetInt(name, static_cast<int64_t>(value))); }
  void operator()(const char* name, std::vector<std::string>& values) { values = record_.All(name); }
  void operator()(const char* name, std::vector<int64_t>& values) {
    values.clear();
    for (const std::string& text : record_.All(name)) values.push_back(strtoll(text.c_str(), nullptr, 10));
  }
  void Pairs(const char* first, const char* second, NamePairs& pairs) {
    const std::vector<std::string> a = record_.All(first), b = record_.All(second);
    for (size_t i = 0; i < a.size() && i < b.size(); ++i) pairs.emplace_back(a[i], b[i]);
  }
  template <typename T>
  void Nested(const char* name, T& value) { ReadNested(record_.Get(name), value); }
  template <typename T>
  void Nested(const char* name, std::vector<T>& values) {
    for (const std::string& text : record_.All(name)) ReadNested(text, values.emplace_back());
  }

  bool ok() const { return ok_; }  // false: a record within was torn

 private:
  template <typename T>
  void ReadNested(const std::string& text, T& value) {
    Record inner;
    ok_ = Record::Decode(text, &inner) && ok_;
    RecordReader reader(inner);
    Fields(reader, value);
    ok_ = ok_ && reader.ok_;
  }

  const Record& record_;
  bool ok_ = true;
};

template <typename T>
std::string EncodeFields(const T& value) {
  RecordWriter writer;
  Fields(writer, value);
  return writer.record().Encode();
}

template <typename T>
bool DecodeFields(const std::string& text, T* value) {
  Record record;
  if (!Record::Decode(text, &record)) return false;
  RecordReader reader(record);
  Fields(reader, *value);
  return reader.ok();
}

}  // namespace kubelet
