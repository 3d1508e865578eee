#include "apiserver/admission/match_rules.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "apiserver/admission/admission_request.h"
#include "apiserver/admission/plugin.h"
#include "base/status_macros.h"

namespace apiserver::admission {
namespace {

std::vector<std::string> Texts(const Value& rule, absl::string_view member) {
  std::vector<std::string> out;
  for (const Value& item : rule.GetArray(member)) {
    if (item.is_string()) out.push_back(item.as_string());
  }
  return out;
}

bool Lists(const std::vector<std::string>& items, absl::string_view wanted) {
  return std::any_of(items.begin(), items.end(), [&](const std::string& item) { return item == "*" || item == wanted; });
}

apimachinery::LabelSelector Selector(const Value& match, absl::string_view member) {
  const Value* selector = match.Find(member);
  if (selector == nullptr || !selector->is_object()) return {};
  auto parsed = apimachinery::LabelSelector::FromObject(selector);
  return parsed.ok() ? *std::move(parsed) : apimachinery::LabelSelector::Nothing();
}

}  // namespace

Matcher::Matcher(const Value& match, absl::string_view rules_member, bool any_without_rules)
    : rules_(ReadRules(match, rules_member)),
      excluded_(ReadRules(match, "excludeResourceRules")),
      namespaces_(Selector(match, "namespaceSelector")),
      objects_(Selector(match, "objectSelector")),
      any_without_rules_(any_without_rules),
      equivalent_(match.GetString("matchPolicy", "Equivalent") != "Exact") {}

std::vector<Matcher::Rule> Matcher::ReadRules(const Value& match, absl::string_view member) {
  std::vector<Rule> out;
  for (const Value& rule : match.GetArray(member)) {
    out.push_back({Texts(rule, "operations"), Texts(rule, "apiGroups"), Texts(rule, "apiVersions"), Texts(rule, "resources"),
                   Texts(rule, "resourceNames"), rule.GetString("scope", "*")});
  }
  return out;
}

bool Matcher::Rule::Matches(const Attributes& a, absl::string_view group, absl::string_view version,
                            absl::string_view plural) const {
  const pipeline::RequestInfo& info = *a.info;
  const bool is_namespace = group.empty() && plural == "namespaces";
  const bool cluster = is_namespace || info.ns.empty();
  if ((scope == "Namespaced" && cluster) || (scope == "Cluster" && !cluster)) return false;
  if (!Lists(operations, OperationName(a.operation)) || !Lists(groups, group) || !Lists(versions, version)) {
    return false;
  }
  const bool resource = std::any_of(resources.begin(), resources.end(), [&](const std::string& text) {
    const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(text, absl::MaxSplits('/', 1));
    return (parts.first == "*" || parts.first == plural) && (parts.second == "*" || parts.second == info.subresource);
  });
  return resource && (names.empty() || std::find(names.begin(), names.end(), a.name) != names.end());
}

bool Matcher::Any(const std::vector<Rule>& rules, const Attributes& a, const pipeline::ObjectReader& reader,
                  pipeline::KindPtr* as) const {
  const auto any = [&](absl::string_view group, absl::string_view version, absl::string_view resource) {
    return std::any_of(rules.begin(), rules.end(), [&](const Rule& rule) { return rule.Matches(a, group, version, resource); });
  };
  const pipeline::RequestInfo& info = *a.info;
  if (rules.empty()) return false;
  if (any(info.group, info.version, info.resource)) return true;
  if (!equivalent_ || (!info.subresource.empty() && info.subresource != "status")) return false;
  for (pipeline::KindPtr& other : reader.Equivalents(info.group, info.version, info.resource)) {
    if (!any(other->group, other->version, other->plural)) continue;
    if (as != nullptr) *as = std::move(other);
    return true;
  }
  return false;
}

absl::StatusOr<bool> Matcher::Matches(const Attributes& a, const pipeline::ObjectReader& reader, pipeline::KindPtr* as) const {
  if (Any(excluded_, a, reader, nullptr)) return false;
  if (!(rules_.empty() && any_without_rules_) && !Any(rules_, a, reader, as)) return false;
  if (!objects_.MatchesEverything()) {
    const bool matches = (a.object != nullptr && objects_.Matches(a.object->At("metadata.labels"))) ||
                         (a.old != nullptr && objects_.Matches(a.old->At("metadata.labels")));
    if (!matches) return false;
  }
  const bool of_namespaces = a.info->resource == "namespaces";
  if (namespaces_.MatchesEverything() || (a.info->ns.empty() && !of_namespaces)) return true;
  if (of_namespaces && a.info->subresource.empty() && a.object != nullptr) {
    return namespaces_.Matches(a.object->At("metadata.labels"));
  }
  const std::string& name = of_namespaces ? a.name : a.info->ns;
  const pipeline::ObjectPtr found = Look(reader, {"", "namespaces"}, "", name);
  if (found == nullptr) return absl::Status(apimachinery::NotFound("", "namespaces", name));
  return namespaces_.Matches(found->At("metadata.labels"));
}

bool IsAdmissionConfiguration(const Attributes& a) {
  if (a.info->group != "admissionregistration.k8s.io") return false;
  return absl::StartsWith(a.info->resource, "validating") || absl::StartsWith(a.info->resource, "mutating");
}

bool IsBeyondPolicies(const Attributes& a) {
  if (IsAdmissionConfiguration(a)) return absl::StrContains(a.info->resource, "polic");
  return a.info->group == "authentication.k8s.io" || a.info->group == "authorization.k8s.io";
}

}  // namespace apiserver::admission
