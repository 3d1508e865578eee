// A pod as the scheduler sees it: what bears on where it may and should run. Plain values; made once per pod version.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace scheduler {

using Labels = std::map<std::string, std::string>;

// Amounts of resources. CPU in thousandths, the rest in units (bytes, devices).
struct Resources {
  int64_t milli_cpu = 0;
  int64_t memory = 0;
  int64_t ephemeral_storage = 0;
  std::map<std::string, int64_t> scalars;  // extended resources, huge pages

  void Add(const Resources& other);
  void Sub(const Resources& other);
  void Max(const Resources& other);  // each amount becomes the larger one
  friend bool operator==(const Resources&, const Resources&) = default;
};

struct Taint {
  std::string key, value, effect;
  friend bool operator==(const Taint&, const Taint&) = default;
};

struct Toleration {
  std::string key, op, value, effect;  // op "" is Equal; key "" with Exists tolerates all
  bool Tolerates(const Taint& taint) const;
};

// A requirement on labels (or, for nodes, on fields). All ops of selectors: In, NotIn, Exists, DoesNotExist, Gt, Lt.
struct Requirement {
  std::string key, op;
  std::vector<std::string> values;
  bool Matches(const Labels& labels) const;
};

struct Selector {  // all requirements; nothing set: see the user of it
  Labels match_labels;
  std::vector<Requirement> requirements;
  bool Matches(const Labels& labels) const;
  bool empty() const { return match_labels.empty() && requirements.empty(); }
};

struct NodeTerm {  // all expressions and fields; a term without any matches nothing
  std::vector<Requirement> expressions, fields;
  bool Matches(const Labels& labels, const std::string& node_name) const;
};

struct PreferredNodeTerm {
  int weight = 0;
  NodeTerm term;
};

struct PodAffinityTerm {
  std::optional<Selector> selector;  // nullopt matches nothing
  std::vector<std::string> namespaces;
  std::optional<Selector> namespace_selector;  // with neither: the pod's own namespace (filled in by conversion)
  std::string topology_key;
  int weight = 0;  // preferred terms
};

struct SpreadConstraint {
  int max_skew = 1;
  std::string topology_key;
  bool hard = true;  // DoNotSchedule
  Selector selector;
  int min_domains = 0;
  bool honor_node_affinity = true;
  bool honor_node_taints = false;
};

struct HostPort {
  std::string ip, protocol;  // ip "" and "0.0.0.0" are the same: all addresses
  int port = 0;
  bool Conflicts(const HostPort& other) const;
};

struct PodInfo {
  std::string ns, name, uid, resource_version, node_name;
  Labels labels;
  int priority = 0;
  bool preempts = true;  // preemptionPolicy is not Never
  bool terminating = false;
  std::string nominated_node;
  std::string scheduler;  // that it wants: the name of a profile
  absl::Time created, started;

  Resources request;          // what it is accounted for
  int64_t score_cpu = 0;      // for scoring: a container that asks for nothing counts as 100m and 200 MB
  int64_t score_memory = 0;
  std::vector<Toleration> tolerations;
  Labels node_selector;
  std::optional<std::vector<NodeTerm>> required_node_terms;  // any of them
  std::vector<PreferredNodeTerm> preferred_node_terms;
  std::vector<PodAffinityTerm> required_affinity, required_anti_affinity, preferred_affinity, preferred_anti_affinity;
  std::vector<SpreadConstraint> spread;
  std::vector<HostPort> ports;
  std::vector<std::string> images;
  std::vector<std::string> claims;         // names of PersistentVolumeClaims in its namespace
  std::set<std::string> ephemeral_claims;  // those of them that are made for this pod

  std::string key() const { return ns + "/" + name; }
};
using PodPtr = std::shared_ptr<const PodInfo>;

}  // namespace scheduler
