#include "etcdlite/server/peers.h"

#include <unistd.h>

#include <condition_variable>
#include <fstream>
#include <mutex>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "etcd/raft.pb.h"
#include "etcdlite/apply/errors.h"
#include "etcdlite/apply/snapshot_file.h"
#include "etcdlite/rpc/rpc_client.h"
#include "etcdlite/server/lease_calls.h"
#include "etcdlite/server/member_dir.h"
#include "etcdlite/server/promote.h"
#include "etcdlite/storage/kv_engine_rocksdb.h"
#include "etcdlite/transport/message_codec.h"

namespace etcdlite::server {
namespace {

constexpr char kMessages[] = "/skiff.raft.v1.Peer/Messages";
constexpr char kSnapshot[] = "/skiff.raft.v1.Peer/Snapshot";
constexpr char kMembers[] = "/skiff.raft.v1.Peer/Members";
constexpr size_t kMaxQueued = 16 << 20;  // to a member that does not read: drop, raft asks again

// Messages to one member over one stream, opened again whenever it breaks.
class PeerLink : public std::enable_shared_from_this<PeerLink> {
 public:
  PeerLink(ServiceContext& context, uint64_t id, std::vector<std::string> urls)
      : context_(context), id_(id), urls_(std::move(urls)) {}

  ~PeerLink() {
    if (stream_ != nullptr) stream_->Cancel();
  }

  const std::vector<std::string>& urls() const { return urls_; }

  void Send(const std::vector<raft::Message>& messages) {
    std::lock_guard<std::mutex> lock(mu_);
    if (stream_ == nullptr && !OpenLocked()) return;
    if (stream_->QueuedBytes() > kMaxQueued) return;
    stream_->Send(transport::EncodeBatch(context_.cluster_id, messages));
  }

  std::shared_ptr<rpc::Channel> channel() {
    std::lock_guard<std::mutex> lock(mu_);
    return ChannelLocked();
  }

 private:
  std::shared_ptr<rpc::Channel> ChannelLocked() {
    if (channel_ != nullptr || urls_.empty()) return channel_;
    absl::StatusOr<std::unique_ptr<rpc::Channel>> channel = rpc::Channel::Open(urls_[0], context_.flags->peer_tls);
    if (channel.ok()) {
      channel_ = *std::move(channel);
    } else {
      base::LogError("cannot open a channel to a member url=", urls_[0], " error=", channel.status().message());
    }
    return channel_;
  }

  bool OpenLocked() {
    const std::shared_ptr<rpc::Channel> channel = ChannelLocked();
    if (channel == nullptr) return false;
    const auto now = std::chrono::steady_clock::now();
    if (now < retry_at_) return false;
    retry_at_ = now + std::chrono::milliseconds(100);
    rpc::StreamCallbacks callbacks;
    callbacks.on_done = [weak = weak_from_this(), number = ++stream_number_](absl::Status status) {
      if (const std::shared_ptr<PeerLink> self = weak.lock()) self->OnBroken(number, status);
    };
    stream_ = channel->OpenStream(kMessages, {}, std::move(callbacks));
    return true;
  }

  void OnBroken(uint64_t number, const absl::Status& status) {
    {
      std::lock_guard<std::mutex> lock(mu_);
      if (number != stream_number_) return;
      stream_ = nullptr;
    }
    base::LogDebug("lost the stream to member=", absl::StrFormat("%x", id_), " error=", status.message());
    context_.node->ReportUnreachable(id_);
  }

  ServiceContext& context_;
  const uint64_t id_;
  const std::vector<std::string> urls_;
  std::mutex mu_;
  std::shared_ptr<rpc::Channel> channel_;
  std::shared_ptr<rpc::ClientStream> stream_;
  uint64_t stream_number_ = 0;
  std::chrono::steady_clock::time_point retry_at_{};
};

class IncomingMessages final : public rpc::StreamHandler {
 public:
  IncomingMessages(ServiceContext& context, std::shared_ptr<rpc::Stream> stream)
      : context_(context), stream_(std::move(stream)) {}
  void OnMessage(std::string message) override {
    absl::StatusOr<std::vector<raft::Message>> messages =
        transport::DecodeBatch(context_.cluster_id, message);
    if (!messages.ok()) return stream_->Finish(messages.status());
    context_.node->Receive(*std::move(messages));
  }
  void OnHalfClose() override { stream_->Finish(absl::OkStatus()); }
  void OnDone() override {}

 private:
  ServiceContext& context_;
  const std::shared_ptr<rpc::Stream> stream_;
};

// Collects a snapshot in a file; raft hears of it when it is whole.
class IncomingSnapshot final : public rpc::StreamHandler {
 public:
  IncomingSnapshot(ServiceContext& context, std::shared_ptr<rpc::Stream> stream)
      : context_(context), stream_(std::move(stream)),
        path_(absl::StrFormat("%s/member/incoming-%x.snap", context.flags->data_dir, reinterpret_cast<uintptr_t>(this))) {}
  ~IncomingSnapshot() override {
    if (!handed_over_) ::unlink(path_.c_str());
  }

  void OnMessage(std::string bytes) override {
    absl::StatusOr<transport::Chunk> chunk = transport::DecodeChunk(context_.cluster_id, bytes);
    if (!chunk.ok()) return stream_->Finish(chunk.status());
    if (!file_.is_open()) file_.open(path_, std::ios::binary | std::ios::trunc);
    if (chunk->message.has_value()) message_ = std::move(chunk->message);
    if (!file_.write(chunk->data.data(), static_cast<std::streamsize>(chunk->data.size()))) {
      stream_->Finish(absl::ResourceExhaustedError(absl::StrCat("cannot write ", path_)));
    }
  }

  void OnHalfClose() override {
    if (!message_.has_value() || !message_->snapshot.has_value()) return stream_->Finish(absl::InvalidArgumentError("empty snapshot"));
    file_.close();
    // Loaded before raft hears of it: afterwards it must not fail.
    context_.reader->Run([&context = context_, stream = stream_, message = *message_, path = path_]() mutable {
      const std::string dir = NewBackendDir(*context.flags);
      absl::StatusOr<std::unique_ptr<storage::KvEngine>> engine = storage::OpenRocksDbEngine(dir);
      absl::Status loaded = engine.status();
      if (loaded.ok()) loaded = apply::LoadSnapshotFile(path, **engine);
      ::unlink(path.c_str());
      if (!loaded.ok()) {
        base::LogError("a received snapshot is unusable error=", loaded.message());
        return stream->Finish(loaded);
      }
      auto shared = std::shared_ptr<storage::KvEngine>(*std::move(engine));
      context.node->ReceiveSnapshot(std::move(message), [&context, shared, dir]() -> absl::StatusOr<apply::AppliedMark> {
        RETURN_IF_ERROR(SwitchBackend(*context.flags, dir));
        return apply::LoadState(shared, context.state);
      });
      stream->Finish(absl::OkStatus());
    });
    handed_over_ = true;
  }
  void OnDone() override {}

 private:
  ServiceContext& context_;
  const std::shared_ptr<rpc::Stream> stream_;
  const std::string path_;
  std::ofstream file_;
  std::optional<raft::Message> message_;
  bool handed_over_ = false;
};

class PeersImpl final : public Peers {
 public:
  explicit PeersImpl(ServiceContext& context) : context_(context) {}
  ~PeersImpl() override {
    if (server_ != nullptr) server_->Stop();
    sender_.Stop();
    std::lock_guard<std::mutex> lock(mu_);
    links_.clear();
  }

  absl::Status Listen() {
    if (context_.flags->listen_peer_urls.empty()) return absl::OkStatus();
    rpc::ServerOptions options;
    for (const std::string& url : context_.flags->listen_peer_urls) {
      ASSIGN_OR_RETURN(rpc::ListenAddress address, rpc::ParseUrl(url));
      options.listen.push_back(std::move(address));
    }
    options.tls = context_.flags->peer_tls;
    options.max_request_bytes = 64 << 20;
    std::vector<rpc::Method> methods;
    methods.push_back({kMessages, nullptr, [this](std::shared_ptr<rpc::Stream> stream) {
                         return std::make_unique<IncomingMessages>(context_, std::move(stream));
                       }});
    methods.push_back({kSnapshot, nullptr, [this](std::shared_ptr<rpc::Stream> stream) {
                         return std::make_unique<IncomingSnapshot>(context_, std::move(stream));
                       }});
    methods.push_back({kMembers, [this](rpc::UnaryCall* call) {
                         skiff::raft::v1::MembersResponse response;
                         {
                           std::lock_guard<std::mutex> lock(context_.state->mu);
                           response.set_membership(context_.state->membership.Encode());
                         }
                         call->Reply(response.SerializeAsString());
                       }, nullptr});
    methods.push_back({kPeerKeepAlive, [this](rpc::UnaryCall* call) { call->Reply(AnswerKeepAlive(context_, call->request())); }, nullptr});
    methods.push_back({kPeerTimeToLive, [this](rpc::UnaryCall* call) { call->Reply(AnswerTimeToLive(context_, call->request())); }, nullptr});
    methods.push_back({kPeerPromote, [this](rpc::UnaryCall* call) { PromoteMember(context_, call); }, nullptr});
    ASSIGN_OR_RETURN(server_, rpc::RpcServer::Start(options, std::move(methods)));
    return absl::OkStatus();
  }

  void UpdateMembers() override {
    std::map<uint64_t, std::vector<std::string>> peers;
    {
      std::lock_guard<std::mutex> lock(context_.state->mu);
      for (const auto& [id, member] : context_.state->membership.members()) {
        if (id != context_.member_id) peers[id] = member.peer_urls;
      }
    }
    SetPeers(peers);
  }

  void SetPeers(const std::map<uint64_t, std::vector<std::string>>& peers) override {
    std::lock_guard<std::mutex> lock(mu_);
    for (auto it = links_.begin(); it != links_.end();) {
      const auto found = peers.find(it->first);
      const bool keep = found != peers.end() && found->second == it->second->urls();
      it = keep ? std::next(it) : links_.erase(it);
    }
    for (const auto& [id, urls] : peers) {
      if (!links_.contains(id)) links_[id] = std::make_shared<PeerLink>(context_, id, urls);
    }
  }

  void Send(std::vector<raft::Message> messages) override {
    std::map<uint64_t, std::vector<raft::Message>> by_member;
    for (raft::Message& message : messages) {
      if (message.type == raft::MessageType::kSnapshot) {
        sender_.Run([this, message = std::move(message)]() mutable { SendSnapshot(std::move(message)); });
      } else {
        const uint64_t to = message.to;
        by_member[to].push_back(std::move(message));
      }
    }
    for (const auto& [id, batch] : by_member) {
      if (const std::shared_ptr<PeerLink> link = LinkTo(id); link != nullptr) link->Send(batch);
    }
  }

  void Call(uint64_t member, const std::string& path, std::string request, Done done) override {
    const std::shared_ptr<PeerLink> link = LinkTo(member);
    const std::shared_ptr<rpc::Channel> channel = link == nullptr ? nullptr : link->channel();
    if (channel == nullptr) return done(apply::NoLeaderError());
    rpc::CallOptions options;
    options.timeout = context_.node->request_timeout();
    channel->Call(path, std::move(request), options, [channel, done = std::move(done)](absl::StatusOr<std::string> answer) {
      if (absl::IsUnavailable(answer.status())) return done(apply::LeaderChangedError());
      if (absl::IsDeadlineExceeded(answer.status())) return done(apply::TimeoutError());
      done(std::move(answer));
    });
  }

 private:
  std::shared_ptr<PeerLink> LinkTo(uint64_t id) {
    std::lock_guard<std::mutex> lock(mu_);
    const auto found = links_.find(id);
    return found == links_.end() ? nullptr : found->second;
  }

  // Streams the state as it is now. The mark comes from the same consistent view as the data.
  void SendSnapshot(raft::Message message) {
    const uint64_t to = message.to;
    const std::shared_ptr<PeerLink> link = LinkTo(to);
    const std::shared_ptr<rpc::Channel> channel = link == nullptr ? nullptr : link->channel();
    if (channel == nullptr) return context_.node->ReportSnapshot(to, false, 0);
    struct Outcome {
      std::mutex mu;
      std::condition_variable cv;
      std::optional<absl::Status> status;
    };
    auto outcome = std::make_shared<Outcome>();
    rpc::StreamCallbacks callbacks;
    callbacks.on_done = [outcome](absl::Status status) {
      std::lock_guard<std::mutex> lock(outcome->mu);
      outcome->status = std::move(status);
      outcome->cv.notify_all();
    };
    rpc::CallOptions options;
    options.timeout = absl::Minutes(10);
    const std::shared_ptr<storage::KvEngine> engine = context_.state->store->engine();
    apply::SnapshotWriter writer(*engine);  // the view is fixed here
    raft::SnapshotMark mark;
    const std::shared_ptr<rpc::ClientStream> stream = channel->OpenStream(kSnapshot, options, std::move(callbacks));
    absl::Status failed;
    uint64_t sent = 0;
    while (failed.ok()) {
      {
        std::lock_guard<std::mutex> lock(outcome->mu);
        if (outcome->status.has_value()) break;
      }
      if (stream->QueuedBytes() > (4 << 20)) {
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
        continue;
      }
      const absl::StatusOr<std::string> piece = writer.Next();
      if (!piece.ok()) {
        failed = piece.status();
        break;
      }
      if (piece->empty()) break;
      if (writer.done()) {  // what it stands for is part of it and known at the end
        mark.index = writer.applied_index();
        mark.term = writer.applied_term();
        mark.conf = writer.conf();
        message.snapshot = mark;
      }
      sent += piece->size();
      stream->Send(transport::EncodeChunk(context_.cluster_id, writer.done() ? &message : nullptr, *piece));
    }
    if (failed.ok()) {
      stream->HalfClose();
    } else {
      stream->Cancel();
    }
    std::unique_lock<std::mutex> lock(outcome->mu);
    outcome->cv.wait(lock, [&] { return outcome->status.has_value(); });
    const bool ok = failed.ok() && outcome->status->ok();
    base::LogInfo("sent a snapshot member=", absl::StrFormat("%x", to), " index=", mark.index, " bytes=", sent,
                  " outcome=", ok ? "ok" : std::string(outcome->status->message()));
    context_.node->ReportSnapshot(to, ok, mark.index);
  }

  ServiceContext& context_;
  Worker sender_;  // snapshots, one at a time
  std::unique_ptr<rpc::RpcServer> server_;
  std::mutex mu_;
  std::map<uint64_t, std::shared_ptr<PeerLink>> links_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Peers>> Peers::Start(ServiceContext& context) {
  auto peers = std::make_unique<PeersImpl>(context);
  RETURN_IF_ERROR(peers->Listen());
  return peers;
}

absl::StatusOr<apply::Membership> FetchMembershipFromPeers(const ServerFlags& flags) {
  ASSIGN_OR_RETURN(const std::vector<FirstMember> members, ParseInitialCluster(flags.initial_cluster));
  absl::Status last = absl::UnavailableError("--initial-cluster names no other member");
  for (const FirstMember& member : members) {
    if (member.name == flags.name) continue;
    for (const std::string& url : member.peer_urls) {
      ASSIGN_OR_RETURN(const std::unique_ptr<rpc::Channel> channel, rpc::Channel::Open(url, flags.peer_tls));
      rpc::CallOptions options;
      options.timeout = absl::Seconds(5);
      options.wait_for_ready = true;
      const absl::StatusOr<std::string> answer = channel->CallAndWait(kMembers, "", options);
      if (!answer.ok()) {
        last = answer.status();
        continue;
      }
      skiff::raft::v1::MembersResponse response;
      apply::Membership membership;
      if (!response.ParseFromString(*answer)) continue;
      RETURN_IF_ERROR(membership.Decode(response.membership()));
      return membership;
    }
  }
  return absl::UnavailableError(absl::StrCat("no member of the existing cluster answers: ", last.message()));
}

}  // namespace etcdlite::server
