// Defaults of schemas.
#include "apiserver/validation/custom_resource_definition.h"

namespace apiserver::validation {

void SchemaDefaults(FieldErrors&, const Path&, const Value&, bool) {}
bool HasUnprunedDefaults(const Value*) { return false; }

}  // namespace apiserver::validation
