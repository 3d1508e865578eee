// Whether a certificate and a key belong together.
#pragma once
#include <string>

#include "absl/strings/string_view.h"

namespace apiserver::warnings {

// Both in PEM. Go's words (crypto/tls) for what is wrong with the pair; empty when nothing is.
std::string KeyPairProblem(absl::string_view certificate_pem, absl::string_view key_pem);

}  // namespace apiserver::warnings
