#include "etcdlite/node/node.h"

#include <unistd.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "base/clock.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "etcdlite/apply/errors.h"
#include "etcdlite/node/pending_requests.h"
#include "etcdlite/node/work_queue.h"
#include "etcdlite/raft/quorum.h"

namespace etcdlite::node {
namespace {

using Clock = std::chrono::steady_clock;

// What is on disk is all that counts after a failed write: carrying on could acknowledge what is not there.
[[noreturn]] void Die(absl::string_view what, const absl::Status& status) {
  base::LogError(what, " failed, stopping: ", std::string(status.message()));
  ::_exit(1);
}

constexpr size_t kFlushBytes = 64 << 20;  // of entries: large ones must not pile up in the log until the count is reached

struct LogJob {
  uint64_t ready = 0;
  std::optional<raft::HardState> hard_state;
  std::optional<raft::SnapshotMark> mark;
  std::vector<raft::Entry> entries;
  std::vector<raft::Message> messages;  // after it is durable
  std::optional<uint64_t> release;      // log files up to this index may go
};

struct ApplyJob {
  std::vector<raft::Entry> entries;
  uint64_t read_index = 0;
  std::vector<Reached> reads;  // run once `read_index` is applied
  std::function<absl::StatusOr<apply::AppliedMark>()> install;
};

class NodeImpl final : public Node {
 public:
  NodeImpl(const NodeOptions& options, Parts parts, base::Rng rng)
      : options_(options), parts_(std::move(parts)), rng_(rng),
        applier_(parts_.state, parts_.mark, MakeSeams()), pending_(options.member_id, base::SystemClock().Now()) {
    applied_ = parts_.mark.index;
    durable_ = parts_.mark.index;
  }

  absl::Status Init() {
    raft::Config config;
    config.id = options_.member_id;
    config.election_ticks = static_cast<int>(options_.election / options_.heartbeat);
    ASSIGN_OR_RETURN(core_, raft::RaftCore::Create(config, std::move(parts_.initial), rng_));
    term_ = core_->term();
    return absl::OkStatus();
  }

  void SetHub(mvcc::WatchHub* hub) override { hub_ = hub; }
  void SetTransport(Transport* transport) override { transport_ = transport; }

  void Start() override {
    log_thread_ = std::thread([this] { RunLog(); });
    apply_thread_ = std::thread([this] { RunApply(); });
    flush_thread_ = std::thread([this] { RunFlush(); });
    raft_thread_ = std::thread([this] { RunRaft(); });
  }

  void Stop() override {
    raft_queue_.Close();
    if (raft_thread_.joinable()) raft_thread_.join();
    log_queue_.Close();
    if (log_thread_.joinable()) log_thread_.join();
    apply_queue_.Close();
    if (apply_thread_.joinable()) apply_thread_.join();
    flush_queue_.Close();
    if (flush_thread_.joinable()) flush_thread_.join();
    pending_.FailAll(apply::StoppedError());
    for (WaitingRead& read : std::exchange(waiting_reads_, {})) read.done(apply::StoppedError());
    for (Transfer& transfer : std::exchange(transfers_, {})) transfer.done(apply::StoppedError());
    for (auto& [context, batch] : std::exchange(asked_reads_, {})) {
      for (Reached& read : batch.reads) read(apply::StoppedError());
    }
    for (auto& [index, reads] : std::exchange(applied_waiters_, {})) {
      for (Reached& read : reads) read(apply::StoppedError());
    }
  }

  void Propose(apply::RequestKind kind, std::string payload, std::string user, Answered done) override;
  void ProposeMember(const raft::ConfChangeStep& step, const apply::MemberInfo& member, Answered done) override;
  void ReadBarrier(Reached done) override;
  bool ReadsAreLocal() const override {
    return local_reads_from_.load(std::memory_order_acquire) <= applied_.load(std::memory_order_acquire);
  }
  void TransferLeader(uint64_t to, Reached done) override;

  void Receive(std::vector<raft::Message> messages) override {
    raft_queue_.Push([this, messages = std::move(messages)]() mutable {
      for (raft::Message& message : messages) core_->Step(std::move(message));
    });
  }
  void ReceiveSnapshot(raft::Message message, std::function<absl::StatusOr<apply::AppliedMark>()> install) override {
    raft_queue_.Push([this, message = std::move(message), install = std::move(install)]() mutable {
      pending_install_ = std::move(install);
      core_->Step(std::move(message));
    });
  }
  void ReportUnreachable(uint64_t member) override {
    raft_queue_.Push([this, member] { core_->ReportUnreachable(member); });
  }
  void ReportSnapshot(uint64_t member, bool ok, uint64_t index) override {
    raft_queue_.Push([this, member, ok, index] { core_->ReportSnapshot(member, ok, index); });
  }

  NodeStatus status() const override {
    return {role_.load(), leader_.load(), term_.load(), committed_.load(), applied_.load()};
  }
  bool is_leader() const override { return role_.load() == raft::Role::kLeader; }
  bool IsCaughtUp(uint64_t member) const override {
    std::lock_guard<std::mutex> lock(progress_mu_);
    const auto found = match_.find(member);
    return found != match_.end() && found->second * 10 >= committed_.load() * 9;  // etcd's readiness: 90 %
  }
  uint64_t BestSuccessor() const override {
    std::lock_guard<std::mutex> lock(progress_mu_);
    uint64_t best = 0, best_match = 0;
    for (const auto& [id, match] : match_) {
      if (id != options_.member_id && match > best_match) {
        best = id;
        best_match = match;
      }
    }
    return best;
  }
  uint64_t NextRequestId() override { return pending_.NextId(); }
  absl::Duration request_timeout() const override { return absl::Seconds(5) + 2 * options_.election; }
  absl::Status Flush() override;

 private:
  using Task = absl::AnyInvocable<void()>;

  apply::Applier::Seams MakeSeams() {
    return {
        .awaited = [this](uint64_t id) { return pending_.Has(id); },
        .now = [] { return base::SystemClock().Monotonic(); },
        .header = [this] { return apply::HeaderFields{parts_.state->membership.cluster_id(), options_.member_id, term_.load()}; },
        .change_conf = [](const raft::ConfState& conf, const raft::ConfChange& change) { return raft::ChangeConf(conf, change); },
    };
  }

  void RunRaft();
  void RunLog();
  void RunApply();
  void RunFlush();
  void Drain();
  void StandEarly();
  void Persist(LogJob job);
  void Hand(ApplyJob job);
  bool Alone() const;
  void WriteToLog(absl::Span<const LogJob> jobs);
  void PublishRole();
  void AskReads();
  void EndTransfers();
  void HandleReads(const std::vector<raft::ReadResult>& results);
  void TrimLog();
  void PublishProgress();
  void Submit(uint64_t id, std::string entry, bool conf, raft::ConfChange change);
  bool ApplyBatch(std::vector<ApplyJob>& jobs);
  void Install(ApplyJob& job);
  void Applied(apply::ApplyOutcome outcome);

  const NodeOptions options_;
  Parts parts_;
  base::Rng rng_;
  apply::Applier applier_;  // guarded by apply_mu_
  PendingRequests pending_;
  mvcc::WatchHub* hub_ = nullptr;
  Transport* transport_ = nullptr;

  std::mutex wal_mu_;                // around parts_.wal
  std::atomic<int64_t> log_jobs_{0}; // handed to the log thread and not yet durable
  std::mutex apply_mu_;              // around applier_ and what is marked so below: apply thread, or raft thread in its place
  std::atomic<int64_t> apply_jobs_{0};  // handed to the apply thread and not yet done

  WorkQueue<Task> raft_queue_;
  WorkQueue<LogJob> log_queue_;
  WorkQueue<ApplyJob> apply_queue_;
  WorkQueue<int> flush_queue_;
  std::thread raft_thread_, log_thread_, apply_thread_, flush_thread_;

  // Raft thread only.
  std::unique_ptr<raft::RaftCore> core_;
  std::optional<raft::HardState> lazy_hard_state_;  // a moved commit index, waiting for the next write
  struct HeldProposal {
    Task again;
    Clock::time_point give_up;
  };
  std::deque<HeldProposal> held_;  // no leader at the moment
  struct WaitingRead {
    Reached done;
    Clock::time_point give_up;
  };
  std::vector<WaitingRead> waiting_reads_;  // not yet asked
  struct Transfer {
    uint64_t to = 0;
    Reached done;
    Clock::time_point give_up;
  };
  std::vector<Transfer> transfers_;  // asked for, not yet seen
  struct ReadBatch {
    std::vector<Reached> reads;
    Clock::time_point asked, give_up;
  };
  std::map<uint64_t, ReadBatch> asked_reads_;
  uint64_t next_read_ = 0;
  std::function<absl::StatusOr<apply::AppliedMark>()> pending_install_;
  uint64_t sole_since_ = UINT64_MAX;
  int ticks_since_start_ = 0;
  absl::Duration leader_changed_at_ = absl::ZeroDuration();  // zero: not lately

  // Guarded by apply_mu_.
  std::map<uint64_t, std::vector<Reached>> applied_waiters_;
  uint64_t applied_at_flush_ = 0;
  size_t bytes_since_flush_ = 0;
  bool garbage_ = true;  // as far as is known

  std::atomic<raft::Role> role_{raft::Role::kFollower};
  std::atomic<uint64_t> leader_{0}, term_{0}, committed_{0}, applied_{0}, durable_{0};
  std::atomic<uint64_t> local_reads_from_{UINT64_MAX};
  mutable std::mutex progress_mu_;
  std::map<uint64_t, uint64_t> match_;  // guarded by progress_mu_
};

// ---- Requests

void NodeImpl::Submit(uint64_t id, std::string entry, bool conf, raft::ConfChange change) {
  raft_queue_.Push([this, id, conf, entry = std::move(entry), change = std::move(change)]() mutable {
    const bool ready = core_->leader() != 0 && core_->transferring_to() == 0;
    if (!ready) {  // as etcd: wait for a leader as long as the request may take
      held_.push_back({[this, id, conf, entry = std::move(entry), change = std::move(change)]() mutable {
                         Submit(id, std::move(entry), conf, std::move(change));
                       },
                       Clock::now() + absl::ToChronoNanoseconds(request_timeout())});
      return;
    }
    const absl::Status proposed = conf ? core_->ProposeConfChange(change) : core_->Propose(std::move(entry));
    if (!proposed.ok()) {
      pending_.Finish(id, absl::IsFailedPrecondition(proposed) ? apply::UnhealthyError() : apply::NoLeaderError());
    }
  });
}

void NodeImpl::Propose(apply::RequestKind kind, std::string payload, std::string user, Answered done) {
  if (committed_.load() > applied_.load() + 5000) {  // etcd's limit of unapplied entries
    done(apply::TooManyRequestsError());
    return;
  }
  apply::Request request;
  request.kind = kind;
  request.id = pending_.Add(std::move(done), request_timeout());
  request.user = user;
  request.payload = payload;
  Submit(request.id, apply::EncodeRequest(request), false, {});
}

void NodeImpl::ProposeMember(const raft::ConfChangeStep& step, const apply::MemberInfo& member, Answered done) {
  const uint64_t id = pending_.Add(std::move(done), request_timeout());
  raft::ConfChange change;
  change.steps.push_back(step);
  change.context = apply::EncodeMemberContext(id, member);
  Submit(id, {}, true, std::move(change));
}

void NodeImpl::ReadBarrier(Reached done) {
  if (ReadsAreLocal()) {
    done(absl::OkStatus());
    return;
  }
  raft_queue_.Push([this, done = std::move(done)]() mutable {
    waiting_reads_.push_back({std::move(done), Clock::now() + absl::ToChronoNanoseconds(request_timeout())});
  });
}

void NodeImpl::TransferLeader(uint64_t to, Reached done) {
  raft_queue_.Push([this, to, done = std::move(done)]() mutable {
    if (core_->role() != raft::Role::kLeader) {
      done(apply::NotLeaderError());
      return;
    }
    if (!raft::Contains(core_->conf().voters, to)) {
      done(apply::BadTransfereeError());
      return;
    }
    if (to == options_.member_id) {
      done(absl::OkStatus());
      return;
    }
    transfers_.push_back({to, std::move(done), Clock::now() + absl::ToChronoNanoseconds(request_timeout())});
    core_->TransferLeader(to);
  });
}

// ---- Raft thread

void NodeImpl::RunRaft() {
  const auto tick = absl::ToChronoNanoseconds(options_.heartbeat);
  Clock::time_point next_tick = Clock::now() + tick;
  if (core_->conf().voters.size() == 1) core_->Campaign();  // alone: nobody to wait for
  Drain();
  while (true) {
    std::vector<Task> tasks = raft_queue_.TakeAll(next_tick);
    if (tasks.empty() && raft_queue_.closed()) return;
    for (Task& task : tasks) task();
    if (Clock::now() >= next_tick) {
      core_->Tick();
      StandEarly();
      // One tick however late: a stopped process must not wake up and depose a healthy leader.
      next_tick = Clock::now() + tick;
      pending_.FailExpired(apply::TimeoutError());
      const absl::Duration now = base::SystemClock().Monotonic();
      if (leader_changed_at_ != absl::ZeroDuration() && now >= leader_changed_at_ + options_.election) {
        // What the old leader had not passed on is lost; what it had, the new one has applied by now.
        pending_.FailAddedBefore(leader_changed_at_, apply::LeaderFailError());
        leader_changed_at_ = absl::ZeroDuration();
      }
      std::erase_if(held_, [](const HeldProposal& held) { return held.give_up <= Clock::now(); });
      AskReads();
      EndTransfers();
      PublishProgress();
    }
    if (!waiting_reads_.empty()) AskReads();
    Drain();
  }
}

// After a start nobody needs to wait out a random timeout: the first voter stands at once and again with every tick
// for one election timeout. Where a leader lives its followers refuse the pre-vote, so nothing is disturbed.
void NodeImpl::StandEarly() {
  const int election_ticks = static_cast<int>(options_.election / options_.heartbeat);
  if (ticks_since_start_ >= election_ticks) return;
  ++ticks_since_start_;
  const std::vector<raft::MemberId>& voters = core_->conf().voters;
  if (core_->leader() == 0 && !voters.empty() && voters.front() == options_.member_id) core_->Campaign();
}

void NodeImpl::Drain() {
  while (core_->HasReady()) {
    raft::Ready ready = core_->TakeReady();
    if (transport_ != nullptr && !ready.messages.empty()) transport_->Send(std::move(ready.messages));
    if (ready.hard_state.has_value()) lazy_hard_state_ = ready.hard_state;
    if (ready.install.has_value()) {
      ApplyJob job;
      job.install = std::exchange(pending_install_, nullptr);
      Hand(std::move(job));
    }
    if (ready.must_sync || !ready.after_sync.empty()) {
      LogJob job;
      job.ready = ready.number;
      if (ready.must_sync) job.hard_state = std::exchange(lazy_hard_state_, std::nullopt);
      job.mark = std::move(ready.install);
      job.entries = std::move(ready.entries);
      job.messages = std::move(ready.after_sync);
      Persist(std::move(job));
    }
    if (!ready.committed.empty()) {
      ApplyJob job;
      job.entries = std::move(ready.committed);
      committed_.store(core_->committed(), std::memory_order_relaxed);  // never behind what is applied
      Hand(std::move(job));
    }
    HandleReads(ready.reads);
  }
  PublishRole();
}

// Nobody else to talk to.
bool NodeImpl::Alone() const {
  const raft::ConfState& conf = core_->conf();
  return conf.voters.size() == 1 && conf.learners.empty() && !raft::IsJoint(conf) && conf.voters[0] == options_.member_id;
}

// The apply thread works while the next entries are written; a member alone with a single request in hand applies it
// itself, which spares a thread switch. Never a change of the configuration: the core is told of those.
void NodeImpl::Hand(ApplyJob job) {
  const bool single = job.entries.size() == 1 && job.entries[0].type == raft::EntryType::kNormal && job.reads.empty() && !job.install;
  if (single && Alone() && apply_jobs_.load(std::memory_order_acquire) == 0 && pending_.size() <= 1) {
    std::vector<ApplyJob> jobs;
    jobs.push_back(std::move(job));
    if (!ApplyBatch(jobs)) return;
    job = {};  // wakes the apply thread to look for garbage
  }
  apply_jobs_.fetch_add(1, std::memory_order_relaxed);
  apply_queue_.Push(std::move(job));
}

// A member alone writes on its raft thread, which spares two thread switches a request. Proposals that arrive meanwhile
// share the next write all the same. Otherwise the log thread writes.
void NodeImpl::Persist(LogJob job) {
  if (!Alone() || log_jobs_.load(std::memory_order_acquire) > 0) {
    log_jobs_.fetch_add(1, std::memory_order_relaxed);
    log_queue_.Push(std::move(job));
    return;
  }
  WriteToLog({&job, 1});
  core_->Persisted(job.ready);
}

void NodeImpl::WriteToLog(absl::Span<const LogJob> jobs) {
  std::vector<wal::Frame> frames;
  for (const LogJob& job : jobs) {
    wal::Frame frame;
    if (job.hard_state.has_value()) frame.hard_state = &*job.hard_state;
    if (job.mark.has_value()) frame.mark = &*job.mark;
    frame.entries = job.entries;
    if (frame.hard_state != nullptr || frame.mark != nullptr || !job.entries.empty()) frames.push_back(frame);
  }
  if (frames.empty()) return;
  std::lock_guard<std::mutex> lock(wal_mu_);
  const absl::Status written = parts_.wal->Append(frames);
  if (!written.ok()) Die("log write", written);
}

void NodeImpl::PublishRole() {
  committed_.store(core_->committed(), std::memory_order_relaxed);
  const uint64_t sole = core_->sole_voter_leader() ? std::min(sole_since_, core_->committed()) : UINT64_MAX;
  if (sole != sole_since_) {
    sole_since_ = sole;
    local_reads_from_.store(sole, std::memory_order_release);
  }
  const raft::Role role = core_->role();
  if (role == role_.load() && core_->leader() == leader_.load() && core_->term() == term_.load()) return;
  const bool was_leader = role_.load() == raft::Role::kLeader;
  const bool new_leader = core_->leader() != leader_.load();
  term_ = core_->term();
  role_ = role;
  leader_ = core_->leader();
  if (new_leader) base::LogInfo("leader=", absl::StrFormat("%x", leader_.load()), " term=", term_.load());
  if (was_leader != (role == raft::Role::kLeader)) {
    std::lock_guard<std::mutex> lock(parts_.state->mu);
    if (was_leader) {
      parts_.state->lessor.Demote();
    } else {
      parts_.state->lessor.Promote(base::SystemClock().Monotonic(), options_.election);
    }
  }
  if (leader_.load() != 0) {
    if (new_leader) leader_changed_at_ = base::SystemClock().Monotonic();
    for (HeldProposal& held : std::exchange(held_, {})) held.again();
    EndTransfers();
  }
  if (new_leader && parts_.on_leader_changed) parts_.on_leader_changed();
}

// Tells those who asked for another leader whether it leads.
void NodeImpl::EndTransfers() {
  const Clock::time_point now = Clock::now();
  for (size_t i = 0; i < transfers_.size();) {
    const bool leads = core_->leader() == transfers_[i].to;
    if (!leads && transfers_[i].give_up > now) {
      ++i;
      continue;
    }
    Transfer ended = std::move(transfers_[i]);
    transfers_.erase(transfers_.begin() + static_cast<std::ptrdiff_t>(i));
    ended.done(leads ? absl::OkStatus() : apply::TransferTimeoutError());
  }
}

void NodeImpl::AskReads() {
  // Reads that went unanswered are asked again (§6.4: the round may have been lost), as long as they may take.
  const Clock::time_point now = Clock::now();
  for (auto it = asked_reads_.begin(); it != asked_reads_.end();) {
    if (now - it->second.asked < std::chrono::milliseconds(500)) {
      ++it;
      continue;
    }
    if (now >= it->second.give_up) {
      for (Reached& read : it->second.reads) read(apply::TimeoutError());
    } else {
      ReadBatch batch = std::move(it->second);
      batch.asked = now;
      const uint64_t context = ++next_read_;
      asked_reads_[context] = std::move(batch);
      core_->ReadIndex(context);
    }
    it = asked_reads_.erase(it);
  }
  if (core_->leader() == 0) {  // the next tick asks again
    for (size_t i = 0; i < waiting_reads_.size();) {
      if (waiting_reads_[i].give_up > now) {
        ++i;
        continue;
      }
      waiting_reads_[i].done(apply::TimeoutError());
      std::swap(waiting_reads_[i], waiting_reads_.back());
      waiting_reads_.pop_back();
    }
    return;
  }
  if (waiting_reads_.empty()) return;
  const uint64_t context = ++next_read_;
  ReadBatch& batch = asked_reads_[context];
  batch.asked = now;
  batch.give_up = now + absl::ToChronoNanoseconds(request_timeout());
  for (WaitingRead& read : std::exchange(waiting_reads_, {})) batch.reads.push_back(std::move(read.done));
  core_->ReadIndex(context);
}

void NodeImpl::HandleReads(const std::vector<raft::ReadResult>& results) {
  for (const raft::ReadResult& result : results) {
    const auto found = asked_reads_.find(result.context);
    if (found == asked_reads_.end() || !result.ok) continue;  // asked again later
    ApplyJob job;
    job.read_index = result.index;
    job.reads = std::move(found->second.reads);
    asked_reads_.erase(found);
    Hand(std::move(job));
  }
}

void NodeImpl::TrimLog() {
  const uint64_t applied = applied_.load();
  const bool alone = raft::AllMembers(core_->conf()).size() <= 1;
  if (alone) {
    core_->CompactLog(applied);
    return;
  }
  if (applied > options_.catch_up_entries && core_->first_index() + 2 * options_.catch_up_entries < applied) {
    core_->CompactLog(applied - options_.catch_up_entries);
  }
  while (core_->log_bytes() > 2 * options_.catch_up_bytes && core_->first_index() + 64 < applied) {
    core_->CompactLog((core_->first_index() + applied) / 2);
  }
}

void NodeImpl::PublishProgress() {
  if (core_->role() != raft::Role::kLeader) return;
  std::lock_guard<std::mutex> lock(progress_mu_);
  match_.clear();
  for (const uint64_t id : raft::AllMembers(core_->conf())) match_[id] = core_->match_of(id);
}

// ---- Log thread

void NodeImpl::RunLog() {
  while (true) {
    std::vector<LogJob> jobs = log_queue_.TakeAll();
    if (jobs.empty()) return;
    WriteToLog(jobs);
    uint64_t last_ready = 0;
    std::optional<uint64_t> release;
    for (const LogJob& job : jobs) {
      last_ready = std::max(last_ready, job.ready);
      if (job.release.has_value()) release = job.release;
    }
    log_jobs_.fetch_sub(static_cast<int64_t>(std::count_if(jobs.begin(), jobs.end(), [](const LogJob& job) { return job.ready != 0; })),
                        std::memory_order_release);
    if (last_ready != 0) raft_queue_.Push([this, last_ready] { core_->Persisted(last_ready); });
    for (LogJob& job : jobs) {
      if (transport_ != nullptr && !job.messages.empty()) transport_->Send(std::move(job.messages));
    }
    if (release.has_value()) {
      std::lock_guard<std::mutex> lock(wal_mu_);
      parts_.wal->ReleaseUpTo(*release);
    }
  }
}

// ---- Apply thread

void NodeImpl::RunApply() {
  bool garbage = true;
  while (true) {
    // Idle moments go to values that compaction left behind.
    std::vector<ApplyJob> jobs = apply_queue_.TakeAll(garbage ? Clock::now() + std::chrono::milliseconds(1) : Clock::time_point::max());
    if (jobs.empty() && apply_queue_.closed()) return;
    if (jobs.empty()) {
      const std::lock_guard<std::mutex> lock(apply_mu_);
      const absl::StatusOr<bool> more = applier_.CollectGarbage(2000);
      if (!more.ok()) Die("apply", more.status());
      garbage = garbage_ = *more;
      continue;
    }
    garbage = ApplyBatch(jobs);
    apply_jobs_.fetch_sub(static_cast<int64_t>(jobs.size()), std::memory_order_release);
  }
}

// True: there is garbage to collect in an idle moment.
bool NodeImpl::ApplyBatch(std::vector<ApplyJob>& jobs) {
  const std::lock_guard<std::mutex> lock(apply_mu_);
  std::vector<raft::Entry> entries;
  const auto flush = [&] {
    if (entries.empty()) return;
    absl::StatusOr<apply::ApplyOutcome> outcome = applier_.Apply(entries);
    if (!outcome.ok()) Die("apply", outcome.status());
    entries.clear();
    garbage_ = outcome->garbage;
    Applied(*std::move(outcome));
  };
  for (const ApplyJob& job : jobs) {
    for (const raft::Entry& entry : job.entries) bytes_since_flush_ += entry.size();
  }
  for (ApplyJob& job : jobs) {
    if (job.install) {
      flush();
      Install(job);
    }
    for (raft::Entry& entry : job.entries) entries.push_back(std::move(entry));
    if (!job.reads.empty()) {
      std::vector<Reached>& waiters = applied_waiters_[job.read_index];
      for (Reached& read : job.reads) waiters.push_back(std::move(read));
    }
  }
  flush();
  while (!applied_waiters_.empty() && applied_waiters_.begin()->first <= applied_.load()) {
    auto reads = std::move(applied_waiters_.begin()->second);
    applied_waiters_.erase(applied_waiters_.begin());
    for (Reached& read : reads) read(absl::OkStatus());
  }
  return garbage_;
}

void NodeImpl::Applied(apply::ApplyOutcome outcome) {
  for (raft::ConfChange& change : outcome.conf_changes) {
    raft_queue_.Push([this, change = std::move(change)] { core_->ApplyConfChange(change); });
  }
  const uint64_t applied = applier_.mark().index;
  const uint64_t before = applied_.exchange(applied, std::memory_order_acq_rel);
  if (outcome.auth_changed && parts_.on_auth_changed) parts_.on_auth_changed();  // before anyone hears of it
  for (apply::Answer& answer : outcome.answers) pending_.Finish(answer.request_id, std::move(answer.response));
  if (hub_ != nullptr) hub_->Publish(outcome.commits);
  if (outcome.members_changed && parts_.on_members_changed) parts_.on_members_changed();
  if (applied / 256 != before / 256) raft_queue_.Push([this] { TrimLog(); });
  if (applied - applied_at_flush_ >= options_.snapshot_count || bytes_since_flush_ >= kFlushBytes) {
    applied_at_flush_ = applied;
    bytes_since_flush_ = 0;
    flush_queue_.Push(1);
  }
}

void NodeImpl::Install(ApplyJob& job) {
  absl::StatusOr<apply::AppliedMark> mark = job.install();
  if (!mark.ok()) Die("installing a snapshot", mark.status());
  applied_ = mark->index;
  durable_ = mark->index;
  applier_.Reset(*std::move(mark));
  if (hub_ != nullptr) hub_->Rewind();
  if (parts_.on_members_changed) parts_.on_members_changed();
  if (parts_.on_auth_changed) parts_.on_auth_changed();
}

// ---- Flush thread

absl::Status NodeImpl::Flush() {
  const uint64_t applied = applied_.load();
  RETURN_IF_ERROR(parts_.state->store->engine()->Sync());
  durable_ = std::max(durable_.load(), applied);
  LogJob job;
  job.release = durable_.load();
  log_queue_.Push(std::move(job));
  return absl::OkStatus();
}

void NodeImpl::RunFlush() {
  while (!flush_queue_.TakeAll().empty()) {
    const absl::Status flushed = Flush();
    if (!flushed.ok()) Die("backend flush", flushed);
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<Node>> Node::Create(const NodeOptions& options, Parts parts) {
  auto node = std::make_unique<NodeImpl>(options, std::move(parts), base::Rng::FromEntropy());
  RETURN_IF_ERROR(node->Init());
  return node;
}

}  // namespace etcdlite::node
