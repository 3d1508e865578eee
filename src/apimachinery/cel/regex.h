// Regular expressions in Go's syntax, which RE2 shares.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace apimachinery::cel {

// Immutable, any thread.
class Regex {
 public:
  virtual ~Regex() = default;
  virtual bool Matches(absl::string_view text) const = 0;  // anywhere in it
  // The leftmost match from `from` on; false: none.
  virtual bool Find(absl::string_view text, size_t from, size_t* begin, size_t* end) const = 0;
};

// nullptr: `error` says why in Go's words ("error parsing regexp: missing closing ): `(`"). Patterns used lately are kept
// compiled.
std::shared_ptr<const Regex> CompileRegex(absl::string_view pattern, std::string* error);

}  // namespace apimachinery::cel
