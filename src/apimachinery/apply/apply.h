// Server-side apply and field ownership: who manages which field, recorded in metadata.managedFields.
// Trees are plain JSON (codec.h's ToPlain) of one version. Pure; time comes in as text.
#pragma once
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "apimachinery/schema.h"
#include "apimachinery/value.h"

namespace apimachinery::apply {

struct Manager {
  std::string name;         // field manager
  std::string subresource;  // "", "status", "scale"
  std::string api_version;  // of the request
  std::string time;         // canonical meta.v1.Time text
};

// After a create, update or non-apply patch: `live` (null for create) became `updated`; answers `updated` with its
// managedFields brought up to date. What the request says in metadata.managedFields is honoured as upstream does
// (an explicitly emptied list resets them). `type` may be nullptr: structure is then deduced (custom resources
// without schema).
absl::StatusOr<Value> TrackUpdate(const Message* type, const Value& live, Value updated, const Manager& manager);

// One apply request. `live` is null when the object does not exist yet (it is then created from `applied`).
// Answers the merged object with managedFields. Aborted-like ApiStatus "Apply failed with N conflict(s): ..." unless
// `force`.
absl::StatusOr<Value> Apply(const Message* type, const Value& live, const Value& applied, const Manager& manager,
                            bool force);

// Drops the top-level "" entries: tells whether two objects differ in nothing but managedFields times, so that a
// no-op write can be left out.
bool EqualIgnoringManagedFieldTimes(const Value& a, const Value& b);

}  // namespace apimachinery::apply
