#include "apiserver/auth/reviews.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "apimachinery/fields.h"
#include "apimachinery/labels.h"
#include "apimachinery/time.h"

namespace apiserver::auth {
namespace {

using apimachinery::Array;
using apimachinery::Value;

Value Strings(const std::vector<std::string>& texts) { return Value(Array(texts.begin(), texts.end())); }

struct Question {
  pipeline::RequestInfo request;
  std::vector<std::string> problems;  // what was not understood, and counts as not asked
};

// What of the selector can be told: terms that want exactly one value, or exactly not. True: all of it.
bool TellFields(const Value& selector, std::string* out) {
  if (const std::string raw = selector.GetString("rawSelector"); !raw.empty()) {
    const bool parses = apimachinery::FieldSelector::Parse(raw).ok();
    if (parses) *out = raw;
    return parses;
  }
  bool all = true;
  for (const Value& term : selector.GetArray("requirements")) {
    const std::string op = term.GetString("operator");
    const Array& values = term.GetArray("values");
    if ((op != "In" && op != "NotIn") || values.size() != 1) {
      all = false;
      continue;
    }
    absl::StrAppend(out, out->empty() ? "" : ",", term.GetString("key"), op == "In" ? "=" : "!=", values[0].as_string());
  }
  return all;
}

bool TellLabels(const Value& selector, std::string* out) {
  if (const std::string raw = selector.GetString("rawSelector"); !raw.empty()) {
    const bool parses = apimachinery::LabelSelector::Parse(raw).ok();
    if (parses) *out = raw;
    return parses;
  }
  bool all = true;
  for (const Value& term : selector.GetArray("requirements")) {
    Value one = Value::MakeObject();
    one["matchExpressions"].Append(term);
    const auto parsed = apimachinery::LabelSelector::FromObject(&one);
    all = all && parsed.ok();
    if (parsed.ok()) absl::StrAppend(out, out->empty() ? "" : ",", parsed->ToString());
  }
  return all;
}

Question QuestionOf(const Value& spec) {
  Question question;
  pipeline::RequestInfo& request = question.request;
  if (const Value* resource = spec.Find("resourceAttributes")) {
    request.is_resource_request = true;
    request.verb = resource->GetString("verb");
    request.group = resource->GetString("group");
    request.version = resource->GetString("version");
    request.resource = resource->GetString("resource");
    request.subresource = resource->GetString("subresource");
    request.ns = resource->GetString("namespace");
    request.name = resource->GetString("name");
    if (const Value* fields = resource->Find("fieldSelector"); fields != nullptr && !TellFields(*fields, &request.field_selector)) {
      question.problems.push_back("spec.resourceAttributes.fieldSelector ignored due to parse error");
    }
    if (const Value* labels = resource->Find("labelSelector"); labels != nullptr && !TellLabels(*labels, &request.label_selector)) {
      question.problems.push_back("spec.resourceAttributes.labelSelector ignored due to parse error");
    }
  } else if (const Value* path = spec.Find("nonResourceAttributes")) {
    request.path = path->GetString("path");
    request.verb = path->GetString("verb");
  }
  return question;
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

Value Answer(const Value& review, const UserInfo& user, Question question, const Authorizer& authorizer) {
  const Decision decision = authorizer.Authorize({user, question.request});
  std::vector<std::string>& problems = question.problems;
  if (!decision.error.empty()) problems.insert(problems.begin(), decision.error);
  Value status = Value::MakeObject();
  status.Set("allowed", decision.allowed());
  if (decision.kind == Decision::Kind::kDeny) status.Set("denied", true);
  if (!decision.reason.empty()) status.Set("reason", decision.reason);
  if (problems.size() == 1) status.Set("evaluationError", problems[0]);
  if (problems.size() > 1) status.Set("evaluationError", absl::StrCat("[", absl::StrJoin(problems, ", "), "]"));
  Value out = review;
  out.Set("status", std::move(status));
  return out;
}

}  // namespace

Value ReviewSubjectAccess(const Value& review, const Authorizer& authorizer) {
  static const Value none = Value::MakeObject();
  const Value* spec = review.Find("spec");
  return Answer(review, UserOf(spec ? *spec : none), QuestionOf(spec ? *spec : none), authorizer);
}

Value ReviewSelfSubjectAccess(const Value& review, const UserInfo& user, const Authorizer& authorizer) {
  static const Value none = Value::MakeObject();
  const Value* spec = review.Find("spec");
  return Answer(review, user, QuestionOf(spec ? *spec : none), authorizer);
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
               return error.find(" authorizer does not support user rule resolution") != std::string::npos;
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
