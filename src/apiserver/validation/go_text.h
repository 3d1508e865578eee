// Which runes Go holds for printable.
#pragma once
#include <cstdint>

#include "absl/strings/string_view.h"

namespace apiserver::validation {

// The position of the first rune that is not printable by unicode.IsPrint (letters, marks, numbers, punctuation,
// symbols and the blank are), -1 when all are. `text` is UTF-8.
int64_t FirstUnprintable(absl::string_view text);

}  // namespace apiserver::validation
