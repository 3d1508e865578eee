// Control groups, version 1 or 2 as the machine has them. Tree below the parent:
//   PARENT/[burstable|besteffort/]podUID/CONTAINER   (cgroupfs naming, as kubelets use it)
// Resource figures that a kernel lacks a controller for are skipped: containers run without that limit.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "kubelet/runtime/container_runtime.h"

namespace kubelet {

struct CgroupLimits {
  int64_t cpu_shares = 0, cpu_quota_us = 0, cpu_period_us = 100000, memory = 0, pids = 0;  // 0: leave
};

struct CgroupUsage {
  uint64_t cpu_nanos = 0, memory_bytes = 0, working_set_bytes = 0, rss_bytes = 0;
  UsageDetail detail;
};

// Of a pod, relative to the parent.
std::string PodCgroup(QosClass qos, const std::string& pod_uid);

class Cgroups {
 public:
  // Detects what is mounted at `mount_point`. `parent` is a path below it: "/kubelet-node-1".
  static Cgroups Detect(std::string parent, std::string mount_point = "/sys/fs/cgroup");

  const std::string& mode() const { return mode_; }      // "v1", "v2" or "" when nothing is usable
  // `group` is relative to the parent: "burstable/pod1/abc".
  absl::Status Create(const std::string& group, const CgroupLimits& limits) const;
  void Remove(const std::string& group) const;           // with everything below; kills nothing
  void KillAll(const std::string& group) const;          // SIGKILL to every process in it and below
  std::vector<int> Processes(const std::string& group) const;
  std::vector<std::string> ProcsFiles(const std::string& group) const;  // what a process joins by writing
  std::string OomFile(const std::string& group) const;
  // What a container sees at /sys/fs/cgroup: "controller=host directory".
  std::vector<std::string> Mounts(const std::string& group) const;
  CgroupUsage Usage(const std::string& group) const;
  uint64_t NodeWorkingSet() const;

 private:
  struct Hierarchy {
    std::string controller;  // "memory"; "" for the unified one
    std::string root;
  };
  std::string Dir(const Hierarchy& h, const std::string& group) const;
  const Hierarchy* Find(const char* controller) const;

  std::string mode_, parent_;
  std::vector<Hierarchy> hierarchies_;
};

}  // namespace kubelet
