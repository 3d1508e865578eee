// From API objects to the scheduler's plain values.
#pragma once
#include "scheduler/framework/node_info.h"
#include "scheduler/framework/pod_info.h"
#include "scheduler/framework/volumes.h"

namespace k8s::core::v1 {
class Node;
class PersistentVolume;
class PersistentVolumeClaim;
class Pod;
}  // namespace k8s::core::v1
namespace k8s::storage::v1 {
class StorageClass;
}  // namespace k8s::storage::v1

namespace scheduler {

PodInfo ToPodInfo(const k8s::core::v1::Pod& pod);
NodeSpec ToNodeSpec(const k8s::core::v1::Node& node);
Claim ToClaim(const k8s::core::v1::PersistentVolumeClaim& claim);
Volume ToVolume(const k8s::core::v1::PersistentVolume& volume);
VolumeClass ToVolumeClass(const k8s::storage::v1::StorageClass& storage_class);

}  // namespace scheduler
