#include "apiserver/registry/gate.h"

#include "absl/cleanup/cleanup.h"
#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "apimachinery/api_error.h"
#include "apiserver/pipeline/audit_trail.h"
#include "apiserver/registry/registry.h"
#include "base/metrics/metrics.h"
#include "base/status_macros.h"

namespace apiserver::registry {
namespace {

apimachinery::ApiStatus Refusal(const pipeline::RequestInfo& info, std::string message) {
  apimachinery::ApiStatus status;
  status.code = 403;
  status.reason = "Forbidden";
  status.message = std::move(message);
  if (!info.is_resource_request) {
    status.always_details = true;
    return status;
  }
  status.name = info.name;
  status.group = info.group;
  status.kind = info.resource;
  return status;
}

struct GateMetrics {
  base::CounterFamily attempts{"authentication_attempts", "Attempts to authenticate a request, by result.", {"result"}};
  base::HistogramFamily authentication{"authentication_duration_seconds", "Time to authenticate a request, by result.",
                                       {"result"}, Bounds()};
  base::CounterFamily user_requests{"authenticated_user_requests", "Authenticated requests, by well-known user.",
                                    {"username"}};
  base::CounterFamily authorizations{"authorization_attempts_total", "Decisions on requests, by result.", {"result"}};
  base::HistogramFamily authorization{"authorization_duration_seconds", "Time to decide on a request, by result.",
                                      {"result"}, Bounds()};

  static std::vector<double> Bounds() {
    std::vector<double> bounds;
    for (double bound = 0.001; bounds.size() < 15; bound *= 2) bounds.push_back(bound);
    return bounds;
  }
  void Authenticated(bool ok, absl::Duration took) {
    const absl::string_view result = ok ? "success" : "failure";
    attempts.With({result}).Add();
    authentication.With({result}).Observe(absl::ToDoubleSeconds(took));
  }
  void Authorized(bool allowed, absl::Duration took) {
    const absl::string_view result = allowed ? "allowed" : "no-opinion";
    authorizations.With({result}).Add();
    authorization.With({result}).Observe(absl::ToDoubleSeconds(took));
  }
};

GateMetrics& Metrics() {
  static auto* const metrics = new GateMetrics;
  return *metrics;
}

// User names are without end: only upstream's own few are told apart.
absl::string_view KnownUser(absl::string_view name) {
  for (const absl::string_view known :
       {"admin", "client", "kube_proxy", "kubelet", "system:serviceaccount:kube-system:default"}) {
    if (name == known) return known;
  }
  return absl::StrContains(name, "@") ? "email_id" : "other";
}

base::Histogram* FilterSeries(Filter filter) {
  static auto* const family = new base::HistogramFamily(
      "apiserver_request_filter_duration_seconds", "Time that requests spent in the steps before they are served.", {"filter"},
      {0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 5, 10, 15, 30});
  static base::Histogram* const series[] = {&family->With({"authentication"}), &family->With({"audit"}),
                                            &family->With({"impersonation"}), &family->With({"priorityandfairness"}),
                                            &family->With({"authorization"})};
  return series[static_cast<size_t>(filter)];
}

}  // namespace

void TellFilter(Filter filter, absl::Duration took) { FilterSeries(filter)->Observe(absl::ToDoubleSeconds(took)); }

absl::Status Authenticate(const auth::Authenticator& authenticator, pipeline::RequestContext& context) {
  const absl::Time began = absl::Now();
  absl::StatusOr<pipeline::UserInfo> user = authenticator.Authenticate(context.credentials);
  const absl::Duration took = absl::Now() - began;
  Metrics().Authenticated(user.ok(), took);
  TellFilter(Filter::kAuthentication, took);
  if (!user.ok()) {
    apimachinery::ApiStatus status = apimachinery::Unauthorized();
    status.message = "Unauthorized";
    return status;
  }
  context.user = *std::move(user);
  Metrics().user_requests.With({KnownUser(context.user.name)}).Add();
  return absl::OkStatus();
}

absl::Status Impersonate(const auth::Authorizer& authorizer, pipeline::RequestContext& context) {
  const absl::Time began = absl::Now();
  const absl::Cleanup tell = [&] { TellFilter(Filter::kImpersonation, absl::Now() - began); };
  const absl::StatusOr<auth::Impersonation> act = auth::ParseImpersonation(context.credentials);
  if (!act.ok()) return apimachinery::BadRequest(act.status().message());
  if (act->requested) {
    std::string no = auth::CheckImpersonation(authorizer, context.user, act->user);
    if (!no.empty()) return Refusal(context.info, std::move(no));
    context.user = act->user;
    if (context.audit != nullptr) context.audit->ActsAs(context.user);
  }
  return absl::OkStatus();
}

absl::Status Authorize(const auth::Authorizer& authorizer, const pipeline::RequestContext& context) {
  const auth::Attributes attributes{context.user, context.info};
  const absl::Time began = absl::Now();
  const auth::Decision decision = authorizer.Authorize(attributes);
  const absl::Duration took = absl::Now() - began;
  Metrics().Authorized(decision.allowed(), took);
  TellFilter(Filter::kAuthorization, took);
  if (context.audit != nullptr) {
    context.audit->Annotate("authorization.k8s.io/decision", decision.allowed() ? "allow" : "forbid");
    context.audit->Annotate("authorization.k8s.io/reason", decision.reason);
  }
  if (decision.allowed()) return absl::OkStatus();
  if (!decision.error.empty()) return apimachinery::InternalError(decision.error);
  return Refusal(context.info, auth::ForbiddenMessage(attributes, decision.reason));
}

size_t WatchersOf(const Environment& environment, const pipeline::RequestInfo& info) {
  const ResourcePtr resource = environment.resources->Find(info.group, info.version, info.resource);
  return resource == nullptr ? 0 : environment.cache->WatchersOf(*resource->mirror);
}

flowcontrol::Stored StoredOf(const Environment& environment, const pipeline::RequestInfo& info) {
  const ResourcePtr resource = environment.resources->Find(info.group, info.version, info.resource);
  if (resource == nullptr) return {};
  const cache::Cache& cache = *environment.cache;
  return {static_cast<int64_t>(cache.Count(*resource->mirror)), static_cast<int64_t>(cache.Bytes(*resource->mirror))};
}

}  // namespace apiserver::registry
