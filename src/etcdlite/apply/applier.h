// Turns committed entries into state, in order, the same on every member: reads no clock, randomness or flag
// that changes state (deadlines of leases are the leader's own business). One batch of entries is one atomic
// write to the engine, with the applied index inside.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "etcdlite/apply/answers.h"
#include "etcdlite/apply/state.h"
#include "etcdlite/raft/raft_types.h"

namespace etcdlite::apply {

struct Answer {
  uint64_t request_id = 0;
  absl::StatusOr<std::string> response;  // serialized answer message
};

struct ApplyOutcome {
  std::vector<Answer> answers;              // only for requests somebody here waits for
  std::vector<mvcc::CommitPtr> commits;     // for watchers
  std::vector<raft::ConfChange> conf_changes;  // tell raft, in order
  bool members_changed = false;
  bool auth_changed = false;
  bool garbage = false;  // CollectGarbage has something to do
};

class Applier {
 public:
  struct Seams {
    std::function<bool(uint64_t request_id)> awaited;          // somebody on this member waits for the answer
    std::function<absl::Duration()> now;                       // for the leader's lease deadlines
    std::function<HeaderFields()> header;                      // of answers
    // Tells the configuration after a change, as raft will have it.
    std::function<absl::StatusOr<raft::ConfState>(const raft::ConfState&, const raft::ConfChange&)> change_conf;
  };
  Applier(State* state, AppliedMark mark, Seams seams);

  // An error is fatal: the engine no longer takes writes.
  absl::StatusOr<ApplyOutcome> Apply(const std::vector<raft::Entry>& entries);
  // Deletes some values that compaction left behind. False: nothing left.
  absl::StatusOr<bool> CollectGarbage(size_t max);
  // After a snapshot was loaded into the state.
  void Reset(AppliedMark mark) { mark_ = std::move(mark); }
  const AppliedMark& mark() const { return mark_; }

 private:
  struct Batch;
  void ApplyEntry(const raft::Entry& entry, mvcc::Store& store, Batch& batch);
  absl::StatusOr<std::string> ApplyRequest(const struct Request& request, mvcc::Store& store, Batch& batch, bool awaited);
  absl::StatusOr<std::string> ApplyKv(const struct Request& request, mvcc::Store& store, Batch& batch, bool awaited);
  absl::StatusOr<std::string> ApplyCompaction(const struct Request& request, mvcc::Store& store, Batch& batch);
  absl::StatusOr<std::string> ApplyLease(const struct Request& request, mvcc::Store& store, Batch& batch);
  absl::StatusOr<std::string> ApplyAlarm(const struct Request& request, mvcc::Store& store, Batch& batch);
  absl::StatusOr<std::string> ApplyMember(const struct Request& request, mvcc::Store& store, Batch& batch);
  absl::StatusOr<std::string> ApplyConfChange(const raft::ConfChange& change, mvcc::Store& store, Batch& batch);
  std::string Header(int64_t revision) const { return EncodeHeader(seams_.header(), revision); }

  State* state_;
  AppliedMark mark_;
  Seams seams_;
};

// Context of a membership entry: whom to answer and what the member is.
std::string EncodeMemberContext(uint64_t request_id, const MemberInfo& member);

}  // namespace etcdlite::apply
