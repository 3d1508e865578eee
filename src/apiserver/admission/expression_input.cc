#include "apiserver/admission/expression_input.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace apiserver::admission {
namespace {

namespace cel = apimachinery::cel;
using cel::Val;

constexpr char kSpent[] =
    "validation failed due to running out of cost budget, no further validation rules will be run";

Val ViewOrNull(const Value* tree) { return tree == nullptr ? Val::Null() : Val::View(*tree); }

}  // namespace

cel::AuthorizationQuestion Oracle::RequestResource() const {
  cel::AuthorizationQuestion question;
  question.group = attributes_.info->group;
  question.resource = attributes_.info->resource;
  question.subresource = attributes_.info->subresource;
  question.ns = attributes_.info->ns;
  question.name = attributes_.name;
  return question;
}

cel::AuthorizationAnswer Oracle::Ask(const cel::AuthorizationQuestion& question) const {
  if (authorizer_ == nullptr) return {true, "", ""};
  pipeline::UserInfo user = *attributes_.user;
  if (!question.service_account_name.empty()) {
    user = {};
    user.name = absl::StrCat("system:serviceaccount:", question.service_account_namespace, ":", question.service_account_name);
    user.groups = {"system:serviceaccounts", absl::StrCat("system:serviceaccounts:", question.service_account_namespace),
                   "system:authenticated"};
  }
  pipeline::RequestInfo info;
  info.is_resource_request = question.resource_request;
  info.verb = question.verb;
  info.path = question.path;
  info.group = question.group;
  info.version = "*";
  info.resource = question.resource;
  info.subresource = question.subresource;
  info.ns = question.ns;
  info.name = question.name;
  info.field_selector = question.field_selector;
  info.label_selector = question.label_selector;
  const auth::Decision decision = authorizer_->Authorize({user, info});
  return {decision.allowed(), decision.reason, ""};
}

// `variables`: each member is computed when it is first looked at.
class ExpressionInput::Variables final : public cel::Map {
 public:
  explicit Variables(ExpressionInput* input) : input_(*input), values_(input->parts_.variables->size()) {}

  size_t size() const override { return values_.size(); }
  absl::string_view type_name() const override { return "kubernetes.variables"; }
  void ForEach(absl::FunctionRef<bool(const Val&)> visit) const override {
    for (const auto& variable : *input_.parts_.variables) {
      if (!visit(Val::StringView(variable->name))) return;
    }
  }

  bool Find(const Val& key, Val* value) const override {
    const auto& variables = *input_.parts_.variables;
    for (size_t i = 0; i < variables.size(); ++i) {
      if (!key.is(Val::Kind::kString) || variables[i]->name != key.text()) continue;
      if (values_[i] == nullptr) values_[i] = std::make_unique<Val>(Compute(*variables[i]));
      *value = *values_[i];
      return true;
    }
    return false;
  }

 private:
  Val Compute(const Variable& variable) const {
    const auto& program = variable.expression.program;
    if (!program.ok()) {
      return Val::Error(absl::StrCat("composited variable \"", variable.name, "\" fails to compile: ", program.status().message()));
    }
    const cel::Outcome out = program->Evaluate(
        [&](absl::string_view name, Val* value) { return input_.Resolve(name, value); }, cel::kPerCallLimit);
    input_.variables_cost_ += out.cost;
    if (out.ok()) return out.value;
    return Val::Error(absl::StrCat("composited variable \"", variable.name, "\" fails to evaluate: ", out.error));
  }

  ExpressionInput& input_;
  mutable std::vector<std::unique_ptr<Val>> values_;
};

ExpressionInput::ExpressionInput(const Parts& parts) : parts_(parts) {
  if (parts_.variables != nullptr) variables_ = std::make_shared<Variables>(this);
}
ExpressionInput::~ExpressionInput() = default;

bool ExpressionInput::Resolve(absl::string_view name, Val* value) {
  if (name == "object") *value = ViewOrNull(parts_.object);
  else if (name == "oldObject") *value = ViewOrNull(parts_.old_object);
  else if (name == "request") *value = ViewOrNull(parts_.request);
  else if (name == "namespaceObject") *value = ViewOrNull(parts_.namespace_object);
  else if (name == "params") *value = ViewOrNull(parts_.params);
  else if (name == "variables" && variables_ != nullptr) *value = Val::FromMap(variables_);
  else if (name == "authorizer" && parts_.oracle != nullptr) *value = cel::AuthorizerValue(*parts_.oracle);
  else if (name == "authorizer.requestResource" && parts_.oracle != nullptr)
    *value = cel::ResourceCheckValue(*parts_.oracle, parts_.oracle->RequestResource());
  else
    return false;
  return true;
}

absl::StatusOr<Val> ExpressionInput::Evaluate(const Expression& expression) {
  if (!expression.program.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("compilation error: ", expression.program.status().message()));
  }
  variables_cost_ = 0;
  const cel::Outcome out = expression.program->Evaluate(
      [&](absl::string_view name, Val* value) { return Resolve(name, value); }, cel::kPerCallLimit);
  const uint64_t cost = out.cost + variables_cost_;
  if (cost > budget_) return absl::ResourceExhaustedError(kSpent);
  budget_ -= cost;
  if (out.ok()) return out.value;
  return absl::InvalidArgumentError(absl::StrCat("expression '", expression.text, "' resulted in error: ", out.error));
}

absl::StatusOr<bool> AllHold(const std::vector<std::unique_ptr<Variable>>& conditions, ExpressionInput& input) {
  std::vector<std::string> errors;
  bool held = true;
  for (const auto& condition : conditions) {
    const absl::StatusOr<Val> value = input.Evaluate(condition->expression);
    if (absl::IsResourceExhausted(value.status())) return value.status();
    if (!value.ok()) {
      errors.emplace_back(value.status().message());
    } else if (value->is_false()) {
      held = false;
    }
  }
  if (!held) return false;
  if (errors.empty()) return true;
  return absl::InvalidArgumentError(errors.size() == 1 ? errors[0] : absl::StrCat("[", absl::StrJoin(errors, ", "), "]"));
}

}  // namespace apiserver::admission
