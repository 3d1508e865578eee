// Structural schemas: every value has a known place, what junctors (allOf, anyOf, oneOf, not) say only narrows it.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "apiserver/validation/custom_resource_definition.h"
#include "apiserver/validation/go_regexp.h"

namespace apiserver::validation {
namespace {

using apimachinery::FieldError;
using apimachinery::FieldPath;

enum class Level { kRoot, kItem, kField };
constexpr const char* kJunctors[] = {"anyOf", "allOf", "oneOf"};

// What a structural schema does not keep of the schema it is read from.
constexpr Strings kNotKept = {"externalDocs", "example", "$schema", "id", "$ref", "patternProperties", "dependencies",
                              "additionalItems", "definitions"};

// [{type: integer}, {type: string}]
bool IsIntOrString(const Array& list) {
  const auto only = [](const Value& schema, absl::string_view type) {
    if (Text(schema, "type") != type) return false;
    return std::all_of(schema.object().begin(), schema.object().end(),
                       [](const auto& m) { return m.key == "type" || In(m.key, kNotKept); });
  };
  return list.size() == 2 && only(list[0], "integer") && only(list[1], "string");
}

// A JSON value of a raw member, which is set unless it is null.
bool HasDefault(const Value& schema) {
  const Value* value = schema.Find("default");
  return value != nullptr && !value->is_null() && !(value->is_raw() && value->as_string() == "null");
}

class Invariants {
 public:
  explicit Invariants(FieldErrors& e) : e_(e) {}

  void Check(const Path& p, const Value& schema, Level level) {
    const absl::string_view type = Text(schema, "type");
    const bool embedded = Flag(schema, "x-kubernetes-embedded-resource"),
               preserve = Flag(schema, "x-kubernetes-preserve-unknown-fields"),
               int_or_string = Flag(schema, "x-kubernetes-int-or-string");
    const Path items = p / "items", properties_path = p / "properties", additional = p / "additionalProperties";
    if (type == "array" && ItemsSchema(schema) == nullptr) e_.Required(items, "must be specified");
    if (const Value* below = ItemsSchema(schema)) Check(items, *below, Level::kItem);
    const Object& properties = Entries(schema, "properties");
    for (const auto& [name, property] : properties) Check(properties_path.Key(name), property, Level::kField);
    if (schema.Has("additionalProperties")) {
      if (level == Level::kRoot) e_.Forbidden(additional, "must not be used at the root");
      if (const Value* below = AdditionalSchema(schema)) Check(additional, *below, Level::kField);
    }
    if (int_or_string && preserve) {
      e_.Invalid(p / "x-kubernetes-preserve-unknown-fields", true,
                 "must be false if x-kubernetes-int-or-string is true");
    }
    if (int_or_string && embedded) {
      e_.Invalid(p / "x-kubernetes-embedded-resource", true, "must be false if x-kubernetes-int-or-string is true");
    }
    const Array& all_of = Items(schema, "allOf");
    Junctors(p, schema, IsIntOrString(Items(schema, "anyOf")),
             !all_of.empty() && IsIntOrString(Items(all_of[0], "anyOf")), level);
    Type(p, type, level, embedded, int_or_string || preserve);
    if (embedded && schema.Has("additionalProperties")) {
      e_.Forbidden(additional, "must not be used if x-kubernetes-embedded-resource is set");
    }
    if (level == Level::kRoot && !type.empty() && type != "object") {
      e_.Invalid(p / "type", Value(type), "must be object at the root");
    }
    Meta(properties_path, Sub(schema, "properties"), level == Level::kRoot || embedded, level);
    if (embedded && !preserve && properties.empty()) {
      e_.Required(properties_path,
                  "must not be empty if x-kubernetes-embedded-resource is true without "
                  "x-kubernetes-preserve-unknown-fields");
    }
  }

 private:
  void Type(const Path& p, absl::string_view type, Level level, bool embedded, bool may_be_empty) {
    constexpr char kEmbedded[] = "must be object if x-kubernetes-embedded-resource is true";
    if (embedded && type != "object") {
      if (type.empty()) return e_.Required(p / "type", kEmbedded);
      return e_.Invalid(p / "type", Value(type), kEmbedded);
    }
    if (!type.empty() || may_be_empty) return;
    e_.Required(p / "type", level == Level::kRoot   ? "must not be empty at the root"
                            : level == Level::kItem ? "must not be empty for specified array items"
                                                    : "must not be empty for specified object fields");
  }

  // kind, apiVersion and metadata of whole objects.
  void Meta(const Path& p, const Value& properties, bool whole_object, Level level) {
    for (const char* key : {"kind", "apiVersion"}) {
      const Value* member = properties.Find(key);
      if (member == nullptr || !whole_object || Text(*member, "type") == "string") continue;
      const Path at = p.Key(key);
      e_.Invalid(at / "type", Value(Text(*member, "type")), "must be string");
    }
    const Value* metadata = properties.Find("metadata");
    if (metadata == nullptr) return;
    const Path at = p.Key("metadata");
    if (whole_object && Text(*metadata, "type") != "object") {
      e_.Invalid(at / "type", Value(Text(*metadata, "type")), "must be object");
    }
    if (level != Level::kRoot) return;
    const Object& members = Entries(*metadata, "properties");
    const bool names_only = std::all_of(members.begin(), members.end(),
                                        [](const auto& m) { return m.key == "name" || m.key == "generateName"; });
    const bool nothing_else =
        std::all_of(metadata->object().begin(), metadata->object().end(), [&](const auto& m) {
          return In(m.key, {"type", "default"}) || In(m.key, kNotKept) || (m.key == "properties" && names_only);
        });
    if (!nothing_else) {
      e_.Forbidden(at, "must not specify anything other than name and generateName, but metadata is implicitly "
                       "specified");
    }
  }

  void Junctors(const Path& p, const Value& schema, bool skip_any_of, bool skip_first_all_of, Level level) {
    for (const char* key : kJunctors) {
      if (skip_any_of && absl::string_view(key) == "anyOf") continue;
      const Path at = p / key;
      const Array& list = Items(schema, key);
      for (size_t i = 0; i < list.size(); ++i) {
        Nested(at[i], list[i], skip_first_all_of && i == 0 && absl::string_view(key) == "allOf", level);
      }
    }
    if (const Value* negated = schema.Find("not")) Nested(p / "not", *negated, false, level);
    const absl::string_view pattern = Text(schema, "pattern");
    if (pattern.empty()) return;
    if (const std::string problem = GoRegexpProblem(pattern); !problem.empty()) {
      e_.Invalid(p / "pattern", Value(pattern),
                 absl::StrCat("must be a valid regular expression, but isn't: ", problem));
    }
  }

  // Below a junctor nothing may be said about structure.
  void Nested(const Path& p, const Value& schema, bool skip_any_of, Level level) {
    static constexpr struct {
      const char *key, *text;
    } kForbidden[] = {
        {"type", "must be empty to be structural"},
        {"additionalProperties", "must be undefined to be structural"},
        {"default", "must be undefined to be structural"},
        {"title", "must be empty to be structural"},
        {"description", "must be empty to be structural"},
        {"nullable", "must be false to be structural"},
        {"x-kubernetes-preserve-unknown-fields", "must be false to be structural"},
        {"x-kubernetes-embedded-resource", "must be false to be structural"},
        {"x-kubernetes-int-or-string", "must be false to be structural"},
        {"x-kubernetes-list-map-keys", "must be empty to be structural"},
        {"x-kubernetes-list-type", "must be undefined to be structural"},
        {"x-kubernetes-map-type", "must be undefined to be structural"},
        {"x-kubernetes-validations", "must be empty to be structural"},
    };
    Junctors(p, schema, skip_any_of, false, level);
    if (const Value* items = ItemsSchema(schema)) Nested(p / "items", *items, false, level);
    const Path properties = p / "properties";
    for (const auto& [name, property] : Entries(schema, "properties")) {
      Nested(properties.Key(name), property, false, Level::kField);
    }
    for (const auto& [key, text] : kForbidden) {
      const Value* value = schema.Find(key);
      if (value == nullptr || (value->is_bool() && !value->as_bool())) continue;
      if (absl::string_view(key) == "default" && !HasDefault(schema)) continue;
      e_.Forbidden(p / key, text);
    }
    if (Sub(schema, "properties").Has("metadata")) {
      e_.Forbidden(properties.Key("metadata"), "must not be specified in a nested context");
    }
  }

  FieldErrors& e_;
};

// Every value that a junctor speaks of must exist in the structure.
class Completeness {
 public:
  explicit Completeness(FieldErrors& e) : e_(e) {}

  // `structure` is the schema at `p`, nullptr when there is none; `words` is what a junctor at `from` says.
  void Check(const Path& p, const Value* structure, const Path& from, const Value& words) {
    if (structure == nullptr) return Missing(p, from);
    if (const Value* negated = words.Find("not")) Nested(p, structure, from / "not", *negated);
    for (const char* key : {"allOf", "anyOf", "oneOf"}) {
      const Path at = from / key;
      const Array& list = Items(words, key);
      for (size_t i = 0; i < list.size(); ++i) Nested(p, structure, at[i], list[i]);
    }
  }

 private:
  void Missing(const Path& p, const Path& from) {
    e_.Required(p, absl::StrCat("because it is defined in ", FieldPath(from).ToString()));
  }

  void Nested(const Path& p, const Value* structure, const Path& from, const Value& words) {
    if (structure == nullptr) return Missing(p, from);
    Check(p, structure, from, words);
    if (const Value* items = ItemsSchema(words)) Nested(p / "items", ItemsSchema(*structure), from / "items", *items);
    const Path properties = p / "properties", from_properties = from / "properties";
    for (const auto& [name, property] : Entries(words, "properties")) {
      const Value* own = Sub(*structure, "properties").Find(name);
      Nested(properties.Key(name), own, from_properties.Key(name), property);
    }
  }

  FieldErrors& e_;
};

std::string Unsupported(const Value& schema) {
  for (const char* key : {"id", "$schema", "$ref", "patternProperties", "dependencies", "additionalItems",
                          "definitions"}) {
    const Value* value = schema.Find(key);
    if (value == nullptr || (value->is_string() && value->as_string().empty())) continue;
    const absl::string_view name = absl::string_view(key) == "$schema" ? "schema" : key;
    return absl::StrCat("OpenAPIV3Schema '", name, "' is not supported");
  }
  return "";
}

}  // namespace

std::string UnstructuralReason(const Value& schema) {
  if (std::string problem = Unsupported(schema); !problem.empty()) return problem;
  std::string problem;
  const auto find = [&](const Value* child) {
    if (problem.empty() && child != nullptr && child->is_object()) problem = UnstructuralReason(*child);
    return !problem.empty();
  };
  if (find(schema.Find("not"))) return problem;
  for (const char* key : {"allOf", "anyOf", "oneOf"}) {
    for (const Value& child : Items(schema, key)) {
      if (find(&child)) return problem;
    }
  }
  if (const Value* preserve = schema.Find("x-kubernetes-preserve-unknown-fields"); preserve && !preserve->as_bool()) {
    return "internal error: 'x-kubernetes-preserve-unknown-fields' must be true or undefined";
  }
  if (!Items(schema, "items").empty()) return "OpenAPIV3Schema 'items' must be a schema, but is an array";
  if (find(schema.Find("items"))) return problem;
  for (const auto& [name, property] : Entries(schema, "properties")) {
    if (find(&property)) return problem;
  }
  find(schema.Find("additionalProperties"));
  return problem;
}

void Structural(FieldErrors& e, const Path& p, const Value& schema) {
  FieldErrors found;
  Invariants(found).Check(p, schema, Level::kRoot);
  Completeness(found).Check(p, &schema, p, schema);
  std::vector<std::pair<std::string, FieldError>> sorted;
  for (const FieldError& error : found.errors()) sorted.emplace_back(error.ToString(), error);
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (auto& [text, error] : sorted) e.Add(std::move(error));
}

}  // namespace apiserver::validation
