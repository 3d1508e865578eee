// Plugins about amounts: does it fit, who has most left, who stays balanced, who has the image.
#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "scheduler/plugins/plugins.h"

namespace scheduler {
namespace {

constexpr int64_t kMegabyte = 1024 * 1024;
constexpr int64_t kSmallImages = 23 * kMegabyte;             // below: not worth moving a pod for
constexpr int64_t kLargeImagesPerContainer = 1000 * kMegabyte;  // above: the same full score

// A zero request fits even on an overcommitted node, where `free` is negative.
bool Short(int64_t need, int64_t free) { return need > 0 && need > free; }

class NodeResourcesFit final : public FilterPlugin {
 public:
  explicit NodeResourcesFit(const FitArgs& args) : ignored_(args.ignored_resources), ignored_groups_(args.ignored_groups) {}
  const char* name() const override { return "NodeResourcesFit"; }
  FilterFn Prepare(const PodInfo& pod, const Snapshot&) const override {
    return [this, &pod](const NodeInfo& node) {
      Verdict verdict;  // collects every shortage
      const Resources& all = node.spec->allocatable;
      const Resources& need = pod.request;
      bool never = false;  // more than the whole node: evicting would not help
      const auto check = [&](int64_t amount, int64_t total, int64_t used, absl::string_view what) {
        if (!Short(amount, total - used)) return;
        never |= amount > total;
        verdict.Reject(absl::StrCat("Insufficient ", what));
      };
      if (static_cast<int64_t>(node.pods.size()) + 1 > node.spec->max_pods) verdict.Reject("Too many pods");
      check(need.milli_cpu, all.milli_cpu, node.requested.milli_cpu, "cpu");
      check(need.memory, all.memory, node.requested.memory, "memory");
      check(need.ephemeral_storage, all.ephemeral_storage, node.requested.ephemeral_storage, "ephemeral-storage");
      for (const auto& [name, amount] : need.scalars) {
        if (Ignored(name)) continue;
        const auto total = all.scalars.find(name), used = node.requested.scalars.find(name);
        check(amount, total == all.scalars.end() ? 0 : total->second,
              used == node.requested.scalars.end() ? 0 : used->second, name);
      }
      if (!never) return verdict;
      Verdict hopeless;
      for (const std::string& reason : verdict.reasons()) hopeless.RejectForGood(reason);
      return hopeless;
    };
  }

 private:
  bool Ignored(const std::string& resource) const {
    if (ignored_.empty() && ignored_groups_.empty()) return false;
    return ignored_.contains(resource) || ignored_groups_.contains(resource.substr(0, resource.find('/')));
  }

  const std::set<std::string> ignored_, ignored_groups_;
};

class LeastAllocated final : public ScorePlugin {
 public:
  const char* name() const override { return "NodeResourcesFit"; }
  int weight() const override { return 1; }
  void Score(const PodInfo& pod, const Snapshot&, absl::Span<const NodePtr> nodes,
             absl::Span<int64_t> scores) const override {
    for (size_t i = 0; i < nodes.size(); ++i) {
      const NodeInfo& node = *nodes[i];
      int64_t sum = 0, weights = 0;
      const auto add = [&](int64_t total, int64_t used) {
        if (total == 0) return;
        ++weights;
        if (used <= total) sum += (total - used) * kMaxScore / total;
      };
      add(node.spec->allocatable.milli_cpu, node.score_cpu + pod.score_cpu);
      add(node.spec->allocatable.memory, node.score_memory + pod.score_memory);
      scores[i] = weights == 0 ? 0 : sum / weights;
    }
  }
};

// NodeResourcesFit by other rules: the fullest node wins, or the one whose use a curve likes best.
class FitScore final : public ScorePlugin {
 public:
  explicit FitScore(const FitArgs& args) : args_(args) {}
  const char* name() const override { return "NodeResourcesFit"; }
  int weight() const override { return 1; }
  void Score(const PodInfo& pod, const Snapshot&, absl::Span<const NodePtr> nodes,
             absl::Span<int64_t> scores) const override {
    for (size_t i = 0; i < nodes.size(); ++i) {
      int64_t sum = 0, weights = 0;
      for (const PluginWeight& resource : args_.resources) {
        int64_t total = 0, used = 0;
        if (!Amounts(*nodes[i], pod, resource.name, &total, &used) || total == 0) continue;
        const int64_t score = Of(total, used);
        if (args_.strategy == FitArgs::Strategy::kRequestedToCapacityRatio && score <= 0) continue;  // upstream leaves it out
        sum += score * resource.weight;
        weights += resource.weight;
      }
      const bool rounds = args_.strategy == FitArgs::Strategy::kRequestedToCapacityRatio;
      scores[i] = weights == 0 ? 0 : rounds ? std::llround(static_cast<double>(sum) / static_cast<double>(weights)) : sum / weights;
    }
  }

 private:
  // Scalars count only for pods that ask for them.
  static bool Amounts(const NodeInfo& node, const PodInfo& pod, const std::string& name, int64_t* total, int64_t* used) {
    const Resources& all = node.spec->allocatable;
    if (name == "cpu") {
      *total = all.milli_cpu;
      *used = node.score_cpu + pod.score_cpu;
    } else if (name == "memory") {
      *total = all.memory;
      *used = node.score_memory + pod.score_memory;
    } else if (name == "ephemeral-storage") {
      *total = all.ephemeral_storage;
      *used = node.requested.ephemeral_storage + pod.request.ephemeral_storage;
    } else {
      const auto wanted = pod.request.scalars.find(name), there = all.scalars.find(name), taken = node.requested.scalars.find(name);
      if (wanted == pod.request.scalars.end() || wanted->second == 0) return false;
      *total = there == all.scalars.end() ? 0 : there->second;
      *used = (taken == node.requested.scalars.end() ? 0 : taken->second) + wanted->second;
    }
    return true;
  }

  int64_t Of(int64_t total, int64_t used) const {
    switch (args_.strategy) {
      case FitArgs::Strategy::kLeastAllocated: return used > total ? 0 : (total - used) * kMaxScore / total;
      case FitArgs::Strategy::kMostAllocated: return std::min(used, total) * kMaxScore / total;
      case FitArgs::Strategy::kRequestedToCapacityRatio: break;
    }
    return Curve(used > total ? 100 : used * 100 / total);
  }

  // The broken line through the points, level outside them.
  int64_t Curve(int64_t utilization) const {
    for (size_t i = 0; i < args_.shape.size(); ++i) {
      const FitArgs::Point& at = args_.shape[i];
      if (utilization > at.utilization) continue;
      if (i == 0) return at.score;
      const FitArgs::Point& before = args_.shape[i - 1];
      return before.score + (at.score - before.score) * (utilization - before.utilization) / (at.utilization - before.utilization);
    }
    return args_.shape.empty() ? 0 : args_.shape.back().score;
  }

  const FitArgs args_;
};

class BalancedAllocation final : public ScorePlugin {
 public:
  const char* name() const override { return "NodeResourcesBalancedAllocation"; }
  int weight() const override { return 1; }
  void Score(const PodInfo& pod, const Snapshot&, absl::Span<const NodePtr> nodes,
             absl::Span<int64_t> scores) const override {
    if (pod.request.milli_cpu == 0 && pod.request.memory == 0) return;  // best effort: says nothing about balance
    for (size_t i = 0; i < nodes.size(); ++i) {
      const NodeInfo& node = *nodes[i];
      const Resources& all = node.spec->allocatable;
      if (all.milli_cpu == 0 || all.memory == 0) {
        scores[i] = kMaxScore;
        continue;
      }
      const double cpu =
          std::min(1.0, static_cast<double>(node.requested.milli_cpu + pod.request.milli_cpu) / all.milli_cpu);
      const double memory =
          std::min(1.0, static_cast<double>(node.requested.memory + pod.request.memory) / all.memory);
      scores[i] = static_cast<int64_t>((1 - std::abs(cpu - memory) / 2) * kMaxScore);
    }
  }
};

class ImageLocality final : public ScorePlugin {
 public:
  const char* name() const override { return "ImageLocality"; }
  int weight() const override { return 1; }
  void Score(const PodInfo& pod, const Snapshot& snapshot, absl::Span<const NodePtr> nodes,
             absl::Span<int64_t> scores) const override {
    // Images that many nodes have count fully; rare ones less, so that pods do not pile up on one node.
    std::map<std::string, int64_t> holders;
    for (const std::string& image : pod.images) {
      int64_t& count = holders[image];
      if (count > 0) continue;
      for (const NodePtr& node : snapshot.nodes) count += node->spec->images.contains(image) ? 1 : 0;
    }
    const int64_t most = kLargeImagesPerContainer * static_cast<int64_t>(std::max<size_t>(1, pod.images.size()));
    for (size_t i = 0; i < nodes.size(); ++i) {
      int64_t sum = 0;
      for (const std::string& image : pod.images) {
        const auto found = nodes[i]->spec->images.find(image);
        if (found == nodes[i]->spec->images.end()) continue;
        const double spread = static_cast<double>(holders[image]) / static_cast<double>(snapshot.nodes.size());
        sum += static_cast<int64_t>(static_cast<double>(found->second) * spread);
      }
      sum = std::clamp(sum, kSmallImages, most);
      scores[i] = kMaxScore * (sum - kSmallImages) / (most - kSmallImages);
    }
  }
};

}  // namespace

std::unique_ptr<FilterPlugin> NewNodeResourcesFitFilter(const FitArgs& args) { return std::make_unique<NodeResourcesFit>(args); }
std::unique_ptr<ScorePlugin> NewNodeResourcesFitScore(const FitArgs& args) {
  const bool usual = args.strategy == FitArgs::Strategy::kLeastAllocated && args.resources.size() == 2 && args.resources[0].name == "cpu" &&
                     args.resources[1].name == "memory" && args.resources[0].weight == 1 && args.resources[1].weight == 1;
  if (usual) return std::make_unique<LeastAllocated>();
  return std::make_unique<FitScore>(args);
}
std::unique_ptr<ScorePlugin> NewLeastAllocated() { return std::make_unique<LeastAllocated>(); }
std::unique_ptr<ScorePlugin> NewBalancedAllocation() { return std::make_unique<BalancedAllocation>(); }
std::unique_ptr<ScorePlugin> NewImageLocality() { return std::make_unique<ImageLocality>(); }

}  // namespace scheduler
