// The node's part of the pod network when no other network daemon runs: the CNI configuration for the node's own pod range,
// routes to the ranges of other nodes by way of their addresses, and masquerading of what leaves the cluster.
#pragma once
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "k8s/core/v1/node.pb.h"

namespace kubelet {

struct NodeNetworkOptions {
  std::string node_name;
  std::string conf_dir;       // of CNI
  bool write_conf = true;     // false: someone else's configuration is there
  std::string data_dir;       // of address allocations
  std::string bridge = "cni0";
  std::string cluster_cidr;   // what is not masqueraded; empty: no masquerading
};

// Thread-safe.
class NodeNetwork {
 public:
  explicit NodeNetwork(NodeNetworkOptions options) : options_(std::move(options)) {}

  // The own node: its range makes the configuration. True: pods can have a network from now on.
  bool SetSelf(const k8s::core::v1::Node& node);
  void SetPeer(const k8s::core::v1::Node& node);
  void RemovePeer(const std::string& name);

 private:
  absl::Status Masquerade(const std::string& pod_cidr);

  const NodeNetworkOptions options_;
  absl::Mutex mu_;
  std::string own_cidr_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, std::pair<std::string, std::string>> routes_ ABSL_GUARDED_BY(mu_);  // node: range, address
};

// Removes the bridge and the rules of `options`, for cleanup; what is not there is fine.
void RemoveNodeNetwork(const NodeNetworkOptions& options);

}  // namespace kubelet
