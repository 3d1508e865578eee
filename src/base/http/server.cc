#include "base/http/server.h"

#include <condition_variable>
#include <mutex>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "base/http/exchange.h"
#include "base/status_macros.h"

namespace base::http {
namespace {

constexpr absl::string_view kPreface = "PRI * HTTP/2.0\r\n";

class ServerImpl final : public Server {
 public:
  ServerImpl(ServerOptions options, Handler handler) : core_(std::move(options)) {
    core_.handler = std::move(handler);
    core_.pool = std::make_unique<WorkerPool>(core_.options.workers, core_.options.max_queued_requests);
    engine_ = IoEngine::Create(core_.options.io_threads);
  }
  ~ServerImpl() override { Stop(absl::ZeroDuration()); }

  absl::Status Start() {
    const ServerOptions& o = core_.options;
    if (!o.cert_file.empty() || !o.cert_pem.empty()) RETURN_IF_ERROR(ReloadCertificates());
    for (const std::string& address : o.addresses) {
      ASSIGN_OR_RETURN(std::string bound,
                       engine_->Listen(address, o.max_connections, o.header_timeout,
                                       [this](std::shared_ptr<Transport> t) { OnConnection(std::move(t)); }, o.on_handshake_error));
      addresses_.push_back(std::move(bound));
    }
    return absl::OkStatus();
  }

  std::vector<std::string> addresses() const override { return addresses_; }
  int port() const override {
    int port = 0;
    if (addresses_.empty()) return 0;
    const std::string& first = addresses_.front();
    return absl::SimpleAtoi(first.substr(first.rfind(':') + 1), &port) ? port : 0;
  }

  absl::Status ReloadCertificates() override {
    const ServerOptions& o = core_.options;
    return engine_->UseTls({o.cert_file, o.key_file, o.cert_pem, o.key_pem, o.client_ca_file, /*server=*/true, false, "", "", o.front_proxy_ca_file});
  }

  void Stop(absl::Duration grace) override {
    engine_->StopListening();
    if (grace > absl::ZeroDuration()) {
      std::unique_lock lock(mu_);
      std::vector<std::pair<std::shared_ptr<Transport>, std::shared_ptr<Session>>> live;
      for (const auto& [transport, session] : sessions_) {
        if (auto t = transport.lock()) live.emplace_back(std::move(t), session);
      }
      lock.unlock();
      for (auto& [t, s] : live) t->Post([s = s] { s->Drain(); });
      live.clear();
      lock.lock();
      gone_.wait_for(lock, absl::ToChronoNanoseconds(grace), [this] { return sessions_.empty(); });
    }
    core_.pool->Stop();
    engine_->Shutdown();
  }

 private:
  void OnConnection(std::shared_ptr<Transport> transport) {
    if (transport->alpn == "h2") return Adopt(transport, StartHttp2(core_, transport, ""));
    if (transport->alpn == "http/1.1") return Adopt(transport, StartHttp1(core_, transport, ""));
    // No ALPN: the first bytes tell HTTP/2 with prior knowledge from HTTP/1.
    transport->SetDeadline(core_.options.header_timeout);
    auto first = std::make_shared<std::string>();
    transport->on_data = [this, first, t = std::weak_ptr<Transport>(transport)](absl::string_view data) {
      const auto transport = t.lock();
      first->append(data.data(), data.size());
      const size_t n = std::min(first->size(), kPreface.size());
      if (*first != kPreface && first->size() < kPreface.size() && absl::StartsWith(kPreface, *first)) return;
      const bool h2 = absl::string_view(*first).substr(0, n) == kPreface;
      const std::string initial = std::move(*first);
      Adopt(transport, h2 ? StartHttp2(core_, transport, initial) : StartHttp1(core_, transport, initial));
    };
  }

  void Adopt(const std::shared_ptr<Transport>& transport, std::shared_ptr<Session> session) {
    if (transport->closed()) return;
    {
      const std::lock_guard lock(mu_);
      sessions_[transport] = std::move(session);
    }
    const std::weak_ptr<Transport> weak = transport;
    transport->on_gone = [this, weak] { Forget(weak); };
  }

  void Forget(const std::weak_ptr<Transport>& transport) {
    std::shared_ptr<Session> dropped;
    const std::lock_guard lock(mu_);
    if (const auto it = sessions_.find(transport); it != sessions_.end()) {
      dropped = std::move(it->second);
      sessions_.erase(it);
    }
    gone_.notify_all();
  }

  ServerCore core_;
  std::vector<std::string> addresses_;
  std::mutex mu_;
  std::condition_variable gone_;
  std::map<std::weak_ptr<Transport>, std::shared_ptr<Session>, std::owner_less<std::weak_ptr<Transport>>> sessions_;
  std::unique_ptr<IoEngine> engine_;  // last: its threads end before the rest goes
};

}  // namespace

absl::StatusOr<std::unique_ptr<Server>> Server::Create(ServerOptions options, Handler handler) {
  auto server = std::make_unique<ServerImpl>(std::move(options), std::move(handler));
  RETURN_IF_ERROR(server->Start());
  return server;
}

}  // namespace base::http
