#include "etcdlite/server/server.h"

#include <condition_variable>
#include <mutex>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "etcdlite/apply/errors.h"
#include "etcdlite/server/housekeeping.h"
#include "etcdlite/server/member_dir.h"
#include "etcdlite/server/metrics_http.h"
#include "etcdlite/server/peers.h"
#include "etcdlite/server/service_context.h"

namespace etcdlite::server {
namespace {

// Lets late watches catch up with history, off every other thread.
class CatchUpThread {
 public:
  explicit CatchUpThread(mvcc::WatchHub& hub) : hub_(hub), thread_([this] { Run(); }) {
    hub_.SetOnUnsynced([this] { Wake(); });
  }
  ~CatchUpThread() {
    hub_.SetOnUnsynced(nullptr);
    {
      std::lock_guard<std::mutex> lock(mu_);
      stop_ = true;
    }
    cv_.notify_all();
    thread_.join();
  }

 private:
  void Run() {
    std::unique_lock<std::mutex> lock(mu_);
    while (!stop_) {
      lock.unlock();
      const bool more = hub_.CatchUp();
      const bool slow = hub_.HasUnsynced();
      lock.lock();
      if (more || stop_ || std::exchange(woken_, false)) continue;
      if (slow) {
        cv_.wait_for(lock, std::chrono::milliseconds(10));  // receivers that do not keep up are looked at again
      } else {
        cv_.wait(lock, [this] { return stop_ || woken_; });
      }
      woken_ = false;
    }
  }
  void Wake() {
    {
      std::lock_guard<std::mutex> lock(mu_);
      woken_ = true;
    }
    cv_.notify_all();
  }
  mvcc::WatchHub& hub_;
  std::mutex mu_;
  std::condition_variable cv_;
  bool stop_ = false, woken_ = false;
  std::thread thread_;
};

class ServerImpl final : public Server {
 public:
  explicit ServerImpl(const ServerFlags& flags) : flags_(flags) {}

  ~ServerImpl() override {
    housekeeping_.reset();
    metrics_.reset();
    HandOver();
    if (node_ != nullptr) node_->Stop();  // whatever waits is answered before the ports close
    reader_.Stop();
    if (clients_ != nullptr) clients_->Stop();
    catch_up_.reset();
    peers_.reset();
  }

  absl::Status Start() {
    if (flags_.data_dir.empty()) flags_.data_dir = flags_.name + ".etcd";
    ASSIGN_OR_RETURN(const Retention retention, ParseRetention(flags_.auto_compaction_mode, flags_.auto_compaction_retention));
    ASSIGN_OR_RETURN(OpenedMember member, OpenMember(flags_, &state_, [this] { return FetchMembershipFromPeers(flags_); }));
    context_.flags = &flags_;
    context_.member_id = member.member_id;
    context_.cluster_id = member.cluster_id;
    context_.state = &state_;
    context_.reader = &reader_;
    context_.quota_bytes = flags_.quota_backend_bytes == 0 ? int64_t{2} << 30 : std::max<int64_t>(flags_.quota_backend_bytes, 0);
    RETURN_IF_ERROR(CreateNode(std::move(member)));
    hub_ = std::make_unique<mvcc::WatchHub>(*state_.store, [this](int64_t revision) { return context_.HeaderAt(revision); },
                                            flags_.max_request_bytes + (512 << 10));
    context_.hub = hub_.get();
    node_->SetHub(hub_.get());
    ASSIGN_OR_RETURN(peers_, Peers::Start(context_));
    context_.peers = peers_.get();
    node_->SetTransport(peers_.get());
    peers_->UpdateMembers();
    catch_up_ = std::make_unique<CatchUpThread>(*hub_);
    node_->Start();
    RETURN_IF_ERROR(ListenToClients());
    housekeeping_ = Housekeeping::Start(context_, retention);
    ASSIGN_OR_RETURN(metrics_, MetricsHttp::Start(context_));
    base::LogInfo("ready to serve clients name=", flags_.name, " member=", absl::StrFormat("%x", context_.member_id),
                  " cluster=", absl::StrFormat("%x", context_.cluster_id),
                  " clients=", absl::StrJoin(flags_.listen_client_urls, ","));
    return absl::OkStatus();
  }

 private:
  // A leader that goes on purpose does not let the others wait for an election.
  void HandOver() {
    if (node_ == nullptr || !node_->is_leader() || node_->BestSuccessor() == 0) return;
    node_->TransferLeader(node_->BestSuccessor(), [](absl::Status) {});
    for (int i = 0; i < 100 && node_->is_leader(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }

  absl::Status CreateNode(OpenedMember member) {
    node::NodeOptions options;
    options.member_id = member.member_id;
    options.heartbeat = absl::Milliseconds(flags_.heartbeat_ms);
    options.election = absl::Milliseconds(flags_.election_ms);
    options.snapshot_count = flags_.snapshot_count;
    options.catch_up_entries = flags_.catch_up_entries;
    node::Node::Parts parts;
    parts.state = &state_;
    parts.mark = std::move(member.mark);
    parts.wal = std::move(member.wal);
    parts.initial = std::move(member.initial);
    parts.on_members_changed = [this] {
      if (peers_ != nullptr) peers_->UpdateMembers();
    };
    parts.on_auth_changed = [this] {
      std::lock_guard<std::mutex> lock(state_.mu);
      context_.auth_on = state_.auth.enabled();
    };
    context_.auth_on = state_.auth.enabled();
    ASSIGN_OR_RETURN(node_, node::Node::Create(options, std::move(parts)));
    context_.node = node_.get();
    return absl::OkStatus();
  }

  absl::Status ListenToClients() {
    rpc::ServerOptions options;
    for (const std::string& url : flags_.listen_client_urls) {
      ASSIGN_OR_RETURN(rpc::ListenAddress address, rpc::ParseUrl(url));
      options.listen.push_back(std::move(address));
    }
    options.tls = flags_.client_tls;
    options.max_request_bytes = flags_.max_request_bytes + (512 << 10);  // etcd leaves the same room for overhead
    std::vector<rpc::Method> methods;
    AddKvMethods(context_, &methods);
    AddWatchMethods(context_, &methods);
    AddLeaseMethods(context_, &methods);
    AddClusterMethods(context_, &methods);
    AddMaintenanceMethods(context_, &methods);
    AddAuthMethods(context_, &methods);
    ASSIGN_OR_RETURN(clients_, rpc::RpcServer::Start(options, std::move(methods)));
    return absl::OkStatus();
  }

  ServerFlags flags_;
  apply::State state_;
  Worker reader_;
  ServiceContext context_;
  std::unique_ptr<node::Node> node_;
  std::unique_ptr<mvcc::WatchHub> hub_;
  std::unique_ptr<Peers> peers_;
  std::unique_ptr<CatchUpThread> catch_up_;
  std::unique_ptr<rpc::RpcServer> clients_;
  std::unique_ptr<Housekeeping> housekeeping_;
  std::unique_ptr<MetricsHttp> metrics_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ServerFlags& flags) {
  auto server = std::make_unique<ServerImpl>(flags);
  RETURN_IF_ERROR(server->Start());
  return server;
}

}  // namespace etcdlite::server
