// Reading and patching custom resources in the form the cache keeps them: compact JSON with sorted members, which we
// wrote ourselves. Nothing is parsed that is not asked for. Pure; any thread.
#pragma once
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace apiserver::cache {

// The text of a member's value; a null view when `object` has no such member (or is no object).
absl::string_view JsonMember(absl::string_view object, absl::string_view name);

// The object with metadata.resourceVersion set, in its place among the sorted members.
std::string JsonWithResourceVersion(absl::string_view object, int64_t resource_version);

// A label's value; a null view when the label is not there.
absl::string_view JsonLabelValue(absl::string_view object, absl::string_view key);

// The text of a scalar at a dotted path: strings as they are, numbers and booleans as JSON; "" when unset.
std::string JsonFieldText(absl::string_view object, absl::string_view path);

}  // namespace apiserver::cache
