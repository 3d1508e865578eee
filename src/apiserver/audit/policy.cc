#include "apiserver/audit/policy.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace apiserver::audit {
namespace {

bool Names(const std::vector<std::string>& list, absl::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

bool PathMatches(absl::string_view path, absl::string_view pattern) {
  if (pattern == "*" || pattern == path) return true;
  return absl::ConsumeSuffix(&pattern, "*") && absl::StartsWith(path, pattern);
}

bool ResourceMatches(absl::string_view pattern, const pipeline::RequestInfo& request) {
  if (pattern == "*") return true;
  if (request.subresource.empty()) return pattern == request.resource || pattern == absl::StrCat(request.resource, "/*");
  if (pattern == absl::StrCat(request.resource, "/", request.subresource)) return true;
  if (absl::StartsWith(pattern, "*/") && pattern.substr(2) == request.subresource) return true;
  return pattern == absl::StrCat(request.resource, "/*");
}

bool MatchesResource(const Rule& rule, const pipeline::RequestInfo& request) {
  if (!request.is_resource_request) return false;
  if (!rule.namespaces.empty() && !Names(rule.namespaces, request.ns)) return false;
  if (rule.resources.empty()) return true;
  for (const GroupResources& of : rule.resources) {
    if (of.group != request.group) continue;
    if (of.resources.empty()) return true;
    if (!of.resource_names.empty() && !Names(of.resource_names, request.name)) continue;
    for (const std::string& pattern : of.resources) {
      if (ResourceMatches(pattern, request)) return true;
    }
  }
  return false;
}

bool Matches(const Rule& rule, const pipeline::UserInfo* user, const pipeline::RequestInfo& request) {
  if (!rule.users.empty() && (user == nullptr || !Names(rule.users, user->name))) return false;
  if (!rule.user_groups.empty()) {
    if (user == nullptr) return false;
    const auto counts = [&](const std::string& group) { return Names(rule.user_groups, group); };
    if (!std::any_of(user->groups.begin(), user->groups.end(), counts)) return false;
  }
  if (!rule.verbs.empty() && !Names(rule.verbs, request.verb)) return false;
  if (!rule.namespaces.empty() || !rule.resources.empty()) return MatchesResource(rule, request);
  if (rule.non_resource_urls.empty()) return true;
  if (request.is_resource_request) return false;
  const auto matches = [&](const std::string& pattern) { return PathMatches(request.path, pattern); };
  return std::any_of(rule.non_resource_urls.begin(), rule.non_resource_urls.end(), matches);
}

}  // namespace

Decision Policy::Decide(const pipeline::UserInfo* user, const pipeline::RequestInfo& request) const {
  for (const Rule& rule : rules) {
    if (Matches(rule, user, request)) return {rule.level, rule.omit_stages, rule.omit_managed_fields};
  }
  return {Level::kNone, omit_stages, omit_managed_fields};
}

}  // namespace apiserver::audit
