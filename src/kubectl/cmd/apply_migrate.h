// Objects that were applied by the client and are now applied by the server: the client's ownership
// of fields becomes the server-side manager's, or else the first would keep fields alive for ever.
// Pure.
#pragma once
#include <string>

#include "apimachinery/value.h"

namespace kubectl {

using apimachinery::Value;

// The object that lets the annotation survive: applied under its own manager. Null when there is
// nothing to keep.
Value LastAppliedOwnership(const Value& object);

// A JSON patch of the managed fields. Null when no client-side manager owns anything.
Value ManagedFieldsMigration(const Value& object, const std::string& server_side_manager);

}  // namespace kubectl
