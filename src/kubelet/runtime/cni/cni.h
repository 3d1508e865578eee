// Pod networking by CNI plugins: a client of the CNI protocol 0.3 to 1.0 (plugins are programs; configuration on standard
// input, parameters in the environment, result on standard output).
#pragma once
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "apimachinery/value.h"
#include "kubelet/runtime/container_runtime.h"

namespace kubelet {

struct CniOptions {
  std::vector<std::string> bin_dirs = {"/usr/lib/cni", "/opt/cni/bin"};
  std::string conf_dir;    // the first *.conflist, *.conf or *.json by name counts
  std::string result_dir;  // results are kept here: DEL needs them
};

struct CniAttachment {
  std::string container_id;  // of the sandbox
  std::string netns;         // path
  std::string pod_namespace, pod_name, pod_uid;
  std::vector<PortMapping> ports;
};

// Thread-safe.
class Cni {
 public:
  explicit Cni(CniOptions options) : options_(std::move(options)) {}

  absl::Status Ready() const;  // OK, or "cni plugin not initialized"
  // The pod's addresses. On failure nothing stays behind that Del() would not remove.
  absl::StatusOr<std::vector<std::string>> Add(const CniAttachment& attachment) const;
  absl::Status Del(const CniAttachment& attachment) const;  // idempotent; `netns` may be empty

 private:
  absl::StatusOr<apimachinery::Value> LoadConfig() const;
  absl::StatusOr<std::string> FindPlugin(const std::string& type) const;
  absl::StatusOr<apimachinery::Value> Call(const apimachinery::Value& list, const apimachinery::Value& plugin,
                                           const char* command, const CniAttachment& attachment,
                                           const apimachinery::Value& previous) const;
  std::string ResultPath(const std::string& container_id) const { return options_.result_dir + "/" + container_id; }

  const CniOptions options_;
};

// Writes the node's own configuration: a bridge with the pods' range, host-local addresses, host ports. Unchanged content
// is not written again. `data_dir` keeps the allocated addresses.
absl::Status WriteBridgeConfig(const std::string& conf_dir, const std::string& pod_cidr, const std::string& bridge,
                               const std::string& data_dir);

}  // namespace kubelet
