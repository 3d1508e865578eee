#include "apiserver/http/static_paths.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "apimachinery/json.h"
#include "apiserver/discovery/discovery.h"
#include "apiserver/http/present.h"
#include "apiserver/openapi/openapi.h"

namespace apiserver::http {
namespace {

using apimachinery::Value;

// Upstream's checks under upstream's names, since monitoring asks for them one by one. Most are parts of one start-up
// here: they pass when that is done.
constexpr absl::string_view kChecks[] = {
    "ping",
    "log",
    "etcd",
    "etcd-readiness",
    "informer-sync",
    "poststarthook/start-apiserver-admission-initializer",
    "poststarthook/generic-apiserver-start-informers",
    "poststarthook/priority-and-fairness-config-consumer",
    "poststarthook/priority-and-fairness-filter",
    "poststarthook/storage-object-count-tracker-hook",
    "poststarthook/start-apiextensions-informers",
    "poststarthook/start-apiextensions-controllers",
    "poststarthook/crd-informer-synced",
    "poststarthook/start-system-namespaces-controller",
    "poststarthook/start-cluster-authentication-info-controller",
    "poststarthook/start-kube-apiserver-identity-lease-controller",
    "poststarthook/start-kube-apiserver-identity-lease-garbage-collector",
    "poststarthook/start-legacy-token-tracking-controller",
    "poststarthook/start-service-ip-repair-controllers",
    "poststarthook/rbac/bootstrap-roles",
    "poststarthook/scheduling/bootstrap-system-priority-classes",
    "poststarthook/priority-and-fairness-config-producer",
    "poststarthook/bootstrap-controller",
    "poststarthook/start-kubernetes-service-cidr-controller",
    "poststarthook/start-kube-aggregator-informers",
    "poststarthook/apiservice-status-local-available-controller",
    "poststarthook/apiservice-status-remote-available-controller",
    "poststarthook/apiservice-registration-controller",
    "poststarthook/apiservice-discovery-controller",
    "poststarthook/kube-apiserver-autoregistration",
    "autoregister-completion",
    "poststarthook/apiservice-openapi-controller",
    "poststarthook/apiservice-openapiv3-controller",
    "shutdown",
};

constexpr char kKeysCached[] = "public, max-age=3600";

void Health(const StaticContext& context, absl::string_view path, absl::string_view query, StaticAnswer* answer) {
  const std::pair<absl::string_view, absl::string_view> split =
      absl::StrSplit(absl::StripPrefix(path, "/"), absl::MaxSplits('/', 1));
  const absl::string_view endpoint = split.first;
  answer->content_type = "text/plain; charset=utf-8";
  const base::http::QueryParams params = base::http::ParseQuery(query);
  const auto excluded = [&](absl::string_view name) {
    for (const auto& [key, value] : params) {
      if (key == "exclude" && value == name) return true;
    }
    return false;
  };
  const auto passes = [&](absl::string_view name) {
    if (name == "etcd" || name == "etcd-readiness" || name == "informer-sync") return context.registry->environment().cache->ready();
    if (endpoint == "livez") return true;
    return context.ready;
  };
  if (!split.second.empty()) {
    for (const absl::string_view name : kChecks) {
      if (name != split.second) continue;
      answer->status = passes(name) ? 200 : 500;
      answer->body = passes(name) ? "ok" : "internal server error: not ready\n";
      return;
    }
    answer->status = 404;
    answer->body = "404 page not found\n";
    return;
  }
  std::string lines;
  bool ok = true;
  for (const absl::string_view name : kChecks) {
    const bool readiness_only = name == "informer-sync" || name == "shutdown" || name == "etcd-readiness";
    if (endpoint != "readyz" && readiness_only) continue;
    if (excluded(name)) {
      absl::StrAppend(&lines, "[+]", name, " excluded: ok\n");
    } else if (passes(name)) {
      absl::StrAppend(&lines, "[+]", name, " ok\n");
    } else {
      ok = false;
      absl::StrAppend(&lines, "[-]", name, " failed: reason withheld\n");
    }
  }
  const bool verbose = absl::StrContains(query, "verbose");
  answer->status = ok ? 200 : 500;
  if (!ok) {
    answer->body = absl::StrCat(lines, endpoint, " check failed\n");
  } else {
    answer->body = verbose ? absl::StrCat(lines, endpoint, " check passed\n") : "ok";
  }
}

void Json(const Value& value, const Negotiated& form, StaticAnswer* answer) {
  answer->content_type = form.format == Format::kYaml ? "application/yaml" : "application/json";
  Negotiated text = form;
  if (text.format == Format::kProtobuf) text.format = Format::kJson;
  answer->body = Dress(apimachinery::WriteJson(value), text);
}

void Document(std::shared_ptr<const std::string> body, absl::string_view type, std::string etag, StaticAnswer* answer) {
  answer->content_type = std::string(type);
  answer->body = *body;
  answer->etag = std::move(etag);
}

bool OpenApi(const base::http::Request& request, StaticAnswer* answer) {
  const absl::string_view path = request.path;
  if (path == "/openapi/v3") {
    answer->content_type = "text/plain; charset=utf-8";  // as upstream's is sniffed
    answer->body = openapi::V3Index(discovery::Builtin());
    answer->etag = discovery::Etag(answer->body);
    return true;
  }
  if (absl::StartsWith(path, "/openapi/v3/")) {
    const absl::string_view below = path.substr(12);
    auto document = openapi::V3Document(below);
    if (document == nullptr) return false;
    Document(std::move(document), "application/json", absl::StrCat("\"", openapi::V3Hash(below), "\""), answer);
    return true;
  }
  if (path != "/openapi/v2") return false;
  if (absl::StrContains(request.header("accept"), "proto-openapi.spec.v2")) {
    auto document = openapi::V2Protobuf();
    if (document == nullptr) return false;
    Document(document, "application/com.github.proto-openapi.spec.v2.v1.0+protobuf", discovery::Etag(*document), answer);
    return true;
  }
  auto document = openapi::V2Json();
  if (document == nullptr) return false;
  Document(document, "application/json", discovery::Etag(*document), answer);
  return true;
}

bool Discovery(const StaticContext& context, const base::http::Request& request, const Negotiated& form,
               StaticAnswer* answer) {
  const discovery::Catalog& catalog = discovery::Builtin();
  absl::string_view path = request.path;
  if (path.size() > 1) absl::ConsumeSuffix(&path, "/");
  if (path == "/api" || path == "/apis") {
    const std::string version = discovery::AggregatedVersion(request.header("accept"));
    if (!version.empty()) {
      answer->content_type = discovery::AggregatedContentType(version);
      answer->body = apimachinery::WriteJson(discovery::AggregatedDiscovery(catalog, path == "/api", version)) + "\n";
      answer->etag = discovery::Etag(answer->body);
      return true;
    }
    Json(path == "/api" ? discovery::ApiVersions(context.server_address) : discovery::ApiGroupList(catalog), form, answer);
    return true;
  }
  std::vector<std::string> parts = absl::StrSplit(path.substr(1), '/');
  std::optional<Value> body;
  if (parts.size() == 2 && parts[0] == "api") body = discovery::ApiResourceList(catalog, "", parts[1]);
  if (parts.size() == 2 && parts[0] == "apis") body = discovery::ApiGroup(catalog, parts[1]);
  if (parts.size() == 3 && parts[0] == "apis") body = discovery::ApiResourceList(catalog, parts[1], parts[2]);
  if (!body) return false;
  Json(*body, form, answer);
  return true;
}

}  // namespace

bool AnswerStaticPath(const StaticContext& context, const base::http::Request& request, const Negotiated& form,
                      StaticAnswer* answer) {
  const absl::string_view path = request.path;
  for (const absl::string_view health : {"/healthz", "/livez", "/readyz"}) {
    if (path == health || absl::StartsWith(path, absl::StrCat(health, "/"))) {
      Health(context, path, request.query, answer);
      return true;
    }
  }
  if (path == "/version" || path == "/version/") {
    Negotiated indented = form;
    indented.pretty = true;
    Json(discovery::Version(), indented, answer);
    return true;
  }
  if (path == "/") {
    Negotiated indented = form;
    indented.pretty = true;
    Json(discovery::RootPaths(discovery::Builtin()), indented, answer);
    return true;
  }
  const auth::TokenIssuer* issuer = context.registry->environment().token_issuer;
  if (path == "/.well-known/openid-configuration" && issuer != nullptr) {
    answer->content_type = "application/json";
    answer->cache_control = kKeysCached;
    answer->body = issuer->OpenIdConfiguration();
    return true;
  }
  if (path == "/openid/v1/jwks" && issuer != nullptr) {
    answer->content_type = "application/jwk-set+json";
    answer->cache_control = kKeysCached;
    answer->body = issuer->Jwks();
    return true;
  }
  return absl::StartsWith(path, "/openapi/") ? OpenApi(request, answer) : Discovery(context, request, form, answer);
}

}  // namespace apiserver::http
