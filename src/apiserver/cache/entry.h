// One object as the watch cache keeps it: bytes and a little index. Immutable once shared; any thread.
#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "apimachinery/schema.h"
#include "apiserver/pipeline/objects.h"

namespace apiserver::cache {

struct Entry {
  const apimachinery::Kind* kind = nullptr;  // version as stored
  std::string key;    // below the resource's prefix: "default/web", or "node-1" for cluster-scoped resources
  std::string bytes;  // protobuf of the object, resourceVersion included, no envelope
  int64_t revision = 0;

  absl::string_view ns() const;    // "" for cluster-scoped resources
  absl::string_view name() const;

  // The tree, with kind and apiVersion. `keep`: remember it with the entry (small, often-read kinds).
  pipeline::ObjectPtr Decode(bool keep = false) const;

 private:
  mutable pipeline::ObjectPtr decoded_;  // under a lock of entry.cc
};
using EntryPtr = std::shared_ptr<const Entry>;

// From the value of a store key. nullptr: neither protobuf nor JSON of a kind that the schema has.
EntryPtr EntryFromStore(absl::string_view key, absl::string_view value, int64_t revision);
// The same bytes under another revision (deletions).
EntryPtr AtRevision(const Entry& entry, int64_t revision);

}  // namespace apiserver::cache
