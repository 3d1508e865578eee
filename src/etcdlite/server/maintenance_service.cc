// etcdserverpb.Maintenance: how a member is, and what an operator does to it.
#include <openssl/sha.h>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "base/status_macros.h"
#include "etcd/maintenance.pb.h"
#include "etcdlite/apply/errors.h"
#include "etcdlite/apply/snapshot_file.h"
#include "etcdlite/mvcc/kv_codec.h"
#include "etcdlite/server/service_context.h"

namespace etcdlite::server {
namespace {

using rpc::UnaryCall;

constexpr int64_t kDefaultQuota = int64_t{2} << 30;
constexpr char kStorageVersion[] = "3.6.0", kClusterVersion[] = "3.6";

std::string WithHeader(ServiceContext& context, const std::string& rest) {
  std::string out;
  mvcc::AppendLengthDelimited(1, context.Header(), &out);
  return out + rest;
}

void Status(ServiceContext& context, UnaryCall* call) {
  const node::NodeStatus status = context.node->status();
  etcdserverpb::StatusResponse response;
  response.set_version(kVersion);
  const auto engine = context.state->store->engine();
  response.set_dbsize(static_cast<int64_t>(engine->SizeOnDisk()));
  response.set_dbsizeinuse(static_cast<int64_t>(std::min(engine->SizeInUse(), engine->SizeOnDisk())));
  response.set_leader(status.leader);
  response.set_raftindex(status.committed);
  response.set_raftterm(status.term);
  response.set_raftappliedindex(status.applied);
  response.set_islearner(context.IsLearner());
  response.set_storageversion(kStorageVersion);
  response.set_dbsizequota(context.quota_bytes > 0 ? context.quota_bytes : kDefaultQuota);
  response.mutable_downgradeinfo();
  if (status.leader == 0) response.add_errors("etcdserver: no leader");
  {
    std::lock_guard<std::mutex> lock(context.state->mu);
    for (const auto& [member, kind] : context.state->alarms) {
      etcdserverpb::AlarmMember alarm;
      alarm.set_memberid(member);
      alarm.set_alarm(static_cast<etcdserverpb::AlarmType>(kind));
      response.add_errors(absl::StrCat("memberID:", member, " alarm:", etcdserverpb::AlarmType_Name(alarm.alarm()), " "));
    }
  }
  call->Reply(WithHeader(context, response.SerializeAsString()));
}

void Alarm(ServiceContext& context, UnaryCall* call) {
  etcdserverpb::AlarmRequest request;
  if (!request.ParseFromString(call->request())) return call->Reply(MalformedError());
  if (request.action() != etcdserverpb::AlarmRequest::GET) {  // to look is for everybody: health checks do
    if (absl::Status admin = context.CheckAdmin(*call); !admin.ok()) return call->Reply(admin);
  }
  if (request.memberid() == 0 && request.action() == etcdserverpb::AlarmRequest::ACTIVATE) {
    request.set_memberid(context.member_id);
  }
  context.node->Propose(apply::RequestKind::kAlarm, request.SerializeAsString(), "",
                        [call](absl::StatusOr<std::string> answer) { call->Reply(std::move(answer)); });
}

void Defragment(ServiceContext& context, UnaryCall* call) {
  if (absl::Status admin = context.CheckAdmin(*call); !admin.ok()) return call->Reply(admin);
  context.reader->Run([&context, call] {
    absl::Status done = context.node->Flush();
    if (done.ok()) done = context.state->store->engine()->Defragment();
    call->Reply(done.ok() ? absl::StatusOr<std::string>(WithHeader(context, "")) : done);
  });
}

void Hash(ServiceContext& context, UnaryCall* call) {
  if (absl::Status admin = context.CheckAdmin(*call); !admin.ok()) return call->Reply(admin);
  context.reader->Run([&context, call] {
    absl::StatusOr<uint32_t> hash = apply::HashEngine(*context.state->store->engine());
    if (!hash.ok()) return call->Reply(hash.status());
    std::string rest;
    mvcc::AppendInt(2, *hash, &rest);
    call->Reply(WithHeader(context, rest));
  });
}

void HashKv(ServiceContext& context, UnaryCall* call) {
  if (absl::Status admin = context.CheckAdmin(*call); !admin.ok()) return call->Reply(admin);
  context.reader->Run([&context, call] {
    etcdserverpb::HashKVRequest request;
    if (!request.ParseFromString(call->request())) return call->Reply(MalformedError());
    int64_t hashed = 0, compacted = 0, current = 0;
    const absl::StatusOr<uint32_t> hash = context.state->store->Hash(request.revision(), &hashed, &compacted, &current);
    if (!hash.ok()) return call->Reply(hash.status());
    std::string out;
    mvcc::AppendLengthDelimited(1, context.HeaderAt(current), &out);
    mvcc::AppendInt(2, *hash, &out);
    mvcc::AppendInt(3, compacted, &out);
    mvcc::AppendInt(4, hashed, &out);
    call->Reply(std::move(out));
  });
}

void MoveLeader(ServiceContext& context, UnaryCall* call) {
  if (absl::Status admin = context.CheckAdmin(*call); !admin.ok()) return call->Reply(admin);
  etcdserverpb::MoveLeaderRequest request;
  if (!request.ParseFromString(call->request())) return call->Reply(MalformedError());
  context.node->TransferLeader(request.targetid(), [&context, call](absl::Status moved) {
    call->Reply(moved.ok() ? absl::StatusOr<std::string>(WithHeader(context, "")) : moved);
  });
}

// The state on disk has one format only: every version to go back to is refused, in etcd's words.
void Downgrade(ServiceContext& context, UnaryCall* call) {
  if (absl::Status admin = context.CheckAdmin(*call); !admin.ok()) return call->Reply(admin);
  etcdserverpb::DowngradeRequest request;
  if (!request.ParseFromString(call->request())) return call->Reply(MalformedError());
  if (request.action() == etcdserverpb::DowngradeRequest::CANCEL) {  // as etcd's, also when there is none
    etcdserverpb::DowngradeResponse response;
    response.set_version(kClusterVersion);
    return call->Reply(WithHeader(context, response.SerializeAsString()));
  }
  const std::vector<std::string> parts = absl::StrSplit(request.version(), '.');
  const bool version = (parts.size() == 2 || parts.size() == 3) && std::all_of(parts.begin(), parts.end(), [](const std::string& part) {
                         return !part.empty() && part.size() < 10 && std::all_of(part.begin(), part.end(), absl::ascii_isdigit);
                       });
  call->Reply(version ? apply::DowngradeTargetError() : apply::DowngradeFormatError());
}

// Streams the whole state as one file, its SHA-256 at the end.
class SnapshotStream final : public rpc::StreamHandler {
 public:
  SnapshotStream(ServiceContext& context, std::shared_ptr<rpc::Stream> stream)
      : context_(context), stream_(std::move(stream)) {}
  void OnMessage(std::string) override {
    if (std::exchange(started_, true)) return;
    if (context_.auth_on.load(std::memory_order_relaxed)) {
      const absl::StatusOr<std::string> user = context_.UserFrom(stream_->Metadata("token"), stream_->PeerCommonName());
      if (!user.ok()) return stream_->Finish(user.status());
      std::lock_guard<std::mutex> lock(context_.state->mu);
      if (absl::Status admin = context_.state->auth.CheckAdmin(*user); !admin.ok()) return stream_->Finish(admin);
    }
    context_.reader->Run([&context = context_, stream = stream_, over = over_] { Send(context, stream, over); });
  }
  void OnHalfClose() override {}
  void OnDone() override { *over_ = true; }

 private:
  static void Send(ServiceContext& context, const std::shared_ptr<rpc::Stream>& stream,
                   const std::shared_ptr<std::atomic<bool>>& over) {
    const std::shared_ptr<storage::KvEngine> engine = context.state->store->engine();
    apply::SnapshotWriter writer(*engine);
    uint64_t sent = 0;
    while (!*over) {
      if (stream->QueuedBytes() > (4 << 20)) {  // the client reads more slowly than the disk
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
        continue;
      }
      absl::StatusOr<std::string> chunk = writer.Next();
      if (!chunk.ok()) return stream->Finish(chunk.status());
      if (chunk->empty()) return stream->Finish(absl::OkStatus());
      sent += chunk->size();
      std::string message;
      mvcc::AppendLengthDelimited(1, context.Header(), &message);
      // An estimate until the end is known; clients only show it.
      const uint64_t size = engine->SizeOnDisk();
      mvcc::AppendInt(2, writer.done() ? 0 : static_cast<int64_t>(size > sent ? size - sent : 1), &message);
      mvcc::AppendLengthDelimited(3, *chunk, &message);
      mvcc::AppendLengthDelimited(4, kStorageVersion, &message);
      stream->Enqueue(std::move(message));
      stream->Kick();
    }
  }

  ServiceContext& context_;
  const std::shared_ptr<rpc::Stream> stream_;
  const std::shared_ptr<std::atomic<bool>> over_ = std::make_shared<std::atomic<bool>>(false);
  bool started_ = false;
};

}  // namespace

void AddMaintenanceMethods(ServiceContext& context, std::vector<rpc::Method>* methods) {
  const auto add = [&](const char* path, void (*method)(ServiceContext&, UnaryCall*)) {
    methods->push_back({path, [&context, method](UnaryCall* call) { method(context, call); }, nullptr, 1});
  };
  add("/etcdserverpb.Maintenance/Status", Status);
  add("/etcdserverpb.Maintenance/Alarm", Alarm);
  add("/etcdserverpb.Maintenance/Defragment", Defragment);
  add("/etcdserverpb.Maintenance/Hash", Hash);
  add("/etcdserverpb.Maintenance/HashKV", HashKv);
  add("/etcdserverpb.Maintenance/MoveLeader", MoveLeader);
  add("/etcdserverpb.Maintenance/Downgrade", Downgrade);
  methods->push_back({"/etcdserverpb.Maintenance/Snapshot", nullptr, [&context](std::shared_ptr<rpc::Stream> stream) {
                        return std::make_unique<SnapshotStream>(context, std::move(stream));
                      }, 1});
}

}  // namespace etcdlite::server
