#include "kubelet/server/server.h"

#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "apimachinery/codec.h"
#include "apimachinery/json.h"
#include "apimachinery/schema.h"
#include "base/http/server.h"
#include "base/http/websocket.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "kubelet/pods/pod_util.h"
#include "kubelet/pods/probe_series.h"
#include "kubelet/server/access.h"
#include "kubelet/server/log_reader.h"
#include "kubelet/server/metrics_pages.h"
#include "kubelet/server/self_signed.h"
#include "kubelet/server/stats.h"
#include "kubelet/server/streaming.h"

namespace kubelet {
namespace {

using base::http::FindParam;
using base::http::Headers;
using base::http::QueryParams;
using base::http::Request;
using base::http::ResponseWriter;

const Headers kPlain = {{"content-type", "text/plain; charset=utf-8"}};
const Headers kJson = {{"content-type", "application/json"}};

bool IsTrue(const QueryParams& params, absl::string_view name) {
  const absl::string_view value = FindParam(params, name);
  return value == "true" || value == "1";
}

absl::StatusOr<LogQuery> ParseLogQuery(const QueryParams& params) {
  LogQuery q;
  q.follow = IsTrue(params, "follow");
  q.previous = IsTrue(params, "previous");
  q.timestamps = IsTrue(params, "timestamps");
  q.stream = std::string(FindParam(params, "stream"));
  const auto number = [&](const char* name, int64_t* out) {
    const absl::string_view text = FindParam(params, name);
    if (!text.empty() && text != "all" && !absl::SimpleAtoi(text, out)) {
      return absl::InvalidArgumentError(absl::StrCat("Unable to parse query parameter ", name, ": \"", text, "\""));
    }
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(number("tailLines", &q.tail));
  RETURN_IF_ERROR(number("limitBytes", &q.limit_bytes));
  int64_t seconds = -1;
  RETURN_IF_ERROR(number("sinceSeconds", &seconds));
  if (seconds >= 0) q.since = absl::Now() - absl::Seconds(seconds);
  if (const absl::string_view text = FindParam(params, "sinceTime"); !text.empty()) {
    absl::Time time;
    std::string error;
    if (!absl::ParseTime(absl::RFC3339_full, text, &time, &error)) return absl::InvalidArgumentError(absl::StrCat("sinceTime: ", error));
    q.since = time;
  }
  return q;
}

// Which run's log is meant, or upstream's reason why there is none.
absl::StatusOr<ContainerStatus> ChooseRun(const PodManager& pods, const v1::Pod& pod, const std::string& container, bool previous) {
  const v1::ContainerStatus* status = nullptr;
  for (const auto* list : {&pod.status().containerstatuses(), &pod.status().initcontainerstatuses(),
                           &pod.status().ephemeralcontainerstatuses()}) {
    for (const v1::ContainerStatus& s : *list) {
      if (s.name() == container) status = &s;
    }
  }
  const std::string& name = pod.metadata().name();
  if (status == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat("container \"", container, "\" in pod \"", name, "\" is not available"));
  }
  const bool was = status->laststate().has_terminated();
  if (previous) {
    if (!was) return absl::InvalidArgumentError(absl::StrCat("previous terminated container \"", container, "\" in pod \"", name, "\" not found"));
    // While a container waits to be restarted its last run is the current one here and the previous one there.
    return pods.FindRun(pod, container, !status->state().has_waiting());
  }
  if (status->state().has_waiting() && !was) {
    const std::string& reason = status->state().waiting().reason();
    if (reason == "ErrImagePull") return absl::InvalidArgumentError(absl::StrCat("container \"", container, "\" in pod \"", name, "\" is waiting to start: image can't be pulled"));
    if (reason == "ImagePullBackOff") return absl::InvalidArgumentError(absl::StrCat("container \"", container, "\" in pod \"", name, "\" is waiting to start: trying and failing to pull image"));
    return absl::InvalidArgumentError(absl::StrCat("container \"", container, "\" in pod \"", name, "\" is waiting to start: ", reason));
  }
  return pods.FindRun(pod, container, false);
}

class Impl final : public KubeletServer {
 public:
  Impl(ServerConfig config, PodManager& pods, ContainerRuntime& runtime, const client::ApiClient& api)
      : config_(std::move(config)), pods_(pods), runtime_(runtime),
        access_(config_.node_name, config_.anonymous, config_.always_allow, api) {}

  ~Impl() override { Stop(); }

  absl::Status Start() {
    base::http::ServerOptions options;
    options.addresses = {config_.address};
    options.client_ca_file = config_.client_ca_file;
    options.cert_file = config_.cert_file;
    options.key_file = config_.key_file;
    if (options.cert_file.empty()) {
      ASSIGN_OR_RETURN(const SelfSigned made, MakeSelfSigned(config_.node_name, config_.node_ip));
      options.cert_pem = made.cert_pem;
      options.key_pem = made.key_pem;
    }
    ASSIGN_OR_RETURN(server_, base::http::Server::Create(std::move(options), [this](Request request, std::unique_ptr<ResponseWriter> writer) {
                       Handle(std::move(request), std::move(writer));
                     }));
    return absl::OkStatus();
  }

  void Stop() override {
    stopping_ = true;
    if (server_ != nullptr) server_->Stop();
    // Streams notice: their client is gone.
    absl::MutexLock lock(&mu_);
    const auto idle = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return streams_ == 0; };
    mu_.AwaitWithTimeout(absl::Condition(&idle), absl::Seconds(5));
  }
  int port() const override { return server_->port(); }

 private:
  void Metrics(const std::vector<std::string>& parts, ResponseWriter& writer) {
    const MetricsSources sources{pods_, runtime_, config_.node_name, config_.root_dir};
    const std::string page = parts.size() == 1 ? "" : parts.size() == 2 ? parts[1] : "?";
    std::string text;
    if (page.empty()) {
      text = NodeMetrics(sources);
    } else if (page == "cadvisor") {
      text = CadvisorMetrics(sources);
    } else if (page == "resource") {
      text = ResourceMetrics(sources);
    } else if (page == "probes") {
      text = ProbesText();
    } else {
      return writer.Send(404, kPlain, "404 page not found");
    }
    writer.Send(200, {{"content-type", "text/plain; version=0.0.4; charset=utf-8"}}, std::move(text));
  }

  void Handle(Request request, std::unique_ptr<ResponseWriter> writer) {
    const AccessVerdict verdict = access_.Check(request);
    if (verdict.status != 200) {
      writer->Send(verdict.status, kPlain, verdict.message);
      return;
    }
    const std::vector<std::string> parts = absl::StrSplit(request.path, '/', absl::SkipEmpty());
    const std::string top = parts.empty() ? "" : parts[0];
    if (top == "healthz") {
      writer->Send(200, kPlain, "ok");
    } else if (top == "pods") {
      writer->Send(200, kJson, PodListJson());
    } else if (top == "metrics") {
      Metrics(parts, *writer);
    } else if (top == "stats") {
      writer->Send(200, kJson, SummaryJson(pods_, runtime_, config_.node_name, config_.root_dir));
    } else if (top == "containerLogs" && parts.size() == 4) {
      Logs(request, parts, std::move(writer));
    } else if ((top == "exec" || top == "attach") && (parts.size() == 4 || parts.size() == 5)) {
      Stream(std::move(request), parts, std::move(writer));
    } else if (top == "portForward" && (parts.size() == 3 || parts.size() == 4)) {
      PortForward(std::move(request), parts, std::move(writer));
    } else {
      writer->Send(404, kPlain, "404 page not found");
    }
  }

  std::string PodListJson() const {
    const apimachinery::Kind* kind = apimachinery::Schema::Builtin().FindKind("v1", "Pod");
    std::string json = "{\"kind\":\"PodList\",\"apiVersion\":\"v1\",\"metadata\":{},\"items\":[";
    bool first = true;
    for (const auto& pod : pods_.Pods()) {
      std::string item;
      if (!apimachinery::TranscodeWireToJson(*kind->message, pod->SerializeAsString(), "", "", &item).ok()) continue;
      absl::StrAppend(&json, first ? "" : ",", item);
      first = false;
    }
    return json + "]}\n";
  }

  // Runs `body` on a thread of its own: streams last as long as they last.
  void Detached(std::function<void()> body) {
    {
      absl::MutexLock lock(&mu_);
      ++streams_;
    }
    std::thread([this, body = std::move(body)] {
      body();
      absl::MutexLock lock(&mu_);
      --streams_;
    }).detach();
  }

  void Logs(const Request& request, const std::vector<std::string>& parts, std::unique_ptr<ResponseWriter> writer) {
    const std::shared_ptr<const v1::Pod> pod = pods_.FindPod(parts[1], parts[2]);
    if (pod == nullptr) {
      writer->Send(404, kPlain, absl::StrCat("pod \"", parts[2], "\" not found\n"));
      return;
    }
    if (FindContainer(pod->spec(), parts[3]) == nullptr) {
      writer->Send(404, kPlain, absl::StrCat("container \"", parts[3], "\" not found in pod \"", parts[2], "\"\n"));
      return;
    }
    const absl::StatusOr<LogQuery> query = ParseLogQuery(base::http::ParseQuery(request.query));
    if (!query.ok()) {
      writer->Send(400, kPlain, std::string(query.status().message()));
      return;
    }
    const absl::StatusOr<ContainerStatus> run = ChooseRun(pods_, *pod, parts[3], query->previous);
    if (!run.ok()) {
      writer->Send(400, kPlain, std::string(run.status().message()));
      return;
    }
    std::shared_ptr<ResponseWriter> shared(std::move(writer));
    Detached([this, shared, query = *query, run = *run] {
      shared->Start(200, kPlain);
      auto gone = std::make_shared<std::atomic<bool>>(false);
      shared->OnClose([gone] { *gone = true; });
      const bool wrote = run.reason != "StartError";  // what never ran has nothing to say
      const absl::Status read = !wrote ? absl::OkStatus() : ReadLog(
          run.log_path, query,
          [&](std::string text) {
            if (*gone || stopping_) return false;
            if (text.empty()) return true;
            int64_t queued = shared->Write(std::move(text));
            while (queued > (4 << 20) && !*gone && !stopping_) {  // a slow reader must not cost memory
              absl::SleepFor(absl::Milliseconds(20));
              queued = shared->Write(std::string());
            }
            return queued >= 0;
          },
          [&] {
            const absl::StatusOr<ContainerStatus> now = runtime_.GetContainer(run.id);
            return !now.ok() || now->state != ContainerState::kRunning;
          });
      if (!read.ok()) (void)shared->Write(std::string(read.message()));
      shared->Finish();
    });
  }

  void Stream(Request request, const std::vector<std::string>& parts, std::unique_ptr<ResponseWriter> writer) {
    const QueryParams params = base::http::ParseQuery(request.query);
    const std::string& container = parts.back();
    const bool exec = parts[0] == "exec";
    const std::shared_ptr<const v1::Pod> pod = pods_.FindPod(parts[1], parts[2]);
    if (pod == nullptr) {
      writer->Send(404, kPlain, "pod does not exist");
      return;
    }
    const absl::StatusOr<ContainerStatus> run = pods_.FindRun(*pod, container, false);
    if (!run.ok() || run->state != ContainerState::kRunning) {
      writer->Send(404, kPlain, absl::StrCat("container not found (\"", container, "\")"));
      return;
    }
    const ContainerPtr spec = FindContainer(pod->spec(), container);
    StreamOptions options;
    options.stdin = IsTrue(params, "input") || IsTrue(params, "stdin");
    options.stdout = IsTrue(params, "output") || IsTrue(params, "stdout");
    options.tty = exec ? IsTrue(params, "tty") : spec != nullptr && spec->tty();
    options.stderr = !options.tty && (IsTrue(params, "error") || IsTrue(params, "stderr"));
    if (!options.stdin && !options.stdout && !options.stderr) {
      writer->Send(400, kPlain, "you must specify at least 1 of stdin, stdout, stderr");
      return;
    }
    ExecRequest command{.stdin = options.stdin, .tty = options.tty};
    for (const auto& [name, value] : params) {
      if (name == "command") command.command.push_back(value);
    }
    if (!base::http::IsWebSocketRequest(request)) {
      writer->Send(400, kPlain, "Upgrade request required");
      return;
    }
    absl::StatusOr<std::unique_ptr<base::http::WebSocket>> socket =
        base::http::AcceptWebSocket(request, *writer, {kChannelProtocols[0], kChannelProtocols[1]});
    if (!socket.ok()) {
      writer->Send(403, kPlain, std::string(socket.status().message()));
      return;
    }
    std::shared_ptr<base::http::WebSocket> shared(std::move(*socket));
    std::shared_ptr<ResponseWriter> kept(std::move(writer));
    Detached([this, shared, kept, exec, command, options, id = run->id] {
      absl::StatusOr<std::unique_ptr<StreamSession>> session =
          exec ? runtime_.Exec(id, command) : runtime_.Attach(id, options.stdin, options.tty);
      if (!session.ok()) {
        SendFailure(*shared, session.status(), exec ? "error executing command in container" : "error attaching to container");
        return;
      }
      PumpSession(*shared, **session, options);
    });
  }

  void PortForward(Request request, const std::vector<std::string>& parts, std::unique_ptr<ResponseWriter> writer) {
    const std::shared_ptr<const v1::Pod> pod = pods_.FindPod(parts[1], parts[2]);
    if (pod == nullptr) {
      writer->Send(404, kPlain, "pod does not exist");
      return;
    }
    std::vector<int> ports;
    for (const auto& [name, value] : base::http::ParseQuery(request.query)) {
      if (name != "ports" && name != "port") continue;
      for (absl::string_view text : absl::StrSplit(value, ',')) {
        int port = 0;
        if (!absl::SimpleAtoi(text, &port) || port <= 0 || port > 65535) {
          writer->Send(400, kPlain, absl::StrCat("invalid port \"", text, "\""));
          return;
        }
        ports.push_back(port);
      }
    }
    std::string sandbox;
    for (const SandboxStatus& s : runtime_.ListSandboxes(pod->metadata().uid())) {
      if (s.state == SandboxState::kReady) sandbox = s.id;
    }
    if (sandbox.empty() || ports.empty()) {
      writer->Send(400, kPlain, sandbox.empty() ? "pod is not running" : "query parameter \"port\" is required");
      return;
    }
    absl::StatusOr<std::unique_ptr<base::http::WebSocket>> socket =
        base::http::AcceptWebSocket(request, *writer, {"v4.channel.k8s.io"});
    if (!socket.ok()) {
      writer->Send(400, kPlain, std::string(socket.status().message()));
      return;
    }
    std::shared_ptr<base::http::WebSocket> shared(std::move(*socket));
    std::shared_ptr<ResponseWriter> kept(std::move(writer));
    Detached([this, shared, kept, sandbox, ports] { ForwardPorts(*shared, sandbox, ports); });
  }

  // Two channels a port: data and error; each begins with the port's number in two bytes, little endian.
  void ForwardPorts(base::http::WebSocket& socket, const std::string& sandbox, const std::vector<int>& ports) {
    using base::http::WsOpcode;
    std::vector<int> fds;
    for (size_t i = 0; i < ports.size(); ++i) {
      for (int k = 0; k < 2; ++k) {
        socket.Send(WsOpcode::kBinary, std::string{static_cast<char>(2 * i + k), static_cast<char>(ports[i] & 255), static_cast<char>(ports[i] >> 8)});
      }
      absl::StatusOr<int> fd = runtime_.DialPod(sandbox, ports[i]);
      if (!fd.ok()) {
        socket.Send(WsOpcode::kBinary, absl::StrCat(std::string(1, static_cast<char>(2 * i + 1)), fd.status().message()));
      }
      fds.push_back(fd.ok() ? *fd : -1);
    }
    auto open = std::make_shared<std::atomic<bool>>(true);
    socket.Read(
        [fds, open](WsOpcode, std::string message) {
          const size_t index = message.empty() ? 1 : static_cast<unsigned char>(message[0]) / 2;
          if (message.size() < 2 || message[0] % 2 != 0 || index >= fds.size() || fds[index] < 0 || !*open) return;
          (void)!write(fds[index], message.data() + 1, message.size() - 1);
        },
        [open, fds] {
          *open = false;
          for (int fd : fds) {
            if (fd >= 0) shutdown(fd, SHUT_RDWR);
          }
        });
    std::vector<std::thread> readers;
    for (size_t i = 0; i < fds.size(); ++i) {
      if (fds[i] < 0) continue;
      readers.emplace_back([&socket, fd = fds[i], i] {
        std::string buffer(32768, '\0');
        ssize_t n;
        while ((n = read(fd, buffer.data(), buffer.size())) > 0) {
          if (socket.Send(WsOpcode::kBinary, absl::StrCat(std::string(1, static_cast<char>(2 * i)), absl::string_view(buffer.data(), static_cast<size_t>(n)))) < 0) break;
        }
      });
    }
    for (std::thread& reader : readers) reader.join();
    *open = false;
    socket.Close();
    for (int fd : fds) {
      if (fd >= 0) close(fd);
    }
  }

  const ServerConfig config_;
  PodManager& pods_;
  ContainerRuntime& runtime_;
  Access access_;
  std::atomic<bool> stopping_{false};
  absl::Mutex mu_;
  int streams_ ABSL_GUARDED_BY(mu_) = 0;
  std::unique_ptr<base::http::Server> server_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<KubeletServer>> KubeletServer::Create(ServerConfig config, PodManager& pods, ContainerRuntime& runtime,
                                                                     const client::ApiClient& api) {
  auto server = std::make_unique<Impl>(std::move(config), pods, runtime, api);
  RETURN_IF_ERROR(server->Start());
  return server;
}

}  // namespace kubelet
