// Opening the runtime, images, usage, cleanup. Sandboxes, containers, sessions and adoption are in files of their own.
#include "kubelet/runtime/embedded/embedded_runtime.h"

#include <signal.h>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "base/version.h"
#include "kubelet/runtime/disk_usage.h"
#include "kubelet/runtime/embedded/exit_watcher.h"
#include "kubelet/runtime/images/image_name.h"
#include "kubelet/runtime/images/puller.h"
#include "kubelet/runtime/net_dev.h"

namespace kubelet {

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

RuntimeVersion EmbeddedRuntime::Version() const { return {"skiff", base::kKubernetesVersion + 1}; }
absl::Status EmbeddedRuntime::NetworkReady() const { return cni_.Ready(); }
void EmbeddedRuntime::OnChange(std::function<void(const std::string&)> changed) { changed_ = std::move(changed); }

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
                   .memory_bytes = used.memory_bytes, .working_set_bytes = used.working_set_bytes, .rss_bytes = used.rss_bytes, .detail = used.detail});
  }
  return all;
}

std::vector<InterfaceUsage> EmbeddedRuntime::NetworkUsage(const std::string& sandbox_id) const {
  int pid = 0;
  {
    absl::MutexLock lock(&mu_);
    const auto found = sandboxes_.find(sandbox_id);
    if (found != sandboxes_.end()) pid = found->second.pid;
  }
  return pid > 0 ? ReadInterfaces(absl::StrCat("/proc/", pid, "/net/dev")) : std::vector<InterfaceUsage>();
}

int64_t EmbeddedRuntime::WritableBytes(const std::string& id) const { return DiskUsage(ContainerDir(id) + "/upper"); }

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
