// What holds of every schema of a CustomResourceDefinition for itself, walked from the root down.
#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "apiserver/validation/custom_resource_definition.h"
#include "apiserver/validation/go_json.h"

namespace apiserver::validation {
namespace {

using apimachinery::FieldError;
using apimachinery::FieldPath;

constexpr Strings kTypes = {"array", "boolean", "integer", "number", "object", "string"};

// What is true of a schema because of where it stands.
struct Place {
  bool root = false;
  bool inside_meta = false;       // kind, apiVersion or metadata of a whole object, or below
  std::string no_default;         // why `default` may not be set; empty: it may
};

bool HasLineBreak(absl::string_view text) { return text.find_first_of("\r\n") != absl::string_view::npos; }

void Unsupported(FieldErrors& e, const Path& p, const Value& schema, const Place& place, const DefinitionRules& rules) {
  const absl::string_view type = Text(schema, "type");
  if (rules.known_types && !type.empty()) OneOf(e, p / "type", type, kTypes);
  if (schema.Has("default") && !place.no_default.empty()) {
    e.Forbidden(p / "default", absl::StrCat("must not be set ", place.no_default));
  }
  for (const char* key : {"id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref"}) {
    if (schema.Has(key)) e.Forbidden(p / key, absl::StrCat(key, " is not supported"));
  }
  if (type == "null") e.Forbidden(p / "type", "type cannot be set to null, use nullable as an alternative");
  if (const Value* items = schema.Find("items"); items != nullptr && items->is_array() && !items->empty()) {
    e.Forbidden(p / "items", "items must be a schema object and not an array");
  }
  if (place.inside_meta && Flag(schema, "x-kubernetes-embedded-resource")) {
    e.Forbidden(p / "x-kubernetes-embedded-resource", "must not be used inside of resource meta");
  }
}

// The type a list or map type needs.
void NeedsType(FieldErrors& e, const Path& p, const Value& schema, absl::string_view type, absl::string_view key) {
  const absl::string_view own = Text(schema, "type");
  const std::string text = absl::StrCat("must be ", type, " if ", key, " is specified");
  if (own.empty()) {
    e.Required(p / "type", text);
  } else {
    e.Invalid(p / "type", Value(own), text);
  }
}

void MapKeyMembers(FieldErrors& e, const Path& p, const Value& schema, const Value& items) {
  const Path keys_path = p / "x-kubernetes-list-map-keys", items_path = p / "items";
  const Path properties = items_path / "properties";
  const Value& keys = Get(schema, "x-kubernetes-list-map-keys");
  std::set<std::string> seen;
  for (const Value& key : Items(schema, "x-kubernetes-list-map-keys")) {
    const Value* member = Sub(items, "properties").Find(key.as_string());
    if (member == nullptr) {
      e.Invalid(keys_path, keys, "entries must all be names of item properties");
    } else if (In(Text(*member, "type"), {"array", "object"})) {
      const Path at = properties.Key(key.as_string());
      e.Invalid(at / "type", Value(Text(items, "type")),
                "must be a scalar type if parent array's x-kubernetes-list-type is map");
    }
    if (!seen.insert(key.as_string()).second) e.Invalid(keys_path, keys, "must not contain duplicate entries");
  }
}

void ListAndMapTypes(FieldErrors& e, const Path& p, const Value& schema, const DefinitionRules& rules) {
  constexpr char kListType[] = "x-kubernetes-list-type", kMapType[] = "x-kubernetes-map-type",
                 kKeys[] = "x-kubernetes-list-map-keys";
  const absl::string_view type = Text(schema, "type"), list_type = Text(schema, kListType);
  const bool has_list_type = schema.Has(kListType), has_map_type = schema.Has(kMapType);
  const Value* items = ItemsSchema(schema);
  const Path items_path = p / "items";
  if (has_map_type && type != "object") NeedsType(e, p, schema, "object", kMapType);
  if (has_map_type) OneOf(e, p / kMapType, Text(schema, kMapType), {"atomic", "granular"});
  if (has_list_type && type != "array") {
    NeedsType(e, p, schema, "array", kListType);
  } else if (rules.atomic_sets && HasOpenSet(schema)) {
    e.Invalid(items_path / (Text(*items, "type") == "array" ? kListType : kMapType), Get(*items, kListType),
              "must be atomic as item of a list with x-kubernetes-list-type=set");
  }
  if (has_list_type) OneOf(e, p / kListType, list_type, {"atomic", "set", "map"});
  const bool has_keys = !Items(schema, kKeys).empty();
  if (has_keys && !has_list_type) {
    e.Required(p / kListType, "must be map if x-kubernetes-list-map-keys is non-empty");
  } else if (has_keys && list_type != "map") {
    e.Invalid(p / kListType, Value(list_type), "must be map if x-kubernetes-list-map-keys is non-empty");
  }
  if (list_type != "map") return;
  if (!has_keys) e.Required(p / kKeys, "must not be empty if x-kubernetes-list-type is map");
  if (!schema.Has("items")) return e.Required(items_path, "must have a schema if x-kubernetes-list-type is map");
  if (items == nullptr) {
    return e.Add({FieldError::Type::kInvalid, FieldPath(items_path).ToString(),
                  GoJson("apiextensions.JSONSchemaPropsOrArray", Get(schema, "items")),
                  "must only have a single schema if x-kubernetes-list-type is map"});
  }
  if (Text(*items, "type") == "object") return MapKeyMembers(e, p, schema, *items);
  e.Invalid(items_path / "type", Value(Text(*items, "type")),
            "must be object if parent array's x-kubernetes-list-type is map");
}

void RuleTexts(FieldErrors& e, const Path& p, const Value& schema, const Value& rule) {
  const absl::string_view message = Text(rule, "message"), message_expression = Text(rule, "messageExpression"),
                          field_path = Text(rule, "fieldPath");
  const absl::string_view expression = absl::StripAsciiWhitespace(Text(rule, "rule")),
                          text = absl::StripAsciiWhitespace(message);
  if (expression.empty()) {
    e.Required(p / "rule", "rule is not specified");
  } else if (!message.empty() && text.empty()) {
    e.Invalid(p / "message", Value(message), "must be non-empty if specified");
  } else if (HasLineBreak(text)) {
    e.Invalid(p / "message", Value(message), "must not contain line breaks");
  } else if (HasLineBreak(expression) && text.empty()) {
    e.Required(p / "message", "message must be specified if rule contains line breaks");
  }
  if (!message_expression.empty() && absl::StripAsciiWhitespace(message_expression).empty()) {
    e.Required(p / "messageExpression", "messageExpression must be non-empty if specified");
  }
  if (rule.Has("reason")) {
    OneOf(e, p / "reason", Text(rule, "reason"),
          {"FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"});
  }
  if (field_path.empty()) return;
  if (absl::StripAsciiWhitespace(field_path).empty()) {
    e.Invalid(p / "fieldPath", Value(field_path), "must be non-empty if specified");
  }
  if (HasLineBreak(field_path)) e.Invalid(p / "fieldPath", Value(field_path), "must not contain line breaks");
  if (UnstructuralReason(schema).empty() && !FindSchemaField(field_path, schema, /*brackets=*/true).problem.empty()) {
    e.Invalid(p / "fieldPath", Value(field_path), "must be a valid path");
  }
}

// Depth is bounded by TooDeep.
void Walk(FieldErrors& e, const Path& p, const Value& schema, const Place& place, const DefinitionRules& rules) {
  Unsupported(e, p, schema, place, rules);
  if (Flag(schema, "uniqueItems")) {
    e.Forbidden(p / "uniqueItems",
                "uniqueItems cannot be set to true since the runtime complexity becomes quadratic");
  }
  Place inner = place;
  inner.root = false;
  const Value* additional = schema.Find("additionalProperties");
  const Object& properties = Entries(schema, "properties");
  if (additional != nullptr) {
    const Path at = p / "additionalProperties";
    if (!properties.empty() && !(additional->is_bool() && additional->as_bool())) {
      e.Forbidden(at, "additionalProperties and properties are mutual exclusive");
    }
    Place below = inner;
    if (place.inside_meta) below.no_default = "inside additionalProperties applying to object metadata";
    if (additional->is_object()) Walk(e, at, *additional, below, rules);
  }
  const Path properties_path = p / "properties";
  for (const auto& [name, property] : properties) {
    Place below = inner;
    const bool whole_object = place.root || Flag(schema, "x-kubernetes-embedded-resource");
    if (whole_object && In(name, {"metadata", "kind", "apiVersion"})) {
      below.inside_meta = true;
      if (place.root) below.no_default = absl::StrCat("in top-level ", name);
    }
    Walk(e, properties_path.Key(name), property, below, rules);
  }
  if (const Value* negated = schema.Find("not")) Walk(e, p / "not", *negated, inner, rules);
  for (const char* key : {"allOf", "oneOf", "anyOf"}) {
    const Path at = p / key;
    const Array& list = Items(schema, key);
    for (size_t i = 0; i < list.size(); ++i) Walk(e, at[i], list[i], inner, rules);
  }
  const Path definitions = p / "definitions", items_path = p / "items", dependencies = p / "dependencies";
  for (const auto& [name, definition] : Entries(schema, "definitions")) {
    Walk(e, definitions.Key(name), definition, inner, rules);
  }
  if (const Value* items = ItemsSchema(schema)) Walk(e, items_path, *items, inner, rules);
  const Array& several = Items(schema, "items");
  for (size_t i = 0; i < several.size(); ++i) Walk(e, items_path[i], several[i], inner, rules);
  for (const auto& [name, dependency] : Entries(schema, "dependencies")) {
    if (dependency.is_object()) Walk(e, dependencies.Key(name), dependency, inner, rules);
  }
  if (const Value* preserve = schema.Find("x-kubernetes-preserve-unknown-fields"); preserve && !preserve->as_bool()) {
    e.Invalid(p / "x-kubernetes-preserve-unknown-fields", false, "must be true or undefined");
  }
  ListAndMapTypes(e, p, schema, rules);
  if (rules.map_keys) MapListKeys(e, p, schema);
  const Path expressions = p / "x-kubernetes-validations";
  const Array& list = Items(schema, "x-kubernetes-validations");
  for (size_t i = 0; i < list.size(); ++i) RuleTexts(e, expressions[i], schema, list[i]);
}

}  // namespace

bool HasUnknownType(const Value& schema) {
  const absl::string_view type = Text(schema, "type");
  return !type.empty() && !In(type, kTypes);
}

bool HasOpenSet(const Value& schema) {
  const Value* items = ItemsSchema(schema);
  if (Text(schema, "x-kubernetes-list-type") != "set" || items == nullptr) return false;
  const absl::string_view type = Text(*items, "type");
  // Lists are atomic when nothing is said, maps are not.
  if (type == "array") {
    return items->Has("x-kubernetes-list-type") && Text(*items, "x-kubernetes-list-type") != "atomic";
  }
  return type == "object" && Text(*items, "x-kubernetes-map-type") != "atomic";
}

void MapListKeys(FieldErrors& e, const Path& p, const Value& schema) {
  const Value* items = ItemsSchema(schema);
  const absl::string_view list_type = Text(schema, "x-kubernetes-list-type");
  if (items == nullptr || !In(list_type, {"set", "map"})) return;
  const Path at = p / "items";
  if (Flag(*items, "nullable")) {
    e.Forbidden(at / "nullable", absl::StrCat("cannot be nullable when x-kubernetes-list-type is ", list_type));
  }
  if (list_type != "map") return;
  const Path properties = at / "properties";
  const Array& required = Items(*items, "required");
  for (const Value& key : Items(schema, "x-kubernetes-list-map-keys")) {
    const Value* member = Sub(*items, "properties").Find(key.as_string());
    if (member == nullptr) continue;
    const Path here = properties.Key(key.as_string());
    if (!member->Has("default") && std::find(required.begin(), required.end(), key) == required.end()) {
      e.Required(here / "default",
                 "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property");
    }
    if (Flag(*member, "nullable")) {
      e.Forbidden(here / "nullable", "this property is in x-kubernetes-list-map-keys, so it cannot be nullable");
    }
  }
}

void OpenApiSchema(FieldErrors& e, const Path& p, const Value& schema, const DefinitionRules& rules) {
  Place root;
  root.root = true;
  Walk(e, p, schema, root, rules);
}

}  // namespace apiserver::validation
