// The formats of format.dns1123Label() and its like, by name.
#pragma once
#include "absl/strings/string_view.h"
#include "apimachinery/cel/val.h"

namespace apimachinery::cel {

struct NamedFormat {
  absl::string_view name;        // in format.NAME() and format.named("NAME")
  absl::string_view identity;
  int regex_size;                // for cost: the length of the regular expression it stands for
};

// nullptr when there is none.
const NamedFormat* FindNamedFormat(absl::string_view name);
// REQUIRES: a value of the type kubernetes.NamedFormat.
const NamedFormat& FormatOf(const Val& v);

}  // namespace apimachinery::cel
