#include "apimachinery/cel/cel.h"

#include <algorithm>
#include <unordered_set>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "apimachinery/cel/ast.h"
#include "apimachinery/cel/checker.h"
#include "apimachinery/cel/cost_estimate.h"
#include "apimachinery/cel/parser.h"
#include "apimachinery/cel/steps.h"
#include "base/metrics/metrics.h"
#include "base/status_macros.h"

namespace apimachinery::cel {
namespace {

struct CelMetrics {
  base::HistogramFamily compilation{"apiserver_cel_compilation_duration_seconds", "Time that expressions took to compile.", {},
                                    {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}};
  base::HistogramFamily evaluation{"apiserver_cel_evaluation_duration_seconds", "Time that expressions took to evaluate.", {},
                                   {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}};
};
struct CelTimings {
  base::Histogram &compilation, &evaluation;
};
// Made with the first expression: most programs never see one.
CelTimings& Timings() {
  static auto* const metrics = new CelMetrics;
  static auto* const timings =
      new CelTimings{metrics->compilation.With(base::Labels()), metrics->evaluation.With(base::Labels())};
  return *timings;
}

}  // namespace

void Env::Declare(const DeclTypePtr& type) {
  if (type == nullptr) return;
  if (type->shape == DeclType::Shape::kObject) {
    std::map<std::string, TypePtr>& fields = structs_[type->type->name()];
    for (const auto& [name, field] : type->fields) {
      fields[name] = field->type;
      Declare(field);
    }
  }
  Declare(type->element);
}

void Env::Struct(absl::string_view name, std::map<std::string, TypePtr> fields) {
  structs_[std::string(name)] = std::move(fields);
}

const TypePtr* Env::FindVariable(absl::string_view name) const {
  const auto found = variables_.find(std::string(name));
  return found == variables_.end() ? nullptr : &found->second;
}

const TypePtr* Env::FindField(absl::string_view type, absl::string_view field) const {
  const auto found = structs_.find(std::string(type));
  if (found == structs_.end()) return nullptr;
  auto member = found->second.find(std::string(field));
  // A field with the name of a reserved word may be mentioned as it is.
  if (std::string escaped; member == found->second.end() && EscapeProperty(field, &escaped) && escaped == absl::StrCat("__", field, "__")) {
    member = found->second.find(escaped);
  }
  return member == found->second.end() ? nullptr : &member->second;
}

struct Program::Impl {
  explicit Impl(absl::string_view text) : ast(text) {}

  Ast ast;
  Plan plan;
  std::unordered_set<std::string> mentioned;
};

Program::Program(std::unique_ptr<const Impl> impl) : impl_(std::move(impl)) {}
Program::Program(Program&&) noexcept = default;
Program& Program::operator=(Program&&) noexcept = default;
Program::~Program() = default;

const TypePtr& Program::output_type() const { return impl_->ast.types[impl_->ast.root->id]; }
bool Program::Mentions(absl::string_view name) const { return impl_->mentioned.count(std::string(name)) != 0; }
CostEstimate Program::EstimateCost(const DeclType* root) const { return cel::EstimateCost(impl_->ast, root); }

Outcome Program::Evaluate(const Bindings& bindings, uint64_t limit) const {
  return Evaluate(
      [&](absl::string_view name, Val* value) {
        for (const auto& [bound, what] : bindings) {
          if (bound != name) continue;
          *value = what;
          return true;
        }
        return false;
      },
      limit);
}

Outcome Program::Evaluate(Resolver resolver, uint64_t limit) const {
  const absl::Time began = absl::Now();
  const absl::Cleanup tell = [&] { Timings().evaluation.Observe(absl::ToDoubleSeconds(absl::Now() - began)); };
  Frame frame(resolver, limit, impl_->plan.slots);
  Outcome out;
  out.value = impl_->plan.root->Eval(frame);
  out.cost = frame.cost;
  if (!frame.crash.empty()) {
    out.error = frame.crash;
  } else if (frame.cancelled) {
    out.over_budget = true;
    out.error = kOverBudget;
  } else if (out.value.is_error()) {
    out.error = std::string(out.value.text());
    if (out.error.empty()) out.error = "evaluation failed";
  }
  return out;
}

absl::StatusOr<Program> Compile(absl::string_view expression, const Env& env, TypePtr* type) {
  const absl::Time began = absl::Now();
  const absl::Cleanup tell = [&] { Timings().compilation.Observe(absl::ToDoubleSeconds(absl::Now() - began)); };
  auto impl = std::make_unique<Program::Impl>(expression);
  impl->ast.bindings = env.bindings();
  Errors errors;
  const bool valid = Parse(&impl->ast, &errors) && Check(&impl->ast, env, &errors) && CheckLiterals(impl->ast, &errors);
  if (!valid) return absl::InvalidArgumentError(errors.ToString(impl->ast.source));
  if (type != nullptr) *type = impl->ast.types[impl->ast.root->id];
  ASSIGN_OR_RETURN(impl->plan, MakePlan(impl->ast));
  impl->mentioned.insert(impl->ast.idents.begin(), impl->ast.idents.end());
  for (const Expr& e : impl->ast.nodes) {
    if (e.kind == ExprKind::kCall) impl->mentioned.insert(e.name);
  }
  return Program(std::move(impl));
}

}  // namespace apimachinery::cel
