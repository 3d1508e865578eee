// JSON Web Tokens signed with RS256 or ES256/384/512: what service accounts carry.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "apimachinery/value.h"

namespace pki {

// A key of either half. Immutable, thread-safe.
class JwtKey {
 public:
  // InvalidArgument: no RSA or EC key in the text. Private keys verify too; several keys in one text are several.
  static absl::StatusOr<std::vector<std::shared_ptr<const JwtKey>>> ParsePem(absl::string_view pem);
  // A public key of a JSON Web Key Set (RSA or EC). Its id() is the key's own "kid".
  static absl::StatusOr<std::shared_ptr<const JwtKey>> FromJwk(const apimachinery::Value& jwk);
  virtual ~JwtKey() = default;
  virtual const std::string& id() const = 0;  // base64url(SHA-256(public key in DER))
  virtual const std::string& algorithm() const = 0;
  virtual bool can_sign() const = 0;
  virtual absl::StatusOr<std::string> Sign(absl::string_view text) const = 0;  // raw JWS signature
  virtual bool Verify(absl::string_view text, absl::string_view signature) const = 0;
  // By any algorithm that goes with the key: RS256, RS384, RS512, PS256, PS384, PS512; ES256, ES384, ES512.
  virtual bool VerifyAs(absl::string_view algorithm, absl::string_view text, absl::string_view signature) const = 0;
  virtual apimachinery::Value ToJwk() const = 0;
};

struct Jwt {
  apimachinery::Value header, claims;
  std::string signed_text, signature;
};

// InvalidArgument: not three base64url parts with JSON objects in the first two.
absl::StatusOr<Jwt> ParseJwt(absl::string_view token);
absl::StatusOr<std::string> SignJwt(const JwtKey& key, const apimachinery::Value& claims);

}  // namespace pki
