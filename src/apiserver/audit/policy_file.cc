// Reading a policy: shape first, then every problem of its rules at once.
#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "apimachinery/api_error.h"
#include "apimachinery/field_error.h"
#include "apimachinery/go_quote.h"
#include "apimachinery/names.h"
#include "apimachinery/yaml.h"
#include "apiserver/audit/policy.h"
#include "base/status_macros.h"

namespace apiserver::audit {
namespace {

using apimachinery::FieldErrors;
using apimachinery::FieldPath;
using apimachinery::Value;

absl::Status Undecodable(absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("failed decoding: ", why));
}

absl::string_view JsonType(const Value& value) {
  if (value.is_bool()) return "bool";
  if (value.is_number() || value.is_raw()) return "number";
  if (value.is_string()) return "string";
  return value.is_array() ? "array" : "object";
}

// Reads members of a Go struct, refusing what json.Unmarshal refuses.
class Reader {
 public:
  Reader(const Value& object, absl::string_view type, std::string path) : object_(object), type_(type), path_(std::move(path)) {}

  absl::Status String(absl::string_view name, std::string* out) const {
    const Value* value = object_.Find(name);
    if (value == nullptr || value->is_null()) return absl::OkStatus();
    if (!value->is_string()) return Wrong(*value, name, "string");
    *out = value->as_string();
    return absl::OkStatus();
  }

  absl::Status Strings(absl::string_view name, absl::string_view list_type, absl::string_view item_type,
                       std::vector<std::string>* out) const {
    const Value* list = nullptr;
    RETURN_IF_ERROR(List(name, list_type, &list));
    if (list == nullptr) return absl::OkStatus();
    for (const Value& item : list->array()) {
      if (!item.is_string() && !item.is_null()) return Wrong(item, name, item_type);
      out->push_back(item.is_null() ? "" : item.as_string());
    }
    return absl::OkStatus();
  }

  absl::Status Bool(absl::string_view name, bool* out) const {
    const Value* value = object_.Find(name);
    if (value == nullptr || value->is_null()) return absl::OkStatus();
    if (!value->is_bool()) return Wrong(*value, name, "bool");
    *out = value->as_bool();
    return absl::OkStatus();
  }

  // `out` stays nullptr when there is none.
  absl::Status List(absl::string_view name, absl::string_view list_type, const Value** out) const {
    const Value* value = object_.Find(name);
    if (value == nullptr || value->is_null()) return absl::OkStatus();
    if (!value->is_array()) return Wrong(*value, name, list_type);
    *out = value;
    return absl::OkStatus();
  }

  absl::Status Wrong(const Value& value, absl::string_view name, absl::string_view want) const {
    return Undecodable(absl::StrCat("json: cannot unmarshal ", JsonType(value), " into Go struct field ", type_, ".",
                                    path_, name, " of type ", want));
  }

 private:
  const Value& object_;
  const absl::string_view type_;
  const std::string path_;  // "rules."
};

// A rule as it is written.
struct RawRule {
  Rule rule;
  std::string level;
  std::vector<std::string> omit_stages;
  bool omit_managed_fields = false;
};

absl::Status ReadRule(const Value& value, bool omit_managed_fields, RawRule* out) {
  const Reader reader(value, "PolicyRule", "rules.");
  Rule& rule = out->rule;
  RETURN_IF_ERROR(reader.String("level", &out->level));
  RETURN_IF_ERROR(reader.Strings("users", "[]string", "string", &rule.users));
  RETURN_IF_ERROR(reader.Strings("userGroups", "[]string", "string", &rule.user_groups));
  RETURN_IF_ERROR(reader.Strings("verbs", "[]string", "string", &rule.verbs));
  RETURN_IF_ERROR(reader.Strings("namespaces", "[]string", "string", &rule.namespaces));
  RETURN_IF_ERROR(reader.Strings("nonResourceURLs", "[]string", "string", &rule.non_resource_urls));
  RETURN_IF_ERROR(reader.Strings("omitStages", "[]v1.Stage", "v1.Stage", &out->omit_stages));
  rule.omit_managed_fields = omit_managed_fields;
  RETURN_IF_ERROR(reader.Bool("omitManagedFields", &rule.omit_managed_fields));
  const Value* resources = nullptr;
  RETURN_IF_ERROR(reader.List("resources", "[]v1.GroupResources", &resources));
  if (resources == nullptr) return absl::OkStatus();
  for (const Value& item : resources->array()) {
    if (!item.is_object()) return reader.Wrong(item, "resources", "v1.GroupResources");
    const Reader of(item, "GroupResources", "rules.resources.");
    GroupResources& group = rule.resources.emplace_back();
    RETURN_IF_ERROR(of.String("group", &group.group));
    RETURN_IF_ERROR(of.Strings("resources", "[]string", "string", &group.resources));
    RETURN_IF_ERROR(of.Strings("resourceNames", "[]string", "string", &group.resource_names));
  }
  return absl::OkStatus();
}

StageSet CheckStages(const std::vector<std::string>& names, const FieldPath& path, FieldErrors& errors) {
  StageSet set;
  for (size_t i = 0; i < names.size(); ++i) {
    const auto known = std::find(std::begin(kStageNames), std::end(kStageNames), names[i]);
    if (known == std::end(kStageNames)) {
      errors.Invalid(path.Index(i), Value(names[i]), absl::StrCat("allowed stages are ", absl::StrJoin(kStageNames, ",")));
      continue;
    }
    set.Add(static_cast<Stage>(known - std::begin(kStageNames)));
  }
  return set;
}

void CheckUrls(const std::vector<std::string>& urls, const FieldPath& path, FieldErrors& errors) {
  for (size_t i = 0; i < urls.size(); ++i) {
    const std::string& url = urls[i];
    if (url == "*") continue;
    if (!absl::StartsWith(url, "/")) {
      errors.Invalid(path.Index(i), Value(url), "non-resource URL rules must begin with a '/' character");
    }
    if (!url.empty() && url.find('*') < url.size() - 1) {
      errors.Invalid(path.Index(i), Value(url), "non-resource URL wildcards '*' must be the final character of the rule");
    }
  }
}

Value ListOf(const std::vector<std::string>& words) {
  Value list = Value::MakeArray();
  for (const std::string& word : words) list.Append(word);
  return list;
}

void CheckRule(RawRule& raw, const FieldPath& path, FieldErrors& errors) {
  Rule& rule = raw.rule;
  const auto level = std::find(std::begin(kLevelNames), std::end(kLevelNames), raw.level);
  if (raw.level.empty()) {
    errors.Required(path.Child("level"));
  } else if (level == std::end(kLevelNames)) {
    errors.NotSupported(path.Child("level"), Value(raw.level), kLevelNames);
  } else {
    rule.level = static_cast<Level>(level - std::begin(kLevelNames));
  }
  CheckUrls(rule.non_resource_urls, path.Child("nonResourceURLs"), errors);
  for (const GroupResources& of : rule.resources) {
    const FieldPath at = path.Child("resources");
    if (!of.group.empty()) {
      const std::vector<std::string> problems = apimachinery::IsDns1123Subdomain(of.group);
      if (!problems.empty()) errors.Invalid(at.Child("group"), Value(of.group), absl::StrJoin(problems, ","));
    }
    if (!of.resource_names.empty() && of.resources.empty()) {
      errors.Invalid(at.Child("resourceNames"), ListOf(of.resource_names), "using resourceNames requires at least one resource");
    }
  }
  rule.omit_stages.bits |= CheckStages(raw.omit_stages, path.Child("omitStages"), errors).bits;
  if (!rule.non_resource_urls.empty() && (!rule.resources.empty() || !rule.namespaces.empty())) {
    errors.Invalid(path.Child("nonResourceURLs"), ListOf(rule.non_resource_urls),
                   "rules cannot apply to both regular resources and non-resource URLs");
  }
}

}  // namespace

absl::StatusOr<Policy> ParsePolicy(absl::string_view text) {
  absl::StatusOr<Value> tree = apimachinery::ParseYamlOrJson(text);
  if (!tree.ok()) return Undecodable(absl::StripPrefix(tree.status().message(), "error converting YAML to JSON: "));
  const std::string version = tree->is_object() ? tree->GetString("apiVersion") : "";
  const std::string kind = tree->is_object() ? tree->GetString("kind") : "";
  if (version.empty()) {
    return absl::InvalidArgumentError("unknown group version field audit.k8s.io/__internal, Kind=Policy in policy");
  }
  if (version != "audit.k8s.io/v1" || (kind != "Policy" && !kind.empty())) {
    return Undecodable(absl::StrCat("no kind ", apimachinery::GoQuote(kind), " is registered for version ",
                                    apimachinery::GoQuote(version), " in scheme \"pkg/runtime/scheme.go:111\""));
  }
  const Reader reader(*tree, "Policy", "");
  Policy policy;
  std::vector<std::string> omit_stages;
  const Value* rules = nullptr;
  RETURN_IF_ERROR(reader.List("rules", "[]v1.PolicyRule", &rules));
  RETURN_IF_ERROR(reader.Strings("omitStages", "[]v1.Stage", "v1.Stage", &omit_stages));
  RETURN_IF_ERROR(reader.Bool("omitManagedFields", &policy.omit_managed_fields));
  FieldErrors errors;
  policy.omit_stages = CheckStages(omit_stages, FieldPath("omitStages"), errors);
  for (size_t i = 0; rules != nullptr && i < rules->size(); ++i) {
    const Value& value = rules->array()[i];
    if (!value.is_object()) return reader.Wrong(value, "rules", "v1.PolicyRule");
    RawRule raw;
    RETURN_IF_ERROR(ReadRule(value, policy.omit_managed_fields, &raw));
    raw.rule.omit_stages = policy.omit_stages;
    CheckRule(raw, FieldPath("rules").Index(i), errors);
    policy.rules.push_back(std::move(raw.rule));
  }
  if (!errors.empty()) return absl::InvalidArgumentError(errors.ToString());
  if (policy.rules.empty()) return absl::InvalidArgumentError("loaded illegal policy with 0 rules");
  return policy;
}

}  // namespace apiserver::audit
