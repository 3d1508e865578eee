#include "etcdlite/server/member_dir.h"

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "base/file.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "etcdlite/storage/kv_engine_rocksdb.h"
#include "etcdlite/wal/reconcile.h"

namespace etcdlite::server {
namespace {

std::string MemberDir(const ServerFlags& flags) { return flags.data_dir + "/member"; }

struct Identity {
  uint64_t member_id = 0, cluster_id = 0;
};

absl::StatusOr<Identity> ReadIdentity(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, base::ReadFile(path));
  Identity identity;
  if (std::sscanf(text.c_str(), "%lx %lx", &identity.member_id, &identity.cluster_id) != 2) {
    return absl::DataLossError(absl::StrCat(path, ": does not parse"));
  }
  return identity;
}

// The members a new cluster begins with.
absl::StatusOr<apply::Membership> FirstMembership(const ServerFlags& flags, uint64_t* self) {
  std::vector<FirstMember> first;
  if (flags.initial_cluster.empty()) {
    first.push_back({flags.name, flags.initial_advertise_peer_urls});
  } else {
    ASSIGN_OR_RETURN(first, ParseInitialCluster(flags.initial_cluster));
  }
  apply::Membership membership;
  std::vector<uint64_t> ids;
  *self = 0;
  for (const FirstMember& each : first) {
    apply::MemberInfo member;
    member.peer_urls = each.peer_urls;
    member.id = apply::ComputeMemberId(each.peer_urls, flags.initial_cluster_token);
    if (each.name == flags.name) *self = member.id;
    ids.push_back(member.id);
    RETURN_IF_ERROR(membership.CheckAdd(member));
    membership.Put(std::move(member));
  }
  if (*self == 0) {
    return absl::InvalidArgumentError(absl::StrCat("couldn't find local name \"", flags.name, "\" in the initial cluster configuration"));
  }
  membership.set_cluster_id(apply::ComputeClusterId(ids));
  return membership;
}

// The member a joining process is: the one with its peer URLs.
absl::StatusOr<uint64_t> FindSelf(const ServerFlags& flags, const apply::Membership& membership) {
  std::vector<std::string> urls = flags.initial_advertise_peer_urls;
  std::sort(urls.begin(), urls.end());
  for (const auto& [id, member] : membership.members()) {
    if (member.peer_urls == urls) return id;
  }
  return absl::FailedPreconditionError("the cluster has no member with these peer URLs: add it first");
}

absl::Status Begin(const ServerFlags& flags, storage::KvEngine& engine, wal::Wal& wal, const FetchMembership& fetch,
                   OpenedMember* opened) {
  apply::Membership membership;
  if (flags.initial_cluster_state == "existing") {
    // Empty: the leader sends everything, the configuration included.
    ASSIGN_OR_RETURN(membership, fetch());
    ASSIGN_OR_RETURN(opened->member_id, FindSelf(flags, membership));
    opened->cluster_id = membership.cluster_id();
  } else {
    ASSIGN_OR_RETURN(membership, FirstMembership(flags, &opened->member_id));
    opened->cluster_id = membership.cluster_id();
    raft::SnapshotMark mark;
    mark.index = mark.term = 1;
    for (const auto& [id, member] : membership.members()) mark.conf.voters.push_back(id);
    RETURN_IF_ERROR(apply::Bootstrap(engine, membership, mark));
    const wal::Frame frame{.mark = &mark};
    RETURN_IF_ERROR(wal.Append({frame}));
  }
  return base::WriteFileAtomic(MemberDir(flags) + "/id",
                               absl::StrFormat("%016x %016x\n", opened->member_id, opened->cluster_id));
}

}  // namespace

std::string NewBackendDir(const ServerFlags& flags) {
  for (int i = 1;; ++i) {
    std::string dir = absl::StrCat(MemberDir(flags), "/db-", i);
    if (!std::filesystem::exists(dir)) return dir;
  }
}

absl::Status SwitchBackend(const ServerFlags& flags, const std::string& dir) {
  const std::string name = std::filesystem::path(dir).filename();
  return base::WriteFileAtomic(MemberDir(flags) + "/backend", name + "\n");
}

absl::StatusOr<OpenedMember> OpenMember(const ServerFlags& flags, apply::State* state, const FetchMembership& fetch) {
  OpenedMember opened;
  const std::string dir = MemberDir(flags);
  RETURN_IF_ERROR(base::MakeDirs(dir, 0700));
  const absl::StatusOr<std::string> pointer = base::ReadFile(dir + "/backend");
  const std::string backend = pointer.ok() ? std::string(absl::StripAsciiWhitespace(*pointer)) : "db-0";
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(dir, ignored)) {
    const std::string name = entry.path().filename();
    if (absl::StartsWith(name, "db-") && name != backend) std::filesystem::remove_all(entry.path(), ignored);
  }
  ASSIGN_OR_RETURN(std::shared_ptr<storage::KvEngine> engine, storage::OpenRocksDbEngine(absl::StrCat(dir, "/", backend)));
  wal::Recovered log;
  ASSIGN_OR_RETURN(opened.wal, wal::Wal::Open(dir + "/wal", &log));
  const absl::StatusOr<Identity> identity = ReadIdentity(dir + "/id");
  if (identity.ok()) {
    opened.member_id = identity->member_id;
    opened.cluster_id = identity->cluster_id;
  } else if (absl::IsNotFound(identity.status())) {
    opened.fresh = true;
    RETURN_IF_ERROR(Begin(flags, *engine, *opened.wal, fetch, &opened));
    log = {};
    log.mark = raft::SnapshotMark{1, 1, {}};  // as written just now
  } else {
    return identity.status();
  }
  ASSIGN_OR_RETURN(opened.mark, apply::LoadState(engine, state));
  if (opened.mark.index == 0) {
    // Joined, and the leader has not sent the state yet: answers to it need its address all the same.
    ASSIGN_OR_RETURN(state->membership, fetch());
  }
  state->membership.set_cluster_id(opened.cluster_id);

  ASSIGN_OR_RETURN(wal::Reconciled reconciled, wal::Reconcile({opened.mark.index, opened.mark.term, opened.mark.conf}, std::move(log)));
  if (reconciled.needs_mark) {
    const wal::Frame frame{.hard_state = &reconciled.initial.hard_state, .mark = &reconciled.initial.base};
    RETURN_IF_ERROR(opened.wal->Append({frame}));
  }
  opened.initial = std::move(reconciled.initial);
  return opened;
}

}  // namespace etcdlite::server
