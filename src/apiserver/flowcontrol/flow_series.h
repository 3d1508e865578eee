// What is measured of the requests of a flow schema. Members live as long as the process.
#pragma once
#include "absl/strings/string_view.h"
#include "base/metrics/metrics.h"

namespace apiserver::flowcontrol {

struct FlowSeries {
  base::Histogram* waited = nullptr;     // seconds until a seat
  base::Histogram* given_up = nullptr;   // seconds until a refusal
  base::Histogram* execution = nullptr;  // seconds with a seat
  base::Histogram* seats = nullptr;      // that it was thought to need
  base::Histogram* queue_length = nullptr;  // with it, when it came to wait
};
// Any thread; look it up once, not for each request.
FlowSeries FlowSeriesOf(absl::string_view schema, absl::string_view level);

}  // namespace apiserver::flowcontrol
