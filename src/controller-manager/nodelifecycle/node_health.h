// When a node counts as lost, and which taints tell pods about it. Pure: time comes in.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "k8s/core/v1/node.pb.h"

namespace controller_manager {

using k8s::core::v1::Node;
using k8s::core::v1::NodeCondition;
using k8s::core::v1::Taint;

const NodeCondition* FindCondition(const Node& node, const std::string& type);

// What we remember of a node between looks. Only our own clock is used: the node's times count as opaque versions.
struct NodeHealth {
  absl::Time last_sign;     // when its status or lease last changed, by our clock
  std::string heartbeat;    // of the Ready condition, as text
  std::string lease;        // renew time, as text
  std::string ready;        // status of Ready at the last look
};

struct HealthLimits {
  absl::Duration grace = absl::Seconds(40);          // silent longer: Unknown
  absl::Duration startup_grace = absl::Seconds(60);  // for a node that never had a status
};

struct HealthVerdict {
  bool changed = false;           // `node` carries conditions to be written
  Node node;
  std::string ready = "Unknown";  // the status of Ready after this
  bool lost_ready = false;        // it was True at the last look and is no longer
};
// `lease_renewed`: the node's Lease's renew time as text, "" without. Updates `health`.
HealthVerdict JudgeNode(const Node& node, const std::string& lease_renewed, const HealthLimits& limits, absl::Time now,
                        NodeHealth& health);

// Taints with effect NoSchedule that follow from conditions and cordon.
std::vector<Taint> NoScheduleTaints(const Node& node);

// The node's taints with `wanted` in place of those this controller manages for `effect`; others stay.
// Returns whether they differ from the present ones. New NoExecute taints carry `now`.
bool ReplaceTaints(const Node& node, const std::string& effect, const std::vector<Taint>& wanted, absl::Time now,
                   std::vector<Taint>& out);

inline constexpr char kNotReadyTaint[] = "node.kubernetes.io/not-ready";
inline constexpr char kUnreachableTaint[] = "node.kubernetes.io/unreachable";

// How much of a zone is down decides how fast its nodes are emptied.
enum class ZoneState { kNormal, kPartial, kFull };
struct ZoneCount {
  int ready = 0, not_ready = 0;
};
ZoneState StateOf(const ZoneCount& zone, double unhealthy_threshold);

struct EvictionRates {
  double normal = 0.1, secondary = 0.01;  // nodes a second
  int large_cluster = 50;
  double unhealthy_threshold = 0.55;
};
// Nodes a second for each zone. When every zone is down entirely, the fault is likely ours: nothing is evicted.
std::map<std::string, double> EvictionRatesOf(const std::map<std::string, ZoneCount>& zones,
                                              const EvictionRates& rates, bool& all_down);

}  // namespace controller_manager
