#include "apiserver/auth/reviews.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "apimachinery/time.h"

namespace apiserver::auth {
namespace {

using apimachinery::Array;
using apimachinery::Value;

Value Strings(const std::vector<std::string>& texts) { return Value(Array(texts.begin(), texts.end())); }

pipeline::RequestInfo RequestOf(const Value& spec) {
  pipeline::RequestInfo request;
  if (const Value* resource = spec.Find("resourceAttributes")) {
    request.is_resource_request = true;
    request.verb = resource->GetString("verb");
    request.group = resource->GetString("group");
    request.version = resource->GetString("version");
    request.resource = resource->GetString("resource");
    request.subresource = resource->GetString("subresource");
    request.ns = resource->GetString("namespace");
    request.name = resource->GetString("name");
    request.field_selector = resource->GetString("fieldSelector.rawSelector");
    request.label_selector = resource->GetString("labelSelector.rawSelector");
    for (const Value& term : resource->GetArray("fieldSelector.requirements")) {
      if (term.GetString("operator") != "In" || term.GetArray("values").size() != 1) continue;
      absl::StrAppend(&request.field_selector, request.field_selector.empty() ? "" : ",", term.GetString("key"), "=",
                      term.GetArray("values")[0].as_string());
    }
  } else if (const Value* path = spec.Find("nonResourceAttributes")) {
    request.path = path->GetString("path");
    request.verb = path->GetString("verb");
  }
  return request;
}

UserInfo UserOf(const Value& spec) {
  UserInfo user{.name = spec.GetString("user"), .uid = spec.GetString("uid")};
  for (const Value& group : spec.GetArray("groups")) user.groups.push_back(group.as_string());
  for (const auto& [key, values] : spec.GetObject("extra")) {
    for (const Value& value : values.is_array() ? values.array() : Array{}) {
      user.extra[absl::AsciiStrToLower(key)].push_back(value.as_string());
    }
  }
  return user;
}

Value UserValue(const UserInfo& user) {
  Value out = Value::MakeObject();
  if (!user.name.empty()) out.Set("username", user.name);
  if (!user.uid.empty()) out.Set("uid", user.uid);
  if (!user.groups.empty()) out.Set("groups", Strings(user.groups));
  for (const auto& [key, values] : user.extra) out["extra"].Set(key, Strings(values));
  return out;
}

Value Answer(const Value& review, const UserInfo& user, const pipeline::RequestInfo& request,
             const Authorizer& authorizer) {
  const Decision decision = authorizer.Authorize({user, request});
  Value status = Value::MakeObject();
  status.Set("allowed", decision.allowed());
  if (decision.kind == Decision::Kind::kDeny) status.Set("denied", true);
  if (!decision.reason.empty()) status.Set("reason", decision.reason);
  Value out = review;
  out.Set("status", std::move(status));
  return out;
}

}  // namespace

Value ReviewSubjectAccess(const Value& review, const Authorizer& authorizer) {
  static const Value none = Value::MakeObject();
  const Value* spec = review.Find("spec");
  return Answer(review, UserOf(spec ? *spec : none), RequestOf(spec ? *spec : none), authorizer);
}

Value ReviewSelfSubjectAccess(const Value& review, const UserInfo& user, const Authorizer& authorizer) {
  static const Value none = Value::MakeObject();
  const Value* spec = review.Find("spec");
  return Answer(review, user, RequestOf(spec ? *spec : none), authorizer);
}

Value ReviewLocalSubjectAccess(const Value& review, absl::string_view, const Authorizer& authorizer) {
  return ReviewSubjectAccess(review, authorizer);
}

Value ReviewSelfSubjectRules(const Value& review, const UserInfo& user, const Authorizer& authorizer) {
  std::vector<std::string> errors;
  Value resource_rules = Value::MakeArray(), path_rules = Value::MakeArray();
  for (const PolicyRule& rule : authorizer.RulesFor(user, review.GetString("spec.namespace"), &errors)) {
    if (!rule.resources.empty()) {
      PolicyRule only = rule;
      only.non_resource_urls.clear();
      resource_rules.Append(ValueOf(only));
    }
    if (!rule.non_resource_urls.empty()) {
      path_rules.Append(ValueOf({.verbs = rule.verbs, .non_resource_urls = rule.non_resource_urls}));
    }
  }
  Value status = Value::MakeObject();
  status.Set("resourceRules", std::move(resource_rules));
  status.Set("nonResourceRules", std::move(path_rules));
  std::string node;
  status.Set("incomplete", std::any_of(errors.begin(), errors.end(), [](const std::string& error) {
               return error.rfind("node authorizer", 0) == 0;
             }));
  if (!errors.empty()) status.Set("evaluationError", absl::StrJoin(errors, ", "));
  Value out = review;
  out.Set("spec", Value::MakeObject());  // upstream does not repeat the question
  out.Set("status", std::move(status));
  return out;
}

Value ReviewToken(const Value& review, const Authenticator& authenticator) {
  std::vector<std::string> audiences;
  for (const Value& audience : review.GetArray("spec.audiences")) audiences.push_back(audience.as_string());
  // What the status was sent with stays where the answer has nothing to say.
  const Value* sent = review.Find("status");
  Value status = sent != nullptr && sent->is_object() ? *sent : Value::MakeObject();
  status.Set("authenticated", false);
  absl::StatusOr<TokenAnswer> answer = authenticator.AuthenticateToken(review.GetString("spec.token"), audiences);
  if (answer.ok()) {
    auto& groups = answer->user.groups;
    if (std::find(groups.begin(), groups.end(), kAuthenticatedGroup) == groups.end()) {
      groups.push_back(kAuthenticatedGroup);
    }
    status.Set("authenticated", true);
    status.Set("user", UserValue(answer->user));
    status.Erase("audiences");
    if (!answer->audiences.empty()) status.Set("audiences", Strings(answer->audiences));
  } else {
    if (!status.Has("user")) status.Set("user", Value::MakeObject());
    if (!answer.status().message().empty()) status.Set("error", answer.status().message());
  }
  Value out = review;
  out.Set("status", std::move(status));
  return out;
}

Value ReviewSelfSubject(const Value& review, const UserInfo& user) {
  Value out = review;
  out["metadata"].Set("creationTimestamp", apimachinery::FormatTime(absl::Now()));
  Value status = Value::MakeObject();
  status.Set("userInfo", UserValue(user));
  out.Set("status", std::move(status));
  return out;
}

}  // namespace apiserver::auth
