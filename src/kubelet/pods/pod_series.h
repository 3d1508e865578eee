// What the metrics tell of pods, under upstream's names. Thread-safe.
#pragma once
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace kubelet {

// One look at a pod. `ends`: one that is on its way out.
void CountPodSync(bool ends, absl::Duration took);
// A pod began to be worked on, so long after it was first seen.
void CountWorkerStart(absl::Duration waited);
// A sandbox was made, or was not.
void CountSandbox(const absl::Status& made, absl::Duration took);
// `type`: "container", "init_container" or "ephemeral_container".
void CountContainerStart(absl::string_view type, const absl::Status& started);
// All containers of a pod run for the first time: since it was first seen here, and since it was created.
void CountPodStart(absl::Duration since_seen, absl::Duration since_created);
void CountEviction(absl::string_view signal);

}  // namespace kubelet
