// Bringing an object into the shape that its schema declares: pruning, defaults, nulls. Pure; any thread.
#pragma once
#include <string>
#include <vector>

#include "apimachinery/structural/schema.h"
#include "apimachinery/value.h"

namespace apimachinery::structural {

// Removes what the schema does not declare. The paths of what went are appended to `pruned` (may be nullptr), sorted:
// "spec.list[0].odd". `root`: apiVersion, kind and metadata are there without being declared.
void Prune(const Schema& schema, bool root, Value* object, std::vector<std::string>* pruned);

// Fills in what is absent, or null where null is no value, from the defaults.
void ApplyDefaults(const Schema& schema, Value* object);

// Removes nulls that are no value of their field and have no default.
void DropNulls(const Schema& schema, Value* object);

}  // namespace apimachinery::structural
