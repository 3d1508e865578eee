// Watchers: one thread reads them all, so that their number costs the generator little.
#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status_macros.h"
#include "client/kubeconfig.h"
#include "https_connection.h"
#include "load.h"

namespace bench {
namespace {

constexpr int kWriters = 4;  // so that it is the watches that are measured, not how long one write takes

// Events end in a newline inside a JSON object's frame; counting newlines that follow '}' counts events, whatever
// the chunking: bodies have no raw newlines, chunk headers end in "\r\n".
class EventCounter {
 public:
  int64_t Feed(absl::string_view bytes) {
    int64_t events = 0;
    for (size_t at = 0; (at = bytes.find('\n', at)) != absl::string_view::npos; ++at) {
      events += (at == 0 ? last_ : bytes[at - 1]) == '}';
    }
    if (!bytes.empty()) last_ = bytes.back();
    return events;
  }

 private:
  char last_ = 0;
};

}  // namespace

absl::Status WatchPods(const LoadOptions& options) {
  ASSIGN_OR_RETURN(const client::ClientConfig config, client::LoadKubeconfig(options.kubeconfig));
  ASSIGN_OR_RETURN(const Endpoint endpoint, ParseServer(config.server));
  ASSIGN_OR_RETURN(const auto tls, MakeTls(config));
  std::vector<std::unique_ptr<HttpsConnection>> writers;
  for (int w = 0; w < kWriters; ++w) {
    ASSIGN_OR_RETURN(auto writer, HttpsConnection::Open(endpoint, tls));
    writers.push_back(std::move(writer));
  }
  const std::string path = absl::StrCat("/api/v1/namespaces/", options.ns, "/pods");
  ASSIGN_OR_RETURN(const Reply list, writers[0]->Call("GET", path + "?limit=1&resourceVersion=0", "Accept: application/json\r\n", "", true));
  const size_t at = list.body.find("\"resourceVersion\":\"");
  if (at == std::string::npos) return absl::InternalError("no resourceVersion in the list");
  const std::string version = list.body.substr(at + 19, list.body.find('"', at + 19) - at - 19);

  const int poll = epoll_create1(EPOLL_CLOEXEC);
  std::vector<std::unique_ptr<HttpsConnection>> watchers;
  std::vector<EventCounter> counters(static_cast<size_t>(options.clients));
  for (int i = 0; i < options.clients; ++i) {
    ASSIGN_OR_RETURN(auto connection, HttpsConnection::Open(endpoint, tls));
    RETURN_IF_ERROR(connection->Send(RequestText("GET", absl::StrCat(path, "?watch=1&resourceVersion=", version),
                                                 "Accept: application/json\r\n", "")));
    fcntl(connection->fd(), F_SETFL, O_NONBLOCK);
    epoll_event event{.events = EPOLLIN, .data = {.u32 = static_cast<uint32_t>(i)}};
    epoll_ctl(poll, EPOLL_CTL_ADD, connection->fd(), &event);
    watchers.push_back(std::move(connection));
  }
  absl::SleepFor(absl::Seconds(1));  // so that all of them are registered; not part of what is timed

  const int64_t wanted = int64_t{options.clients} * options.count;
  const double cpu = CpuSeconds(options.pids), own = CpuSeconds({getpid()});
  const absl::Time began = absl::Now();
  std::atomic<bool> broken{false};
  std::vector<std::thread> changes;
  for (int w = 0; w < kWriters; ++w) {
    changes.emplace_back([&, w] {
      for (int i = w; i < options.count; i += kWriters) {
        const auto reply = writers[static_cast<size_t>(w)]->Call(
            "PATCH", absl::StrCat(path, "/bench-", i % 100),
            "Content-Type: application/merge-patch+json\r\nAccept: application/json\r\n",
            absl::StrCat(R"({"metadata":{"labels":{"watch":"w)", i, "-", absl::ToUnixNanos(began), R"("}}})"));
        if (!reply.ok() || reply->status != 200) broken = true;
      }
    });
  }
  int64_t seen = 0, bytes = 0;
  std::string chunk(65536, '\0');
  while (seen < wanted && !broken && absl::Now() - began < absl::Minutes(3)) {
    epoll_event events[256];
    const int ready = epoll_wait(poll, events, 256, 1000);
    for (int i = 0; i < ready; ++i) {
      const uint32_t who = events[i].data.u32;
      while (true) {
        const int got = SSL_read(watchers[who]->ssl(), chunk.data(), static_cast<int>(chunk.size()));
        if (got <= 0) break;
        bytes += got;
        seen += counters[who].Feed(absl::string_view(chunk.data(), static_cast<size_t>(got)));
      }
    }
  }
  const absl::Duration took = absl::Now() - began;
  for (std::thread& writer : changes) writer.join();
  close(poll);
  if (seen < wanted) return absl::DeadlineExceededError(absl::StrCat("saw ", seen, " of ", wanted, " events"));
  const double used = CpuSeconds(options.pids) - cpu;
  std::printf("{\"bench\":\"apiserver.watch\",\"clients\":%d,\"count\":%lld,\"seconds\":%.3f,\"rate\":%.1f,\"server_cpu_s\":%.3f,\"cpu_us_per\":%.2f,\"load_cpu_s\":%.3f,\"bytes\":%lld}\n",
              options.clients, static_cast<long long>(seen), absl::ToDoubleSeconds(took),
              static_cast<double>(seen) / absl::ToDoubleSeconds(took), used, used * 1e6 / static_cast<double>(seen), CpuSeconds({getpid()}) - own,
              static_cast<long long>(bytes));
  return absl::OkStatus();
}

}  // namespace bench
