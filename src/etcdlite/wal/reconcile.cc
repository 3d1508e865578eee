#include "etcdlite/wal/reconcile.h"

#include "absl/strings/str_cat.h"

namespace etcdlite::wal {

absl::StatusOr<Reconciled> Reconcile(const raft::SnapshotMark& applied, Recovered log) {
  Reconciled out;
  out.initial.hard_state = log.hard_state;
  out.initial.base = applied;
  uint64_t last = log.mark.has_value() ? log.mark->index : 0;
  bool diverged = log.mark.has_value() && log.mark->index == applied.index && log.mark->term != applied.term;
  for (raft::Entry& entry : log.entries) {
    last = entry.index;
    if (entry.index == applied.index && entry.term != applied.term) diverged = true;
    if (entry.index > applied.index && !diverged) out.initial.entries.push_back(std::move(entry));
  }
  if (!out.initial.entries.empty() && out.initial.entries.front().index != applied.index + 1) {
    return absl::DataLossError(absl::StrCat("the log begins at entry ", out.initial.entries.front().index,
                                            " but the applied state ends at ", applied.index));
  }
  const uint64_t end = out.initial.entries.empty() ? applied.index : out.initial.entries.back().index;
  if (log.hard_state.commit > end) {
    return absl::DataLossError(absl::StrCat("the log ends at entry ", end, " but entry ", log.hard_state.commit, " was committed"));
  }
  out.needs_mark = diverged || last < applied.index;
  return out;
}

}  // namespace etcdlite::wal
