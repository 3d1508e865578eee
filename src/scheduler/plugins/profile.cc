#include "scheduler/plugins/plugins.h"

namespace scheduler {
namespace {

struct FilterEntry {
  const char* name;
  std::unique_ptr<FilterPlugin> (*make)();
};
constexpr FilterEntry kFilters[] = {
    {"NodeUnschedulable", NewNodeUnschedulable}, {"NodeName", NewNodeName},          {"TaintToleration", NewTaintTolerationFilter},
    {"NodeAffinity", NewNodeAffinityFilter},     {"NodePorts", NewNodePorts},        {"NodeResourcesFit", nullptr},
    {kVolumeBinding, NewVolumeBinding},          {"PodTopologySpread", NewPodTopologySpreadFilter},
    {"InterPodAffinity", NewInterPodAffinityFilter}};

struct ScoreEntry {
  const char* name;
  std::unique_ptr<ScorePlugin> (*make)();
  int weight;
};
constexpr ScoreEntry kScores[] = {{"TaintToleration", NewTaintTolerationScore, 3},
                                  {"NodeAffinity", NewNodeAffinityScore, 2},
                                  {"NodeResourcesFit", nullptr, 1},
                                  {"NodeResourcesBalancedAllocation", NewBalancedAllocation, 1},
                                  {"ImageLocality", NewImageLocality, 1},
                                  {"PodTopologySpread", NewPodTopologySpreadScore, 2},
                                  {"InterPodAffinity", NewInterPodAffinityScore, 2}};

// A plugin that counts as much as somebody wants.
class Weighted final : public ScorePlugin {
 public:
  Weighted(std::unique_ptr<ScorePlugin> inner, int weight) : inner_(std::move(inner)), weight_(weight) {}
  const char* name() const override { return inner_->name(); }
  int weight() const override { return weight_; }
  void Score(const PodInfo& pod, const Snapshot& snapshot, absl::Span<const NodePtr> nodes,
             absl::Span<int64_t> scores) const override {
    inner_->Score(pod, snapshot, nodes, scores);
  }

 private:
  const std::unique_ptr<ScorePlugin> inner_;
  const int weight_;
};

}  // namespace

std::vector<std::string> DefaultFilters() {
  std::vector<std::string> names;
  for (const FilterEntry& entry : kFilters) names.push_back(entry.name);
  return names;
}

std::vector<PluginWeight> DefaultScores() {
  std::vector<PluginWeight> names;
  for (const ScoreEntry& entry : kScores) names.push_back({entry.name, entry.weight});
  return names;
}

Profile MakeProfile(const std::vector<std::string>& filters, const std::vector<PluginWeight>& scores, const FitArgs& fit) {
  Profile profile;
  for (const std::string& name : filters) {
    for (const FilterEntry& entry : kFilters) {
      if (name == entry.name) profile.filters.push_back(entry.make == nullptr ? NewNodeResourcesFitFilter(fit) : entry.make());
    }
  }
  for (const PluginWeight& wanted : scores) {
    for (const ScoreEntry& entry : kScores) {
      if (wanted.name != entry.name) continue;
      std::unique_ptr<ScorePlugin> plugin = entry.make == nullptr ? NewNodeResourcesFitScore(fit) : entry.make();
      profile.scores.push_back(wanted.weight == plugin->weight() ? std::move(plugin)
                                                                 : std::make_unique<Weighted>(std::move(plugin), wanted.weight));
    }
  }
  return profile;
}

Profile DefaultProfile() { return MakeProfile(DefaultFilters(), DefaultScores(), {}); }

}  // namespace scheduler
