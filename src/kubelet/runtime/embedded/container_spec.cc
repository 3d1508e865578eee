// From a container's configuration to what its shim is told.
#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "kubelet/runtime/embedded/capabilities.h"
#include "kubelet/runtime/embedded/embedded_runtime.h"
#include "kubelet/runtime/seccomp/filter.h"

namespace kubelet {
namespace {

std::vector<std::string> HostDevices() {
  std::vector<std::string> names;
  if (DIR* dir = opendir("/dev")) {
    while (dirent* entry = readdir(dir)) {
      if (entry->d_type == DT_CHR || entry->d_type == DT_BLK) names.push_back(entry->d_name);
    }
    closedir(dir);
  }
  return names;
}

bool HasEnv(const std::vector<std::string>& env, absl::string_view name) {
  for (const std::string& entry : env) {
    if (absl::StartsWith(entry, absl::StrCat(name, "="))) return true;
  }
  return false;
}

void SetEnv(std::vector<std::string>* env, absl::string_view name, absl::string_view value) {
  const std::string prefix = absl::StrCat(name, "=");
  for (std::string& entry : *env) {
    if (absl::StartsWith(entry, prefix)) {
      entry = absl::StrCat(prefix, value);
      return;
    }
  }
  env->push_back(absl::StrCat(prefix, value));
}

}  // namespace

absl::StatusOr<ContainerSpecFile> EmbeddedRuntime::BuildSpec(const std::string& id, const Container& container,
                                                             const ContainerConfig& config, const SandboxConfig& sandbox,
                                                             const StoredImage& image, int sandbox_pid) const {
  const std::string dir = ContainerDir(id);
  ContainerSpecFile spec;
  spec.id = id;
  ProcessSpec& p = spec.process;
  p.args = config.command.empty() ? image.config.entrypoint : config.command;
  const std::vector<std::string>& args =
      config.args.empty() && config.command.empty() ? image.config.command : config.args;
  p.args.insert(p.args.end(), args.begin(), args.end());
  p.env = image.config.env;
  if (!HasEnv(p.env, "PATH")) p.env.push_back("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
  SetEnv(&p.env, "HOSTNAME", sandbox.hostname);
  if (config.tty) SetEnv(&p.env, "TERM", "xterm");
  for (const auto& [name, value] : config.env) SetEnv(&p.env, name, value);
  p.cwd = !config.working_dir.empty() ? config.working_dir : !image.config.working_dir.empty() ? image.config.working_dir : "/";
  p.tty = config.tty;
  p.user = image.config.user;
  p.run_as_user = config.run_as_user.value_or(-1);
  p.run_as_group = config.run_as_group.value_or(-1);
  p.groups = config.supplemental_groups;
  p.capabilities = ComputeCapabilities(config.privileged, config.add_capabilities, config.drop_capabilities);
  p.no_new_privileges = config.no_new_privileges;
  if (!config.privileged) {  // which is to be without any bounds
    ASSIGN_OR_RETURN(SeccompFilter filter, SeccompFilterFor(config.seccomp, p.capabilities));
    p.seccomp_filter = std::move(filter.program);
    p.seccomp_flags = filter.flags;
  }
  p.oom_score_adj = config.oom_score_adj;
  p.cgroup_procs = cgroups_.ProcsFiles(container.group);

  spec.layers_dir = images_->LayersDir();
  std::vector<std::string> top_first(image.layers.rbegin(), image.layers.rend());
  spec.lower = top_first.empty() ? ".empty" : absl::StrJoin(top_first, ":");
  spec.state_dir = dir;
  spec.read_only_root = config.read_only_root;
  spec.privileged = config.privileged;
  spec.host_network = sandbox.host_network;
  spec.host_ipc = sandbox.host_ipc;
  spec.stdin = config.stdin;
  spec.stdin_once = config.stdin_once;
  spec.devices = config.privileged ? HostDevices() : std::vector<std::string>{"null", "zero", "full", "random", "urandom", "tty"};
  spec.cgroup_mode = cgroups_.mode();
  spec.cgroup_mounts = cgroups_.Mounts(container.group);
  if (!config.privileged && !config.unmasked_proc) {
    spec.masked_paths = {"/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
                         "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware",
                         "/sys/devices/virtual/powercap"};
    spec.read_only_paths = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"};
  }
  spec.sandbox_pid = sandbox_pid;
  spec.pid_namespace_of = sandbox.host_pid ? -1 : sandbox.share_pid ? sandbox_pid : 0;

  const std::string sandbox_dir = SandboxDir(container.status.sandbox_id);
  if (sandbox.host_ipc) {
    spec.mounts.push_back({.source = "/dev/shm", .target = "/dev/shm"});
  } else {
    spec.mounts.push_back({.source = "/dev/shm", .target = "/dev/shm", .from_sandbox = true});
  }
  const auto overridden = [&](absl::string_view path) {
    for (const Mount& mount : config.mounts) {
      if (mount.container_path == path) return true;
    }
    return false;
  };
  for (const char* file : {"hostname", "resolv.conf"}) {
    const std::string target = absl::StrCat("/etc/", file);
    if (!overridden(target)) {
      spec.mounts.push_back({.source = absl::StrCat(sandbox_dir, "/", file), .target = target,
                             .read_only = config.read_only_root, .is_file = true});
    }
  }
  for (const Mount& mount : config.mounts) {
    bool in_memory = false;
    for (const auto& [path, options] : sandbox.memory_volumes) {
      in_memory = in_memory || mount.host_path == path || absl::StartsWith(mount.host_path, path + "/");
    }
    spec.mounts.push_back({.source = mount.host_path, .target = mount.container_path, .read_only = mount.read_only,
                           .nodev = !mount.allow_devices, .from_sandbox = in_memory});
  }
  // A mount below another one comes after it.
  std::stable_sort(spec.mounts.begin(), spec.mounts.end(), [](const MountSpec& a, const MountSpec& b) {
    return std::count(a.target.begin(), a.target.end(), '/') < std::count(b.target.begin(), b.target.end(), '/');
  });
  spec.oom_file = cgroups_.OomFile(container.group);
  spec.log_path = container.status.log_path;
  spec.log_max_bytes = options_.log_max_bytes;
  spec.log_max_files = options_.log_max_files;
  spec.exit_file = dir + "/exit";
  spec.pid_file = dir + "/pid";
  spec.attach_socket = dir + "/attach";
  return spec;
}

}  // namespace kubelet
