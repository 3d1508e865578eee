// InterPodAffinity: pods that want to be near, or away from, other pods.
#include <algorithm>
#include <limits>
#include <map>

#include "scheduler/plugins/plugins.h"

namespace scheduler {
namespace {

constexpr char kAffinity[] = "node(s) didn't match pod affinity rules";
constexpr char kAntiAffinity[] = "node(s) didn't match pod anti-affinity rules";
constexpr char kExisting[] = "node(s) didn't satisfy existing pods anti-affinity rules";
constexpr int64_t kHardAffinityWeight = 1;  // a required term of an existing pod, seen from the newcomer

using TopologyPair = std::pair<std::string, std::string>;  // {label, value}
using Counts = std::map<TopologyPair, int64_t>;

bool Matches(const PodAffinityTerm& term, const PodInfo& pod, const Snapshot& snapshot) {
  if (!term.selector.has_value() || !term.selector->Matches(pod.labels)) return false;
  if (std::find(term.namespaces.begin(), term.namespaces.end(), pod.ns) != term.namespaces.end()) return true;
  if (!term.namespace_selector.has_value()) return false;
  static const Labels& kNone = *new Labels();
  const auto ns = snapshot.namespaces.find(pod.ns);
  return term.namespace_selector->Matches(ns == snapshot.namespaces.end() ? kNone : ns->second);
}

void Count(const NodeInfo& node, const std::string& topology_key, int64_t amount, Counts& counts) {
  const auto value = node.spec->labels.find(topology_key);
  if (value != node.spec->labels.end()) counts[{topology_key, value->second}] += amount;
}

// What the pods of one node say about `pod`, added to the counts times `sign`.
struct State {
  Counts wanted;    // pods that match all of our affinity terms, per term's topology
  Counts unwanted;  // pods that match an anti-affinity term of ours
  Counts hostile;   // anti-affinity terms of theirs that match us

  void AddNode(const PodInfo& pod, const NodeInfo& node, const Snapshot& snapshot, int sign) {
    for (const PodPtr& other : node.pods) {
      for (const PodAffinityTerm& term : other->required_anti_affinity) {
        if (Matches(term, pod, snapshot)) Count(node, term.topology_key, sign, hostile);
      }
      if (!pod.required_affinity.empty() &&
          std::all_of(pod.required_affinity.begin(), pod.required_affinity.end(),
                      [&](const PodAffinityTerm& term) { return Matches(term, *other, snapshot); })) {
        for (const PodAffinityTerm& term : pod.required_affinity) Count(node, term.topology_key, sign, wanted);
      }
      for (const PodAffinityTerm& term : pod.required_anti_affinity) {
        if (Matches(term, *other, snapshot)) Count(node, term.topology_key, sign, unwanted);
      }
    }
  }
};

int64_t At(const Counts& counts, const NodeSpec& node, const std::string& topology_key) {
  const auto value = node.labels.find(topology_key);
  if (value == node.labels.end()) return 0;
  const auto found = counts.find({topology_key, value->second});
  return found == counts.end() ? 0 : found->second;
}

Verdict Judge(const PodInfo& pod, const NodeInfo& node, const State& state, bool self_match) {
  Verdict verdict;
  bool near = true;
  for (const PodAffinityTerm& term : pod.required_affinity) {
    if (!node.spec->labels.contains(term.topology_key)) {
      verdict.RejectForGood(kAffinity);
      return verdict;
    }
    near &= At(state.wanted, *node.spec, term.topology_key) > 0;
  }
  // The first of a group that wants to be together has nobody to be near to.
  const bool nobody = std::all_of(state.wanted.begin(), state.wanted.end(), [](const auto& c) { return c.second == 0; });
  if (!near && !(nobody && self_match)) {
    verdict.RejectForGood(kAffinity);
    return verdict;
  }
  for (const PodAffinityTerm& term : pod.required_anti_affinity) {
    if (At(state.unwanted, *node.spec, term.topology_key) > 0) {
      verdict.Reject(kAntiAffinity);
      return verdict;
    }
  }
  for (const auto& [pair, count] : state.hostile) {
    const auto value = node.spec->labels.find(pair.first);
    if (count > 0 && value != node.spec->labels.end() && value->second == pair.second) {
      verdict.Reject(kExisting);
      return verdict;
    }
  }
  return verdict;
}

class AffinityFilter final : public FilterPlugin {
 public:
  const char* name() const override { return "InterPodAffinity"; }
  FilterFn Prepare(const PodInfo& pod, const Snapshot& snapshot) const override {
    const bool own = !pod.required_affinity.empty() || !pod.required_anti_affinity.empty();
    if (!own && snapshot.nodes_with_anti_affinity == 0) return nullptr;
    State state;
    for (const NodePtr& node : snapshot.nodes) {
      if (own || node->anti_affinity_pods > 0) state.AddNode(pod, *node, snapshot, 1);
    }
    if (!own && state.hostile.empty()) return nullptr;
    const bool self_match = std::all_of(pod.required_affinity.begin(), pod.required_affinity.end(),
                                        [&](const PodAffinityTerm& term) { return Matches(term, pod, snapshot); });
    return [&pod, &snapshot, self_match, state = std::move(state)](const NodeInfo& node) {
      const NodeInfo* known = snapshot.Find(node.spec->name);
      if (known == nullptr || known == &node) return Judge(pod, node, state, self_match);
      State changed = state;
      changed.AddNode(pod, *known, snapshot, -1);
      changed.AddNode(pod, node, snapshot, 1);
      return Judge(pod, node, changed, self_match);
    };
  }
};

class AffinityScore final : public ScorePlugin {
 public:
  const char* name() const override { return "InterPodAffinity"; }
  int weight() const override { return 2; }
  void Score(const PodInfo& pod, const Snapshot& snapshot, absl::Span<const NodePtr> nodes,
             absl::Span<int64_t> scores) const override {
    const bool own = !pod.preferred_affinity.empty() || !pod.preferred_anti_affinity.empty();
    if (!own && snapshot.nodes_with_affinity == 0) return;
    Counts sums;
    for (const NodePtr& node : snapshot.nodes) {
      if (!own && node->affinity_pods == 0) continue;
      for (const PodPtr& other : node->pods) {
        for (const auto& t : pod.preferred_affinity) Weigh(t, *other, *node, snapshot, t.weight, sums);
        for (const auto& t : pod.preferred_anti_affinity) Weigh(t, *other, *node, snapshot, -t.weight, sums);
        for (const auto& t : other->required_affinity) Weigh(t, pod, *node, snapshot, kHardAffinityWeight, sums);
        for (const auto& t : other->preferred_affinity) Weigh(t, pod, *node, snapshot, t.weight, sums);
        for (const auto& t : other->preferred_anti_affinity) Weigh(t, pod, *node, snapshot, -t.weight, sums);
      }
    }
    if (sums.empty()) return;
    int64_t least = std::numeric_limits<int64_t>::max(), most = std::numeric_limits<int64_t>::min();
    for (size_t i = 0; i < nodes.size(); ++i) {
      for (const auto& [pair, sum] : sums) {
        const auto value = nodes[i]->spec->labels.find(pair.first);
        if (value != nodes[i]->spec->labels.end() && value->second == pair.second) scores[i] += sum;
      }
      least = std::min(least, scores[i]);
      most = std::max(most, scores[i]);
    }
    for (int64_t& score : scores) score = most == least ? 0 : kMaxScore * (score - least) / (most - least);
  }

 private:
  static void Weigh(const PodAffinityTerm& term, const PodInfo& target, const NodeInfo& node, const Snapshot& snapshot,
                    int64_t weight, Counts& sums) {
    if (Matches(term, target, snapshot)) Count(node, term.topology_key, weight, sums);
  }
};

}  // namespace

std::unique_ptr<FilterPlugin> NewInterPodAffinityFilter() { return std::make_unique<AffinityFilter>(); }
std::unique_ptr<ScorePlugin> NewInterPodAffinityScore() { return std::make_unique<AffinityScore>(); }

}  // namespace scheduler
