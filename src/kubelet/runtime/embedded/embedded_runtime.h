// Real Linux containers with no other daemon. Every sandbox and container has a shim process of its own that outlives
// the kubelet; everything needed to find them again lies on disk:
//
//   ROOT/runtime/sandboxes/ID/   config (what it is), spec (for the shim), pid, hostname, resolv.conf
//   ROOT/runtime/containers/ID/  info (what it is), spec (for the shim), pid, exit, upper/ work/ rootfs/, attach
//   ROOT/images/                 the image store
//   ROOT/cni/                    plugin results and address allocations
//
// A container's file systems are mounted only in its own mount namespace: there is nothing to unmount when it ends.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "absl/synchronization/mutex.h"
#include "kubelet/runtime/cni/cni.h"
#include "kubelet/runtime/container_runtime.h"
#include "kubelet/runtime/cgroups.h"
#include "kubelet/runtime/images/image_store.h"
#include "kubelet/runtime/shim/spec.h"

namespace kubelet {

struct EmbeddedOptions {
  std::string root_dir;
  std::string shim_path;    // empty: kubelet-shim beside our own program
  std::string cgroup_root;  // path below the cgroup mount
  CniOptions cni;
  int64_t log_max_bytes = 10 << 20;
  int log_max_files = 5;
  int64_t pod_pids_limit = 0;  // 0: none
};

class ExitWatcher;

class EmbeddedRuntime final : public ContainerRuntime {
 public:
  // Adopts what an earlier kubelet left running below root_dir.
  static absl::StatusOr<std::unique_ptr<EmbeddedRuntime>> Open(EmbeddedOptions options);
  ~EmbeddedRuntime() override;

  RuntimeVersion Version() const override;
  absl::Status NetworkReady() const override;
  absl::StatusOr<std::string> RunPodSandbox(const SandboxConfig& config) override;
  absl::Status StopPodSandbox(const std::string& id) override;
  absl::Status RemovePodSandbox(const std::string& id) override;
  std::vector<SandboxStatus> ListSandboxes(absl::string_view pod_uid) const override;
  absl::StatusOr<std::string> CreateContainer(const std::string& sandbox_id, const ContainerConfig& config,
                                              const SandboxConfig& sandbox) override;
  absl::Status StartContainer(const std::string& id) override;
  absl::Status StopContainer(const std::string& id, absl::Duration grace) override;
  absl::Status RemoveContainer(const std::string& id, bool keep_logs) override;
  std::vector<ContainerStatus> ListContainers(absl::string_view pod_uid) const override;
  absl::StatusOr<ContainerStatus> GetContainer(const std::string& id) const override;
  absl::StatusOr<ExecResult> ExecSync(const std::string& id, const std::vector<std::string>& command,
                                      absl::Duration timeout) override;
  absl::StatusOr<std::unique_ptr<StreamSession>> Exec(const std::string& id, const ExecRequest& request) override;
  absl::StatusOr<std::unique_ptr<StreamSession>> Attach(const std::string& id, bool stdin, bool tty) override;
  absl::StatusOr<int> DialPod(const std::string& sandbox_id, int port) override;
  absl::StatusOr<std::optional<Image>> ImageStatus(const std::string& name) const override;
  absl::StatusOr<Image> PullImage(const std::string& name, const std::string& docker_auth_json) override;
  std::vector<Image> ListImages() const override;
  absl::Status RemoveImage(const std::string& id) override;
  std::vector<ContainerUsage> Usage() const override;
  std::vector<InterfaceUsage> NetworkUsage(const std::string& sandbox_id) const override;
  int64_t WritableBytes(const std::string& id) const override;
  void OnChange(std::function<void(const std::string&)> changed) override;

  ImageStore& images() { return *images_; }
  // Kills and removes every container and sandbox, takes down the network, removes the cgroups.
  void RemoveEverything();

 private:
  struct Sandbox {
    SandboxStatus status;
    SandboxConfig config;  // the part that is needed after creation
    int pid = 0;
  };
  struct Container {
    ContainerStatus status;
    std::string group;  // cgroup
    int pid = 0, shim_pid = 0;
    bool attachable_tty = false;
  };

  explicit EmbeddedRuntime(EmbeddedOptions options);
  std::string SandboxDir(const std::string& id) const { return options_.root_dir + "/runtime/sandboxes/" + id; }
  std::string ContainerDir(const std::string& id) const { return options_.root_dir + "/runtime/containers/" + id; }
  absl::Status Adopt();
  void AdoptSandbox(const std::string& id);
  void AdoptContainer(const std::string& id);
  absl::StatusOr<std::string> RunShim(const char* kind, const std::string& spec_path);
  absl::StatusOr<ContainerSpecFile> BuildSpec(const std::string& id, const Container& container, const ContainerConfig& config,
                                              const SandboxConfig& sandbox, const StoredImage& image, int sandbox_pid) const;
  void ContainerEnded(const std::string& id);
  void SandboxEnded(const std::string& id);
  CniAttachment AttachmentOf(const Sandbox& sandbox) const;
  absl::StatusOr<Container> Find(const std::string& id) const;
  void SaveInfo(const Container& container) const;
  bool WaitForExit(const std::string& id, absl::Duration limit) const;

  const EmbeddedOptions options_;
  const Cgroups cgroups_;
  const Cni cni_;
  std::unique_ptr<ImageStore> images_;
  std::unique_ptr<ExitWatcher> watcher_;
  std::function<void(const std::string&)> changed_;
  mutable absl::Mutex mu_;
  std::map<std::string, Sandbox> sandboxes_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, Container> containers_ ABSL_GUARDED_BY(mu_);
};

}  // namespace kubelet
