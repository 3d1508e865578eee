// Defaults of schemas: each must be a value of its schema. Source of the rules: apiextensions-apiserver 1.35, defaulting.
#include "absl/strings/str_cat.h"
#include "apimachinery/structural/object_meta.h"
#include "apimachinery/structural/rules.h"
#include "apimachinery/structural/shape.h"
#include "apimachinery/structural/validate.h"
#include "apiserver/validation/custom_objects.h"
#include "apiserver/validation/custom_resource_definition.h"

namespace apiserver::validation {
namespace {

namespace structural = apimachinery::structural;
using apimachinery::FieldError;
using apimachinery::FieldPath;
using structural::Schema;

// Where below an object a default stands, so that the smallest object around it can be built. A link to its parent.
struct Place {
  const Place* parent = nullptr;
  absl::string_view member;  // "": an item of a list

  // {"metadata": {"labels": value}}
  Value Around(Value value) const {
    for (const Place* at = this; at->parent != nullptr; at = at->parent) {
      Value outer = at->member.empty() ? Value::MakeArray() : Value::MakeObject();
      if (at->member.empty()) {
        outer.Append(std::move(value));
      } else {
        outer.Set(at->member, std::move(value));
      }
      value = std::move(outer);
    }
    return value;
  }
};

constexpr char kUnknownFields[] = "must not have unknown fields";

bool IsTypeOrMetadata(absl::string_view name) { return name == "metadata" || name == "apiVersion" || name == "kind"; }

class DefaultsJudge {
 public:
  DefaultsJudge(FieldErrors& e, bool must_be_pruned) : e_(e), must_be_pruned_(must_be_pruned) {}

  // `object`: the schema of the innermost object that has metadata of its own; `place`: where `schema` stands in it.
  // `props` is `schema` as it was written.
  void Judge(const FieldPath& path, const Value& props, const Schema& schema, const Schema& object, const Place& place,
             bool inside_metadata) {
    if (schema.embedded_resource && &schema != &object) return Judge(path, props, schema, schema, Place(), false);
    if (schema.default_value.has_value()) {
      const FieldPath at = path.Child("default");
      FieldErrors found;
      if (inside_metadata) {
        Inside(found, at, schema, object, place);
      } else {
        Plain(found, at, schema);
      }
      // Rules only where all else is right; unknown fields do not count.
      const bool fits = found.empty() || (found.errors().size() == 1 && found.errors()[0].detail == kUnknownFields);
      e_.Append(std::move(found));
      if (fits) Rules(at, props, schema);
    }
    // Not additionalProperties: there are no defaults.
    if (schema.items != nullptr) {
      Judge(path.Child("items"), *props.Find("items"), *schema.items, object, Place{&place, ""}, inside_metadata);
    }
    const FieldPath properties = path.Child("properties");
    for (const structural::Property& property : schema.properties) {
      const bool inside = inside_metadata || (schema.embedded_resource && IsTypeOrMetadata(property.name));
      Judge(properties.Key(property.name), *props.Find("properties")->Find(property.name), property.schema, object,
            Place{&place, property.name}, inside);
    }
  }

 private:
  // A default for a part of metadata: judged as part of the smallest object that has it.
  static void Inside(FieldErrors& e, const FieldPath& at, const Schema& schema, const Schema& object, const Place& place) {
    Value around = place.Around(*schema.default_value);
    if (!around.Has("kind")) around.Set("kind", "Validation");
    if (!around.Has("apiVersion")) around.Set("apiVersion", "validation/v1");
    FieldErrors problems;
    if (auto error = structural::CoerceEmbeddedAt(object, FieldPath(), &around, /*drop=*/false, nullptr)) {
      problems.Add(*std::move(error));
    } else {
      EmbeddedObjects(problems, object, FieldPath(), around);
    }
    if (!problems.empty()) {
      e.Invalid(at, *schema.default_value, absl::StrCat("must result in valid metadata: ", problems.ToString()));
    } else {
      structural::Validate(schema, at.ToString(), *schema.default_value, nullptr, &e);
    }
  }

  void Plain(FieldErrors& e, const FieldPath& at, const Schema& schema) const {
    Value value = *schema.default_value;
    if (must_be_pruned_) {
      structural::Prune(schema, schema.embedded_resource, &value, nullptr);
      if (!(value == *schema.default_value)) e.Invalid(at, *schema.default_value, kUnknownFields);
      value = *schema.default_value;
    }
    if (auto error = structural::CoerceEmbeddedAt(schema, at, &value, /*drop=*/false, nullptr)) {
      return e.Add(*std::move(error));
    }
    FieldErrors embedded;
    EmbeddedObjects(embedded, schema, at, value);
    if (!embedded.empty()) return e.Append(std::move(embedded));
    structural::Validate(schema, at.ToString(), value, nullptr, &e);
  }

  void Rules(const FieldPath& at, const Value& props, const Schema& schema) {
    const auto rules = structural::Rules::Compile(props, schema, /*root=*/false);
    if (rules != nullptr) rules->EvaluateDefault(at, *schema.default_value, &e_);
  }

  FieldErrors& e_;
  const bool must_be_pruned_;
};

// Of defaults upstream does not ask whether what may be an integer or a string is one.
void DropIntOrString(Schema* schema) {
  schema->int_or_string = false;
  for (structural::Property& property : schema->properties) DropIntOrString(&property.schema);
  for (Schema* below : {schema->items.get(), schema->additional.get(), schema->not_schema.get()}) {
    if (below != nullptr) DropIntOrString(below);
  }
  for (std::vector<Schema>* list : {&schema->all_of, &schema->any_of, &schema->one_of}) {
    for (Schema& below : *list) DropIntOrString(&below);
  }
}

bool IsUnpruned(const Schema& schema, const Schema& root, const Place& place) {
  if (!schema.defaults_below) return false;
  if (schema.default_value.has_value()) {
    const Value before = place.Around(*schema.default_value);
    if (!before.is_object()) return false;
    Value after = before;
    if (structural::CoerceEmbeddedAt(root, FieldPath(), &after, /*drop=*/true, nullptr)) return false;
    structural::Prune(root, /*root=*/true, &after, nullptr);
    if (!(after == before)) return true;
  }
  if (schema.items != nullptr && IsUnpruned(*schema.items, root, Place{&place, ""})) return true;
  for (const structural::Property& property : schema.properties) {
    if (IsUnpruned(property.schema, root, Place{&place, property.name})) return true;
  }
  return false;
}

}  // namespace

void SchemaDefaults(FieldErrors& e, const Path& p, const Value& schema, bool pruned) {
  absl::StatusOr<Schema> parsed = structural::Parse(schema);
  if (!parsed.ok()) return e.Invalid(p, Value(""), parsed.status().message());
  if (!parsed->defaults_below) return;
  DropIntOrString(&*parsed);
  parsed->embedded_resource = true;  // the object itself has metadata
  DefaultsJudge(e, pruned).Judge(p, schema, *parsed, *parsed, Place(), false);
}

bool HasUnprunedDefaults(const Value* schema) {
  if (schema == nullptr || !UnstructuralReason(*schema).empty()) return false;
  FieldErrors structure;
  Structural(structure, Path(), *schema);
  absl::StatusOr<Schema> parsed = structural::Parse(*schema);
  if (!structure.empty() || !parsed.ok()) return false;
  parsed->embedded_resource = true;
  return IsUnpruned(*parsed, *parsed, Place());
}

}  // namespace apiserver::validation
