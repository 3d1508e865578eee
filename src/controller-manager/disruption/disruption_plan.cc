#include "controller-manager/disruption/disruption_plan.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/numbers.h"
#include "absl/strings/strip.h"
#include "controller-manager/framework/metadata.h"

namespace controller_manager {
namespace {

constexpr absl::Duration kEvictionTimeout = absl::Minutes(2);

// A number, or a share of `total` rounded up.
int Resolve(const k8s::intstr::IntOrString& value, int total) {
  if (value.type() == 0) return value.intval();
  int percent = 0;
  if (!absl::SimpleAtoi(absl::StripSuffix(value.strval(), "%"), &percent)) return 0;
  return static_cast<int>(std::ceil(static_cast<double>(percent) * total / 100));
}

void SetCondition(PodDisruptionBudgetStatus& status, int64_t generation, const std::string& state,
                  const std::string& reason, const std::string& message, absl::Time now) {
  auto& conditions = *status.mutable_conditions();
  auto found = std::find_if(conditions.begin(), conditions.end(),
                            [](const auto& c) { return c.type() == "DisruptionAllowed"; });
  auto& condition = found == conditions.end() ? *status.add_conditions() : *found;
  if (condition.type().empty() || condition.status() != state) SetTime(now, condition.mutable_lasttransitiontime());
  condition.set_type("DisruptionAllowed");
  condition.set_status(state);
  condition.set_reason(reason);
  condition.set_message(message);
  condition.set_observedgeneration(generation);
}

}  // namespace

bool NeedsScales(const PodDisruptionBudget& budget) {
  return budget.spec().has_maxunavailable() || (budget.spec().has_minavailable() && budget.spec().minavailable().type() == 1);
}

ExpectedPods CountExpected(const PodDisruptionBudget& budget, int pods, const std::map<std::string, int>& scales) {
  ExpectedPods out;
  for (const auto& [uid, scale] : scales) out.expected += scale;
  if (budget.spec().has_maxunavailable()) {
    out.desired_healthy = std::max(0, out.expected - Resolve(budget.spec().maxunavailable(), out.expected));
  } else if (budget.spec().has_minavailable()) {
    if (budget.spec().minavailable().type() == 0) out.expected = pods;
    out.desired_healthy = Resolve(budget.spec().minavailable(), out.expected);
  }
  return out;
}

DisruptionPlan PlanDisruption(const PodDisruptionBudget& budget, const std::vector<PodPtr>& pods,
                              const ExpectedPods& expected, absl::Time now) {
  DisruptionPlan plan;
  PodDisruptionBudgetStatus& status = plan.status;
  status = budget.status();
  status.clear_disruptedpods();
  int healthy = 0;
  for (const PodPtr& pod : pods) {
    if (IsDeleting(pod->metadata())) continue;
    const auto noted = budget.status().disruptedpods().find(pod->metadata().name());
    if (noted != budget.status().disruptedpods().end()) {
      const absl::Time until = ToTime(noted->second) + kEvictionTimeout;
      if (until >= now) {
        (*status.mutable_disruptedpods())[noted->first] = noted->second;
        plan.recheck_in = std::min(plan.recheck_in.value_or(kEvictionTimeout), until - now);
        continue;
      }
      plan.not_deleted.push_back(pod);
    }
    if (IsReady(*pod)) ++healthy;
  }
  const int allowed = expected.expected <= 0 ? 0 : std::max(0, healthy - expected.desired_healthy);
  status.set_currenthealthy(healthy);
  status.set_desiredhealthy(expected.desired_healthy);
  status.set_expectedpods(expected.expected);
  status.set_disruptionsallowed(allowed);
  status.set_observedgeneration(budget.metadata().generation());
  SetCondition(status, budget.metadata().generation(), allowed > 0 ? "True" : "False",
               allowed > 0 ? "SufficientPods" : "InsufficientPods", "", now);
  plan.changed = status.SerializePartialAsString() != budget.status().SerializePartialAsString();
  return plan;
}

DisruptionPlan PlanFailSafe(const PodDisruptionBudget& budget, const std::string& why, absl::Time now) {
  DisruptionPlan plan;
  plan.status = budget.status();
  plan.status.set_disruptionsallowed(0);
  plan.status.set_observedgeneration(budget.metadata().generation());
  SetCondition(plan.status, budget.metadata().generation(), "False", "SyncFailed", why, now);
  plan.changed = plan.status.SerializePartialAsString() != budget.status().SerializePartialAsString();
  return plan;
}

}  // namespace controller_manager
