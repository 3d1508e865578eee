// ValidatingAdmissionPolicy: writes are refused, warned of or annotated as the cluster's policies say.
#include <algorithm>
#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "apimachinery/json.h"
#include "apimachinery/schema.h"
#include "apiserver/admission/admission_request.h"
#include "apiserver/admission/plugin.h"
#include "apiserver/admission/translated.h"
#include "apiserver/admission/validating_policy.h"
#include "base/metrics/metrics.h"
#include "base/status_macros.h"

namespace apiserver::admission {
namespace {

namespace cel = apimachinery::cel;

constexpr size_t kMaxMessage = 5 * 1024;
constexpr size_t kMaxAnnotation = 10 * 1024;

// One "no" (or failure to tell) of a policy.
struct Denial {
  std::string message, reason;
  int index = 0;  // of the expression
  absl::Duration took = absl::ZeroDuration();
  absl::string_view error = "invalid_error";  // how the metrics call it
};

struct PolicyMetrics {
  base::CounterFamily checks{"apiserver_validating_admission_policy_check_total", "Decisions of policies against a request.",
                             {"enforcement_action", "error_type", "policy", "policy_binding"}};
  base::HistogramFamily took{"apiserver_validating_admission_policy_check_duration_seconds",
                             "Time that such decisions took.", {"enforcement_action", "error_type", "policy", "policy_binding"},
                             {0.0000005, 0.001, 0.01, 0.1, 1}};
};

void TellDecision(absl::string_view action, const ValidatingPolicy& policy, const PolicyBinding& binding, const Denial& denial) {
  static auto* const metrics = new PolicyMetrics;
  const absl::string_view labels[] = {action, denial.error, policy.name, binding.name};
  metrics->checks.With(labels).Add();
  metrics->took.With(labels).Observe(absl::ToDoubleSeconds(denial.took));
}

int CodeOf(absl::string_view reason) {
  if (reason == "Forbidden") return 403;
  if (reason == "Unauthorized") return 401;
  if (reason == "RequestEntityTooLarge") return 413;
  return 422;
}

class ValidatingAdmissionPolicy final : public Plugin {
 public:
  explicit ValidatingAdmissionPolicy(const PluginSeams& seams)
      : Plugin("ValidatingAdmissionPolicy"), reader_(seams.reader), authorizer_(seams.authorizer),
        policies_(std::make_unique<PolicyStore>(seams.reader)) {}

  absl::Status Validate(const Attributes& a) const override {
    if (IsBeyondPolicies(a)) return absl::OkStatus();
    const auto policies = policies_->Current();
    if (policies->empty()) return absl::OkStatus();
    Preparations prepared;
    absl::Status refusal;
    for (const BoundPolicy& bound : *policies) {
      const ValidatingPolicy& policy = *bound.policy;
      pipeline::KindPtr as;
      const absl::StatusOr<bool> matches = policy.matcher.Matches(a, reader_, &as);
      if (!matches.ok()) {
        if (policy.fail_closed) {
          Refuse(a, policy, nullptr, {absl::StrCat("failed to configure policy: ", Text(matches.status())), ""}, &refusal);
        }
        continue;
      }
      if (!*matches) continue;
      const pipeline::KindPtr param_kind = policy.param_kind == nullptr ? nullptr : ParamKindOf(policy);
      if (policy.param_kind != nullptr && param_kind == nullptr) {
        if (policy.fail_closed) {
          Refuse(a, policy, nullptr,
                 {absl::StrCat("failed to configure policy: failed to find resource referenced by paramKind: '",
                               policy.param_kind->api_version, ", Kind=", policy.param_kind->kind, "'"), ""},
                 &refusal);
        }
        continue;
      }
      Collected collected;
      for (const auto& binding : bound.bindings) {
        RETURN_IF_ERROR(Bound(a, {policy, *binding, as, param_kind.get()}, &prepared, &collected, &refusal));
      }
      for (const auto& [key, values] : collected) Annotate(a, absl::StrCat(policy.name, "/", key), absl::StrJoin(values, ", "));
    }
    return refusal;
  }

 private:
  using Collected = std::map<std::string, std::vector<std::string>>;  // annotations of one policy, each value once

  struct Case {
    const ValidatingPolicy& policy;
    const PolicyBinding& binding;
    const pipeline::KindPtr& as;            // the version that the policy looks at; nullptr: the one asked for
    const apimachinery::Kind* param_kind;   // nullptr: no parameters
  };

  // What all policies see of the write; made when the first one matches.
  struct Prepared {
    Prepared(const Attributes& a, const auth::Authorizer* authorizer) : request(RequestValue(a)), oracle(a, authorizer) {
      const auto plain = [&](const Value* tree, Value* into) -> const Value* {
        if (tree == nullptr) return nullptr;
        *into = *tree;
        into->Set("kind", a.kind->kind);
        into->Set("apiVersion", a.kind->api_version);
        return into;
      };
      object = plain(a.object, &object_tree);
      old_object = plain(a.old, &old_tree);
    }

    Value request, object_tree, old_tree;
    const Value* object;
    const Value* old_object;
    Oracle oracle;
    pipeline::ObjectPtr ns;
  };
  struct Preparation {
    std::unique_ptr<Translated> seen;
    std::unique_ptr<Prepared> prepared;
  };
  using Preparations = std::map<const apimachinery::Kind*, Preparation>;  // by the version looked at

  static std::string Text(const absl::Status& status) { return apimachinery::ApiStatus::From(status).message; }

  pipeline::KindPtr ParamKindOf(const ValidatingPolicy& policy) const {
    const apimachinery::Kind* built_in =
        apimachinery::Schema::Builtin().FindKind(policy.param_kind->api_version, policy.param_kind->kind);
    if (built_in != nullptr) return pipeline::KindPtr(pipeline::KindPtr(), built_in);
    return reader_.FindKind(policy.param_kind->api_version, policy.param_kind->kind);
  }

  static void Refuse(const Attributes& a, const ValidatingPolicy& policy, const PolicyBinding* binding, const Denial& denial,
                     absl::Status* refusal) {
    if (!refusal->ok()) return;  // the first one speaks
    const std::string message =
        binding == nullptr
            ? absl::StrCat("ValidatingAdmissionPolicy '", policy.name, "' denied request: ", denial.message)
            : absl::StrCat("ValidatingAdmissionPolicy '", policy.name, "' with binding '", binding->name,
                           "' denied request: ", denial.message);
    apimachinery::ApiStatus status = apimachinery::ApiStatus::From(admission::Refuse(a, message));
    status.reason = denial.reason.empty() ? "Invalid" : denial.reason;
    status.code = CodeOf(status.reason);
    status.causes.push_back({"", message, ""});
    *refusal = status;
  }

  absl::Status Bound(const Attributes& a, const Case& c, Preparations* preparations, Collected* collected,
                     absl::Status* refusal) const {
    const ValidatingPolicy& policy = c.policy;
    const PolicyBinding& binding = c.binding;
    const auto misconfigured = [&](absl::string_view why) {
      if (policy.fail_closed) {
        Refuse(a, policy, &binding, {absl::StrCat("failed to configure binding: ", why), ""}, refusal);
      }
      return absl::OkStatus();
    };
    const absl::StatusOr<bool> matches = binding.matcher.Matches(a, reader_);
    if (!matches.ok()) return misconfigured(Text(matches.status()));
    if (!*matches) return absl::OkStatus();
    std::vector<pipeline::ObjectPtr> params;
    if (const std::string why = CollectParams(a, c, &params); !why.empty()) return misconfigured(why);
    if (params.empty()) return absl::OkStatus();
    Preparation& preparation = (*preparations)[c.as.get()];
    if (preparation.prepared == nullptr) {
      ASSIGN_OR_RETURN(preparation.seen, Translated::Make(a, c.as, reader_));
      preparation.prepared = std::make_unique<Prepared>(preparation.seen->attributes(), authorizer_);
      const bool is_namespace = a.kind->group.empty() && a.kind->kind == "Namespace";
      if (!a.info->ns.empty() && !is_namespace) {
        preparation.prepared->ns = Look(reader_, {"", "namespaces"}, "", a.info->ns);
        if (preparation.prepared->ns == nullptr) return apimachinery::NotFound("", "namespaces", a.info->ns);
      }
    }
    for (const pipeline::ObjectPtr& param : params) Judge(a, c, *preparation.prepared, param.get(), collected, refusal);
    return absl::OkStatus();
  }

  // A single nullptr when the policy goes without. Answers why there can be none.
  std::string CollectParams(const Attributes& a, const Case& c, std::vector<pipeline::ObjectPtr>* out) const {
    if (c.param_kind == nullptr || c.binding.param_ref == nullptr) {
      out->push_back(nullptr);
      return "";
    }
    const Value& ref = *c.binding.param_ref;
    const apimachinery::Kind& kind = *c.param_kind;
    const std::string ref_ns = ref.GetString("namespace"), name = ref.GetString("name");
    std::string ns;
    if (kind.namespaced) {
      ns = ref_ns.empty() ? a.info->ns : ref_ns;
      if (ns.empty()) return "cannot use namespaced paramRef in policy binding that matches cluster-scoped resources";
    } else if (!ref_ns.empty()) {
      return "paramRef.namespace must not be provided for a cluster-scoped `paramKind`";
    }
    const pipeline::GroupResource what{std::string(kind.group), std::string(kind.plural)};
    if (!name.empty()) {
      if (auto found = Look(reader_, what, ns, name)) out->push_back(std::move(found));
    } else if (const Value* wanted = ref.Find("selector")) {
      const auto selector = apimachinery::LabelSelector::FromObject(wanted);
      if (!selector.ok()) return std::string(selector.status().message());
      for (pipeline::ObjectPtr& object : reader_.List(what, ns)) {
        if (selector->Matches(object->At("metadata.labels"))) out->push_back(std::move(object));
      }
    } else {
      return "one of name or selector must be provided";
    }
    if (out->empty() && ref.GetString("parameterNotFoundAction") == "Deny") {
      return "no params found for policy binding with `Deny` parameterNotFoundAction";
    }
    return "";
  }

  void Judge(const Attributes& a, const Case& c, const Prepared& prepared, const Value* params, Collected* collected,
             absl::Status* refusal) const {
    const ValidatingPolicy& policy = c.policy;
    const PolicyBinding& binding = c.binding;
    Value typed_params;
    if (params != nullptr) {
      typed_params = *params;
      const pipeline::KindPtr stored = reader_.FindKind(params->GetString("apiVersion"), params->GetString("kind"));
      if (stored != nullptr && stored.get() != c.param_kind && c.param_kind->custom != nullptr) {
        if (const absl::Status converted = reader_.ConvertObject(*stored, *c.param_kind, typed_params); !converted.ok()) {
          if (policy.fail_closed) Refuse(a, policy, &binding, {Text(converted), ""}, refusal);
          return;
        }
      }
      typed_params.Set("kind", policy.param_kind->kind);
      typed_params.Set("apiVersion", policy.param_kind->api_version);
    }
    ExpressionInput::Parts parts;
    parts.object = prepared.object;
    parts.old_object = prepared.old_object;
    parts.request = &prepared.request;
    parts.params = params == nullptr ? nullptr : &typed_params;
    parts.variables = &policy.variables;
    parts.oracle = &prepared.oracle;
    if (!policy.match_conditions.empty()) {
      ExpressionInput conditions(parts);
      conditions.SetBudget(cel::kMatchConditionsBudget);
      const absl::StatusOr<bool> holds = AllHold(policy.match_conditions, conditions);
      if (!holds.ok()) {
        if (policy.fail_closed) Act(a, policy, binding, {std::string(holds.status().message()), ""}, refusal);
        return;
      }
      if (!*holds) return;
    }
    parts.namespace_object = prepared.ns.get();
    for (const Denial& denial : Validations(policy, parts)) Act(a, policy, binding, denial, refusal);
    Annotations(a, c, parts, collected, refusal);
  }

  static std::vector<Denial> Validations(const ValidatingPolicy& policy, const ExpressionInput::Parts& parts) {
    ExpressionInput input(parts);
    input.SetBudget(cel::kRuntimeBudget);
    std::vector<absl::StatusOr<cel::Val>> results;
    std::vector<absl::Duration> times;
    for (const auto& validation : policy.validations) {
      const absl::Time began = absl::Now();
      results.push_back(input.Evaluate(validation->expression));
      times.push_back(absl::Now() - began);
      if (absl::IsResourceExhausted(results.back().status())) {
        if (!policy.fail_closed) return {};
        return {{std::string(results.back().status().message()), "", 0, times.back(), "out_of_budget"}};
      }
    }
    std::vector<Denial> out;
    for (size_t i = 0; i < results.size(); ++i) {
      const Validation& validation = *policy.validations[i];
      if (!results[i].ok()) {
        if (policy.fail_closed) out.push_back({std::string(results[i].status().message()), "", static_cast<int>(i), times[i]});
      } else if (!results[i]->is_true()) {
        out.push_back({MessageOf(validation, input), validation.reason, static_cast<int>(i), times[i]});
      }
    }
    return out;
  }

  static std::string MessageOf(const Validation& validation, ExpressionInput& input) {
    if (validation.message_expression != nullptr) {
      const absl::StatusOr<cel::Val> value = input.Evaluate(*validation.message_expression);
      if (value.ok() && value->is(cel::Val::Kind::kString)) {
        const absl::string_view text = absl::StripAsciiWhitespace(value->text());
        if (!text.empty() && text.size() <= kMaxMessage && text.find('\n') == absl::string_view::npos) return std::string(text);
      }
    }
    const absl::string_view message = absl::StripAsciiWhitespace(validation.message);
    if (!message.empty()) return std::string(message);
    return absl::StrCat("failed expression: ", absl::StripAsciiWhitespace(validation.expression.text));
  }

  void Annotations(const Attributes& a, const Case& c, const ExpressionInput::Parts& parts, Collected* collected,
                   absl::Status* refusal) const {
    const ValidatingPolicy& policy = c.policy;
    if (policy.audit_annotations.empty()) return;
    ExpressionInput input(parts);
    input.SetBudget(cel::kRuntimeBudget);
    for (const auto& annotation : policy.audit_annotations) {
      const absl::StatusOr<cel::Val> value = input.Evaluate(annotation->value);
      if (absl::IsResourceExhausted(value.status())) {
        if (policy.fail_closed) Act(a, policy, c.binding, {std::string(value.status().message()), ""}, refusal);
        return;
      }
      if (!value.ok()) {
        if (policy.fail_closed) Refuse(a, policy, &c.binding, {std::string(value.status().message()), ""}, refusal);
        continue;
      }
      if (!value->is(cel::Val::Kind::kString)) continue;  // null: left out
      const std::string text(absl::StripAsciiWhitespace(value->text()).substr(0, kMaxAnnotation));
      if (text.empty()) continue;
      std::vector<std::string>& values = (*collected)[annotation->key];
      if (std::find(values.begin(), values.end(), text) == values.end()) values.push_back(text);
    }
  }

  // What the audit log says of a "no" that is only to be recorded.
  static void TellFailure(const Attributes& a, const PolicyBinding& binding, const Denial& denial) {
    if (a.audit == nullptr) return;
    Value failure = Value::MakeObject();
    failure.Set("message", denial.message);
    failure.Set("policy", binding.policy);
    failure.Set("binding", binding.name);
    failure.Set("expressionIndex", denial.index);
    for (const std::string& action : binding.actions) failure["validationActions"].Append(action);
    Value list = Value::MakeArray();
    list.Append(std::move(failure));
    Annotate(a, "validation.policy.admission.k8s.io/validation_failure", apimachinery::WriteJson(list));
  }

  static void Act(const Attributes& a, const ValidatingPolicy& policy, const PolicyBinding& binding, const Denial& denial,
                  absl::Status* refusal) {
    for (const std::string& action : binding.actions) {
      TellDecision(absl::AsciiStrToLower(action), policy, binding, denial);
      if (action == "Deny") {
        Refuse(a, policy, &binding, denial, refusal);
      } else if (action == "Audit") {
        TellFailure(a, binding, denial);
      } else if (action == "Warn") {
        AddWarning(a, absl::StrCat("Validation failed for ValidatingAdmissionPolicy '", policy.name,
                                           "' with binding '", binding.name, "': ", denial.message));
      }
    }
  }

  const pipeline::ObjectReader& reader_;
  const auth::Authorizer* authorizer_;
  const std::unique_ptr<PolicyStore> policies_;
};

}  // namespace

PluginPtr NewValidatingAdmissionPolicy(const PluginSeams& seams) { return std::make_unique<ValidatingAdmissionPolicy>(seams); }

}  // namespace apiserver::admission
