#include "controller-manager/admissionpolicy/type_check.h"

#include <algorithm>
#include <tuple>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "apimachinery/cel/authorizer.h"
#include "apimachinery/cel/cel.h"
#include "apimachinery/expressions/expressions.h"
#include "apimachinery/schema.h"

namespace controller_manager {
namespace {

namespace cel = apimachinery::cel;
using apimachinery::Kind;
using apimachinery::Schema;
using k8s::admissionregistration::v1::TypeChecking;

constexpr size_t kMostKinds = 10;  // of one rule

// Sorted, without those that stand for many; empty when a single one of them stands for all.
template <typename Names>
std::vector<std::string> Plain(const Names& names, absl::string_view wild, bool all_or_none) {
  std::vector<std::string> out;
  for (const std::string& name : names) {
    if (name.find_first_of(std::string(wild)) == std::string::npos) {
      out.push_back(name);
    } else if (all_or_none) {
      return {};
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

// The kinds a policy names by group, version and resource, in their order.
std::vector<const Kind*> KindsOf(const ValidatingAdmissionPolicy& policy) {
  std::vector<const Kind*> kinds;
  for (const auto& named : policy.spec().matchconstraints().resourcerules()) {
    const auto& rule = named.rulewithoperations().rule();
    size_t count = 0;
    for (const std::string& group : Plain(rule.apigroups(), "*", true)) {
      for (const std::string& version : Plain(rule.apiversions(), "*", true)) {
        for (const std::string& resource : Plain(rule.resources(), "*/", false)) {
          const Kind* kind = Schema::Builtin().FindResource(group, version, resource);
          if (kind == nullptr || kind->message == nullptr || count == kMostKinds) continue;
          ++count;
          if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) kinds.push_back(kind);
        }
      }
    }
    if (count == kMostKinds) break;
  }
  std::sort(kinds.begin(), kinds.end(), [](const Kind* a, const Kind* b) {
    return std::tie(a->group, a->version, a->kind) < std::tie(b->group, b->version, b->kind);
  });
  return kinds;
}

cel::DeclTypePtr TypeOf(const Kind& kind) { return cel::DeclTypeOf(*kind.message, kind.kind); }

// One kind's view of a policy: what its expressions may mention.
struct View {
  std::string title;  // "apps/v1, Kind=Deployment"
  cel::Env env;

  std::string Check(absl::string_view expression) const {
    const absl::Status status = cel::Compile(expression, env).status();
    return absl::IsInvalidArgument(status) ? absl::StrCat(title, ": ", status.message(), "\n") : "";
  }
};

View ViewOf(const ValidatingAdmissionPolicy& policy, const Kind& kind) {
  namespace expressions = apimachinery::expressions;
  const auto& wanted = policy.spec().paramkind();
  const Kind* params = policy.spec().has_paramkind() ? Schema::Builtin().FindKind(wanted.apiversion(), wanted.kind()) : nullptr;
  if (params != nullptr && params->message == nullptr) params = nullptr;
  View view{absl::StrCat(kind.group, "/", kind.version, ", Kind=", kind.kind), expressions::AdmissionEnv(params != nullptr, false)};
  view.env.Variable("authorizer", cel::AuthorizerType());  // upstream knows of no authorizer.requestResource here
  const cel::DeclTypePtr object = TypeOf(kind);
  view.env.Declare(object);
  view.env.Variable("object", object->type);
  view.env.Variable("oldObject", object->type);
  if (params != nullptr) {
    const cel::DeclTypePtr type = TypeOf(*params);
    view.env.Declare(type);
    view.env.Variable("params", type->type);
  }
  std::map<std::string, cel::TypePtr> variables;
  expressions::DeclareVariables(&view.env, variables);
  for (const auto& variable : policy.spec().variables()) {
    const auto program = cel::Compile(variable.expression(), view.env);
    variables[variable.name()] = program.ok() ? program->output_type() : cel::DynType();
    expressions::DeclareVariables(&view.env, variables);
  }
  return view;
}

}  // namespace

TypeChecking CheckTypes(const ValidatingAdmissionPolicy& policy) {
  TypeChecking out;
  std::vector<View> views;
  for (const Kind* kind : KindsOf(policy)) views.push_back(ViewOf(policy, *kind));
  const auto check = [&](int index, absl::string_view member, absl::string_view expression) {
    std::string text;
    for (const View& view : views) {
      const std::string warning = view.Check(expression);
      if (!warning.empty()) absl::StrAppend(&text, text.empty() ? "" : "\n", warning);
    }
    if (text.empty()) return;
    auto* warning = out.add_expressionwarnings();
    warning->set_fieldref(absl::StrCat("spec.validations[", index, "].", member));
    warning->set_warning(text);
  };
  for (int i = 0; i < policy.spec().validations_size(); ++i) {
    const auto& validation = policy.spec().validations(i);
    check(i, "expression", validation.expression());
    if (!validation.messageexpression().empty()) check(i, "messageExpression", validation.messageexpression());
  }
  return out;
}

}  // namespace controller_manager
