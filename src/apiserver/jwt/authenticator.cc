#include "apiserver/jwt/authenticator.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "apiserver/jwt/claims.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/status_macros.h"

namespace apiserver::jwt {
namespace {

class Source final : public auth::TokenSource {
 public:
  Source(Issuer issuer, Get get, const base::Clock& clock)
      : issuer_(std::move(issuer)), clock_(clock), provider_(std::make_unique<Provider>(issuer_, std::move(get))) {}

  absl::StatusOr<std::optional<pipeline::UserInfo>> Authenticate(absl::string_view text) const override {
    const absl::StatusOr<pki::Jwt> token = pki::ParseJwt(text);
    if (!token.ok() || token->claims.GetString("iss") != issuer_.url) return std::nullopt;
    if (!provider_->found()) return absl::UnauthenticatedError("oidc: authenticator not initialized");
    const absl::Status good = Verify(issuer_, *token, clock_.Now(), [this](bool again) { return provider_->Find(again); });
    if (!good.ok()) return absl::UnauthenticatedError(absl::StrCat("oidc: verify token: ", good.message()));
    ASSIGN_OR_RETURN(pipeline::UserInfo user, UserOf(issuer_, token->claims));
    return user;
  }

 private:
  const Issuer issuer_;
  const base::Clock& clock_;
  const std::unique_ptr<Provider> provider_;
};

}  // namespace

std::shared_ptr<const auth::TokenSource> NewTokenSource(Issuer issuer, Get get, const base::Clock& clock) {
  return std::make_shared<Source>(std::move(issuer), std::move(get), clock);
}

absl::StatusOr<apimachinery::Value> AsFile(const OidcFlags& flags) {
  using apimachinery::Value;
  if (flags.issuer_url.empty() != flags.client_id.empty()) {
    return absl::InvalidArgumentError("oidc-issuer-url and oidc-client-id must be specified together when any oidc-* flags are set");
  }
  if (flags.issuer_url.empty()) return Value();
  for (const std::string& algorithm : flags.signing_algs) {
    const std::vector<std::string> known = KnownAlgorithms();
    if (std::find(known.begin(), known.end(), algorithm) == known.end()) {
      return absl::InvalidArgumentError(absl::StrCat("oidc: unsupported signing alg: \"", algorithm, "\""));
    }
  }
  Value jwt = Value::MakeObject();
  Value& issuer = jwt["issuer"];
  issuer = Value::MakeObject();
  issuer.Set("url", flags.issuer_url);
  issuer["audiences"].Append(flags.client_id);
  if (!flags.ca_file.empty()) {
    ASSIGN_OR_RETURN(const std::string pem, base::ReadFile(flags.ca_file));
    issuer.Set("certificateAuthority", pem);
  }
  // Names of users are no names of others, unless it is asked for ("-"), or they are addresses of mail.
  std::string prefix = flags.username_prefix;
  if (prefix == "-") {
    prefix.clear();
  } else if (prefix.empty() && flags.username_claim != "email") {
    prefix = absl::StrCat(flags.issuer_url, "#");
  }
  Value& username = jwt.Ensure("claimMappings.username");
  username.Set("claim", flags.username_claim);
  username.Set("prefix", prefix);
  if (!flags.groups_claim.empty()) {
    Value& groups = jwt.Ensure("claimMappings.groups");
    groups.Set("claim", flags.groups_claim);
    groups.Set("prefix", flags.groups_prefix);
  }
  for (const std::string& required : flags.required_claims) {
    const size_t equal = required.find('=');
    if (equal == std::string::npos) return absl::InvalidArgumentError(absl::StrCat(required, " must be formatted as key=value"));
    Value rule = Value::MakeObject();
    rule.Set("claim", required.substr(0, equal));
    rule.Set("requiredValue", required.substr(equal + 1));
    jwt["claimValidationRules"].Append(std::move(rule));
  }
  Value file = Value::MakeObject();
  file["jwt"].Append(std::move(jwt));
  return file;
}

}  // namespace apiserver::jwt
