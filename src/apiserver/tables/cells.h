// Building blocks of table cells, shared by the printers of all kinds. Pure.
#pragma once
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "apimachinery/value.h"

namespace apiserver::tables {

using apimachinery::Array;
using apimachinery::Object;
using apimachinery::Value;

inline constexpr absl::string_view kNone = "<none>";
inline constexpr absl::string_view kUnset = "<unset>";
inline constexpr absl::string_view kUnknown = "<unknown>";

// One printer: appends the cells of `object`, one per column.
using Printer = void (*)(const Value& object, absl::Time now, Array* cells);

std::string Name(const Value& object);
std::string Age(const Value& object, absl::Time now);  // since metadata.creationTimestamp
// The age of a time given as text; "<unknown>" when it is empty or malformed.
std::string Since(absl::string_view time, absl::Time now);
absl::Time TimeAt(const Value& object, absl::string_view path);  // absl::InfinitePast() when unset

// The text at a path, or `fallback` when it is absent or empty.
std::string Text(const Value& object, absl::string_view path, absl::string_view fallback);
// The text of an IntOrString or quantity, or `fallback`.
std::string Scalar(const Value* value, absl::string_view fallback);

// "a=b,c=d", sorted; "<none>" when there is none. `labels` may be nullptr.
std::string FormatLabels(const Value* labels);
// A LabelSelector in query form; "<none>" when empty or unset.
std::string FormatSelector(const Value* selector);

// Names and images of the containers of a pod spec, comma separated.
void AppendContainers(const Value& pod_spec, Array* cells);

// "a,b,c + 2 more..." from a list cut at `max`; `count` is the number before cutting.
std::string WithMore(const std::vector<std::string>& list, size_t count, size_t max, absl::string_view separator = ",");

// The condition of a type in status.conditions, or nullptr.
const Value* FindCondition(const Value& object, absl::string_view type);
bool ConditionIsTrue(const Value& object, absl::string_view type);

// "RWO,ROX" from ["ReadWriteOnce", "ReadOnlyMany"].
std::string AccessModes(const Array& modes);
// Addresses or host names of a load balancer status, sorted.
std::string LoadBalancerAddresses(const Value& object);

}  // namespace apiserver::tables
