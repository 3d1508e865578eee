#include "sim/etcdlite/sim_member.h"

#include <gtest/gtest.h>

#include "etcd/watch.pb.h"
#include "etcdlite/raft/quorum.h"
#include "etcdlite/storage/byte_codec.h"
#include "etcdlite/storage/key_layout.h"
#include "etcdlite/wal/reconcile.h"

namespace etcdlite::sim {

std::string DumpEngine(const storage::KvEngine& engine) {
  std::string out;
  for (auto it = engine.Scan("", ""); it->Valid(); it->Next()) {
    storage::AppendBytes(it->key(), &out);
    storage::AppendBytes(it->value(), &out);
  }
  return out;
}

void LoadEngine(const std::string& dump, storage::KvEngine& engine) {
  storage::WriteBatch batch;
  for (storage::ByteReader in(dump); !in.done();) {
    std::string key(in.Bytes());
    batch.Put(std::move(key), std::string(in.Bytes()));
  }
  EXPECT_TRUE(engine.Write(batch).ok() && engine.Sync().ok());
}

SimMember::SimMember(uint64_t id, base::Rng rng, MemberEvents events) : id_(id), rng_(rng), events_(std::move(events)) {}

void SimMember::Boot(const apply::Membership& membership) {
  raft::SnapshotMark mark;
  mark.index = mark.term = 1;
  for (const auto& [id, member] : membership.members()) mark.conf.voters.push_back(id);
  ASSERT_TRUE(apply::Bootstrap(*engine_, membership, mark).ok());
  const wal::Frame frame{.mark = &mark};
  disk_.Write({&frame, 1});
  disk_.Sync();
  Start();
}

void SimMember::Crash() {
  core_.reset();
  disk_queue_.clear();
  apply_queue_.clear();
  awaited_.clear();
  read_waiters_.clear();
  pending_snapshot_.clear();
  lazy_.reset();
  if (disk_.dirty()) ++torn_;
  disk_.Crash(rng_);
  engine_->LoseUnsynced();
}

void SimMember::Start() {
  absl::StatusOr<wal::Recovered> log = disk_.Recover();
  ASSERT_TRUE(log.ok()) << log.status();
  state_ = std::make_unique<apply::State>();
  absl::StatusOr<apply::AppliedMark> mark = apply::LoadState(engine_, state_.get());
  ASSERT_TRUE(mark.ok()) << mark.status();
  absl::StatusOr<wal::Reconciled> reconciled = wal::Reconcile({mark->index, mark->term, mark->conf}, *std::move(log));
  ASSERT_TRUE(reconciled.ok()) << reconciled.status();
  raft::InitialState initial = std::move(reconciled->initial);
  if (reconciled->needs_mark) {
    const wal::Frame frame{.hard_state = &initial.hard_state, .mark = &initial.base};
    disk_.Write({&frame, 1});
    disk_.Sync();
  }
  apply::Applier::Seams seams;
  seams.awaited = [this](uint64_t request) { return awaited_.contains(request); };
  seams.now = [] { return absl::ZeroDuration(); };
  seams.header = [this] { return apply::HeaderFields{1, id_, core_->term()}; };
  seams.change_conf = [](const raft::ConfState& conf, const raft::ConfChange& change) { return raft::ChangeConf(conf, change); };
  applier_ = std::make_unique<apply::Applier>(state_.get(), *mark, std::move(seams));
  hub_ = std::make_unique<mvcc::WatchHub>(*state_->store, [](int64_t revision) { return apply::EncodeHeader({1, 1, 1}, revision); }, 1 << 20);
  StartWatch();
  raft::Config config;
  config.id = id_;
  config.max_message_bytes = 256;  // many small appends find more orders of events
  config.max_inflight = 4;
  absl::StatusOr<std::unique_ptr<raft::RaftCore>> core = raft::RaftCore::Create(config, std::move(initial), rng_);
  ASSERT_TRUE(core.ok()) << core.status();
  core_ = *std::move(core);
}

void SimMember::StartWatch() {
  sink_ = std::make_shared<WatchLog>();
  mvcc::WatchOptions options;
  options.end = std::string(1, '\0');
  options.start_revision = watch_from_;
  options.prev_kv = true;
  hub_->Create(sink_, std::move(options));
}

void SimMember::DrainWatch() {
  bool restart = false;
  for (const std::string& bytes : std::exchange(sink_->responses, {})) {
    etcdserverpb::WatchResponse response;
    ASSERT_TRUE(response.ParseFromString(bytes));
    if (response.canceled()) {  // compacted: what it missed was allowed to go
      ASSERT_GT(response.compact_revision(), 0);
      watch_from_ = response.compact_revision();
      restart = true;
      continue;
    }
    for (const mvccpb::Event& event : response.events()) {
      ASSERT_GE(event.kv().mod_revision(), watch_from_) << "an old event came again";
      ++watched_[event.kv().mod_revision()];
    }
    if (response.events_size() > 0) watch_from_ = response.events(response.events_size() - 1).kv().mod_revision() + 1;
  }
  if (restart) StartWatch();
}

void SimMember::Send(raft::Message message) {
  if (message.type == raft::MessageType::kSnapshot) {
    message.snapshot = raft::SnapshotMark{applier_->mark().index, applier_->mark().term, applier_->mark().conf};
    events_.send(std::move(message), DumpEngine(*engine_));
    return;
  }
  events_.send(std::move(message), "");
}

void SimMember::Step(raft::Message message, std::string snapshot) {
  pending_snapshot_ = std::move(snapshot);
  core_->Step(std::move(message));
  Drain();
}

absl::Status SimMember::Propose(uint64_t request, std::string entry) {
  const absl::Status proposed = core_->Propose(std::move(entry));
  if (proposed.ok()) awaited_.insert(request);
  Drain();
  return proposed;
}

void SimMember::Drain() {
  while (core_->HasReady()) {
    raft::Ready ready = core_->TakeReady();
    for (raft::Message& message : ready.messages) Send(std::move(message));
    if (ready.hard_state.has_value()) lazy_ = ready.hard_state;
    if (ready.install.has_value()) {
      ApplyJob job;
      job.install = std::move(pending_snapshot_);
      apply_queue_.push_back(std::move(job));
    }
    if (ready.must_sync || !ready.after_sync.empty()) {
      DiskJob job;
      job.ready = ready.number;
      if (ready.must_sync) job.hard_state = std::exchange(lazy_, std::nullopt);
      job.mark = std::move(ready.install);
      job.entries = std::move(ready.entries);
      job.messages = std::move(ready.after_sync);
      if (job.mark.has_value()) {  // as the node: the snapshot is durable before the log forgets
        while (!apply_queue_.empty()) ApplyOne();
      }
      disk_queue_.push_back(std::move(job));
    }
    if (!ready.committed.empty() || !ready.reads.empty()) apply_queue_.push_back({std::move(ready.committed), "", std::move(ready.reads)});
  }
}

void SimMember::SyncDisk() {
  // Group commit: everything that piled up, one frame, one sync.
  std::vector<wal::Frame> frames;
  uint64_t last = 0;
  for (const DiskJob& job : disk_queue_) {
    wal::Frame frame;
    if (job.hard_state.has_value()) frame.hard_state = &*job.hard_state;
    if (job.mark.has_value()) frame.mark = &*job.mark;
    frame.entries = job.entries;
    frames.push_back(frame);
    last = job.ready;
  }
  disk_.Write(frames);
  if (rng_.Chance(0.02)) {  // the power goes between write and sync
    Crash();
    return;
  }
  disk_.Sync();
  std::deque<DiskJob> done = std::exchange(disk_queue_, {});
  core_->Persisted(last);
  for (DiskJob& job : done) {
    for (raft::Message& message : job.messages) Send(std::move(message));
  }
  Drain();
}

void SimMember::ApplyOne() {
  ApplyJob job = std::move(apply_queue_.front());
  apply_queue_.pop_front();
  if (!job.install.empty()) {
    auto engine = std::shared_ptr<storage::MemEngine>(storage::NewMemEngine());
    LoadEngine(job.install, *engine);
    absl::StatusOr<apply::AppliedMark> mark = apply::LoadState(engine, state_.get());
    ASSERT_TRUE(mark.ok()) << mark.status();
    engine_ = engine;
    applier_->Reset(*std::move(mark));
    hub_->Rewind();
    ++snapshots_;
  }
  if (!job.entries.empty()) {
    for (const raft::Entry& entry : job.entries) events_.applied(id_, entry);
    absl::StatusOr<apply::ApplyOutcome> outcome = applier_->Apply(job.entries);
    ASSERT_TRUE(outcome.ok()) << outcome.status();
    hub_->Publish(outcome->commits);
    for (apply::Answer& answer : outcome->answers) {
      awaited_.erase(answer.request_id);
      events_.answered(answer.request_id, std::move(answer.response));
    }
    for (const raft::ConfChange& change : outcome->conf_changes) core_->ApplyConfChange(change);
  }
  for (const raft::ReadResult& read : job.reads) {
    if (read.ok) {
      read_waiters_.emplace(read.index, read.context);
    } else {
      events_.read_ready(id_, read.context, false);
    }
  }
  while (!read_waiters_.empty() && read_waiters_.begin()->first <= applier_->mark().index) {
    const uint64_t context = read_waiters_.begin()->second;
    read_waiters_.erase(read_waiters_.begin());
    events_.read_ready(id_, context, true);
  }
}

void SimMember::DoSomething() {
  switch (rng_.Below(8)) {
    case 0:
    case 1:
    case 2:
      if (!disk_queue_.empty()) SyncDisk();
      break;
    case 3:
    case 4:
      if (!apply_queue_.empty()) ApplyOne();
      break;
    case 5:
      hub_->CatchUp();
      DrainWatch();
      break;
    case 6:
      if (rng_.Chance(0.1)) {
        EXPECT_TRUE(engine_->Sync().ok());
      }
      break;
    default:
      if (rng_.Chance(0.1)) core_->CompactLog(applier_->mark().index - std::min<uint64_t>(applier_->mark().index, rng_.Below(20)));
      EXPECT_TRUE(applier_->CollectGarbage(3).ok());
      break;
  }
}

}  // namespace etcdlite::sim
