// Requests counted, timed and weighed on their way out, under upstream's names. Thread-safe.
#pragma once
#include <memory>

#include "apiserver/http/call.h"
#include "base/metrics/metrics.h"

namespace apiserver::http {

// A writer that answers as `writer` does and tells the metrics what was asked and what was said.
std::unique_ptr<base::http::ResponseWriter> Measure(const Call& call, std::unique_ptr<base::http::ResponseWriter> writer);

// Where the events of a watch are counted: looked up once a watch.
struct WatchSeries {
  base::Histogram* until_current = nullptr;  // time of a watch that begins with what there is, to the end of that
  base::Counter* events = nullptr;
  base::Histogram* sizes = nullptr;

  void Count(size_t bytes) const {
    events->Add();
    sizes->Observe(static_cast<double>(bytes));
  }
};
// "resource", "namespace" or "cluster". `scope` of a watch that begins with what there is, empty for others.
absl::string_view RequestScope(const pipeline::RequestInfo& info);
WatchSeries WatchSeriesOf(absl::string_view group, absl::string_view version, absl::string_view resource,
                          absl::string_view scope);

void TellDeprecated(absl::string_view group, absl::string_view version, absl::string_view resource);

}  // namespace apiserver::http
