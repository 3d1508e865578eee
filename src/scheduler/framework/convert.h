// From API objects to the scheduler's plain values.
#pragma once
#include "scheduler/framework/node_info.h"
#include "scheduler/framework/pod_info.h"

namespace k8s::core::v1 {
class Node;
class Pod;
}  // namespace k8s::core::v1

namespace scheduler {

PodInfo ToPodInfo(const k8s::core::v1::Pod& pod);
NodeSpec ToNodeSpec(const k8s::core::v1::Node& node);

}  // namespace scheduler
