// What runs where, as far as we know and as we have decided: the informers' view plus assumed pods, whose binding
// is on its way. Thread-safe.
#pragma once
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/synchronization/mutex.h"
#include "scheduler/framework/node_info.h"

namespace scheduler {

class Cache {
 public:
  void SetNode(NodeSpec spec);
  void RemoveNode(const std::string& name);
  void SetNamespace(const std::string& name, Labels labels);
  void RemoveNamespace(const std::string& name);

  // An assigned pod as the API server has it; replaces an older version or the assumed one.
  void SetPod(PodPtr pod);
  void RemovePod(const std::string& uid);

  // Counts `pod` on `node` before the API server knows. Ends with SetPod, RemovePod or Forget.
  void Assume(PodPtr pod, const std::string& node);
  void Forget(const std::string& uid);  // the binding failed

  void Nominate(PodPtr pod, const std::string& node);
  void ClearNomination(const std::string& uid);

  // Brings `snapshot` up to date, touching only what changed since it was last brought up to date.
  // One snapshot per cache.
  void UpdateSnapshot(Snapshot& snapshot);
  size_t nodes() const;
  struct Sizes {
    size_t nodes = 0, pods = 0, assumed = 0;
  };
  Sizes sizes() const;

 private:
  struct Placed {
    PodPtr pod;
    std::string node;
  };
  void PlaceLocked(PodPtr pod, const std::string& node) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void UnplaceLocked(const std::string& uid) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  mutable absl::Mutex mu_;
  absl::flat_hash_map<std::string, NodePtr> nodes_ ABSL_GUARDED_BY(mu_);  // values are replaced, never changed
  absl::flat_hash_map<std::string, Placed> pods_ ABSL_GUARDED_BY(mu_);    // by uid
  absl::flat_hash_map<std::string, Placed> nominated_ ABSL_GUARDED_BY(mu_);
  absl::flat_hash_map<std::string, Labels> namespaces_ ABSL_GUARDED_BY(mu_);
  absl::flat_hash_set<std::string> dirty_ ABSL_GUARDED_BY(mu_);  // nodes the snapshot does not have yet
  bool nominations_changed_ ABSL_GUARDED_BY(mu_) = false;
  bool namespaces_changed_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace scheduler
