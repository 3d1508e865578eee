#include "kubectl/describe/describe.h"

#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "kubectl/rest/client.h"

namespace kubectl {
namespace {

absl::StatusOr<std::vector<Value>> EventsOf(const Value& object, const Cluster& cluster,
                                            std::string uid = "") {
  const std::string ns = object.GetString("metadata.namespace");
  std::vector<std::string> fields;
  const auto add = [&](const char* field, const std::string& value) {
    if (!value.empty()) fields.push_back(absl::StrCat("involvedObject.", field, "=", value));
  };
  if (uid.empty()) uid = object.GetString("metadata.uid");
  const std::string mirror = object.At("metadata.annotations") == nullptr ? "" : [&] {
    const Value* value = object.At("metadata.annotations")->Find("kubernetes.io/config.mirror");
    return value == nullptr ? std::string() : value->as_string();
  }();
  if (!mirror.empty()) uid = mirror;
  add("kind", object.GetString("kind"));
  add("uid", uid);
  add("name", object.GetString("metadata.name"));
  add("namespace", ns);
  return cluster.list(absl::StrCat(
      ns.empty() ? "/api/v1/events" : absl::StrCat("/api/v1/namespaces/", ns, "/events"),
      "?fieldSelector=", UrlEscape(absl::StrJoin(fields, ",")), "&limit=500"));
}

}  // namespace

absl::StatusOr<std::string> Describe(const Value& object, const Cluster& cluster,
                                     const DescribeOptions& options) {
  const std::string kind = object.GetString("kind");
  const std::string api_version = object.GetString("apiVersion");
  std::vector<Value> found;
  Events events = nullptr;
  if (options.show_events) {
    absl::StatusOr<std::vector<Value>> listed = EventsOf(object, cluster);
    if (listed.ok()) {
      found = *std::move(listed);
      events = &found;
      // Controllers speak of a node by its uid, kubelets by its name.
      if (kind == "Node") {
        if (auto more = EventsOf(object, cluster, object.GetString("metadata.name")); more.ok()) {
          for (Value& event : *more) found.push_back(std::move(event));
        }
      }
    }
  }
  DescribeWriter w;
  const std::string id = api_version + "/" + kind;
  if (id == "v1/Pod")
    DescribePod(object, events, w);
  else if (id == "v1/Node")
    DescribeNode(object, cluster, events, w);
  else if (id == "apps/v1/ReplicaSet")
    DescribeReplicaSet(object, cluster, events, w);
  else if (id == "v1/ReplicationController")
    DescribeReplicationController(object, cluster, events, w);
  else if (id == "apps/v1/Deployment")
    DescribeDeployment(object, cluster, events, w);
  else if (id == "apps/v1/DaemonSet")
    DescribeDaemonSet(object, cluster, events, w);
  else if (id == "apps/v1/StatefulSet")
    DescribeStatefulSet(object, cluster, events, w);
  else if (id == "batch/v1/Job")
    DescribeJob(object, cluster, events, w);
  else if (id == "batch/v1/CronJob")
    DescribeCronJob(object, events, w);
  else if (id == "v1/Service")
    DescribeService(object, cluster, events, w);
  else if (id == "v1/Endpoints")
    DescribeEndpoints(object, events, w);
  else if (id == "discovery.k8s.io/v1/EndpointSlice")
    DescribeEndpointSlice(object, events, w);
  else if (id == "v1/Namespace")
    DescribeNamespace(object, cluster, w);
  else if (id == "v1/ConfigMap")
    DescribeConfigMap(object, events, w);
  else if (id == "v1/Secret")
    DescribeSecret(object, w);
  else if (id == "v1/ServiceAccount")
    DescribeServiceAccount(object, cluster, events, w);
  else if (id == "v1/PersistentVolume")
    DescribePersistentVolume(object, events, w);
  else if (id == "v1/PersistentVolumeClaim")
    DescribePersistentVolumeClaim(object, cluster, events, w);
  else if (id == "v1/ResourceQuota")
    DescribeResourceQuota(object, w);
  else if (id == "v1/LimitRange")
    DescribeLimitRange(object, w);
  else if (id == "storage.k8s.io/v1/StorageClass")
    DescribeStorageClass(object, events, w);
  else if (id == "networking.k8s.io/v1/Ingress")
    DescribeIngress(object, cluster, events, w);
  else if (id == "networking.k8s.io/v1/IngressClass")
    DescribeIngressClass(object, events, w);
  else if (id == "networking.k8s.io/v1/NetworkPolicy")
    DescribeNetworkPolicy(object, w);
  else if (id == "policy/v1/PodDisruptionBudget")
    DescribeDisruptionBudget(object, events, w);
  else if (id == "autoscaling/v2/HorizontalPodAutoscaler")
    DescribeAutoscaler(object, events, w);
  else if (id == "scheduling.k8s.io/v1/PriorityClass")
    DescribePriorityClass(object, events, w);
  else if (id == "certificates.k8s.io/v1/CertificateSigningRequest")
    DescribeSigningRequest(object, events, w);
  else if (kind == "Role" || kind == "ClusterRole")
    DescribeRole(object, w);
  else if (kind == "RoleBinding" || kind == "ClusterRoleBinding")
    DescribeBinding(object, w);
  else
    DescribeGeneric(object, events, w);
  return w.Text();
}

}  // namespace kubectl
