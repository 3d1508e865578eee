#include "scheduler/framework/preemption.h"

#include <algorithm>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace scheduler {
namespace {

constexpr char kNoVictims[] = "No preemption victims found for incoming pod";
constexpr char kNotHelpful[] = "Preemption is not helpful for scheduling";
constexpr size_t kMaxCandidates = 100;

bool MoreImportant(const PodPtr& a, const PodPtr& b) {
  return a->priority != b->priority ? a->priority > b->priority : a->started < b->started;
}

// The fewest, least important pods to take from `node`; empty with `why` set when it would not help.
std::vector<PodPtr> Victims(const PodInfo& pod, const NodeInfo& node, const std::vector<FilterFn>& filters,
                            std::vector<std::string>& why) {
  NodeInfo trial = node;
  std::vector<PodPtr> lower;
  for (const PodPtr& other : node.pods) {
    if (other->priority < pod.priority) lower.push_back(other);
  }
  if (lower.empty()) {
    why = {kNoVictims};
    return {};
  }
  for (const PodPtr& other : lower) trial.Remove(other->uid);
  if (Verdict verdict = FitsNode(filters, trial); !verdict.fits()) {
    why = verdict.reasons();
    return {};
  }
  std::sort(lower.begin(), lower.end(), MoreImportant);
  std::vector<PodPtr> victims;
  for (const PodPtr& other : lower) {
    trial.Add(other);
    if (FitsNode(filters, trial).fits()) continue;
    trial.Remove(other->uid);
    victims.push_back(other);
  }
  return victims;
}

// Smaller is the smaller loss.
auto Loss(const std::vector<PodPtr>& victims) {
  int64_t sum = 0;
  for (const PodPtr& pod : victims) sum += int64_t{pod->priority} + (int64_t{1} << 31);
  return std::make_tuple(victims[0]->priority, sum, victims.size(), -absl::ToUnixNanos(victims[0]->started));
}

}  // namespace

PreemptionPlan PlanPreemption(const Profile& profile, const PodInfo& pod, const Snapshot& snapshot,
                              const Decision& decision) {
  PreemptionPlan plan;
  if (!pod.preempts) {
    plan.message = "not eligible due to preemptionPolicy=Never.";
    return plan;
  }
  if (const NodeInfo* nominated = pod.nominated_node.empty() ? nullptr : snapshot.Find(pod.nominated_node)) {
    for (const PodPtr& other : nominated->pods) {
      if (other->terminating && other->priority < pod.priority) {  // its place is being made already
        plan.message = "not eligible due to a terminating pod on the nominated node.";
        return plan;
      }
    }
  }
  const std::vector<FilterFn> filters = PrepareFilters(profile, pod, snapshot);
  std::map<std::string, int> reasons;
  if (decision.hopeless_nodes > 0) reasons[kNotHelpful] = decision.hopeless_nodes;
  size_t candidates = 0;
  for (const std::string& name : decision.maybe_by_preemption) {
    const NodeInfo* node = snapshot.Find(name);
    if (node == nullptr || candidates >= kMaxCandidates) continue;
    std::vector<std::string> why;
    std::vector<PodPtr> victims = Victims(pod, *node, filters, why);
    for (const std::string& reason : why) ++reasons[reason];
    if (victims.empty()) continue;
    ++candidates;
    if (plan.victims.empty() || Loss(victims) < Loss(plan.victims)) {
      plan.node = name;
      plan.victims = std::move(victims);
    }
  }
  if (!plan.node.empty()) return plan;
  Decision shown;
  shown.total_nodes = decision.total_nodes;
  shown.reasons = std::move(reasons);
  plan.message = shown.Message();
  return plan;
}

}  // namespace scheduler
