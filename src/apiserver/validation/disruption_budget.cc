// PodDisruptionBudget.
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "apiserver/validation/go_json.h"
#include "apiserver/validation/kinds.h"

namespace apiserver::validation {
namespace {

void Amount(FieldErrors& e, const Path& p, const Value* amount) {
  if (amount == nullptr) return;
  if (amount->is_string()) {
    const Problems problems = apimachinery::IsValidPercent(amount->as_string());
    Named(e, p, amount->as_string(), problems);
    int n = 0;
    if (problems.empty() && absl::SimpleAtoi(amount->as_string().substr(0, amount->as_string().size() - 1), &n) &&
        n > 100) {
      e.Invalid(p, *amount, "must not be greater than 100%");
    }
  } else if (amount->is_int() && amount->as_int() < 0) {
    e.Invalid(p, *amount, kNegative);
  }
}

void BudgetSpec(FieldErrors& e, const Value& budget) {
  const Path p("spec");
  const Value& spec = Sub(budget, "spec");
  if (spec.Has("minAvailable") && spec.Has("maxUnavailable")) {
    InvalidAs(e, p, "policy.PodDisruptionBudgetSpec", &spec, "minAvailable and maxUnavailable cannot be both set");
  }
  Amount(e, p / "minAvailable", spec.Find("minAvailable"));
  Amount(e, p / "maxUnavailable", spec.Find("maxUnavailable"));
  LabelSelectorObject(e, p / "selector", spec.Find("selector"));
  if (spec.Has("unhealthyPodEvictionPolicy")) {
    OneOf(e, p / "unhealthyPodEvictionPolicy", Text(spec, "unhealthyPodEvictionPolicy"),
          {"AlwaysAllow", "IfHealthyBudget"});
  }
}

void BudgetCreate(FieldErrors& e, const Value& budget) { BudgetSpec(e, budget); }  // metadata: the server's own checks alone
void BudgetUpdate(FieldErrors& e, const Value& budget, const Value&) {
  BudgetSpec(e, budget);
}
void BudgetStatus(FieldErrors& e, const Value& budget, const Value&) {
  const Path p("status");
  const Value& status = Sub(budget, "status");
  Conditions(e, p / "conditions", Items(status, "conditions"));
  for (const char* key : {"disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"}) {
    NonNegative(e, p, status, key);
  }
}

}  // namespace

absl::Span<const KindRules> DisruptionKinds() {
  static constexpr KindRules kRules[] = {
      {"policy", "PodDisruptionBudget", BudgetCreate, BudgetUpdate, BudgetStatus},
  };
  return kRules;
}

}  // namespace apiserver::validation
