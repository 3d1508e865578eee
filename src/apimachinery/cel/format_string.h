// "%s is %.2f".format([a, b]): at run time, and what the checker can say of it beforehand.
#pragma once
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "apimachinery/cel/val.h"

namespace apimachinery::cel {

Val FormatString(absl::string_view format, const List& args);

// One clause of a format: verb s, d, f, e, b, x, X or o.
struct FormatClause {
  char verb = 's';
  int precision = 6;
};

// Calls `take` for each clause in order; it answers an error text, or "" to go on. The result is the first problem of
// the format or of `take` ("" when there is none); `literal` gets the text between the clauses. `args`: how many there are.
std::string WalkFormat(absl::string_view format, size_t args,
                       absl::FunctionRef<std::string(size_t index, const FormatClause& clause)> take,
                       absl::FunctionRef<void(absl::string_view)> literal);

// "only integers and bools can be formatted as binary, was given string".
std::string FormatMisfit(char verb, absl::string_view type);

}  // namespace apimachinery::cel
