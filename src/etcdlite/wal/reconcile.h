// Where a restarted member's log goes on: the applied state and the log were made durable at different times.
#pragma once
#include "absl/status/statusor.h"
#include "etcdlite/raft/raft_core.h"
#include "etcdlite/wal/wal.h"

namespace etcdlite::wal {

struct Reconciled {
  raft::InitialState initial;
  // The log ends before the applied state, or has gone another way: a snapshot was installed and the process died before
  // the log knew. Append a mark of `initial.base` before anything else, else the next restart finds a gap.
  bool needs_mark = false;
};

// DataLoss: the log begins after the applied state ends, or lost committed entries.
absl::StatusOr<Reconciled> Reconcile(const raft::SnapshotMark& applied, Recovered log);

}  // namespace etcdlite::wal
