#include "apiserver/flowcontrol/flow_control.h"

#include <algorithm>
#include <map>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/hash/hash.h"
#include "absl/synchronization/mutex.h"
#include "apiserver/flowcontrol/fair_queues.h"
#include "apiserver/flowcontrol/flow_config.h"
#include "apiserver/flowcontrol/flow_series.h"
#include "apiserver/flowcontrol/retry_after.h"
#include "apiserver/flowcontrol/seats.h"
#include "apiserver/flowcontrol/work_estimate.h"
#include "base/clock.h"

namespace apiserver::flowcontrol {
namespace {

const pipeline::GroupResource& Levels() {
  static const auto& what = *new pipeline::GroupResource{"flowcontrol.apiserver.k8s.io", "prioritylevelconfigurations"};
  return what;
}
const pipeline::GroupResource& Schemas() {
  static const auto& what = *new pipeline::GroupResource{"flowcontrol.apiserver.k8s.io", "flowschemas"};
  return what;
}

// What a level has under way. Lives on while requests of a level that is gone are still being worked on.
struct LevelState {
  explicit LevelState(const PriorityLevel& level)
      : name(level.name), shape{level.queues, level.hand_size, level.queue_length},
        queues(level.queues, level.hand_size, level.queue_length) {}
  const std::string name;
  const std::vector<int> shape;  // of the queues
  FairQueues queues;
  int used = 0;
  RetryAfter retry_after;
};

// A configuration with what it takes to use it. Immutable but for the states, which the owner's lock guards.
struct Compiled {
  uint64_t generations[2] = {0, 0};
  FlowConfig config;
  std::vector<LevelSeats> seats;
  std::vector<std::shared_ptr<LevelState>> states;  // by level
  std::vector<FlowSeries*> series;                  // by schema
};

struct Pending {
  size_t level = 0;
  uint64_t flow_hash = 0;
  FlowRequest request;
  absl::Time since, until;
  FlowSeries* series = nullptr;
  FlowControl::Go go;
  FlowControl::Refuse refuse;
};

}  // namespace

struct FlowControl::Impl : std::enable_shared_from_this<FlowControl::Impl> {
  Impl(FlowControlOptions o, const pipeline::ObjectReader& r, const base::Clock& c)
      : options(std::move(o)), reader(r), clock(c) {}

  using CompiledPtr = std::shared_ptr<const Compiled>;

  CompiledPtr Current() {
    const uint64_t now[2] = {reader.Generation(Levels()), reader.Generation(Schemas())};
    {
      absl::ReaderMutexLock lock(&mu);
      if (compiled != nullptr && compiled->generations[0] == now[0] && compiled->generations[1] == now[1]) return compiled;
    }
    auto fresh = std::make_shared<Compiled>();
    std::copy(now, now + 2, fresh->generations);
    fresh->config = ReadFlowConfig(reader.List(Levels(), ""), reader.List(Schemas(), ""));
    fresh->seats = DivideSeats(fresh->config.levels, options.seats);
    for (size_t i = 0; i < fresh->seats.size(); ++i) {
      const PriorityLevel& level = fresh->config.levels[i];
      LevelSeries::Of(level.name).Configure(level, fresh->seats[i], options.seats);
    }
    for (const FlowSchema& schema : fresh->config.schemas) {
      fresh->series.push_back(&FlowSeries::Of(schema.name, fresh->config.levels[schema.level].name));
    }
    std::vector<Pending> homeless;
    CompiledPtr out;
    {
      absl::MutexLock lock(&mu);
      TakeOverLocked(*fresh, &homeless);
      out = compiled = fresh;
    }
    for (Pending& pending : homeless) {
      pending.series->LeftQueue(pending.request, clock.Now() - pending.since, false);
      pending.refuse(1);
    }
    return out;
  }

  // Levels that stay keep their state; what waits for a level that is gone or has other queues finds a new place.
  void TakeOverLocked(Compiled& fresh, std::vector<Pending>* homeless) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu) {
    std::map<std::string, std::pair<size_t, std::shared_ptr<LevelState>>> before;
    for (size_t i = 0; compiled != nullptr && i < compiled->states.size(); ++i) {
      before[compiled->states[i]->name] = {i, compiled->states[i]};
    }
    std::map<size_t, size_t> moved;  // old level -> new level
    for (size_t i = 0; i < fresh.config.levels.size(); ++i) {
      const PriorityLevel& level = fresh.config.levels[i];
      auto state = std::make_shared<LevelState>(level);
      if (const auto old = before.find(level.name); old != before.end()) {
        if (old->second.second->shape == state->shape) {
          state = old->second.second;
        } else {
          state->used = old->second.second->used;
        }
        moved[old->second.first] = i;
      }
      fresh.states.push_back(std::move(state));
    }
    for (auto it = waiting.begin(); it != waiting.end();) {
      Pending& pending = it->second;
      const auto to = moved.find(pending.level);
      const bool stays = to != moved.end() && fresh.states[to->second] == compiled->states[pending.level];
      if (stays) {
        pending.level = to->second;
        ++it;
        continue;
      }
      if (to != moved.end() && fresh.states[to->second]->queues.Add(pending.flow_hash, {it->first, pending.request.seats, pending.until})) {
        pending.level = to->second;
        ++it;
        continue;
      }
      homeless->push_back(std::move(pending));
      waiting.erase(it++);
    }
  }

  bool MayTakeLocked(const Compiled& c, size_t level, int wanted) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu) {
    std::vector<int> used(c.states.size());
    for (size_t i = 0; i < used.size(); ++i) used[i] = c.config.levels[i].exempt ? 0 : c.states[i]->used;
    return MayTake(c.seats, used, options.seats, level, wanted);
  }

  // A request begins. `state` nullptr: of an exempt level, which counts no seats.
  Seat Begin(const std::shared_ptr<LevelState>& state, FlowSeries& series, const FlowRequest& request) {
    series.Began(request);
    return Seat(std::shared_ptr<void>(nullptr, [self = shared_from_this(), state, &series, request, began = clock.Now()](void*) {
      series.Ended(request, self->clock.Now() - began);
      if (state != nullptr) self->Release(state, request.seats);
    }));
  }

  Seat TakeLocked(const std::shared_ptr<LevelState>& state, FlowSeries& series, const FlowRequest& request)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu) {
    state->used += request.seats;
    return Begin(state, series, request);
  }

  void Release(const std::shared_ptr<LevelState>& state, int seats) {
    std::vector<std::pair<Go, Seat>> start;
    {
      absl::MutexLock lock(&mu);
      state->used -= seats;
      if (!waiting.empty() && compiled != nullptr) DispatchLocked(*compiled, &start);
    }
    for (auto& [go, seat] : start) {
      options.run([go = std::move(go), seat = std::move(seat)]() mutable { go(std::move(seat)); });
    }
  }

  // Seats go first to the levels that use the smallest part of their own.
  void DispatchLocked(const Compiled& c, std::vector<std::pair<Go, Seat>>* start) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu) {
    while (true) {
      size_t best = c.states.size();
      double best_part = 0;
      for (size_t i = 0; i < c.states.size(); ++i) {
        const FairQueues::Waiting* next = c.states[i]->queues.Next();
        if (next == nullptr || !MayTakeLocked(c, i, next->seats)) continue;
        const double part = static_cast<double>(c.states[i]->used) / std::max(c.seats[i].nominal, 1);
        if (best == c.states.size() || part < best_part) {
          best = i;
          best_part = part;
        }
      }
      if (best == c.states.size()) return;
      LevelState& state = *c.states[best];
      const uint64_t id = state.queues.Next()->id;
      state.queues.PopNext();
      const auto pending = waiting.find(id);
      Pending& taken = pending->second;
      taken.series->LeftQueue(taken.request, clock.Now() - taken.since, true);
      taken.series->Dispatched(state.queues.progress());
      start->emplace_back(std::move(taken.go), TakeLocked(c.states[best], *taken.series, taken.request));
      waiting.erase(pending);
    }
  }

  // Refuses who has waited too long. Runs until Stop.
  void Expire() {
    absl::MutexLock lock(&mu);
    while (!stopping) {
      if (waiting.empty()) {
        arrived.Wait(&mu);
        continue;
      }
      arrived.WaitWithTimeout(&mu, absl::Milliseconds(250));
      std::vector<std::pair<Refuse, int64_t>> late;
      const absl::Time now = clock.Now();
      for (const auto& state : compiled->states) {
        for (const uint64_t id : state->queues.RemoveBefore(now)) {
          Pending& pending = waiting[id];
          pending.series->LeftQueue(pending.request, now - pending.since, false);
          pending.series->Rejected("time-out");
          state->retry_after.Refused(absl::ToUnixSeconds(now));
          late.emplace_back(std::move(pending.refuse), state->retry_after.seconds());
          waiting.erase(id);
        }
      }
      mu.Unlock();
      for (auto& [refuse, retry_after] : late) refuse(retry_after);
      mu.Lock();
    }
  }

  const FlowControlOptions options;
  const pipeline::ObjectReader& reader;
  const base::Clock& clock;
  absl::Mutex mu;
  absl::CondVar arrived;
  CompiledPtr compiled ABSL_GUARDED_BY(mu);
  absl::flat_hash_map<uint64_t, Pending> waiting ABSL_GUARDED_BY(mu);
  uint64_t next_id ABSL_GUARDED_BY(mu) = 1;
  bool stopping ABSL_GUARDED_BY(mu) = false;
  std::thread expirer;
};

FlowControl::FlowControl(FlowControlOptions options, const pipeline::ObjectReader& reader, const base::Clock& clock)
    : impl_(std::make_shared<Impl>(std::move(options), reader, clock)) {
  impl_->expirer = std::thread([impl = impl_.get()] { impl->Expire(); });
}

FlowControl::~FlowControl() { Stop(); }

void FlowControl::Stop() {
  std::vector<Refuse> refused;
  {
    absl::MutexLock lock(&impl_->mu);
    if (impl_->stopping) return;
    impl_->stopping = true;
    for (auto& [id, pending] : impl_->waiting) {
      impl_->compiled->states[pending.level]->queues.Remove(id);
      pending.series->LeftQueue(pending.request, impl_->clock.Now() - pending.since, false);
      refused.push_back(std::move(pending.refuse));
    }
    impl_->waiting.clear();
    impl_->arrived.SignalAll();
  }
  impl_->expirer.join();
  for (Refuse& refuse : refused) refuse(1);
}

void FlowControl::Admit(const Applicant& applicant, FlowVerdict* verdict, Go go, Refuse refuse) {
  const auto current = impl_->Current();
  const pipeline::RequestInfo& request = applicant.request;
  const FlowSchema* schema = current->config.Classify(applicant.user, request);
  if (schema == nullptr) return go(Seat());
  const PriorityLevel& level = current->config.levels[schema->level];
  FlowSeries& series = *current->series[static_cast<size_t>(schema - current->config.schemas.data())];
  *verdict = {schema->uid, level.uid};
  // What one request may take of a level's seats: a part of its own.
  const int most = std::clamp((current->seats[schema->level].nominal * 15 + 99) / 100, 1, kMostSeats);
  const bool many = ReadsMany(request) && applicant.stored != nullptr;
  const int seats = EstimateSeats(request, applicant.list, many ? applicant.stored() : Stored(), most);
  series.Estimated(seats);
  const bool reads = request.verb == "get" || request.verb == "list" || request.verb == "watch";
  if (!reads && applicant.watchers != nullptr) series.Watched(applicant.watchers());
  const FlowRequest counted{seats, !reads, request.verb == "watch", impl_->options.seats};
  if (level.exempt) return go(impl_->Begin(nullptr, series, counted));
  const uint64_t hash = absl::HashOf(schema->name, FlowOf(*schema, applicant.user, request));
  Seat seat;
  int64_t retry_after = 1;
  {
    absl::MutexLock lock(&impl_->mu);
    // The configuration may have changed since: by name, then.
    const Compiled& c = *impl_->compiled;
    size_t at = schema->level;
    if (impl_->compiled != current) {
      at = 0;
      while (at < c.config.levels.size() && c.config.levels[at].name != level.name) ++at;
    }
    if (at < c.config.levels.size() && !impl_->stopping) {
      LevelState& state = *c.states[at];
      const bool nobody_before = state.queues.size() == 0;
      if (nobody_before && impl_->MayTakeLocked(c, at, seats)) {
        series.NeverWaited(state.queues.progress());
        seat = impl_->TakeLocked(c.states[at], series, counted);
      } else {
        series.Refused();
        const uint64_t id = impl_->next_id++;
        const absl::Time now = impl_->clock.Now();
        const absl::Time until = now + std::min(impl_->options.max_wait, applicant.patience / 4);
        if (state.queues.Add(hash, {id, seats, until})) {
          series.Queued(counted, state.queues.size());
          impl_->waiting[id] = {at, hash, counted, now, until, &series, std::move(go), std::move(refuse)};
          if (impl_->waiting.size() == 1) impl_->arrived.SignalAll();
          return;
        }
        series.Rejected(level.queues == 0 ? "concurrency-limit" : "queue-full");
        state.retry_after.Refused(absl::ToUnixSeconds(now));
        retry_after = state.retry_after.seconds();
        go = nullptr;
      }
    }
  }
  if (go == nullptr) return refuse(retry_after);
  go(std::move(seat));
}

}  // namespace apiserver::flowcontrol
