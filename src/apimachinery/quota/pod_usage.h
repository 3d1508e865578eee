// What a pod uses, and which scopes it is in. Part of usage.h.
#pragma once
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "apimachinery/quota/amounts.h"

namespace apimachinery::quota {

// Neither ended nor past the grace period of its deletion.
bool PodCounts(const Value& pod, absl::Time now);
// "pods", cpu, memory, ephemeral-storage, huge pages and extended resources, under all names that quotas use.
Amounts PodUsage(const Value& pod);
// Requests and limits under the names that quotas use; without "pods".
Amounts ResourceUsage(const Amounts& requests, const Amounts& limits);
bool IsPodResource(absl::string_view name);

// `term`: scopeName, operator, values.
bool PodInScope(const Value& term, const Value& pod);
// The term's operator on one name; "" is none.
bool NameSelected(const Value& term, absl::string_view name);

}  // namespace apimachinery::quota
