// PodTopologySpread: keeps matching pods evenly over zones, hosts, ...
//
// Counts are taken from the snapshot; a node that differs from it (preemption tries) is counted by the difference of
// its own pods.
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "scheduler/plugins/plugins.h"

namespace scheduler {
namespace {

constexpr char kMismatch[] = "node(s) didn't match pod topology spread constraints";
constexpr char kMissingLabel[] = "node(s) didn't match pod topology spread constraints (missing required label)";

const std::string* LabelOf(const NodeSpec& node, const std::string& key) {
  const auto found = node.labels.find(key);
  return found == node.labels.end() ? nullptr : &found->second;
}

int CountMatching(const NodeInfo& node, const SpreadConstraint& constraint, const std::string& ns) {
  if (constraint.selector.empty()) return 0;
  int count = 0;
  for (const PodPtr& pod : node.pods) {
    if (!pod->terminating && pod->ns == ns && constraint.selector.Matches(pod->labels)) ++count;
  }
  return count;
}

// Whether the node's pods count for this constraint.
bool Counts(const PodInfo& pod, const NodeInfo& node, const SpreadConstraint& constraint) {
  if (constraint.honor_node_affinity && !MatchesNodeAffinity(pod, *node.spec)) return false;
  return !constraint.honor_node_taints || FindUntolerated(pod, *node.spec) == nullptr;
}

bool HasAllLabels(const NodeSpec& node, const std::vector<const SpreadConstraint*>& constraints) {
  return std::all_of(constraints.begin(), constraints.end(),
                     [&](const SpreadConstraint* c) { return LabelOf(node, c->topology_key) != nullptr; });
}

std::vector<const SpreadConstraint*> Select(const PodInfo& pod, bool hard) {
  std::vector<const SpreadConstraint*> out;
  for (const SpreadConstraint& constraint : pod.spread) {
    if (constraint.hard == hard) out.push_back(&constraint);
  }
  return out;
}

struct Tally {
  const SpreadConstraint* constraint;
  std::map<std::string, int> pods;  // by topology value
  int least = 0;
  bool self = false;  // the pod itself matches
};

class SpreadFilter final : public FilterPlugin {
 public:
  const char* name() const override { return "PodTopologySpread"; }
  FilterFn Prepare(const PodInfo& pod, const Snapshot& snapshot) const override {
    const std::vector<const SpreadConstraint*> hard = Select(pod, true);
    if (hard.empty()) return nullptr;
    std::vector<Tally> tallies;
    for (const SpreadConstraint* constraint : hard) tallies.push_back({constraint, {}, 0, false});
    for (const NodePtr& node : snapshot.nodes) {
      if (!HasAllLabels(*node->spec, hard)) continue;
      for (Tally& tally : tallies) {
        if (!Counts(pod, *node, *tally.constraint)) continue;
        tally.pods[*LabelOf(*node->spec, tally.constraint->topology_key)] +=
            CountMatching(*node, *tally.constraint, pod.ns);
      }
    }
    for (Tally& tally : tallies) {
      tally.least = std::numeric_limits<int>::max();
      for (const auto& [value, count] : tally.pods) tally.least = std::min(tally.least, count);
      // Fewer domains than wanted: the missing ones count as empty.
      if (static_cast<int>(tally.pods.size()) < tally.constraint->min_domains || tally.pods.empty()) tally.least = 0;
      tally.self = tally.constraint->selector.Matches(pod.labels);
    }
    return [&pod, &snapshot, tallies = std::move(tallies)](const NodeInfo& node) {
      Verdict verdict;
      const NodeInfo* known = snapshot.Find(node.spec->name);
      for (const Tally& tally : tallies) {
        const std::string* value = LabelOf(*node.spec, tally.constraint->topology_key);
        if (value == nullptr) {
          verdict.RejectForGood(kMissingLabel);
          return verdict;
        }
        const auto found = tally.pods.find(*value);
        int here = found == tally.pods.end() ? 0 : found->second;
        if (known != nullptr && known != &node) {
          here += CountMatching(node, *tally.constraint, pod.ns) - CountMatching(*known, *tally.constraint, pod.ns);
        }
        if (here + (tally.self ? 1 : 0) - std::min(tally.least, here) > tally.constraint->max_skew) {
          verdict.Reject(kMismatch);
          return verdict;
        }
      }
      return verdict;
    };
  }
};

class SpreadScore final : public ScorePlugin {
 public:
  const char* name() const override { return "PodTopologySpread"; }
  int weight() const override { return 2; }
  void Score(const PodInfo& pod, const Snapshot& snapshot, absl::Span<const NodePtr> nodes,
             absl::Span<int64_t> scores) const override {
    const std::vector<const SpreadConstraint*> soft = Select(pod, false);
    if (soft.empty()) return;
    std::vector<std::map<std::string, int>> pods(soft.size());
    for (const NodePtr& node : nodes) {
      if (!HasAllLabels(*node->spec, soft)) continue;
      for (size_t c = 0; c < soft.size(); ++c) pods[c][*LabelOf(*node->spec, soft[c]->topology_key)];
    }
    for (const NodePtr& node : snapshot.nodes) {
      if (!HasAllLabels(*node->spec, soft)) continue;
      for (size_t c = 0; c < soft.size(); ++c) {
        const auto domain = pods[c].find(*LabelOf(*node->spec, soft[c]->topology_key));
        if (domain != pods[c].end() && Counts(pod, *node, *soft[c])) {
          domain->second += CountMatching(*node, *soft[c], pod.ns);
        }
      }
    }
    std::vector<double> raw(nodes.size(), -1);  // -1: lacks a label, gets nothing
    double least = std::numeric_limits<double>::max(), most = 0;
    for (size_t i = 0; i < nodes.size(); ++i) {
      if (!HasAllLabels(*nodes[i]->spec, soft)) continue;
      double sum = 0;
      for (size_t c = 0; c < soft.size(); ++c) {
        // Many small domains weigh more than few large ones.
        const double weight = std::log(static_cast<double>(pods[c].size()) + 2);
        sum += pods[c][*LabelOf(*nodes[i]->spec, soft[c]->topology_key)] * weight + (soft[c]->max_skew - 1);
      }
      raw[i] = std::round(sum);
      least = std::min(least, raw[i]);
      most = std::max(most, raw[i]);
    }
    for (size_t i = 0; i < nodes.size(); ++i) {
      if (raw[i] < 0) continue;
      scores[i] = most == 0 ? kMaxScore : static_cast<int64_t>(kMaxScore * (most + least - raw[i]) / most);
    }
  }
};

}  // namespace

std::unique_ptr<FilterPlugin> NewPodTopologySpreadFilter() { return std::make_unique<SpreadFilter>(); }
std::unique_ptr<ScorePlugin> NewPodTopologySpreadScore() { return std::make_unique<SpreadScore>(); }

}  // namespace scheduler
