#include "apiserver/cache/entry.h"

#include <mutex>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "apimachinery/codec.h"
#include "apimachinery/json.h"
#include "apimachinery/stored.h"
#include "apimachinery/structural/object_meta.h"
#include "apimachinery/structural/stored_definition.h"
#include "apiserver/cache/as_read.h"
#include "apiserver/cache/json_bytes.h"
#include "apiserver/cache/object_bytes.h"

namespace apiserver::cache {
namespace {

std::mutex& StripeOf(const Entry* entry) {
  static auto* stripes = new std::array<std::mutex, 16>;
  return (*stripes)[(reinterpret_cast<uintptr_t>(entry) >> 6) % stripes->size()];
}

// The kind of a stored object; some are stored under an older version of the same form.
const apimachinery::Kind* StoredKind(absl::string_view api_version, absl::string_view name) {
  const apimachinery::Schema& schema = apimachinery::Schema::Builtin();
  const apimachinery::Kind* kind = schema.FindKind(api_version, name);
  if (kind != nullptr) return kind->message == nullptr ? nullptr : kind;
  for (const apimachinery::Kind& k : schema.kinds()) {
    if (k.kind == name && k.stored_as == api_version && k.message != nullptr) return &k;
  }
  return nullptr;
}

}  // namespace

absl::string_view Entry::ns() const {
  const size_t slash = key.find('/');
  return slash == std::string::npos ? absl::string_view() : absl::string_view(key).substr(0, slash);
}

absl::string_view Entry::name() const {
  const size_t slash = key.find('/');
  return slash == std::string::npos ? absl::string_view(key) : absl::string_view(key).substr(slash + 1);
}

absl::string_view Entry::LabelValue(absl::string_view label) const {
  return custom() ? JsonLabelValue(bytes, label) : cache::LabelValue(bytes, label);
}

std::string Entry::FieldText(absl::string_view path) const {
  return custom() ? JsonFieldText(bytes, path) : cache::FieldText(*kind->message, bytes, path);
}

std::string Entry::MetadataOnly() const {
  std::string out;
  if (custom()) {
    apimachinery::Value partial = apimachinery::Value::MakeObject();
    const auto metadata = apimachinery::DecodeJson(apimachinery::structural::ObjectMetaMessage(), JsonMember(bytes, "metadata"));
    if (metadata.ok()) partial.Set("metadata", metadata->value);
    apimachinery::EncodeWire(*kind->message, partial, &out);
  } else {
    AppendBytesField(1, MetadataBytes(bytes), &out);
  }
  return out;
}

pipeline::ObjectPtr Entry::Decode(bool keep) const {
  if (keep) {
    const std::lock_guard lock(StripeOf(this));
    if (decoded_ != nullptr) return decoded_;
  }
  if (custom()) {
    auto json = apimachinery::ParseJson(bytes);
    return std::make_shared<apimachinery::Value>(json.ok() ? *std::move(json) : apimachinery::Value::MakeObject());
  }
  auto wire = apimachinery::DecodeWire(*kind->message, bytes);
  auto tree = std::make_shared<apimachinery::Value>(wire.ok() ? *std::move(wire) : apimachinery::Value::MakeObject());
  apimachinery::CompleteStored(*kind->message, tree.get());
  tree->Set("apiVersion", kind->api_version);
  tree->Set("kind", kind->kind);
  if (keep) {
    const std::lock_guard lock(StripeOf(this));
    if (decoded_ == nullptr) decoded_ = tree;
    return decoded_;
  }
  return tree;
}

EntryPtr EntryFromStore(absl::string_view key, absl::string_view value, int64_t revision) {
  auto entry = std::make_shared<Entry>();
  entry->key = std::string(key);
  entry->revision = revision;
  if (apimachinery::HasEnvelope(value)) {
    const auto envelope = apimachinery::DecodeEnvelope(value);
    if (!envelope.ok()) return nullptr;
    entry->kind = StoredKind(envelope->api_version, envelope->kind);
    if (entry->kind == nullptr) return nullptr;
    entry->completed = LacksAtReading(*entry->kind, envelope->raw);
    entry->bytes = AsRead(*entry->kind, WithResourceVersion(envelope->raw, revision));
    return entry;
  }
  auto json = apimachinery::ParseJson(value);
  if (!json.ok()) return nullptr;
  entry->kind = StoredKind(json->GetString("apiVersion"), json->GetString("kind"));
  if (entry->kind == nullptr) return nullptr;
  std::string served;
  if (entry->kind->stored_as == json->GetString("apiVersion") && entry->kind->kind == "CustomResourceDefinition") {
    apimachinery::structural::DefinitionFromStored(&*json);
    served = apimachinery::WriteJson(*json);
    value = served;
  }
  const auto typed = apimachinery::DecodeJson(*entry->kind->message, value);
  if (!typed.ok()) return nullptr;
  std::string wire;
  apimachinery::EncodeWire(*entry->kind->message, typed->value, &wire);
  entry->bytes = WithResourceVersion(wire, revision);
  return entry;
}

EntryPtr CustomEntryFromStore(const apimachinery::structural::DefinitionPtr& definition, absl::string_view key,
                              absl::string_view value, int64_t revision) {
  auto object = apimachinery::ParseJson(value);
  if (!object.ok() || !object->is_object()) return nullptr;
  const apimachinery::structural::Version* version = definition->FindApiVersion(object->GetString("apiVersion"));
  if (version == nullptr) {  // a version that is no longer there
    version = definition->storage;
    object->Set("apiVersion", version->api_version);
  }
  apimachinery::structural::ShapeStored(*version, &*object);
  object->Ensure("metadata").Set("resourceVersion", absl::StrCat(revision));
  auto entry = std::make_shared<Entry>();
  entry->kind = &version->kind;
  entry->definition = definition;
  entry->key = std::string(key);
  entry->revision = revision;
  entry->bytes = EntryBytes(version->kind, *object);
  // What defaults add and pruning drops shows in the length: nothing else does, but for the version that entries carry.
  const size_t stored = absl::StripTrailingAsciiWhitespace(value).size();
  entry->completed = entry->bytes.size() != stored + absl::StrCat(R"("resourceVersion":"",)", revision).size();
  return entry;
}

std::string EntryBytes(const apimachinery::Kind& kind, const apimachinery::Value& object) {
  std::string bytes;
  if (kind.custom != nullptr) {
    apimachinery::Value sorted = object;
    apimachinery::SortKeys(&sorted);
    apimachinery::AppendJson(sorted, &bytes);
  } else {
    apimachinery::EncodeWire(*kind.message, object, &bytes);
  }
  return bytes;
}

EntryPtr AtRevision(const Entry& entry, int64_t revision) {
  auto copy = std::make_shared<Entry>();
  copy->kind = entry.kind;
  copy->key = entry.key;
  copy->definition = entry.definition;
  copy->bytes = entry.custom() ? JsonWithResourceVersion(entry.bytes, revision) : WithResourceVersion(entry.bytes, revision);
  copy->revision = revision;
  return copy;
}

}  // namespace apiserver::cache
