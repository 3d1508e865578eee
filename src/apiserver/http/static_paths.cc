#include "apiserver/http/static_paths.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "apimachinery/codec.h"
#include "apimachinery/json.h"
#include "apiserver/discovery/discovery.h"
#include "apiserver/discovery/health_checks.h"
#include "apiserver/http/catalog.h"
#include "apiserver/http/documents.h"
#include "apiserver/http/health.h"
#include "apiserver/http/present.h"
#include "base/metrics/metrics.h"

namespace apiserver::http {
namespace {

using absl::string_view;
using apimachinery::Value;

constexpr string_view kJson[] = {"application/json"};
constexpr string_view kKeySet[] = {"application/jwk-set+json"};

// Paths that the router serves: by GET alone, and only to who accepts what they produce.
bool Routed(const Call& call, absl::Span<const string_view> produces, StaticAnswer* answer) {
  if (call.request.method != "GET") {
    answer->error = NoSuchMethod();
  } else if (!RouterAccepts(call.request.header("accept"), produces)) {
    answer->error = NoRouteAccepted(produces);
  }
  return answer->error.ok();
}

// An object of discovery, in the form asked for.
void Object(const Value& object, string_view message, const Call& call, StaticAnswer* answer) {
  const std::optional<Negotiated> form = Negotiate(call.request.header("accept"), Endpoint::kPlain, call.pretty);
  if (!form) {
    answer->error = NoFormAccepted(/*stream=*/false);
    return;
  }
  answer->content_type = form->ContentType();
  if (form->format != Format::kProtobuf) {
    answer->body = Dress(apimachinery::WriteJson(object), *form);
    return;
  }
  const apimachinery::Message* type = apimachinery::Schema::Builtin().FindMessage(message);
  std::string wire;
  apimachinery::EncodeWire(*type, object, &wire);
  answer->body = apimachinery::EncodeEnvelope(object.GetString("apiVersion"), object.GetString("kind"), wire);
}

void Indented(const Value& value, StaticAnswer* answer) {
  Negotiated form;
  form.pretty = true;
  answer->content_type = "application/json";
  answer->body = Dress(apimachinery::WriteJson(value), form);
}

bool Passes(const StaticContext& context, string_view endpoint, string_view check) {
  if (check == "etcd" || check == "etcd-readiness" || check == "informer-sync") {
    return context.registry->environment().cache->ready();
  }
  return endpoint == "livez" || context.ready;
}

bool Health(const StaticContext& context, const Call& call, StaticAnswer* answer) {
  HealthAnswer health;
  const auto passes = [&](string_view endpoint, string_view check) { return Passes(context, endpoint, check); };
  if (!AnswerHealth(call.request.path, call.request.query, passes, &health)) return false;
  answer->status = health.status;
  answer->content_type = "text/plain; charset=utf-8";
  answer->body = std::move(health.body);
  if (health.nosniff) answer->more.push_back({"X-Content-Type-Options", "nosniff"});
  return true;
}

// Aggregated discovery: whoever asks for it gets it, whatever else is accepted.
bool Aggregated(const std::shared_ptr<const discovery::Catalog>& catalog, const Call& call, bool core, StaticAnswer* answer) {
  const std::optional<Negotiated> form = NegotiateAggregated(call.request.header("accept"), call.pretty);
  if (!form) return false;
  const std::shared_ptr<const AggregatedDocument> document = AggregatedOf(catalog, core);
  answer->etag = document->etag;
  answer->cache_control = "public";
  answer->more.push_back({"Vary", "Accept"});
  answer->content_type = absl::StrCat(form->ContentType(), ";g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList");
  if (form->format == Format::kProtobuf) {
    const apimachinery::Message* type =
        apimachinery::Schema::Builtin().FindMessage("apidiscovery.v2.APIGroupDiscoveryList");
    std::string wire;
    apimachinery::EncodeWire(*type, document->list, &wire);
    answer->body = apimachinery::EncodeEnvelope("apidiscovery.k8s.io/v2", "APIGroupDiscoveryList", wire);
  } else if (form->format == Format::kYaml || form->pretty) {
    answer->body = Dress(document->json.substr(0, document->json.size() - 1), *form);
  } else {
    answer->body = document->json;
  }
  return true;
}

bool Discovery(const StaticContext& context, const Call& call, StaticAnswer* answer) {
  const std::shared_ptr<const discovery::Catalog> held = CurrentCatalog(*context.registry, context.extensions);
  const discovery::Catalog& catalog = *held;
  string_view path = call.request.path;
  if (path.size() > 1) absl::ConsumeSuffix(&path, "/");
  if (path == "/api") {
    if (Aggregated(held, call, /*core=*/true, answer) || !Routed(call, kObjectTypes, answer)) return true;
    Object(discovery::ApiVersions(context.server_address), "meta.v1.APIVersions", call, answer);
    return true;
  }
  if (path == "/apis") {
    if (Aggregated(held, call, /*core=*/false, answer)) return true;
    Object(discovery::ApiGroupList(catalog), "meta.v1.APIGroupList", call, answer);
    return true;
  }
  const std::vector<string_view> parts = absl::StrSplit(path.substr(1), '/');
  if (parts.size() == 2 && parts[0] == "apis") {
    const std::optional<Value> group = discovery::ApiGroup(catalog, parts[1]);
    if (group) Object(*group, "meta.v1.APIGroup", call, answer);
    return group.has_value();
  }
  std::optional<Value> resources;
  if (parts.size() == 2 && parts[0] == "api") resources = discovery::ApiResourceList(catalog, "", parts[1]);
  if (parts.size() == 3 && parts[0] == "apis") resources = discovery::ApiResourceList(catalog, parts[1], parts[2]);
  if (!resources) return false;
  // Of custom resources they are not the router's: any method, and any form that can be found.
  const bool custom = parts.size() == 3 && discovery::Builtin().Find(parts[1], parts[2]) == nullptr;
  if (custom || Routed(call, kObjectTypes, answer)) Object(*resources, "meta.v1.APIResourceList", call, answer);
  return true;
}

bool TokenKeys(const StaticContext& context, const Call& call, StaticAnswer* answer) {
  const auth::TokenIssuer* issuer = context.registry->environment().token_issuer;
  if (issuer == nullptr) return false;
  string_view path = call.request.path;
  absl::ConsumeSuffix(&path, "/");
  const bool keys = path == "/openid/v1/jwks";
  if (!keys && path != "/.well-known/openid-configuration") return false;
  if (!Routed(call, keys ? kKeySet : kJson, answer)) return true;
  answer->content_type = keys ? "application/jwk-set+json" : "application/json";
  answer->cache_control = "public, max-age=3600";
  answer->body = keys ? issuer->Jwks() : issuer->OpenIdConfiguration();
  return true;
}

}  // namespace

std::string HealthMetrics(const StaticContext& context) {
  base::MetricsWriter out;
  out.Family("kubernetes_healthcheck", "gauge", "Whether a health check passes.");
  constexpr string_view kLabels[] = {"name", "type"};
  for (const discovery::HealthCheck& check : discovery::HealthChecks()) {
    for (const string_view endpoint : {"healthz", "livez", "readyz"}) {
      if (check.ready_only && endpoint != "readyz") continue;
      const string_view values[] = {check.name, endpoint};
      out.Sample("", kLabels, values, Passes(context, endpoint, check.name) ? 1 : 0);
    }
  }
  return out.Take();
}

bool AnswerStaticPath(const StaticContext& context, const Call& call, StaticAnswer* answer) {
  const string_view path = call.request.path;
  if (Health(context, call, answer)) return true;
  if (path == "/version" || path == "/version/") {
    if (Routed(call, kJson, answer)) Indented(discovery::Version(), answer);
    return true;
  }
  if (path == "/" || path == "/index.html") {
    Indented(discovery::RootPaths(*CurrentCatalog(*context.registry, context.extensions)), answer);
    return true;
  }
  if (absl::StartsWith(path, "/openapi/")) return AnswerDocument(*context.registry, context.extensions, call, answer);
  return TokenKeys(context, call, answer) || Discovery(context, call, answer);
}

}  // namespace apiserver::http
