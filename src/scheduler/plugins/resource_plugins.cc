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
  const char* name() const override { return "NodeResourcesFit"; }
  FilterFn Prepare(const PodInfo& pod, const Snapshot&) const override {
    return [&pod](const NodeInfo& node) {
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

std::unique_ptr<FilterPlugin> NewNodeResourcesFitFilter() { return std::make_unique<NodeResourcesFit>(); }
std::unique_ptr<ScorePlugin> NewLeastAllocated() { return std::make_unique<LeastAllocated>(); }
std::unique_ptr<ScorePlugin> NewBalancedAllocation() { return std::make_unique<BalancedAllocation>(); }
std::unique_ptr<ScorePlugin> NewImageLocality() { return std::make_unique<ImageLocality>(); }

}  // namespace scheduler
