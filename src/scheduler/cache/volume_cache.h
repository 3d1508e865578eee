// Claims, volumes and classes as the informers tell them, plus volumes that are promised to a claim until the API server
// says so itself. Thread-safe.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "scheduler/framework/volumes.h"

namespace scheduler {

class VolumeCache {
 public:
  void SetClaim(Claim claim);
  void RemoveClaim(const std::string& key);
  void SetVolume(Volume volume);
  void RemoveVolume(const std::string& name);
  void SetClass(const std::string& name, VolumeClass storage_class);
  void RemoveClass(const std::string& name);

  // Nobody else gets these volumes until they are seen with a claim, or forgotten.
  void Promise(const std::vector<VolumeChoice>& choices);
  void Forget(const std::vector<VolumeChoice>& choices);

  std::shared_ptr<const VolumeState> State();

 private:
  VolumeState& Change() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  absl::Mutex mu_;
  std::shared_ptr<VolumeState> state_ ABSL_GUARDED_BY(mu_) = std::make_shared<VolumeState>();
};

}  // namespace scheduler
