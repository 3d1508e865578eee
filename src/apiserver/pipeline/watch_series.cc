#include "apiserver/pipeline/watch_series.h"

namespace apiserver::pipeline {
namespace {

struct Families {
  base::GaugeFamily longrunning{"apiserver_longrunning_requests", "Long requests being served.",
                                {"component", "group", "resource", "scope", "subresource", "verb", "version"}};
  base::CounterFamily events{"apiserver_watch_events_total", "Events sent to watchers.", {"group", "resource", "version"}};
  base::HistogramFamily sizes{"apiserver_watch_events_sizes", "Bytes of events sent to watchers.", {"group", "resource", "version"},
                              {1024, 2048, 4096, 8192, 16384, 32768, 65536, 131072}};
  base::HistogramFamily lists{"apiserver_watch_list_duration_seconds",
                              "Time until watches that begin with what there is have told it.",
                              {"group", "resource", "scope", "version"},
                              {0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 2, 4, 6, 8, 10, 15, 20, 30, 45, 60}};
};
Families& All() {
  static auto* const all = new Families;
  return *all;
}

}  // namespace

WatchSeries WatchSeriesOf(const WatchedResource& what, absl::string_view scope) {
  return {scope.empty() ? nullptr : &All().lists.With({what.group, what.resource, scope, what.version}),
          &All().events.With({what.group, what.resource, what.version}),
          &All().sizes.With({what.group, what.resource, what.version})};
}

base::Gauge& LongRunning(const LongRequest& r) {
  return All().longrunning.With({r.component, r.group, r.resource, r.scope, r.subresource, r.verb, r.version});
}

}  // namespace apiserver::pipeline
