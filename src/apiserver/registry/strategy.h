// What the server decides about an object whatever the client sent: which parts a write may touch, first status,
// generation. Pure; any thread.
#pragma once
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "apimachinery/apply/apply.h"
#include "apimachinery/schema.h"
#include "apimachinery/value.h"

namespace apiserver::registry {

// Before validation of a new object: clears what only status writers set, starts the generation.
void PrepareForCreate(const apimachinery::Kind& kind, apimachinery::Value& object);
// Before validation of an update: restores what this (sub)resource may not change, counts the generation.
void PrepareForUpdate(const apimachinery::Kind& kind, absl::string_view subresource, apimachinery::Value& object,
                      const apimachinery::Value& old);

// Fields that a write through the (sub)resource cannot touch, and so does not come to own.
std::vector<std::string> ResetFields(const apimachinery::Kind& kind, absl::string_view subresource);

bool AllowsCreateOnUpdate(const apimachinery::Kind& kind);       // PUT of what does not exist
bool AllowsUnconditionalUpdate(const apimachinery::Kind& kind);  // PUT without resourceVersion
bool ReturnsDeletedObject(const apimachinery::Kind& kind);       // DELETE answers the object, not a Status

// What server-side apply knows of the kind's objects.
apimachinery::apply::ObjectType StructureOf(const apimachinery::Kind& kind);

// What an update of a subresource may not change is as it was, before anybody looks at who changed what. (pods'
// ephemeralcontainers and resize)
void KeepOutsideSubresource(const apimachinery::Kind& kind, absl::string_view subresource, const apimachinery::Value& old,
                            apimachinery::Value& object);

// Why `object` cannot be told to the managers that own fields of `live` in other versions of a custom kind: their schema
// does not declare all of it. Empty when it can.
std::string OtherVersionsProblem(const apimachinery::Kind& kind, const apimachinery::Value& live,
                                 const apimachinery::Value& object);

}  // namespace apiserver::registry
