// --sort-by: orders objects, or the rows of a table, by a field. Pure.
#pragma once
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "apimachinery/value.h"

namespace kubectl {

using apimachinery::Value;

// Objects without the field come first; numbers in strings count as numbers ("pod-2" before
// "pod-10"). SortObjects: `couldn't find any field with path "..." in the list of objects` when
// none has it.
absl::StatusOr<std::vector<Value>> SortObjects(std::vector<Value> objects,
                                               const std::string& field);
absl::Status SortRows(Value* table, const std::string& field);

}  // namespace kubectl
