// Objects as Go prints upstream's internal types: some messages quote the refused member that way.
#pragma once
#include <string>

#include "absl/strings/string_view.h"
#include "apimachinery/value.h"
#include "apiserver/validation/checks.h"

namespace apiserver::validation {

// `type` names a line of go_types.inc ("core.PodTemplateSpec"). Members that the internal type does not tag take their
// Go names, in the order of the struct, with null or the zero value where nothing is set. A `pretty` text has a line
// for each member, indented by one blank a level.
std::string GoJson(absl::string_view type, const apimachinery::Value& value, bool pretty = false);

// Invalid, with the refused value in that form; "null" for an absent one of a type with "*", else its zero.
void InvalidAs(FieldErrors& e, const Path& path, absl::string_view type, const apimachinery::Value* value,
               absl::string_view detail);
inline void InvalidSelector(FieldErrors& e, const Path& path, const apimachinery::Value* selector,
                            absl::string_view detail) {
  InvalidAs(e, path, "*meta.LabelSelector", selector, detail);
}

// "Invalid value: {...}: field is immutable", in the same way.
void ImmutableAs(FieldErrors& e, const Path& path, absl::string_view type, const apimachinery::Value* value,
                 const apimachinery::Value* old);

}  // namespace apiserver::validation
