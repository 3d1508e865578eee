#include "apiserver/flowcontrol/flow_config.h"

#include <algorithm>
#include <map>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace apiserver::flowcontrol {
namespace {

using apimachinery::Value;
using Strings = std::vector<std::string>;

Strings StringsAt(const Value& value, absl::string_view path) {
  Strings out;
  for (const Value& item : value.GetArray(path)) {
    if (item.is_string()) out.push_back(item.as_string());
  }
  return out;
}

bool HasOrAll(const Strings& list, absl::string_view wanted) {
  return std::any_of(list.begin(), list.end(), [&](const std::string& s) { return s == "*" || s == wanted; });
}

bool MatchesSubject(const FlowSchema::Subject& subject, const pipeline::UserInfo& user) {
  switch (subject.kind) {
    case FlowSchema::Subject::Kind::kUser:
      return subject.name == "*" || subject.name == user.name;
    case FlowSchema::Subject::Kind::kGroup:
      return HasOrAll(user.groups, subject.name) || (subject.name == "*" && !user.groups.empty());
    case FlowSchema::Subject::Kind::kServiceAccount: {
      absl::string_view name = user.name;
      if (!absl::ConsumePrefix(&name, "system:serviceaccount:") || !absl::ConsumePrefix(&name, subject.ns) ||
          !absl::ConsumePrefix(&name, ":")) {
        return false;
      }
      return subject.name == "*" || subject.name == name;
    }
  }
  return false;
}

bool MatchesResource(const FlowSchema::ResourceRule& rule, const pipeline::RequestInfo& request) {
  if (!HasOrAll(rule.verbs, request.verb) || !HasOrAll(rule.groups, request.group)) return false;
  const bool resource = request.subresource.empty()
                            ? HasOrAll(rule.resources, request.resource)
                            : HasOrAll(rule.resources, absl::StrCat(request.resource, "/", request.subresource));
  if (!resource) return false;
  return request.ns.empty() ? rule.cluster_scope : HasOrAll(rule.namespaces, request.ns);
}

bool MatchesPath(const FlowSchema::PathRule& rule, const pipeline::RequestInfo& request) {
  if (!HasOrAll(rule.verbs, request.verb)) return false;
  return std::any_of(rule.urls.begin(), rule.urls.end(), [&](absl::string_view url) {
    if (url == "*" || url == request.path) return true;
    return absl::ConsumeSuffix(&url, "*") && absl::StartsWith(request.path, url);
  });
}

FlowSchema::Rules ReadRules(const Value& value) {
  FlowSchema::Rules out;
  for (const Value& subject : value.GetArray("subjects")) {
    const std::string kind = subject.GetString("kind");
    if (kind == "User") out.subjects.push_back({FlowSchema::Subject::Kind::kUser, subject.GetString("user.name"), ""});
    if (kind == "Group") out.subjects.push_back({FlowSchema::Subject::Kind::kGroup, subject.GetString("group.name"), ""});
    if (kind == "ServiceAccount") {
      out.subjects.push_back({FlowSchema::Subject::Kind::kServiceAccount, subject.GetString("serviceAccount.name"),
                              subject.GetString("serviceAccount.namespace")});
    }
  }
  for (const Value& rule : value.GetArray("resourceRules")) {
    out.resources.push_back({StringsAt(rule, "verbs"), StringsAt(rule, "apiGroups"), StringsAt(rule, "resources"),
                             StringsAt(rule, "namespaces"), rule.GetBool("clusterScope")});
  }
  for (const Value& rule : value.GetArray("nonResourceRules")) {
    out.paths.push_back({StringsAt(rule, "verbs"), StringsAt(rule, "nonResourceURLs")});
  }
  return out;
}

PriorityLevel ReadLevel(const Value& object) {
  PriorityLevel level;
  level.name = object.GetString("metadata.name");
  level.uid = object.GetString("metadata.uid");
  level.exempt = object.GetString("spec.type") == "Exempt";
  const Value* spec = object.At(level.exempt ? "spec.exempt" : "spec.limited");
  if (spec == nullptr) return level;
  const auto number = [&](absl::string_view path, int fallback) { return static_cast<int>(spec->GetInt(path, fallback)); };
  level.shares = number("nominalConcurrencyShares", level.exempt ? 0 : 30);
  level.lendable_percent = number("lendablePercent", 0);
  level.borrowing_percent = number("borrowingLimitPercent", -1);
  if (spec->GetString("limitResponse.type") == "Queue") {
    level.queues = std::clamp(number("limitResponse.queuing.queues", 64), 1, 1 << 20);
    level.hand_size = std::clamp(number("limitResponse.queuing.handSize", 8), 1, level.queues);
    level.queue_length = std::max(number("limitResponse.queuing.queueLengthLimit", 50), 1);
  }
  return level;
}

}  // namespace

bool FlowSchema::Matches(const pipeline::UserInfo& user, const pipeline::RequestInfo& request) const {
  return std::any_of(rules.begin(), rules.end(), [&](const Rules& r) {
    const bool what = request.is_resource_request
                          ? std::any_of(r.resources.begin(), r.resources.end(),
                                        [&](const ResourceRule& rule) { return MatchesResource(rule, request); })
                          : std::any_of(r.paths.begin(), r.paths.end(),
                                        [&](const PathRule& rule) { return MatchesPath(rule, request); });
    return what && std::any_of(r.subjects.begin(), r.subjects.end(),
                               [&](const Subject& subject) { return MatchesSubject(subject, user); });
  });
}

const FlowSchema* FlowConfig::Classify(const pipeline::UserInfo& user, const pipeline::RequestInfo& request) const {
  for (const FlowSchema& schema : schemas) {
    if (schema.Matches(user, request)) return &schema;
  }
  return nullptr;
}

FlowConfig ReadFlowConfig(absl::Span<const pipeline::ObjectPtr> levels, absl::Span<const pipeline::ObjectPtr> schemas) {
  FlowConfig config;
  std::map<std::string, size_t> by_name;
  for (const auto& object : levels) {
    by_name[object->GetString("metadata.name")] = config.levels.size();
    config.levels.push_back(ReadLevel(*object));
  }
  for (const auto& object : schemas) {
    const auto level = by_name.find(object->GetString("spec.priorityLevelConfiguration.name"));
    if (level == by_name.end()) continue;
    FlowSchema schema;
    schema.name = object->GetString("metadata.name");
    schema.uid = object->GetString("metadata.uid");
    schema.level = level->second;
    schema.precedence = object->GetInt("spec.matchingPrecedence", 1000);
    const std::string method = object->GetString("spec.distinguisherMethod.type");
    if (method == "ByUser") schema.distinguisher = FlowSchema::Distinguisher::kUser;
    if (method == "ByNamespace") schema.distinguisher = FlowSchema::Distinguisher::kNamespace;
    for (const Value& rules : object->GetArray("spec.rules")) schema.rules.push_back(ReadRules(rules));
    config.schemas.push_back(std::move(schema));
  }
  std::sort(config.schemas.begin(), config.schemas.end(), [](const FlowSchema& a, const FlowSchema& b) {
    return std::tie(a.precedence, a.name) < std::tie(b.precedence, b.name);
  });
  return config;
}

std::string FlowOf(const FlowSchema& schema, const pipeline::UserInfo& user, const pipeline::RequestInfo& request) {
  switch (schema.distinguisher) {
    case FlowSchema::Distinguisher::kUser: return user.name;
    case FlowSchema::Distinguisher::kNamespace: return request.ns;
    case FlowSchema::Distinguisher::kNone: break;
  }
  return "";
}

}  // namespace apiserver::flowcontrol
