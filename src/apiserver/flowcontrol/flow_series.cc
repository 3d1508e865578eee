#include "apiserver/flowcontrol/flow_series.h"

namespace apiserver::flowcontrol {
namespace {

std::vector<double> Seconds() { return {0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30}; }

struct Families {
  base::HistogramFamily wait{"apiserver_flowcontrol_request_wait_duration_seconds", "Time in a queue.",
                             {"execute", "flow_schema", "priority_level"}, Seconds()};
  base::HistogramFamily execution{"apiserver_flowcontrol_request_execution_seconds", "Time with a seat.",
                                  {"flow_schema", "priority_level", "type"},
                                  {0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60}};
  base::HistogramFamily seats{"apiserver_flowcontrol_work_estimated_seats", "Seats that requests were thought to need.",
                              {"flow_schema", "priority_level"}, {1, 2, 4, 10}};
  base::HistogramFamily queue{"apiserver_flowcontrol_request_queue_length_after_enqueue", "Requests that waited, with the one that came.",
                              {"flow_schema", "priority_level"}, {0, 10, 25, 50, 100, 250, 500, 1000}};
};

}  // namespace

FlowSeries FlowSeriesOf(absl::string_view schema, absl::string_view level) {
  static auto* const families = new Families;
  FlowSeries s;
  s.waited = &families->wait.With({"true", schema, level});
  s.given_up = &families->wait.With({"false", schema, level});
  s.execution = &families->execution.With({schema, level, "regular"});
  s.seats = &families->seats.With({schema, level});
  s.queue_length = &families->queue.With({schema, level});
  return s;
}

}  // namespace apiserver::flowcontrol
