#include "apiserver/auth/authenticator.h"

#include <algorithm>
#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "apimachinery/time.h"
#include "apiserver/auth/quote.h"
#include "base/clock.h"
#include "base/metrics/metrics.h"
#include "base/status_macros.h"
#include "pki/jwt.h"

namespace apiserver::auth {
namespace {

using apimachinery::Value;
using pki::Jwt;
using pki::JwtKey;
using Strings = std::vector<std::string>;

constexpr absl::Duration kLeeway = absl::Seconds(60);
constexpr char kInvalidSince[] = "kubernetes.io/legacy-token-invalid-since";
constexpr char kLegacyIssuer[] = "kubernetes/serviceaccount";  // of the tokens that lie in secrets

bool Contains(const Strings& set, absl::string_view wanted) {
  return std::find(set.begin(), set.end(), wanted) != set.end();
}

void AddGroup(UserInfo& user, absl::string_view group) {
  if (!Contains(user.groups, group)) user.groups.emplace_back(group);
}

// Whoever calls himself anonymous gains nothing by proving it.
void AddAuthenticated(UserInfo& user) {
  if (user.name != kAnonymousUser && !Contains(user.groups, kUnauthenticatedGroup)) AddGroup(user, kAuthenticatedGroup);
}

// The fields of one CSV line; fields may be quoted, "" inside is one quote.
Strings CsvFields(absl::string_view line) {
  Strings out(1);
  bool quoted = false;
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '"') {
      if (quoted && i + 1 < line.size() && line[i + 1] == '"') {
        out.back() += line[i++];
      } else {
        quoted = !quoted;
      }
    } else if (line[i] == ',' && !quoted) {
      out.emplace_back();
    } else {
      out.back() += line[i];
    }
  }
  return out;
}

// Tokens of service accounts that were accepted, by their kind.
struct TokenCounters {
  base::CounterFamily valid{"serviceaccount_valid_tokens_total", "Bound tokens of service accounts that were accepted.", {}};
  base::CounterFamily legacy{"serviceaccount_legacy_tokens_total", "Tokens of secrets that were accepted.", {}};
  base::CounterFamily automatic{"serviceaccount_legacy_auto_token_uses_total",
                                "Tokens that were accepted of secrets that their accounts list.", {}};
  base::CounterFamily manual{"serviceaccount_legacy_manual_token_uses_total",
                             "Tokens that were accepted of secrets that people made.", {}};
  base::CounterFamily invalid{"serviceaccount_invalid_legacy_auto_token_uses_total",
                              "Tokens that were refused since their secrets are marked as unused for long.", {}};
  base::CounterFamily stale{"serviceaccount_stale_tokens_total",
                            "Bound tokens that were accepted although they should have been renewed.", {}};
};
// Upstream keeps the answers about tokens for a while. Here each is looked at anew: a miss of a cache that has no hits.
struct TokenLookups {
  base::GaugeFamily active{"authentication_token_cache_active_fetch_count", "Tokens that are being looked at.", {"status"}};
  base::CounterFamily fetches{"authentication_token_cache_fetch_total", "Tokens that were looked at, by result.", {"status"}};
  base::CounterFamily requests{"authentication_token_cache_request_total", "Tokens that were shown: all are looked at.", {"status"}};
  base::HistogramFamily duration{"authentication_token_cache_request_duration_seconds", "Time to look at a token.", {"status"},
                                 {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}};
};
TokenLookups& Lookups() {
  static auto* const lookups = new TokenLookups;
  return *lookups;
}

TokenCounters& Tokens() {
  static auto* const counters = new TokenCounters;
  return *counters;
}

base::Histogram& CertificateLifetimes() {
  static auto* const family = new base::HistogramFamily(
      "apiserver_client_certificate_expiration_seconds", "Lifetime left of certificates that clients showed.", {},
      {0, 1800, 3600, 7200, 21600, 43200, 86400, 172800, 345600, 604800, 2592000, 7776000, 15552000, 31104000});
  static auto& lifetimes = family->With(base::Labels());
  return lifetimes;
}
// Shown before anything happens.
[[maybe_unused]] const TokenCounters& kTokensFromTheStart = Tokens();
[[maybe_unused]] const base::Histogram& kLifetimesFromTheStart = CertificateLifetimes();

bool SameSecret(absl::string_view a, absl::string_view b) {  // in constant time
  if (a.size() != b.size()) return false;
  unsigned char differ = 0;
  for (size_t i = 0; i < a.size(); ++i) differ |= static_cast<unsigned char>(a[i] ^ b[i]);
  return differ == 0;
}

// The token of an Authorization header; "" when it is none of ours.
absl::string_view BearerToken(absl::string_view header) {
  header = absl::StripAsciiWhitespace(header);
  const std::vector<absl::string_view> parts = absl::StrSplit(header, absl::MaxSplits(' ', 2));
  if (parts.size() < 2 || !absl::EqualsIgnoreCase(parts[0], "bearer")) return "";
  return parts[1];
}

class RealAuthenticator final : public Authenticator {
 public:
  RealAuthenticator(AuthenticatorConfig config, const ObjectReader* reader, const base::Clock& clock)
      : config_(std::move(config)), reader_(reader), clock_(clock) {
    if (config_.api_audiences.empty()) config_.api_audiences = config_.service_account_issuers;
    Tokens().valid.With({});  // from the start, with none
    Tokens().legacy.With({});
  }

  absl::Status Init() {
    for (const std::string& pem : config_.service_account_keys) {
      ASSIGN_OR_RETURN(auto keys, JwtKey::ParsePem(pem));
      keys_.insert(keys_.end(), keys.begin(), keys.end());
    }
    for (absl::string_view line : absl::StrSplit(config_.token_auth_csv, '\n')) {
      line = absl::StripAsciiWhitespace(line);
      if (line.empty()) continue;
      const Strings fields = CsvFields(line);
      if (fields.size() < 3) {
        return absl::InvalidArgumentError(absl::StrCat(
            "token file must have at least 3 columns (token, user name, user uid), found ", fields.size()));
      }
      UserInfo user{.name = fields[1], .uid = fields[2]};
      if (fields.size() > 3 && !fields[3].empty()) user.groups = absl::StrSplit(fields[3], ',');
      static_tokens_[fields[0]] = std::move(user);
    }
    return absl::OkStatus();
  }

  absl::StatusOr<UserInfo> Authenticate(const Credentials& credentials) const override {
    if (credentials.front_proxy && !credentials.asserted.name.empty() &&
        (config_.front_proxy_names.empty() || Contains(config_.front_proxy_names, credentials.front_proxy_name))) {
      UserInfo user = credentials.asserted;
      AddAuthenticated(user);
      return user;
    }
    if (credentials.has_certificate && !credentials.common_name.empty()) {
      UserInfo user{.name = credentials.common_name, .uid = credentials.certificate_uid,
                    .groups = credentials.organizations};
      user.extra["authentication.kubernetes.io/credential-id"] = {
          absl::StrCat("X509SHA256=", credentials.certificate_fingerprint)};
      AddAuthenticated(user);
      if (credentials.certificate_expires != 0) {
        CertificateLifetimes().Observe(static_cast<double>(credentials.certificate_expires - absl::ToUnixSeconds(clock_.Now())));
      }
      return user;
    }
    std::string token(BearerToken(credentials.authorization));
    for (absl::string_view protocol : credentials.websocket_protocols) {
      if (token.empty() && absl::ConsumePrefix(&protocol, "base64url.bearer.authorization.k8s.io.")) {
        absl::WebSafeBase64Unescape(protocol, &token);
      }
    }
    if (!token.empty()) {
      absl::StatusOr<TokenAnswer> answer = AuthenticateToken(token, {});
      if (!answer.ok()) return answer.status();
      AddAuthenticated(answer->user);
      return std::move(answer->user);
    }
    // Who shows a certificate that does not verify is somebody with wrong credentials, not nobody.
    if (!config_.anonymous || credentials.refused_certificate) return absl::UnauthenticatedError("");
    if (!config_.anonymous_paths.empty() && !Contains(config_.anonymous_paths, credentials.path)) return absl::UnauthenticatedError("");
    return UserInfo{.name = kAnonymousUser, .groups = {kUnauthenticatedGroup}};
  }

  absl::StatusOr<TokenAnswer> AuthenticateToken(absl::string_view token,
                                                absl::Span<const std::string> audiences) const override {
    TokenLookups& lookups = Lookups();
    lookups.active.With({"blocked"});
    base::Gauge& active = lookups.active.With({"in_flight"});
    active.Add(1);
    const absl::Duration began = base::SystemClock().Monotonic();
    absl::StatusOr<TokenAnswer> answer = LookAt(token, audiences);
    active.Add(-1);
    lookups.fetches.With({answer.ok() ? "ok" : "error"}).Add();
    lookups.requests.With({"miss"}).Add();
    lookups.duration.With({"miss"}).Observe(absl::ToDoubleSeconds(base::SystemClock().Monotonic() - began));
    return answer;
  }

 private:
  absl::StatusOr<TokenAnswer> LookAt(absl::string_view token, absl::Span<const std::string> audiences) const {
    for (const auto& [secret, user] : static_tokens_) {
      if (SameSecret(secret, token)) return ForOurselves(user, audiences);
    }
    if (config_.bootstrap_tokens && reader_ != nullptr) {
      absl::StatusOr<UserInfo> user = BootstrapUser(token);
      if (user.ok()) return ForOurselves(*user, audiences);
    }
    absl::StatusOr<Jwt> jwt = pki::ParseJwt(token);
    if (jwt.ok() && Contains(config_.service_account_issuers, jwt->claims.GetString("iss"))) {
      return ServiceAccount(*jwt, audiences);
    }
    if (jwt.ok() && jwt->claims.GetString("iss") == kLegacyIssuer && !keys_.empty()) return LegacyAccount(*jwt, token, audiences);
    std::vector<std::string> reasons;
    for (const auto& source : config_.sources) {
      absl::StatusOr<std::optional<UserInfo>> user = source->Authenticate(token);
      if (user.ok() && user->has_value()) return ForOurselves(**user, audiences);
      if (!user.ok()) reasons.emplace_back(user.status().message());
    }
    if (!reasons.empty()) return No(absl::StrJoin(reasons, ", "));
    return absl::UnauthenticatedError("invalid bearer token");
  }

  // A token that names no audience is meant for this server.
  absl::StatusOr<TokenAnswer> ForOurselves(const UserInfo& user, absl::Span<const std::string> wanted) const {
    TokenAnswer answer{user, {}};
    for (const std::string& own : config_.api_audiences) {
      if (wanted.empty() || std::find(wanted.begin(), wanted.end(), own) != wanted.end()) answer.audiences.push_back(own);
    }
    if (answer.audiences.empty() && !config_.api_audiences.empty()) {
      return absl::UnauthenticatedError("invalid bearer token");
    }
    return answer;
  }

  static absl::Status No(absl::string_view why) {
    return absl::UnauthenticatedError(absl::StrCat("[invalid bearer token, ", why, "]"));
  }

  absl::Status CheckSignature(const Jwt& jwt) const {
    const std::string key_id = jwt.header.GetString("kid"), algorithm = jwt.header.GetString("alg");
    bool known = false, verified = false;
    for (const auto& key : keys_) {
      if (!key_id.empty() && key->id() != key_id) continue;
      known = true;
      verified = verified || (key->algorithm() == algorithm && key->Verify(jwt.signed_text, jwt.signature));
    }
    if (!known) return No("invalid signature, no keys found");
    return verified ? absl::OkStatus() : No("go-jose/go-jose: error in cryptographic primitive");
  }

  // A token of a secret: good as long as the secret holds it and the account is there.
  absl::StatusOr<TokenAnswer> LegacyAccount(const Jwt& jwt, absl::string_view token, absl::Span<const std::string> wanted) const {
    RETURN_IF_ERROR(CheckSignature(jwt));
    const auto claim = [&](absl::string_view name) {
      const Value* value = jwt.claims.Find(absl::StrCat("kubernetes.io/serviceaccount/", name));
      return value != nullptr && value->is_string() ? value->as_string() : std::string();
    };
    const std::string ns = claim("namespace"), secret = claim("secret.name"), name = claim("service-account.name"),
                      uid = claim("service-account.uid");
    if (ns.empty()) return No("namespace claim is missing");
    if (secret.empty()) return No("secretName claim is missing");
    if (name.empty()) return No("serviceAccountName claim is missing");
    if (uid.empty()) return No("serviceAccountUID claim is missing");
    if (jwt.claims.GetString("sub") != absl::StrCat("system:serviceaccount:", ns, ":", name)) {
      return No("sub claim is invalid");
    }
    bool listed = false;  // by its account
    if (reader_ != nullptr) {
      const auto held = Look("secrets", ns, secret);
      if (held == nullptr) return No("service account token has been invalidated");
      if (held->At("metadata.deletionTimestamp") != nullptr) return No("service account token has been invalidated");
      std::string copy;
      absl::Base64Unescape(held->GetString("data.token"), &copy);
      if (!SameSecret(copy, token)) return No("token does not match server's copy");
      const auto account = Look("serviceaccounts", ns, name);
      if (account == nullptr) return No(absl::StrCat("serviceaccounts ", Quote(name), " not found"));
      if (account->At("metadata.deletionTimestamp") != nullptr) {
        return No(absl::StrCat("service account ", ns, "/", name, " has been deleted"));
      }
      if (const std::string stored = account->GetString("metadata.uid"); stored != uid) {
        return No(absl::StrCat("service account UID (", stored, ") does not match claim (", uid, ")"));
      }
      const Value* labels = held->At("metadata.labels");
      const Value* since = labels == nullptr ? nullptr : labels->Find(kInvalidSince);
      if (since != nullptr && since->is_string() && !since->as_string().empty()) {
        Tokens().invalid.With({}).Add();
        return No(absl::StrCat("the token in secret ", ns, "/", secret, " for service account ", ns, "/", name,
                               " has been marked invalid. Use tokens from the TokenRequest API or manually created secret-based tokens, or remove the '",
                               kInvalidSince, "' label from the secret to temporarily allow use of this token"));
      }
      for (const Value& ref : account->GetArray("secrets")) listed = listed || ref.GetString("name") == secret;
    }
    UserInfo user{.name = absl::StrCat("system:serviceaccount:", ns, ":", name), .uid = uid,
                  .groups = {"system:serviceaccounts", absl::StrCat("system:serviceaccounts:", ns)}};
    Tokens().legacy.With({}).Add();
    (listed ? Tokens().automatic : Tokens().manual).With({}).Add();
    return ForOurselves(user, wanted);
  }

  absl::StatusOr<TokenAnswer> ServiceAccount(const Jwt& jwt, absl::Span<const std::string> wanted) const {
    RETURN_IF_ERROR(CheckSignature(jwt));
    Strings of_token;
    const Value* aud = jwt.claims.Find("aud");
    if (aud != nullptr && aud->is_string()) of_token.push_back(aud->as_string());
    for (const Value& a : jwt.claims.GetArray("aud")) {
      if (a.is_string()) of_token.push_back(a.as_string());
    }
    if (of_token.empty()) of_token = config_.api_audiences;
    const Strings requested =
        wanted.empty() ? config_.api_audiences : Strings(wanted.begin(), wanted.end());
    TokenAnswer answer;
    for (const std::string& a : of_token) {
      if (Contains(requested, a) && !Contains(answer.audiences, a)) answer.audiences.push_back(a);
    }
    if (answer.audiences.empty() && !config_.api_audiences.empty()) {
      return No(absl::StrCat("token audiences ", QuoteList(of_token), " is invalid for the target audiences ",
                             QuoteList(requested)));
    }
    const absl::Time now = clock_.Now();
    const auto time_claim = [&](absl::string_view name) { return absl::FromUnixSeconds(jwt.claims.GetInt(name)); };
    if (jwt.claims.Has("nbf") && now + kLeeway < time_claim("nbf")) return No("service account token is not valid yet");
    if (jwt.claims.Has("exp") && now - kLeeway > time_claim("exp")) return No("service account token has expired");
    if (jwt.claims.Has("iat") && now + kLeeway < time_claim("iat")) {
      return No("service account token is issued in the future");
    }
    RETURN_IF_ERROR(CheckBound(jwt, &answer.user));
    Tokens().valid.With({}).Add();
    const Value* own = jwt.claims.Find("kubernetes.io");
    const Value* warn = own != nullptr && own->is_object() ? own->Find("warnafter") : nullptr;
    if (warn != nullptr && warn->is_int() && absl::ToUnixSeconds(now) > warn->as_int()) Tokens().stale.With({}).Add();
    return answer;
  }

  // The account and what the token is bound to must still exist, under the same uid.
  absl::Status CheckBound(const Jwt& jwt, UserInfo* user) const {
    const Value* claims = jwt.claims.Find("kubernetes.io");
    if (claims == nullptr || !claims->is_object()) return No("Namespace claim is missing");
    const std::string ns = claims->GetString("namespace"), name = claims->GetString("serviceaccount.name"),
                      uid = claims->GetString("serviceaccount.uid");
    if (reader_ != nullptr) {
      const auto account = Look("serviceaccounts", ns, name);
      if (account == nullptr) return No(absl::StrCat("serviceaccounts ", Quote(name), " not found"));
      const std::string stored = account->GetString("metadata.uid");
      if (stored != uid) {
        return No(absl::StrCat("service account UID (", stored, ") does not match claim (", uid, ")"));
      }
      if (Deleted(*account)) return No(absl::StrCat("service account ", ns, "/", name, " has been deleted"));
    }
    user->name = absl::StrCat("system:serviceaccount:", ns, ":", name);
    user->uid = uid;
    user->groups = {"system:serviceaccounts", absl::StrCat("system:serviceaccounts:", ns)};
    if (const std::string jti = jwt.claims.GetString("jti"); !jti.empty()) {
      user->extra["authentication.kubernetes.io/credential-id"] = {absl::StrCat("JTI=", jti)};
    }
    const bool pod_bound = claims->Has("pod");
    for (const char* kind : {"secret", "pod", "node"}) {
      const Value* ref = claims->Find(kind);
      if (ref == nullptr) continue;
      const std::string bound = ref->GetString("name"), bound_uid = ref->GetString("uid");
      const bool is_node = std::string(kind) == "node";
      if (reader_ != nullptr && !(is_node && pod_bound)) {
        const auto object = Look(absl::StrCat(kind, "s"), is_node ? "" : ns, bound);
        if (object == nullptr || Deleted(*object)) return No("service account token has been invalidated");
        const std::string stored = object->GetString("metadata.uid");
        if (stored != bound_uid) {
          const std::string what = is_node ? "Node" : std::string(kind) == "pod" ? "Pod" : "Secret";
          return No(absl::StrCat(is_node ? "node" : std::string(kind) == "pod" ? "pod" : "secret", " UID (", stored,
                                 ") does not match service account ", kind, " ref claim (", bound_uid, ")"));
        }
      }
      if (std::string(kind) == "secret") continue;
      user->extra[absl::StrCat("authentication.kubernetes.io/", kind, "-name")] = {bound};
      if (!bound_uid.empty()) user->extra[absl::StrCat("authentication.kubernetes.io/", kind, "-uid")] = {bound_uid};
    }
    return absl::OkStatus();
  }

  pipeline::ObjectPtr Look(absl::string_view resource, absl::string_view ns, absl::string_view name) const {
    const pipeline::GroupResource what{"", std::string(resource)};
    auto found = reader_->Get(what, ns, name);
    if (found != nullptr) return found;
    auto fresh = reader_->GetFresh(what, ns, name);  // the cache may lag behind a token just minted
    return fresh.ok() ? *fresh : nullptr;
  }

  bool Deleted(const Value& object) const {
    const auto at = apimachinery::ParseTime(object.GetString("metadata.deletionTimestamp"));
    return at.ok() && *at < clock_.Now() - kLeeway;
  }

  // ID.SECRET, kept in the secret kube-system/bootstrap-token-ID.
  absl::StatusOr<UserInfo> BootstrapUser(absl::string_view token) const {
    const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(token, absl::MaxSplits('.', 1));
    const auto plain = [](absl::string_view text, size_t size) {
      return text.size() == size && std::all_of(text.begin(), text.end(), [](char c) {
               return absl::ascii_isdigit(c) || absl::ascii_islower(c);
             });
    };
    const absl::Status no = absl::UnauthenticatedError("invalid bearer token");
    if (!plain(parts.first, 6) || !plain(parts.second, 16)) return no;
    const auto secret = reader_->Get({"", "secrets"}, "kube-system", absl::StrCat("bootstrap-token-", parts.first));
    if (secret == nullptr || secret->GetString("type") != "bootstrap.kubernetes.io/token" ||
        secret->At("metadata.deletionTimestamp") != nullptr) {
      return no;
    }
    const auto data = [&](absl::string_view key) {
      std::string out;
      absl::Base64Unescape(secret->GetString(absl::StrCat("data.", key)), &out);
      return out;
    };
    if (!SameSecret(data("token-secret"), parts.second) || data("token-id") != parts.first) return no;
    if (const std::string expires = data("expiration"); !expires.empty()) {
      const auto at = apimachinery::ParseTime(expires);
      if (!at.ok() || *at <= clock_.Now()) return no;
    }
    if (data("usage-bootstrap-authentication") != "true") return no;
    UserInfo user{.name = absl::StrCat("system:bootstrap:", parts.first), .groups = {"system:bootstrappers"}};
    for (absl::string_view group : absl::StrSplit(data("auth-extra-groups"), ',', absl::SkipEmpty())) {
      if (!absl::StartsWith(group, "system:bootstrappers:")) return no;
      AddGroup(user, group);
    }
    return user;
  }

  AuthenticatorConfig config_;
  const ObjectReader* const reader_;
  const base::Clock& clock_;
  std::vector<std::shared_ptr<const JwtKey>> keys_;
  std::map<std::string, UserInfo> static_tokens_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Authenticator>> NewAuthenticator(AuthenticatorConfig config, const ObjectReader* reader,
                                                                const base::Clock& clock) {
  auto out = std::make_unique<RealAuthenticator>(std::move(config), reader, clock);
  RETURN_IF_ERROR(out->Init());
  return out;
}

absl::StatusOr<Impersonation> ParseImpersonation(const Credentials& credentials) {
  Impersonation out;
  out.user = {.name = credentials.impersonate_user, .uid = credentials.impersonate_uid,
              .groups = credentials.impersonate_groups, .extra = credentials.impersonate_extra};
  if (out.user.name.empty()) {
    if (out.user.groups.empty() && out.user.uid.empty() && out.user.extra.empty()) return out;
    // Upstream shows each wish as an object reference: {Kind Namespace Name UID APIVersion ResourceVersion FieldPath}.
    std::vector<std::string> wishes;
    for (const std::string& group : out.user.groups) wishes.push_back(absl::StrCat("{Group  ", group, "    }"));
    for (const auto& [key, values] : out.user.extra) {
      for (const std::string& value : values) {
        wishes.push_back(absl::StrCat("{UserExtra  ", value, "  authentication.k8s.io/v1  ", key, "}"));
      }
    }
    if (!out.user.uid.empty()) wishes.push_back(absl::StrCat("{UID  ", out.user.uid, "  authentication.k8s.io/v1  }"));
    return absl::InvalidArgumentError(absl::StrCat("requested [", absl::StrJoin(wishes, " "), "] without impersonating a user"));
  }
  out.requested = true;
  const std::vector<std::string> parts = absl::StrSplit(out.user.name, ':');
  if (parts.size() == 4 && parts[0] == "system" && parts[1] == "serviceaccount" && out.user.groups.empty()) {
    out.user.groups = {"system:serviceaccounts", absl::StrCat("system:serviceaccounts:", parts[2])};
  }
  if (out.user.name == kAnonymousUser) {
    AddGroup(out.user, kUnauthenticatedGroup);
  } else if (!Contains(out.user.groups, kUnauthenticatedGroup)) {
    AddGroup(out.user, kAuthenticatedGroup);
  }
  return out;
}

}  // namespace apiserver::auth
