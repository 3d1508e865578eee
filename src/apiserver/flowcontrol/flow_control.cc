#include "apiserver/flowcontrol/flow_control.h"

#include <algorithm>
#include <map>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "apiserver/flowcontrol/fair_queues.h"
#include "apiserver/flowcontrol/flow_config.h"
#include "apiserver/flowcontrol/flow_series.h"
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
  uint64_t executing = 0, dispatched = 0, rejected_full = 0, rejected_late = 0, rejected_limit = 0;
};

// A configuration with what it takes to use it. Immutable but for the states, which the owner's lock guards.
struct Compiled {
  uint64_t generations[2] = {0, 0};
  FlowConfig config;
  std::vector<LevelSeats> seats;
  std::vector<std::shared_ptr<LevelState>> states;  // by level
  std::vector<FlowSeries> series;                   // by schema
};

struct Pending {
  size_t level = 0;
  uint64_t flow_hash = 0;
  int seats = 1;
  absl::Time since;
  FlowSeries series;
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
    for (const FlowSchema& schema : fresh->config.schemas) {
      fresh->series.push_back(FlowSeriesOf(schema.name, fresh->config.levels[schema.level].name));
    }
    std::vector<Pending> homeless;
    CompiledPtr out;
    {
      absl::MutexLock lock(&mu);
      TakeOverLocked(*fresh, &homeless);
      out = compiled = fresh;
    }
    for (Pending& pending : homeless) pending.refuse();
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
      if (to != moved.end() && fresh.states[to->second]->queues.Add(pending.flow_hash, {it->first, pending.seats, pending.since})) {
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

  Seat TakeLocked(const std::shared_ptr<LevelState>& state, int seats, const FlowSeries& series, absl::Time since)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu) {
    const absl::Time now = clock.Now();
    series.waited->Observe(absl::ToDoubleSeconds(now - since));
    state->used += seats;
    ++state->executing;
    ++state->dispatched;
    return Seat(std::shared_ptr<void>(nullptr, [self = shared_from_this(), state, seats, now, execution = series.execution](void*) {
      execution->Observe(absl::ToDoubleSeconds(self->clock.Now() - now));
      self->Release(state, seats);
    }));
  }

  void Release(const std::shared_ptr<LevelState>& state, int seats) {
    std::vector<std::pair<Go, Seat>> start;
    {
      absl::MutexLock lock(&mu);
      state->used -= seats;
      --state->executing;
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
      start->emplace_back(std::move(pending->second.go), TakeLocked(c.states[best], pending->second.seats, pending->second.series, pending->second.since));
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
      std::vector<Refuse> late;
      for (const auto& state : compiled->states) {
        for (const uint64_t id : state->queues.RemoveBefore(clock.Now() - options.max_wait)) {
          Pending& pending = waiting[id];
          pending.series.given_up->Observe(absl::ToDoubleSeconds(clock.Now() - pending.since));
          late.push_back(std::move(pending.refuse));
          waiting.erase(id);
          ++state->rejected_late;
        }
      }
      mu.Unlock();
      for (Refuse& refuse : late) refuse();
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
      refused.push_back(std::move(pending.refuse));
    }
    impl_->waiting.clear();
    impl_->arrived.SignalAll();
  }
  impl_->expirer.join();
  for (Refuse& refuse : refused) refuse();
}

FlowVerdict FlowControl::Classify(const pipeline::UserInfo& user, const pipeline::RequestInfo& request) {
  const auto current = impl_->Current();
  const FlowSchema* schema = current->config.Classify(user, request);
  if (schema == nullptr) return {};
  return {schema->uid, current->config.levels[schema->level].uid};
}

void FlowControl::Admit(const pipeline::UserInfo& user, const pipeline::RequestInfo& request, int64_t limit,
                        const std::function<int64_t()>& stored, FlowVerdict* verdict, Go go, Refuse refuse) {
  const auto current = impl_->Current();
  const FlowSchema* schema = current->config.Classify(user, request);
  if (schema == nullptr) return go(Seat());
  const PriorityLevel& level = current->config.levels[schema->level];
  *verdict = {schema->uid, level.uid};
  if (level.exempt) return go(Seat());
  const bool list = request.is_resource_request && (request.verb == "list" || request.verb == "deletecollection");
  const int most = std::clamp((current->seats[schema->level].nominal * 15 + 99) / 100, 1, 10);
  const int seats = EstimateSeats(request, limit, list ? stored() : 0, most);
  const FlowSeries& series = current->series[static_cast<size_t>(schema - current->config.schemas.data())];
  series.seats->Observe(seats);
  const absl::Time now = impl_->clock.Now();
  const uint64_t hash = absl::HashOf(schema->name, FlowOf(*schema, user, request));
  Seat seat;
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
        seat = impl_->TakeLocked(c.states[at], seats, series, now);
      } else {
        const uint64_t id = impl_->next_id++;
        if (state.queues.Add(hash, {id, seats, now})) {
          series.queue_length->Observe(static_cast<double>(state.queues.size()));
          impl_->waiting[id] = {at, hash, seats, now, series, std::move(go), std::move(refuse)};
          if (impl_->waiting.size() == 1) impl_->arrived.SignalAll();
          return;
        }
        series.given_up->Observe(0);
        ++(level.queues == 0 ? state.rejected_limit : state.rejected_full);
        go = nullptr;
      }
    }
  }
  if (go == nullptr) return refuse();
  go(std::move(seat));
}

std::string FlowControl::MetricsText() const {
  std::string out;
  absl::MutexLock lock(&impl_->mu);
  if (impl_->compiled == nullptr) return out;
  const Compiled& c = *impl_->compiled;
  const auto family = [&](absl::string_view name, absl::string_view type, absl::string_view help,
                          const std::function<void(size_t)>& line) {
    absl::StrAppend(&out, "# HELP apiserver_flowcontrol_", name, " ", help, "\n# TYPE apiserver_flowcontrol_", name, " ", type, "\n");
    for (size_t i = 0; i < c.states.size(); ++i) line(i);
  };
  const auto value = [&](absl::string_view name, size_t i, absl::string_view more, int64_t number) {
    absl::StrAppend(&out, "apiserver_flowcontrol_", name, "{priority_level=\"", c.states[i]->name, "\"", more, "} ", number, "\n");
  };
  family("nominal_limit_seats", "gauge", "Seats of the level.", [&](size_t i) { value("nominal_limit_seats", i, "", c.seats[i].nominal); });
  family("lower_limit_seats", "gauge", "Seats of the level that it never lends.", [&](size_t i) { value("lower_limit_seats", i, "", c.seats[i].sure); });
  family("upper_limit_seats", "gauge", "Seats of the level with all that it may borrow.", [&](size_t i) { value("upper_limit_seats", i, "", c.seats[i].most); });
  std::vector<int64_t> waiting(c.states.size());
  for (const auto& [id, pending] : impl_->waiting) waiting[pending.level] += pending.seats;
  family("current_inqueue_seats", "gauge", "Seats that requests wait for.", [&](size_t i) { value("current_inqueue_seats", i, "", waiting[i]); });
  family("current_executing_seats", "gauge", "Seats in use.", [&](size_t i) { value("current_executing_seats", i, "", c.states[i]->used); });
  family("current_executing_requests", "gauge", "Requests being worked on.",
         [&](size_t i) { value("current_executing_requests", i, "", static_cast<int64_t>(c.states[i]->executing)); });
  family("current_inqueue_requests", "gauge", "Requests that wait.",
         [&](size_t i) { value("current_inqueue_requests", i, "", static_cast<int64_t>(c.states[i]->queues.size())); });
  family("dispatched_requests_total", "counter", "Requests that got a seat.",
         [&](size_t i) { value("dispatched_requests_total", i, "", static_cast<int64_t>(c.states[i]->dispatched)); });
  family("rejected_requests_total", "counter", "Requests that were refused.", [&](size_t i) {
    value("rejected_requests_total", i, ",reason=\"queue-full\"", static_cast<int64_t>(c.states[i]->rejected_full));
    value("rejected_requests_total", i, ",reason=\"time-out\"", static_cast<int64_t>(c.states[i]->rejected_late));
    value("rejected_requests_total", i, ",reason=\"concurrency-limit\"", static_cast<int64_t>(c.states[i]->rejected_limit));
  });
  return out;
}

}  // namespace apiserver::flowcontrol
