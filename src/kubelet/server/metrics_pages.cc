#include "kubelet/server/metrics_pages.h"

#include <map>

#include "base/metrics/page.h"
#include "kubelet/node/machine_info.h"
#include "kubelet/pods/pod_util.h"
#include "kubelet/server/running_containers.h"

namespace kubelet {
namespace {

using absl::string_view;
using base::MetricsPage;
using base::MetricsWriter;

void AddContainerCounts(MetricsPage& page, const ContainerRuntime& runtime) {
  double running = 0;
  for (const SandboxStatus& sandbox : runtime.ListSandboxes("")) running += sandbox.state == SandboxState::kReady ? 1 : 0;
  page.Add("kubelet_running_pods", "gauge", "Pods whose sandbox runs.", running);
  std::map<string_view, double> states = {{"created", 0}, {"exited", 0}, {"running", 0}, {"unknown", 0}};
  for (const ContainerStatus& c : runtime.ListContainers("")) {
    ++states[c.state == ContainerState::kRunning  ? "running"
             : c.state == ContainerState::kExited ? "exited"
             : c.state == ContainerState::kCreated ? "created"
                                                   : "unknown"];
  }
  constexpr string_view kState[] = {"container_state"};
  MetricsWriter& writer = page.Family("kubelet_running_containers", "gauge", "Containers, by state.");
  for (const auto& [state, count] : states) {
    const string_view label[] = {state};
    writer.Sample("", kState, label, count);
  }
}

void AddPodCounts(MetricsPage& page, const PodManager& pods) {
  double active[2] = {0, 0}, desired[2] = {0, 0};  // of the API, of files
  for (const auto& pod : pods.Pods()) {
    const int from_file = IsStatic(*pod) ? 1 : 0;
    ++desired[from_file];
    if (!IsTerminalPhase(*pod)) ++active[from_file];
  }
  constexpr string_view kStatic[] = {"static"};
  const auto add = [&page, &kStatic](string_view name, string_view help, const double* counts) {
    MetricsWriter& writer = page.Family(name, "gauge", help);
    const string_view of_api[] = {""}, of_file[] = {"true"};
    writer.Sample("", kStatic, of_api, counts[0]);
    writer.Sample("", kStatic, of_file, counts[1]);
  };
  add("kubelet_desired_pods", "Pods that are to run here.", desired);
  add("kubelet_active_pods", "Pods that are not over.", active);
}

}  // namespace

std::string NodeMetrics(const MetricsSources& sources) {
  MetricsPage page;
  base::AddDaemon(page);
  base::AddBuild(page);
  const string_view name[] = {sources.node_name};
  page.Family("kubelet_node_name", "gauge", "The node's name; always 1.").Sample("", std::vector<string_view>{"node"}, name, 1);
  AddContainerCounts(page, sources.runtime);
  AddPodCounts(page, sources.pods);
  return page.Text();
}

std::string ResourceMetrics(const MetricsSources& sources) {
  constexpr string_view kContainer[] = {"container", "namespace", "pod"};
  constexpr string_view kPod[] = {"namespace", "pod"};
  MetricsWriter container_cpu, container_memory, container_start, pod_cpu, pod_memory, node;
  container_cpu.Family("container_cpu_usage_seconds_total", "counter", "Processor time of the container.");
  container_memory.Family("container_memory_working_set_bytes", "gauge", "Memory of the container that cannot be taken back at will.");
  container_start.Family("container_start_time_seconds", "gauge", "When the container was started, since 1970.");
  pod_cpu.Family("pod_cpu_usage_seconds_total", "counter", "Processor time of the pod.");
  pod_memory.Family("pod_memory_working_set_bytes", "gauge", "Memory of the pod that cannot be taken back at will.");
  for (const RunningPod& pod : FindRunning(sources.pods, sources.runtime)) {
    const std::string &ns = pod.pod->metadata().namespace_(), &name = pod.pod->metadata().name();
    double cpu = 0, memory = 0;
    for (const RunningContainer& c : pod.containers) {
      const string_view labels[] = {c.status.name, ns, name};
      container_cpu.Sample("", kContainer, labels, static_cast<double>(c.usage.cpu_nanos) / kNanosPerSecond);
      container_memory.Sample("", kContainer, labels, static_cast<double>(c.usage.working_set_bytes));
      container_start.Sample("", kContainer, labels, absl::ToDoubleSeconds(c.status.started_at - absl::UnixEpoch()));
      cpu += static_cast<double>(c.usage.cpu_nanos) / kNanosPerSecond;
      memory += static_cast<double>(c.usage.working_set_bytes);
    }
    const string_view labels[] = {ns, name};
    pod_cpu.Sample("", kPod, labels, cpu);
    pod_memory.Sample("", kPod, labels, memory);
  }
  const int64_t used = ReadMachineInfo(sources.root_dir).memory - ReadMachinePressure(sources.root_dir).memory_available;
  node.Family("node_cpu_usage_seconds_total", "counter", "Processor time of the node.");
  node.Sample(static_cast<double>(NodeCpuNanos()) / kNanosPerSecond);
  node.Family("node_memory_working_set_bytes", "gauge", "Memory of the node that cannot be taken back at will.");
  node.Sample(static_cast<double>(used));
  std::string text = container_cpu.Take() + container_memory.Take() + container_start.Take() + node.Take() + pod_cpu.Take() + pod_memory.Take();
  MetricsWriter error;
  error.Family("resource_scrape_error", "gauge", "1: something could not be read.");
  error.Sample(0);
  return text + error.Take();
}

}  // namespace kubelet
