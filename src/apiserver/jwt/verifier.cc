#include "apiserver/jwt/verifier.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "apimachinery/go_quote.h"
#include "base/status_macros.h"

namespace apiserver::jwt {
namespace {

using apimachinery::GoQuote;
using apimachinery::Value;

constexpr absl::Duration kLeeway = absl::Minutes(1);  // for tokens that are not good yet

template <typename... Parts>
absl::Status No(const Parts&... parts) {
  return absl::UnauthenticatedError(absl::StrCat("oidc: ", parts...));
}

std::string Quoted(const std::vector<std::string>& texts) {
  return absl::StrCat("[", absl::StrJoin(texts, " ", [](std::string* out, const std::string& text) { absl::StrAppend(out, GoQuote(text)); }), "]");
}

std::string Shown(absl::Time time) { return absl::FormatTime("%Y-%m-%d %H:%M:%S %z %Z", time, absl::LocalTimeZone()); }

// Go's zero time where there is none.
absl::Time TimeClaim(const Value& claims, const char* name) {
  const Value* value = claims.Find(name);
  if (value != nullptr && value->is_int()) return absl::FromUnixSeconds(value->as_int());
  if (value != nullptr && value->is_number()) return absl::FromUnixSeconds(static_cast<int64_t>(value->as_double()));
  return absl::FromCivil(absl::CivilSecond(1, 1, 1), absl::UTCTimeZone());
}

bool Signed(const pki::Jwt& token, const Keys& keys) {
  const std::string id = token.header.GetString("kid"), algorithm = token.header.GetString("alg");
  return std::any_of(keys.begin(), keys.end(), [&](const auto& key) {
    return (id.empty() || key->id() == id) && key->VerifyAs(algorithm, token.signed_text, token.signature);
  });
}

}  // namespace

absl::Status Verify(const Issuer& issuer, const pki::Jwt& token, absl::Time now, const KeysOf& keys_of) {
  if (const absl::Time expires = TimeClaim(token.claims, "exp"); expires < now) {
    return No("token is expired (Token Expiry: ", Shown(expires), ")");
  }
  if (token.claims.Has("nbf")) {
    const absl::Time from = TimeClaim(token.claims, "nbf");
    if (now + kLeeway < from) return No("current time ", Shown(now), " before the nbf (not before) time: ", Shown(from));
  }
  const std::string algorithm = token.header.GetString("alg");
  if (std::find(issuer.algorithms.begin(), issuer.algorithms.end(), algorithm) == issuer.algorithms.end()) {
    return No("id token signed with unsupported algorithm, expected ", Quoted(issuer.algorithms), " got ", GoQuote(algorithm));
  }
  bool good = false;
  for (const bool again : {false, true}) {
    const absl::StatusOr<Keys> keys = keys_of(again);
    if (!keys.ok()) return absl::UnauthenticatedError(absl::StrCat("failed to verify signature: fetching keys ", keys.status().message()));
    if (good = Signed(token, *keys); good) break;
  }
  if (!good) return absl::UnauthenticatedError("failed to verify signature: failed to verify id token signature");
  std::vector<std::string> audiences;
  if (const Value* aud = token.claims.Find("aud"); aud != nullptr && aud->is_string()) audiences.push_back(aud->as_string());
  for (const Value& aud : token.claims.GetArray("aud")) {
    if (aud.is_string()) audiences.push_back(aud.as_string());
  }
  const auto wanted = [&](const std::string& audience) {
    return std::find(issuer.audiences.begin(), issuer.audiences.end(), audience) != issuer.audiences.end();
  };
  if (std::any_of(audiences.begin(), audiences.end(), wanted)) return absl::OkStatus();
  std::vector<std::string> sorted = issuer.audiences;
  std::sort(sorted.begin(), sorted.end());
  return No("expected audience in ", Quoted(sorted), " got ", Quoted(audiences));
}

}  // namespace apiserver::jwt
