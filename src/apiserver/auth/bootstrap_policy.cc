#include "apiserver/auth/bootstrap_policy.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "apiserver/auth/authorizer.h"

namespace apiserver::auth {
namespace {

using apimachinery::Array;
using apimachinery::Value;

// A line a rule, below a line that names the role; see README.md for the form.
constexpr char kPolicy[] =
#include "apiserver/auth/policy/bootstrap_policy.inc"
    ;

constexpr char kGroup[] = "rbac.authorization.k8s.io";
constexpr char kAutoUpdate[] = "rbac.authorization.kubernetes.io/autoupdate";
constexpr char kAggregate[] = "rbac.authorization.k8s.io/aggregate-to-";

Value List(absl::string_view commas) {
  Value out = Value::MakeArray();
  for (absl::string_view item : absl::StrSplit(commas, ',')) out.Append(item == "core" ? Value("") : Value(item));
  return out;
}

Value Rule(const std::vector<absl::string_view>& words) {
  Value rule = Value::MakeObject();
  if (words[1] == "url") {
    rule.Set("nonResourceURLs", List(words[2]));
    rule.Set("verbs", List(words[0]));
    return rule;
  }
  rule.Set("verbs", List(words[0]));
  rule.Set("apiGroups", List(words[1]));
  rule.Set("resources", List(words[2]));
  if (words.size() > 3) rule.Set("resourceNames", List(words[3]));
  return rule;
}

Value Subject(absl::string_view kind, absl::string_view name) {
  Value subject = Value::MakeObject();
  subject.Set("kind", Value(kind));
  if (kind == "ServiceAccount") {
    const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(name, absl::MaxSplits('/', 1));
    subject.Set("name", Value(parts.second));
    subject.Set("namespace", Value(parts.first));
  } else {
    subject.Set("apiGroup", kGroup);
    subject.Set("name", Value(name));
  }
  return subject;
}

Value Head(const std::vector<absl::string_view>& words) {
  Value object = Value::MakeObject();
  object.Set("apiVersion", absl::StrCat(kGroup, "/v1"));
  object.Set("kind", Value(words[0]));
  Value& metadata = object["metadata"];
  metadata = Value::MakeObject();
  absl::string_view name = words[1];
  const bool namespaced = words[0] == "Role" || words[0] == "RoleBinding";
  if (namespaced) {
    const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(name, absl::MaxSplits('/', 1));
    metadata.Set("namespace", Value(parts.first));
    name = parts.second;
  }
  metadata.Set("name", Value(name));
  metadata["labels"].Set("kubernetes.io/bootstrapping", "rbac-defaults");
  metadata["annotations"].Set(kAutoUpdate, "true");
  if (absl::EndsWith(words[0], "Binding")) {
    const std::pair<absl::string_view, absl::string_view> ref = absl::StrSplit(words[2], absl::MaxSplits('/', 1));
    Value& role_ref = object["roleRef"];
    role_ref.Set("apiGroup", kGroup);
    role_ref.Set("kind", Value(ref.first));
    role_ref.Set("name", Value(ref.second));
  } else {
    for (size_t i = 2; i < words.size(); ++i) {
      absl::string_view to = words[i];
      if (absl::ConsumePrefix(&to, "aggregate-to=")) metadata["labels"].Set(absl::StrCat(kAggregate, to), "true");
    }
  }
  return object;
}

std::vector<Value> Parse() {
  std::vector<Value> out;
  for (absl::string_view line : absl::StrSplit(kPolicy, '\n', absl::SkipEmpty())) {
    const std::vector<absl::string_view> words = absl::StrSplit(line, ' ', absl::SkipEmpty());
    if (line[0] != ' ') {
      out.push_back(Head(words));
    } else if (words[0] == "aggregates") {
      Value selector = Value::MakeObject();
      selector["matchLabels"].Set(absl::StrCat(kAggregate, words[1]), "true");
      out.back()["aggregationRule"]["clusterRoleSelectors"].Append(std::move(selector));
    } else if (absl::EndsWith(out.back().GetString("kind"), "Binding")) {
      out.back()["subjects"].Append(Subject(words[0], words[1]));
    } else {
      out.back()["rules"].Append(Rule(words));
    }
  }
  return out;
}

bool AddMissing(const Value* wanted, Value& stored_parent, absl::string_view key) {
  bool changed = false;
  if (wanted == nullptr) return false;
  for (const auto& [name, value] : wanted->object()) {
    Value& stored = stored_parent[key];
    if (stored.Has(name)) continue;
    stored.Set(name, value);
    changed = true;
  }
  return changed;
}

bool AddMissingItems(const Value& wanted, Value& stored, absl::string_view key) {
  bool changed = false;
  for (const Value& item : wanted.GetArray(key)) {
    const Array& have = stored.GetArray(key);
    if (std::find(have.begin(), have.end(), item) != have.end()) continue;
    stored[key].Append(item);
    changed = true;
  }
  return changed;
}

}  // namespace

const std::vector<Value>& BootstrapPolicy() {
  static const auto& policy = *new std::vector<Value>(Parse());
  return policy;
}

bool ReconcilePolicy(const Value& wanted, Value& stored) {
  const Value* annotations = stored.At("metadata.annotations");
  const Value* auto_update = annotations == nullptr ? nullptr : annotations->Find(kAutoUpdate);
  if (auto_update != nullptr && auto_update->is_string() && auto_update->as_string() == "false") return false;
  Value& metadata = stored["metadata"];
  bool changed = AddMissing(wanted.At("metadata.labels"), metadata, "labels");
  changed |= AddMissing(wanted.At("metadata.annotations"), metadata, "annotations");
  changed |= AddMissingItems(wanted, stored, "subjects");
  if (wanted.Has("aggregationRule")) {
    if (!stored.Has("aggregationRule") || !(*stored.Find("aggregationRule") == *wanted.Find("aggregationRule"))) {
      stored.Set("aggregationRule", *wanted.Find("aggregationRule"));
      changed = true;
    }
    return changed;  // its rules are the sum of others
  }
  std::vector<PolicyRule> held, wanted_rules;
  for (const Value& rule : stored.GetArray("rules")) held.push_back(RuleOf(rule));
  for (const Value& rule : wanted.GetArray("rules")) {
    const PolicyRule parsed = RuleOf(rule);
    if (Covers(held, absl::MakeConstSpan(&parsed, 1), nullptr)) continue;
    stored["rules"].Append(rule);
    changed = true;
  }
  return changed;
}

}  // namespace apiserver::auth
