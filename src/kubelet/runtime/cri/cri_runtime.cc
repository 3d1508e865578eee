#include "kubelet/runtime/cri/cri_runtime.h"

#include <sys/mount.h>
#include <unistd.h>

#include <map>
#include <set>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "apimachinery/json.h"
#include "apimachinery/value.h"
#include "base/file.h"
#include "base/http/client.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "cri/runtime/v1/container.pb.h"
#include "cri/runtime/v1/image.pb.h"
#include "cri/runtime/v1/runtime.pb.h"
#include "cri/runtime/v1/sandbox.pb.h"
#include "cri/runtime/v1/stats.pb.h"
#include "kubelet/runtime/cgroups.h"
#include "kubelet/runtime/cri/convert.h"
#include "kubelet/runtime/cri/stream_session.h"
#include "kubelet/runtime/pod_dial.h"

namespace kubelet {
namespace {

constexpr absl::Duration kCallTimeout = absl::Minutes(2);    // upstream's --runtime-request-timeout
constexpr absl::Duration kRunTimeout = absl::Minutes(4);     // twice as long for what sets up a sandbox
constexpr absl::Duration kPullTimeout = absl::Minutes(30);
constexpr absl::Duration kRelistPeriod = absl::Seconds(1);

std::string RuntimeMethod(absl::string_view name) { return absl::StrCat("/runtime.v1.RuntimeService/", name); }
std::string ImageMethod(absl::string_view name) { return absl::StrCat("/runtime.v1.ImageService/", name); }

class CriRuntime final : public ContainerRuntime {
 public:
  CriRuntime(std::unique_ptr<CriClient> client, CriOptions options, RuntimeVersion version, std::unique_ptr<base::http::Client> http)
      : client_(std::move(client)), http_(std::move(http)), options_(std::move(options)), version_(std::move(version)),
        cgroups_(Cgroups::Detect(options_.cgroup_root)), relist_([this] { Relist(); }) {}

  ~CriRuntime() override {
    {
      absl::MutexLock lock(&mu_);
      stopping_ = true;
    }
    relist_.join();
    absl::MutexLock lock(&mu_);
    mu_.Await(absl::Condition(this, &CriRuntime::NothingUnderWay));
  }

  RuntimeVersion Version() const override { return version_; }

  absl::Status NetworkReady() const override {
    cri::StatusRequest request;
    cri::StatusResponse reply;
    RETURN_IF_ERROR(Call(RuntimeMethod("Status"), request, &reply));
    for (const cri::RuntimeCondition& condition : reply.status().conditions()) {
      if (condition.type() != "NetworkReady" || condition.status()) continue;
      return absl::UnavailableError(absl::StrCat("container runtime network not ready: NetworkReady=false reason:", condition.reason(),
                                                 " message:", condition.message()));
    }
    return absl::OkStatus();
  }

  // ---- sandboxes ----

  absl::StatusOr<std::string> RunPodSandbox(const SandboxConfig& config) override {
    for (const auto& [path, options] : config.memory_volumes) RETURN_IF_ERROR(MountMemory(path, options));
    RETURN_IF_ERROR(base::MakeDirs(config.log_directory, 0755));
    cri::RunPodSandboxRequest request;
    FillSandbox(config, request.mutable_config());
    const std::string group = PodCgroup(config.qos, config.pod_uid);
    RETURN_IF_ERROR(cgroups_.Create(group, {.cpu_shares = config.cpu_milli_request * 1024 / 1000,
                                            .cpu_quota_us = config.cpu_milli_limit * 100,
                                            .memory = config.memory_limit,
                                            .pids = options_.pod_pids_limit}));
    cri::RunPodSandboxResponse reply;
    if (const absl::Status run = Call(RuntimeMethod("RunPodSandbox"), request, &reply, kRunTimeout); !run.ok()) {
      cgroups_.Remove(group);
      return run;
    }
    return reply.pod_sandbox_id();
  }

  absl::Status StopPodSandbox(const std::string& id) override {
    cri::StopPodSandboxRequest request;
    request.set_pod_sandbox_id(id);
    cri::StopPodSandboxResponse reply;
    return GoneIsFine(Call(RuntimeMethod("StopPodSandbox"), request, &reply, kRunTimeout));
  }

  absl::Status RemovePodSandbox(const std::string& id) override {
    std::vector<std::string> volumes;
    std::string uid;
    if (const absl::StatusOr<cri::PodSandboxStatusResponse> status = SandboxStatusOf(id, false); status.ok()) {
      volumes = MemoryVolumesOf(status->status());
      uid = status->status().metadata().uid();
    }
    cri::RemovePodSandboxRequest request;
    request.set_pod_sandbox_id(id);
    cri::RemovePodSandboxResponse reply;
    RETURN_IF_ERROR(GoneIsFine(Call(RuntimeMethod("RemovePodSandbox"), request, &reply)));
    for (const std::string& path : volumes) umount2(path.c_str(), MNT_DETACH);
    if (!uid.empty() && ListSandboxes(uid).empty()) {
      for (QosClass qos : {QosClass::kGuaranteed, QosClass::kBurstable, QosClass::kBestEffort}) cgroups_.Remove(PodCgroup(qos, uid));
    }
    absl::MutexLock lock(&mu_);
    std::erase_if(ended_, [&](const auto& entry) { return entry.second.sandbox_id == id; });
    return absl::OkStatus();
  }

  std::vector<SandboxStatus> ListSandboxes(absl::string_view pod_uid) const override {
    cri::ListPodSandboxRequest request;
    if (!pod_uid.empty()) (*request.mutable_filter()->mutable_label_selector())[kPodUidLabel] = std::string(pod_uid);
    cri::ListPodSandboxResponse reply;
    std::vector<SandboxStatus> all;
    if (const absl::Status listed = Call(RuntimeMethod("ListPodSandbox"), request, &reply); !listed.ok()) {
      base::LogWarning("sandboxes not listed err=", listed.message());
      return all;
    }
    for (const cri::PodSandbox& item : reply.items()) {
      if (!item.labels().contains(kPodUidLabel)) continue;  // another client's
      const absl::StatusOr<cri::PodSandboxStatusResponse> status = SandboxStatusOf(item.id(), false);
      if (status.ok()) all.push_back(FromCri(status->status()));
    }
    return all;
  }

  // ---- containers ----

  absl::StatusOr<std::string> CreateContainer(const std::string& sandbox_id, const ContainerConfig& config,
                                              const SandboxConfig& sandbox) override {
    RETURN_IF_ERROR(base::MakeDirs(absl::StrCat(sandbox.log_directory, "/", config.name), 0755));
    cri::CreateContainerRequest request;
    request.set_pod_sandbox_id(sandbox_id);
    ToCri(config, sandbox, request.mutable_config());
    FillSandbox(sandbox, request.mutable_sandbox_config());
    cri::CreateContainerResponse reply;
    absl::Status created = Call(RuntimeMethod("CreateContainer"), request, &reply);
    if (!created.ok() && absl::StrContains(created.message(), "oom_score_adj")) {
      // Without CAP_SYS_RESOURCE a negative adjustment is refused: the container runs without.
      request.mutable_config()->mutable_linux()->mutable_resources()->set_oom_score_adj(0);
      created = Call(RuntimeMethod("CreateContainer"), request, &reply);
    }
    if (!created.ok()) return created;
    return reply.container_id();
  }

  absl::Status StartContainer(const std::string& id) override {
    cri::StartContainerRequest request;
    request.set_container_id(id);
    cri::StartContainerResponse reply;
    return Call(RuntimeMethod("StartContainer"), request, &reply);
  }

  absl::Status StopContainer(const std::string& id, absl::Duration grace) override {
    cri::StopContainerRequest request;
    request.set_container_id(id);
    request.set_timeout(absl::ToInt64Seconds(absl::Ceil(grace, absl::Seconds(1))));
    {
      absl::MutexLock lock(&mu_);
      ++under_way_;
    }
    client_->Start(RuntimeMethod("StopContainer"), request, grace + kCallTimeout, [this, id](absl::Status status) {
      if (!status.ok() && !absl::IsNotFound(status)) base::LogWarning("container not stopped id=", id, " err=", status.message());
      absl::MutexLock lock(&mu_);
      --under_way_;
      look_ = true;
    });
    return absl::OkStatus();
  }

  absl::Status RemoveContainer(const std::string& id, bool keep_logs) override {
    std::string log;
    if (const absl::StatusOr<ContainerStatus> status = GetContainer(id); status.ok()) log = status->log_path;
    cri::RemoveContainerRequest request;
    request.set_container_id(id);
    cri::RemoveContainerResponse reply;
    RETURN_IF_ERROR(GoneIsFine(Call(RuntimeMethod("RemoveContainer"), request, &reply)));
    if (!keep_logs && !log.empty()) unlink(log.c_str());
    absl::MutexLock lock(&mu_);
    ended_.erase(id);
    return absl::OkStatus();
  }

  std::vector<ContainerStatus> ListContainers(absl::string_view pod_uid) const override {
    std::vector<ContainerStatus> all;
    const absl::StatusOr<cri::ListContainersResponse> reply = List(pod_uid);
    if (!reply.ok()) {
      base::LogWarning("containers not listed err=", reply.status().message());
      return all;
    }
    for (const cri::Container& item : reply->containers()) {
      if (!item.labels().contains(kPodUidLabel)) continue;
      absl::StatusOr<ContainerStatus> status = StatusOf(item);
      if (status.ok()) all.push_back(*std::move(status));
    }
    return all;
  }

  absl::StatusOr<ContainerStatus> GetContainer(const std::string& id) const override {
    cri::ListContainersRequest request;
    request.mutable_filter()->set_id(id);
    cri::ListContainersResponse reply;
    RETURN_IF_ERROR(Call(RuntimeMethod("ListContainers"), request, &reply));
    if (reply.containers().empty()) return absl::NotFoundError(absl::StrCat("container \"", id, "\" not found"));
    return StatusOf(reply.containers(0));
  }

  // ---- programs in containers ----

  absl::StatusOr<ExecResult> ExecSync(const std::string& id, const std::vector<std::string>& command, absl::Duration timeout) override {
    cri::ExecSyncRequest request;
    request.set_container_id(id);
    for (const std::string& word : command) request.add_cmd(word);
    request.set_timeout(absl::ToInt64Seconds(absl::Ceil(timeout, absl::Seconds(1))));
    cri::ExecSyncResponse reply;
    RETURN_IF_ERROR(Call(RuntimeMethod("ExecSync"), request, &reply, timeout + kCallTimeout));
    ExecResult result{reply.exit_code(), reply.stdout() + reply.stderr()};
    if (result.output.size() > 10240) result.output.resize(10240);
    return result;
  }

  absl::StatusOr<std::unique_ptr<StreamSession>> Exec(const std::string& id, const ExecRequest& exec) override {
    cri::ExecRequest request;
    request.set_container_id(id);
    for (const std::string& word : exec.command) request.add_cmd(word);
    request.set_tty(exec.tty);
    request.set_stdin(exec.stdin);
    request.set_stdout(true);
    request.set_stderr(!exec.tty);
    cri::ExecResponse reply;
    RETURN_IF_ERROR(Call(RuntimeMethod("Exec"), request, &reply));
    return OpenStreamSession(*http_, reply.url(), exec.stdin, exec.tty);
  }

  absl::StatusOr<std::unique_ptr<StreamSession>> Attach(const std::string& id, bool stdin, bool tty) override {
    cri::AttachRequest request;
    request.set_container_id(id);
    request.set_tty(tty);
    request.set_stdin(stdin);
    request.set_stdout(true);
    request.set_stderr(!tty);
    cri::AttachResponse reply;
    RETURN_IF_ERROR(Call(RuntimeMethod("Attach"), request, &reply));
    return OpenStreamSession(*http_, reply.url(), stdin, tty);
  }

  absl::StatusOr<int> DialPod(const std::string& sandbox_id, int port) override {
    ASSIGN_OR_RETURN(const cri::PodSandboxStatusResponse status, SandboxStatusOf(sandbox_id, true));
    if (status.status().linux().namespaces().options().network() == cri::NODE) return DialLoopback("", port);
    ASSIGN_OR_RETURN(const std::string ns, NetworkNamespaceOf(status));
    return DialLoopback(ns, port);
  }

  // ---- images ----

  absl::StatusOr<std::optional<Image>> ImageStatus(const std::string& name) const override {
    cri::ImageStatusRequest request;
    request.mutable_image()->set_image(name);
    cri::ImageStatusResponse reply;
    RETURN_IF_ERROR(Call(ImageMethod("ImageStatus"), request, &reply));
    if (!reply.has_image() || reply.image().id().empty()) return std::nullopt;
    return FromCri(reply.image());
  }

  absl::StatusOr<Image> PullImage(const std::string& name, const std::string& docker_auth_json) override {
    cri::PullImageRequest request;
    request.mutable_image()->set_image(name);
    if (!docker_auth_json.empty()) {
      cri::AuthConfig auth;
      if (CredentialsFor(docker_auth_json, name, &auth)) *request.mutable_auth() = auth;
    }
    cri::PullImageResponse reply;
    RETURN_IF_ERROR(Call(ImageMethod("PullImage"), request, &reply, kPullTimeout));
    ASSIGN_OR_RETURN(std::optional<Image> image, ImageStatus(reply.image_ref()));
    if (!image.has_value()) return absl::NotFoundError(absl::StrCat("image \"", name, "\" was pulled and is not there"));
    return *std::move(image);
  }

  std::vector<Image> ListImages() const override {
    cri::ListImagesRequest request;
    cri::ListImagesResponse reply;
    std::vector<Image> all;
    if (!Call(ImageMethod("ListImages"), request, &reply).ok()) return all;
    for (const cri::Image& image : reply.images()) all.push_back(FromCri(image));
    return all;
  }

  absl::Status RemoveImage(const std::string& id) override {
    cri::RemoveImageRequest request;
    request.mutable_image()->set_image(id);
    cri::RemoveImageResponse reply;
    return Call(ImageMethod("RemoveImage"), request, &reply);
  }

  std::vector<ContainerUsage> Usage() const override {
    cri::ListContainerStatsRequest request;
    cri::ListContainerStatsResponse reply;
    std::vector<ContainerUsage> all;
    if (!Call(RuntimeMethod("ListContainerStats"), request, &reply).ok()) return all;
    const absl::StatusOr<cri::ListContainersResponse> containers = List("");
    std::map<std::string, std::string> sandboxes;
    if (containers.ok()) {
      for (const cri::Container& c : containers->containers()) sandboxes[c.id()] = c.pod_sandbox_id();
    }
    for (const cri::ContainerStats& s : reply.stats()) {
      auto sandbox = sandboxes.find(s.attributes().id());
      if (sandbox == sandboxes.end()) continue;
      ContainerUsage u;
      u.container_id = s.attributes().id();
      u.sandbox_id = sandbox->second;
      u.name = s.attributes().metadata().name();
      u.cpu_nanos = s.cpu().usage_core_nano_seconds().value();
      u.memory_bytes = s.memory().usage_bytes().value();
      u.working_set_bytes = s.memory().working_set_bytes().value();
      u.rss_bytes = s.memory().rss_bytes().value();
      u.root_used_bytes = s.writable_layer().used_bytes().value();
      all.push_back(std::move(u));
    }
    return all;
  }

  void OnChange(std::function<void(const std::string&)> changed) override {
    absl::MutexLock lock(&mu_);
    changed_ = std::move(changed);
  }

 private:
  void FillSandbox(const SandboxConfig& config, cri::PodSandboxConfig* out) const {
    ToCri(config, out);
    out->mutable_linux()->set_cgroup_parent(absl::StrCat(options_.cgroup_root, "/", PodCgroup(config.qos, config.pod_uid)));
  }

  absl::Status Call(const std::string& method, const google::protobuf::MessageLite& request, google::protobuf::MessageLite* reply,
                    absl::Duration timeout = kCallTimeout) const {
    return client_->Call(method, request, reply, timeout);
  }

  static absl::Status GoneIsFine(absl::Status status) { return absl::IsNotFound(status) ? absl::OkStatus() : status; }

  bool NothingUnderWay() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return under_way_ == 0; }
  bool ShouldLook() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return look_ || stopping_; }

  absl::StatusOr<cri::PodSandboxStatusResponse> SandboxStatusOf(const std::string& id, bool verbose) const {
    cri::PodSandboxStatusRequest request;
    request.set_pod_sandbox_id(id);
    request.set_verbose(verbose);
    cri::PodSandboxStatusResponse reply;
    RETURN_IF_ERROR(Call(RuntimeMethod("PodSandboxStatus"), request, &reply));
    return reply;
  }

  absl::StatusOr<cri::ListContainersResponse> List(absl::string_view pod_uid) const {
    cri::ListContainersRequest request;
    if (!pod_uid.empty()) (*request.mutable_filter()->mutable_label_selector())[kPodUidLabel] = std::string(pod_uid);
    cri::ListContainersResponse reply;
    RETURN_IF_ERROR(Call(RuntimeMethod("ListContainers"), request, &reply));
    return reply;
  }

  // Lists say neither exit codes nor times: those come from a call of its own, once when the container has ended.
  absl::StatusOr<ContainerStatus> StatusOf(const cri::Container& item) const {
    if (item.state() == cri::CONTAINER_EXITED) {
      absl::MutexLock lock(&mu_);
      if (auto found = ended_.find(item.id()); found != ended_.end()) return found->second;
    }
    cri::ContainerStatusRequest request;
    request.set_container_id(item.id());
    cri::ContainerStatusResponse reply;
    RETURN_IF_ERROR(Call(RuntimeMethod("ContainerStatus"), request, &reply));
    ContainerStatus status = FromCri(reply.status(), item.pod_sandbox_id());
    if (status.state == ContainerState::kExited) {
      absl::MutexLock lock(&mu_);
      ended_[status.id] = status;
    }
    return status;
  }

  static absl::Status MountMemory(const std::string& path, const std::string& options) {
    if (mount("tmpfs", path.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, options.c_str()) == 0) return absl::OkStatus();
    return base::ErrnoStatus(absl::StrCat("mount memory volume ", path));
  }

  // Where the runtime keeps the network namespace, of the verbose status that containerd and CRI-O answer.
  static absl::StatusOr<std::string> NetworkNamespaceOf(const cri::PodSandboxStatusResponse& status) {
    auto info = status.info().find("info");
    if (info == status.info().end()) return absl::UnimplementedError("the runtime does not tell where the pod's network is");
    ASSIGN_OR_RETURN(const apimachinery::Value parsed, apimachinery::ParseJson(info->second));
    if (const apimachinery::Value* spec = parsed.Find("runtimeSpec"); spec != nullptr) {
      for (const apimachinery::Value& ns : spec->GetArray("linux.namespaces")) {
        if (ns.GetString("type") == "network" && !ns.GetString("path").empty()) return ns.GetString("path");
      }
    }
    if (const int64_t pid = parsed.GetInt("pid"); pid > 0) return absl::StrCat("/proc/", pid, "/ns/net");
    return absl::UnimplementedError("the runtime does not tell where the pod's network is");
  }

  // Tells which pods have a container or sandbox in another state than at the last look.
  void Relist() {
    std::map<std::string, std::pair<std::string, int>> before;  // id: pod, state
    for (;;) {
      {
        absl::MutexLock lock(&mu_);
        mu_.AwaitWithTimeout(absl::Condition(this, &CriRuntime::ShouldLook), kRelistPeriod);
        if (stopping_) return;
        look_ = false;
      }
      std::map<std::string, std::pair<std::string, int>> now;
      cri::ListPodSandboxRequest request;
      cri::ListPodSandboxResponse sandboxes;
      const absl::StatusOr<cri::ListContainersResponse> containers = List("");
      if (!containers.ok() || !Call(RuntimeMethod("ListPodSandbox"), request, &sandboxes).ok()) continue;
      const auto note = [&](const auto& item) {
        auto uid = item.labels().find(kPodUidLabel);
        if (uid != item.labels().end()) now[item.id()] = {uid->second, static_cast<int>(item.state())};
      };
      for (const cri::Container& c : containers->containers()) note(c);
      for (const cri::PodSandbox& s : sandboxes.items()) note(s);
      std::set<std::string> pods;
      for (const auto& [id, entry] : now) {
        auto old = before.find(id);
        if (old == before.end() ? entry.second == cri::CONTAINER_EXITED : old->second.second != entry.second) pods.insert(entry.first);
      }
      for (const auto& [id, entry] : before) {
        if (!now.contains(id)) pods.insert(entry.first);
      }
      before.swap(now);
      std::function<void(const std::string&)> changed;
      {
        absl::MutexLock lock(&mu_);
        changed = changed_;
      }
      for (const std::string& pod : pods) {
        if (changed) changed(pod);
      }
    }
  }

  const std::unique_ptr<CriClient> client_;
  const std::unique_ptr<base::http::Client> http_;
  const CriOptions options_;
  const RuntimeVersion version_;
  const Cgroups cgroups_;
  mutable absl::Mutex mu_;
  std::function<void(const std::string&)> changed_ ABSL_GUARDED_BY(mu_);
  mutable std::map<std::string, ContainerStatus> ended_ ABSL_GUARDED_BY(mu_);
  int under_way_ ABSL_GUARDED_BY(mu_) = 0;
  bool look_ ABSL_GUARDED_BY(mu_) = false;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::thread relist_;  // last: uses all above
};

}  // namespace

absl::StatusOr<std::unique_ptr<ContainerRuntime>> NewCriRuntime(std::unique_ptr<CriClient> client, const CriOptions& options) {
  const absl::Time deadline = absl::Now() + options.patience;
  cri::VersionRequest request;
  cri::VersionResponse version;
  for (;;) {
    const absl::Status answered = client->Call(RuntimeMethod("Version"), request, &version, absl::Seconds(5));
    if (answered.ok()) break;
    if (absl::Now() > deadline) return absl::UnavailableError(absl::StrCat("container runtime does not answer: ", answered.message()));
    absl::SleepFor(absl::Milliseconds(100));
  }
  ASSIGN_OR_RETURN(std::unique_ptr<base::http::Client> http, base::http::Client::Create({.tls = false}));
  return std::make_unique<CriRuntime>(std::move(client), options, RuntimeVersion{version.runtime_name(), version.runtime_version()}, std::move(http));
}

}  // namespace kubelet
