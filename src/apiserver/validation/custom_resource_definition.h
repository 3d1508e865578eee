// Inside validation: the parts of a CustomResourceDefinition's rules. Source of the rules: apiextensions-apiserver 1.35.
//
// Upstream judges its internal form, in which what all versions have in common stands once in the spec
// ("spec.validation"), and its messages point there. InternalSpec makes that form; the other functions read it.
#pragma once
#include <set>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "apiserver/validation/checks.h"

namespace apiserver::validation {

// Which rules hold. On an update those that the stored object already breaks are waived.
struct DefinitionRules {
  bool schema_required = true;            // in every version
  bool known_types = true;
  bool structural = true;
  bool pruned_defaults = true;
  bool atomic_sets = true;                // the items of a list of type "set"
  bool map_keys = true;                   // the key members of a list of type "map"
  bool known_review_version = true;       // one of conversionReviewVersions
  bool any_ca_bundle = true;
  std::set<std::string> many_selectable_fields;  // names of versions that may keep more than eight; "" is the spec
};

// The spec of a definition with what is equal in all versions moved up: version, validation, subresources,
// additionalPrinterColumns, selectableFields; conversion with webhookClientConfig and conversionReviewVersions.
Value InternalSpec(const Value& definition);

// ---- Schemas (JSONSchemaProps in typed trees)

// The deepest nesting of schemas that is judged; deeper ones are refused.
inline constexpr int kMaxSchemaDepth = 500;

// Whether `wanted` holds for the schema or any schema inside it.
bool AnySchema(const Value* schema, absl::FunctionRef<bool(const Value&)> wanted);
bool TooDeep(const Value& schema, int depth = 0);
const Value* ItemsSchema(const Value& schema);             // of `items` when it is one schema, else nullptr
const Value* AdditionalSchema(const Value& schema);        // of `additionalProperties` when it is a schema
bool AllowsAdditional(const Value& schema);                // additionalProperties is true or a schema

// Why the schema cannot be read as a structural one at all; empty when it can.
std::string UnstructuralReason(const Value& schema);
// The invariants of structural schemas, sorted by their texts as upstream does.
void Structural(FieldErrors& e, const Path& p, const Value& schema);
// The values of `default` against their schemas.
void SchemaDefaults(FieldErrors& e, const Path& p, const Value& schema, bool pruned);
bool HasUnprunedDefaults(const Value* schema);
// What holds of each schema for itself.
void OpenApiSchema(FieldErrors& e, const Path& p, const Value& schema, const DefinitionRules& rules);
void MapListKeys(FieldErrors& e, const Path& p, const Value& schema);
bool HasUnknownType(const Value& schema);
bool HasOpenSet(const Value& schema);                      // a list of type "set" whose items are not atomic

// The schema that a JSON path (".spec.color", ".spec['color']") leads to.
struct FieldPathResult {
  std::string problem;            // empty: found
  const Value* schema = nullptr;  // may be nullptr where anything is allowed
  std::string path;               // "spec.color"
  std::string root;
};
FieldPathResult FindSchemaField(absl::string_view json_path, const Value& schema, bool brackets);

// ---- Versions

void DefinitionSchema(FieldErrors& e, const Path& p, const Value* validation, bool has_status,
                      const DefinitionRules& rules);
void DefinitionSubresources(FieldErrors& e, const Path& p, const Value* subresources);
void DefinitionColumns(FieldErrors& e, const Path& p, const Array& columns);
void DefinitionSelectableFields(FieldErrors& e, const Path& p, const Array& fields, const Value& schema,
                                bool any_number);
void DefinitionVersion(FieldErrors& e, const Path& p, const Value& version, bool has_status,
                       const DefinitionRules& rules);

}  // namespace apiserver::validation
