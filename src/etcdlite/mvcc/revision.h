// A point in the store's history: `main` counts write transactions, `sub` the changes inside one.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace etcdlite::mvcc {

struct Revision {
  int64_t main = 0;
  int64_t sub = 0;
  auto operator<=>(const Revision&) const = default;
};

// Engine keys of changes (storage/key_layout.h): 'k', etcd's 17 bytes, 't' after a deletion. They sort by revision.
std::string EncodeRevisionKey(Revision revision, bool tombstone);
struct RevisionKey {
  Revision revision;
  bool tombstone = false;
};
std::optional<RevisionKey> DecodeRevisionKey(absl::string_view key);

}  // namespace etcdlite::mvcc
