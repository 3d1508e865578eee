// A structural schema: what a version of a custom resource looks like, read from its openAPIV3Schema.
//
// One tree serves pruning, defaulting, validation of values, server-side apply and OpenAPI. Immutable once parsed; any
// thread. Depth is bounded when it is parsed: what walks along a schema may recurse.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "apimachinery/schema.h"
#include "apimachinery/value.h"

namespace re2 {
class RE2;
}

namespace apimachinery::structural {

inline constexpr int kMaxDepth = 400;

// One of x-kubernetes-validations.
struct Rule {
  std::string rule, message, message_expression, reason, field_path;
  bool optional_old_self = false, says_optional_old_self = false;
};

struct Property;

struct Schema {
  // Structure.
  std::string type;  // "object", "array", "string", "integer", "number", "boolean"; "" for any
  bool nullable = false;
  bool preserve_unknown_fields = false;
  bool embedded_resource = false;  // apiVersion, kind and metadata are there without being declared
  bool int_or_string = false;
  ListType list_type = ListType::kUnset;  // kAtomic, kSet, kMap
  std::vector<std::string> list_map_keys;
  bool atomic_map = false;                // x-kubernetes-map-type: atomic
  std::optional<Value> default_value;
  std::vector<Property> properties;       // sorted by name
  std::unique_ptr<Schema> items;
  std::unique_ptr<Schema> additional;     // additionalProperties as a schema
  bool additional_any = false;            // additionalProperties: true

  // Constraints of the value.
  std::string format;
  std::string pattern;
  std::shared_ptr<const re2::RE2> pattern_regex;  // nullptr: none, or it does not compile
  std::vector<Value> enum_values;
  std::vector<std::string> required;
  std::optional<double> minimum, maximum, multiple_of;
  bool exclusive_minimum = false, exclusive_maximum = false, unique_items = false;
  std::optional<int64_t> min_length, max_length, min_items, max_items, min_properties, max_properties;
  std::vector<Schema> all_of, any_of, one_of;
  std::unique_ptr<Schema> not_schema;
  std::vector<Rule> rules;

  bool defaults_below = false;  // this or something below has a default
  bool rules_below = false;     // ... or a rule

  const Schema* FindProperty(absl::string_view name) const;
  // The schema of a member, declared or additional; nullptr when there is none.
  const Schema* FindMember(absl::string_view name) const;
  bool HasAdditional() const { return additional != nullptr || additional_any; }

  Schema();
  Schema(Schema&&) noexcept;
  Schema& operator=(Schema&&) noexcept;
  ~Schema();
};

struct Property {
  std::string name;
  Schema schema;
};

// `props`: a typed tree of apiextensions.v1.JSONSchemaProps, or the same as plain JSON. InvalidArgument: nested too deep.
absl::StatusOr<Schema> Parse(const Value& props);

}  // namespace apimachinery::structural
