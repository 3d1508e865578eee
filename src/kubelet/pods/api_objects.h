// What pods refer to in the API: configuration maps, secrets, services, tokens. A seam: the daemon asks the API server,
// tests answer from memory.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace kubelet {

struct ServiceAddress {
  std::string ns, name, cluster_ip;
  struct Port {
    std::string name, protocol;  // protocol in upper case
    int port = 0;
  };
  std::vector<Port> ports;
};

struct ServiceAccountToken {
  std::string token;
  absl::Time expires_at;
};

// A PersistentVolume that a claim is bound to, as far as a node can mount it: a path of the node.
struct ClaimedVolume {
  std::string volume;     // the PersistentVolume's name
  std::string path;       // empty: of a type that is not known here
  std::string path_type;  // a hostPath's type: "Directory", ...
  bool must_exist = false;  // a local volume, which nobody makes
};

using KeyedData = std::map<std::string, std::string>;

// Thread-safe. NotFound statuses carry the API server's message: `secret "x" not found`.
class ApiObjects {
 public:
  virtual ~ApiObjects() = default;
  virtual absl::StatusOr<KeyedData> ConfigMap(const std::string& ns, const std::string& name) = 0;  // data and binaryData
  virtual absl::StatusOr<KeyedData> Secret(const std::string& ns, const std::string& name) = 0;
  // Errors say what upstream says of a claim that cannot be used.
  virtual absl::StatusOr<ClaimedVolume> Claim(const std::string& ns, const std::string& name) = 0;
  virtual std::vector<ServiceAddress> Services(const std::string& ns) = 0;  // those with a cluster IP
  virtual absl::StatusOr<ServiceAccountToken> Token(const std::string& ns, const std::string& account,
                                                    const std::string& audience, int64_t seconds, const std::string& pod_name,
                                                    const std::string& pod_uid) = 0;
};

}  // namespace kubelet
