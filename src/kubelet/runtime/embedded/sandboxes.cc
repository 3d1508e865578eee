// Sandboxes: namespaces, network and control group of a pod, held by a shim.
#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "kubelet/runtime/embedded/embedded_runtime.h"
#include "kubelet/runtime/embedded/exit_watcher.h"
#include "kubelet/runtime/embedded/sandbox_record.h"
#include "kubelet/runtime/embedded/shim_process.h"

namespace kubelet {
namespace {

std::string PodGroup(const SandboxConfig& config) { return PodCgroup(config.qos, config.pod_uid); }

std::string ResolvConf(const SandboxConfig& config) {
  std::string text;
  if (config.host_resolv_conf) {
    ReadWholeFile("/etc/resolv.conf", &text);
    return text;
  }
  if (!config.dns_searches.empty()) absl::StrAppend(&text, "search ", absl::StrJoin(config.dns_searches, " "), "\n");
  for (const std::string& server : config.dns_servers) absl::StrAppend(&text, "nameserver ", server, "\n");
  if (!config.dns_options.empty()) absl::StrAppend(&text, "options ", absl::StrJoin(config.dns_options, " "), "\n");
  return text;
}

// As ReplaceFile, readable by any user of a container.
bool PublicFile(const std::string& path, const std::string& content) {
  return ReplaceFile(path, content) && chmod(path.c_str(), 0644) == 0;
}

}  // namespace

absl::StatusOr<std::string> EmbeddedRuntime::RunShim(const char* kind, const std::string& spec_path) {
  ASSIGN_OR_RETURN(ShimProcess shim, ShimProcess::Start(options_.shim_path, kind, spec_path, {}));
  std::string answer = shim.ReadAnswer();
  shim.Wait();
  if (absl::StartsWith(answer, "ok ")) return answer.substr(3);
  return absl::InternalError(absl::StartsWith(answer, "error ") ? answer.substr(6) : "the shim ended without an answer");
}

CniAttachment EmbeddedRuntime::AttachmentOf(const Sandbox& sandbox) const {
  return {.container_id = sandbox.status.id,
          .netns = sandbox.pid > 0 ? absl::StrCat("/proc/", sandbox.pid, "/ns/net") : "",
          .pod_namespace = sandbox.config.pod_namespace,
          .pod_name = sandbox.config.pod_name,
          .pod_uid = sandbox.config.pod_uid,
          .ports = sandbox.config.ports};
}

absl::StatusOr<std::string> EmbeddedRuntime::RunPodSandbox(const SandboxConfig& config) {
  if (!config.host_network) RETURN_IF_ERROR(cni_.Ready());
  const std::string id = NewRuntimeId(), dir = SandboxDir(id);
  RETURN_IF_ERROR(base::MakeDirs(dir, 0700));
  Sandbox sandbox;
  sandbox.config = config;
  sandbox.status = {.id = id, .pod_uid = config.pod_uid, .pod_name = config.pod_name, .pod_namespace = config.pod_namespace,
                    .attempt = config.attempt, .created_at = absl::Now()};
  PublicFile(dir + "/hostname", config.hostname + "\n");
  PublicFile(dir + "/resolv.conf", ResolvConf(config));
  ReplaceFile(dir + "/config", EncodeSandbox(config, sandbox.status).Encode());
  SandboxSpecFile spec;
  spec.id = id;
  spec.hostname = config.hostname;
  spec.host_network = config.host_network;
  spec.host_ipc = config.host_ipc;
  spec.share_pid = config.share_pid && !config.host_pid;
  spec.sysctls = config.sysctls;
  spec.tmpfs = config.memory_volumes;
  spec.tmpfs.emplace_back("/dev/shm", "mode=1777,size=65536k");
  spec.pid_file = dir + "/pid";
  ReplaceFile(dir + "/spec", EncodeSpec(spec));
  RETURN_IF_ERROR(cgroups_.Create(PodGroup(config), {.cpu_shares = config.cpu_milli_request * 1024 / 1000,
                                                     .cpu_quota_us = config.cpu_milli_limit * 100,
                                                     .memory = config.memory_limit,
                                                     .pids = options_.pod_pids_limit}));
  absl::StatusOr<std::string> answer = RunShim("sandbox", dir + "/spec");
  if (!answer.ok()) {
    RemoveAll(dir);
    return absl::Status(answer.status().code(), absl::StrCat("failed to start sandbox container: ", answer.status().message()));
  }
  sandbox.pid = atoi(answer->c_str());
  const uint64_t start = ProcessStartTime(sandbox.pid);
  if (!config.host_network) {
    absl::StatusOr<std::vector<std::string>> ips = cni_.Add(AttachmentOf(sandbox));
    if (!ips.ok()) {
      kill(sandbox.pid, SIGKILL);
      RemoveAll(dir);
      cgroups_.Remove(PodGroup(config));
      return absl::Status(ips.status().code(),
                          absl::StrCat("failed to setup network for sandbox \"", id, "\": ", ips.status().message()));
    }
    sandbox.status.ips = *std::move(ips);
    ReplaceFile(dir + "/config", EncodeSandbox(config, sandbox.status).Encode());
  }
  sandbox.status.state = SandboxState::kReady;
  const int pid = sandbox.pid;
  {
    absl::MutexLock lock(&mu_);
    sandboxes_[id] = std::move(sandbox);
  }
  watcher_->Watch(pid, start, [this, id] { SandboxEnded(id); });
  return id;
}

void EmbeddedRuntime::SandboxEnded(const std::string& id) {
  std::string uid;
  {
    absl::MutexLock lock(&mu_);
    auto found = sandboxes_.find(id);
    if (found == sandboxes_.end()) return;
    found->second.status.state = SandboxState::kNotReady;
    found->second.pid = 0;
    uid = found->second.status.pod_uid;
  }
  if (changed_) changed_(uid);
}

absl::Status EmbeddedRuntime::StopPodSandbox(const std::string& id) {
  Sandbox sandbox;
  std::vector<std::string> running;
  {
    absl::MutexLock lock(&mu_);
    auto found = sandboxes_.find(id);
    if (found == sandboxes_.end()) return absl::OkStatus();
    sandbox = found->second;
    for (const auto& [container_id, c] : containers_) {
      if (c.status.sandbox_id == id && c.status.state == ContainerState::kRunning) running.push_back(container_id);
    }
  }
  for (const std::string& container : running) (void)StopContainer(container, absl::ZeroDuration());
  for (const std::string& container : running) WaitForExit(container, absl::Seconds(10));
  if (!sandbox.config.host_network && !sandbox.status.ips.empty()) {
    RETURN_IF_ERROR(cni_.Del(AttachmentOf(sandbox)));
    absl::MutexLock lock(&mu_);
    if (auto found = sandboxes_.find(id); found != sandboxes_.end()) found->second.status.ips.clear();
  }
  if (sandbox.pid > 0) kill(sandbox.pid, SIGKILL);
  absl::MutexLock lock(&mu_);
  if (auto found = sandboxes_.find(id); found != sandboxes_.end()) {
    found->second.status.state = SandboxState::kNotReady;
    found->second.pid = 0;
    found->second.config.ports.clear();
    ReplaceFile(SandboxDir(id) + "/config", EncodeSandbox(found->second.config, found->second.status).Encode());
  }
  return absl::OkStatus();
}

absl::Status EmbeddedRuntime::RemovePodSandbox(const std::string& id) {
  RETURN_IF_ERROR(StopPodSandbox(id));
  std::vector<std::string> containers;
  std::string group;
  bool last = true;
  {
    absl::MutexLock lock(&mu_);
    auto found = sandboxes_.find(id);
    if (found == sandboxes_.end()) return absl::OkStatus();
    group = PodGroup(found->second.config);
    for (const auto& [other, sandbox] : sandboxes_) {
      if (other != id && sandbox.status.pod_uid == found->second.status.pod_uid) last = false;
    }
    for (const auto& [container_id, c] : containers_) {
      if (c.status.sandbox_id == id) containers.push_back(container_id);
    }
  }
  for (const std::string& container : containers) RETURN_IF_ERROR(RemoveContainer(container, true));
  RemoveAll(SandboxDir(id));
  if (last) cgroups_.Remove(group);
  absl::MutexLock lock(&mu_);
  sandboxes_.erase(id);
  return absl::OkStatus();
}

std::vector<SandboxStatus> EmbeddedRuntime::ListSandboxes(absl::string_view pod_uid) const {
  absl::MutexLock lock(&mu_);
  std::vector<SandboxStatus> all;
  for (const auto& [id, sandbox] : sandboxes_) {
    if (pod_uid.empty() || sandbox.status.pod_uid == pod_uid) all.push_back(sandbox.status);
  }
  return all;
}

}  // namespace kubelet
