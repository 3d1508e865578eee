#include "apiserver/flowcontrol/level_series.h"

#include <algorithm>
#include <map>
#include <vector>

#include "absl/time/clock.h"
#include "base/metrics/timed_histogram.h"

namespace apiserver::flowcontrol {
namespace {

struct Families {
  base::GaugeFamily nominal{"apiserver_flowcontrol_nominal_limit_seats", "Seats of the level.", {"priority_level"}};
  base::GaugeFamily lower{"apiserver_flowcontrol_lower_limit_seats", "Seats that the level never lends.", {"priority_level"}};
  base::GaugeFamily upper{"apiserver_flowcontrol_upper_limit_seats", "Seats of the level with all it may borrow.",
                          {"priority_level"}};
  base::TimedHistogramFamily requests{"apiserver_flowcontrol_priority_level_request_utilization",
                                      "Requests of the level, as a part of those there may be, each nanosecond.",
                                      {"phase", "priority_level"}, {0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.25, 0.5, 0.75, 1}};
  base::TimedHistogramFamily seats{"apiserver_flowcontrol_priority_level_seat_utilization",
                                   "Seats of the level in use, as a part of those it may use, each nanosecond.",
                                   {"phase", "priority_level"},
                                   {0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1}};
  base::TimedHistogramFamily demand{"apiserver_flowcontrol_demand_seats",
                                    "Seats the level wants, as a part of its own, each nanosecond.", {"priority_level"},
                                    {0.2, 0.4, 0.6, 0.8, 1, 1.2, 1.4, 1.7, 2, 2.8, 4, 6}};
  base::TimedHistogramFamily kinds{"apiserver_flowcontrol_read_vs_write_current_requests",
                                   "Reads and writes, as a part of those there may be, each nanosecond.",
                                   {"phase", "request_kind"},
                                   {0, 0.001, 0.01, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1}};
  base::GaugeFamily now{"apiserver_flowcontrol_current_r", "How far the level's queues have come: their virtual time.",
                        {"priority_level"}};
  base::GaugeFamily dispatched{"apiserver_flowcontrol_dispatch_r", "Virtual time of the level when a request was let go last.",
                               {"priority_level"}};
  base::GaugeFamily latest{"apiserver_flowcontrol_latest_s", "Virtual time at which the request began that was let go last.",
                           {"priority_level"}};
  base::GaugeFamily next{"apiserver_flowcontrol_next_s_bounds", "Least and most virtual time at which queues go on.",
                         {"bound", "priority_level"}};
  base::GaugeFamily least{"apiserver_flowcontrol_next_discounted_s_bounds",
                          "Least and most virtual time at which queues go on: nothing is given back here.",
                          {"bound", "priority_level"}};
  base::GaugeFamily in_queue{"apiserver_current_inqueue_requests", "Requests that wait for a seat, by kind.", {"request_kind"}};
};
Families& All() {
  static auto* const all = new Families;
  return *all;
}

struct Known {
  std::mutex mu;
  std::map<std::string, LevelSeries*, std::less<>> levels;
};
Known& KnownLevels() {
  static auto* const known = new Known;
  return *known;
}

void Add(const Load& from, Load* to) {
  to->waiting += from.waiting;
  to->executing += from.executing;
  to->seats_waiting += from.seats_waiting;
  to->seats_executing += from.seats_executing;
}

double Part(int of, int whole) { return static_cast<double>(of) / std::max(whole, 1); }

}  // namespace

// What is only worked out when somebody looks.
class LevelFamily final : public base::MetricFamily {
 public:
  struct View {
    const std::string* level;
    SeatDemand::Period wanted;
    LevelSeats seats;
    int used = 0, total = 0;
    bool exempt = false;
  };
  using Worth = double (*)(const View& level, const std::vector<View>& all);

  LevelFamily(absl::string_view name, absl::string_view help, Worth worth, bool exempt_too)
      : MetricFamily(name, help, {"priority_level"}), worth_(worth), exempt_too_(exempt_too) {}

  void Write(base::MetricsWriter& writer) const override {
    const std::vector<View> views = Views();
    if (views.empty()) return;
    writer.Family(name_, "gauge", help_);
    for (const View& view : views) {
      if (view.exempt && !exempt_too_) continue;
      const absl::string_view level[] = {*view.level};
      writer.Sample("", labels_, level, worth_(view, views));
    }
  }

  static double Average(const View& view, const std::vector<View>&) { return view.wanted.average; }
  static double Deviation(const View& view, const std::vector<View>&) { return view.wanted.deviation; }
  static double Most(const View& view, const std::vector<View>&) { return view.wanted.most; }
  static double Smoothed(const View& view, const std::vector<View>&) { return view.wanted.smoothed; }
  // What the level would be given for what it wanted lately.
  static double Target(const View& view, const std::vector<View>&) {
    return view.exempt ? view.wanted.smoothed : std::clamp<double>(view.wanted.smoothed, view.seats.sure, std::max(view.seats.sure, view.seats.most));
  }
  // What the level may use while the others use what they do (see MayTake).
  static double Limit(const View& view, const std::vector<View>& all) {
    int free = view.total;
    for (const View& other : all) {
      if (&other != &view && !other.exempt) free -= std::max(other.used, other.seats.sure);
    }
    return std::clamp(free, view.seats.sure, std::max(view.seats.sure, view.seats.most));
  }

 private:
  friend class FairFractionFamily;
  static std::vector<View> Views() {
    std::vector<View> views;
    const absl::Time now = absl::Now();
    Known& known = KnownLevels();
    const std::lock_guard lock(known.mu);
    for (const auto& [name, level] : known.levels) {
      const std::lock_guard level_lock(level->mu_);
      views.push_back({&level->level_, level->wanted_.Last(now), level->seats_, level->load_.seats_executing, level->total_,
                       level->exempt_});
    }
    return views;
  }

  const Worth worth_;
  const bool exempt_too_;
};

// How much of what the levels would be given the server has: below 1 they would have to share.
class FairFractionFamily final : public base::MetricFamily {
 public:
  FairFractionFamily()
      : MetricFamily("apiserver_flowcontrol_seat_fair_frac", "Seats of the server, as a part of those that its levels would be given.", {}) {}

  void Write(base::MetricsWriter& writer) const override {
    const std::vector<LevelFamily::View> views = LevelFamily::Views();
    double given = 0, total = 0;
    for (const LevelFamily::View& view : views) {
      if (!view.exempt) given += LevelFamily::Target(view, views);
      total = std::max<double>(total, view.total);
    }
    writer.Family(name_, "gauge", help_);
    writer.Sample(given > 0 ? total / given : 0);
  }
};

namespace {

void RegisterLevelFamilies() {
  struct Computed {
    LevelFamily average{"apiserver_flowcontrol_demand_seats_average", "Seats wanted on average in the last period.",
                        LevelFamily::Average, true};
    LevelFamily deviation{"apiserver_flowcontrol_demand_seats_stdev", "Deviation of the seats wanted in the last period.",
                          LevelFamily::Deviation, true};
    LevelFamily most{"apiserver_flowcontrol_demand_seats_high_watermark", "Most seats wanted in the last period.",
                     LevelFamily::Most, true};
    LevelFamily smoothed{"apiserver_flowcontrol_demand_seats_smoothed", "Seats wanted lately.", LevelFamily::Smoothed, true};
    LevelFamily limit{"apiserver_flowcontrol_current_limit_seats", "Seats that the level may use now.", LevelFamily::Limit, false};
    LevelFamily target{"apiserver_flowcontrol_target_seats", "Seats that the level would be given for what it wanted lately.",
                       LevelFamily::Target, true};
    FairFractionFamily fair;
  };
  [[maybe_unused]] static const auto* const computed = new Computed;
}

}  // namespace

LevelSeries& LevelSeries::Of(absl::string_view level) {
  RegisterLevelFamilies();
  Known& known = KnownLevels();
  const std::lock_guard lock(known.mu);
  const auto found = known.levels.find(level);
  if (found != known.levels.end()) return *found->second;
  return *known.levels.emplace(std::string(level), new LevelSeries(level)).first->second;
}

LevelSeries::LevelSeries(absl::string_view level)
    : level_(level), requests_executing_(&All().requests.With({"executing", level})),
      requests_waiting_(&All().requests.With({"waiting", level})), seats_executing_(&All().seats.With({"executing", level})),
      demand_(&All().demand.With({level})), now_(&All().now.With({level})), wanted_(absl::Now()) {}

void LevelSeries::Configure(const PriorityLevel& level, const LevelSeats& seats, int total) {
  All().nominal.With({level_}).Set(seats.nominal);
  All().lower.With({level_}).Set(seats.sure);
  All().upper.With({level_}).Set(seats.most);
  const std::lock_guard lock(mu_);
  seats_ = seats;
  total_ = total;
  places_ = level.queues * level.queue_length;
  exempt_ = level.exempt;
}

void LevelSeries::Dispatched(const FairQueues::Progress& progress) {
  absl::call_once(dispatched_once_, [this] {
    Families& all = All();
    progress_ = {&all.dispatched.With({level_}),    &all.latest.With({level_}),       &all.next.With({"min", level_}),
                 &all.next.With({"max", level_}), &all.least.With({"min", level_}), &all.least.With({"max", level_})};
  });
  now_->Set(progress.now);
  progress_.dispatched->Set(progress.now);
  progress_.latest->Set(progress.dispatched);
  for (base::Gauge* gauge : {progress_.next_first, progress_.least_first}) gauge->Set(progress.next_first);
  for (base::Gauge* gauge : {progress_.next_last, progress_.least_last}) gauge->Set(progress.next_last);
}

void LevelSeries::Change(const Load& load) {
  const absl::Time now = absl::Now();
  const std::lock_guard lock(mu_);
  Add(load, &load_);
  const int wanted = load_.seats_executing + load_.seats_waiting;
  requests_executing_->Set(Part(load_.executing, seats_.most), now);
  requests_waiting_->Set(Part(load_.waiting, places_), now);
  seats_executing_->Set(Part(load_.seats_executing, seats_.most), now);
  demand_->Set(Part(wanted, seats_.nominal), now);
  wanted_.Set(wanted, now);
}

KindSeries& KindSeries::Of(bool writes) {
  static auto* const mutating = new KindSeries("mutating");
  static auto* const reading = new KindSeries("readOnly");
  return writes ? *mutating : *reading;
}

KindSeries::KindSeries(absl::string_view kind)
    : executing_(&All().kinds.With({"executing", kind})), waiting_(&All().kinds.With({"waiting", kind})),
      in_queue_(&All().in_queue.With({kind})) {}

void KindSeries::Change(const Load& load, int total_seats) {
  const absl::Time now = absl::Now();
  const std::lock_guard lock(mu_);
  Add(load, &load_);
  executing_->Set(Part(load_.executing, total_seats), now);
  waiting_->Set(Part(load_.waiting, total_seats), now);
  in_queue_->Set(load_.waiting);
}

}  // namespace apiserver::flowcontrol
