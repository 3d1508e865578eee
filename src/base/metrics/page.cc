#include "base/metrics/page.h"

#include <dirent.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "base/metrics/features.h"
#include "base/metrics/runtime.h"
#include "base/metrics/stability.h"
#include "base/version.h"

namespace base {

using absl::string_view;

void MetricsPage::Add(string_view name, string_view type, string_view help, double value) {
  MetricsWriter writer;
  writer.Family(name, type, help);
  writer.Sample(value);
  texts_[std::string(name)] = writer.Take();
}

MetricsWriter& MetricsPage::Family(string_view name, string_view type, string_view help) {
  MetricsWriter& writer = open_[std::string(name)];
  writer.Family(name, type, help);
  return writer;
}

namespace {

// How many families there are, by how steady they are. None is hidden, and none can be switched off.
void AddCounts(const std::map<std::string, std::string>& texts, MetricsPage& page) {
  page.Add("disabled_metrics_total", "counter", "Metrics that are switched off.", 0);
  page.Add("hidden_metrics_total", "counter", "Metrics that are not shown any more.", 0);
  page.Add("cardinality_enforcement_unexpected_categorizations_total", "counter",
           "Label values that were told as one for being unexpected.", 0);
  std::map<string_view, double> counts;
  for (const auto& [name, text] : texts) {
    if (const string_view stability = StabilityOf(name); !stability.empty()) ++counts[stability];
  }
  constexpr string_view kLabels[] = {"deprecated_version", "stability_level"};
  MetricsWriter& writer = page.Family("registered_metrics_total", "counter", "Metrics that there are, by how steady they are.");
  for (const auto& [stability, count] : counts) {
    const string_view labels[] = {"", stability};
    writer.Sample("", kLabels, labels, count);
  }
}

}  // namespace

std::string MetricsPage::Text() {
  for (const MetricFamily* family : AllMetrics()) {
    MetricsWriter writer;
    family->Write(writer);
    texts_[family->name()] = writer.Take();
  }
  for (auto& [name, writer] : open_) texts_[name] = writer.Take();
  open_.clear();
  AddCounts(texts_, *this);
  for (auto& [name, writer] : open_) texts_[name] = writer.Take();
  std::string all;
  for (const auto& [name, text] : texts_) all += text;
  return all;
}

namespace {

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

// process_*
void AddProcess(MetricsPage& page) {
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
}

}  // namespace

void AddBuild(MetricsPage& page) {
  page.Family("kubernetes_build_info", "gauge", "The release whose API this is.")
      .Sample("", std::vector<string_view>{"git_version", "major", "minor", "platform"},
              std::vector<string_view>{kKubernetesVersion, "1", "35", "linux/amd64"}, 1);
}

void AddDaemon(MetricsPage& page) {
  AddProcess(page);
  AddRuntime(page);
  AddFeatures(page);
  page.Family("version_info", "gauge", "The versions that the daemon speaks.")
      .Sample("", std::vector<string_view>{"binary", "component", "emulation", "min_compat"},
              std::vector<string_view>{string_view(kKubernetesVersion).substr(1), "kube", "1.35", "1.34"}, 1);
}

}  // namespace base
