// One version of a CustomResourceDefinition: its schema as a whole, subresources, printer columns, selectable fields.
#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "apimachinery/go_quote.h"
#include "apimachinery/json.h"
#include "apimachinery/structural/rules.h"
#include "apiserver/validation/custom_resource_definition.h"
#include "apiserver/validation/go_json.h"
#include "apiserver/validation/go_text.h"

namespace apiserver::validation {
namespace {

using apimachinery::FieldError;
using apimachinery::FieldPath;

// The members of a schema as upstream's struct lists them, and whether they may stand in the root schema of a version
// with a status subresource (whose schema is then taken from properties["status"] alone).
struct RootMember {
  const char *json, *go;
  bool allowed;
};
constexpr RootMember kRootMembers[] = {
    {"id", "ID", false},
    {"$schema", "Schema", false},
    {"$ref", "Ref", false},
    {"description", "Description", true},
    {"type", "Type", true},
    {"nullable", "Nullable", false},
    {"format", "Format", true},
    {"title", "Title", true},
    {"default", "Default", false},
    {"maximum", "Maximum", true},
    {"exclusiveMaximum", "ExclusiveMaximum", true},
    {"minimum", "Minimum", true},
    {"exclusiveMinimum", "ExclusiveMinimum", true},
    {"maxLength", "MaxLength", true},
    {"minLength", "MinLength", true},
    {"pattern", "Pattern", true},
    {"maxItems", "MaxItems", true},
    {"minItems", "MinItems", true},
    {"uniqueItems", "UniqueItems", true},
    {"multipleOf", "MultipleOf", true},
    {"enum", "Enum", false},
    {"maxProperties", "MaxProperties", false},
    {"minProperties", "MinProperties", false},
    {"required", "Required", true},
    {"items", "Items", true},
    {"allOf", "AllOf", false},
    {"oneOf", "OneOf", false},
    {"anyOf", "AnyOf", false},
    {"not", "Not", false},
    {"properties", "Properties", true},
    {"additionalProperties", "AdditionalProperties", false},
    {"patternProperties", "PatternProperties", false},
    {"dependencies", "Dependencies", false},
    {"additionalItems", "AdditionalItems", false},
    {"definitions", "Definitions", false},
    {"externalDocs", "ExternalDocs", true},
    {"example", "Example", true},
    {"x-kubernetes-preserve-unknown-fields", "XPreserveUnknownFields", true},
    {"x-kubernetes-embedded-resource", "XEmbeddedResource", false},
    {"x-kubernetes-int-or-string", "XIntOrString", false},
    {"x-kubernetes-list-map-keys", "XListMapKeys", false},
    {"x-kubernetes-list-type", "XListType", false},
    {"x-kubernetes-map-type", "XMapType", false},
    {"x-kubernetes-validations", "XValidations", true},
};

void StatusRoot(FieldErrors& e, const Path& p, const Value& schema) {
  for (const RootMember& member : kRootMembers) {
    if (!schema.Has(member.json)) continue;
    if (absl::string_view(member.json) == "type" && Text(schema, "type") != "object") {
      return e.Invalid(p / "type", Value(Text(schema, "type")),
                       "only \"object\" is allowed as the type at the root of the schema if the status subresource is "
                       "enabled");
    }
    if (member.allowed) continue;
    std::string allowed;
    for (const RootMember& each : kRootMembers) {
      if (each.allowed) absl::StrAppend(&allowed, allowed.empty() ? "" : " ", each.go);
    }
    return e.Add({FieldError::Type::kInvalid, FieldPath(p).ToString(),
                  GoJson("apiextensions.JSONSchemaProps", schema),
                  absl::StrCat("only [", allowed,
                               "] fields are allowed at the root of the schema if the status subresource is enabled")});
  }
}

void SimplePath(FieldErrors& e, const Path& p, absl::string_view path, Strings parents, absl::string_view where) {
  if (!absl::StartsWith(path, ".")) return e.Invalid(p, Value(path), "must be a simple json path starting with .");
  const bool inside = std::any_of(parents.begin(), parents.end(),
                                  [&](absl::string_view parent) { return absl::StartsWith(path, parent); });
  if (parents.size() > 0 && !inside) e.Invalid(p, Value(path), absl::StrCat("should be a json path under ", where));
}

void DeprecationWarning(FieldErrors& e, const Path& p, const Value& version) {
  const Value* warning = version.Find("deprecationWarning");
  if (warning == nullptr) return;
  // Upstream holds it behind a pointer, which it quotes as JSON.
  const auto refuse = [&](absl::string_view why) {
    e.Add({apimachinery::FieldError::Type::kInvalid, apimachinery::FieldPath(p).ToString(),
           apimachinery::WriteJson(*warning), std::string(why)});
  };
  if (!Flag(version, "deprecated")) return refuse("can only be set for deprecated versions");
  const std::string& text = warning->as_string();
  if (text.size() > 256) refuse("must be <= 256 characters long");
  if (text.empty()) refuse("must not be an empty string");
  if (const int64_t at = FirstUnprintable(text); at >= 0) {
    refuse(absl::StrCat("must only contain printable UTF-8 characters; non-printable character found at "
                                        "index ", at));
  }
}

}  // namespace

void DefinitionSchema(FieldErrors& e, const Path& p, const Value* validation, bool has_status,
                      const DefinitionRules& rules) {
  const Value* schema = validation == nullptr ? nullptr : validation->Find("openAPIV3Schema");
  if (schema == nullptr) return;
  const Path at = p / "openAPIV3Schema";
  if (TooDeep(*schema)) return e.Invalid(at, "", "schemas are nested too deep");
  FieldErrors found;
  if (has_status) StatusRoot(found, at, *schema);
  if (Flag(*schema, "nullable")) found.Forbidden(at / "nullable", "nullable cannot be true at the root");
  std::string reason;
  bool well_formed = false;
  if (rules.structural) {
    reason = UnstructuralReason(*schema);
    FieldErrors structure;
    if (reason.empty()) Structural(structure, at, *schema);
    if (reason.empty() && structure.empty()) SchemaDefaults(structure, at, *schema, rules.pruned_defaults);
    well_formed = reason.empty() && structure.empty();
    found.Append(std::move(structure));
  }
  FieldErrors shape;
  OpenApiSchema(shape, at, *schema, rules);
  FieldErrors expressions;
  if (well_formed) apimachinery::structural::CheckRules(*schema, at, shape, &expressions);
  found.Append(std::move(shape));
  found.Append(std::move(expressions));
  // It says again what the rules above say better.
  if (found.empty() && !reason.empty()) found.Invalid(at, "", reason);
  e.Append(std::move(found));
}

void DefinitionSubresources(FieldErrors& e, const Path& p, const Value* subresources) {
  const Value* scale = subresources == nullptr ? nullptr : subresources->Find("scale");
  if (scale == nullptr) return;
  const Path at = p / "scale";
  const std::pair<const char*, const char*> paths[] = {{"specReplicasPath", ".spec."}, {"statusReplicasPath", ".status."}};
  for (const auto& [key, parent] : paths) {
    const absl::string_view path = Text(*scale, key);
    if (path.empty()) {
      e.Required(at / key);
    } else {
      SimplePath(e, at / key, path, {parent}, absl::string_view(parent).substr(0, absl::string_view(parent).size() - 1));
    }
  }
  if (const absl::string_view path = Text(*scale, "labelSelectorPath"); !path.empty()) {
    SimplePath(e, at / "labelSelectorPath", path, {".spec.", ".status."}, "either .spec or .status");
  }
}

void DefinitionColumns(FieldErrors& e, const Path& p, const Array& columns) {
  constexpr char kTypes[] = "must be one of boolean,date,integer,number,string";
  for (size_t i = 0; i < columns.size(); ++i) {
    const Path at = p[i];
    Required(e, at, columns[i], "name");
    const absl::string_view type = Text(columns[i], "type"), format = Text(columns[i], "format"),
                            path = Text(columns[i], "jsonPath");
    if (type.empty()) {
      e.Required(at / "type", kTypes);
    } else if (!In(type, {"boolean", "date", "integer", "number", "string"})) {
      e.Invalid(at / "type", Value(type), kTypes);
    }
    if (!format.empty() &&
        !In(format, {"byte", "date", "date-time", "double", "float", "int32", "int64", "password"})) {
      e.Invalid(at / "format", Value(format), "must be one of byte,date,date-time,double,float,int32,int64,password");
    }
    if (path.empty()) {
      e.Required(at / "JSONPath");
    } else {
      SimplePath(e, at / "JSONPath", path, {}, "");
    }
  }
}

void DefinitionSelectableFields(FieldErrors& e, const Path& p, const Array& fields, const Value& schema,
                                bool any_number) {
  constexpr int kMax = 8;
  std::set<std::string> seen;
  for (size_t i = 0; i < fields.size(); ++i) {
    const Path at = p[i];
    const absl::string_view path = Text(fields[i], "jsonPath");
    if (path.empty()) {
      e.Required(at / "jsonPath");
      continue;
    }
    const FieldPathResult found = FindSchemaField(path, schema, /*brackets=*/false);
    if (!found.problem.empty()) {
      e.Invalid(at / "jsonPath", Value(path), absl::StrCat("is an invalid path: ", found.problem));
      continue;
    }
    if (found.root == "metadata") e.Invalid(at / "jsonPath", Value(path), "must not point to fields in metadata");
    if (found.schema == nullptr || !In(Text(*found.schema, "type"), {"string", "boolean", "integer"})) {
      e.Invalid(at / "jsonPath", Value(path),
                "must point to a field of type string, boolean or integer. Enum string fields and strings with formats "
                "are allowed.");
    }
    if (!seen.insert(found.path).second) e.Duplicate(at / "jsonPath", Value(path));
  }
  if (seen.size() > kMax && !any_number) e.TooMany(p, static_cast<int>(seen.size()), kMax);
}

void DefinitionVersion(FieldErrors& e, const Path& p, const Value& version, bool has_status,
                       const DefinitionRules& rules) {
  DeprecationWarning(e, p / "deprecationWarning", version);
  DefinitionSchema(e, p / "schema", version.Find("schema"), has_status, rules);
  DefinitionSubresources(e, p / "subresources", version.Find("subresources"));
  DefinitionColumns(e, p / "additionalPrinterColumns", Items(version, "additionalPrinterColumns"));
  const Array& fields = Items(version, "selectableFields");
  if (fields.empty()) return;
  const Value* schema = Sub(version, "schema").Find("openAPIV3Schema");
  if (schema == nullptr) {
    // Upstream's words say the opposite of what they mean.
    return e.Invalid(p / "selectableFields", "",
                     "may only be set when `version.schema.openAPIV3Schema` is not included");
  }
  if (const std::string reason = UnstructuralReason(*schema); !reason.empty()) {
    e.Invalid(p / "schema.openAPIV3Schema", "", reason);
  }
  DefinitionSelectableFields(e, p / "selectableFields", fields, *schema,
                             rules.many_selectable_fields.count(std::string(Text(version, "name"))) > 0);
}

}  // namespace apiserver::validation
