// Containers of a sandbox, each run by a shim of its own.
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "kubelet/runtime/embedded/embedded_runtime.h"
#include "kubelet/runtime/embedded/exit_watcher.h"
#include "kubelet/runtime/embedded/sandbox_record.h"
#include "kubelet/runtime/embedded/shim_process.h"
#include "kubelet/runtime/images/image_name.h"

namespace kubelet {
namespace {

absl::Status NotFound(absl::string_view what, absl::string_view id) {
  return absl::NotFoundError(absl::StrCat(what, " \"", id, "\" not found"));
}

}  // namespace

void EmbeddedRuntime::SaveInfo(const Container& c) const {
  Record r;
  r.Add("sandbox", c.status.sandbox_id);
  r.Add("pod_uid", c.status.pod_uid);
  r.Add("name", c.status.name);
  r.AddInt("attempt", c.status.attempt);
  r.Add("image", c.status.image);
  r.Add("image_id", c.status.image_id);
  r.Add("log_path", c.status.log_path);
  r.AddInt("created", absl::ToUnixNanos(c.status.created_at));
  r.Add("reason", c.status.reason);
  r.Add("message", c.status.message);
  r.Add("group", c.group);
  for (const auto& [name, value] : c.status.labels) {
    r.Add("label_name", name);
    r.Add("label_value", value);
  }
  ReplaceFile(ContainerDir(c.status.id) + "/info", r.Encode());
}

absl::StatusOr<std::string> EmbeddedRuntime::CreateContainer(const std::string& sandbox_id, const ContainerConfig& config,
                                                             const SandboxConfig& sandbox) {
  int sandbox_pid = 0, target_pid = 0;
  {
    absl::MutexLock lock(&mu_);
    auto found = sandboxes_.find(sandbox_id);
    if (found == sandboxes_.end() || found->second.status.state != SandboxState::kReady) {
      return absl::FailedPreconditionError(absl::StrCat("sandbox container \"", sandbox_id, "\" is not running"));
    }
    sandbox_pid = found->second.pid;
    if (!config.processes_of.empty()) {
      const auto target = containers_.find(config.processes_of);
      if (target == containers_.end() || target->second.status.state != ContainerState::kRunning) {
        return absl::FailedPreconditionError(absl::StrCat("container \"", config.processes_of, "\" is not running"));
      }
      target_pid = target->second.pid;
    }
  }
  const std::optional<StoredImage> image = images_->FindById(config.image_id);
  if (!image.has_value()) return NotFound("image", config.image);
  Container c;
  c.status.id = NewRuntimeId();
  c.status.sandbox_id = sandbox_id;
  c.status.pod_uid = sandbox.pod_uid;
  c.status.name = config.name;
  c.status.attempt = config.attempt;
  c.status.state = ContainerState::kCreated;
  c.status.created_at = absl::Now();
  c.status.image_id = config.image_id;
  c.status.image = image->image.names.empty() ? config.image : image->image.names.front();
  c.status.labels = config.labels;
  if (!config.log_path.empty()) c.status.log_path = absl::StrCat(sandbox.log_directory, "/", config.log_path);
  c.group = absl::StrCat(PodCgroup(sandbox.qos, sandbox.pod_uid), "/", c.status.id);
  const std::string id = c.status.id, dir = ContainerDir(id);
  ASSIGN_OR_RETURN(ContainerSpecFile spec, BuildSpec(id, c, config, sandbox, *image, sandbox_pid));
  if (target_pid > 0 && spec.pid_namespace_of == 0) spec.pid_namespace_of = target_pid;
  for (const char* sub : {"/upper", "/work", "/rootfs"}) RETURN_IF_ERROR(base::MakeDirs(dir + sub, 0755));
  if (!c.status.log_path.empty()) {
    RETURN_IF_ERROR(base::MakeDirs(c.status.log_path.substr(0, c.status.log_path.rfind('/')), 0755));
  }
  RETURN_IF_ERROR(cgroups_.Create(c.group, {.cpu_shares = config.cpu_shares, .cpu_quota_us = config.cpu_quota_us,
                                            .cpu_period_us = config.cpu_period_us, .memory = config.memory_limit}));
  ReplaceFile(dir + "/spec", EncodeSpec(spec));
  SaveInfo(c);
  absl::MutexLock lock(&mu_);
  containers_[id] = std::move(c);
  return id;
}

absl::Status EmbeddedRuntime::StartContainer(const std::string& id) {
  RETURN_IF_ERROR(Find(id).status());
  absl::StatusOr<std::string> answer = RunShim("container", ContainerDir(id) + "/spec");
  if (!answer.ok()) {
    absl::MutexLock lock(&mu_);
    Container& c = containers_[id];
    c.status.state = ContainerState::kExited;
    c.status.exit_code = 128;
    c.status.reason = "StartError";
    c.status.message = absl::StrCat("failed to start container process: ", answer.status().message());
    c.status.finished_at = absl::Now();
    SaveInfo(c);
    return absl::InternalError(c.status.message);
  }
  std::string text;
  Record pid;
  ReadWholeFile(ContainerDir(id) + "/pid", &text);
  Record::Decode(text, &pid);
  int shim_pid = static_cast<int>(pid.GetInt("shim_pid"));
  {
    absl::MutexLock lock(&mu_);
    Container& c = containers_[id];
    c.status.state = ContainerState::kRunning;
    c.status.started_at = absl::Now();
    c.pid = static_cast<int>(pid.GetInt("pid"));
    c.shim_pid = shim_pid;
  }
  watcher_->Watch(shim_pid, static_cast<uint64_t>(pid.GetInt("shim_start_time")), [this, id] { ContainerEnded(id); });
  return absl::OkStatus();
}

void EmbeddedRuntime::ContainerEnded(const std::string& id) {
  std::string text, uid, group;
  ExitRecord exit;
  const bool known = ReadWholeFile(ContainerDir(id) + "/exit", &text) && DecodeExit(text, &exit);
  {
    absl::MutexLock lock(&mu_);
    auto found = containers_.find(id);
    if (found == containers_.end()) return;
    ContainerStatus& s = found->second.status;
    group = found->second.group;
    uid = s.pod_uid;
    s.state = ContainerState::kExited;
    found->second.pid = found->second.shim_pid = 0;
    if (known) {
      s.exit_code = exit.exit_code;
      s.started_at = absl::FromUnixNanos(exit.started_nanos);
      s.finished_at = absl::FromUnixNanos(exit.finished_nanos);
      s.reason = exit.oom_killed ? "OOMKilled" : exit.exit_code == 0 ? "Completed" : "Error";
    } else {  // the supervisor died, and its container with it
      s.exit_code = 137;
      s.finished_at = absl::Now();
      s.reason = "ContainerStatusUnknown";
      s.message = "The container could not be located when the pod was terminated";
    }
  }
  if (!known) cgroups_.KillAll(group);
  if (changed_) changed_(uid);
}

absl::Status EmbeddedRuntime::StopContainer(const std::string& id, absl::Duration grace) {
  ASSIGN_OR_RETURN(const Container c, Find(id));
  if (c.status.state != ContainerState::kRunning || c.pid <= 0) return absl::OkStatus();
  const auto kill_now = [this, id, pid = c.pid, group = c.group] {
    const absl::StatusOr<Container> now = Find(id);
    if (!now.ok() || now->pid != pid) return;  // ended meanwhile
    kill(pid, SIGKILL);
    cgroups_.KillAll(group);  // with a shared pid namespace its children live on otherwise
  };
  if (grace <= absl::ZeroDuration()) {
    kill_now();
    return absl::OkStatus();
  }
  kill(c.pid, SIGTERM);
  watcher_->After(grace, kill_now);
  return absl::OkStatus();
}

bool EmbeddedRuntime::WaitForExit(const std::string& id, absl::Duration limit) const {
  absl::MutexLock lock(&mu_);
  const auto ended = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    auto found = containers_.find(id);
    return found == containers_.end() || found->second.status.state != ContainerState::kRunning;
  };
  return mu_.AwaitWithTimeout(absl::Condition(&ended), limit);
}

absl::Status EmbeddedRuntime::RemoveContainer(const std::string& id, bool keep_logs) {
  absl::StatusOr<Container> c = Find(id);
  if (!c.ok()) return absl::OkStatus();
  if (c->status.state == ContainerState::kRunning) {
    RETURN_IF_ERROR(StopContainer(id, absl::ZeroDuration()));
    if (!WaitForExit(id, absl::Seconds(10))) return absl::DeadlineExceededError(absl::StrCat("container ", id, " does not die"));
  }
  RemoveAll(ContainerDir(id));
  cgroups_.Remove(c->group);
  if (!keep_logs && !c->status.log_path.empty()) unlink(c->status.log_path.c_str());
  absl::MutexLock lock(&mu_);
  containers_.erase(id);
  return absl::OkStatus();
}

absl::StatusOr<EmbeddedRuntime::Container> EmbeddedRuntime::Find(const std::string& id) const {
  absl::MutexLock lock(&mu_);
  auto found = containers_.find(id);
  if (found == containers_.end()) return NotFound("container", id);
  return found->second;
}

std::vector<ContainerStatus> EmbeddedRuntime::ListContainers(absl::string_view pod_uid) const {
  absl::MutexLock lock(&mu_);
  std::vector<ContainerStatus> all;
  for (const auto& [id, c] : containers_) {
    if (pod_uid.empty() || c.status.pod_uid == pod_uid) all.push_back(c.status);
  }
  return all;
}

absl::StatusOr<ContainerStatus> EmbeddedRuntime::GetContainer(const std::string& id) const {
  ASSIGN_OR_RETURN(const Container c, Find(id));
  return c.status;
}

}  // namespace kubelet
