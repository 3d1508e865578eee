// Owners of a workload's replicas as owners of its Scale, and back: what is written through the scale subresource is
// tracked on the Scale.
#pragma once
#include "absl/strings/string_view.h"
#include "apimachinery/apply/managed_fields.h"

namespace apimachinery::apply {

// Those who own the replicas, which lie at `path` in the workload ("spec.replicas").
ManagedFields OwnersOfScale(const ManagedFields& workload, absl::string_view path);

// `workload` with the owners of the replicas that `scale` has now; `api_version` is the workload's. As upstream, an
// updater keeps its entry (and its time) only by its full identity: the version of a Scale's updater is never the
// workload's.
ManagedFields OwnersOfWorkload(ManagedFields workload, const ManagedFields& scale, absl::string_view api_version,
                               absl::string_view path);

}  // namespace apimachinery::apply
