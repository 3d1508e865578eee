// The acting half of PodManager: volumes, sandboxes, images, containers, hooks.
#include <sys/stat.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/rng.h"
#include "kubelet/pods/image_pull.h"
#include "kubelet/pods/pod_events.h"
#include "kubelet/pods/pod_manager.h"
#include "kubelet/pods/pod_series.h"
#include "kubelet/pods/pod_util.h"
#include "kubelet/pods/termination_message.h"
#include "kubelet/runtime/shim/record.h"

namespace kubelet {
namespace {

constexpr size_t kHostnameMax = 64;  // the kernel's
constexpr absl::Duration kConfigRetry = absl::Seconds(5);  // after an error that only someone else can mend

// Go's spelling of a duration: 1.234s, 12ms.
std::string GoDuration(absl::Duration d) {
  const int64_t ms = absl::ToInt64Milliseconds(d);
  if (ms < 1000) return absl::StrCat(ms, "ms");
  return absl::StrFormat("%d.%03ds", ms / 1000, ms % 1000);
}

absl::string_view TypeOf(const v1::PodSpec& spec, const std::string& container) {
  for (const v1::Container& c : spec.containers()) {
    if (c.name() == container) return "container";
  }
  for (const v1::Container& c : spec.initcontainers()) {
    if (c.name() == container) return "init_container";
  }
  return "ephemeral_container";
}

}  // namespace

bool PodManager::Execute(const RecordPtr& record, const PodFacts& facts, const PodPlan& plan, absl::Time now) {
  const v1::Pod& pod = *facts.pod;
  bool acted = false;
  for (const StopAction& action : plan.stop) Stop(record, facts, action);
  for (const std::string& id : plan.end_sandboxes) {
    if (absl::Status stopped = runtime_.StopPodSandbox(id); !stopped.ok()) {
      base::LogWarning("sandbox not stopped pod=", FormatPod(pod), " err=", stopped.message());
      events_.Warning(PodRef(pod), "FailedKillPod", absl::StrCat("error killing pod: ", stopped.message()));
      queue_.AddAfter(pod.metadata().uid(), absl::Seconds(2));
      return false;
    }
    acted = true;
  }
  for (const std::string& id : plan.remove_runs) (void)runtime_.RemoveContainer(id);
  for (const auto& [name, wait] : plan.crash_waits) {
    const ContainerStatus* run = CurrentRun(facts, name);
    absl::MutexLock lock(&record->mu);
    ContainerMemory& memory = record->containers[name];
    memory.waiting.reset();
    if (run == nullptr || memory.told_backoff == run->id) continue;
    memory.told_backoff = run->id;
    events_.Warning(ContainerRef(pod, name), "BackOff",
                    absl::StrCat("Back-off restarting failed container ", name, " in pod ", FormatPod(pod)));
  }
  if (plan.set_up_volumes) return SetUpVolumes(*record, facts, now);
  if (plan.make_sandbox) return MakeSandbox(*record, facts, plan, now);
  for (const std::string& name : plan.start) acted = StartContainer(record, facts, name, now) || acted;
  if (record->volumes_ready && !facts.ending && VolumeManager::NeedsRefresh(pod)) {
    if (now - record->volumes_at >= options_.volume_refresh) {
      std::vector<VolumeFailure> failures;
      record->volumes_at = now;
      (void)volumes_.SetUp(pod, ContextOf(facts), &failures);  // a failure keeps the old content
    }
    queue_.AddAfter(pod.metadata().uid(), options_.volume_refresh);
  }
  return acted;
}

bool PodManager::SetUpVolumes(PodRecord& record, const PodFacts& facts, absl::Time now) {
  const v1::Pod& pod = *facts.pod;
  if (now < record.volumes_retry_at) {
    queue_.AddAfter(pod.metadata().uid(), record.volumes_retry_at - now);
    return false;
  }
  std::vector<VolumeFailure> failures;
  const absl::Status done = volumes_.SetUp(pod, ContextOf(facts), &failures);
  if (done.ok()) {
    record.volumes_ready = true;
    record.volumes_at = now;
    record.volumes_tries = 0;
    return true;
  }
  // The API server's view of which node may read what can lag a moment behind the pod's arrival: the first failures are
  // retried at once and told nobody. After that upstream's back-off.
  const int tries = record.volumes_tries++;
  const absl::Duration delay = tries < 5 ? absl::Milliseconds(10 << tries)
                                         : std::min(absl::Milliseconds(500) * (1 << std::min(tries - 5, 10)), absl::Seconds(122));
  record.volumes_retry_at = now + delay;
  queue_.AddAfter(pod.metadata().uid(), delay);
  if (tries < 5) return false;
  for (const VolumeFailure& failure : failures) {
    events_.Warning(PodRef(pod), "FailedMount", failure.Message());
  }
  if (failures.empty()) base::LogWarning("volumes not ready pod=", FormatPod(pod), " err=", done.message());
  return false;
}

bool PodManager::MakeSandbox(PodRecord& record, const PodFacts& facts, const PodPlan& plan, absl::Time now) {
  const v1::Pod& pod = *facts.pod;
  if (now < record.sandbox_retry_at) {
    queue_.AddAfter(pod.metadata().uid(), record.sandbox_retry_at - now);
    return false;
  }
  const auto retry = [&](absl::Duration delay) {
    record.sandbox_retry_at = now + delay;
    queue_.AddAfter(pod.metadata().uid(), delay);
    return false;
  };
  if (absl::Status network = runtime_.NetworkReady(); !network.ok() && !pod.spec().hostnetwork()) {
    events_.Warning(PodRef(pod), "NetworkNotReady",
                    absl::StrCat("network is not ready: container runtime network not ready: NetworkReady=false "
                                 "reason:NetworkPluginNotReady message:", network.message()));
    return retry(absl::Milliseconds(500));
  }
  if (!plan.end_sandboxes.empty()) {
    events_.Normal(PodRef(pod), "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.");
  }
  SandboxConfig config = MakeSandboxConfig(pod, options_.node, plan.sandbox_attempt);
  if (config.hostname.size() > kHostnameMax) {
    events_.Warning(PodRef(pod), "FailedCreatePodSandBox",
                    absl::StrCat("Failed to create pod sandbox: failed to construct FQDN from pod hostname and cluster domain, FQDN ",
                                 config.hostname, " is too long (", kHostnameMax, " characters is the max, ", config.hostname.size(),
                                 " characters requested)"));
    return retry(absl::Seconds(2));
  }
  config.memory_volumes = volumes_.MemoryVolumes(pod);
  const absl::Time began = absl::Now();
  absl::StatusOr<std::string> id = runtime_.RunPodSandbox(config);
  CountSandbox(id.status(), absl::Now() - began);
  if (!id.ok()) {
    events_.Warning(PodRef(pod), "FailedCreatePodSandBox", absl::StrCat("Failed to create pod sandbox: ", id.status().message()));
    return retry(absl::Seconds(2));
  }
  record.hosts_written_for.clear();
  return true;
}

void PodManager::Fail(PodRecord& record, const std::string& container, const std::string& reason, const std::string& message,
                      absl::Duration retry) {
  std::string uid;
  {
    absl::MutexLock lock(&record.mu);
    record.containers[container].waiting = WaitingReason{reason, message, absl::Now() + retry};
    uid = record.pod->metadata().uid();
  }
  queue_.AddAfter(uid, retry);
}

bool PodManager::StartContainer(const RecordPtr& record, const PodFacts& facts, const std::string& name, absl::Time now) {
  const v1::Pod& pod = *facts.pod;
  const ContainerPtr c = FindContainer(pod.spec(), name);
  const SandboxStatus* sandbox = facts.ready_sandbox();
  if (c == nullptr || sandbox == nullptr) return false;
  const client::ObjectRef ref = ContainerRef(pod, name);
  const std::optional<Image> image = EnsureImage(record, *c, now);
  if (!image.has_value()) return false;

  const ContainerFacts& own = facts.containers.at(name);
  const ContainerStatus* last = own.latest();
  const uint32_t attempt = last == nullptr ? 0 : last->attempt + 1;
  const auto config_error = [&](const absl::Status& status) {
    events_.Warning(ref, "Failed", absl::StrCat("Error: ", status.message()));
    Fail(*record, name, "CreateContainerConfigError", std::string(status.message()), kConfigRetry);
    return true;
  };
  const PodContext context = ContextOf(facts);
  const absl::StatusOr<EnvList> env = MakeEnvironment(pod, *c, context, objects_);
  if (!env.ok()) return config_error(env.status());
  absl::StatusOr<ContainerConfig> config = MakeContainerConfig(pod, *c, options_.node, *env, *image, attempt);
  if (!config.ok()) return config_error(config.status());

  if (const std::string target = TargetOf(pod.spec(), name); !target.empty()) {
    const auto there = facts.containers.find(target);
    if (there == facts.containers.end() || !there->second.running()) {
      return config_error(absl::FailedPreconditionError(
          absl::StrCat("cannot find running container \"", target, "\" to target")));
    }
    config->processes_of = there->second.latest()->id;
  }
  const std::string pod_dir = volumes_.PodDir(pod.metadata().uid());
  bool own_hosts = false;
  for (const v1::VolumeMount& mount : c->volumemounts()) {
    absl::StatusOr<std::string> host = volumes_.HostPath(pod, mount.name());
    if (!host.ok()) return config_error(host.status());
    std::string sub = mount.subpath(), missing;
    if (!mount.subpathexpr().empty()) sub = ExpandVariables(mount.subpathexpr(), *env, &missing);
    if (!missing.empty()) return config_error(absl::InvalidArgumentError(absl::StrCat("missing value for ", missing)));
    bool is_host_path = false, read_only = mount.readonly();
    for (const v1::Volume& volume : pod.spec().volumes()) {
      if (volume.name() != mount.name()) continue;
      is_host_path = volume.volumesource().has_hostpath();
      read_only = read_only || volume.volumesource().persistentvolumeclaim().readonly();
    }
    if (!sub.empty()) {
      if (sub.front() == '/' || absl::StrContains("/" + sub + "/", "/../")) {
        return config_error(absl::InvalidArgumentError(absl::StrCat("subPath \"", sub, "\" must stay in its volume")));
      }
      // A new path gets the volume's own mode.
      struct stat volume, st;
      const mode_t mode = stat(host->c_str(), &volume) == 0 ? volume.st_mode & 07777 : 0750;
      for (absl::string_view part : absl::StrSplit(sub, '/', absl::SkipEmpty())) {
        absl::StrAppend(&*host, "/", part);
        if (lstat(host->c_str(), &st) != 0 && base::MakeDirs(*host, mode).ok()) chmod(host->c_str(), mode);
      }
    }
    own_hosts = own_hosts || mount.mountpath() == "/etc/hosts";
    const std::string target = mount.mountpath().front() == '/' ? mount.mountpath() : "/" + mount.mountpath();
    config->mounts.push_back({*host, target, read_only, is_host_path});
  }
  if (!own_hosts) {
    const std::string path = pod_dir + "/etc-hosts";
    if (record->hosts_written_for != sandbox->id) {
      std::string host_file;
      ReadWholeFile("/etc/hosts", &host_file);
      (void)base::MakeDirs(pod_dir, 0750);
      if (ReplaceFile(path, MakeHostsFile(pod, options_.node, context.pod_ip, host_file))) chmod(path.c_str(), 0644);
      record->hosts_written_for = sandbox->id;
    }
    config->mounts.push_back({path, "/etc/hosts", config->read_only_root, false});
  }
  const std::string message_path = c->terminationmessagepath().empty() ? "/dev/termination-log" : c->terminationmessagepath();
  const std::string message_file = absl::StrCat(pod_dir, "/containers/", name, "/", base::NameSuffix(8));
  (void)base::MakeDirs(absl::StrCat(pod_dir, "/containers/", name), 0750);
  if (ReplaceFile(message_file, "")) chmod(message_file.c_str(), 0666);
  config->mounts.push_back({message_file, message_path, false, false});
  config->labels[kTerminationFileLabel] = message_file;

  SandboxConfig sandbox_config = MakeSandboxConfig(pod, options_.node, sandbox->attempt);
  sandbox_config.memory_volumes = volumes_.MemoryVolumes(pod);
  absl::StatusOr<std::string> id = runtime_.CreateContainer(sandbox->id, *config, sandbox_config);
  if (!id.ok()) {
    events_.Warning(ref, "Failed", absl::StrCat("Error: ", id.status().message()));
    Fail(*record, name, "CreateContainerError", std::string(id.status().message()), kConfigRetry);
    return true;
  }
  events_.Normal(ref, "Created", "Container created");
  if (last != nullptr && last->state == ContainerState::kExited) {
    record->restarts.Next(BackoffKey(pod, name), last->finished_at, now);
  }
  const bool hook = c->lifecycle().has_poststart();
  {
    absl::MutexLock lock(&record->mu);
    ContainerMemory& memory = record->containers[name];
    memory.waiting.reset();
    memory.pulled.clear();
    memory.busy = hook;
  }
  const absl::Status started = runtime_.StartContainer(*id);
  CountContainerStart(TypeOf(pod.spec(), name), started);
  if (!started.ok()) {
    events_.Warning(ref, "Failed", absl::StrCat("Error: ", started.message()));
    absl::MutexLock lock(&record->mu);
    record->containers[name].busy = false;
    record->containers[name].waiting = WaitingReason{"RunContainerError", std::string(started.message()), absl::Now()};
    return true;
  }
  events_.Normal(ref, "Started", "Container started");
  if (hook) side_->Submit([this, record, container = *c, run = *id] { RunPostStart(record, container, run); });
  return true;
}

void PodManager::RunPostStart(const RecordPtr& record, const v1::Container& container, const std::string& run_id) {
  std::shared_ptr<const v1::Pod> pod;
  {
    absl::MutexLock lock(&record->mu);
    pod = record->pod;
  }
  const std::vector<SandboxStatus> sandboxes = runtime_.ListSandboxes(pod->metadata().uid());
  const std::string ip = !sandboxes.empty() && !sandboxes.back().ips.empty() ? sandboxes.back().ips.front() : options_.host_ip;
  const absl::Status done =
      prober_.RunHook(container.lifecycle().poststart(), *pod, container, run_id, ip, absl::InfiniteDuration());
  if (!done.ok()) {
    const client::ObjectRef ref = ContainerRef(*pod, container.name());
    events_.Warning(ref, "FailedPostStartHook", "PostStartHook failed");
    events_.Normal(ref, "Killing", "FailedPostStartHook");
    absl::MutexLock lock(&record->mu);
    record->containers[container.name()].waiting = WaitingReason{"PostStartHookError", std::string(done.message()), absl::Now()};
    record->stopping.insert(run_id);
  }
  if (!done.ok()) (void)runtime_.StopContainer(run_id, absl::Seconds(TerminationGrace(*pod)));
  {
    absl::MutexLock lock(&record->mu);
    ContainerMemory& memory = record->containers[container.name()];
    memory.busy = false;
    memory.post_started = run_id;
  }
  queue_.Add(pod->metadata().uid());
}

void PodManager::Stop(const RecordPtr& record, const PodFacts& facts, const StopAction& action) {
  const v1::Pod& pod = *facts.pod;
  const ContainerPtr c = FindContainer(pod.spec(), action.container);
  bool first;
  {
    absl::MutexLock lock(&record->mu);
    first = record->stopping.insert(action.run_id).second;
  }
  if (!first) return;
  events_.Normal(ContainerRef(pod, action.container), "Killing", action.message);
  if (c == nullptr || !c->lifecycle().has_prestop()) {
    (void)runtime_.StopContainer(action.run_id, action.grace);
    return;
  }
  const PodContext context = ContextOf(facts);
  side_->Submit([this, facts_pod = facts.pod, container = *c, action, ip = context.pod_ip] {
    const absl::Time begun = absl::Now();
    const absl::Status done = prober_.RunHook(container.lifecycle().prestop(), *facts_pod, container, action.run_id, ip, action.grace);
    if (!done.ok()) events_.Warning(ContainerRef(*facts_pod, container.name()), "FailedPreStopHook", "PreStopHook failed");
    // The program itself always gets a moment.
    const absl::Duration left = std::max(action.grace - (absl::Now() - begun), absl::Seconds(2));
    (void)runtime_.StopContainer(action.run_id, left);
  });
}

// ---- images ----

std::optional<Image> PodManager::EnsureImage(const RecordPtr& record, const v1::Container& c, absl::Time now) {
  std::shared_ptr<const v1::Pod> pod;
  std::string pulled, pull_error;
  absl::Time failed_at;
  {
    absl::MutexLock lock(&record->mu);
    pod = record->pod;
    ContainerMemory& memory = record->containers[c.name()];
    pulled = memory.pulled;
    pull_error = memory.pull_error;
    failed_at = memory.pull_failed_at;
  }
  const client::ObjectRef ref = ContainerRef(*pod, c.name());
  absl::StatusOr<std::optional<Image>> present = runtime_.ImageStatus(c.image());
  if (!present.ok()) {
    const std::string message = absl::StrCat("Failed to apply default image tag \"", c.image(), "\": ", present.status().message());
    events_.Warning(ref, "InspectFailed", message);
    events_.Warning(ref, "Failed", "Error: InvalidImageName");
    Fail(*record, c.name(), "InvalidImageName", message, kConfigRetry);
    return std::nullopt;
  }
  if (present->has_value() && (pulled == c.image() || !MustPull(c.imagepullpolicy(), c.image(), true))) {
    if (pulled != c.image()) {
      events_.Normal(ref, "Pulled",
                     absl::StrCat("Container image \"", c.image(), "\" already present on machine and can be accessed by the pod"));
    }
    return **present;
  }
  if (!present->has_value() && c.imagepullpolicy() == "Never") {
    const std::string message = absl::StrCat("Container image \"", c.image(), "\" is not present with pull policy of Never");
    events_.Warning(ref, "ErrImageNeverPull", message);
    events_.Warning(ref, "Failed", "Error: ErrImageNeverPull");
    Fail(*record, c.name(), "ErrImageNeverPull", message, kConfigRetry);
    return std::nullopt;
  }
  const std::string key = absl::StrCat(c.name(), "/", c.image());
  if (!pull_error.empty()) {
    const absl::Duration wait = record->pulls.Remaining(key, failed_at, now);
    if (wait > absl::ZeroDuration()) {
      events_.Normal(ref, "BackOff", absl::StrCat("Back-off pulling image \"", c.image(), "\""));
      events_.Warning(ref, "Failed", "Error: ImagePullBackOff");
      Fail(*record, c.name(), "ImagePullBackOff",
           absl::StrCat("Back-off pulling image \"", c.image(), "\": ErrImagePull: ", pull_error), wait);
      return std::nullopt;
    }
  }
  record->pulls.Next(key, pull_error.empty() ? now : failed_at, now);
  events_.Normal(ref, "Pulling", absl::StrCat("Pulling image \"", c.image(), "\""));
  {
    absl::MutexLock lock(&record->mu);
    record->containers[c.name()].busy = true;
  }
  side_->Submit([this, record, c] { Pull(record, c); });
  return std::nullopt;
}

void PodManager::Pull(const RecordPtr& record, const v1::Container& c) {
  std::shared_ptr<const v1::Pod> pod;
  {
    absl::MutexLock lock(&record->mu);
    pod = record->pod;
  }
  const client::ObjectRef ref = ContainerRef(*pod, c.name());
  const absl::Time begun = absl::Now();
  std::vector<std::string> secrets;
  for (const v1::LocalObjectReference& secret : pod->spec().imagepullsecrets()) secrets.push_back(secret.name());
  const std::string auth = PullCredentials(objects_, pod->metadata().namespace_(), secrets);
  const absl::StatusOr<Image> image = runtime_.PullImage(c.image(), auth);
  const std::string took = GoDuration(absl::Now() - begun);
  if (image.ok()) {
    events_.Normal(ref, "Pulled", absl::StrCat("Successfully pulled image \"", c.image(), "\" in ", took, " (", took,
                                               " including waiting). Image size: ", image->size, " bytes."));
  } else {
    events_.Warning(ref, "Failed", absl::StrCat("Failed to pull image \"", c.image(), "\": ", image.status().message()));
    events_.Warning(ref, "Failed", "Error: ErrImagePull");
  }
  {
    absl::MutexLock lock(&record->mu);
    ContainerMemory& memory = record->containers[c.name()];
    memory.busy = false;
    if (image.ok()) {
      memory.pulled = c.image();
      memory.pull_error.clear();
      memory.waiting.reset();
    } else {
      memory.pull_error = std::string(image.status().message());
      memory.pull_failed_at = absl::Now();
      // Shown for a moment before it becomes ImagePullBackOff, as upstream's next look at the pod makes it.
      memory.waiting = WaitingReason{"ErrImagePull", memory.pull_error, absl::Now() + absl::Seconds(3)};
    }
  }
  queue_.Add(pod->metadata().uid());
}

}  // namespace kubelet
