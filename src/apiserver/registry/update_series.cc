#include "apiserver/registry/update_series.h"

#include <set>
#include <string>

#include "base/metrics/metrics.h"

namespace apiserver::registry {
namespace {

struct Families {
  base::HistogramFamily comparisons{"apiserver_request_timestamp_comparison_time",
                                    "Time to see whether an update or patch changes more than the times of managers.",
                                    {"code_path"}, {0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 5}};
  base::HistogramFamily ratcheting{"apiextensions_apiserver_validation_ratcheting_seconds",
                                   "Time to judge an updated custom object together with what it replaces.", {},
                                   {1e-05, 4e-05, 0.00016, 0.00064, 0.00256, 0.01024, 0.04096, 0.16384, 0.65536, 2.62144}};
  base::CounterFamily repeated{"apiserver_validation_duplicate_validation_error_total", "Problems that validation told twice.", {}};
};
// Shown before anything happens.
Families& kFamilies = *new Families;

}  // namespace

void CountComparison(bool equal, absl::Duration took) {
  kFamilies.comparisons.With({equal ? "equal_objects" : "unequal_objects_fast"}).Observe(absl::ToDoubleSeconds(took));
}

void CountRatcheting(absl::Duration took) { kFamilies.ratcheting.With({}).Observe(absl::ToDoubleSeconds(took)); }

void CountRepeatedErrors(const apimachinery::FieldErrors& errors) {
  std::set<std::string> told;
  for (const apimachinery::FieldError& error : errors.errors()) {
    if (!told.insert(error.ToString()).second) kFamilies.repeated.With({}).Add();
  }
}

}  // namespace apiserver::registry
