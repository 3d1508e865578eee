#include "etcdlite/raft/quorum.h"

#include <algorithm>

namespace etcdlite::raft {
namespace {

VoteResult CountHalf(const std::vector<MemberId>& voters, absl::FunctionRef<Vote(MemberId)> vote_of) {
  if (voters.empty()) return VoteResult::kWon;
  size_t yes = 0, no = 0;
  for (const MemberId id : voters) {
    const Vote vote = vote_of(id);
    yes += vote == Vote::kYes ? 1 : 0;
    no += vote == Vote::kNo ? 1 : 0;
  }
  const size_t quorum = voters.size() / 2 + 1;
  if (yes >= quorum) return VoteResult::kWon;
  return voters.size() - no < quorum ? VoteResult::kLost : VoteResult::kPending;
}

uint64_t IndexOfHalf(const std::vector<MemberId>& voters, absl::FunctionRef<uint64_t(MemberId)> index_of) {
  if (voters.empty()) return UINT64_MAX;
  std::vector<uint64_t> indexes;
  indexes.reserve(voters.size());
  for (const MemberId id : voters) indexes.push_back(index_of(id));
  std::sort(indexes.begin(), indexes.end(), std::greater<>());
  return indexes[voters.size() / 2];
}

void Insert(std::vector<MemberId>* sorted, MemberId id) {
  const auto at = std::lower_bound(sorted->begin(), sorted->end(), id);
  if (at == sorted->end() || *at != id) sorted->insert(at, id);
}

void Erase(std::vector<MemberId>* sorted, MemberId id) {
  const auto at = std::lower_bound(sorted->begin(), sorted->end(), id);
  if (at != sorted->end() && *at == id) sorted->erase(at);
}

void ApplyStep(const ConfChangeStep& step, ConfState* conf) {
  switch (step.type) {
    case ConfChangeType::kAddVoter:
      Erase(&conf->learners, step.id);
      Erase(&conf->learners_next, step.id);
      Insert(&conf->voters, step.id);
      break;
    case ConfChangeType::kAddLearner:
      Erase(&conf->voters, step.id);
      // Still voting in the outgoing half: becomes a learner only on leaving it.
      Insert(Contains(conf->voters_outgoing, step.id) ? &conf->learners_next : &conf->learners, step.id);
      break;
    case ConfChangeType::kRemove:
      Erase(&conf->voters, step.id);
      Erase(&conf->learners, step.id);
      Erase(&conf->learners_next, step.id);
      break;
  }
}

}  // namespace

VoteResult CountVotes(const ConfState& conf, absl::FunctionRef<Vote(MemberId)> vote_of) {
  const VoteResult a = CountHalf(conf.voters, vote_of), b = CountHalf(conf.voters_outgoing, vote_of);
  if (a == VoteResult::kLost || b == VoteResult::kLost) return VoteResult::kLost;
  return a == VoteResult::kWon && b == VoteResult::kWon ? VoteResult::kWon : VoteResult::kPending;
}

uint64_t QuorumIndex(const ConfState& conf, absl::FunctionRef<uint64_t(MemberId)> index_of) {
  return std::min(IndexOfHalf(conf.voters, index_of), IndexOfHalf(conf.voters_outgoing, index_of));
}

bool Contains(const std::vector<MemberId>& sorted, MemberId id) {
  return std::binary_search(sorted.begin(), sorted.end(), id);
}

bool IsVoter(const ConfState& conf, MemberId id) {
  return Contains(conf.voters, id) || Contains(conf.voters_outgoing, id);
}

bool IsMember(const ConfState& conf, MemberId id) {
  return IsVoter(conf, id) || Contains(conf.learners, id) || Contains(conf.learners_next, id);
}

std::vector<MemberId> AllMembers(const ConfState& conf) {
  std::vector<MemberId> all = conf.voters;
  for (const auto* more : {&conf.voters_outgoing, &conf.learners, &conf.learners_next}) {
    all.insert(all.end(), more->begin(), more->end());
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

absl::StatusOr<ConfState> ChangeConf(ConfState conf, const ConfChange& change) {
  if (change.steps.empty()) {
    if (!IsJoint(conf)) return absl::FailedPreconditionError("not in joint consensus");
    conf.voters_outgoing.clear();
    for (const MemberId id : conf.learners_next) Insert(&conf.learners, id);
    conf.learners_next.clear();
    return conf;
  }
  if (IsJoint(conf)) return absl::FailedPreconditionError("already in joint consensus");
  if (change.steps.size() > 1) conf.voters_outgoing = conf.voters;
  for (const ConfChangeStep& step : change.steps) ApplyStep(step, &conf);
  if (conf.voters.empty()) return absl::FailedPreconditionError("the change would leave no voter");
  return conf;
}

}  // namespace etcdlite::raft
