// kubectl describe: a describer for each kind that has something to say, a generic one for the
// rest.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "kubectl/describe/writer.h"

namespace kubectl {

// What a describer may ask the cluster. Kept apart from the REST client so that tests can answer
// from a table.
struct Cluster {
  // The object at a path, the items at a list path with its query.
  std::function<absl::StatusOr<Value>(const std::string& path)> get;
  std::function<absl::StatusOr<std::vector<Value>>(const std::string& path)> list;
};

struct DescribeOptions {
  bool show_events = true;
};

// The description of `object`, which carries its kind and apiVersion.
absl::StatusOr<std::string> Describe(const Value& object, const Cluster& cluster,
                                     const DescribeOptions& options);

// One for each kind; `events` null when none were asked for.
using Events = const std::vector<Value>*;
void DescribePod(const Value& pod, Events events, DescribeWriter& w);
void DescribeNode(const Value& node, const Cluster& cluster, Events events, DescribeWriter& w);
void DescribeReplicaSet(const Value& object, const Cluster& cluster, Events events,
                        DescribeWriter& w);
void DescribeReplicationController(const Value& object, const Cluster& cluster, Events events,
                                   DescribeWriter& w);
void DescribeDeployment(const Value& object, const Cluster& cluster, Events events,
                        DescribeWriter& w);
void DescribeDaemonSet(const Value& object, const Cluster& cluster, Events events,
                       DescribeWriter& w);
void DescribeStatefulSet(const Value& object, const Cluster& cluster, Events events,
                         DescribeWriter& w);
void DescribeJob(const Value& object, const Cluster& cluster, Events events, DescribeWriter& w);
void DescribeCronJob(const Value& object, Events events, DescribeWriter& w);
void DescribeService(const Value& object, const Cluster& cluster, Events events, DescribeWriter& w);
void DescribeEndpoints(const Value& object, Events events, DescribeWriter& w);
void DescribeEndpointSlice(const Value& object, Events events, DescribeWriter& w);
void DescribeNamespace(const Value& object, const Cluster& cluster, DescribeWriter& w);
void DescribeConfigMap(const Value& object, Events events, DescribeWriter& w);
void DescribeSecret(const Value& object, DescribeWriter& w);
void DescribeServiceAccount(const Value& object, const Cluster& cluster, Events events,
                            DescribeWriter& w);
void DescribePersistentVolume(const Value& object, Events events, DescribeWriter& w);
void DescribePersistentVolumeClaim(const Value& object, const Cluster& cluster, Events events,
                                   DescribeWriter& w);
// One row for each single resource or path that the rules allow: resource, path, name, verbs.
struct PolicyRow {
  std::string resource, url, name;
  std::vector<std::string> verbs;
};
std::vector<PolicyRow> PolicyRows(const Array& rules);
void DescribeRole(const Value& object, DescribeWriter& w);
void DescribeBinding(const Value& object, DescribeWriter& w);
void DescribeResourceQuota(const Value& object, DescribeWriter& w);
void DescribeLimitRange(const Value& object, DescribeWriter& w);
void DescribeStorageClass(const Value& object, Events events, DescribeWriter& w);
void DescribeIngress(const Value& object, const Cluster& cluster, Events events, DescribeWriter& w);
void DescribeIngressClass(const Value& object, Events events, DescribeWriter& w);
void DescribeNetworkPolicy(const Value& object, DescribeWriter& w);
void DescribeDisruptionBudget(const Value& object, Events events, DescribeWriter& w);
void DescribeAutoscaler(const Value& object, Events events, DescribeWriter& w);
void DescribePriorityClass(const Value& object, Events events, DescribeWriter& w);
void DescribeSigningRequest(const Value& object, Events events, DescribeWriter& w);
void DescribeGeneric(const Value& object, Events events, DescribeWriter& w);

}  // namespace kubectl
