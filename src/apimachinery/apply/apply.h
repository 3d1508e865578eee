// Server-side apply and field ownership: who manages which field, recorded in metadata.managedFields.
// Objects in and out are typed trees (codec.h); custom resources are plain ones, their structure is their schema's, or
// deduced when there is none. Pure; time comes in as text.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "apimachinery/schema.h"
#include "apimachinery/structural/schema.h"
#include "apimachinery/value.h"

namespace apimachinery::apply {

// What tells an object's structure; nothing at all: it is deduced from the values.
struct ObjectType {
  const Message* message = nullptr;            // built-in kinds
  const structural::Schema* schema = nullptr;  // custom kinds: of the object's root

  ObjectType(const Message* message) : message(message) {}
  ObjectType(const structural::Schema* schema) : schema(schema) {}
  ObjectType(std::nullptr_t) {}
};

// Who makes a request, and by which door.
struct Manager {
  std::string name;         // field manager: the request's parameter, else the user agent up to the first '/'
  std::string subresource;  // "", "status", "scale"
  std::string api_version;  // of the request's object
  std::string time;         // now, canonical meta.v1.Time text
  // Fields that a write by this door cannot touch ("status", "metadata.labels"): never owned through it.
  std::vector<std::string> reset_fields = {};
  // Turns an object of this version into another version of its kind and answers that one's type; nullptr when there is no
  // such version. Unset: all versions are alike.
  std::function<const Message*(absl::string_view api_version, Value* object)> convert = {};
};

// After decoding and defaulting of a create, update or non-apply patch, before admission: `live` (null for create)
// became `updated`; answers `updated` with its managedFields brought up to date. What the request says in
// metadata.managedFields is honoured as upstream does: kept when given (not by a subresource), an empty list or a
// single empty entry resets them. Objects that are not tracked (they exist without managedFields) stay untracked.
Value TrackUpdate(const ObjectType& type, const Value& live, Value updated, const Manager& manager);

// One apply request. `live` is null when the object does not exist yet. `applied` is the request's plain tree. Answers
// the merged object with managedFields, or an error carrying ApiStatus: 409 "Apply failed with 1 conflict: ..." unless
// `force`; 400 and 500 for what is no configuration of the type.
absl::StatusOr<Value> Apply(const ObjectType& type, const Value& live, const Value& applied, const Manager& manager,
                            bool force);

// The message of the 400 for a configuration that says who manages what.
inline constexpr char kManagersGiven[] = "metadata.managedFields must be nil";

// Whether two objects differ in nothing but the times in managedFields: such a write is left out.
bool EqualIgnoringManagedFieldTimes(const Value& a, const Value& b);

}  // namespace apimachinery::apply
