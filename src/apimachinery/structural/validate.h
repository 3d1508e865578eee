// Judges values by the constraints of a schema, in upstream's words. Pure; any thread.
#pragma once
#include "absl/strings/string_view.h"
#include "apimachinery/field_error.h"
#include "apimachinery/structural/schema.h"
#include "apimachinery/value.h"

namespace apimachinery::structural {

// Types, enums, ranges, patterns, required members, allOf and the like. `at` is where `value` is in its object ("" for
// the object itself); upstream's messages name fields from there on. `old`, when not nullptr, is what `value` replaces:
// problems of parts that did not change are no problems.
void Validate(const Schema& schema, absl::string_view at, const Value& value, const Value* old, FieldErrors* errors);

// Items of lists that are sets or maps must be unique.
void ValidateLists(const Schema& schema, const FieldPath& path, const Value& value, FieldErrors* errors);

// Whether a string has one of the formats that upstream knows; formats it does not know fit everything.
bool HasFormat(absl::string_view format, absl::string_view text);
bool KnownFormat(absl::string_view format);

}  // namespace apimachinery::structural
