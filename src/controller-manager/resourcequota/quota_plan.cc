#include "controller-manager/resourcequota/quota_plan.h"

#include <algorithm>

namespace controller_manager {

namespace quota = apimachinery::quota;

QuotaPlan PlanQuota(const QuotaFacts& facts) {
  QuotaPlan plan;
  plan.hard = facts.spec_hard;
  for (const auto& [name, hard] : facts.spec_hard) {
    const auto counted = facts.counted.find(name);
    const auto present = facts.status_used.find(name);
    if (counted == facts.counted.end()) {  // nothing that we count: what is there stays
      if (present != facts.status_used.end()) plan.used.emplace(*present);
      continue;
    }
    apimachinery::Quantity used = counted->second;
    if (present != facts.status_used.end() && !facts.rested) {
      apimachinery::Quantity least = present->second;
      if (const auto gone = facts.gone.find(name); gone != facts.gone.end()) least.Sub(gone->second);
      if (used < least) {
        used = least;
        plan.recheck = true;
      }
    }
    plan.used.emplace(name, used);
  }
  plan.write = !quota::Equal(plan.hard, facts.status_hard) || !quota::Equal(plan.used, facts.status_used);
  return plan;
}

}  // namespace controller_manager
