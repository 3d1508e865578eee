#include "kubelet/runtime/measured_runtime.h"

#include "base/clock.h"
#include "base/metrics/metrics.h"

namespace kubelet {
namespace {

struct OperationFamilies {
  base::CounterFamily total{"kubelet_runtime_operations_total", "Calls of the container runtime.", {"operation_type"}};
  base::CounterFamily errors{"kubelet_runtime_operations_errors_total", "Calls of the container runtime that failed.", {"operation_type"}};
  base::HistogramFamily duration{"kubelet_runtime_operations_duration_seconds", "Time that calls of the container runtime took.",
                                 {"operation_type"}, Bounds()};

  static std::vector<double> Bounds() {
    std::vector<double> bounds;
    for (double bound = 0.005; bounds.size() < 14; bound *= 2.5) bounds.push_back(bound);
    return bounds;
  }
};
OperationFamilies& Operations() {
  static auto* const families = new OperationFamilies;
  return *families;
}

// The series of one operation, looked up once.
class Operation {
 public:
  explicit Operation(absl::string_view type)
      : type_(type), total_(Operations().total.With({type})), duration_(Operations().duration.With({type})) {}

  template <typename Call>
  auto operator()(const Call& call) const {
    const absl::Duration began = base::SystemClock().Monotonic();
    auto result = call();
    total_.Add();
    duration_.Observe(absl::ToDoubleSeconds(base::SystemClock().Monotonic() - began));
    if constexpr (requires { result.ok(); }) {
      if (!result.ok()) Operations().errors.With({type_}).Add();
    }
    return result;
  }

 private:
  const absl::string_view type_;  // a literal
  base::Counter& total_;
  base::Histogram& duration_;
};

class MeasuredRuntime final : public ContainerRuntime {
 public:
  explicit MeasuredRuntime(std::unique_ptr<ContainerRuntime> inner) : inner_(std::move(inner)) {}

  RuntimeVersion Version() const override {
    return version_([&] { return inner_->Version(); });
  }
  absl::Status NetworkReady() const override {
    return status_([&] { return inner_->NetworkReady(); });
  }
  absl::StatusOr<std::string> RunPodSandbox(const SandboxConfig& config) override {
    return run_sandbox_([&] { return inner_->RunPodSandbox(config); });
  }
  absl::Status StopPodSandbox(const std::string& id) override {
    return stop_sandbox_([&] { return inner_->StopPodSandbox(id); });
  }
  absl::Status RemovePodSandbox(const std::string& id) override {
    return remove_sandbox_([&] { return inner_->RemovePodSandbox(id); });
  }
  std::vector<SandboxStatus> ListSandboxes(absl::string_view pod_uid) const override {
    return list_sandboxes_([&] { return inner_->ListSandboxes(pod_uid); });
  }
  absl::StatusOr<std::string> CreateContainer(const std::string& sandbox_id, const ContainerConfig& config,
                                              const SandboxConfig& sandbox) override {
    return create_([&] { return inner_->CreateContainer(sandbox_id, config, sandbox); });
  }
  absl::Status StartContainer(const std::string& id) override {
    return start_([&] { return inner_->StartContainer(id); });
  }
  absl::Status StopContainer(const std::string& id, absl::Duration grace) override {
    return stop_([&] { return inner_->StopContainer(id, grace); });
  }
  absl::Status RemoveContainer(const std::string& id, bool keep_logs) override {
    return remove_([&] { return inner_->RemoveContainer(id, keep_logs); });
  }
  std::vector<ContainerStatus> ListContainers(absl::string_view pod_uid) const override {
    return list_([&] { return inner_->ListContainers(pod_uid); });
  }
  absl::StatusOr<ContainerStatus> GetContainer(const std::string& id) const override {
    return get_([&] { return inner_->GetContainer(id); });
  }
  absl::StatusOr<ExecResult> ExecSync(const std::string& id, const std::vector<std::string>& command, absl::Duration timeout) override {
    return exec_sync_([&] { return inner_->ExecSync(id, command, timeout); });
  }
  absl::StatusOr<std::unique_ptr<StreamSession>> Exec(const std::string& id, const ExecRequest& request) override {
    return exec_([&] { return inner_->Exec(id, request); });
  }
  absl::StatusOr<std::unique_ptr<StreamSession>> Attach(const std::string& id, bool stdin, bool tty) override {
    return attach_([&] { return inner_->Attach(id, stdin, tty); });
  }
  absl::StatusOr<int> DialPod(const std::string& sandbox_id, int port) override {
    return forward_([&] { return inner_->DialPod(sandbox_id, port); });
  }
  absl::StatusOr<std::optional<Image>> ImageStatus(const std::string& name) const override {
    return image_status_([&] { return inner_->ImageStatus(name); });
  }
  absl::StatusOr<Image> PullImage(const std::string& name, const std::string& docker_auth_json) override {
    return pull_([&] { return inner_->PullImage(name, docker_auth_json); });
  }
  std::vector<Image> ListImages() const override {
    return list_images_([&] { return inner_->ListImages(); });
  }
  absl::Status RemoveImage(const std::string& id) override {
    return remove_image_([&] { return inner_->RemoveImage(id); });
  }
  std::vector<ContainerUsage> Usage() const override {
    return stats_([&] { return inner_->Usage(); });
  }
  std::vector<InterfaceUsage> NetworkUsage(const std::string& sandbox_id) const override { return inner_->NetworkUsage(sandbox_id); }
  int64_t WritableBytes(const std::string& id) const override { return inner_->WritableBytes(id); }
  void OnChange(std::function<void(const std::string&)> changed) override { inner_->OnChange(std::move(changed)); }

 private:
  const std::unique_ptr<ContainerRuntime> inner_;
  const Operation version_{"version"}, status_{"status"}, run_sandbox_{"run_podsandbox"}, stop_sandbox_{"stop_podsandbox"},
      remove_sandbox_{"remove_podsandbox"}, list_sandboxes_{"list_podsandbox"}, create_{"create_container"}, start_{"start_container"},
      stop_{"stop_container"}, remove_{"remove_container"}, list_{"list_containers"}, get_{"container_status"}, exec_sync_{"exec_sync"},
      exec_{"exec"}, attach_{"attach"}, forward_{"port_forward"}, image_status_{"image_status"}, pull_{"pull_image"},
      list_images_{"list_images"}, remove_image_{"remove_image"}, stats_{"list_container_stats"};
};

}  // namespace

std::unique_ptr<ContainerRuntime> Measure(std::unique_ptr<ContainerRuntime> runtime) {
  return std::make_unique<MeasuredRuntime>(std::move(runtime));
}

}  // namespace kubelet
