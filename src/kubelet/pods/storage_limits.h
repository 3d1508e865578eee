// The bounds a pod sets on its use of the node's disk: sizes of its emptyDir volumes, ephemeral-storage limits. Pure.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "k8s/core/v1/pod.pb.h"

namespace kubelet {

inline constexpr char kEvicted[] = "Evicted";                       // status.reason of a pod that used too much
inline constexpr absl::Duration kEvictionGrace = absl::Seconds(1);  // what such a pod gets to end

// Bytes.
struct StorageUse {
  std::map<std::string, int64_t> volumes;     // by name: those on the node's disk
  std::map<std::string, int64_t> containers;  // by name: what they wrote into their image, and their logs
};

bool HasStorageLimits(const k8s::core::v1::Pod& pod);
// What it exceeds first, in upstream's words.
std::optional<std::string> OverStorageLimit(const k8s::core::v1::Pod& pod, const StorageUse& use);

}  // namespace kubelet
