// Which node ports are taken: the one bit map that all API servers share, as it lies in the store. Pure.
#pragma once
#include <set>
#include <string>

#include "absl/strings/string_view.h"
#include "apimachinery/value.h"

namespace apiserver::registry {

// The object at /registry/ranges/servicenodeports: upstream's RangeAllocation, whose data is a big integer, most
// significant byte first; bit n is the n-th port of the range.
class PortMap {
 public:
  PortMap(int first, int last);
  // `stored`: the object's bytes; empty or unreadable: no port is taken.
  static PortMap Decode(int first, int last, absl::string_view stored);
  std::string Encode() const;  // the object's bytes

  bool InRange(int port) const { return port >= first_ && port <= last_; }
  bool Has(int port) const;
  void Set(int port, bool taken);  // outside of the range: nothing
  // The first free port at or after `start`, going around; 0: all are taken.
  int FirstFree(int start) const;
  std::set<int> Taken() const;
  int size() const { return last_ - first_ + 1; }
  int first() const { return first_; }

 private:
  const int first_, last_;
  apimachinery::Value range_ = apimachinery::Value::MakeObject();
  std::string bits_;  // least significant byte first
};

}  // namespace apiserver::registry
