#include <re2/re2.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "apimachinery/cel/go_regexp_error.h"
#include "apimachinery/json.h"
#include "apimachinery/structural/schema.h"
#include "base/status_macros.h"

namespace apimachinery::structural {
namespace {

// JSON members (default, enum) are raw text in typed trees. Members of objects come sorted, as upstream prints them.
Value Plain(const Value& value) {
  Value out = value;
  if (value.is_raw()) {
    absl::StatusOr<Value> parsed = ParseJson(value.as_string());
    out = parsed.ok() ? *std::move(parsed) : Value();
  }
  SortKeys(&out);
  return out;
}

void Number(const Value& props, absl::string_view name, std::optional<double>* out) {
  if (const Value* value = props.Find(name); value != nullptr && value->is_number()) *out = value->as_double();
}
void Integer(const Value& props, absl::string_view name, std::optional<int64_t>* out) {
  if (const Value* value = props.Find(name); value != nullptr && value->is_int()) *out = value->as_int();
}
std::string Text(const Value& props, absl::string_view name) {
  const Value* value = props.Find(name);
  return value != nullptr && value->is_string() ? value->as_string() : "";
}
bool Flag(const Value& props, absl::string_view name) {
  const Value* value = props.Find(name);
  return value != nullptr && value->is_bool() && value->as_bool();
}
std::vector<std::string> Strings(const Value& props, absl::string_view name) {
  std::vector<std::string> out;
  const Value* list = props.Find(name);
  if (list == nullptr || !list->is_array()) return out;
  for (const Value& item : list->array()) {
    if (item.is_string()) out.push_back(item.as_string());
  }
  return out;
}

class Reader {
 public:
  absl::StatusOr<Schema> Read(const Value& props, int depth) {
    if (depth > kMaxDepth) return absl::InvalidArgumentError("the schema is nested too deep");
    Schema out;
    ReadStructure(props, &out);
    ReadConstraints(props, &out);
    RETURN_IF_ERROR(ReadBelow(props, depth, &out));
    return out;
  }

 private:
  static void ReadStructure(const Value& props, Schema* out) {
    out->type = Text(props, "type");
    out->nullable = Flag(props, "nullable");
    out->preserve_unknown_fields = Flag(props, "x-kubernetes-preserve-unknown-fields");
    out->embedded_resource = Flag(props, "x-kubernetes-embedded-resource");
    out->int_or_string = Flag(props, "x-kubernetes-int-or-string");
    const std::string list = Text(props, "x-kubernetes-list-type");
    out->list_type = list == "set"      ? ListType::kSet
                     : list == "map"    ? ListType::kMap
                     : list == "atomic" ? ListType::kAtomic
                                        : ListType::kUnset;
    out->list_map_keys = Strings(props, "x-kubernetes-list-map-keys");
    out->atomic_map = Text(props, "x-kubernetes-map-type") == "atomic";
    if (const Value* value = props.Find("default"); value != nullptr) {
      Value plain = Plain(*value);
      if (!plain.is_null()) out->default_value = std::move(plain);
    }
    out->defaults_below = out->default_value.has_value();
  }

  static void ReadConstraints(const Value& props, Schema* out) {
    out->format = Text(props, "format");
    out->pattern = Text(props, "pattern");
    if (!out->pattern.empty() && out->pattern.size() <= cel::kMaxExpression) {
      RE2::Options options;
      options.set_log_errors(false);
      auto regex = std::make_shared<const RE2>(out->pattern, options);
      if (regex->ok()) out->pattern_regex = std::move(regex);
    }
    if (const Value* list = props.Find("enum"); list != nullptr && list->is_array()) {
      for (const Value& item : list->array()) out->enum_values.push_back(Plain(item));
    }
    out->required = Strings(props, "required");
    Number(props, "minimum", &out->minimum);
    Number(props, "maximum", &out->maximum);
    Number(props, "multipleOf", &out->multiple_of);
    out->exclusive_minimum = Flag(props, "exclusiveMinimum");
    out->exclusive_maximum = Flag(props, "exclusiveMaximum");
    out->unique_items = Flag(props, "uniqueItems");
    Integer(props, "minLength", &out->min_length);
    Integer(props, "maxLength", &out->max_length);
    Integer(props, "minItems", &out->min_items);
    Integer(props, "maxItems", &out->max_items);
    Integer(props, "minProperties", &out->min_properties);
    Integer(props, "maxProperties", &out->max_properties);
    const Value* rules = props.Find("x-kubernetes-validations");
    if (rules == nullptr || !rules->is_array()) return;
    for (const Value& item : rules->array()) {
      out->rules.push_back({Text(item, "rule"), Text(item, "message"), Text(item, "messageExpression"), Text(item, "reason"),
                            Text(item, "fieldPath"), Flag(item, "optionalOldSelf"), item.Has("optionalOldSelf")});
    }
    out->rules_below = !out->rules.empty();
  }

  absl::Status ReadBelow(const Value& props, int depth, Schema* out) {
    if (const Value* members = props.Find("properties"); members != nullptr && members->is_object()) {
      for (const auto& [name, member] : members->object()) {
        ASSIGN_OR_RETURN(Schema schema, Read(member, depth + 1));
        Note(schema, out);
        out->properties.push_back({name, std::move(schema)});
      }
      std::sort(out->properties.begin(), out->properties.end(),
                [](const Property& a, const Property& b) { return a.name < b.name; });
    }
    if (const Value* items = props.Find("items"); items != nullptr && items->is_object()) {
      RETURN_IF_ERROR(ReadOne(*items, depth, out, &out->items));
    }
    if (const Value* more = props.Find("additionalProperties"); more != nullptr) {
      out->additional_any = more->is_bool() && more->as_bool();
      if (more->is_object()) RETURN_IF_ERROR(ReadOne(*more, depth, out, &out->additional));
    }
    if (const Value* no = props.Find("not"); no != nullptr && no->is_object()) {
      RETURN_IF_ERROR(ReadOne(*no, depth, nullptr, &out->not_schema));
    }
    RETURN_IF_ERROR(ReadList(props, "allOf", depth, &out->all_of));
    RETURN_IF_ERROR(ReadList(props, "anyOf", depth, &out->any_of));
    return ReadList(props, "oneOf", depth, &out->one_of);
  }

  absl::Status ReadOne(const Value& props, int depth, Schema* parent, std::unique_ptr<Schema>* out) {
    ASSIGN_OR_RETURN(Schema schema, Read(props, depth + 1));
    if (parent != nullptr) Note(schema, parent);
    *out = std::make_unique<Schema>(std::move(schema));
    return absl::OkStatus();
  }

  absl::Status ReadList(const Value& props, absl::string_view name, int depth, std::vector<Schema>* out) {
    const Value* list = props.Find(name);
    if (list == nullptr || !list->is_array()) return absl::OkStatus();
    for (const Value& item : list->array()) {
      ASSIGN_OR_RETURN(Schema schema, Read(item, depth + 1));
      out->push_back(std::move(schema));
    }
    return absl::OkStatus();
  }

  static void Note(const Schema& child, Schema* parent) {
    parent->defaults_below |= child.defaults_below;
    parent->rules_below |= child.rules_below;
  }
};

}  // namespace

Schema::Schema() = default;
Schema::Schema(Schema&&) noexcept = default;
Schema& Schema::operator=(Schema&&) noexcept = default;
Schema::~Schema() = default;

const Schema* Schema::FindProperty(absl::string_view name) const {
  const auto at = std::lower_bound(properties.begin(), properties.end(), name,
                                   [](const Property& p, absl::string_view n) { return absl::string_view(p.name) < n; });
  return at != properties.end() && at->name == name ? &at->schema : nullptr;
}

const Schema* Schema::FindMember(absl::string_view name) const {
  const Schema* property = FindProperty(name);
  return property != nullptr ? property : additional.get();
}

absl::StatusOr<Schema> Parse(const Value& props) { return Reader().Read(props, 0); }

}  // namespace apimachinery::structural
