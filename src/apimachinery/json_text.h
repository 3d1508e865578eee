// Details of JSON text that the reader and the writer share.
#pragma once
#include <string>

#include "absl/strings/string_view.h"

namespace apimachinery::json_text {

bool IsValidUtf8(absl::string_view text);
// Every byte that is not part of valid UTF-8 becomes U+FFFD.
std::string ReplaceInvalidUtf8(absl::string_view text);
// Escapes of surrogates without their other half become \ufffd.
void ReplaceLoneSurrogates(std::string* json);
// Go's message for the first syntax error; empty when the text is valid JSON.
std::string Diagnose(absl::string_view json, size_t max_depth);
// Length of the valid UTF-8 sequence at the front of `text`, 0 when there is none. REQUIRES: !text.empty()
size_t Utf8Length(absl::string_view text);

}  // namespace apimachinery::json_text
