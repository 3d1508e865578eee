#include "kubelet/runtime/embedded/embedded_runtime.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/rng.h"
#include "base/status_macros.h"
#include "kubelet/runtime/embedded/exit_watcher.h"
#include "kubelet/runtime/embedded/shim_process.h"
#include "kubelet/runtime/images/image_name.h"
#include "kubelet/runtime/images/puller.h"
#include "kubelet/runtime/shim/record.h"

namespace kubelet {
namespace {

std::string NewId() {
  std::string id;
  base::Rng rng = base::Rng::FromEntropy();
  for (int i = 0; i < 4; ++i) absl::StrAppend(&id, absl::Hex(rng.Next(), absl::kZeroPad16));
  return id;
}

std::string PodGroup(const SandboxConfig& config) { return PodCgroup(config.qos, config.pod_uid); }

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

absl::Status NotFound(absl::string_view what, absl::string_view id) {
  return absl::NotFoundError(absl::StrCat(what, " \"", id, "\" not found"));
}

Record EncodeSandbox(const SandboxConfig& c, const SandboxStatus& s) {
  Record r;
  r.Add("uid", c.pod_uid);
  r.Add("name", c.pod_name);
  r.Add("namespace", c.pod_namespace);
  r.AddInt("attempt", c.attempt);
  r.Add("hostname", c.hostname);
  r.Add("log_directory", c.log_directory);
  r.AddBool("host_network", c.host_network);
  r.AddBool("host_pid", c.host_pid);
  r.AddBool("host_ipc", c.host_ipc);
  r.AddBool("share_pid", c.share_pid);
  r.AddInt("qos", static_cast<int>(c.qos));
  for (const PortMapping& port : c.ports) {
    r.Add("port", absl::StrCat(port.host_port, " ", port.container_port, " ", port.protocol, " ", port.host_ip));
  }
  r.AddInt("created", absl::ToUnixNanos(s.created_at));
  for (const std::string& ip : s.ips) r.Add("ip", ip);
  return r;
}

void DecodeSandbox(const Record& r, SandboxConfig* c, SandboxStatus* s) {
  c->pod_uid = s->pod_uid = r.Get("uid");
  c->pod_name = s->pod_name = r.Get("name");
  c->pod_namespace = s->pod_namespace = r.Get("namespace");
  c->attempt = s->attempt = static_cast<uint32_t>(r.GetInt("attempt"));
  c->hostname = r.Get("hostname");
  c->log_directory = r.Get("log_directory");
  c->host_network = r.GetBool("host_network");
  c->host_pid = r.GetBool("host_pid");
  c->host_ipc = r.GetBool("host_ipc");
  c->share_pid = r.GetBool("share_pid");
  c->qos = static_cast<QosClass>(r.GetInt("qos"));
  for (const std::string& text : r.All("port")) {
    const std::vector<std::string> parts = absl::StrSplit(text, ' ');
    if (parts.size() == 4) c->ports.push_back({atoi(parts[0].c_str()), atoi(parts[1].c_str()), parts[2], parts[3]});
  }
  s->created_at = absl::FromUnixNanos(r.GetInt("created"));
  s->ips = r.All("ip");
}

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

EmbeddedRuntime::EmbeddedRuntime(EmbeddedOptions options)
    : options_(std::move(options)), cgroups_(Cgroups::Detect(options_.cgroup_root)), cni_(options_.cni),
      watcher_(std::make_unique<ExitWatcher>()) {}

EmbeddedRuntime::~EmbeddedRuntime() { watcher_.reset(); }

absl::StatusOr<std::unique_ptr<EmbeddedRuntime>> EmbeddedRuntime::Open(EmbeddedOptions options) {
  if (options.shim_path.empty()) {
    char path[4096];
    const ssize_t n = readlink("/proc/self/exe", path, sizeof path);
    const std::string self(path, n > 0 ? static_cast<size_t>(n) : 0);
    options.shim_path = self.substr(0, self.rfind('/')) + "/kubelet-shim";
  }
  if (access(options.shim_path.c_str(), X_OK) != 0) return base::ErrnoStatus(absl::StrCat("find ", options.shim_path));
  std::unique_ptr<EmbeddedRuntime> runtime(new EmbeddedRuntime(std::move(options)));
  const std::string& root = runtime->options_.root_dir;
  RETURN_IF_ERROR(base::MakeDirs(root, 0711));
  RETURN_IF_ERROR(base::MakeDirs(root + "/runtime/sandboxes", 0700));
  RETURN_IF_ERROR(base::MakeDirs(root + "/runtime/containers", 0711));
  RemoveAll(root + "/runtime/exec");
  RETURN_IF_ERROR(base::MakeDirs(root + "/runtime/exec", 0700));
  ASSIGN_OR_RETURN(runtime->images_, ImageStore::Open(root + "/images"));
  RETURN_IF_ERROR(runtime->Adopt());
  return runtime;
}

RuntimeVersion EmbeddedRuntime::Version() const { return {"skiff", "1.35.0"}; }
absl::Status EmbeddedRuntime::NetworkReady() const { return cni_.Ready(); }
void EmbeddedRuntime::OnChange(std::function<void(const std::string&)> changed) { changed_ = std::move(changed); }

// ---- adoption ----

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

// ---- sandboxes ----

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
  const std::string id = NewId(), dir = SandboxDir(id);
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

// ---- containers ----

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
  int sandbox_pid = 0;
  {
    absl::MutexLock lock(&mu_);
    auto found = sandboxes_.find(sandbox_id);
    if (found == sandboxes_.end() || found->second.status.state != SandboxState::kReady) {
      return absl::FailedPreconditionError(absl::StrCat("sandbox container \"", sandbox_id, "\" is not running"));
    }
    sandbox_pid = found->second.pid;
  }
  const std::optional<StoredImage> image = images_->FindById(config.image_id);
  if (!image.has_value()) return NotFound("image", config.image);
  Container c;
  c.status.id = NewId();
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
  c.group = absl::StrCat(PodGroup(sandbox), "/", c.status.id);
  const std::string id = c.status.id, dir = ContainerDir(id);
  for (const char* sub : {"/upper", "/work", "/rootfs"}) RETURN_IF_ERROR(base::MakeDirs(dir + sub, 0755));
  if (!c.status.log_path.empty()) {
    RETURN_IF_ERROR(base::MakeDirs(c.status.log_path.substr(0, c.status.log_path.rfind('/')), 0755));
  }
  RETURN_IF_ERROR(cgroups_.Create(c.group, {.cpu_shares = config.cpu_shares, .cpu_quota_us = config.cpu_quota_us,
                                            .cpu_period_us = config.cpu_period_us, .memory = config.memory_limit}));
  ASSIGN_OR_RETURN(const ContainerSpecFile spec, BuildSpec(id, c, config, sandbox, *image, sandbox_pid));
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

// ---- images, usage, cleanup ----

absl::StatusOr<std::optional<Image>> EmbeddedRuntime::ImageStatus(const std::string& name) const {
  if (std::optional<StoredImage> image = images_->FindById(name); image.has_value()) return image->image;
  ASSIGN_OR_RETURN(const ImageName parsed, ParseImageName(name));
  const std::optional<StoredImage> image = images_->FindByName(parsed.ToString());
  return image.has_value() ? std::make_optional(image->image) : std::nullopt;
}

absl::StatusOr<Image> EmbeddedRuntime::PullImage(const std::string& name, const std::string& docker_auth_json) {
  ASSIGN_OR_RETURN(const ImageName parsed, ParseImageName(name));
  ASSIGN_OR_RETURN(const StoredImage image, PullWithSkopeo(*images_, parsed, docker_auth_json));
  return image.image;
}

std::vector<Image> EmbeddedRuntime::ListImages() const {
  std::vector<Image> all;
  for (StoredImage& image : images_->List()) all.push_back(std::move(image.image));
  return all;
}

absl::Status EmbeddedRuntime::RemoveImage(const std::string& id) { return images_->Remove(id); }

std::vector<ContainerUsage> EmbeddedRuntime::Usage() const {
  std::vector<std::pair<ContainerStatus, std::string>> running;
  {
    absl::MutexLock lock(&mu_);
    for (const auto& [id, c] : containers_) {
      if (c.status.state == ContainerState::kRunning) running.emplace_back(c.status, c.group);
    }
  }
  std::vector<ContainerUsage> all;
  for (const auto& [status, group] : running) {
    const CgroupUsage used = cgroups_.Usage(group);
    all.push_back({.container_id = status.id, .sandbox_id = status.sandbox_id, .name = status.name, .cpu_nanos = used.cpu_nanos,
                   .memory_bytes = used.memory_bytes, .working_set_bytes = used.working_set_bytes, .rss_bytes = used.rss_bytes});
  }
  return all;
}

void EmbeddedRuntime::RemoveEverything() {
  for (const SandboxStatus& sandbox : ListSandboxes("")) {
    if (absl::Status removed = RemovePodSandbox(sandbox.id); !removed.ok()) {
      base::LogWarning("sandbox not removed id=", sandbox.id, " err=", removed.message());
    }
  }
  for (const ContainerStatus& container : ListContainers("")) (void)RemoveContainer(container.id, false);
  {
    absl::MutexLock lock(&mu_);
    for (const auto& [id, sandbox] : sandboxes_) {  // whose network could not be taken down: its namespace takes it along
      if (sandbox.pid > 0) kill(sandbox.pid, SIGKILL);
    }
  }
  cgroups_.KillAll("kubepods");
  cgroups_.Remove("");
}

}  // namespace kubelet
