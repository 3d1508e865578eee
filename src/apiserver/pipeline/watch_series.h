// Requests that go on, and what watchers are told, under upstream's names. Watches that the server's own work keeps count
// like any other. Thread-safe.
#pragma once
#include "absl/strings/string_view.h"
#include "base/metrics/metrics.h"

namespace apiserver::pipeline {

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

struct WatchedResource {
  absl::string_view group, version, resource;
};
// `scope` of a watch that begins with what there is ("resource", "namespace" or "cluster"), empty for others.
WatchSeries WatchSeriesOf(const WatchedResource& what, absl::string_view scope);

// The long requests of a kind that are being served.
struct LongRequest {
  absl::string_view component, group, resource, scope, subresource, verb, version;
};
base::Gauge& LongRunning(const LongRequest& request);

}  // namespace apiserver::pipeline
