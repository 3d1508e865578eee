// Early return on a non-OK absl::Status: the only macros of the project.
#pragma once
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define SKIFF_CONCAT_INNER(a, b) a##b
#define SKIFF_CONCAT(a, b) SKIFF_CONCAT_INNER(a, b)

#define RETURN_IF_ERROR(expression)                              \
  do {                                                           \
    if (absl::Status skiff_status_ = (expression); !skiff_status_.ok()) \
      return skiff_status_;                                      \
  } while (false)

// ASSIGN_OR_RETURN(auto x, F()): declares x from F()'s value, or returns F()'s status.
#define ASSIGN_OR_RETURN(lhs, expression) \
  SKIFF_ASSIGN_OR_RETURN_IMPL(SKIFF_CONCAT(skiff_or_, __LINE__), lhs, expression)
#define SKIFF_ASSIGN_OR_RETURN_IMPL(result, lhs, expression) \
  auto result = (expression);                                \
  if (!result.ok()) return std::move(result).status();       \
  lhs = std::move(result).value()
