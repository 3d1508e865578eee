#include "kubectl/kustomize/kustomization.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "apimachinery/yaml.h"
#include "base/status_macros.h"
#include "kubectl/cli/codec.h"
#include "kubectl/cli/errors.h"

namespace kubectl::kustomize {

using apimachinery::Value;

namespace {

enum class Kind { kString, kBool, kInt, kStringMap, kBoolMap, kStringList, kStruct, kStructList, kUnsupported };

struct Shape;

struct FieldSpec {
  absl::string_view name;
  Kind kind;
  const Shape* shape = nullptr;  // of kStruct and kStructList
};

struct Shape {
  absl::string_view go_name;  // "Image"
  std::vector<FieldSpec> fields;
};

const Shape kSelector{"Selector", {{"group", Kind::kString}, {"version", Kind::kString}, {"kind", Kind::kString},
                                   {"name", Kind::kString}, {"namespace", Kind::kString},
                                   {"labelSelector", Kind::kString}, {"annotationSelector", Kind::kString}}};
const Shape kPatch{"Patch", {{"path", Kind::kString}, {"patch", Kind::kString}, {"target", Kind::kStruct, &kSelector},
                             {"options", Kind::kBoolMap}}};
const Shape kImage{"Image", {{"name", Kind::kString}, {"newName", Kind::kString}, {"tagSuffix", Kind::kString},
                             {"newTag", Kind::kString}, {"digest", Kind::kString}}};
const Shape kReplica{"Replica", {{"name", Kind::kString}, {"count", Kind::kInt}}};
const Shape kField{"FieldSpec", {{"group", Kind::kString}, {"version", Kind::kString}, {"kind", Kind::kString},
                                 {"path", Kind::kString}, {"create", Kind::kBool}}};
const Shape kLabel{"Label", {{"pairs", Kind::kStringMap}, {"includeSelectors", Kind::kBool},
                             {"includeTemplates", Kind::kBool}, {"fields", Kind::kStructList, &kField}}};
const Shape kGeneratorOptions{"GeneratorOptions", {{"labels", Kind::kStringMap}, {"annotations", Kind::kStringMap},
                                                   {"disableNameSuffixHash", Kind::kBool}, {"immutable", Kind::kBool}}};
const Shape kConfigMap{"ConfigMapArgs", {{"namespace", Kind::kString}, {"name", Kind::kString},
                                         {"behavior", Kind::kString}, {"literals", Kind::kStringList},
                                         {"files", Kind::kStringList}, {"envs", Kind::kStringList},
                                         {"env", Kind::kString}, {"options", Kind::kStruct, &kGeneratorOptions}}};
const Shape kSecret{"SecretArgs", {{"namespace", Kind::kString}, {"name", Kind::kString}, {"behavior", Kind::kString},
                                   {"literals", Kind::kStringList}, {"files", Kind::kStringList},
                                   {"envs", Kind::kStringList}, {"env", Kind::kString}, {"type", Kind::kString},
                                   {"options", Kind::kStruct, &kGeneratorOptions}}};
const Shape kLegacySort{"LegacySortOptions", {{"orderFirst", Kind::kStringList}, {"orderLast", Kind::kStringList}}};
const Shape kSort{"SortOptions", {{"order", Kind::kString}, {"legacySortOptions", Kind::kStruct, &kLegacySort}}};
const Shape kMetadata{"ObjectMeta", {{"name", Kind::kString}, {"namespace", Kind::kString},
                                     {"labels", Kind::kStringMap}, {"annotations", Kind::kStringMap}}};

const Shape kKustomization{
    "Kustomization",
    {{"apiVersion", Kind::kString},
     {"kind", Kind::kString},
     {"metadata", Kind::kStruct, &kMetadata},
     {"namePrefix", Kind::kString},
     {"nameSuffix", Kind::kString},
     {"namespace", Kind::kString},
     {"commonLabels", Kind::kStringMap},
     {"labels", Kind::kStructList, &kLabel},
     {"commonAnnotations", Kind::kStringMap},
     {"patchesStrategicMerge", Kind::kStringList},
     {"patchesJson6902", Kind::kStructList, &kPatch},
     {"patches", Kind::kStructList, &kPatch},
     {"images", Kind::kStructList, &kImage},
     {"imageTags", Kind::kStructList, &kImage},
     {"replicas", Kind::kStructList, &kReplica},
     {"sortOptions", Kind::kStruct, &kSort},
     {"resources", Kind::kStringList},
     {"components", Kind::kStringList},
     {"bases", Kind::kStringList},
     {"configMapGenerator", Kind::kStructList, &kConfigMap},
     {"secretGenerator", Kind::kStructList, &kSecret},
     {"generatorOptions", Kind::kStruct, &kGeneratorOptions},
     {"openapi", Kind::kUnsupported},
     {"replacements", Kind::kUnsupported},
     {"vars", Kind::kUnsupported},
     {"crds", Kind::kUnsupported},
     {"helmGlobals", Kind::kUnsupported},
     {"helmCharts", Kind::kUnsupported},
     {"helmChartInflationGenerator", Kind::kUnsupported},
     {"configurations", Kind::kUnsupported},
     {"generators", Kind::kUnsupported},
     {"transformers", Kind::kUnsupported},
     {"validators", Kind::kUnsupported},
     {"buildMetadata", Kind::kUnsupported}}};

absl::string_view JsonType(const Value& value) {
  if (value.is_string()) return "string";
  if (value.is_bool()) return "bool";
  if (value.is_number()) return "number";
  return value.is_array() ? "array" : "object";
}

absl::Status Mismatch(const Value& value, const Shape& shape, const std::string& path, absl::string_view wanted) {
  return Error(absl::StrCat("invalid Kustomization: json: cannot unmarshal ", JsonType(value), " into Go struct field ",
                            shape.go_name, ".", path, " of type ", wanted));
}

absl::Status CheckStruct(Value& object, const Shape& shape, const std::string& prefix);

absl::Status CheckField(Value& value, const FieldSpec& field, const Shape& shape, const std::string& path) {
  if (value.is_null()) return absl::OkStatus();
  const auto elements = [&](bool list, absl::string_view container, absl::string_view element,
                            auto fits) -> absl::Status {
    if (list ? !value.is_array() : !value.is_object()) return Mismatch(value, shape, path, container);
    if (list) {
      for (const Value& item : value.array())
        if (!item.is_null() && !fits(item)) return Mismatch(item, shape, path, element);
    } else {
      for (const auto& [key, item] : value.object())
        if (!item.is_null() && !fits(item)) return Mismatch(item, shape, path, element);
    }
    return absl::OkStatus();
  };
  const auto is_string = [](const Value& v) { return v.is_string(); };
  switch (field.kind) {
    case Kind::kString:
      return value.is_string() ? absl::OkStatus() : Mismatch(value, shape, path, "string");
    case Kind::kBool:
      return value.is_bool() ? absl::OkStatus() : Mismatch(value, shape, path, "bool");
    case Kind::kInt:
      return value.is_int() ? absl::OkStatus() : Mismatch(value, shape, path, "int64");
    case Kind::kStringMap:
      return elements(false, "map[string]string", "string", is_string);
    case Kind::kBoolMap:
      return elements(false, "map[string]bool", "bool", [](const Value& v) { return v.is_bool(); });
    case Kind::kStringList:
      return elements(true, "[]string", "string", is_string);
    case Kind::kStruct:
      if (!value.is_object()) return Mismatch(value, shape, path, absl::StrCat("types.", field.shape->go_name));
      return CheckStruct(value, *field.shape, path);
    case Kind::kStructList:
      if (!value.is_array()) return Mismatch(value, shape, path, absl::StrCat("[]types.", field.shape->go_name));
      for (Value& item : value.array()) {
        if (item.is_null()) continue;
        if (!item.is_object()) return Mismatch(item, shape, path, absl::StrCat("types.", field.shape->go_name));
        RETURN_IF_ERROR(CheckStruct(item, *field.shape, path));
      }
      return absl::OkStatus();
    case Kind::kUnsupported:
      return Error(absl::StrCat("invalid Kustomization: the field \"", field.name, "\" is not supported"));
  }
  return absl::OkStatus();
}

// The first problem in the order of the sorted keys, as a JSON reader meets them. The case of names does not matter to
// one; afterwards they are as the table has them.
absl::Status CheckStruct(Value& object, const Shape& shape, const std::string& prefix) {
  std::vector<apimachinery::Member*> members;
  for (apimachinery::Member& member : object.object()) members.push_back(&member);
  std::sort(members.begin(), members.end(), [](auto* a, auto* b) { return a->key < b->key; });
  for (apimachinery::Member* member : members) {
    const auto field = std::find_if(shape.fields.begin(), shape.fields.end(),
                                    [&](const FieldSpec& f) { return absl::EqualsIgnoreCase(f.name, member->key); });
    if (field == shape.fields.end())
      return Error(absl::StrCat("invalid Kustomization: json: unknown field \"", member->key, "\""));
    member->key = std::string(field->name);
    RETURN_IF_ERROR(
        CheckField(member->value, *field, shape, prefix.empty() ? member->key : absl::StrCat(prefix, ".", member->key)));
  }
  return absl::OkStatus();
}

struct Deprecated {
  absl::string_view name, successor;
  bool moves;  // its elements join the successor's
};
constexpr Deprecated kDeprecated[] = {{"bases", "resources", true},
                                      {"commonLabels", "labels", false},
                                      {"imageTags", "images", true},
                                      {"patchesJson6902", "patches", false},
                                      {"patchesStrategicMerge", "patches", false}};

}  // namespace

absl::StatusOr<Kustomization> ParseKustomization(absl::string_view text, const std::string& root) {
  absl::StatusOr<Value> parsed = apimachinery::ParseYaml(text);
  if (!parsed.ok()) {
    return Error(absl::StrCat("invalid Kustomization: ",
                              absl::StripPrefix(parsed.status().message(), "error converting YAML to JSON: ")));
  }
  if (parsed->is_null()) return Error("kustomization.yaml is empty");
  if (!parsed->is_object()) {
    return Error(absl::StrCat("invalid Kustomization: json: cannot unmarshal ", JsonType(*parsed),
                              " into Go value of type types.Kustomization"));
  }
  RETURN_IF_ERROR(CheckStruct(*parsed, kKustomization, ""));
  Kustomization result;
  result.fields = *std::move(parsed);
  std::erase_if(result.fields.object(), [](const apimachinery::Member& m) { return m.value.is_null(); });
  for (const Deprecated& field : kDeprecated) {
    if (!result.fields.Has(field.name)) continue;
    result.warnings.push_back(absl::StrCat("# Warning: '", field.name, "' is deprecated. Please use '", field.successor,
                                           "' instead. Run 'kustomize edit fix' to update your Kustomization "
                                           "automatically."));
    if (!field.moves) continue;
    const Value moved = *result.fields.Find(field.name);
    result.fields.Erase(field.name);
    for (const Value& item : moved.array()) result.fields[field.successor].Append(item);
  }
  const bool empty = std::all_of(result.fields.object().begin(), result.fields.object().end(), [](const auto& member) {
    return member.key == "apiVersion" || member.key == "kind";
  });
  if (empty) return Error("kustomization.yaml is empty");
  const std::string kind = result.fields.GetString("kind"), api_version = result.fields.GetString("apiVersion");
  result.is_component = kind == "Component";
  std::vector<std::string> problems;
  if (!kind.empty() && kind != "Kustomization" && kind != "Component")
    problems.push_back("kind should be Kustomization or Component");
  const std::string wanted = result.is_component ? "kustomize.config.k8s.io/v1alpha1" : "kustomize.config.k8s.io/v1beta1";
  if (!api_version.empty() && api_version != wanted) {
    problems.push_back(
        absl::StrCat("apiVersion for ", kind.empty() ? "Kustomization" : kind, " should be ", wanted));
  }
  if (!problems.empty()) {
    return Error(absl::StrCat("Failed to read kustomization file under ", root, ":\n", absl::StrJoin(problems, "\n")));
  }
  return result;
}

}  // namespace kubectl::kustomize
