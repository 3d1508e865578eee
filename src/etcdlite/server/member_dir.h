// What a member keeps on disk, and how it begins.
//
//   DATA_DIR/member/id        "<member id> <cluster id>" in hex, written once
//   DATA_DIR/member/wal/      the log (wal/wal.h)
//   DATA_DIR/member/backend   name of the engine's folder; replaced in one step when a snapshot is installed
//   DATA_DIR/member/db-N/     the engine
#pragma once
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "etcdlite/apply/state.h"
#include "etcdlite/raft/raft_core.h"
#include "etcdlite/server/server_options.h"
#include "etcdlite/storage/kv_engine.h"
#include "etcdlite/wal/wal.h"

namespace etcdlite::server {

struct OpenedMember {
  uint64_t member_id = 0;
  uint64_t cluster_id = 0;
  std::unique_ptr<wal::Wal> wal;
  apply::AppliedMark mark;
  raft::InitialState initial;
  bool fresh = false;  // started for the first time
};

// A joining member asks the others who they are: the membership, with itself in it.
using FetchMembership = std::function<absl::StatusOr<apply::Membership>()>;

// Opens or begins the member in flags.data_dir and loads its state. DataLoss: acknowledged data is damaged.
absl::StatusOr<OpenedMember> OpenMember(const ServerFlags& flags, apply::State* state, const FetchMembership& fetch);

// A folder for an engine to be filled from a snapshot; SwitchBackend makes it the member's.
std::string NewBackendDir(const ServerFlags& flags);
absl::Status SwitchBackend(const ServerFlags& flags, const std::string& dir);

}  // namespace etcdlite::server
