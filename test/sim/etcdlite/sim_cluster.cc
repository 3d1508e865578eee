#include "sim/etcdlite/sim_cluster.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "etcd/kv.pb.h"
#include "etcdlite/apply/request.h"

namespace etcdlite::sim {

SimCluster::SimCluster(const SimOptions& options) : options_(options), rng_(options.seed) {
  apply::Membership membership;
  membership.set_cluster_id(1);
  for (int i = 1; i <= options.members; ++i) {
    apply::MemberInfo member;
    member.id = static_cast<uint64_t>(i);
    member.peer_urls = {absl::StrCat("http://sim:", i)};
    membership.Put(member);
  }
  MemberEvents events;
  events.send = [this](raft::Message message, std::string snapshot) { Send(std::move(message), std::move(snapshot)); };
  events.applied = [this](uint64_t member, const raft::Entry& entry) { OnApplied(member, entry); };
  events.answered = [this](uint64_t request, absl::StatusOr<std::string> response) { OnAnswer(request, std::move(response)); };
  events.read_ready = [this](uint64_t member, uint64_t context, bool ok) { OnRead(member, context, ok); };
  for (int i = 1; i <= options.members; ++i) {
    members_.push_back(std::make_unique<SimMember>(static_cast<uint64_t>(i), base::Rng(rng_.Next()), events));
  }
  for (auto& member : members_) member->Boot(membership);
}

void SimCluster::Send(raft::Message message, std::string snapshot) {
  if (cut_[{message.from, message.to}] || rng_.Chance(drop_)) {
    // The sender of a snapshot always learns its fate.
    if (message.type == raft::MessageType::kSnapshot) At(message.from).core().ReportSnapshot(message.to, false, 0);
    return;
  }
  // The transport never repeats a forwarded proposal: it would be two proposals.
  const int copies = message.type != raft::MessageType::kPropose && rng_.Chance(repeat_) ? 2 : 1;
  for (int i = 0; i < copies; ++i) {
    const uint64_t delay = rng_.Chance(0.05) ? rng_.Below(400) : 1 + rng_.Below(10);
    network_.push({now_ + delay, ++order_, message, snapshot});
  }
}

void SimCluster::Deliver() {
  while (!network_.empty() && network_.top().at <= now_) {
    InFlight next = network_.top();
    network_.pop();
    SimMember& to = At(next.message.to);
    const uint64_t from = next.message.from;
    const bool snapshot = next.message.type == raft::MessageType::kSnapshot;
    const uint64_t index = snapshot ? next.message.snapshot->index : 0;
    if (to.running()) to.Step(std::move(next.message), std::move(next.snapshot));
    if (snapshot && At(from).running()) At(from).core().ReportSnapshot(to.id(), to.running(), index);
    CheckLeaders();
  }
}

void SimCluster::CheckLeaders() {
  for (const auto& member : members_) {
    if (!member->running() || member->core().role() != raft::Role::kLeader) continue;
    const auto [it, added] = leaders_.try_emplace(member->core().term(), member->id());
    counts_.leaders += added ? 1 : 0;
    ASSERT_EQ(it->second, member->id()) << "two leaders in term " << member->core().term();
  }
}

void SimCluster::OnApplied(uint64_t member, const raft::Entry& entry) {
  const auto [it, added] = applied_.try_emplace(entry.index, entry);
  ASSERT_TRUE(it->second == entry) << "member " << member << " applies another entry at " << entry.index;
}

void SimCluster::ClientStep() {
  SimMember& member = At(1 + rng_.Below(members_.size()));
  if (!member.running()) return;
  Operation op;
  op.member = member.id();
  op.floor = shown_;
  op.key = absl::StrCat("r", rng_.Below(4));
  const uint64_t request = ++next_request_;
  if (rng_.Chance(0.3)) {
    op.kind = Operation::kRead;
    pending_[request] = op;
    member.ReadIndex(request);
    return;
  }
  apply::Request body;
  body.id = request;
  std::string payload;
  if (rng_.Chance(0.02) && shown_ > 20) {
    op.kind = Operation::kCompact;
    etcdserverpb::CompactionRequest compact;
    compact.set_revision(shown_ - static_cast<int64_t>(rng_.Below(20)));
    payload = compact.SerializeAsString();
    body.kind = apply::RequestKind::kCompaction;
  } else {
    op.value = absl::StrCat("v", request);
    etcdserverpb::PutRequest put;
    put.set_key(op.key);
    put.set_value(op.value);
    payload = put.SerializeAsString();
    body.kind = apply::RequestKind::kPut;
  }
  body.payload = payload;
  pending_[request] = op;
  if (!member.Propose(request, apply::EncodeRequest(body)).ok()) pending_.erase(request);
}

void SimCluster::OnAnswer(uint64_t request, absl::StatusOr<std::string> response) {
  const auto found = pending_.find(request);
  ASSERT_TRUE(found != pending_.end()) << "an answer nobody waits for";
  const Operation op = found->second;
  pending_.erase(found);
  if (op.kind == Operation::kCompact) {
    counts_.compactions += response.ok() ? 1 : 0;
    return;
  }
  ASSERT_TRUE(response.ok()) << response.status();
  etcdserverpb::PutResponse put;
  ASSERT_TRUE(put.ParseFromString(*response));
  const int64_t revision = put.header().revision();
  ASSERT_GT(revision, op.floor) << "a write took its place before a call that had finished";
  ASSERT_TRUE(acked_.try_emplace(revision, op.key, op.value).second) << "two writes at revision " << revision;
  shown_ = std::max(shown_, revision);
  ++counts_.acked;
}

void SimCluster::OnRead(uint64_t member, uint64_t context, bool ok) {
  const auto found = pending_.find(context);
  if (found == pending_.end()) return;
  const Operation op = found->second;
  pending_.erase(found);
  if (!ok) return;
  mvcc::RangeQuery query;
  query.range = {op.key, {}};
  const absl::StatusOr<mvcc::RangeResult> result = At(member).store().Range(query, true);
  ASSERT_TRUE(result.ok()) << result.status();
  ASSERT_GE(result->revision, op.floor) << "a read missed a call that had finished";
  std::string value;
  if (!result->items.empty()) value = std::string(mvcc::ParseKeyValue(*result->items[0].bytes)->value);
  seen_reads_.push_back({result->revision, op.key, value});
  shown_ = std::max(shown_, result->revision);
  ++counts_.reads;
}

void SimCluster::Fault() {
  switch (rng_.Below(7)) {
    case 0: {
      SimMember& member = At(1 + rng_.Below(members_.size()));
      if (!member.running()) break;
      member.Crash();
      ++counts_.crashes;
      break;
    }
    case 1:
    case 2:
      for (auto& member : members_) {
        if (!member->running() && rng_.Chance(0.7)) member->Start();
      }
      break;
    case 3: {  // split in two, sometimes in one direction only
      const bool one_way = rng_.Chance(0.3);
      const uint64_t group = rng_.Next();
      for (const auto& a : members_) {
        for (const auto& b : members_) {
          const bool other = ((group >> a->id()) & 1) != ((group >> b->id()) & 1);
          cut_[{a->id(), b->id()}] = other && (!one_way || a->id() < b->id());
        }
      }
      ++counts_.partitions;
      break;
    }
    case 4:
      cut_.clear();
      break;
    case 5:
      drop_ = rng_.Chance(0.5) ? 0 : rng_.Unit() * 0.3;
      repeat_ = rng_.Chance(0.5) ? 0 : rng_.Unit() * 0.2;
      for (auto& member : members_) {
        if (member->running()) member->set_congested(rng_.Chance(0.2));
      }
      break;
    default:
      for (auto& member : members_) {
        if (member->running() && member->core().role() == raft::Role::kLeader) {
          member->core().TransferLeader(1 + rng_.Below(members_.size()));
          ++counts_.transfers;
        }
      }
  }
}

SimCounts SimCluster::Run() {
  for (int step = 0; step < options_.steps && !testing::Test::HasFailure(); ++step) {
    ++now_;
    Deliver();
    SimMember& member = *members_[rng_.Below(members_.size())];
    if (member.running()) member.DoSomething();
    if (now_ % 10 == 0) {
      for (auto& each : members_) {
        if (each->running() && !rng_.Chance(0.1)) each->Tick();  // clocks drift
      }
      CheckLeaders();
    }
    if (rng_.Chance(0.15)) ClientStep();
    if (rng_.Chance(0.01)) Fault();
  }
  if (!testing::Test::HasFailure()) Settle();
  if (!testing::Test::HasFailure()) CheckEnd();
  return counts_;
}

// All faults end: the cluster must agree and serve within bounded time.
void SimCluster::Settle() {
  cut_.clear();
  drop_ = repeat_ = 0;
  uint64_t request = 0;
  for (int step = 0; step < 20000 && !testing::Test::HasFailure(); ++step) {
    ++now_;
    Deliver();
    for (auto& member : members_) {
      if (!member->running()) member->Start();
      member->set_congested(false);
      if (member->running()) member->DoSomething();
      if (now_ % 10 == 0 && member->running()) member->Tick();
    }
    if (now_ % 500 == 0 && (request == 0 || pending_.contains(request))) {
      etcdserverpb::PutRequest put;
      put.set_key("r0");
      put.set_value("end");
      const std::string payload = put.SerializeAsString();
      request = ++next_request_;
      Operation op;
      op.key = "r0";
      op.value = "end";
      op.floor = shown_;
      for (auto& member : members_) {
        if (member->running() && member->core().role() == raft::Role::kLeader) {
          pending_[request] = op;
          apply::Request body;
          body.kind = apply::RequestKind::kPut;
          body.id = request;
          body.payload = payload;
          if (!member->Propose(request, apply::EncodeRequest(body)).ok()) pending_.erase(request);
          break;
        }
      }
      if (!pending_.contains(request)) request = 0;
    }
    bool same = request != 0 && !pending_.contains(request);
    for (auto& member : members_) {
      same = same && member->running() && !member->HasWork() && member->applied() == applied_.rbegin()->first;
    }
    if (same) return;
  }
  std::string state;
  for (auto& member : members_) {
    raft::RaftCore& core = member->core();
    absl::StrAppend(&state, "\n  member ", member->id(), " role=", static_cast<int>(core.role()), " term=", core.term(),
                    " leader=", core.leader(), " log=", core.first_index(), "..", core.last_index(), " committed=",
                    core.committed(), " applied=", member->applied(), " work=", member->HasWork());
    for (auto& other : members_) absl::StrAppend(&state, " match", other->id(), "=", core.match_of(other->id()));
  }
  ADD_FAILURE() << "the cluster did not recover:" << state;
}

void SimCluster::CheckEnd() {
  std::optional<uint32_t> hash;
  int64_t revision = 0;
  for (auto& member : members_) {
    member->DrainWatch();
    int64_t hashed = 0, compacted = 0, current = 0;
    const absl::StatusOr<uint32_t> own = member->store().Hash(0, &hashed, &compacted, &current);
    ASSERT_TRUE(own.ok()) << own.status();
    ASSERT_TRUE(!hash.has_value() || (*hash == *own && revision == current)) << "members differ at the end";
    hash = *own;
    revision = current;
    compacted_ = std::max(compacted_, compacted);
    counts_.snapshots += static_cast<int>(member->snapshots_installed());
    counts_.torn += static_cast<int>(member->torn());
  }
  // The agreed log is the history: replay it on a plain map.
  std::map<int64_t, std::pair<std::string, std::string>> history;
  std::map<std::string, std::string> values;
  std::map<int64_t, std::map<std::string, std::string>> states;
  int64_t at = 1;
  states[at] = {};
  uint64_t expected = 2;
  for (const auto& [index, entry] : applied_) {
    ASSERT_EQ(index, expected++) << "nobody applied the entry before this one";
    if (entry.data == nullptr) continue;
    const auto request = apply::DecodeRequest(*entry.data);
    ASSERT_TRUE(request.has_value());
    if (request->kind != apply::RequestKind::kPut) continue;
    etcdserverpb::PutRequest put;
    ASSERT_TRUE(put.ParseFromString(std::string(request->payload)));
    values[put.key()] = put.value();
    history[++at] = {put.key(), put.value()};
    states[at] = values;
  }
  ASSERT_EQ(at, revision);
  for (const auto& [when, write] : acked_) ASSERT_EQ(history[when], write) << "an acknowledged write is gone";
  for (const SeenRead& read : seen_reads_) {
    ASSERT_EQ(states[read.revision][read.key], read.value) << "a read at revision " << read.revision << " saw another value";
  }
  for (auto& member : members_) {
    for (int64_t r = std::max<int64_t>(2, compacted_); r <= revision; ++r) {
      const auto seen = member->watched().find(r);
      ASSERT_TRUE(seen != member->watched().end()) << "the watcher of member " << member->id() << " missed revision " << r;
    }
    for (const auto& [r, times] : member->watched()) ASSERT_EQ(times, 1) << "revision " << r << " was sent twice";
  }
}

}  // namespace etcdlite::sim
