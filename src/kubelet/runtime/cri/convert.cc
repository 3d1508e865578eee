#include "kubelet/runtime/cri/convert.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "apimachinery/json.h"
#include "apimachinery/value.h"
#include "cri/runtime/v1/container.pb.h"
#include "cri/runtime/v1/image.pb.h"
#include "cri/runtime/v1/sandbox.pb.h"
#include "kubelet/runtime/images/image_name.h"

namespace kubelet {
namespace {

constexpr char kMemoryVolumesAnnotation[] = "skiff.dev/memory-volumes";

// What runtimes hide from unprivileged containers by default.
constexpr const char* kMaskedPaths[] = {"/proc/asound", "/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
                                        "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi",
                                        "/sys/firmware", "/sys/devices/virtual/powercap"};
constexpr const char* kReadOnlyPaths[] = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"};

void FillNamespaces(const SandboxConfig& config, cri::NamespaceOption* out) {
  if (config.host_network) out->set_network(cri::NODE);
  out->set_pid(config.host_pid ? cri::NODE : config.share_pid ? cri::POD : cri::CONTAINER);
  if (config.host_ipc) out->set_ipc(cri::NODE);
}

cri::Protocol ProtocolOf(absl::string_view name) {
  if (absl::EqualsIgnoreCase(name, "udp")) return cri::UDP;
  if (absl::EqualsIgnoreCase(name, "sctp")) return cri::SCTP;
  return cri::TCP;
}

void FillSeccomp(const SeccompProfile& profile, cri::SecurityProfile* out) {
  switch (profile.type) {
    case SeccompProfile::Type::kUnconfined: out->set_profile_type(cri::SecurityProfile::Unconfined); break;
    case SeccompProfile::Type::kRuntimeDefault: out->set_profile_type(cri::SecurityProfile::RuntimeDefault); break;
    case SeccompProfile::Type::kLocalhost:
      out->set_profile_type(cri::SecurityProfile::Localhost);
      out->set_localhost_ref(profile.path);
      break;
  }
}

void FillSecurity(const ContainerConfig& config, const SandboxConfig& sandbox, cri::LinuxContainerSecurityContext* out) {
  FillNamespaces(sandbox, out->mutable_namespace_options());
  if (!config.processes_of.empty()) {
    out->mutable_namespace_options()->set_pid(cri::TARGET);
    out->mutable_namespace_options()->set_target_id(config.processes_of);
  }
  out->set_privileged(config.privileged);
  out->set_readonly_rootfs(config.read_only_root);
  out->set_no_new_privs(config.no_new_privileges);
  if (config.run_as_user.has_value()) out->mutable_run_as_user()->set_value(*config.run_as_user);
  // CRI refuses a group without a user.
  if (config.run_as_group.has_value() && config.run_as_user.has_value()) out->mutable_run_as_group()->set_value(*config.run_as_group);
  for (int64_t group : config.supplemental_groups) out->add_supplemental_groups(group);
  for (const std::string& c : config.add_capabilities) out->mutable_capabilities()->add_add_capabilities(c);
  for (const std::string& c : config.drop_capabilities) out->mutable_capabilities()->add_drop_capabilities(c);
  FillSeccomp(config.seccomp, out->mutable_seccomp());
  if (config.privileged || config.unmasked_proc) return;
  for (const char* path : kMaskedPaths) out->add_masked_paths(path);
  for (const char* path : kReadOnlyPaths) out->add_readonly_paths(path);
}

absl::Time FromNanos(int64_t nanos) { return nanos <= 0 ? absl::Time() : absl::FromUnixNanos(nanos); }

}  // namespace

void ToCri(const SandboxConfig& config, cri::PodSandboxConfig* out) {
  out->mutable_metadata()->set_name(config.pod_name);
  out->mutable_metadata()->set_uid(config.pod_uid);
  out->mutable_metadata()->set_namespace_(config.pod_namespace);
  out->mutable_metadata()->set_attempt(config.attempt);
  // A pod in the host's network has the host's name.
  if (!config.host_network) out->set_hostname(config.hostname);
  out->set_log_directory(config.log_directory);
  if (!config.host_resolv_conf) {
    for (const std::string& s : config.dns_servers) out->mutable_dns_config()->add_servers(s);
    for (const std::string& s : config.dns_searches) out->mutable_dns_config()->add_searches(s);
    for (const std::string& s : config.dns_options) out->mutable_dns_config()->add_options(s);
  }
  for (const PortMapping& port : config.ports) {
    cri::PortMapping* p = out->add_port_mappings();
    p->set_protocol(ProtocolOf(port.protocol));
    p->set_container_port(port.container_port);
    p->set_host_port(port.host_port);
    p->set_host_ip(port.host_ip);
  }
  (*out->mutable_labels())[kPodUidLabel] = config.pod_uid;
  (*out->mutable_labels())[kPodNameLabel] = config.pod_name;
  (*out->mutable_labels())[kPodNamespaceLabel] = config.pod_namespace;
  std::vector<std::string> memory;
  for (const auto& [path, options] : config.memory_volumes) memory.push_back(path);
  if (!memory.empty()) (*out->mutable_annotations())[kMemoryVolumesAnnotation] = absl::StrJoin(memory, "\n");
  FillNamespaces(config, out->mutable_linux()->mutable_security_context()->mutable_namespace_options());
  out->mutable_linux()->mutable_security_context()->set_privileged(config.privileged);
  // The sandbox itself only waits: it needs no more than the default, whatever its containers do.
  out->mutable_linux()->mutable_security_context()->mutable_seccomp()->set_profile_type(cri::SecurityProfile::RuntimeDefault);
  for (const auto& [name, value] : config.sysctls) (*out->mutable_linux()->mutable_sysctls())[name] = value;
  cri::LinuxContainerResources* resources = out->mutable_linux()->mutable_resources();
  resources->set_cpu_shares(config.cpu_milli_request * 1024 / 1000);
  if (config.cpu_milli_limit > 0) {
    resources->set_cpu_period(100000);
    resources->set_cpu_quota(config.cpu_milli_limit * 100);
  }
  resources->set_memory_limit_in_bytes(config.memory_limit);
}

void ToCri(const ContainerConfig& config, const SandboxConfig& sandbox, cri::ContainerConfig* out) {
  out->mutable_metadata()->set_name(config.name);
  out->mutable_metadata()->set_attempt(config.attempt);
  out->mutable_image()->set_image(config.image_id.empty() ? config.image : config.image_id);
  out->mutable_image()->set_user_specified_image(config.image);
  for (const std::string& word : config.command) out->add_command(word);
  for (const std::string& word : config.args) out->add_args(word);
  out->set_working_dir(config.working_dir);
  for (const auto& [name, value] : config.env) {
    cri::KeyValue* e = out->add_envs();
    e->set_key(name);
    e->set_value(value);
  }
  for (const Mount& mount : config.mounts) {
    cri::Mount* m = out->add_mounts();
    m->set_container_path(mount.container_path);
    m->set_host_path(mount.host_path);
    m->set_readonly(mount.read_only);
  }
  out->set_log_path(config.log_path);
  out->set_stdin(config.stdin);
  out->set_stdin_once(config.stdin_once);
  out->set_tty(config.tty);
  (*out->mutable_labels())[kPodUidLabel] = sandbox.pod_uid;
  (*out->mutable_labels())[kPodNameLabel] = sandbox.pod_name;
  (*out->mutable_labels())[kPodNamespaceLabel] = sandbox.pod_namespace;
  (*out->mutable_labels())[kContainerNameLabel] = config.name;
  for (const auto& [key, value] : config.labels) (*out->mutable_annotations())[key] = value;
  cri::LinuxContainerResources* resources = out->mutable_linux()->mutable_resources();
  resources->set_cpu_shares(config.cpu_shares);
  if (config.cpu_quota_us > 0) {
    resources->set_cpu_period(config.cpu_period_us);
    resources->set_cpu_quota(config.cpu_quota_us);
  }
  resources->set_memory_limit_in_bytes(config.memory_limit);
  resources->set_oom_score_adj(config.oom_score_adj);
  FillSecurity(config, sandbox, out->mutable_linux()->mutable_security_context());
}

SandboxStatus FromCri(const cri::PodSandboxStatus& status) {
  SandboxStatus out;
  out.id = status.id();
  out.pod_uid = status.metadata().uid();
  out.pod_name = status.metadata().name();
  out.pod_namespace = status.metadata().namespace_();
  out.attempt = status.metadata().attempt();
  out.state = status.state() == cri::SANDBOX_READY ? SandboxState::kReady : SandboxState::kNotReady;
  out.created_at = FromNanos(status.created_at());
  if (status.linux().namespaces().options().network() == cri::NODE) return out;
  if (!status.network().ip().empty()) out.ips.push_back(status.network().ip());
  for (const cri::PodIP& ip : status.network().additional_ips()) out.ips.push_back(ip.ip());
  return out;
}

ContainerStatus FromCri(const cri::ContainerStatus& status, absl::string_view sandbox_id) {
  ContainerStatus out;
  out.id = status.id();
  out.sandbox_id = std::string(sandbox_id);
  out.name = status.metadata().name();
  out.attempt = status.metadata().attempt();
  if (auto uid = status.labels().find(kPodUidLabel); uid != status.labels().end()) out.pod_uid = uid->second;
  switch (status.state()) {
    case cri::CONTAINER_CREATED: out.state = ContainerState::kCreated; break;
    case cri::CONTAINER_RUNNING: out.state = ContainerState::kRunning; break;
    case cri::CONTAINER_EXITED: out.state = ContainerState::kExited; break;
    default: out.state = ContainerState::kUnknown;
  }
  out.created_at = FromNanos(status.created_at());
  out.started_at = FromNanos(status.started_at());
  out.finished_at = FromNanos(status.finished_at());
  out.exit_code = status.exit_code();
  out.reason = status.reason();
  out.message = status.message();
  out.image = status.image().image();
  out.image_id = status.image_ref();
  out.log_path = status.log_path();
  for (const auto& [key, value] : status.annotations()) out.labels[key] = value;
  return out;
}

Image FromCri(const cri::Image& image) {
  Image out;
  out.id = image.id();
  out.names.assign(image.repo_tags().begin(), image.repo_tags().end());
  out.digests.assign(image.repo_digests().begin(), image.repo_digests().end());
  out.size = static_cast<int64_t>(image.size());
  out.user = image.has_uid() ? absl::StrCat(image.uid().value()) : image.username();
  return out;
}

std::vector<std::string> MemoryVolumesOf(const cri::PodSandboxStatus& status) {
  auto found = status.annotations().find(kMemoryVolumesAnnotation);
  if (found == status.annotations().end()) return {};
  return absl::StrSplit(found->second, '\n', absl::SkipEmpty());
}

bool CredentialsFor(absl::string_view docker_auth_json, absl::string_view image, cri::AuthConfig* out) {
  const absl::StatusOr<ImageName> name = ParseImageName(image);
  const absl::StatusOr<apimachinery::Value> config = apimachinery::ParseJson(docker_auth_json);
  if (!name.ok() || !config.ok()) return false;
  const apimachinery::Value* auths = config->Find("auths");
  if (auths == nullptr || !auths->is_object()) return false;
  const std::string repository = name->Repository();
  const apimachinery::Value* best = nullptr;
  size_t longest = 0;
  for (const apimachinery::Member& member : auths->object()) {
    absl::string_view key = member.key;
    if (!absl::ConsumePrefix(&key, "https://")) absl::ConsumePrefix(&key, "http://");
    key = absl::StripSuffix(key, "/");
    for (absl::string_view version : {"/v1", "/v2"}) key = absl::StripSuffix(key, version);
    if (key == "index.docker.io") key = "docker.io";
    // A key names a registry or a path below it: the longest that fits wins.
    const bool fits = repository == key || absl::StartsWith(repository, absl::StrCat(key, "/"));
    if (fits && key.size() >= longest) best = &member.value, longest = key.size();
  }
  if (best == nullptr) return false;
  out->set_username(best->GetString("username"));
  out->set_password(best->GetString("password"));
  out->set_auth(best->GetString("auth"));
  out->set_identity_token(best->GetString("identitytoken"));
  out->set_registry_token(best->GetString("registrytoken"));
  return true;
}

}  // namespace kubelet
