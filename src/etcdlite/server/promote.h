// Making a learner a voter: only the leader knows whether it is ready.
#pragma once

namespace etcdlite::rpc {
class UnaryCall;
}  // namespace etcdlite::rpc

namespace etcdlite::server {

struct ServiceContext;

inline constexpr char kPeerPromote[] = "/skiff.raft.v1.Peer/Promote";

// Answers an etcdserverpb.MemberPromoteRequest; passes it on when another member leads.
void PromoteMember(ServiceContext& context, rpc::UnaryCall* call);

}  // namespace etcdlite::server
