#include "kubelet/runtime/hollow/hollow_runtime.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "base/status_macros.h"
#include "kubelet/runtime/images/image_name.h"

namespace kubelet {
namespace {

absl::Status Hollow() { return absl::UnimplementedError("hollow containers run no programs"); }

void EraseValue(std::multimap<std::string, std::string>* map, const std::string& key, const std::string& value) {
  auto range = map->equal_range(key);
  for (auto i = range.first; i != range.second; ++i) {
    if (i->second == value) {
      map->erase(i);
      return;
    }
  }
}

}  // namespace

void HollowRuntime::OnChange(std::function<void(const std::string&)> changed) {
  absl::MutexLock lock(&mu_);
  changed_ = std::move(changed);
}

absl::StatusOr<std::string> HollowRuntime::RunPodSandbox(const SandboxConfig& config) {
  absl::MutexLock lock(&mu_);
  const uint32_t n = ++next_;
  const std::string id = absl::StrFormat("%064x", n);
  SandboxStatus s{.id = id, .pod_uid = config.pod_uid, .pod_name = config.pod_name, .pod_namespace = config.pod_namespace,
                  .attempt = config.attempt, .state = SandboxState::kReady, .created_at = absl::Now()};
  if (!config.host_network) s.ips = {absl::StrCat("10.", 128 + (n >> 16 & 63), ".", n >> 8 & 255, ".", n & 255)};
  sandboxes_[id] = s;
  sandbox_of_.emplace(config.pod_uid, id);
  return id;
}

absl::Status HollowRuntime::StopPodSandbox(const std::string& id) {
  absl::MutexLock lock(&mu_);
  auto found = sandboxes_.find(id);
  if (found == sandboxes_.end()) return absl::OkStatus();
  found->second.state = SandboxState::kNotReady;
  found->second.ips.clear();
  return absl::OkStatus();
}

absl::Status HollowRuntime::RemovePodSandbox(const std::string& id) {
  absl::MutexLock lock(&mu_);
  auto found = sandboxes_.find(id);
  if (found == sandboxes_.end()) return absl::OkStatus();
  const std::string uid = found->second.pod_uid;
  EraseValue(&sandbox_of_, uid, id);
  sandboxes_.erase(found);
  for (auto c = by_pod_.lower_bound(uid); c != by_pod_.end() && c->first == uid;) {
    auto container = containers_.find(c->second);
    if (container != containers_.end() && container->second.sandbox_id == id) {
      containers_.erase(container);
      c = by_pod_.erase(c);
    } else {
      ++c;
    }
  }
  return absl::OkStatus();
}

std::vector<SandboxStatus> HollowRuntime::ListSandboxes(absl::string_view pod_uid) const {
  absl::MutexLock lock(&mu_);
  std::vector<SandboxStatus> all;
  if (pod_uid.empty()) {
    for (const auto& [id, s] : sandboxes_) all.push_back(s);
    return all;
  }
  auto range = sandbox_of_.equal_range(std::string(pod_uid));
  for (auto i = range.first; i != range.second; ++i) all.push_back(sandboxes_.at(i->second));
  return all;
}

absl::StatusOr<std::string> HollowRuntime::CreateContainer(const std::string& sandbox_id, const ContainerConfig& config,
                                                           const SandboxConfig& sandbox) {
  absl::MutexLock lock(&mu_);
  const std::string id = absl::StrFormat("%064x", ++next_);
  ContainerStatus s;
  s.id = id;
  s.sandbox_id = sandbox_id;
  s.pod_uid = sandbox.pod_uid;
  s.name = config.name;
  s.attempt = config.attempt;
  s.state = ContainerState::kCreated;
  s.created_at = absl::Now();
  s.image = config.image;
  s.image_id = config.image_id;
  s.labels = config.labels;
  containers_[id] = s;
  by_pod_.emplace(sandbox.pod_uid, id);
  return id;
}

absl::Status HollowRuntime::StartContainer(const std::string& id) {
  absl::MutexLock lock(&mu_);
  auto found = containers_.find(id);
  if (found == containers_.end()) return absl::NotFoundError(absl::StrCat("container \"", id, "\" not found"));
  found->second.state = ContainerState::kRunning;
  found->second.started_at = absl::Now();
  return absl::OkStatus();
}

absl::Status HollowRuntime::StopContainer(const std::string& id, absl::Duration grace) {
  std::function<void(const std::string&)> changed;
  std::string uid;
  {
    absl::MutexLock lock(&mu_);
    auto found = containers_.find(id);
    if (found == containers_.end() || found->second.state != ContainerState::kRunning) return absl::OkStatus();
    found->second.state = ContainerState::kExited;
    found->second.finished_at = absl::Now();
    found->second.reason = "Completed";
    uid = found->second.pod_uid;
    changed = changed_;
  }
  if (changed) changed(uid);
  return absl::OkStatus();
}

absl::Status HollowRuntime::RemoveContainer(const std::string& id, bool keep_logs) {
  absl::MutexLock lock(&mu_);
  auto found = containers_.find(id);
  if (found == containers_.end()) return absl::OkStatus();
  EraseValue(&by_pod_, found->second.pod_uid, id);
  containers_.erase(found);
  return absl::OkStatus();
}

std::vector<ContainerStatus> HollowRuntime::ListContainers(absl::string_view pod_uid) const {
  absl::MutexLock lock(&mu_);
  std::vector<ContainerStatus> all;
  if (pod_uid.empty()) {
    for (const auto& [id, s] : containers_) all.push_back(s);
    return all;
  }
  auto range = by_pod_.equal_range(std::string(pod_uid));
  for (auto i = range.first; i != range.second; ++i) all.push_back(containers_.at(i->second));
  return all;
}

absl::StatusOr<ContainerStatus> HollowRuntime::GetContainer(const std::string& id) const {
  absl::MutexLock lock(&mu_);
  auto found = containers_.find(id);
  if (found == containers_.end()) return absl::NotFoundError(absl::StrCat("container \"", id, "\" not found"));
  return found->second;
}

absl::StatusOr<ExecResult> HollowRuntime::ExecSync(const std::string& id, const std::vector<std::string>& command, absl::Duration timeout) {
  return ExecResult{};  // probes and hooks succeed
}
absl::StatusOr<std::unique_ptr<StreamSession>> HollowRuntime::Exec(const std::string& id, const ExecRequest& request) { return Hollow(); }
absl::StatusOr<std::unique_ptr<StreamSession>> HollowRuntime::Attach(const std::string& id, bool stdin, bool tty) { return Hollow(); }
absl::StatusOr<int> HollowRuntime::DialPod(const std::string& sandbox_id, int port) { return Hollow(); }

absl::StatusOr<std::optional<Image>> HollowRuntime::ImageStatus(const std::string& name) const {
  ASSIGN_OR_RETURN(const ImageName parsed, ParseImageName(name));
  return Image{.id = "sha256:" + std::string(64, '0'), .names = {parsed.ToString()}};
}

absl::StatusOr<Image> HollowRuntime::PullImage(const std::string& name, const std::string& docker_auth_json) {
  ASSIGN_OR_RETURN(std::optional<Image> image, ImageStatus(name));
  return *image;
}

}  // namespace kubelet
