#include "load.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <functional>
#include <numeric>
#include <sstream>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status_macros.h"
#include "client/kubeconfig.h"
#include "https_connection.h"
#include "response_parser.h"

namespace bench {
namespace {

constexpr char kJson[] = "Content-Type: application/json\r\nAccept: application/json\r\n";

std::string PodBody(const std::string& name) {
  return absl::StrCat(
      R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":")", name,
      R"(","labels":{"app":"bench","tier":"backend","version":"v1"},"annotations":{"example.com/note":"a pod of the benchmark"}},)"
      R"("spec":{"nodeName":"none","automountServiceAccountToken":false,"containers":[{"name":"main","image":"registry.example/app:1.2.3",)"
      R"("command":["/bin/app","--serve"],"env":[{"name":"MODE","value":"bench"},{"name":"POD","valueFrom":{"fieldRef":{"fieldPath":"metadata.name"}}}],)"
      R"("ports":[{"containerPort":8080,"name":"http"}],"resources":{"requests":{"cpu":"100m","memory":"64Mi"},"limits":{"memory":"128Mi"}},)"
      R"("volumeMounts":[{"name":"data","mountPath":"/data"}],"readinessProbe":{"httpGet":{"path":"/ready","port":8080}}}],)"
      R"("volumes":[{"name":"data","emptyDir":{}}],"tolerations":[{"operator":"Exists"}]}})");
}

struct Setup {
  Endpoint endpoint;
  std::shared_ptr<SSL_CTX> tls;
};
absl::StatusOr<Setup> Open(const LoadOptions& options) {
  ASSIGN_OR_RETURN(const client::ClientConfig config, client::LoadKubeconfig(options.kubeconfig));
  Setup setup;
  ASSIGN_OR_RETURN(setup.endpoint, ParseServer(config.server));
  ASSIGN_OR_RETURN(setup.tls, MakeTls(config));
  return setup;
}

void Report(absl::string_view name, const LoadOptions& options, int64_t done, absl::Duration took, double cpu, double own, int64_t bytes) {
  std::printf("{\"bench\":\"apiserver.%s\",\"clients\":%d,\"count\":%lld,\"seconds\":%.3f,\"rate\":%.1f,\"server_cpu_s\":%.3f,\"cpu_us_per\":%.1f,\"load_cpu_s\":%.3f,\"bytes\":%lld}\n",
              std::string(name).c_str(), options.clients, static_cast<long long>(done), absl::ToDoubleSeconds(took),
              static_cast<double>(done) / absl::ToDoubleSeconds(took), cpu, cpu * 1e6 / static_cast<double>(done),
              own, static_cast<long long>(bytes));
}

// Sends the requests that `text(i)` makes for i in [0, count), one at a time on each connection, all from one thread, and
// reports. Responses are counted, not kept.
absl::Status Spread(absl::string_view name, const LoadOptions& options, const std::function<std::string(int)>& text,
                    int wanted_status) {
  ASSIGN_OR_RETURN(const Setup setup, Open(options));
  struct Client {
    std::unique_ptr<HttpsConnection> connection;
    ResponseParser parser;
  };
  std::vector<Client> clients(static_cast<size_t>(options.clients));
  const int poll = epoll_create1(EPOLL_CLOEXEC);
  const absl::Cleanup close_poll = [poll] { close(poll); };
  for (size_t i = 0; i < clients.size(); ++i) {
    ASSIGN_OR_RETURN(clients[i].connection, HttpsConnection::Open(setup.endpoint, setup.tls));
    fcntl(clients[i].connection->fd(), F_SETFL, O_NONBLOCK);
    epoll_event event{.events = EPOLLIN, .data = {.u64 = i}};
    epoll_ctl(poll, EPOLL_CTL_ADD, clients[i].connection->fd(), &event);
  }
  int next = 0, done = 0;
  int64_t bytes = 0;
  const double cpu = CpuSeconds(options.pids), own = CpuSeconds({getpid()});
  const absl::Time began = absl::Now();
  for (Client& client : clients) {
    if (next < options.count) RETURN_IF_ERROR(client.connection->Send(text(next++)));
  }
  std::string buffer(256 << 10, '\0');
  while (done < options.count) {
    epoll_event events[64];
    const int ready = epoll_wait(poll, events, 64, 60000);
    if (ready <= 0) return absl::DeadlineExceededError("no answer within a minute");
    for (int i = 0; i < ready; ++i) {
      Client& client = clients[events[i].data.u64];
      while (true) {
        const int got = SSL_read(client.connection->ssl(), buffer.data(), static_cast<int>(buffer.size()));
        if (got <= 0) {
          if (SSL_get_error(client.connection->ssl(), got) == SSL_ERROR_WANT_READ) break;
          return absl::UnavailableError("the server closed the connection");
        }
        absl::string_view rest(buffer.data(), static_cast<size_t>(got));
        while (client.parser.Feed(&rest)) {
          if (client.parser.status() != wanted_status) {
            return absl::InternalError(absl::StrCat("status ", client.parser.status()));
          }
          bytes += client.parser.body_bytes();
          ++done;
          if (next < options.count) RETURN_IF_ERROR(client.connection->Send(text(next++)));
        }
      }
    }
  }
  Report(name, options, options.count, absl::Now() - began, CpuSeconds(options.pids) - cpu, CpuSeconds({getpid()}) - own,
         bytes);
  return absl::OkStatus();
}

std::string PodsPath(const LoadOptions& options) { return absl::StrCat("/api/v1/namespaces/", options.ns, "/pods"); }

}  // namespace

double CpuSeconds(const std::vector<int>& pids) {
  double sum = 0;
  for (const int pid : pids) {
    std::ifstream file(absl::StrCat("/proc/", pid, "/stat"));
    std::string text((std::istreambuf_iterator<char>(file)), {});
    std::istringstream fields(text.substr(std::min(text.size(), text.rfind(')') + 2)));
    std::string word;
    double user = 0, system = 0;
    for (int i = 3; fields >> word; ++i) {
      if (i == 14) user = std::atof(word.c_str());
      if (i == 15) system = std::atof(word.c_str());
    }
    sum += (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
  }
  return sum;
}

absl::Status Prepare(const LoadOptions& options) {
  ASSIGN_OR_RETURN(const Setup setup, Open(options));
  ASSIGN_OR_RETURN(const auto connection, HttpsConnection::Open(setup.endpoint, setup.tls));
  const std::string ns = absl::StrCat(R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":")", options.ns, R"("}})");
  const std::string account = R"({"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"default"}})";
  for (const auto& [path, body] : std::vector<std::pair<std::string, std::string>>{
           {"/api/v1/namespaces", ns}, {absl::StrCat("/api/v1/namespaces/", options.ns, "/serviceaccounts"), account}}) {
    ASSIGN_OR_RETURN(const Reply reply, connection->Call("POST", path, kJson, body, true));
    if (reply.status != 201 && reply.status != 409) return absl::InternalError(absl::StrCat(path, ": ", reply.status, " ", reply.body));
  }
  return absl::OkStatus();
}

absl::Status CreatePods(const LoadOptions& options) {
  int64_t step = options.scattered ? options.count * 5LL / 8 : 1;  // far, and reaching every number
  while (std::gcd(step, int64_t{options.count}) != 1) ++step;
  return Spread("create", options, [&](int i) {
    return RequestText("POST", PodsPath(options), kJson, PodBody(absl::StrCat("bench-", i * step % options.count)));
  }, 201);
}

absl::Status GetPods(const LoadOptions& options) {
  return Spread("get", options, [&](int i) {
    return RequestText("GET", absl::StrCat(PodsPath(options), "/bench-", i % 100), "Accept: application/json\r\n", "");
  }, 200);
}

absl::Status PatchPods(const LoadOptions& options) {
  return Spread("patch", options, [&](int i) {
    return RequestText("PATCH", absl::StrCat(PodsPath(options), "/bench-", i % 1000),
                  "Content-Type: application/merge-patch+json\r\nAccept: application/json\r\n",
                  absl::StrCat(R"({"metadata":{"labels":{"round":"r)", i, R"("}}})"));
  }, 200);
}

absl::Status ListPods(const LoadOptions& options) {
  const std::string accept = options.protobuf ? "Accept: application/vnd.kubernetes.protobuf\r\n" : "Accept: application/json\r\n";
  return Spread(options.protobuf ? "list_protobuf" : "list_json", options, [&](int) {
    return RequestText("GET", absl::StrCat(PodsPath(options), "?resourceVersion=0"), accept, "");
  }, 200);
}

}  // namespace bench
