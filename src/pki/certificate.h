// Keys and certificates as PEM text. Pure but for OpenSSL's randomness; any thread.
#pragma once
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace pki {

struct KeyPair {
  std::string key;   // PKCS #8
  std::string cert;  // or, of MakeAccountKey, the public key
};

struct CertificateOrder {
  std::string subject;  // "/O=system:masters/CN=kubernetes-admin"
  std::string names;    // "DNS:localhost,IP:127.0.0.1", or empty
  std::string usage;    // "serverAuth,clientAuth"
};

constexpr int kValidDays = 3650;

absl::StatusOr<KeyPair> MakeAuthority(absl::string_view subject);
// InvalidArgument names what OpenSSL does not take.
absl::StatusOr<KeyPair> MakeCertificate(const KeyPair& authority, const CertificateOrder& order);
// What service account tokens are signed with: RSA, as every cluster's; it takes much longer to find than the others.
absl::StatusOr<KeyPair> MakeAccountKey();

}  // namespace pki
