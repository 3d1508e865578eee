// Plugins that compare a pod with a node object alone: name, cordon, taints, affinity, host ports.
#include <algorithm>

#include "scheduler/plugins/plugins.h"

namespace scheduler {
namespace {

constexpr char kUnschedulableTaint[] = "node.kubernetes.io/unschedulable";

bool Tolerates(const PodInfo& pod, const Taint& taint) {
  return std::any_of(pod.tolerations.begin(), pod.tolerations.end(),
                     [&](const Toleration& t) { return t.Tolerates(taint); });
}

class NodeUnschedulable final : public FilterPlugin {
 public:
  const char* name() const override { return "NodeUnschedulable"; }
  FilterFn Prepare(const PodInfo& pod, const Snapshot&) const override {
    const bool tolerates = Tolerates(pod, {kUnschedulableTaint, "", "NoSchedule"});
    if (tolerates) return nullptr;
    return [](const NodeInfo& node) {
      Verdict verdict;
      if (node.spec->unschedulable) verdict.RejectForGood("node(s) were unschedulable");
      return verdict;
    };
  }
};

class NodeName final : public FilterPlugin {
 public:
  const char* name() const override { return "NodeName"; }
  FilterFn Prepare(const PodInfo& pod, const Snapshot&) const override {
    if (pod.node_name.empty()) return nullptr;
    return [&pod](const NodeInfo& node) {
      Verdict verdict;
      if (node.spec->name != pod.node_name) {
        verdict.RejectForGood("node(s) didn't match the requested node name");
      }
      return verdict;
    };
  }
};

class TaintTolerationFilter final : public FilterPlugin {
 public:
  const char* name() const override { return "TaintToleration"; }
  FilterFn Prepare(const PodInfo& pod, const Snapshot&) const override {
    return [&pod](const NodeInfo& node) {
      Verdict verdict;
      if (FindUntolerated(pod, *node.spec) != nullptr) verdict.RejectForGood("node(s) had untolerated taint(s)");
      return verdict;
    };
  }
};

class TaintTolerationScore final : public ScorePlugin {
 public:
  const char* name() const override { return "TaintToleration"; }
  int weight() const override { return 3; }
  void Score(const PodInfo& pod, const Snapshot&, absl::Span<const NodePtr> nodes,
             absl::Span<int64_t> scores) const override {
    for (size_t i = 0; i < nodes.size(); ++i) {
      for (const Taint& taint : nodes[i]->spec->taints) {
        if (taint.effect == "PreferNoSchedule" && !Tolerates(pod, taint)) ++scores[i];
      }
    }
    Normalize(scores, /*reverse=*/true);
  }
};

class NodeAffinityFilter final : public FilterPlugin {
 public:
  const char* name() const override { return "NodeAffinity"; }
  FilterFn Prepare(const PodInfo& pod, const Snapshot&) const override {
    if (pod.node_selector.empty() && !pod.required_node_terms.has_value()) return nullptr;
    return [&pod](const NodeInfo& node) {
      Verdict verdict;
      if (!MatchesNodeAffinity(pod, *node.spec)) {
        verdict.RejectForGood("node(s) didn't match Pod's node affinity/selector");
      }
      return verdict;
    };
  }
};

class NodeAffinityScore final : public ScorePlugin {
 public:
  const char* name() const override { return "NodeAffinity"; }
  int weight() const override { return 2; }
  void Score(const PodInfo& pod, const Snapshot&, absl::Span<const NodePtr> nodes,
             absl::Span<int64_t> scores) const override {
    if (pod.preferred_node_terms.empty()) return;
    for (size_t i = 0; i < nodes.size(); ++i) {
      for (const PreferredNodeTerm& preferred : pod.preferred_node_terms) {
        // A preference without expressions is for every node.
        const bool everywhere = preferred.term.expressions.empty() && preferred.term.fields.empty();
        if (everywhere || preferred.term.Matches(nodes[i]->spec->labels, nodes[i]->spec->name)) {
          scores[i] += preferred.weight;
        }
      }
    }
    Normalize(scores, /*reverse=*/false);
  }
};

class NodePorts final : public FilterPlugin {
 public:
  const char* name() const override { return "NodePorts"; }
  FilterFn Prepare(const PodInfo& pod, const Snapshot&) const override {
    if (pod.ports.empty()) return nullptr;
    return [&pod](const NodeInfo& node) {
      Verdict verdict;
      for (const HostPort& wanted : pod.ports) {
        if (std::any_of(node.ports.begin(), node.ports.end(), [&](const HostPort& p) { return p.Conflicts(wanted); })) {
          verdict.Reject("node(s) didn't have free ports for the requested pod ports");
          break;
        }
      }
      return verdict;
    };
  }
};

}  // namespace

bool MatchesNodeAffinity(const PodInfo& pod, const NodeSpec& node) {
  for (const auto& [key, value] : pod.node_selector) {
    const auto found = node.labels.find(key);
    if (found == node.labels.end() || found->second != value) return false;
  }
  if (!pod.required_node_terms.has_value()) return true;
  return std::any_of(pod.required_node_terms->begin(), pod.required_node_terms->end(),
                     [&](const NodeTerm& term) { return term.Matches(node.labels, node.name); });
}

const Taint* FindUntolerated(const PodInfo& pod, const NodeSpec& node) {
  for (const Taint& taint : node.taints) {
    if ((taint.effect == "NoSchedule" || taint.effect == "NoExecute") && !Tolerates(pod, taint)) return &taint;
  }
  return nullptr;
}

std::unique_ptr<FilterPlugin> NewNodeUnschedulable() { return std::make_unique<NodeUnschedulable>(); }
std::unique_ptr<FilterPlugin> NewNodeName() { return std::make_unique<NodeName>(); }
std::unique_ptr<FilterPlugin> NewTaintTolerationFilter() { return std::make_unique<TaintTolerationFilter>(); }
std::unique_ptr<FilterPlugin> NewNodeAffinityFilter() { return std::make_unique<NodeAffinityFilter>(); }
std::unique_ptr<FilterPlugin> NewNodePorts() { return std::make_unique<NodePorts>(); }
std::unique_ptr<ScorePlugin> NewTaintTolerationScore() { return std::make_unique<TaintTolerationScore>(); }
std::unique_ptr<ScorePlugin> NewNodeAffinityScore() { return std::make_unique<NodeAffinityScore>(); }

}  // namespace scheduler
