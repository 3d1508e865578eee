// The other members: raft messages out and in, snapshots both ways, questions only the leader can answer.
#pragma once
#include <memory>

#include "absl/status/statusor.h"
#include "etcdlite/apply/membership.h"
#include "etcdlite/node/transport.h"
#include "etcdlite/server/service_context.h"

namespace etcdlite::server {

class Peers : public node::Transport, public PeerCaller {
 public:
  // Listens on the peer URLs. `context.node` must be set; its other members too before messages arrive.
  static absl::StatusOr<std::unique_ptr<Peers>> Start(ServiceContext& context);
  virtual void UpdateMembers() = 0;  // reads the membership from the state
};

// For a joining member: asks the members of --initial-cluster. Unavailable: none answers.
absl::StatusOr<apply::Membership> FetchMembershipFromPeers(const ServerFlags& flags);

}  // namespace etcdlite::server
