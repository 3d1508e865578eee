// Literals of strings and bytes as written into what they mean.
#pragma once
#include <string>

#include "absl/strings/string_view.h"

namespace apimachinery::cel {

// `literal` is a whole token: quotes and prefixes included. False: `problem` says why, in upstream's words.
bool Unquote(absl::string_view literal, bool bytes, std::string* out, std::string* problem);

}  // namespace apimachinery::cel
