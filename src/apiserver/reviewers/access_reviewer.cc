#include "apiserver/reviewers/access_reviewer.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "apimachinery/fields.h"
#include "apimachinery/json.h"
#include "apimachinery/labels.h"
#include "apiserver/reviewers/answer_memory.h"
#include "base/clock.h"
#include "base/log.h"

namespace apiserver::reviewers {
namespace {

using apimachinery::Value;
using auth::Decision;
namespace cel = apimachinery::cel;

constexpr size_t kRemembered = 8192;
constexpr size_t kLongestRemembered = 10000;  // characters that a user chooses; longer questions are always asked

Value Strings(const std::vector<std::string>& texts) {
  Value out = Value::MakeArray();
  for (const std::string& text : texts) out.Append(text);
  return out;
}

void SetUnlessEmpty(Value& out, absl::string_view name, const std::string& text) {
  if (!text.empty()) out.Set(name, text);
}

Value FieldRequirements(const std::string& selector) {
  Value out = Value::MakeArray();
  const auto parsed = apimachinery::FieldSelector::Parse(selector);
  if (!parsed.ok()) return out;
  for (const apimachinery::FieldTerm& term : parsed->terms()) {
    Value one = Value::MakeObject();
    one.Set("key", term.field);
    one.Set("operator", term.equal ? "In" : "NotIn");
    one["values"].Append(term.value);
    out.Append(std::move(one));
  }
  return out;
}

Value LabelRequirements(const std::string& selector) {
  using Op = apimachinery::LabelRequirement::Op;
  Value out = Value::MakeArray();
  const auto parsed = apimachinery::LabelSelector::Parse(selector);
  if (!parsed.ok()) return out;
  for (const apimachinery::LabelRequirement& requirement : parsed->requirements()) {
    const char* op = nullptr;
    switch (requirement.op) {
      case Op::kIn: case Op::kEquals: case Op::kDoubleEquals: op = "In"; break;
      case Op::kNotIn: case Op::kNotEquals: op = "NotIn"; break;
      case Op::kExists: op = "Exists"; break;
      case Op::kNotExists: op = "DoesNotExist"; break;
      case Op::kGreater: case Op::kLess: break;
    }
    if (op == nullptr) continue;  // broader than asked for, never narrower
    Value one = Value::MakeObject();
    one.Set("key", requirement.key);
    one.Set("operator", op);
    if (!requirement.values.empty()) one.Set("values", Strings(requirement.values));
    out.Append(std::move(one));
  }
  return out;
}

// As expressions see it: texts that are empty are there.
Value Complete(const Value& spec) {
  Value out = spec;
  for (const char* name : {"user", "uid"}) {
    if (!out.Has(name)) out.Set(name, "");
  }
  if (!out.Has("groups")) out.Set("groups", Value::MakeArray());
  if (!out.Has("extra")) out.Set("extra", Value::MakeObject());
  if (Value* resource = out.At("resourceAttributes")) {
    for (const char* name : {"namespace", "verb", "group", "version", "resource", "subresource", "name"}) {
      if (!resource->Has(name)) resource->Set(name, "");
    }
  }
  if (Value* path = out.At("nonResourceAttributes")) {
    for (const char* name : {"path", "verb"}) {
      if (!path->Has(name)) path->Set(name, "");
    }
  }
  return out;
}

class AccessReviewer final : public auth::ForeignMode {
 public:
  AccessReviewer(AccessOptions options, std::unique_ptr<ReviewClient> client, const base::Clock& clock)
      : options_(std::move(options)), client_(std::move(client)), clock_(clock), memory_(kRemembered) {}

  Decision Authorize(const auth::Attributes& attributes) const override {
    const Value spec = SpecOf(attributes);
    const absl::StatusOr<bool> matches = Matches(spec);
    if (!matches.ok()) return Failed(std::string(matches.status().message()));
    if (!*matches) return {};
    std::string question = apimachinery::WriteJson(spec);
    const absl::Time now = clock_.Now();
    std::optional<Value> status = memory_.Find(question, now);
    if (!status.has_value()) {
      absl::StatusOr<Value> answer = client_->Ask(Review(spec));
      if (!answer.ok()) {
        base::LogError("authorization webhook failed error=", answer.status().message());
        return Failed(std::string(answer.status().message()));
      }
      const Value* found = answer->Find("status");
      status = found != nullptr && found->is_object() ? *found : Value::MakeObject();
      const absl::Duration ttl = status->GetBool("allowed") ? options_.allowed_ttl : options_.refused_ttl;
      if (ttl > absl::ZeroDuration() && question.size() < kLongestRemembered) {
        memory_.Keep(std::move(question), *status, clock_.Now() + ttl, now);
      }
    }
    Decision decision;
    decision.reason = status->GetString("reason");
    const bool allowed = status->GetBool("allowed"), denied = status->GetBool("denied");
    if (denied) {
      decision.kind = Decision::Kind::kDeny;
      if (allowed) decision.error = "webhook subject access review returned both allow and deny response";
    } else if (allowed) {
      decision.kind = Decision::Kind::kAllow;
    }
    return decision;
  }

 private:
  Decision Failed(std::string error) const {
    return {options_.deny_on_failure ? Decision::Kind::kDeny : Decision::Kind::kNoOpinion, "", std::move(error)};
  }

  absl::StatusOr<bool> Matches(const Value& spec) const {
    if (options_.conditions.empty()) return true;
    const Value request = Complete(spec);
    std::vector<std::string> errors;
    for (const MatchCondition& condition : options_.conditions) {
      const cel::Outcome out = condition.program->Evaluate({{"request", cel::Val::View(request)}}, cel::kMatchConditionsBudget);
      if (!out.ok()) {
        errors.push_back(absl::StrCat("cel evaluation error: expression '", condition.text, "' resulted in error: ", out.error));
      } else if (!out.value.is_true()) {
        return false;
      }
    }
    if (errors.empty()) return true;
    return absl::InvalidArgumentError(errors.size() == 1 ? errors[0] : absl::StrCat("[", absl::StrJoin(errors, ", "), "]"));
  }

  Value Review(const Value& spec) const {
    Value review = Value::MakeObject();
    review.Set("kind", "SubjectAccessReview");
    review.Set("apiVersion", absl::StrCat("authorization.k8s.io/", options_.version));
    review["metadata"] = Value::MakeObject();
    review.Set("spec", spec);
    if (options_.version == "v1beta1") {  // there groups have another name
      if (const Value* groups = spec.Find("groups")) review["spec"].Set("group", *groups);
      review["spec"].Erase("groups");
    }
    Value& status = review["status"];
    status = Value::MakeObject();
    status.Set("allowed", false);
    return review;
  }

  const AccessOptions options_;
  const std::unique_ptr<ReviewClient> client_;
  const base::Clock& clock_;
  mutable AnswerMemory memory_;
};

}  // namespace

const cel::Env& MatchEnv() {
  static const auto& env = *new cel::Env([] {
    const cel::TypePtr text = cel::StringType();
    cel::Env made;
    std::map<std::string, cel::TypePtr> requirement = {{"key", text}, {"operator", text}, {"values", cel::ListType(text)}};
    made.Struct("kubernetes.FieldSelectorRequirement", requirement);
    made.Struct("kubernetes.LabelSelectorRequirement", requirement);
    for (const char* kind : {"Field", "Label"}) {
      made.Struct(absl::StrCat("kubernetes.", kind, "SelectorAttributes"),
                  {{"rawSelector", text},
                   {"requirements", cel::ListType(cel::StructType(absl::StrCat("kubernetes.", kind, "SelectorRequirement")))}});
    }
    std::map<std::string, cel::TypePtr> resource = {{"fieldSelector", cel::StructType("kubernetes.FieldSelectorAttributes")},
                                                    {"labelSelector", cel::StructType("kubernetes.LabelSelectorAttributes")}};
    for (const char* name : {"namespace", "verb", "group", "version", "resource", "subresource", "name"}) resource[name] = text;
    made.Struct("kubernetes.ResourceAttributes", std::move(resource));
    made.Struct("kubernetes.NonResourceAttributes", {{"path", text}, {"verb", text}});
    made.Struct("kubernetes.SubjectAccessReviewSpec",
                {{"resourceAttributes", cel::StructType("kubernetes.ResourceAttributes")},
                 {"nonResourceAttributes", cel::StructType("kubernetes.NonResourceAttributes")},
                 {"user", text},
                 {"uid", text},
                 {"groups", cel::ListType(text)},
                 {"extra", cel::MapType(text, cel::ListType(text))}});
    made.Variable("request", cel::StructType("kubernetes.SubjectAccessReviewSpec"));
    return made;
  }());
  return env;
}

Value SpecOf(const auth::Attributes& attributes) {
  const pipeline::RequestInfo& request = attributes.request;
  Value spec = Value::MakeObject();
  if (request.is_resource_request) {
    Value& resource = spec["resourceAttributes"];
    resource = Value::MakeObject();
    SetUnlessEmpty(resource, "namespace", request.ns);
    SetUnlessEmpty(resource, "verb", request.verb);
    SetUnlessEmpty(resource, "group", request.group);
    SetUnlessEmpty(resource, "version", request.version);
    SetUnlessEmpty(resource, "resource", request.resource);
    SetUnlessEmpty(resource, "subresource", request.subresource);
    SetUnlessEmpty(resource, "name", request.name);
    if (Value fields = FieldRequirements(request.field_selector); !fields.array().empty()) resource["fieldSelector"].Set("requirements", std::move(fields));
    if (Value labels = LabelRequirements(request.label_selector); !labels.array().empty()) resource["labelSelector"].Set("requirements", std::move(labels));
  } else {
    Value& path = spec["nonResourceAttributes"];
    path = Value::MakeObject();
    SetUnlessEmpty(path, "path", request.path);
    SetUnlessEmpty(path, "verb", request.verb);
  }
  SetUnlessEmpty(spec, "user", attributes.user.name);
  if (!attributes.user.groups.empty()) spec.Set("groups", Strings(attributes.user.groups));
  for (const auto& [key, values] : attributes.user.extra) spec["extra"].Set(key, Strings(values));
  SetUnlessEmpty(spec, "uid", attributes.user.uid);
  return spec;
}

std::shared_ptr<const auth::ForeignMode> NewAccessReviewer(AccessOptions options, std::unique_ptr<ReviewClient> client, const base::Clock& clock) {
  return std::make_shared<AccessReviewer>(std::move(options), std::move(client), clock);
}

}  // namespace apiserver::reviewers
