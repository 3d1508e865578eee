#include "etcdlite/mvcc/revision.h"

#include "etcdlite/storage/byte_codec.h"
#include "etcdlite/storage/key_layout.h"

namespace etcdlite::mvcc {

std::string EncodeRevisionKey(Revision revision, bool tombstone) {
  std::string key(1, storage::kRevisionSpace);
  key.reserve(19);
  storage::AppendBig64(static_cast<uint64_t>(revision.main), &key);
  key.push_back('_');
  storage::AppendBig64(static_cast<uint64_t>(revision.sub), &key);
  if (tombstone) key.push_back('t');
  return key;
}

std::optional<RevisionKey> DecodeRevisionKey(absl::string_view key) {
  if (key.size() < 18 || key.size() > 19 || key[0] != storage::kRevisionSpace || key[9] != '_') return std::nullopt;
  RevisionKey out;
  out.revision.main = static_cast<int64_t>(storage::LoadBig64(key.data() + 1));
  out.revision.sub = static_cast<int64_t>(storage::LoadBig64(key.data() + 10));
  out.tombstone = key.size() == 19;
  return out;
}

}  // namespace etcdlite::mvcc
