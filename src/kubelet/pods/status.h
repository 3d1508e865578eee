// The status a pod has, in upstream's terms: phase, conditions, container states. Pure.
#pragma once
#include "absl/time/time.h"
#include "k8s/core/v1/pod.pb.h"
#include "kubelet/pods/plan.h"
#include "kubelet/pods/pod_facts.h"

namespace kubelet {

// `plan`: of the same facts (its waits show as CrashLoopBackOff). `finished`: nothing of the pod runs any more, so a
// final phase may be told. `previous`: the last known status; conditions of others and transition times come from it.
k8s::core::v1::PodStatus ComputePodStatus(const PodFacts& facts, const PodPlan& plan, const Backoff& restarts, bool finished,
                                          const k8s::core::v1::PodStatus& previous, absl::Time now);

}  // namespace kubelet
