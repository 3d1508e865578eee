// From the claims of a verified token to a user. Pure; thread-safe.
#pragma once
#include "absl/status/statusor.h"
#include "apimachinery/value.h"
#include "apiserver/jwt/configuration.h"
#include "apiserver/pipeline/request.h"

namespace apiserver::jwt {

// Unauthenticated, in upstream's words, which begin with "oidc: ".
absl::StatusOr<pipeline::UserInfo> UserOf(const Issuer& issuer, const apimachinery::Value& claims);

}  // namespace apiserver::jwt
