// RBAC rules: what one allows, and whether a set of them covers another.
#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "apiserver/auth/authorizer.h"
#include "apiserver/auth/quote.h"
#include "apiserver/auth/rules.h"

namespace apiserver::auth {
namespace {

using apimachinery::Array;
using apimachinery::Value;
using Strings = std::vector<std::string>;

Strings StringsAt(const Value& value, absl::string_view key) {
  Strings out;
  for (const Value& item : value.GetArray(key)) {
    if (item.is_string()) out.push_back(item.as_string());
  }
  return out;
}

bool Has(const Strings& set, absl::string_view wanted) { return std::find(set.begin(), set.end(), wanted) != set.end(); }

bool HasAll(const Strings& set, const Strings& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const std::string& w) { return Has(set, w); });
}

bool UrlCovers(absl::string_view pattern, absl::string_view path) {
  if (pattern == path) return true;
  if (!absl::EndsWith(pattern, "*")) return false;
  while (absl::EndsWith(pattern, "*")) pattern.remove_suffix(1);
  return absl::StartsWith(path, pattern);
}

// One combination of a rule's members; `owner` is a whole rule.
bool RuleCovers(const PolicyRule& owner, const PolicyRule& part) {
  if (!Has(owner.verbs, "*") && !HasAll(owner.verbs, part.verbs)) return false;
  if (!Has(owner.api_groups, "*") && !HasAll(owner.api_groups, part.api_groups)) return false;
  if (!Has(owner.resources, "*")) {
    for (const std::string& resource : part.resources) {
      if (Has(owner.resources, resource)) continue;
      const size_t slash = resource.find('/');
      if (slash == std::string::npos || !Has(owner.resources, absl::StrCat("*", resource.substr(slash)))) return false;
    }
  }
  for (const std::string& url : part.non_resource_urls) {
    if (std::none_of(owner.non_resource_urls.begin(), owner.non_resource_urls.end(),
                     [&](const std::string& o) { return UrlCovers(o, url); })) {
      return false;
    }
  }
  return owner.resource_names.empty() ||
         (!part.resource_names.empty() && HasAll(owner.resource_names, part.resource_names));
}

std::vector<PolicyRule> BreakDown(const PolicyRule& rule) {
  std::vector<PolicyRule> out;
  for (const std::string& group : rule.api_groups) {
    for (const std::string& resource : rule.resources) {
      for (const std::string& verb : rule.verbs) {
        PolicyRule part{.verbs = {verb}, .api_groups = {group}, .resources = {resource}};
        if (rule.resource_names.empty()) out.push_back(part);
        for (const std::string& name : rule.resource_names) {
          part.resource_names = {name};
          out.push_back(part);
        }
      }
    }
  }
  for (const std::string& url : rule.non_resource_urls) {
    for (const std::string& verb : rule.verbs) out.push_back({.verbs = {verb}, .non_resource_urls = {url}});
  }
  return out;
}

std::string Describe(const PolicyRule& rule) {
  Strings parts;
  const std::pair<const char*, const Strings*> members[] = {{"APIGroups", &rule.api_groups},
                                                            {"Resources", &rule.resources},
                                                            {"NonResourceURLs", &rule.non_resource_urls},
                                                            {"ResourceNames", &rule.resource_names},
                                                            {"Verbs", &rule.verbs}};
  for (const auto& [name, values] : members) {
    if (!values->empty()) parts.push_back(absl::StrCat(name, ":", QuoteList(*values)));
  }
  return absl::StrCat("{", absl::StrJoin(parts, ", "), "}");
}

}  // namespace

PolicyRule RuleOf(const Value& rule) {
  return {.verbs = StringsAt(rule, "verbs"),
          .api_groups = StringsAt(rule, "apiGroups"),
          .resources = StringsAt(rule, "resources"),
          .resource_names = StringsAt(rule, "resourceNames"),
          .non_resource_urls = StringsAt(rule, "nonResourceURLs")};
}

Value ValueOf(const PolicyRule& rule) {
  Value out = Value::MakeObject();
  const std::pair<const char*, const Strings*> members[] = {{"verbs", &rule.verbs},
                                                            {"apiGroups", &rule.api_groups},
                                                            {"resources", &rule.resources},
                                                            {"resourceNames", &rule.resource_names},
                                                            {"nonResourceURLs", &rule.non_resource_urls}};
  for (const auto& [name, values] : members) {
    if (values->empty() && absl::string_view(name) != "verbs") continue;
    out.Set(name, Value(Array(values->begin(), values->end())));
  }
  return out;
}

std::vector<PolicyRule> RulesOf(const Value& role) {
  std::vector<PolicyRule> out;
  for (const Value& rule : role.GetArray("rules")) out.push_back(RuleOf(rule));
  return out;
}

bool Allows(const PolicyRule& rule, const pipeline::RequestInfo& request) {
  if (!Has(rule.verbs, "*") && !Has(rule.verbs, request.verb)) return false;
  if (!request.is_resource_request) {
    return std::any_of(rule.non_resource_urls.begin(), rule.non_resource_urls.end(),
                       [&](const std::string& url) { return url == "*" || UrlCovers(url, request.path); });
  }
  if (!Has(rule.api_groups, "*") && !Has(rule.api_groups, request.group)) return false;
  if (!rule.resource_names.empty() && !Has(rule.resource_names, request.name)) return false;
  if (Has(rule.resources, "*")) return true;
  if (request.subresource.empty()) return Has(rule.resources, request.resource);
  return Has(rule.resources, absl::StrCat(request.resource, "/", request.subresource)) ||
         Has(rule.resources, absl::StrCat("*/", request.subresource));
}

bool Covers(absl::Span<const PolicyRule> owner, absl::Span<const PolicyRule> wanted, std::vector<PolicyRule>* missing) {
  bool all = true;
  for (const PolicyRule& rule : wanted) {
    for (PolicyRule& part : BreakDown(rule)) {
      if (std::any_of(owner.begin(), owner.end(), [&](const PolicyRule& o) { return RuleCovers(o, part); })) continue;
      all = false;
      if (missing != nullptr) missing->push_back(std::move(part));
    }
  }
  return all;
}

std::string DescribeMissing(const std::vector<PolicyRule>& missing) {
  std::map<std::tuple<std::string, std::string, Strings>, PolicyRule> by_resource;
  std::set<std::string> lines;
  for (const PolicyRule& rule : missing) {
    if (!rule.non_resource_urls.empty()) {
      lines.insert(Describe(rule));
      continue;
    }
    auto [it, fresh] = by_resource.try_emplace({rule.api_groups[0], rule.resources[0], rule.resource_names}, rule);
    if (!fresh) it->second.verbs.insert(it->second.verbs.end(), rule.verbs.begin(), rule.verbs.end());
  }
  for (const auto& [key, rule] : by_resource) lines.insert(Describe(rule));
  return absl::StrJoin(lines, "\n");
}

}  // namespace apiserver::auth
