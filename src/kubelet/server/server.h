// The kubelet's HTTPS port: what the API server (and people with a right to it) ask of a node.
//   GET /healthz /pods /metrics /metrics/cadvisor /metrics/resource /metrics/probes /stats/summary /configz
//   GET /containerLogs/NAMESPACE/POD/CONTAINER
//   GET,POST (WebSocket) /exec/... /attach/... /portForward/NAMESPACE/POD
#pragma once
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "client/api_client.h"
#include "kubelet/pods/pod_manager.h"
#include "kubelet/runtime/container_runtime.h"

namespace kubelet {

struct ServerConfig {
  std::string address;                 // "0.0.0.0:10250"
  std::string cert_file, key_file;     // empty: self-signed
  std::string client_ca_file;
  std::string node_name, node_ip;
  bool anonymous = false;              // requests without identity are system:anonymous instead of refused
  bool always_allow = false;           // no authorization
  std::string root_dir;
};

class KubeletServer {
 public:
  static absl::StatusOr<std::unique_ptr<KubeletServer>> Create(ServerConfig config, PodManager& pods, ContainerRuntime& runtime,
                                                               const client::ApiClient& api);
  virtual ~KubeletServer() = default;
  virtual void Stop() = 0;
  virtual int port() const = 0;
};

}  // namespace kubelet
