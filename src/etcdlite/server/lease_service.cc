// etcdserverpb.Lease: grants and revocations go through the log, renewals are the leader's word.
#include "base/clock.h"
#include "etcd/lease.pb.h"
#include "etcdlite/apply/errors.h"
#include "etcdlite/mvcc/kv_codec.h"
#include "etcdlite/server/lease_calls.h"
#include "etcdlite/server/service_context.h"

namespace etcdlite::server {
namespace {

using apply::RequestKind;
using rpc::UnaryCall;

constexpr int64_t kMaxTtl = 9'000'000'000;  // etcd's limit, seconds


void Grant(ServiceContext& context, UnaryCall* call) {
  etcdserverpb::LeaseGrantRequest request;
  if (!request.ParseFromString(call->request())) return call->Reply(MalformedError());
  if (absl::StatusOr<std::string> user = context.UserOf(*call); !user.ok()) return call->Reply(user.status());
  if (request.ttl() > kMaxTtl) return call->Reply(apply::LeaseTtlError());
  if (absl::Status space = context.CheckQuota(); !space.ok()) return call->Reply(space);
  // Decided here, not when applied: every member must agree on it.
  const int64_t min_ttl = (3 * context.flags->election_ms / 2 + 999) / 1000;
  request.set_ttl(std::max(request.ttl(), min_ttl));
  while (request.id() == 0) request.set_id(static_cast<int64_t>(context.node->NextRequestId() & INT64_MAX));
  context.node->Propose(RequestKind::kLeaseGrant, request.SerializeAsString(), "",
                        [call](absl::StatusOr<std::string> answer) { call->Reply(std::move(answer)); });
}

void Revoke(ServiceContext& context, UnaryCall* call) {
  absl::StatusOr<std::string> user = context.UserOf(*call);
  if (!user.ok()) return call->Reply(user.status());
  context.node->Propose(RequestKind::kLeaseRevoke, call->request(), *std::move(user),
                        [call](absl::StatusOr<std::string> answer) { call->Reply(std::move(answer)); });
}

void TimeToLive(ServiceContext& context, UnaryCall* call) {
  if (absl::StatusOr<std::string> user = context.UserOf(*call); !user.ok()) return call->Reply(user.status());
  const auto reply = [call](absl::StatusOr<std::string> answer) { call->Reply(std::move(answer)); };
  if (context.node->is_leader()) return reply(AnswerTimeToLive(context, call->request()));
  const uint64_t leader = context.node->status().leader;
  if (leader == 0) return reply(apply::NoLeaderError());
  context.peers->Call(leader, kPeerTimeToLive, call->request(), reply);
}

void Leases(ServiceContext& context, UnaryCall* call) {
  context.node->ReadBarrier([&context, call](absl::Status reached) {
    if (!reached.ok()) return call->Reply(reached);
    etcdserverpb::LeaseLeasesResponse response;
    {
      std::lock_guard<std::mutex> lock(context.state->mu);
      for (const lease::LeaseId id : context.state->lessor.List()) response.add_leases()->set_id(id);
    }
    std::string out;
    mvcc::AppendLengthDelimited(1, context.Header(), &out);
    call->Reply(out + response.SerializeAsString());
  });
}

class KeepAliveStream final : public rpc::StreamHandler {
 public:
  KeepAliveStream(ServiceContext& context, std::shared_ptr<rpc::Stream> stream)
      : context_(context), stream_(std::move(stream)) {}

  void OnMessage(std::string message) override {
    const auto send = [stream = stream_](absl::StatusOr<std::string> answer) {
      if (!answer.ok()) return stream->Finish(answer.status());
      stream->Enqueue(*std::move(answer));
      stream->Kick();
    };
    if (context_.node->is_leader()) return send(AnswerKeepAlive(context_, message));
    const uint64_t leader = context_.node->status().leader;
    if (leader == 0) return send(apply::NoLeaderError());
    context_.peers->Call(leader, kPeerKeepAlive, std::move(message), send);
  }
  void OnHalfClose() override { stream_->Finish(absl::OkStatus()); }
  void OnDone() override {}

 private:
  ServiceContext& context_;
  const std::shared_ptr<rpc::Stream> stream_;
};

}  // namespace

absl::StatusOr<std::string> AnswerKeepAlive(ServiceContext& context, const std::string& request_bytes) {
  etcdserverpb::LeaseKeepAliveRequest request;
  if (!request.ParseFromString(request_bytes)) return MalformedError();
  if (!context.node->is_leader()) return apply::NotLeaderError();
  std::optional<int64_t> ttl;
  bool reset_checkpoint = false;
  {
    std::lock_guard<std::mutex> lock(context.state->mu);
    ttl = context.state->lessor.Renew(request.id(), base::SystemClock().Monotonic(), &reset_checkpoint);
  }
  if (reset_checkpoint) {  // a later leader must not count from an old checkpoint
    etcdserverpb::LeaseCheckpointRequest checkpoint;
    checkpoint.add_checkpoints()->set_id(request.id());
    context.node->Propose(RequestKind::kLeaseCheckpoint, checkpoint.SerializeAsString(), "", [](auto) {});
  }
  std::string out;
  mvcc::AppendLengthDelimited(1, context.Header(), &out);
  mvcc::AppendInt(2, request.id(), &out);
  mvcc::AppendInt(3, ttl.value_or(0), &out);
  return out;
}

absl::StatusOr<std::string> AnswerTimeToLive(ServiceContext& context, const std::string& request_bytes) {
  etcdserverpb::LeaseTimeToLiveRequest request;
  if (!request.ParseFromString(request_bytes)) return MalformedError();
  if (!context.node->is_leader()) return apply::NotLeaderError();
  etcdserverpb::LeaseTimeToLiveResponse response;
  response.set_id(request.id());
  response.set_ttl(-1);
  {
    std::lock_guard<std::mutex> lock(context.state->mu);
    const lease::LeaseInfo* lease = context.state->lessor.Find(request.id());
    const absl::Duration left = context.state->lessor.Remaining(request.id(), base::SystemClock().Monotonic());
    if (lease != nullptr && left >= absl::ZeroDuration()) {
      response.set_ttl(absl::ToInt64Seconds(left));
      response.set_grantedttl(lease->ttl);
      if (request.keys()) {
        for (const std::string& key : lease->keys) response.add_keys(key);
      }
    }
  }
  std::string out;
  mvcc::AppendLengthDelimited(1, context.Header(), &out);
  return out + response.SerializeAsString();
}

void AddLeaseMethods(ServiceContext& context, std::vector<rpc::Method>* methods) {
  const auto add = [&](const char* path, void (*method)(ServiceContext&, UnaryCall*)) {
    methods->push_back({path, [&context, method](UnaryCall* call) { method(context, call); }, nullptr, 2});
  };
  add("/etcdserverpb.Lease/LeaseGrant", Grant);
  add("/etcdserverpb.Lease/LeaseRevoke", Revoke);
  add("/etcdserverpb.Lease/LeaseTimeToLive", TimeToLive);
  add("/etcdserverpb.Lease/LeaseLeases", Leases);
  methods->push_back({"/etcdserverpb.Lease/LeaseKeepAlive", nullptr, [&context](std::shared_ptr<rpc::Stream> stream) {
                        return std::make_unique<KeepAliveStream>(context, std::move(stream));
                      }, 2});
}

}  // namespace etcdlite::server
