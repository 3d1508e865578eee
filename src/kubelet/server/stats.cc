#include "kubelet/server/stats.h"

#include <sys/statvfs.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "apimachinery/json.h"
#include "kubelet/node/machine_info.h"
#include "kubelet/pods/pod_util.h"
#include "kubelet/server/metrics_pages.h"
#include "kubelet/runtime/shim/record.h"

namespace kubelet {
namespace {

using apimachinery::Value;

std::string Rfc3339(absl::Time time) { return absl::FormatTime("%Y-%m-%d%ET%H:%M:%SZ", time, absl::UTCTimeZone()); }

Value Int(uint64_t value) { return Value(static_cast<int64_t>(value)); }

Value Cpu(uint64_t nanos, absl::Time now) {
  Value cpu;
  cpu.Set("time", Rfc3339(now));
  cpu.Set("usageCoreNanoSeconds", Int(nanos));
  return cpu;
}

Value MemoryOf(const ContainerUsage& usage, absl::Time now) {
  Value memory;
  memory.Set("time", Rfc3339(now));
  memory.Set("usageBytes", Int(usage.memory_bytes));
  memory.Set("workingSetBytes", Int(usage.working_set_bytes));
  memory.Set("rssBytes", Int(usage.rss_bytes));
  return memory;
}

}  // namespace

uint64_t NodeCpuNanos() {
  std::string text;
  ReadWholeFile("/proc/stat", &text);
  unsigned long long user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0;
  if (sscanf(text.c_str(), "cpu %llu %llu %llu %llu %llu %llu %llu", &user, &nice, &system, &idle, &iowait, &irq, &softirq) < 7) return 0;
  return (user + nice + system + irq + softirq) * (1000000000ull / static_cast<unsigned long long>(sysconf(_SC_CLK_TCK)));
}

std::string SummaryJson(const PodManager& pods, const ContainerRuntime& runtime, const std::string& node_name, const std::string& root_dir) {
  const absl::Time now = absl::Now();
  const MachineInfo machine = ReadMachineInfo(root_dir);
  const MachinePressure pressure = ReadMachinePressure(root_dir);
  Value summary;
  Value& node = summary["node"];
  node.Set("nodeName", node_name);
  node.Set("cpu", Cpu(NodeCpuNanos(), now));
  Value& memory = node["memory"];
  memory.Set("time", Rfc3339(now));
  memory.Set("availableBytes", pressure.memory_available);
  memory.Set("usageBytes", machine.memory - pressure.memory_available);
  memory.Set("workingSetBytes", machine.memory - pressure.memory_available);
  Value& fs = node["fs"];
  fs.Set("time", Rfc3339(now));
  fs.Set("availableBytes", pressure.disk_available);
  fs.Set("capacityBytes", machine.ephemeral_storage);
  fs.Set("usedBytes", machine.ephemeral_storage - pressure.disk_available);
  fs.Set("inodesFree", pressure.inodes_free);
  Value all = Value::MakeArray();
  const std::vector<ContainerUsage> usages = runtime.Usage();
  for (const auto& pod : pods.Pods()) {
    Value entry, containers = Value::MakeArray();
    Value& ref = entry["podRef"];
    ref.Set("name", pod->metadata().name());
    ref.Set("namespace", pod->metadata().namespace_());
    ref.Set("uid", pod->metadata().uid());
    entry.Set("startTime", Rfc3339(FromApiTime(pod->status().starttime())));
    ContainerUsage sum;
    for (const ContainerStatus& run : runtime.ListContainers(pod->metadata().uid())) {
      for (const ContainerUsage& usage : usages) {
        if (usage.container_id != run.id) continue;
        Value c;
        c.Set("name", run.name);
        c.Set("startTime", Rfc3339(run.started_at));
        c.Set("cpu", Cpu(usage.cpu_nanos, now));
        c.Set("memory", MemoryOf(usage, now));
        containers.Append(std::move(c));
        sum.cpu_nanos += usage.cpu_nanos;
        sum.memory_bytes += usage.memory_bytes;
        sum.working_set_bytes += usage.working_set_bytes;
        sum.rss_bytes += usage.rss_bytes;
      }
    }
    if (containers.empty()) continue;
    entry.Set("containers", std::move(containers));
    entry.Set("cpu", Cpu(sum.cpu_nanos, now));
    entry.Set("memory", MemoryOf(sum, now));
    all.Append(std::move(entry));
  }
  summary.Set("pods", std::move(all));
  return apimachinery::WriteJsonIndented(summary, " ");
}

}  // namespace kubelet
