// Whether a token of an issuer is good. Pure.
#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "apiserver/jwt/configuration.h"
#include "pki/jwt.h"

namespace apiserver::jwt {

using Keys = std::vector<std::shared_ptr<const pki::JwtKey>>;
// The issuer's keys; `again`: those that were known verified nothing. An error's text is told.
using KeysOf = std::function<absl::StatusOr<Keys>(bool again)>;

// Unauthenticated, in upstream's words without the "oidc: verify token: " before them.
absl::Status Verify(const Issuer& issuer, const pki::Jwt& token, absl::Time now, const KeysOf& keys);

}  // namespace apiserver::jwt
