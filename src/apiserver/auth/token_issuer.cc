#include "apiserver/auth/token_issuer.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "apimachinery/api_error.h"
#include "apimachinery/json.h"
#include "apimachinery/time.h"
#include "apiserver/auth/quote.h"
#include "base/clock.h"
#include "base/rng.h"
#include "base/status_macros.h"
#include "pki/jwt.h"

namespace apiserver::auth {
namespace {

using apimachinery::Array;
using apimachinery::Value;
using pki::JwtKey;

// Kubelets ask for this many seconds when an old-style token was wanted: those tokens get a year, and a mark.
constexpr int64_t kWarnOnlySeconds = 60 * 60 + 7;
constexpr int64_t kExtendedSeconds = 365 * 24 * 60 * 60;

Value Reference(const Value& object) {
  Value ref = Value::MakeObject();
  ref.Set("name", object.GetString("metadata.name"));
  if (const std::string uid = object.GetString("metadata.uid"); !uid.empty()) ref.Set("uid", uid);
  return ref;
}

class RealIssuer final : public TokenIssuer {
 public:
  RealIssuer(TokenIssuerConfig config, const base::Clock& clock) : config_(std::move(config)), clock_(clock) {}

  absl::Status Init() {
    ASSIGN_OR_RETURN(auto signing, JwtKey::ParsePem(config_.signing_key_pem));
    key_ = signing[0];
    if (!key_->can_sign()) return absl::InvalidArgumentError("the service account signing key is no private key");
    if (config_.api_audiences.empty()) config_.api_audiences = {config_.issuer};
    if (config_.jwks_uri.empty()) config_.jwks_uri = absl::StrCat(config_.issuer, "/openid/v1/jwks");
    std::vector<std::shared_ptr<const JwtKey>> published;
    for (const std::string& pem : config_.service_account_keys) {
      ASSIGN_OR_RETURN(auto keys, JwtKey::ParsePem(pem));
      published.insert(published.end(), keys.begin(), keys.end());
    }
    if (published.empty()) published.push_back(key_);
    Value jwks = Value::MakeObject();
    Value algorithms = Value::MakeArray();
    for (const auto& key : published) {
      jwks["keys"].Append(key->ToJwk());
      const Array& known = algorithms.array();
      if (std::find(known.begin(), known.end(), Value(key->algorithm())) == known.end()) {
        algorithms.Append(key->algorithm());
      }
    }
    jwks_ = apimachinery::WriteJson(jwks);
    Value document = Value::MakeObject();
    document.Set("issuer", config_.issuer);
    document.Set("jwks_uri", config_.jwks_uri);
    document.Set("response_types_supported", Value(Array{Value("id_token")}));
    document.Set("subject_types_supported", Value(Array{Value("public")}));
    document.Set("id_token_signing_alg_values_supported", std::move(algorithms));
    document_ = apimachinery::WriteJson(document);
    return absl::OkStatus();
  }

  std::string OpenIdConfiguration() const override { return document_; }
  std::string Jwks() const override { return jwks_; }

  absl::StatusOr<Value> Issue(const Value& account, const Value& token_request,
                              const ObjectReader& reader) const override {
    const std::string name = account.GetString("metadata.name"), ns = account.GetString("metadata.namespace"),
                      uid = account.GetString("metadata.uid");
    Value out = token_request;
    for (const auto& [member, text] : {std::pair<std::string, std::string>{"name", name}, {"namespace", ns}}) {
      const std::string asked = out.GetString(absl::StrCat("metadata.", member));
      if (asked.empty() || asked == text) continue;
      apimachinery::FieldErrors errors;
      errors.Invalid(apimachinery::FieldPath("metadata").Child(member), asked,
                     absl::StrCat("must match the service account ", member, " if specified"));
      return apimachinery::Invalid("authentication.k8s.io", "TokenRequest", name, errors).ToStatus();
    }
    if (const std::string asked = out.GetString("metadata.uid"); !asked.empty() && asked != uid) {
      return apimachinery::Conflict("authentication.k8s.io", "TokenRequest", name,
                                    absl::StrCat("the UID in the token request (", asked,
                                                 ") does not match the UID of the service account (", uid, ")"))
          .ToStatus();
    }
    const absl::Time now = clock_.Now();
    Value& metadata = out["metadata"];
    metadata.Set("name", name);
    metadata.Set("namespace", ns);
    metadata.Set("uid", uid);
    metadata.Set("creationTimestamp", apimachinery::FormatTime(now));
    Value& spec = out["spec"];
    if (spec.GetArray("audiences").empty()) {
      spec.Set("audiences", Value(Array(config_.api_audiences.begin(), config_.api_audiences.end())));
    }
    Value claims = Value::MakeObject();
    Value bound = Value::MakeObject();
    bound.Set("namespace", ns);
    bound.Set("serviceaccount", Reference(account));
    RETURN_IF_ERROR(Bind(out, name, ns, reader, &bound));

    int64_t seconds = out.GetInt("spec.expirationSeconds", 3600);
    if (config_.max_expiration_seconds > 0) seconds = std::min(seconds, config_.max_expiration_seconds);
    out["spec"].Set("expirationSeconds", seconds);
    const absl::Time expires = now + absl::Seconds(seconds);
    int64_t lives = seconds;
    const Array& audiences = out.GetArray("spec.audiences");
    if (config_.extend_expiration && bound.Has("pod") && seconds == kWarnOnlySeconds && IsApiAudiences(audiences)) {
      lives = kExtendedSeconds;
      bound.Set("warnafter", absl::ToUnixSeconds(expires));
    }
    claims.Set("aud", Value(audiences));
    claims.Set("exp", absl::ToUnixSeconds(now + absl::Seconds(lives)));
    claims.Set("iat", absl::ToUnixSeconds(now));
    claims.Set("iss", config_.issuer);
    claims.Set("jti", base::NewUid());
    claims.Set("kubernetes.io", std::move(bound));
    claims.Set("nbf", absl::ToUnixSeconds(now));
    claims.Set("sub", absl::StrCat("system:serviceaccount:", ns, ":", name));
    ASSIGN_OR_RETURN(std::string token, pki::SignJwt(*key_, claims));
    Value& status = out["status"];
    status = Value::MakeObject();
    status.Set("token", std::move(token));
    status.Set("expirationTimestamp", apimachinery::FormatTime(expires));
    return out;
  }

 private:
  bool IsApiAudiences(const Array& audiences) const {
    for (const Value& audience : audiences) {
      const auto& own = config_.api_audiences;
      if (std::find(own.begin(), own.end(), audience.as_string()) == own.end()) return false;
    }
    return true;
  }

  // Puts the pod, secret or node of spec.boundObjectRef into the claims.
  absl::Status Bind(const Value& request, absl::string_view account, absl::string_view ns, const ObjectReader& reader,
                    Value* claims) const {
    const Value* ref = request.At("spec.boundObjectRef");
    if (ref == nullptr) return absl::OkStatus();
    const std::string kind = ref->GetString("kind"), version = ref->GetString("apiVersion"),
                      name = ref->GetString("name");
    const size_t slash = version.find('/');  // a group; core objects have none, whatever the version
    if (slash != std::string::npos || (kind != "Pod" && kind != "Secret" && kind != "Node")) {
      return apimachinery::BadRequest(absl::StrCat("cannot bind token to object of type ",
                                                   slash == std::string::npos ? "/" : "", version, ", Kind=", kind));
    }
    const std::string resource = kind == "Pod" ? "pods" : kind == "Secret" ? "secrets" : "nodes";
    if (name.empty()) return apimachinery::BadRequest("Name parameter required.");
    ASSIGN_OR_RETURN(const auto object, reader.GetFresh({"", resource}, kind == "Node" ? "" : ns, name));
    if (object == nullptr) return apimachinery::NotFound("", resource, name);
    if (kind == "Pod") {
      if (object->GetString("spec.serviceAccountName") != account) {
        return apimachinery::BadRequest(absl::StrCat("cannot bind token for serviceaccount ", Quote(account),
                                                     " to pod running with different serviceaccount name."));
      }
      if (const std::string node = object->GetString("spec.nodeName"); !node.empty()) {
        const auto stored = reader.Get({"", "nodes"}, "", node);
        Value node_ref = Value::MakeObject();
        node_ref.Set("name", node);
        claims->Set("node", stored == nullptr ? std::move(node_ref) : Reference(*stored));
      }
    }
    claims->Set(kind == "Pod" ? "pod" : kind == "Secret" ? "secret" : "node", Reference(*object));
    const std::string wanted = ref->GetString("uid"), uid = object->GetString("metadata.uid");
    if (!wanted.empty() && wanted != uid) {
      return apimachinery::Conflict(
          "", kind, name,
          absl::StrCat("the UID in the bound object reference (", wanted,
                       ") does not match the UID in record. The object might have been deleted and then recreated"));
    }
    return absl::OkStatus();
  }

  TokenIssuerConfig config_;
  const base::Clock& clock_;
  std::shared_ptr<const JwtKey> key_;
  std::string document_, jwks_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<TokenIssuer>> NewTokenIssuer(TokenIssuerConfig config, const base::Clock& clock) {
  auto out = std::make_unique<RealIssuer>(std::move(config), clock);
  RETURN_IF_ERROR(out->Init());
  return out;
}

}  // namespace apiserver::auth
