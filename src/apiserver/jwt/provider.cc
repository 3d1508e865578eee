#include "apiserver/jwt/provider.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "apimachinery/cel/go_url.h"
#include "apimachinery/go_quote.h"
#include "apimachinery/json.h"
#include "base/http/client.h"
#include "base/log.h"
#include "base/status_macros.h"

namespace apiserver::jwt {
namespace {

using apimachinery::GoQuote;
using apimachinery::Value;

constexpr absl::Duration kCallTimeout = absl::Seconds(30);
constexpr size_t kMaxDocument = 1 << 20;

}  // namespace

absl::StatusOr<Get> HttpsGet(const std::string& ca_pem) {
  ASSIGN_OR_RETURN(std::unique_ptr<base::http::Client> made, base::http::Client::Create({}));
  ASSIGN_OR_RETURN(auto tls, base::http::MakeClientTls({.ca_pem = ca_pem}));
  std::shared_ptr<base::http::Client> client = std::move(made);
  return Get([client, tls](const std::string& text) -> absl::StatusOr<std::string> {
    apimachinery::cel::GoUrl url;
    if (const std::string error = apimachinery::cel::ParseGoUrl(text, &url); !error.empty()) return absl::InvalidArgumentError(error);
    if (url.scheme != "https") return absl::InvalidArgumentError(absl::StrCat("Get ", GoQuote(text), ": unsupported protocol scheme ", GoQuote(url.scheme)));
    base::http::ClientRequest request;
    request.host = url.Hostname();
    if (!url.Port().empty() && !absl::SimpleAtoi(url.Port(), &request.port)) {
      return absl::InvalidArgumentError(absl::StrCat("invalid port in ", GoQuote(text)));
    }
    request.target = absl::StrCat(url.EscapedPath().empty() ? "/" : url.EscapedPath(), url.query.empty() ? "" : "?", url.query);
    request.tls = tls;
    absl::StatusOr<base::http::Client::Response> response = client->Fetch(std::move(request), kCallTimeout, kMaxDocument);
    if (!response.ok()) return absl::UnavailableError(absl::StrCat("Get ", GoQuote(text), ": ", response.status().message()));
    if (response->status != 200) return absl::UnavailableError(absl::StrCat(response->status, ": ", response->body));
    return std::move(response->body);
  });
}

Provider::Provider(Issuer issuer, Get get, absl::Duration retry)
    : issuer_(std::move(issuer)), get_(std::move(get)), retry_(retry), thread_([this] { Discover(); }) {}

Provider::~Provider() {
  {
    const std::lock_guard lock(mu_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

bool Provider::found() const {
  const std::lock_guard lock(mu_);
  return !keys_url_.empty();
}

void Provider::Discover() {
  while (true) {
    absl::StatusOr<std::string> url = KeysUrl();
    std::unique_lock lock(mu_);
    if (url.ok()) {
      keys_url_ = *std::move(url);
      return;
    }
    base::LogError("OpenID provider not found issuer=", issuer_.url, " error=", url.status().message());
    if (wake_.wait_for(lock, absl::ToChronoMilliseconds(retry_), [this] { return stopping_; })) return;
  }
}

absl::StatusOr<std::string> Provider::KeysUrl() const {
  const std::string where = issuer_.discovery_url.empty()
                                ? absl::StrCat(absl::StripSuffix(issuer_.url, "/"), "/.well-known/openid-configuration")
                                : issuer_.discovery_url;
  ASSIGN_OR_RETURN(const std::string text, get_(where));
  const absl::StatusOr<Value> document = apimachinery::ParseJson(text, {.max_depth = 32});
  if (!document.ok() || !document->is_object()) {
    return absl::InvalidArgumentError(absl::StrCat("oidc: failed to decode provider discovery object: ", document.status().message()));
  }
  if (const std::string said = document->GetString("issuer"); said != issuer_.url) {
    return absl::InvalidArgumentError(
        absl::StrCat("oidc: issuer did not match the issuer returned by provider, expected ", GoQuote(issuer_.url), " got ", GoQuote(said)));
  }
  std::string keys = document->GetString("jwks_uri");
  if (keys.empty()) return absl::InvalidArgumentError("provider did not return JWKS URL");
  return keys;
}

absl::StatusOr<Keys> Provider::Fetch(const std::string& url) const {
  const absl::StatusOr<std::string> text = get_(url);
  if (!text.ok()) return absl::UnavailableError(absl::StrCat("oidc: get keys failed ", text.status().message()));
  const absl::StatusOr<Value> set = apimachinery::ParseJson(*text, {.max_depth = 32});
  if (!set.ok() || !set->is_object()) return absl::InvalidArgumentError(absl::StrCat("oidc: failed to decode keys: ", set.status().message(), " ", *text));
  Keys keys;
  for (const Value& jwk : set->GetArray("keys")) {
    absl::StatusOr<std::shared_ptr<const pki::JwtKey>> key = pki::JwtKey::FromJwk(jwk);
    if (key.ok()) keys.push_back(*std::move(key));  // others may be of a kind that signs nothing here
  }
  return keys;
}

absl::StatusOr<Keys> Provider::Find(bool again) {
  std::string url;
  Keys before;
  {
    const std::lock_guard lock(mu_);
    if (keys_url_.empty()) return absl::FailedPreconditionError("oidc: authenticator not initialized");
    if (fetched_ && !again) return keys_;
    url = keys_url_;
    before = keys_;
  }
  const std::lock_guard fetching(fetching_);
  {
    const std::lock_guard lock(mu_);  // who came before may have fetched them meanwhile
    if (fetched_ && keys_ != before) return keys_;
  }
  ASSIGN_OR_RETURN(Keys fresh, Fetch(url));
  const std::lock_guard lock(mu_);
  fetched_ = true;
  keys_ = fresh;
  return fresh;
}

}  // namespace apiserver::jwt
