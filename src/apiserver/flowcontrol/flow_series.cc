#include "apiserver/flowcontrol/flow_series.h"

#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "base/metrics/metrics.h"

namespace apiserver::flowcontrol {
namespace {

const std::vector<double> kSeconds = {0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30};

struct Families {
  base::GaugeFamily executing{"apiserver_flowcontrol_current_executing_requests", "Requests being worked on.",
                              {"flow_schema", "priority_level"}};
  base::GaugeFamily executing_seats{"apiserver_flowcontrol_current_executing_seats", "Seats in use.",
                                    {"flow_schema", "priority_level"}};
  base::GaugeFamily in_queue{"apiserver_flowcontrol_current_inqueue_requests", "Requests that wait.",
                             {"flow_schema", "priority_level"}};
  base::GaugeFamily in_queue_seats{"apiserver_flowcontrol_current_inqueue_seats", "Seats that waiting requests want.",
                                   {"flow_schema", "priority_level"}};
  base::CounterFamily dispatched{"apiserver_flowcontrol_dispatched_requests_total", "Requests that got their seats.",
                                 {"flow_schema", "priority_level"}};
  base::CounterFamily rejected{"apiserver_flowcontrol_rejected_requests_total", "Requests that were refused.",
                               {"flow_schema", "priority_level", "reason"}};
  base::HistogramFamily estimated{"apiserver_flowcontrol_work_estimated_seats", "Seats that requests are worth.",
                                  {"flow_schema", "priority_level"}, {1, 2, 4, 8, 16, 32, 64, 100}};
  base::HistogramFamily queue_length{"apiserver_flowcontrol_request_queue_length_after_enqueue",
                                     "Requests in the queue of one that comes.",
                                     {"flow_schema", "priority_level"}, {0, 10, 25, 50, 100, 250, 500, 1000}};
  base::HistogramFamily waited{"apiserver_flowcontrol_request_wait_duration_seconds", "Time that requests waited in queues.",
                               {"execute", "flow_schema", "priority_level"}, kSeconds};
  base::HistogramFamily took{"apiserver_flowcontrol_request_execution_seconds", "Time that requests had their seats.",
                             {"flow_schema", "priority_level", "type"}, kSeconds};
  base::HistogramFamily watch_counts{"apiserver_flowcontrol_watch_count_samples", "Watches of the resources of writes.",
                                     {"flow_schema", "priority_level"}, {0, 1, 10, 100, 1000, 10000}};
  base::CounterFamily unseated{"apiserver_flowcontrol_request_dispatch_no_accommodation_total",
                               "Requests for which there was no seat when they came.", {"flow_schema", "priority_level"}};
};
Families& All() {
  static auto* const all = new Families;
  return *all;
}

}  // namespace

FlowSeries::FlowSeries(absl::string_view schema, absl::string_view level)
    : schema_(schema), level_(level), executing_(&All().executing.With({schema, level})),
      executing_seats_(&All().executing_seats.With({schema, level})), dispatched_(&All().dispatched.With({schema, level})),
      estimated_(&All().estimated.With({schema, level})), took_(&All().took.With({schema, level, "regular"})), whole_(LevelSeries::Of(level)) {}

FlowSeries& FlowSeries::Of(absl::string_view schema, absl::string_view level) {
  static auto* const mu = new std::mutex;
  static auto* const known = new std::map<std::pair<std::string, std::string>, FlowSeries*>;
  const std::lock_guard lock(*mu);
  FlowSeries*& series = (*known)[{std::string(schema), std::string(level)}];
  if (series == nullptr) series = new FlowSeries(schema, level);
  return *series;
}

const FlowSeries::Queueing& FlowSeries::InQueue() {
  absl::call_once(queued_once_, [this] {
    Families& all = All();
    queueing_ = {&all.in_queue.With({schema_, level_}), &all.in_queue_seats.With({schema_, level_}),
                 &all.queue_length.With({schema_, level_}), &all.waited.With({"true", schema_, level_})};
  });
  return queueing_;
}

void FlowSeries::Estimated(int seats) { estimated_->Observe(seats); }

void FlowSeries::Watched(size_t watchers) {
  All().watch_counts.With({schema_, level_}).Observe(static_cast<double>(watchers));
}

void FlowSeries::Refused() { All().unseated.With({schema_, level_}).Add(); }

void FlowSeries::Queued(const FlowRequest& r, size_t queue_length) {
  const Queueing& queue = InQueue();
  queue.requests->Add(1);
  queue.seats->Add(r.seats);
  queue.length->Observe(static_cast<double>(queue_length));
  const Load load{.waiting = 1, .seats_waiting = r.seats};
  whole_.Change(load);
  KindSeries::Of(r.writes).Change(load, r.total_seats);
}

void FlowSeries::LeftQueue(const FlowRequest& r, absl::Duration waited, bool executes) {
  const Queueing& queue = InQueue();
  queue.requests->Add(-1);
  queue.seats->Add(-r.seats);
  (executes ? *queue.waited : All().waited.With({"false", schema_, level_})).Observe(absl::ToDoubleSeconds(waited));
  const Load load{.waiting = -1, .seats_waiting = -r.seats};
  whole_.Change(load);
  KindSeries::Of(r.writes).Change(load, r.total_seats);
}

void FlowSeries::NeverWaited(const FairQueues::Progress& progress) {
  Dispatched(progress);
  InQueue().length->Observe(1);
  InQueue().waited->Observe(0);
}

void FlowSeries::Began(const FlowRequest& r) {
  executing_->Add(1);
  executing_seats_->Add(r.seats);
  dispatched_->Add();
  const Load load{.executing = 1, .seats_executing = r.seats};
  whole_.Change(load);
  KindSeries::Of(r.writes).Change(load, r.total_seats);
}

void FlowSeries::Ended(const FlowRequest& r, absl::Duration took) {
  executing_->Add(-1);
  executing_seats_->Add(-r.seats);
  if (r.watches) {
    All().took.With({schema_, level_, "watch"}).Observe(absl::ToDoubleSeconds(took));
  } else {
    took_->Observe(absl::ToDoubleSeconds(took));
  }
  const Load load{.executing = -1, .seats_executing = -r.seats};
  whole_.Change(load);
  KindSeries::Of(r.writes).Change(load, r.total_seats);
}

void FlowSeries::Rejected(absl::string_view reason) { All().rejected.With({schema_, level_, reason}).Add(); }

}  // namespace apiserver::flowcontrol
