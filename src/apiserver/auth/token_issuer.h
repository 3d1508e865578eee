// Mints service account tokens and publishes what others need to verify them.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "apimachinery/value.h"
#include "apiserver/pipeline/objects.h"

namespace base {
class Clock;
}

namespace apiserver {
namespace auth {

using pipeline::ObjectReader;

struct TokenIssuerConfig {
  std::string signing_key_pem;                    // RSA or EC P-256 private key
  std::vector<std::string> service_account_keys;  // PEM public keys for the JWKS; empty: the signing key's
  std::string issuer;
  std::vector<std::string> api_audiences;         // default audiences; empty: the issuer
  int64_t max_expiration_seconds = 0;             // 0: no limit
  bool extend_expiration = true;                  // of tokens that pods ask for by an hour: they live a year, and are called stale after it
  std::string jwks_uri;                           // empty: ISSUER/openid/v1/jwks
};

// Thread-safe.
class TokenIssuer {
 public:
  virtual ~TokenIssuer() = default;

  // POST .../serviceaccounts/NAME/token: the TokenRequest filled in, its status holding the token. `account` is the
  // stored ServiceAccount. The request must have passed defaults and validation. NotFound, FailedPrecondition
  // (uid mismatch) and InvalidArgument carry the text of the answer; `reader` finds the bound object.
  virtual absl::StatusOr<apimachinery::Value> Issue(const apimachinery::Value& account,
                                                    const apimachinery::Value& token_request,
                                                    const ObjectReader& reader) const = 0;
  virtual std::string OpenIdConfiguration() const = 0;  // body of /.well-known/openid-configuration
  virtual std::string Jwks() const = 0;                 // body of /openid/v1/jwks, application/jwk-set+json
};

absl::StatusOr<std::unique_ptr<TokenIssuer>> NewTokenIssuer(TokenIssuerConfig config, const base::Clock& clock);

}  // namespace auth
}  // namespace apiserver
