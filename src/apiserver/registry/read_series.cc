#include "apiserver/registry/read_series.h"

#include "base/metrics/metrics.h"

namespace apiserver::registry {
namespace {

struct Families {
  using Family = base::CounterFamily;
  Family cache_lists{"apiserver_cache_list_total", "LIST requests served from the watch cache.",
                     {"group", "index", "resource"}};
  Family cache_fetched{"apiserver_cache_list_fetched_objects_total", "Objects looked at in the watch cache by LIST requests.",
                       {"group", "index", "resource"}};
  Family cache_returned{"apiserver_cache_list_returned_objects_total",
                        "Objects that LIST requests served from the watch cache answered with.", {"group", "resource"}};
  Family store_lists{"apiserver_storage_list_total", "LIST requests served from the store.", {"group", "resource"}};
  Family store_fetched{"apiserver_storage_list_fetched_objects_total", "Objects read from the store by LIST requests.",
                       {"group", "resource"}};
  Family store_evaluated{"apiserver_storage_list_evaluated_objects_total",
                         "Objects from the store that LIST requests held against their selectors.", {"group", "resource"}};
  Family store_returned{"apiserver_storage_list_returned_objects_total",
                        "Objects that LIST requests served from the store answered with.", {"group", "resource"}};
  Family consistent{"apiserver_watch_cache_consistent_read_total", "Consistent reads from the watch cache.",
                    {"fallback", "group", "resource", "success"}};
  base::HistogramFamily waits{"apiserver_watch_cache_read_wait_seconds",
                              "Time that reads waited for the watch cache to become fresh.",
                              {"group", "resource"},
                              {0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3}};
};
Families& All() {
  static auto* const all = new Families;
  return *all;
}

}  // namespace

void CountCacheList(absl::string_view group, absl::string_view resource, size_t returned) {
  All().cache_lists.With({group, "", resource}).Add();
  All().cache_returned.With({group, resource}).Add(static_cast<double>(returned));
}

void CountCacheFetched(absl::string_view group, absl::string_view resource, size_t looked_at) {
  All().cache_fetched.With({group, "", resource}).Add(static_cast<double>(looked_at));
}

void CountStoreList(absl::string_view group, absl::string_view resource, size_t read, size_t returned) {
  const absl::string_view labels[] = {group, resource};
  All().store_lists.With(labels).Add();
  All().store_fetched.With(labels).Add(static_cast<double>(read));
  All().store_evaluated.With(labels).Add(static_cast<double>(read));
  All().store_returned.With(labels).Add(static_cast<double>(returned));
}

void CountFreshRead(absl::string_view group, absl::string_view resource, absl::Duration waited, bool fresh) {
  All().waits.With({group, resource}).Observe(absl::ToDoubleSeconds(waited));
  All().consistent.With({"false", group, resource, fresh ? "true" : "false"}).Add();
}

}  // namespace apiserver::registry
