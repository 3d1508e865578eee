// Certificate signing requests: what they ask for, and the certificate that answers one. Pure but for OpenSSL's randomness.
#pragma once
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "pki/certificate.h"

namespace pki {

struct RequestFacts {
  std::string common_name;
  std::vector<std::string> organizations, dns_names, ip_addresses, emails, uris;
};
// InvalidArgument: not a PEM certificate request, or not signed by its own key.
absl::StatusOr<RequestFacts> ReadRequest(const std::string& pem);

struct SigningTerms {
  absl::Time not_before, not_after;  // the authority's own end is the latest
  std::vector<std::string> usages;   // "client auth", "digital signature", ...: as CertificateSigningRequests name them
};
// The certificate as PEM. Subject and names are the request's.
absl::StatusOr<std::string> SignRequest(const KeyPair& authority, const std::string& pem, const SigningTerms& terms);

}  // namespace pki
