// etcdserverpb.Cluster: membership, changed one member at a time.
#include "base/clock.h"
#include "base/status_macros.h"
#include "etcd/cluster.pb.h"
#include "etcdlite/apply/errors.h"
#include "etcdlite/mvcc/kv_codec.h"
#include "etcdlite/server/promote.h"
#include "etcdlite/server/service_context.h"

namespace etcdlite::server {
namespace {

using raft::ConfChangeType;
using rpc::UnaryCall;


std::string ListAnswer(ServiceContext& context, const etcdserverpb::Member* added) {
  std::string out;
  mvcc::AppendLengthDelimited(1, context.HeaderAt(0), &out);  // etcd's membership answers carry no revision
  if (added != nullptr) mvcc::AppendLengthDelimited(2, added->SerializeAsString(), &out);
  std::lock_guard<std::mutex> lock(context.state->mu);
  for (const auto& [id, info] : context.state->membership.members()) {
    etcdserverpb::Member member;
    ToProto(info, &member);
    mvcc::AppendLengthDelimited(added != nullptr ? 3 : 2, member.SerializeAsString(), &out);
  }
  return out;
}

absl::Status CheckUrls(const google::protobuf::RepeatedPtrField<std::string>& urls) {
  if (urls.empty()) return apply::MemberUrlsError();
  for (const std::string& url : urls) {
    if (!rpc::ParseUrl(url).ok()) return apply::MemberUrlsError();
  }
  return absl::OkStatus();
}

// Would the cluster keep a quorum of members that have started? (etcd's strict reconfiguration check)
absl::Status CheckStarted(const ServiceContext& context, uint64_t removed, bool adds_voter) {
  if (!context.flags->strict_reconfig_check) return absl::OkStatus();
  int voters = adds_voter ? 1 : 0, started = 0;
  for (const auto& [id, member] : context.state->membership.members()) {
    if (member.is_learner || id == removed) continue;
    ++voters;
    started += member.name.empty() ? 0 : 1;
  }
  if (voters == 1 && adds_voter) return absl::OkStatus();
  // One member that never started may always be joined by the member being added.
  if (adds_voter && started == 1 && voters == 2) return absl::OkStatus();
  return started < voters / 2 + 1 ? apply::NotEnoughStartedError() : absl::OkStatus();
}

void List(ServiceContext& context, UnaryCall* call) {
  etcdserverpb::MemberListRequest request;
  if (!request.ParseFromString(call->request())) return call->Reply(MalformedError());
  if (!request.linearizable()) return call->Reply(ListAnswer(context, nullptr));
  context.node->ReadBarrier([&context, call](absl::Status reached) {
    if (!reached.ok()) return call->Reply(reached);
    call->Reply(ListAnswer(context, nullptr));
  });
}

void Add(ServiceContext& context, UnaryCall* call) {
  if (absl::Status admin = context.CheckAdmin(*call); !admin.ok()) return call->Reply(admin);
  etcdserverpb::MemberAddRequest request;
  if (!request.ParseFromString(call->request())) return call->Reply(MalformedError());
  if (absl::Status urls = CheckUrls(request.peerurls()); !urls.ok()) return call->Reply(urls);
  apply::MemberInfo member;
  member.peer_urls.assign(request.peerurls().begin(), request.peerurls().end());
  std::sort(member.peer_urls.begin(), member.peer_urls.end());
  member.is_learner = request.islearner();
  member.id = apply::ComputeMemberId(member.peer_urls, context.flags->initial_cluster_token,
                                     absl::ToUnixSeconds(base::SystemClock().Now()));
  {
    std::lock_guard<std::mutex> lock(context.state->mu);
    absl::Status allowed = context.state->membership.CheckAdd(member);
    if (allowed.ok() && !member.is_learner) allowed = CheckStarted(context, 0, true);
    if (!allowed.ok()) return call->Reply(allowed);
  }
  const auto type = member.is_learner ? ConfChangeType::kAddLearner : ConfChangeType::kAddVoter;
  context.node->ProposeMember({type, member.id}, member, [&context, call, member](absl::StatusOr<std::string> done) {
    if (!done.ok()) return call->Reply(done.status());
    etcdserverpb::Member added;
    ToProto(member, &added);
    call->Reply(ListAnswer(context, &added));
  });
}

void Remove(ServiceContext& context, UnaryCall* call) {
  if (absl::Status admin = context.CheckAdmin(*call); !admin.ok()) return call->Reply(admin);
  etcdserverpb::MemberRemoveRequest request;
  if (!request.ParseFromString(call->request())) return call->Reply(MalformedError());
  apply::MemberInfo member;
  member.id = request.id();
  {
    std::lock_guard<std::mutex> lock(context.state->mu);
    absl::Status allowed = context.state->membership.CheckRemove(member.id);
    if (allowed.ok() && !context.state->membership.Find(member.id)->is_learner) {
      allowed = CheckStarted(context, member.id, false);
    }
    if (!allowed.ok()) return call->Reply(allowed);
  }
  context.node->ProposeMember({ConfChangeType::kRemove, member.id}, member, [&context, call](absl::StatusOr<std::string> done) {
    call->Reply(done.ok() ? ListAnswer(context, nullptr) : absl::StatusOr<std::string>(done.status()));
  });
}

void Update(ServiceContext& context, UnaryCall* call) {
  if (absl::Status admin = context.CheckAdmin(*call); !admin.ok()) return call->Reply(admin);
  etcdserverpb::MemberUpdateRequest request;
  if (!request.ParseFromString(call->request())) return call->Reply(MalformedError());
  if (absl::Status urls = CheckUrls(request.peerurls()); !urls.ok()) return call->Reply(urls);
  {
    std::lock_guard<std::mutex> lock(context.state->mu);
    const absl::Status allowed = context.state->membership.CheckUpdate(
        request.id(), {request.peerurls().begin(), request.peerurls().end()});
    if (!allowed.ok()) return call->Reply(allowed);
  }
  etcdserverpb::Member member;
  member.set_id(request.id());
  *member.mutable_peerurls() = request.peerurls();
  context.node->Propose(apply::RequestKind::kMemberUpdate, member.SerializeAsString(), "",
                        [&context, call](absl::StatusOr<std::string> done) {
                          call->Reply(done.ok() ? ListAnswer(context, nullptr) : absl::StatusOr<std::string>(done.status()));
                        });
}

}  // namespace

void PromoteMember(ServiceContext& context, UnaryCall* call) {
  etcdserverpb::MemberPromoteRequest request;
  if (!request.ParseFromString(call->request())) return call->Reply(MalformedError());
  apply::MemberInfo member;
  {
    std::lock_guard<std::mutex> lock(context.state->mu);
    const absl::Status allowed = context.state->membership.CheckPromote(request.id());
    if (!allowed.ok()) return call->Reply(allowed);
    member = *context.state->membership.Find(request.id());
  }
  if (!context.node->is_leader()) {
    const uint64_t leader = context.node->status().leader;
    if (leader == 0) return call->Reply(apply::NoLeaderError());
    return context.peers->Call(leader, kPeerPromote, call->request(),
                               [call](absl::StatusOr<std::string> answer) { call->Reply(std::move(answer)); });
  }
  if (!context.node->IsCaughtUp(member.id)) return call->Reply(apply::LearnerNotReadyError());
  member.is_learner = false;
  context.node->ProposeMember({ConfChangeType::kAddVoter, member.id}, member, [&context, call](absl::StatusOr<std::string> done) {
    call->Reply(done.ok() ? ListAnswer(context, nullptr) : absl::StatusOr<std::string>(done.status()));
  });
}

void AddClusterMethods(ServiceContext& context, std::vector<rpc::Method>* methods) {
  const auto add = [&](const char* path, void (*method)(ServiceContext&, UnaryCall*)) {
    methods->push_back({path, [&context, method](UnaryCall* call) { method(context, call); }, nullptr, 1});
  };
  add("/etcdserverpb.Cluster/MemberList", List);
  add("/etcdserverpb.Cluster/MemberAdd", Add);
  add("/etcdserverpb.Cluster/MemberRemove", Remove);
  add("/etcdserverpb.Cluster/MemberUpdate", Update);
  add("/etcdserverpb.Cluster/MemberPromote", [](ServiceContext& context, UnaryCall* call) {
    if (absl::Status admin = context.CheckAdmin(*call); !admin.ok()) return call->Reply(admin);
    PromoteMember(context, call);
  });
}

}  // namespace etcdlite::server
