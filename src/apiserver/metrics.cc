#include "apiserver/metrics.h"

#include <dirent.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "apiserver/cache/event.h"
#include "apiserver/registry/resource.h"
#include "base/metrics/metrics.h"
#include "base/version.h"

namespace apiserver {
namespace {

using absl::string_view;
using base::MetricsWriter;

// Families by name, each as its text: counted ones and those of the moment come out in one order.
class Page {
 public:
  // A family of one sample.
  void Add(string_view name, string_view type, string_view help, double value) {
    MetricsWriter writer;
    writer.Family(name, type, help);
    writer.Sample(value);
    texts_[std::string(name)] = writer.Take();
  }
  MetricsWriter& Family(string_view name, string_view type, string_view help) {
    MetricsWriter& writer = open_[std::string(name)];
    writer.Family(name, type, help);
    return writer;
  }
  std::string Text() {
    for (const base::MetricFamily* family : base::AllMetrics()) {
      MetricsWriter writer;
      family->Write(writer);
      texts_[family->name()] = writer.Take();
    }
    for (auto& [name, writer] : open_) texts_[name] = writer.Take();
    std::string all;
    for (const auto& [name, text] : texts_) all += text;
    return all;
  }

 private:
  std::map<std::string, std::string> texts_;
  std::map<std::string, MetricsWriter> open_;
};

std::string ReadText(const char* path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

double OpenFiles() {
  DIR* dir = opendir("/proc/self/fd");
  if (dir == nullptr) return 0;
  int count = 0;
  while (readdir(dir) != nullptr) ++count;
  closedir(dir);
  return count - 3;  // ".", ".." and the one that reads
}

// The value under `name` of the group `group` in /proc/self/net/netstat: a line of names, then a line of values.
double NetworkBytes(const std::string& netstat, string_view group, string_view name) {
  const std::vector<string_view> lines = absl::StrSplit(netstat, '\n');
  for (size_t i = 0; i + 1 < lines.size(); i += 2) {
    const std::vector<string_view> names = absl::StrSplit(lines[i], ' '), values = absl::StrSplit(lines[i + 1], ' ');
    if (names[0] != group) continue;
    for (size_t at = 1; at < names.size() && at < values.size(); ++at) {
      double value = 0;
      if (names[at] == name && absl::SimpleAtod(values[at], &value)) return value;
    }
  }
  return 0;
}

// When the process began, in seconds since 1970.
double StartTime() {
  const std::string stat = ReadText("/proc/self/stat");
  const std::vector<std::string> fields = absl::StrSplit(stat.substr(stat.rfind(')') + 2), ' ');
  double ticks = 0, boot = 0;
  if (fields.size() < 20 || !absl::SimpleAtod(fields[19], &ticks)) return 0;
  for (const string_view line : absl::StrSplit(ReadText("/proc/stat"), '\n')) {
    if (line.substr(0, 6) == "btime " && !absl::SimpleAtod(line.substr(6), &boot)) boot = 0;
  }
  return boot + ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

void Process(Page& page) {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6; };
  page.Add("process_cpu_seconds_total", "counter", "Processor time spent.",
           seconds(usage.ru_utime) + seconds(usage.ru_stime));
  double pages = 0, resident = 0;
  std::istringstream(ReadText("/proc/self/statm")) >> pages >> resident;
  const auto page_size = static_cast<double>(sysconf(_SC_PAGESIZE));
  page.Add("process_resident_memory_bytes", "gauge", "Memory in use.", resident * page_size);
  page.Add("process_virtual_memory_bytes", "gauge", "Address space in use.", pages * page_size);
  rlimit limit{};
  getrlimit(RLIMIT_AS, &limit);
  page.Add("process_virtual_memory_max_bytes", "gauge", "Address space allowed; -1: no limit.",
           limit.rlim_cur == RLIM_INFINITY ? 18446744073709551615.0 : static_cast<double>(limit.rlim_cur));
  getrlimit(RLIMIT_NOFILE, &limit);
  page.Add("process_max_fds", "gauge", "Files that may be open.", static_cast<double>(limit.rlim_cur));
  page.Add("process_open_fds", "gauge", "Files that are open.", OpenFiles());
  static const double began = StartTime();
  page.Add("process_start_time_seconds", "gauge", "When the process began, since 1970.", began);
  const std::string netstat = ReadText("/proc/self/net/netstat");
  page.Add("process_network_receive_bytes_total", "counter", "Bytes received in the network namespace.",
           NetworkBytes(netstat, "IpExt:", "InOctets"));
  page.Add("process_network_transmit_bytes_total", "counter", "Bytes sent in the network namespace.",
           NetworkBytes(netstat, "IpExt:", "OutOctets"));
  page.Family("kubernetes_build_info", "gauge", "The release whose API this is.")
      .Sample("", std::vector<string_view>{"git_version", "major", "minor", "platform"},
              std::vector<string_view>{base::kKubernetesVersion, "1", "35", "linux/amd64"}, 1);
  page.Family("version_info", "gauge", "The versions that the server speaks.")
      .Sample("", std::vector<string_view>{"binary", "component", "emulation", "min_compat"},
              std::vector<string_view>{string_view(base::kKubernetesVersion).substr(1), "kube", "1.35", "1.34"}, 1);
}

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
  MetricsWriter& init =
      page.Family("apiserver_init_events_total", "counter", "Events that told watchers what there was when they came.");
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
    init.Sample("", kLabels, labels, static_cast<double>(traffic.init_events));
  }
  page.Add("skiff_watch_cache_revision", "gauge", "Store revision that the watch cache shows.",
           static_cast<double>(cache.revision()));
  const cache::FrameCounters frames = cache::FrameCounts();
  page.Add("skiff_watch_frames_encoded_total", "counter", "Watch frames made.", static_cast<double>(frames.encoded));
  page.Add("skiff_watch_frames_served_total", "counter", "Watch frames handed to watchers.",
           static_cast<double>(frames.served));
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

}  // namespace

std::string MetricsText(registry::Registry& registry) {
  Page page;
  Process(page);
  WatchCache(page, *registry.environment().cache, *registry.environment().resources);
  Addresses(page, registry);
  NodePorts(page, registry);
  ApiServices(page, registry);
  return page.Text();
}

}  // namespace apiserver
