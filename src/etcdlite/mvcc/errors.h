// Refusals of the store, in etcd's words: clients compare the text.
#pragma once
#include "absl/status/status.h"

namespace etcdlite::mvcc {

inline absl::Status CompactedError() {
  return absl::OutOfRangeError("etcdserver: mvcc: required revision has been compacted");
}
inline absl::Status FutureRevisionError() {
  return absl::OutOfRangeError("etcdserver: mvcc: required revision is a future revision");
}

}  // namespace etcdlite::mvcc
