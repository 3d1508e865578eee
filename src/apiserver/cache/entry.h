// One object as the watch cache keeps it: bytes and a little index. Immutable once shared; any thread.
#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "apimachinery/schema.h"
#include "apimachinery/structural/definition.h"
#include "apiserver/pipeline/objects.h"

namespace apiserver::cache {

struct Entry {
  const apimachinery::Kind* kind = nullptr;  // version as stored
  std::string key;    // below the resource's prefix: "default/web", or "node-1" for cluster-scoped resources
  // Built-in kinds: protobuf of the object, no envelope. Custom kinds: compact JSON with sorted members. Both with
  // resourceVersion.
  std::string bytes;
  int64_t revision = 0;
  bool completed = false;  // by what the store does not hold (as_read.h; defaults and pruning of custom kinds)
  apimachinery::structural::DefinitionPtr definition;  // keeps a custom `kind`

  absl::string_view ns() const;    // "" for cluster-scoped resources
  absl::string_view name() const;
  bool custom() const { return kind->custom != nullptr; }

  absl::string_view LabelValue(absl::string_view label) const;  // a null view when the label is not there
  std::string FieldText(absl::string_view path) const;          // of a scalar at a dotted path, "" when unset
  // The object with nothing but its metadata, as protobuf of PartialObjectMetadata.
  std::string MetadataOnly() const;

  // The tree, with kind and apiVersion. `keep`: remember it with the entry (small, often-read kinds).
  pipeline::ObjectPtr Decode(bool keep = false) const;

 private:
  mutable pipeline::ObjectPtr decoded_;  // under a lock of entry.cc
};
using EntryPtr = std::shared_ptr<const Entry>;

// From the value of a store key. nullptr: neither protobuf nor JSON of a kind that the schema has.
EntryPtr EntryFromStore(absl::string_view key, absl::string_view value, int64_t revision);
// The same for objects of a custom kind: brought into the shape of the version they are stored in.
EntryPtr CustomEntryFromStore(const apimachinery::structural::DefinitionPtr& definition, absl::string_view key,
                              absl::string_view value, int64_t revision);
// The bytes that stand for a tree of `kind` in an entry.
std::string EntryBytes(const apimachinery::Kind& kind, const apimachinery::Value& object);
// The same bytes under another revision (deletions).
EntryPtr AtRevision(const Entry& entry, int64_t revision);

}  // namespace apiserver::cache
