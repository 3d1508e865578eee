// Writes pod statuses to the API: the newest wins, one write at a time a pod, conflicts resolved by reading again. Also the
// last write of a pod's life: its deletion, when everything of it is gone.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "client/api_client.h"
#include "client/work_queue.h"
#include "k8s/core/v1/pod.pb.h"

namespace kubelet {

// Thread-safe.
class StatusManager {
 public:
  StatusManager(const client::ApiClient& api, int threads);
  ~StatusManager();  // stops; what is queued is dropped: the next kubelet computes it anew

  // The newest state of the API object, as the watch delivers it.
  void Observe(std::shared_ptr<const k8s::core::v1::Pod> pod);
  // `then_delete`: afterwards the object goes, with this uid only.
  void Set(const std::string& uid, k8s::core::v1::PodStatus status, bool then_delete);
  void Forget(const std::string& uid);

 private:
  struct Entry {
    std::shared_ptr<const k8s::core::v1::Pod> pod;  // newest known
    k8s::core::v1::PodStatus status;
    bool dirty = false;
    bool then_delete = false;
  };
  void Loop();
  absl::Status Write(const std::string& uid);

  const client::ApiClient& api_;
  client::WorkQueue queue_;
  absl::Mutex mu_;
  std::map<std::string, Entry> entries_ ABSL_GUARDED_BY(mu_);
  std::vector<std::thread> threads_;
};

}  // namespace kubelet
