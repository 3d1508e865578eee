// Pods in name only: containers "run" until they are stopped, nothing is started. For clusters of thousands of pods on one
// machine.
#pragma once
#include <map>
#include <string>

#include "absl/synchronization/mutex.h"
#include "base/version.h"
#include "kubelet/runtime/container_runtime.h"

namespace kubelet {

class HollowRuntime final : public ContainerRuntime {
 public:
  RuntimeVersion Version() const override { return {"hollow", base::kKubernetesVersion + 1}; }
  absl::Status NetworkReady() const override { return absl::OkStatus(); }
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
  absl::StatusOr<ExecResult> ExecSync(const std::string& id, const std::vector<std::string>& command, absl::Duration timeout) override;
  absl::StatusOr<std::unique_ptr<StreamSession>> Exec(const std::string& id, const ExecRequest& request) override;
  absl::StatusOr<std::unique_ptr<StreamSession>> Attach(const std::string& id, bool stdin, bool tty) override;
  absl::StatusOr<int> DialPod(const std::string& sandbox_id, int port) override;
  absl::StatusOr<std::optional<Image>> ImageStatus(const std::string& name) const override;
  absl::StatusOr<Image> PullImage(const std::string& name, const std::string& docker_auth_json) override;
  std::vector<Image> ListImages() const override { return {}; }
  absl::Status RemoveImage(const std::string& id) override { return absl::OkStatus(); }
  std::vector<ContainerUsage> Usage() const override { return {}; }
  void OnChange(std::function<void(const std::string&)> changed) override;

 private:
  mutable absl::Mutex mu_;
  std::function<void(const std::string&)> changed_ ABSL_GUARDED_BY(mu_);
  uint32_t next_ ABSL_GUARDED_BY(mu_) = 0;
  std::map<std::string, SandboxStatus> sandboxes_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, ContainerStatus> containers_ ABSL_GUARDED_BY(mu_);
  std::multimap<std::string, std::string> by_pod_ ABSL_GUARDED_BY(mu_);      // uid: container
  std::multimap<std::string, std::string> sandbox_of_ ABSL_GUARDED_BY(mu_);  // uid: sandbox
};

}  // namespace kubelet
