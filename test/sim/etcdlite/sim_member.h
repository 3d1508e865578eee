// One member of a simulated cluster: the real raft core, log frames, applier and store, driven step by step.
#pragma once
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "etcdlite/apply/applier.h"
#include "etcdlite/mvcc/watch_hub.h"
#include "etcdlite/raft/raft_core.h"
#include "etcdlite/storage/mem_engine.h"
#include "sim/etcdlite/sim_disk.h"

namespace etcdlite::sim {

// Everything the cluster wants to hear from a member.
struct MemberEvents {
  std::function<void(raft::Message, std::string snapshot)> send;
  std::function<void(uint64_t member, const raft::Entry&)> applied;
  std::function<void(uint64_t request, absl::StatusOr<std::string>)> answered;
  std::function<void(uint64_t member, uint64_t context, bool ok)> read_ready;
};

// Collects a watch's events as they were sent.
class WatchLog final : public mvcc::WatchSink {
 public:
  void Enqueue(std::string response) override { responses.push_back(std::move(response)); }
  size_t QueuedBytes() const override { return congested ? 64 << 20 : 0; }
  void Kick() override {}
  std::vector<std::string> responses;
  bool congested = false;
};

class SimMember {
 public:
  SimMember(uint64_t id, base::Rng rng, MemberEvents events);

  void Boot(const apply::Membership& membership);  // first start
  void Crash();
  void Start();  // after Crash
  bool running() const { return core_ != nullptr; }

  void Tick() { core_->Tick(); Drain(); }
  void Step(raft::Message message, std::string snapshot);
  absl::Status Propose(uint64_t request, std::string entry);
  void ReadIndex(uint64_t context) { core_->ReadIndex(context); Drain(); }
  // Runs one pending piece of work: a disk sync, an apply batch, catching watches up, flushing, compacting.
  void DoSomething();
  bool HasWork() const { return running() && (!disk_queue_.empty() || !apply_queue_.empty() || hub_->HasUnsynced()); }

  raft::RaftCore& core() { return *core_; }
  mvcc::SharedStore& store() { return *state_->store; }
  uint64_t id() const { return id_; }
  uint64_t applied() const { return applier_->mark().index; }
  uint64_t snapshots_installed() const { return snapshots_; }
  uint64_t torn() const { return torn_; }
  const std::map<int64_t, int>& watched() const { return watched_; }  // revision -> events seen
  void set_congested(bool congested) { sink_->congested = congested; }
  void DrainWatch();

 private:
  struct DiskJob {
    uint64_t ready = 0;
    std::optional<raft::HardState> hard_state;
    std::optional<raft::SnapshotMark> mark;
    std::vector<raft::Entry> entries;
    std::vector<raft::Message> messages;
  };
  struct ApplyJob {
    std::vector<raft::Entry> entries;
    std::string install;
    std::vector<raft::ReadResult> reads;
  };
  void Drain();
  void SyncDisk();
  void ApplyOne();
  void StartWatch();
  void Send(raft::Message message);

  const uint64_t id_;
  base::Rng rng_;
  MemberEvents events_;
  SimDisk disk_;
  std::shared_ptr<storage::MemEngine> engine_ = storage::NewMemEngine();

  std::unique_ptr<apply::State> state_;
  std::unique_ptr<apply::Applier> applier_;
  std::unique_ptr<mvcc::WatchHub> hub_;
  std::shared_ptr<WatchLog> sink_;
  std::unique_ptr<raft::RaftCore> core_;
  std::deque<DiskJob> disk_queue_;
  std::deque<ApplyJob> apply_queue_;
  std::set<uint64_t> awaited_;
  std::multimap<uint64_t, uint64_t> read_waiters_;  // index -> context
  std::string pending_snapshot_;
  std::optional<raft::HardState> lazy_;
  std::map<int64_t, int> watched_;
  int64_t watch_from_ = 1;
  uint64_t snapshots_ = 0, torn_ = 0;
};

// The whole engine as bytes, and back.
std::string DumpEngine(const storage::KvEngine& engine);
void LoadEngine(const std::string& dump, storage::KvEngine& engine);

}  // namespace etcdlite::sim
