#include "kube-proxy/sync/status_server.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "base/http/server.h"
#include "base/log.h"
#include "base/metrics/page.h"
#include "base/status_macros.h"
#include "kube-proxy/sync/proxier.h"

namespace kube_proxy::sync {
namespace {

using base::http::Headers;
using base::http::Request;
using base::http::ResponseWriter;
using base::http::Server;

const Headers kText = {{"content-type", "text/plain; charset=utf-8"}, {"x-content-type-options", "nosniff"}};
const Headers kJson = {{"content-type", "application/json"}, {"x-content-type-options", "nosniff"}};

std::string Stamp(absl::Time time) { return absl::FormatTime("%Y-%m-%d %H:%M:%E9S +0000 UTC", time, absl::UTCTimeZone()); }

class Impl final : public StatusServer {
 public:
  Impl(const Proxier& proxier, const base::Clock& clock) : proxier_(proxier), clock_(clock) {}

  absl::Status Open(const StatusServerOptions& options) {
    if (!options.healthz_address.empty()) {
      ASSIGN_OR_RETURN(healthz_, Listen(options.healthz_address, [this](const Request& r, ResponseWriter& w) { Health(r, w); }));
    }
    if (!options.metrics_address.empty()) {
      ASSIGN_OR_RETURN(metrics_, Listen(options.metrics_address, [this](const Request& r, ResponseWriter& w) { Metrics(r, w); }));
    }
    return absl::OkStatus();
  }

  void Refresh() override {
    const auto wanted = proxier_.HealthChecks();
    for (auto it = checks_.begin(); it != checks_.end();) {
      it = wanted.contains(it->first) ? std::next(it) : checks_.erase(it);
    }
    for (const auto& [port, check] : wanted) {
      if (checks_.contains(port)) continue;
      auto server = Listen(absl::StrCat("0.0.0.0:", port), [this, port = port](const Request&, ResponseWriter& w) { Check(port, w); });
      if (server.ok()) {
        checks_[port] = std::move(server).value();
      } else {
        base::LogWarning("health check port not opened service=", check.ns, "/", check.name, " port=", port, ": ", server.status().message());
      }
    }
  }

 private:
  using Answer = std::function<void(const Request&, ResponseWriter&)>;
  static absl::StatusOr<std::unique_ptr<Server>> Listen(const std::string& address, Answer answer) {
    base::http::ServerOptions options;
    options.addresses = {address};
    options.workers = 1;
    return Server::Create(std::move(options), [answer = std::move(answer)](Request request, std::unique_ptr<ResponseWriter> writer) {
      answer(request, *writer);
    });
  }

  // Unhealthy: a change waits for longer than two minutes (upstream's bound).
  bool Healthy(const ProxierStats& stats) const {
    return stats.last_success != absl::Time() && clock_.Now() - stats.dirty_since < absl::Minutes(2);
  }

  void Health(const Request& request, ResponseWriter& writer) {
    if (request.path != "/healthz" && request.path != "/livez") return writer.Send(404, kText, "404 page not found\n");
    const ProxierStats stats = proxier_.stats();
    const bool healthy = Healthy(stats);
    writer.Send(healthy ? 200 : 503, kJson,
                absl::StrCat("{\"lastUpdated\": \"", Stamp(healthy ? clock_.Now() : stats.last_success),
                             "\",\"currentTime\": \"", Stamp(clock_.Now()), "\", \"nodeEligible\": true}"));
  }

  void Metrics(const Request& request, ResponseWriter& writer) {
    if (request.path == "/proxyMode") return writer.Send(200, kText, "nftables");
    if (request.path == "/healthz") return writer.Send(200, kText, "ok");
    if (request.path != "/metrics") return writer.Send(404, kText, "404 page not found\n");
    const ProxierStats s = proxier_.stats();
    base::MetricsPage page;
    base::AddDaemon(page);
    base::AddBuild(page);
    page.Add("kubeproxy_service_ports", "gauge", "Service ports with rules.", static_cast<double>(s.services));
    page.Add("kubeproxy_service_endpoints", "gauge", "Endpoints over all service ports.", static_cast<double>(s.endpoints));
    writer.Send(200, {{"content-type", "text/plain; version=0.0.4; charset=utf-8"}}, page.Text());
  }

  void Check(int port, ResponseWriter& writer) {
    const auto all = proxier_.HealthChecks();
    const auto it = all.find(port);
    if (it == all.end()) return writer.Send(404, kText, "404 page not found\n");
    const ServiceTracker::HealthCheck& check = it->second;
    const bool healthy = Healthy(proxier_.stats());
    Headers headers = kJson;
    headers.push_back({"x-load-balancing-endpoint-weight", absl::StrCat(check.local_endpoints)});
    writer.Send(check.local_endpoints > 0 && healthy ? 200 : 503, std::move(headers),
                absl::StrCat("{\n\t\"service\": {\n\t\t\"namespace\": \"", check.ns, "\",\n\t\t\"name\": \"", check.name,
                             "\"\n\t},\n\t\"localEndpoints\": ", check.local_endpoints, ",\n\t\"serviceProxyHealthy\": ",
                             healthy ? "true" : "false", "\n}"));
  }

  const Proxier& proxier_;
  const base::Clock& clock_;
  std::unique_ptr<Server> healthz_, metrics_;
  std::map<int, std::unique_ptr<Server>> checks_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<StatusServer>> StatusServer::Create(StatusServerOptions options, const Proxier& proxier,
                                                                   const base::Clock& clock) {
  auto server = std::make_unique<Impl>(proxier, clock);
  RETURN_IF_ERROR(server->Open(options));
  return server;
}

}  // namespace kube_proxy::sync
