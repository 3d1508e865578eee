// Parts that several conversions share. For convert*.cc only: brings the API's types along.
#pragma once
#include "k8s/core/v1/pod.pb.h"
#include "scheduler/framework/pod_info.h"

namespace scheduler {

Selector ToSelector(const k8s::meta::v1::LabelSelector& from);
NodeTerm ToNodeTerm(const k8s::core::v1::NodeSelectorTerm& from);

}  // namespace scheduler
