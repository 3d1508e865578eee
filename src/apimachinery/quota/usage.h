// What an object uses of its namespace's quotas, and which quotas count it: upstream's evaluators as pure functions.
//
// Resources are named as in spec.hard: "pods", "requests.cpu", "services.nodeports", "count/deployments.apps",
// "gold.storageclass.storage.k8s.io/requests.storage".
#pragma once
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "apimachinery/quota/amounts.h"

namespace apimachinery::quota {

// A stored resource: group ("" is the core group) and plural.
struct Counted {
  absl::string_view group, resource;
};

// "count/pods", "count/deployments.apps".
std::string CountName(const Counted& what);

// Everything one object uses, zeros included. A pod that has ended, or outlived its deletion's grace period, uses
// nothing but its count/pods.
Amounts UsageOf(const Counted& what, const Value& object, absl::Time now);

// The names of `hard` that objects of this resource may use.
Amounts NamesUsedBy(const Counted& what, const Amounts& hard);

// Whether the object is in all scopes of the quota (spec.scopes and spec.scopeSelector).
bool InScopes(const Value& quota, const Counted& what, const Value& object);

// Quotas of cpu or memory oblige every container to state them. Empty, or the text of the refusal:
// `must specify limits.cpu for: a,b; memory for: a`.
std::string MissingRequirements(const Counted& what, const Amounts& names, const Value& object);

// The resource that a name of spec.hard counts by number alone ("count/x.g", "secrets"); false when it is another
// kind of name. `group` and `resource` are parts of `name` or constants.
bool ParseCountName(absl::string_view name, absl::string_view* group, absl::string_view* resource);

}  // namespace apimachinery::quota
