// What a call costs at run time, by upstream's accounting.
#pragma once
#include <cstdint>

#include "absl/strings/string_view.h"
#include "apimachinery/cel/function.h"

namespace apimachinery::cel {

// Units of the cost model (cel-go's common/cost.go).
constexpr uint64_t kIdentCost = 1, kListCost = 10, kMapCost = 30, kStructCost = 40;
constexpr double kPerCharacter = 0.1;        // one pass over text
constexpr double kPerRegexCharacter = 0.25;  // of a pattern

// The list that an overload compares with itself, which upstream takes for granted to be one; nullptr for other overloads.
const Val* ComparedList(absl::string_view overload, Args args);

// `overload` is "" when more than one fits by the types known beforehand.
uint64_t RuntimeCallCost(absl::string_view function, absl::string_view overload, Args args, const Val& result);

}  // namespace apimachinery::cel
