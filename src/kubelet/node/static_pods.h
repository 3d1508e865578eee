// Static pods: manifests in a folder (or one file) run as pods without the API, which gets a mirror of each to look at.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "client/api_client.h"
#include "k8s/core/v1/node.pb.h"
#include "k8s/core/v1/pod.pb.h"

namespace kubelet {

class PodManager;
class StatusManager;

// A pod from a manifest's text, as this node runs it: name with the node's as suffix, a uid made of the content, upstream's
// annotations and defaults. InvalidArgument says what is wrong.
absl::StatusOr<k8s::core::v1::Pod> ParseStaticPod(const std::string& text, const std::string& file, const std::string& node_name);

class StaticPods {
 public:
  // `path` empty: nothing to do. The references must outlive it.
  StaticPods(std::string path, std::string node_name, const client::ApiClient& api, PodManager& pods, StatusManager& statuses);
  ~StaticPods();
  void Start();

  // What the API says of mirrors; from the pod informer, must not block.
  void MirrorChanged(const k8s::core::v1::Pod& mirror);
  void MirrorDeleted(const k8s::core::v1::Pod& mirror);

 private:
  using PodPtr = std::shared_ptr<const k8s::core::v1::Pod>;
  void Loop();
  void ReadAll();
  void SyncMirrors();
  void Wake();

  const std::string path_, node_name_;
  const client::ApiClient& api_;
  PodManager& pods_;
  StatusManager& statuses_;
  int wake_ = -1;
  std::thread thread_;
  absl::Mutex mu_;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::map<std::string, PodPtr> static_ ABSL_GUARDED_BY(mu_);  // by "namespace/name"
  struct Mirror {
    std::string uid, hash;
    bool deleting = false;
  };
  std::map<std::string, Mirror> mirrors_ ABSL_GUARDED_BY(mu_);  // by "namespace/name"
};

}  // namespace kubelet
