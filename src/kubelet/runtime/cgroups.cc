#include "kubelet/runtime/cgroups.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/file.h"
#include "kubelet/runtime/shim/record.h"

namespace kubelet {
namespace {

bool Write(const std::string& path, absl::string_view text) {
  const int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool ok = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  close(fd);
  return ok;
}

std::string Read(const std::string& path) {
  std::string text;
  ReadWholeFile(path, &text);
  return text;
}

uint64_t ReadNumber(const std::string& path) { return strtoull(Read(path).c_str(), nullptr, 10); }

// The number after `key ` at the start of a line.
uint64_t Entry(const std::string& text, absl::string_view key) {
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(line, absl::MaxSplits(' ', 1));
    uint64_t value;
    if (parts.first == key && absl::SimpleAtoi(parts.second, &value)) return value;
  }
  return 0;
}

std::vector<std::string> Subdirs(const std::string& path) {
  std::vector<std::string> names;
  if (DIR* dir = opendir(path.c_str())) {
    while (dirent* entry = readdir(dir)) {
      if (entry->d_type == DT_DIR && entry->d_name[0] != '.') names.push_back(entry->d_name);
    }
    closedir(dir);
  }
  return names;
}

void RemoveTree(const std::string& path) {
  for (const std::string& name : Subdirs(path)) RemoveTree(absl::StrCat(path, "/", name));
  rmdir(path.c_str());
}

void CollectProcesses(const std::string& path, std::vector<int>* pids) {
  for (absl::string_view line : absl::StrSplit(Read(path + "/cgroup.procs"), '\n', absl::SkipEmpty())) {
    int pid;
    if (absl::SimpleAtoi(line, &pid) && pid > 0) pids->push_back(pid);
  }
  for (const std::string& name : Subdirs(path)) CollectProcesses(absl::StrCat(path, "/", name), pids);
}

// cpu.weight of version 2 for cpu.shares of version 1: the mapping container runtimes agree on.
int64_t WeightFromShares(int64_t shares) {
  return 1 + (std::clamp<int64_t>(shares, 2, 262144) - 2) * 9999 / 262142;
}

}  // namespace

std::string PodCgroup(QosClass qos, const std::string& pod_uid) {
  const char* level = qos == QosClass::kBurstable ? "burstable/" : qos == QosClass::kBestEffort ? "besteffort/" : "";
  return absl::StrCat("kubepods/", level, "pod", pod_uid);
}

Cgroups Cgroups::Detect(std::string parent, std::string mount_point) {
  Cgroups found;
  found.parent_ = std::move(parent);
  if (access((mount_point + "/cgroup.controllers").c_str(), F_OK) == 0) {
    found.mode_ = "v2";
    found.hierarchies_.push_back({"", mount_point});
    return found;
  }
  // The freezer stays out: every hierarchy a process joins costs an RCU grace period.
  for (const char* controller : {"memory", "cpu", "cpuacct", "pids"}) {
    const std::string root = absl::StrCat(mount_point, "/", controller);
    if (access((root + "/cgroup.procs").c_str(), W_OK) != 0) continue;
    struct stat st, other;
    bool same = false;  // cpu and cpuacct are often one mount
    for (const Hierarchy& h : found.hierarchies_) {
      same = same || (stat(root.c_str(), &st) == 0 && stat(h.root.c_str(), &other) == 0 && st.st_ino == other.st_ino &&
                      st.st_dev == other.st_dev);
    }
    if (!same) found.hierarchies_.push_back({controller, root});
  }
  if (!found.hierarchies_.empty()) found.mode_ = "v1";
  return found;
}

std::string Cgroups::Dir(const Hierarchy& h, const std::string& group) const {
  return group.empty() ? absl::StrCat(h.root, parent_) : absl::StrCat(h.root, parent_, "/", group);
}

const Cgroups::Hierarchy* Cgroups::Find(const char* controller) const {
  for (const Hierarchy& h : hierarchies_) {
    if (h.controller.empty() || h.controller == controller) return &h;
  }
  return nullptr;
}

absl::Status Cgroups::Create(const std::string& group, const CgroupLimits& limits) const {
  for (const Hierarchy& h : hierarchies_) {
    const std::string dir = Dir(h, group);
    if (mode_ == "v2") {  // controllers are handed down level by level
      std::string at = h.root;
      for (absl::string_view part : absl::StrSplit(dir.substr(h.root.size()), '/', absl::SkipEmpty())) {
        for (const char* c : {"+cpu", "+memory", "+pids", "+io"}) Write(at + "/cgroup.subtree_control", c);
        absl::StrAppend(&at, "/", part);
        mkdir(at.c_str(), 0755);
      }
    } else if (absl::Status made = base::MakeDirs(dir); !made.ok()) {
      return made;
    }
    if (access(dir.c_str(), F_OK) != 0) return base::ErrnoStatus(absl::StrCat("create cgroup ", dir));
  }
  const Hierarchy* cpu = Find("cpu");
  const Hierarchy* memory = Find("memory");
  const Hierarchy* pids = Find("pids");
  const bool v2 = mode_ == "v2";
  if (cpu != nullptr && limits.cpu_shares > 0) {
    const std::string dir = Dir(*cpu, group);
    if (v2) Write(dir + "/cpu.weight", absl::StrCat(WeightFromShares(limits.cpu_shares)));
    else Write(dir + "/cpu.shares", absl::StrCat(limits.cpu_shares));
  }
  if (cpu != nullptr && limits.cpu_quota_us > 0) {
    const std::string dir = Dir(*cpu, group);
    if (v2) {
      Write(dir + "/cpu.max", absl::StrCat(limits.cpu_quota_us, " ", limits.cpu_period_us));
    } else {
      Write(dir + "/cpu.cfs_period_us", absl::StrCat(limits.cpu_period_us));
      Write(dir + "/cpu.cfs_quota_us", absl::StrCat(limits.cpu_quota_us));
    }
  }
  if (memory != nullptr && limits.memory > 0) {
    const std::string dir = Dir(*memory, group);
    Write(dir + (v2 ? "/memory.max" : "/memory.limit_in_bytes"), absl::StrCat(limits.memory));
    if (v2) Write(dir + "/memory.oom.group", "1");
    else Write(dir + "/memory.memsw.limit_in_bytes", absl::StrCat(limits.memory));
  }
  if (pids != nullptr && limits.pids > 0) Write(Dir(*pids, group) + "/pids.max", absl::StrCat(limits.pids));
  return absl::OkStatus();
}

void Cgroups::Remove(const std::string& group) const {
  for (const Hierarchy& h : hierarchies_) RemoveTree(Dir(h, group));
}

std::vector<int> Cgroups::Processes(const std::string& group) const {
  std::vector<int> pids;
  if (!hierarchies_.empty()) CollectProcesses(Dir(hierarchies_.front(), group), &pids);
  return pids;
}

void Cgroups::KillAll(const std::string& group) const {
  if (mode_ == "v2" && Write(Dir(hierarchies_.front(), group) + "/cgroup.kill", "1")) return;
  for (int pid : Processes(group)) kill(pid, SIGKILL);
}

std::vector<std::string> Cgroups::ProcsFiles(const std::string& group) const {
  std::vector<std::string> files;
  for (const Hierarchy& h : hierarchies_) files.push_back(Dir(h, group) + "/cgroup.procs");
  return files;
}

std::string Cgroups::OomFile(const std::string& group) const {
  const Hierarchy* memory = Find("memory");
  if (memory == nullptr) return "";
  return Dir(*memory, group) + (mode_ == "v2" ? "/memory.events" : "/memory.oom_control");
}

std::vector<std::string> Cgroups::Mounts(const std::string& group) const {
  std::vector<std::string> mounts;
  if (mode_ != "v1") return mounts;
  for (const Hierarchy& h : hierarchies_) mounts.push_back(absl::StrCat(h.controller, "=", Dir(h, group)));
  return mounts;
}

CgroupUsage Cgroups::Usage(const std::string& group) const {
  CgroupUsage usage;
  UsageDetail& detail = usage.detail;
  if (mode_ == "v2") {
    const std::string dir = Dir(hierarchies_.front(), group);
    const std::string cpu = Read(dir + "/cpu.stat"), stat = Read(dir + "/memory.stat");
    usage.cpu_nanos = Entry(cpu, "usage_usec") * 1000;
    detail.cpu_user_nanos = Entry(cpu, "user_usec") * 1000;
    detail.cpu_system_nanos = Entry(cpu, "system_usec") * 1000;
    detail.periods = Entry(cpu, "nr_periods");
    detail.throttled_periods = Entry(cpu, "nr_throttled");
    detail.throttled_nanos = Entry(cpu, "throttled_usec") * 1000;
    usage.memory_bytes = ReadNumber(dir + "/memory.current");
    usage.rss_bytes = Entry(stat, "anon");
    detail.cache_bytes = Entry(stat, "file");
    detail.mapped_file_bytes = Entry(stat, "file_mapped");
    detail.inactive_file_bytes = Entry(stat, "inactive_file");
    detail.active_file_bytes = Entry(stat, "active_file");
    detail.swap_bytes = ReadNumber(dir + "/memory.swap.current");
    detail.most_bytes = ReadNumber(dir + "/memory.peak");
    detail.memory_failures = Entry(Read(dir + "/memory.events"), "max");
    detail.threads = ReadNumber(dir + "/pids.current");
    usage.working_set_bytes = usage.memory_bytes - std::min(usage.memory_bytes, detail.inactive_file_bytes);
    return usage;
  }
  if (const Hierarchy* spent = Find("cpuacct"); spent != nullptr) {
    const std::string dir = Dir(*spent, group);
    const uint64_t tick = 1000000000ull / static_cast<uint64_t>(sysconf(_SC_CLK_TCK));
    const std::string stat = Read(dir + "/cpuacct.stat");
    usage.cpu_nanos = ReadNumber(dir + "/cpuacct.usage");
    detail.cpu_user_nanos = Entry(stat, "user") * tick;
    detail.cpu_system_nanos = Entry(stat, "system") * tick;
  }
  if (const Hierarchy* cpu = Find("cpu"); cpu != nullptr) {
    const std::string stat = Read(Dir(*cpu, group) + "/cpu.stat");
    detail.periods = Entry(stat, "nr_periods");
    detail.throttled_periods = Entry(stat, "nr_throttled");
    detail.throttled_nanos = Entry(stat, "throttled_time");
  }
  if (const Hierarchy* pids = Find("pids"); pids != nullptr) detail.threads = ReadNumber(Dir(*pids, group) + "/pids.current");
  if (const Hierarchy* memory = Find("memory"); memory != nullptr) {
    const std::string dir = Dir(*memory, group);
    const std::string stat = Read(dir + "/memory.stat");
    usage.memory_bytes = ReadNumber(dir + "/memory.usage_in_bytes");
    usage.rss_bytes = Entry(stat, "total_rss");
    detail.cache_bytes = Entry(stat, "total_cache");
    detail.swap_bytes = Entry(stat, "total_swap");
    detail.mapped_file_bytes = Entry(stat, "total_mapped_file");
    detail.inactive_file_bytes = Entry(stat, "total_inactive_file");
    detail.active_file_bytes = Entry(stat, "total_active_file");
    detail.most_bytes = ReadNumber(dir + "/memory.max_usage_in_bytes");
    detail.memory_failures = ReadNumber(dir + "/memory.failcnt");
    usage.working_set_bytes = usage.memory_bytes - std::min(usage.memory_bytes, detail.inactive_file_bytes);
  }
  return usage;
}

uint64_t Cgroups::NodeWorkingSet() const {
  const std::string info = Read("/proc/meminfo");
  uint64_t total = 0, available = 0;
  for (absl::string_view line : absl::StrSplit(info, '\n')) {
    std::vector<absl::string_view> parts = absl::StrSplit(line, ' ', absl::SkipEmpty());
    uint64_t kib;
    if (parts.size() < 2 || !absl::SimpleAtoi(parts[1], &kib)) continue;
    if (parts[0] == "MemTotal:") total = kib * 1024;
    if (parts[0] == "MemAvailable:") available = kib * 1024;
  }
  return total - std::min(total, available);
}

}  // namespace kubelet
