// Hashes that clients compare and never interpret.
#pragma once
#include <string>

#include "absl/strings/string_view.h"

namespace apiserver::discovery {

std::string ShortHash(absl::string_view text);       // base64 of the first 8 bytes of SHA-256
std::string UpperHexSha512(absl::string_view text);

}  // namespace apiserver::discovery
