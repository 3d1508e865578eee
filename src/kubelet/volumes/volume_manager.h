// Volumes of pods on the node's disk:
//   ROOT/pods/UID/volumes/kubernetes.io~TYPE/NAME/
// Types: emptyDir (on disk or, in memory, as a file system of the pod's sandbox), configMap, secret, projected (with service
// account tokens, renewed before they expire), downwardAPI, hostPath; claims on volumes that are a path of the node
// (hostPath, local), of which a link lies there.
#pragma once
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "k8s/core/v1/pod.pb.h"
#include "kubelet/pods/api_objects.h"
#include "kubelet/pods/downward.h"
#include "kubelet/runtime/container_runtime.h"
#include "kubelet/volumes/atomic_writer.h"

namespace kubelet {

struct VolumeFailure {
  std::string volume;
  absl::Status status;
  std::string persistent_volume;  // what the volume's claim is bound to
  bool unprocessed = false;       // the claim leads to no volume

  std::string Message() const;  // as upstream's events tell it
};

// Thread-safe; calls about one pod come from one thread at a time.
class VolumeManager {
 public:
  VolumeManager(std::string root_dir, ApiObjects& objects) : root_dir_(std::move(root_dir)), objects_(objects) {}

  // Makes or refreshes every volume of the pod. The failure has upstream's wording; the others are still made.
  // `context.pod_ip` may be empty before the pod has a sandbox: refresh when it has.
  absl::Status SetUp(const k8s::core::v1::Pod& pod, const PodContext& context, std::vector<VolumeFailure>* failures);
  void TearDown(const std::string& pod_uid);

  // Where a volume lies on the host. NotFound: the pod has none of that name.
  absl::StatusOr<std::string> HostPath(const k8s::core::v1::Pod& pod, const std::string& volume) const;
  // File systems in memory: path and mount options, to be mounted in the pod's sandbox.
  std::vector<std::pair<std::string, std::string>> MemoryVolumes(const k8s::core::v1::Pod& pod) const;
  // Whether anything in it may change while the pod runs.
  static bool NeedsRefresh(const k8s::core::v1::Pod& pod);

  std::string PodDir(const std::string& uid) const { return root_dir_ + "/pods/" + uid; }

 private:
  absl::Status SetUpClaim(const k8s::core::v1::Pod& pod, const std::string& claim, const std::string& link,
                          VolumeFailure& failure);
  absl::Status ProjectPart(const k8s::core::v1::Pod& pod, const PodContext& context, const k8s::core::v1::VolumeProjection& part, int mode,
                           VolumeFiles* files);
  // Says in `failure` what its status leaves open.
  absl::Status SetUpOne(const k8s::core::v1::Pod& pod, const PodContext& context, const k8s::core::v1::Volume& volume,
                        VolumeFailure& failure);
  absl::StatusOr<std::string> Token(const k8s::core::v1::Pod& pod, const k8s::core::v1::ServiceAccountTokenProjection& source);

  const std::string root_dir_;
  ApiObjects& objects_;
  absl::Mutex mu_;
  struct CachedToken {
    ServiceAccountToken token;
    absl::Time renew_at;
  };
  std::map<std::string, CachedToken> tokens_ ABSL_GUARDED_BY(mu_);  // by pod uid, account, audience, lifetime
};

}  // namespace kubelet
