// Scheduling policy as small plugins over plain values. An expected "no" is a Verdict, never an error.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "scheduler/framework/node_info.h"
#include "scheduler/framework/pod_info.h"

namespace scheduler {

// Starts as "fits". Users read the reasons in events, counted over the nodes.
class Verdict {
 public:
  Verdict() = default;
  void Reject(std::string reason) { reasons_.push_back(std::move(reason)); }
  // Removing pods from the node would not help either.
  void RejectForGood(std::string reason) {
    Reject(std::move(reason));
    for_good_ = true;
  }
  bool fits() const { return reasons_.empty(); }
  bool for_good() const { return for_good_; }
  const std::vector<std::string>& reasons() const { return reasons_; }

 private:
  std::vector<std::string> reasons_;
  bool for_good_ = false;
};

using FilterFn = std::function<Verdict(const NodeInfo&)>;

class FilterPlugin {
 public:
  virtual ~FilterPlugin() = default;
  virtual const char* name() const = 0;
  // Looks once at pod and cluster; the result judges single nodes, also such as differ from the snapshot by a few
  // pods (preemption). Null: this plugin has nothing to say about this pod. `pod` and `snapshot` outlive it.
  // Why no node will do, whatever nodes there are; empty: nothing speaks against the pod itself.
  virtual std::string Refuse(const PodInfo&, const Snapshot&) const { return ""; }
  virtual FilterFn Prepare(const PodInfo& pod, const Snapshot& snapshot) const = 0;
};

inline constexpr int64_t kMaxScore = 100;

class ScorePlugin {
 public:
  virtual ~ScorePlugin() = default;
  virtual const char* name() const = 0;
  virtual int weight() const = 0;
  // Fills scores[i] for nodes[i] with 0..kMaxScore, more is better; zeros from the caller may stay.
  virtual void Score(const PodInfo& pod, const Snapshot& snapshot, absl::Span<const NodePtr> nodes,
                     absl::Span<int64_t> scores) const = 0;
};

// Stretches raw scores to 0..kMaxScore by the largest; `reverse`: more raw is worse.
void Normalize(absl::Span<int64_t> scores, bool reverse);

}  // namespace scheduler
