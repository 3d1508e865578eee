// What other servers say of themselves, brought into the form in which ours says it. Pure; any thread.
#pragma once
#include <map>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "apimachinery/value.h"

namespace apiserver::aggregation {

enum class Freshness { kCurrent, kStale };

// Whether a Content-Type is that of aggregated discovery, of a version we read.
bool IsAggregatedDiscovery(absl::string_view content_type);
// The entry of a group version: out of an APIGroupDiscoveryList (it has none: a bare one), out of an APIResourceList, and
// one without resources for a server that cannot be asked.
apimachinery::Value EntryOfAggregated(const apimachinery::Value& list, absl::string_view group, absl::string_view version);
apimachinery::Value EntryOfResources(const apimachinery::Value& list, absl::string_view version);
apimachinery::Value EntryOfNobody(absl::string_view version);

// The index of OpenAPI v3 documents: path → where it is.
std::map<std::string, std::string> DocumentsOf(const apimachinery::Value& index);
// What of an OpenAPI v2 document is below `prefix` ("/apis/example.com/v1/"), with the definitions that it needs.
apimachinery::Value FilterV2(const apimachinery::Value& document, absl::string_view prefix);

}  // namespace apiserver::aggregation
