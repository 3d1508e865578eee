// What cAdvisor tells of containers, their pods and the machine, from control groups and the pods' networks.
#include <algorithm>
#include <map>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/metrics/page.h"
#include "kubelet/node/machine_info.h"
#include "kubelet/pods/pod_util.h"
#include "kubelet/runtime/cgroups.h"
#include "kubelet/runtime/net_dev.h"
#include "kubelet/server/metrics_pages.h"
#include "kubelet/server/running_containers.h"

namespace kubelet {
namespace {

using absl::string_view;
using base::MetricsWriter;

double Number(uint64_t value) { return static_cast<double>(value); }
double Seconds(uint64_t nanos) { return static_cast<double>(nanos) / kNanosPerSecond; }

// One thing that has figures: the node, a pod or a container.
struct Subject {
  std::string container, id, image, name, ns, pod;
  absl::Time started;
  ContainerUsage usage;
};

struct Figure {
  string_view name, type, help;
  double (*of)(const Subject& subject);
};

const Figure kFigures[] = {
    {"container_cpu_usage_seconds_total", "counter", "Processor time.", [](const Subject& s) { return Seconds(s.usage.cpu_nanos); }},
    {"container_memory_rss", "gauge", "Memory that no file stands behind.", [](const Subject& s) { return Number(s.usage.rss_bytes); }},
    {"container_memory_usage_bytes", "gauge", "Memory in use.", [](const Subject& s) { return Number(s.usage.memory_bytes); }},
    {"container_memory_working_set_bytes", "gauge", "Memory that cannot be taken back at will.",
     [](const Subject& s) { return Number(s.usage.working_set_bytes); }},
};

// Of what has a control group of its own that is read.
const Figure kDetails[] = {
    {"container_cpu_cfs_periods_total", "counter", "Periods of the processor quota.", [](const Subject& s) { return Number(s.usage.detail->periods); }},
    {"container_cpu_cfs_throttled_periods_total", "counter", "Periods in which the quota was used up.",
     [](const Subject& s) { return Number(s.usage.detail->throttled_periods); }},
    {"container_cpu_cfs_throttled_seconds_total", "counter", "Time spent waiting for the next period.",
     [](const Subject& s) { return Seconds(s.usage.detail->throttled_nanos); }},
    {"container_cpu_system_seconds_total", "counter", "Processor time in the kernel.",
     [](const Subject& s) { return Seconds(s.usage.detail->cpu_system_nanos); }},
    {"container_cpu_user_seconds_total", "counter", "Processor time of programs.",
     [](const Subject& s) { return Seconds(s.usage.detail->cpu_user_nanos); }},
    {"container_memory_cache", "gauge", "Memory that holds files.", [](const Subject& s) { return Number(s.usage.detail->cache_bytes); }},
    {"container_memory_failcnt", "counter", "Times that the memory limit was hit.",
     [](const Subject& s) { return Number(s.usage.detail->memory_failures); }},
    {"container_memory_mapped_file", "gauge", "Memory that maps files.", [](const Subject& s) { return Number(s.usage.detail->mapped_file_bytes); }},
    {"container_memory_max_usage_bytes", "gauge", "Most memory ever in use.", [](const Subject& s) { return Number(s.usage.detail->most_bytes); }},
    {"container_memory_swap", "gauge", "Memory swapped out.", [](const Subject& s) { return Number(s.usage.detail->swap_bytes); }},
    {"container_memory_total_active_file_bytes", "gauge", "Memory that holds files in use.",
     [](const Subject& s) { return Number(s.usage.detail->active_file_bytes); }},
    {"container_memory_total_inactive_file_bytes", "gauge", "Memory that holds files not in use.",
     [](const Subject& s) { return Number(s.usage.detail->inactive_file_bytes); }},
    {"container_threads", "gauge", "Threads.", [](const Subject& s) { return Number(s.usage.detail->threads); }},
};

constexpr string_view kLabels[] = {"container", "id", "image", "name", "namespace", "pod"};
using Values = std::vector<string_view>;
Values LabelsOf(const Subject& s) { return {s.container, s.id, s.image, s.name, s.ns, s.pod}; }

class Page {
 public:
  void Add(const Figure& figure, const Subject& subject) {
    static const auto* const with_cpu = new Values{"container", "cpu", "id", "image", "name", "namespace", "pod"};
    MetricsWriter& writer = Family(figure.name, figure.type, figure.help);
    if (figure.name != "container_cpu_usage_seconds_total") return writer.Sample("", kLabels, LabelsOf(subject), figure.of(subject));
    Values values = LabelsOf(subject);
    values.insert(values.begin() + 1, "total");
    writer.Sample("", *with_cpu, values, figure.of(subject));
  }
  void Add(string_view name, string_view type, string_view help, const Subject& subject, double value) {
    Family(name, type, help).Sample("", kLabels, LabelsOf(subject), value);
  }
  void AddNetwork(const Subject& subject, const InterfaceUsage& interface) {
    static const auto* const labels = new Values{"container", "id", "image", "interface", "name", "namespace", "pod"};
    Values values = LabelsOf(subject);
    values.insert(values.begin() + 3, interface.name);
    const std::tuple<string_view, string_view, uint64_t> figures[] = {
        {"receive_bytes", "Bytes received.", interface.received_bytes},
        {"receive_errors", "Errors while receiving.", interface.received_errors},
        {"receive_packets_dropped", "Packets dropped while receiving.", interface.received_dropped},
        {"receive_packets", "Packets received.", interface.received_packets},
        {"transmit_bytes", "Bytes sent.", interface.sent_bytes},
        {"transmit_errors", "Errors while sending.", interface.sent_errors},
        {"transmit_packets_dropped", "Packets dropped while sending.", interface.sent_dropped},
        {"transmit_packets", "Packets sent.", interface.sent_packets}};
    for (const auto& [name, help, value] : figures) {
      Family(absl::StrCat("container_network_", name, "_total"), "counter", help).Sample("", *labels, values, Number(value));
    }
  }
  MetricsWriter& Family(string_view name, string_view type, string_view help) {
    const auto [writer, fresh] = writers_.try_emplace(std::string(name));
    if (fresh) writer->second.Family(name, type, help);
    return writer->second;
  }
  std::string Text() {
    std::string text;
    for (auto& [name, writer] : writers_) text += writer.Take();
    return text;
  }

 private:
  std::map<std::string, MetricsWriter> writers_;
};

void AddSubject(Page& page, const Subject& subject) {
  for (const Figure& figure : kFigures) page.Add(figure, subject);
  if (subject.usage.detail.has_value()) {
    for (const Figure& figure : kDetails) page.Add(figure, subject);
  }
  page.Add("container_last_seen", "gauge", "When these figures were read, since 1970.", subject,
           static_cast<double>(absl::ToUnixSeconds(absl::Now())));
  page.Add("container_start_time_seconds", "gauge", "When it was started, since 1970.", subject,
           static_cast<double>(absl::ToUnixSeconds(subject.started)));
}

// The limits of a container, as its pod's object has them.
void AddLimits(Page& page, const Subject& subject, const v1::ResourceRequirements& resources) {
  const int64_t limit = MilliCpu(resources, true);
  const int64_t request = resources.requests().contains("cpu") ? MilliCpu(resources, false) : limit;
  page.Add("container_spec_cpu_period", "gauge", "Period of the processor quota, in microseconds.", subject, 100000);
  if (limit > 0) {
    page.Add("container_spec_cpu_quota", "gauge", "Processor quota, in microseconds a period.", subject, static_cast<double>(limit) * 100);
  }
  page.Add("container_spec_cpu_shares", "gauge", "Weight of the container when processors are scarce.", subject,
           static_cast<double>(std::clamp<int64_t>(request * 1024 / 1000, 2, 262144)));
  page.Add("container_spec_memory_limit_bytes", "gauge", "Memory limit; 0: none.", subject, static_cast<double>(Memory(resources, true)));
}

void AddMachine(Page& page, const MachineInfo& machine) {
  const Values names = {"boot_id", "machine_id", "system_uuid"}, values = {machine.boot_id, machine.machine_id, machine.system_uuid};
  page.Family("machine_cpu_cores", "gauge", "Processors of the machine.").Sample("", names, values, machine.cpus);
  page.Family("machine_memory_bytes", "gauge", "Memory of the machine.").Sample("", names, values, static_cast<double>(machine.memory));
  page.Family("machine_scrape_error", "gauge", "1: something of the machine could not be read.").Sample(0);
  page.Family("container_scrape_error", "gauge", "1: something of containers could not be read.").Sample(0);
  page.Family("cadvisor_version_info", "gauge", "What runs below the containers.")
      .Sample("", Values{"kernelVersion", "osVersion"}, Values{machine.kernel, machine.os_image}, 1);
}

}  // namespace

std::string CadvisorMetrics(const MetricsSources& sources) {
  Page page;
  const MachineInfo machine = ReadMachineInfo(sources.root_dir);
  AddMachine(page, machine);
  Subject node;
  node.id = "/";
  node.usage.cpu_nanos = NodeCpuNanos();
  node.usage.working_set_bytes = node.usage.memory_bytes =
      static_cast<uint64_t>(std::max<int64_t>(0, machine.memory - ReadMachinePressure(sources.root_dir).memory_available));
  for (const Figure& figure : kFigures) {
    if (figure.name != "container_memory_rss") page.Add(figure, node);
  }
  for (const InterfaceUsage& interface : ReadInterfaces("/proc/self/net/dev")) page.AddNetwork(node, interface);
  for (const RunningPod& running : FindRunning(sources.pods, sources.runtime)) {
    const v1::Pod& pod = *running.pod;
    Subject whole;
    whole.ns = pod.metadata().namespace_();
    whole.pod = pod.metadata().name();
    whole.id = absl::StrCat("/", PodCgroup(QosOf(pod), pod.metadata().uid()));
    whole.started = FromApiTime(pod.status().starttime());
    for (const RunningContainer& c : running.containers) {
      Subject subject = whole;
      subject.container = c.status.name;
      subject.id = absl::StrCat(whole.id, "/", c.status.id);
      subject.image = c.status.image;
      subject.name = c.status.id;
      subject.started = c.status.started_at;
      subject.usage = c.usage;
      AddSubject(page, subject);
      if (const ContainerPtr spec = FindContainer(pod.spec(), c.status.name); spec != nullptr) AddLimits(page, subject, spec->resources());
      whole.usage.cpu_nanos += c.usage.cpu_nanos;
      whole.usage.memory_bytes += c.usage.memory_bytes;
      whole.usage.working_set_bytes += c.usage.working_set_bytes;
      whole.usage.rss_bytes += c.usage.rss_bytes;
    }
    AddSubject(page, whole);
    if (pod.spec().hostnetwork()) continue;
    for (const InterfaceUsage& interface : sources.runtime.NetworkUsage(running.sandbox_id)) page.AddNetwork(whole, interface);
  }
  return page.Text();
}

}  // namespace kubelet
