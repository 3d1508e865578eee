// Tokens of OpenID Connect providers as a source of users.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "apiserver/auth/authenticator.h"
#include "apiserver/jwt/configuration.h"
#include "apiserver/jwt/provider.h"

namespace base {
class Clock;
}

namespace apiserver::jwt {

// Looks for the provider in the background until it is found. `clock` outlives the result.
std::shared_ptr<const auth::TokenSource> NewTokenSource(Issuer issuer, Get get, const base::Clock& clock);

// The --oidc-* flags.
struct OidcFlags {
  std::string issuer_url, client_id, ca_file, username_claim = "sub", username_prefix, groups_claim, groups_prefix;
  std::vector<std::string> signing_algs = {"RS256"}, required_claims;  // KEY=VALUE
};
// What the flags say as the tree of a file would; null: nothing. InvalidArgument in upstream's words.
absl::StatusOr<apimachinery::Value> AsFile(const OidcFlags& flags);

}  // namespace apiserver::jwt
