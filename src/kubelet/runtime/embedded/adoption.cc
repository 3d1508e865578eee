// Finding again, after a restart, what an earlier kubelet started.
#include <dirent.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "kubelet/runtime/embedded/embedded_runtime.h"
#include "kubelet/runtime/embedded/exit_watcher.h"
#include "kubelet/runtime/embedded/sandbox_record.h"
#include "kubelet/runtime/embedded/shim_process.h"

namespace kubelet {
namespace {

std::vector<std::string> Subdirs(const std::string& path) {
  std::vector<std::string> names;
  if (DIR* dir = opendir(path.c_str())) {
    while (dirent* entry = readdir(dir)) {
      if (entry->d_name[0] != '.') names.push_back(entry->d_name);
    }
    closedir(dir);
  }
  return names;
}

}  // namespace

absl::Status EmbeddedRuntime::Adopt() {
  for (const std::string& id : Subdirs(options_.root_dir + "/runtime/sandboxes")) AdoptSandbox(id);
  for (const std::string& id : Subdirs(options_.root_dir + "/runtime/containers")) AdoptContainer(id);
  return absl::OkStatus();
}

void EmbeddedRuntime::AdoptSandbox(const std::string& id) {
  std::string text;
  Record config, pid;
  Sandbox sandbox;
  if (!ReadWholeFile(SandboxDir(id) + "/config", &text) || !Record::Decode(text, &config)) {
    RemoveAll(SandboxDir(id));  // killed while it was being made: nothing ran yet
    return;
  }
  DecodeSandbox(config, &sandbox.config, &sandbox.status);
  sandbox.status.id = id;
  uint64_t start = 0;
  if (ReadWholeFile(SandboxDir(id) + "/pid", &text) && Record::Decode(text, &pid)) {
    sandbox.pid = static_cast<int>(pid.GetInt("pid"));
    start = static_cast<uint64_t>(pid.GetInt("start_time"));
  }
  const bool alive = start != 0 && ProcessStartTime(sandbox.pid) == start;
  const bool has_network = sandbox.config.host_network || !sandbox.status.ips.empty();
  sandbox.status.state = alive && has_network ? SandboxState::kReady : SandboxState::kNotReady;
  {
    absl::MutexLock lock(&mu_);
    sandboxes_[id] = sandbox;
  }
  if (alive) watcher_->Watch(sandbox.pid, start, [this, id] { SandboxEnded(id); });
}

void EmbeddedRuntime::AdoptContainer(const std::string& id) {
  std::string text;
  Record info, pid;
  if (!ReadWholeFile(ContainerDir(id) + "/info", &text) || !Record::Decode(text, &info)) {
    RemoveAll(ContainerDir(id));
    return;
  }
  Container c;
  ContainerStatus& s = c.status;
  s.id = id;
  s.sandbox_id = info.Get("sandbox");
  s.pod_uid = info.Get("pod_uid");
  s.name = info.Get("name");
  s.attempt = static_cast<uint32_t>(info.GetInt("attempt"));
  s.image = info.Get("image");
  s.image_id = info.Get("image_id");
  s.log_path = info.Get("log_path");
  s.created_at = absl::FromUnixNanos(info.GetInt("created"));
  s.reason = info.Get("reason");
  s.message = info.Get("message");
  c.group = info.Get("group");
  const std::vector<std::string> names = info.All("label_name"), values = info.All("label_value");
  for (size_t i = 0; i < names.size() && i < values.size(); ++i) s.labels[names[i]] = values[i];
  s.state = ContainerState::kCreated;
  uint64_t start = 0;
  if (ReadWholeFile(ContainerDir(id) + "/pid", &text) && Record::Decode(text, &pid)) {
    c.pid = static_cast<int>(pid.GetInt("pid"));
    c.shim_pid = static_cast<int>(pid.GetInt("shim_pid"));
    start = static_cast<uint64_t>(pid.GetInt("shim_start_time"));
    s.started_at = absl::FromUnixNanos(info.GetInt("started", info.GetInt("created")));
    s.state = ContainerState::kRunning;
  } else if (s.reason == "StartError") {
    s.state = ContainerState::kExited;
    s.exit_code = 128;
    s.finished_at = s.created_at;
  }
  const bool running = s.state == ContainerState::kRunning;
  {
    absl::MutexLock lock(&mu_);
    containers_[id] = std::move(c);
  }
  if (!running) return;
  int shim_pid = 0;
  {
    absl::MutexLock lock(&mu_);
    shim_pid = containers_[id].shim_pid;
  }
  if (access((ContainerDir(id) + "/exit").c_str(), F_OK) == 0 || ProcessStartTime(shim_pid) != start) {
    ContainerEnded(id);
  } else {
    watcher_->Watch(shim_pid, start, [this, id] { ContainerEnded(id); });
  }
}

}  // namespace kubelet
