// Majorities over plain and joint configurations, and how a configuration changes. Pure functions.
#pragma once
#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "etcdlite/raft/raft_types.h"

namespace etcdlite::raft {

enum class VoteResult { kPending, kWon, kLost };
enum class Vote { kMissing, kYes, kNo };

// What the votes so far mean. An empty configuration is won: it has nobody to object.
VoteResult CountVotes(const ConfState& conf, absl::FunctionRef<Vote(MemberId)> vote_of);

// The highest index a quorum has reached (in both halves of a joint configuration).
uint64_t QuorumIndex(const ConfState& conf, absl::FunctionRef<uint64_t(MemberId)> index_of);

bool Contains(const std::vector<MemberId>& sorted, MemberId id);
bool IsVoter(const ConfState& conf, MemberId id);
bool IsMember(const ConfState& conf, MemberId id);
inline bool IsJoint(const ConfState& conf) { return !conf.voters_outgoing.empty(); }
std::vector<MemberId> AllMembers(const ConfState& conf);  // ascending, each once

// One step: applied at once. Several: enters joint consensus. None: leaves it.
// FailedPrecondition: would leave no voter, or does not fit the present state (joint or not).
absl::StatusOr<ConfState> ChangeConf(ConfState conf, const ConfChange& change);

}  // namespace etcdlite::raft
