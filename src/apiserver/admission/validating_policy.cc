#include "apiserver/admission/validating_policy.h"

#include "apimachinery/expressions/expressions.h"

namespace apiserver::admission {
namespace {

namespace cel = apimachinery::cel;
namespace expressions = apimachinery::expressions;
using expressions::Compile;
using expressions::Returns;

constexpr char kGroup[] = "admissionregistration.k8s.io";
const Value kNothing = Value::MakeObject();

const Value& Member(const Value& object, absl::string_view path) {
  const Value* found = object.At(path);
  return found != nullptr && found->is_object() ? *found : kNothing;
}

Expression Compiled(const Value& holder, absl::string_view member, const cel::Env& env, Returns returns) {
  std::string text = holder.GetString(member);
  auto program = Compile(text, env, returns);
  return Expression(std::move(text), std::move(program));
}

}  // namespace

ValidatingPolicy::ValidatingPolicy(const Value& object)
    : name(object.GetString("metadata.name")),
      version(object.GetString("metadata.resourceVersion")),
      fail_closed(object.GetString("spec.failurePolicy", "Fail") != "Ignore"),
      matcher(Member(object, "spec.matchConstraints"), "resourceRules", false) {
  if (const Value* kind = object.At("spec.paramKind")) {
    param_kind = std::make_unique<ParamKind>(ParamKind{kind->GetString("apiVersion"), kind->GetString("kind")});
  }
  const bool params = param_kind != nullptr;
  cel::Env env = expressions::AdmissionEnv(params, true), message_env = expressions::AdmissionEnv(params, false);
  std::map<std::string, cel::TypePtr> fields;
  expressions::DeclareVariables(&env, fields);
  for (const Value& variable : object.GetArray("spec.variables")) {
    std::string variable_name = variable.GetString("name");
    Expression expression = Compiled(variable, "expression", env, Returns::kAny);
    fields[variable_name] = expression.program.ok() ? expression.program->output_type() : cel::DynType();
    variables.push_back(std::make_unique<Variable>(Variable{std::move(variable_name), std::move(expression)}));
    expressions::DeclareVariables(&env, fields);
  }
  expressions::DeclareVariables(&message_env, fields);
  for (const Value& condition : object.GetArray("spec.matchConditions")) {
    match_conditions.push_back(std::make_unique<Variable>(
        Variable{condition.GetString("name"), Compiled(condition, "expression", env, Returns::kBool)}));
  }
  for (const Value& validation : object.GetArray("spec.validations")) {
    std::unique_ptr<Expression> message;
    if (!validation.GetString("messageExpression").empty()) {
      message = std::make_unique<Expression>(Compiled(validation, "messageExpression", message_env, Returns::kString));
    }
    validations.push_back(std::make_unique<Validation>(Compiled(validation, "expression", env, Returns::kBool),
                                                       validation.GetString("message"), validation.GetString("reason"),
                                                       std::move(message)));
  }
  for (const Value& annotation : object.GetArray("spec.auditAnnotations")) {
    audit_annotations.push_back(std::make_unique<AuditAnnotation>(
        AuditAnnotation{annotation.GetString("key"), Compiled(annotation, "valueExpression", env, Returns::kStringOrNull)}));
  }
}

PolicyBinding::PolicyBinding(pipeline::ObjectPtr from)
    : object(std::move(from)),
      name(object->GetString("metadata.name")),
      policy(object->GetString("spec.policyName")),
      matcher(Member(*object, "spec.matchResources"), "resourceRules", true),
      param_ref(object->At("spec.paramRef")) {
  for (const Value& action : object->GetArray("spec.validationActions")) {
    if (action.is_string()) actions.push_back(action.as_string());
  }
}

std::shared_ptr<const std::vector<BoundPolicy>> PolicyStore::Current() {
  const pipeline::GroupResource policies{kGroup, "validatingadmissionpolicies"};
  const pipeline::GroupResource bindings{kGroup, "validatingadmissionpolicybindings"};
  const uint64_t policies_now = reader_.Generation(policies), bindings_now = reader_.Generation(bindings);
  std::shared_ptr<const std::vector<BoundPolicy>> before;
  {
    const std::lock_guard lock(mu_);
    if (current_ != nullptr && policies_ == policies_now && bindings_ == bindings_now) return current_;
    before = current_;
  }
  auto fresh = std::make_shared<std::vector<BoundPolicy>>();
  std::map<std::string, std::vector<std::shared_ptr<const PolicyBinding>>> by_policy;
  for (pipeline::ObjectPtr& object : reader_.List(bindings, "")) {
    auto binding = std::make_shared<const PolicyBinding>(std::move(object));
    by_policy[binding->policy].push_back(binding);
  }
  for (const pipeline::ObjectPtr& object : reader_.List(policies, "")) {
    const std::string name = object->GetString("metadata.name");
    const auto bound = by_policy.find(name);
    if (bound == by_policy.end()) continue;
    std::shared_ptr<const ValidatingPolicy> policy;
    if (before != nullptr) {
      for (const BoundPolicy& old : *before) {
        if (old.policy->name == name && old.policy->version == object->GetString("metadata.resourceVersion")) policy = old.policy;
      }
    }
    if (policy == nullptr) policy = std::make_shared<const ValidatingPolicy>(*object);
    fresh->push_back({std::move(policy), bound->second});
  }
  const std::lock_guard lock(mu_);
  current_ = fresh;
  policies_ = policies_now;
  bindings_ = bindings_now;
  return current_;
}

}  // namespace apiserver::admission
