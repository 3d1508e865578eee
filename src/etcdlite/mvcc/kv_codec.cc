#include "etcdlite/mvcc/kv_codec.h"

#include "etcdlite/storage/byte_codec.h"

namespace etcdlite::mvcc {
namespace {

using storage::AppendVarint;
using storage::ByteReader;

enum WireType { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };
// Field numbers of mvccpb (proto/etcd/mvcc.proto) and of WatchResponse.events.
enum KeyValueField { kKey = 1, kCreate = 2, kMod = 3, kVersion = 4, kValue = 5, kLease = 6 };
enum EventField { kType = 1, kKv = 2, kPrevKv = 3 };
constexpr int kWatchResponseEvents = 11;

}  // namespace

void AppendTag(int field, int wire_type, std::string* out) {
  AppendVarint(static_cast<uint64_t>(field) << 3 | static_cast<uint64_t>(wire_type), out);
}

void AppendInt(int field, int64_t value, std::string* out) {
  if (value == 0) return;
  AppendTag(field, kVarint, out);
  AppendVarint(static_cast<uint64_t>(value), out);
}

void AppendBool(int field, bool value, std::string* out) { AppendInt(field, value ? 1 : 0, out); }

void AppendLengthDelimited(int field, absl::string_view bytes, std::string* out) {
  AppendTag(field, kBytes, out);
  storage::AppendBytes(bytes, out);
}

std::string EncodeKeyValue(const KeyValueView& kv) {
  std::string out;
  out.reserve(kv.key.size() + kv.value.size() + 48);
  if (!kv.key.empty()) AppendLengthDelimited(kKey, kv.key, &out);
  AppendInt(kCreate, kv.create_revision, &out);
  AppendInt(kMod, kv.mod_revision, &out);
  AppendInt(kVersion, kv.version, &out);
  if (!kv.value.empty()) AppendLengthDelimited(kValue, kv.value, &out);
  AppendInt(kLease, kv.lease, &out);
  return out;
}

std::optional<KeyValueView> ParseKeyValue(absl::string_view bytes) {
  KeyValueView kv;
  ByteReader in(bytes);
  while (!in.done()) {
    const uint64_t tag = in.Varint();
    switch (tag & 7) {
      case kVarint: {
        const int64_t value = static_cast<int64_t>(in.Varint());
        switch (tag >> 3) {
          case kCreate: kv.create_revision = value; break;
          case kMod: kv.mod_revision = value; break;
          case kVersion: kv.version = value; break;
          case kLease: kv.lease = value; break;
        }
        break;
      }
      case kBytes: {
        const absl::string_view value = in.Bytes();
        if (tag >> 3 == kKey) kv.key = value;
        if (tag >> 3 == kValue) kv.value = value;
        break;
      }
      case kFixed64: in.Fixed64(); break;
      case kFixed32: in.Fixed32(); break;
      default: return std::nullopt;
    }
    if (!in.ok()) return std::nullopt;
  }
  return kv;
}

std::string EncodeWatchEvent(bool is_delete, absl::string_view kv, const std::string* previous) {
  std::string event;
  event.reserve(kv.size() + (previous != nullptr ? previous->size() : 0) + 24);
  AppendInt(kType, is_delete ? 1 : 0, &event);
  AppendLengthDelimited(kKv, kv, &event);
  if (previous != nullptr) AppendLengthDelimited(kPrevKv, *previous, &event);
  std::string out;
  out.reserve(event.size() + 8);
  AppendLengthDelimited(kWatchResponseEvents, event, &out);
  return out;
}

}  // namespace etcdlite::mvcc
