// mvccpb.KeyValue and mvccpb.Event as bytes, written and read by hand: stored values go into answers and events
// without being decoded.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace etcdlite::mvcc {

using KvBytes = std::shared_ptr<const std::string>;  // one serialized mvccpb.KeyValue

struct KeyValueView {
  absl::string_view key;
  absl::string_view value;
  int64_t create_revision = 0;
  int64_t mod_revision = 0;
  int64_t version = 0;
  int64_t lease = 0;
};

std::string EncodeKeyValue(const KeyValueView& kv);
std::optional<KeyValueView> ParseKeyValue(absl::string_view bytes);  // views into `bytes`; nullopt: malformed

// Protobuf building blocks for hand-written answers.
void AppendTag(int field, int wire_type, std::string* out);
void AppendInt(int field, int64_t value, std::string* out);               // left out when 0
void AppendBool(int field, bool value, std::string* out);                 // left out when false
void AppendLengthDelimited(int field, absl::string_view bytes, std::string* out);  // written even when empty

// One `events` member of a WatchResponse, tag included. `previous` may be null.
std::string EncodeWatchEvent(bool is_delete, absl::string_view kv, const std::string* previous);

}  // namespace etcdlite::mvcc
