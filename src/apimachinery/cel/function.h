// Functions and their overloads: what the checker knows of them, what they cost and what they do.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "apimachinery/cel/type.h"
#include "apimachinery/cel/val.h"

namespace apimachinery::cel {

using Args = absl::Span<const Val>;
using Body = Val (*)(Args args);

// One row of a library's table.
struct OverloadRow {
  absl::string_view function;
  absl::string_view id;
  absl::string_view signature;  // "string.(string, int) -> list(string)": the receiver stands before the dot
  Body body;                    // nullptr: the interpreter does it itself (logic, index, ...)
};

struct Overload {
  std::string id;
  bool member = false;
  std::vector<TypePtr> args;  // the receiver first
  TypePtr result;
  std::vector<std::string> type_params;
  Body body = nullptr;
};

struct Function {
  std::string name;
  std::vector<Overload> overloads;
  // What runs whatever overload it is, when the argument is of a kind in `kinds` (operators); else the first overload
  // whose arguments fit is taken at run time.
  Body singleton = nullptr;
  bool guarded = true;  // arguments are checked before the body runs
};

// nullptr when there is none. Built once.
const Function* FindFunction(absl::string_view name);

// Does the value fit an argument of this type at run time?
bool Fits(const Val& value, const Type& type);

// "no such overload: f(string, int)", or the first argument that is an error.
Val NoSuchOverload(absl::string_view function, Args args);

// The libraries' tables.
absl::Span<const OverloadRow> StandardFunctions();
absl::Span<const OverloadRow> OperatorFunctions();
absl::Span<const OverloadRow> TimeFunctions();
absl::Span<const OverloadRow> StringFunctions();
absl::Span<const OverloadRow> ListFunctions();
absl::Span<const OverloadRow> SetFunctions();
absl::Span<const OverloadRow> RegexFunctions();
absl::Span<const OverloadRow> UrlFunctions();
absl::Span<const OverloadRow> QuantityFunctions();
absl::Span<const OverloadRow> NetworkFunctions();
absl::Span<const OverloadRow> FormatFunctions();
absl::Span<const OverloadRow> SemverFunctions();
absl::Span<const OverloadRow> AuthorizerFunctions();
absl::Span<const OverloadRow> OptionalFunctions();

}  // namespace apimachinery::cel
