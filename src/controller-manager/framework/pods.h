// Questions about pods that several controllers ask. Pure.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "k8s/core/v1/pod.pb.h"

namespace controller_manager {

using k8s::core::v1::Pod;
using k8s::core::v1::PodCondition;
using PodPtr = std::shared_ptr<const Pod>;

const PodCondition* FindCondition(const Pod& pod, const std::string& type);
bool IsReady(const Pod& pod);
// Ready, and so for `min_ready_seconds`.
bool IsAvailable(const Pod& pod, int min_ready_seconds, absl::Time now);
// When it becomes available if it stays ready; InfiniteFuture when it is not ready.
absl::Time AvailableAt(const Pod& pod, int min_ready_seconds);
bool IsTerminal(const Pod& pod);  // Succeeded or Failed
bool IsActive(const Pod& pod);    // neither terminal nor being deleted
int Restarts(const Pod& pod);     // of its most restarted container

// Pods in the order in which a shrinking owner gives them up, most dispensable first: unassigned, pending, not ready,
// cheaper by controller.kubernetes.io/pod-deletion-cost, on a node with more of `related` (the owner's own pods and
// its siblings'), ready for a shorter time (in powers of two), restarted more often, younger.
void SortForDeletion(std::vector<PodPtr>& pods, const std::vector<PodPtr>& related, absl::Time now);

}  // namespace controller_manager
