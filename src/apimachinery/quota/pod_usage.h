// What a pod uses, and which scopes it is in. Part of usage.h.
#pragma once
#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "apimachinery/quota/amounts.h"

namespace apimachinery::quota {

// Neither ended nor past the grace period of its deletion.
bool PodCounts(const Value& pod, absl::Time now);
// "pods", cpu, memory, ephemeral-storage, huge pages and extended resources, under all names that quotas use.
Amounts PodUsage(const Value& pod);
// What running the pod takes of `list` (requests or limits): containers and sidecars together, or the most that an init container
// takes beside the sidecars started before it; the pod's own figures win for the resources that `pod_level` names.
Amounts OfContainers(const Value& pod, absl::string_view list, absl::FunctionRef<bool(absl::string_view)> pod_level);
// Requests and limits under the names that quotas use; without "pods".
Amounts ResourceUsage(const Amounts& requests, const Amounts& limits);
bool IsPodResource(absl::string_view name);

// `term`: scopeName, operator, values.
bool PodInScope(const Value& term, const Value& pod);
// The term's operator on one name; "" is none.
bool NameSelected(const Value& term, absl::string_view name);

}  // namespace apimachinery::quota
