// What only the leader can say about leases; followers pass the question on under these paths.
#pragma once
#include <string>

#include "absl/status/statusor.h"

namespace etcdlite::server {

struct ServiceContext;

inline constexpr char kPeerKeepAlive[] = "/skiff.raft.v1.Peer/KeepAlive";
inline constexpr char kPeerTimeToLive[] = "/skiff.raft.v1.Peer/TimeToLive";

// Serialized requests and answers of etcdserverpb. FailedPrecondition: not the leader.
absl::StatusOr<std::string> AnswerKeepAlive(ServiceContext& context, const std::string& request);
absl::StatusOr<std::string> AnswerTimeToLive(ServiceContext& context, const std::string& request);

}  // namespace etcdlite::server
