#include "apiserver/metrics.h"

#include <set>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "apiserver/cache/event.h"
#include "apiserver/registry/resource.h"
#include "apiserver/store/measured_store.h"
#include "base/metrics/page.h"

namespace apiserver {
namespace {

using absl::string_view;
using base::MetricsWriter;
using Page = base::MetricsPage;

void WatchCache(Page& page, const cache::Cache& cache, const registry::ResourceTable& resources) {
  constexpr string_view kLabels[] = {"group", "resource"};
  constexpr string_view kResource[] = {"resource"};
  MetricsWriter& objects = page.Family("apiserver_resource_objects", "gauge", "Objects stored.");
  MetricsWriter& storage = page.Family("apiserver_storage_objects", "gauge", "Objects stored.");
  MetricsWriter& capacity = page.Family("watch_cache_capacity", "gauge", "Events remembered for watches from the past.");
  MetricsWriter& version =
      page.Family("apiserver_watch_cache_resource_version", "gauge", "Store revision that the watch cache shows.");
  MetricsWriter& received =
      page.Family("apiserver_watch_cache_events_received_total", "counter", "Events that came from the store.");
  MetricsWriter& from_store =
      page.Family("apiserver_storage_events_received_total", "counter", "Events that came from the store.");
  MetricsWriter& dispatched =
      page.Family("apiserver_watch_cache_events_dispatched_total", "counter", "Events told to watchers.");
  MetricsWriter* init = nullptr;  // shown once a watcher found something
  MetricsWriter& bytes = page.Family("apiserver_resource_size_estimate_bytes", "gauge", "Bytes of the objects stored.");
  MetricsWriter& bookmarks = page.Family("etcd_bookmark_counts", "gauge", "Times that the store said it had nothing to tell.");
  MetricsWriter& begun = page.Family("apiserver_watch_cache_initializations_total", "counter",
                                     "Times that the watch cache read everything there is.");
  MetricsWriter& lists = page.Family("apiserver_storage_list_total", "counter", "Lists that were read from the store.");
  MetricsWriter& fetched =
      page.Family("apiserver_storage_list_fetched_objects_total", "counter", "Objects read for lists from the store.");
  MetricsWriter& evaluated =
      page.Family("apiserver_storage_list_evaluated_objects_total", "counter", "Objects of such lists that were looked at.");
  MetricsWriter& returned =
      page.Family("apiserver_storage_list_returned_objects_total", "counter", "Objects of such lists that were taken.");
  for (const registry::ResourcePtr& resource : resources.AllStored()) {
    const string_view labels[] = {resource->group(), resource->plural()};
    const auto count = static_cast<double>(cache.Count(*resource->mirror));
    const cache::Traffic traffic = cache.TrafficOf(*resource->mirror);
    objects.Sample("", kLabels, labels, count);
    const std::string full = resource->group().empty() ? std::string(resource->plural())
                                                       : absl::StrCat(resource->plural(), ".", resource->group());
    const string_view name[] = {full};
    storage.Sample("", kResource, name, count);
    capacity.Sample("", kLabels, labels, static_cast<double>(cache::CacheOptions().history_events));
    version.Sample("", kLabels, labels, static_cast<double>(cache.revision()));
    received.Sample("", kLabels, labels, static_cast<double>(traffic.events_received));
    from_store.Sample("", kLabels, labels, static_cast<double>(traffic.events_received));
    dispatched.Sample("", kLabels, labels, static_cast<double>(traffic.events_dispatched));
    if (traffic.init_events > 0) {
      if (init == nullptr) {
        init = &page.Family("apiserver_init_events_total", "counter", "Events that told watchers what there was when they came.");
      }
      init->Sample("", kLabels, labels, static_cast<double>(traffic.init_events));
    }
    bytes.Sample("", kLabels, labels, static_cast<double>(cache.Bytes(*resource->mirror)));
    bookmarks.Sample("", kLabels, labels, static_cast<double>(cache.bookmarks()));
    // The cache's own readings are lists of the store, too.
    const store::ListCounts from_lists = store::ListsOf(resource->group(), resource->plural());
    const auto read = static_cast<double>(traffic.objects_read), readings = static_cast<double>(traffic.initializations);
    begun.Sample("", kLabels, labels, readings);
    lists.Sample("", kLabels, labels, readings + from_lists.lists);
    fetched.Sample("", kLabels, labels, read + from_lists.fetched);
    evaluated.Sample("", kLabels, labels, read + from_lists.fetched);
    returned.Sample("", kLabels, labels, read + from_lists.taken);
  }
}

void StoreSizes(Page& page, store::Store& store) {
  const std::vector<std::optional<int64_t>> sizes = store.Sizes();
  constexpr string_view kLabels[] = {"storage_cluster_id"};
  MetricsWriter* family = nullptr;
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (!sizes[i].has_value()) continue;
    if (family == nullptr) family = &page.Family("apiserver_storage_size_bytes", "gauge", "Bytes of a store member's database.");
    const std::string member = absl::StrCat("etcd-", i);
    const string_view labels[] = {member};
    family->Sample("", kLabels, labels, static_cast<double>(*sizes[i]));
  }
}

// Node ports: each that is taken stands in a Service.
void NodePorts(Page& page, registry::Registry& registry) {
  std::set<int64_t> taken;
  for (const pipeline::ObjectPtr& service : registry.List({"", "services"}, "")) {
    for (const apimachinery::Value& port : service->GetArray("spec.ports")) {
      if (const int64_t number = port.GetInt("nodePort"); number > 0) taken.insert(number);
    }
    if (const int64_t number = service->GetInt("spec.healthCheckNodePort"); number > 0) taken.insert(number);
  }
  const auto used = static_cast<double>(taken.size());
  const double all = registry.environment().node_port_last - registry.environment().node_port_first + 1;
  page.Add("kube_apiserver_nodeport_allocator_allocated_ports", "gauge", "Node ports that are taken.", used);
  page.Add("kube_apiserver_nodeport_allocator_available_ports", "gauge", "Node ports that are free.", all - used);
}

void ApiServices(Page& page, registry::Registry& registry) {
  MetricsWriter& unavailable = page.Family("aggregator_unavailable_apiservice", "gauge", "Whether an APIService cannot be used.");
  constexpr string_view kLabels[] = {"name"};
  for (const pipeline::ObjectPtr& service : registry.List({"apiregistration.k8s.io", "apiservices"}, "")) {
    bool available = false;
    for (const apimachinery::Value& condition : service->GetArray("status.conditions")) {
      if (condition.GetString("type") == "Available") available = condition.GetString("status") == "True";
    }
    const std::string name = service->GetString("metadata.name");
    const string_view labels[] = {name};
    unavailable.Sample("", kLabels, labels, available ? 0 : 1);
  }
}

// Service addresses: each that is taken is an IPAddress object.
void Addresses(Page& page, registry::Registry& registry) {
  const std::string& cidr = registry.environment().service_cidr;
  int bits = 0;
  const size_t slash = cidr.find('/');
  if (slash == std::string::npos || !absl::SimpleAtoi(cidr.substr(slash + 1), &bits) || bits < 1 || bits > 30) return;
  const auto taken = static_cast<double>(registry.List({"networking.k8s.io", "ipaddresses"}, "").size());
  const double usable = static_cast<double>((1u << (32 - bits)) - 2);
  constexpr string_view kLabels[] = {"cidr"};
  const string_view labels[] = {cidr};
  page.Family("kube_apiserver_clusterip_allocator_allocated_ips", "gauge", "Service addresses that are taken.")
      .Sample("", kLabels, labels, taken);
  page.Family("kube_apiserver_clusterip_allocator_available_ips", "gauge", "Service addresses that are free.")
      .Sample("", kLabels, labels, usable - taken);
}

// Names of upstream's for what this server does not have, at rest as they are there without it: no key service is asked,
// and there is one validation, which nothing else could differ from.
void AddAbsent(Page& page) {
  page.Add("apiserver_envelope_encryption_dek_cache_fill_percent", "gauge", "Always 0: no key service is asked for keys.", 0);
  page.Add("apiserver_storage_data_key_generation_failures_total", "counter", "Always 0: no key service is asked for keys.", 0);
  page.Add("apiserver_storage_envelope_transformation_cache_misses_total", "counter", "Always 0: no key service is asked for keys.", 0);
  std::vector<double> bounds;
  for (double bound = 5e-6; bounds.size() < 14; bound *= 2) bounds.push_back(bound);
  page.Family("apiserver_storage_data_key_generation_duration_seconds", "histogram", "Always 0: no key service is asked for keys.")
      .Buckets({}, {}, bounds, std::vector<double>(bounds.size() + 1), 0);
  page.Add("apiserver_validation_declarative_validation_mismatch_total", "counter", "Always 0: objects are validated once.", 0);
  page.Add("apiserver_validation_declarative_validation_panic_total", "counter", "Always 0: objects are validated once.", 0);
}

}  // namespace

std::string OwnMetricsText(registry::Registry& registry) {
  MetricsWriter out;
  const auto add = [&out](string_view name, string_view type, string_view help, double value) {
    out.Family(name, type, help);
    out.Sample(value);
  };
  add("skiff_watch_cache_revision", "gauge", "Store revision that the watch cache shows.",
      static_cast<double>(registry.environment().cache->revision()));
  const cache::FrameCounters frames = cache::FrameCounts();
  add("skiff_watch_frames_encoded_total", "counter", "Watch frames made.", static_cast<double>(frames.encoded));
  add("skiff_watch_frames_served_total", "counter", "Watch frames handed to watchers.", static_cast<double>(frames.served));
  return out.Take();
}

std::string MetricsText(registry::Registry& registry) {
  Page page;
  base::AddDaemon(page);
  StoreSizes(page, *registry.environment().store);
  WatchCache(page, *registry.environment().cache, *registry.environment().resources);
  Addresses(page, registry);
  NodePorts(page, registry);
  ApiServices(page, registry);
  AddAbsent(page);
  return page.Text();
}

}  // namespace apiserver
