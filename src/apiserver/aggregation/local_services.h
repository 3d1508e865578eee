// The APIServices of the group versions that the server has by itself. Pure; any thread.
#pragma once
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "apimachinery/value.h"

namespace apiserver::aggregation {

inline constexpr char kAutomanaged[] = "kube-aggregator.kubernetes.io/automanaged";

// "v1.apps"; "v1." for the core group.
std::string ServiceName(absl::string_view group, absl::string_view version);

// Of the built-in group versions, with upstream's priorities: clients list groups in their order.
std::vector<apimachinery::Value> BuiltinServices();
// Of a version of a CustomResourceDefinition.
apimachinery::Value CustomService(absl::string_view group, absl::string_view version);

}  // namespace apiserver::aggregation
