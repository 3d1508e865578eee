#include "apiserver/registry/allocation_series.h"

#include "base/metrics/metrics.h"

namespace apiserver::registry {
namespace {

struct Families {
  base::CounterFamily addresses{"kube_apiserver_clusterip_allocator_allocation_total", "Service addresses given out.",
                                {"cidr", "scope"}};
  base::CounterFamily address_errors{"kube_apiserver_clusterip_allocator_allocation_errors_total",
                                     "Service addresses that could not be given out.", {"cidr", "scope"}};
  base::HistogramFamily address_time{"kube_apiserver_clusterip_allocator_allocation_duration_seconds",
                                     "Time to give out a service address.", {"cidr"},
                                     {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}};
  base::CounterFamily ports{"kube_apiserver_nodeport_allocator_allocation_total", "Node ports given out.", {"scope"}};
  base::CounterFamily port_errors{"kube_apiserver_nodeport_allocator_allocation_errors_total",
                                  "Node ports that could not be given out.", {"scope"}};
  base::CounterFamily address_repairs{"apiserver_clusterip_repair_ip_errors_total",
                                      "Service addresses that were found wrong, by what was wrong.", {"type"}};
  base::CounterFamily port_repairs{"apiserver_nodeport_repair_port_errors_total",
                                   "Node ports that were found wrong, by what was wrong.", {"type"}};
  base::CounterFamily failed{"apiserver_nodeport_repair_reconcile_errors_total",
                             "Looks at the node ports that could not be finished.", {}};
};
Families& All() {
  static auto* const all = new Families;
  return *all;
}
[[maybe_unused]] const Families& kFromTheStart = All();  // shown before anything happens

absl::string_view Scope(bool asked) { return asked ? "static" : "dynamic"; }

}  // namespace

void TellAddress(absl::string_view cidr, bool asked, bool given, absl::Duration took) {
  (given ? All().addresses : All().address_errors).With({cidr, Scope(asked)}).Add();
  All().address_time.With({cidr}).Observe(absl::ToDoubleSeconds(took));
}

void TellPort(bool asked, bool given) { (given ? All().ports : All().port_errors).With({Scope(asked)}).Add(); }

void TellAddressRepaired(absl::string_view type) { All().address_repairs.With({type}).Add(); }
void TellPortRepaired(absl::string_view type) { All().port_repairs.With({type}).Add(); }
void TellPortRepairFailed() { All().failed.With({}).Add(); }

}  // namespace apiserver::registry
