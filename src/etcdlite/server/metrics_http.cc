#include "etcdlite/server/metrics_http.h"

#include <netdb.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "base/file.h"
#include "base/status_macros.h"

namespace etcdlite::server {
namespace {

void Gauge(absl::string_view name, absl::string_view help, double value, std::string* out) {
  absl::StrAppend(out, "# HELP ", name, " ", help, "\n# TYPE ", name, " gauge\n", name, " ", value, "\n");
}

std::string Metrics(ServiceContext& context) {
  std::string out;
  const node::NodeStatus status = context.node->status();
  const auto engine = context.state->store->engine();
  Gauge("etcd_server_has_leader", "Whether or not a leader exists. 1 is existence, 0 is not.", status.leader != 0, &out);
  Gauge("etcd_server_is_leader", "Whether or not this member is a leader. 1 if is, 0 otherwise.", context.node->is_leader(), &out);
  Gauge("etcd_server_is_learner", "Whether or not this member is a learner. 1 if is, 0 otherwise.", context.IsLearner(), &out);
  Gauge("etcd_server_proposals_committed_total", "The total number of consensus proposals committed.", static_cast<double>(status.committed), &out);
  Gauge("etcd_server_proposals_applied_total", "The total number of consensus proposals applied.", static_cast<double>(status.applied), &out);
  Gauge("etcd_server_quota_backend_bytes", "Current backend storage quota size in bytes.", static_cast<double>(context.quota_bytes), &out);
  Gauge("etcd_mvcc_db_total_size_in_bytes", "Total size of the underlying database physically allocated in bytes.", static_cast<double>(engine->SizeOnDisk()), &out);
  Gauge("etcd_mvcc_db_total_size_in_use_in_bytes", "Total size of the underlying database logically in use in bytes.", static_cast<double>(engine->SizeInUse()), &out);
  Gauge("etcd_debugging_mvcc_current_revision", "The current revision of store.", static_cast<double>(context.state->store->revision()), &out);
  Gauge("etcd_debugging_mvcc_compact_revision", "The revision of the last compaction in store.", static_cast<double>(context.state->store->compacted()), &out);
  Gauge("etcd_debugging_mvcc_watcher_total", "Total number of watchers.", static_cast<double>(context.hub->watchers()), &out);
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const double cpu = static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                     static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
  absl::StrAppend(&out, "# HELP process_cpu_seconds_total Total user and system CPU time spent in seconds.\n"
                        "# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total ", cpu, "\n");
  Gauge("process_resident_memory_bytes", "Resident memory size in bytes.", static_cast<double>(usage.ru_maxrss) * 1024, &out);
  return out;
}

std::string HealthReason(ServiceContext& context, bool check_leader) {
  if (check_leader && context.node->status().leader == 0) return "RAFT NO LEADER";
  std::lock_guard<std::mutex> lock(context.state->mu);
  for (const auto& [member, kind] : context.state->alarms) {
    return kind == apply::AlarmKind::kNoSpace ? "ALARM NOSPACE" : "ALARM CORRUPT";
  }
  return {};
}

class MetricsHttpImpl final : public MetricsHttp {
 public:
  explicit MetricsHttpImpl(ServiceContext& context) : context_(context) {}
  ~MetricsHttpImpl() override {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
    for (const pollfd& fd : listeners_) ::close(fd.fd);
  }

  absl::Status Listen(const std::string& url) {
    ASSIGN_OR_RETURN(const rpc::ListenAddress address, rpc::ParseUrl(url));
    if (address.tls) return absl::InvalidArgumentError(absl::StrCat("--listen-metrics-urls: https is not supported: ", url));
    const size_t colon = address.host_port.rfind(':');
    addrinfo hints{}, *found = nullptr;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE;
    const std::string host = address.host_port.substr(0, colon), port = address.host_port.substr(colon + 1);
    if (::getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0 || found == nullptr) {
      return absl::UnavailableError(absl::StrCat("cannot resolve ", url));
    }
    const int fd = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    const bool ok = ::bind(fd, found->ai_addr, found->ai_addrlen) == 0 && ::listen(fd, 64) == 0;
    ::freeaddrinfo(found);
    if (!ok) return base::ErrnoStatus(absl::StrCat("listen on ", url));
    listeners_.push_back({fd, POLLIN, 0});
    return absl::OkStatus();
  }

  void Run() {
    thread_ = std::thread([this] {
      while (!stop_) {
        if (::poll(listeners_.data(), listeners_.size(), 200) <= 0) continue;
        for (const pollfd& listener : listeners_) {
          if ((listener.revents & POLLIN) == 0) continue;
          const int fd = ::accept4(listener.fd, nullptr, nullptr, SOCK_CLOEXEC);
          if (fd < 0) continue;
          Serve(fd);
          ::close(fd);
        }
      }
    });
  }

 private:
  // One short request a connection: probes and scrapers need no more. Slow clients are dropped.
  void Serve(int fd) {
    const timeval limit{2, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    std::string request;
    char buffer[4096];
    while (request.find("\r\n\r\n") == std::string::npos && request.size() < 16384) {
      const ssize_t got = ::recv(fd, buffer, sizeof buffer, 0);
      if (got <= 0) return;
      request.append(buffer, static_cast<size_t>(got));
    }
    const std::vector<std::string> words = absl::StrSplit(request.substr(0, request.find("\r\n")), ' ');
    HttpAnswer answer{405, "text/plain; charset=utf-8", "Method Not Allowed\n"};
    if (words.size() >= 2 && (words[0] == "GET" || words[0] == "HEAD")) answer = AnswerHttp(context_, words[1]);
    const std::string out = absl::StrFormat(
        "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", answer.code,
        answer.code == 200 ? "OK" : answer.code == 404 ? "Not Found" : "Service Unavailable", answer.content_type,
        answer.body.size(), words[0] == "HEAD" ? "" : answer.body);
    for (size_t at = 0; at < out.size();) {
      const ssize_t sent = ::send(fd, out.data() + at, out.size() - at, MSG_NOSIGNAL);
      if (sent <= 0) return;
      at += static_cast<size_t>(sent);
    }
  }

  ServiceContext& context_;
  std::vector<pollfd> listeners_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace

HttpAnswer AnswerHttp(ServiceContext& context, absl::string_view target) {
  HttpAnswer answer;
  const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(target, absl::MaxSplits('?', 1));
  const absl::string_view path = parts.first;
  if (path == "/metrics") {
    answer.content_type = "text/plain; version=0.0.4; charset=utf-8";
    answer.body = Metrics(context);
  } else if (path == "/health") {
    const std::string reason = HealthReason(context, parts.second.find("serializable=true") == absl::string_view::npos);
    answer.content_type = "application/json";
    answer.code = reason.empty() ? 200 : 503;
    answer.body = absl::StrCat("{\"health\":\"", reason.empty() ? "true" : "false", "\",\"reason\":\"", reason, "\"}");
  } else if (path == "/livez") {
    answer.body = "ok\n";
  } else if (path == "/readyz") {
    const std::string reason = HealthReason(context, true);
    answer.code = reason.empty() ? 200 : 503;
    answer.body = reason.empty() ? "ok\n" : absl::StrCat(reason, "\n");
  } else if (path == "/version") {
    answer.content_type = "application/json";
    answer.body = absl::StrCat("{\"etcdserver\":\"", kVersion, "\",\"etcdcluster\":\"3.6.0\",\"storage\":\"3.6.0\"}");
  } else {
    answer.code = 404;
    answer.body = "404 page not found\n";
  }
  return answer;
}

absl::StatusOr<std::unique_ptr<MetricsHttp>> MetricsHttp::Start(ServiceContext& context) {
  if (context.flags->listen_metrics_urls.empty()) return std::unique_ptr<MetricsHttp>();
  auto server = std::make_unique<MetricsHttpImpl>(context);
  for (const std::string& url : context.flags->listen_metrics_urls) RETURN_IF_ERROR(server->Listen(url));
  server->Run();
  return server;
}

}  // namespace etcdlite::server
