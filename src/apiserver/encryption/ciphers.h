// Sealing and opening of bytes, in the forms that upstream keeps in the store. Pure but for random nonces; thread-safe.
#pragma once
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace apiserver::encryption {

// Keys of 16, 24 or 32 bytes. Initialisation vector (16), then blocks padded as PKCS #7 says; not authenticated.
absl::StatusOr<std::string> SealAesCbc(absl::string_view key, absl::string_view plain);
absl::StatusOr<std::string> OpenAesCbc(absl::string_view key, absl::string_view sealed);

// Keys of 16, 24 or 32 bytes. Nonce (12), text, tag (16); `context` is authenticated too.
absl::StatusOr<std::string> SealAesGcm(absl::string_view key, absl::string_view plain, absl::string_view context);
absl::StatusOr<std::string> OpenAesGcm(absl::string_view key, absl::string_view sealed, absl::string_view context);

// Keys of 32 bytes, XSalsa20 and Poly1305. Nonce (24), tag (16), text.
absl::StatusOr<std::string> SealSecretbox(absl::string_view key, absl::string_view plain);
absl::StatusOr<std::string> OpenSecretbox(absl::string_view key, absl::string_view sealed);

}  // namespace apiserver::encryption
