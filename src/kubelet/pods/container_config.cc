#include "kubelet/pods/container_config.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/status_macros.h"
#include "kubelet/pods/pod_util.h"

namespace kubelet {
namespace {

void FillDns(const v1::Pod& pod, const NodeSettings& node, SandboxConfig* config) {
  std::vector<std::string> host_servers, host_searches, host_options;
  for (absl::string_view line : absl::StrSplit(node.host_resolv_conf, '\n')) {
    std::vector<std::string> words = absl::StrSplit(line, absl::ByAnyChar(" \t"), absl::SkipEmpty());
    if (words.size() < 2) continue;
    if (words[0] == "nameserver") host_servers.push_back(words[1]);
    if (words[0] == "search") host_searches.assign(words.begin() + 1, words.end());
    if (words[0] == "options") host_options.assign(words.begin() + 1, words.end());
  }
  const std::string& policy = pod.spec().dnspolicy();
  const bool cluster = policy == "ClusterFirstWithHostNet" || ((policy == "ClusterFirst" || policy.empty()) && !pod.spec().hostnetwork());
  if (cluster && !node.cluster_dns.empty()) {
    config->dns_servers = node.cluster_dns;
    config->dns_options = {"ndots:5"};
    if (!node.cluster_domain.empty()) {
      config->dns_searches = {absl::StrCat(pod.metadata().namespace_(), ".svc.", node.cluster_domain),
                              absl::StrCat("svc.", node.cluster_domain), node.cluster_domain};
    }
    config->dns_searches.insert(config->dns_searches.end(), host_searches.begin(), host_searches.end());
  } else if (policy != "None") {
    config->dns_servers = host_servers;
    config->dns_searches = host_searches;
    config->dns_options = host_options;
  }
  if (!pod.spec().has_dnsconfig()) return;
  const v1::PodDNSConfig& own = pod.spec().dnsconfig();
  config->dns_servers.insert(config->dns_servers.end(), own.nameservers().begin(), own.nameservers().end());
  config->dns_searches.insert(config->dns_searches.end(), own.searches().begin(), own.searches().end());
  for (const v1::PodDNSConfigOption& option : own.options()) {
    std::erase_if(config->dns_options, [&](const std::string& o) {
      return o == option.name() || absl::StartsWith(o, option.name() + ":");
    });
    config->dns_options.push_back(option.value().empty() ? option.name() : absl::StrCat(option.name(), ":", option.value()));
  }
}

absl::Status CheckNonRoot(const v1::Pod& pod, const v1::Container& c, const ContainerConfig& config, const std::string& image_user) {
  const bool required = c.securitycontext().has_runasnonroot() ? c.securitycontext().runasnonroot()
                                                                : pod.spec().securitycontext().runasnonroot();
  if (!required) return absl::OkStatus();
  const std::string who = absl::StrCat(" (pod: \"", FormatPod(pod), "\", container: ", c.name(), ")");
  if (config.run_as_user.has_value()) {
    if (*config.run_as_user != 0) return absl::OkStatus();
    return absl::FailedPreconditionError("container's runAsUser breaks non-root policy" + who);
  }
  const std::string user = image_user.substr(0, image_user.find(':'));
  int64_t uid = 0;
  if (!user.empty() && !absl::SimpleAtoi(user, &uid)) {
    return absl::FailedPreconditionError(
        absl::StrCat("container has runAsNonRoot and image has non-numeric user (", user, "), cannot verify user is non-root", who));
  }
  if (uid == 0) return absl::FailedPreconditionError("container has runAsNonRoot and image will run as root" + who);
  return absl::OkStatus();
}

// The container's own profile, else the pod's, else what the node gives to those that ask for none.
absl::StatusOr<SeccompProfile> SeccompOf(const v1::SecurityContext& own, const v1::PodSecurityContext& of_pod, const NodeSettings& node) {
  using Type = SeccompProfile::Type;
  if (!own.has_seccompprofile() && !of_pod.has_seccompprofile()) {
    return SeccompProfile{node.seccomp_default ? Type::kRuntimeDefault : Type::kUnconfined, ""};
  }
  const v1::SeccompProfile& asked = own.has_seccompprofile() ? own.seccompprofile() : of_pod.seccompprofile();
  if (asked.type() == "RuntimeDefault") return SeccompProfile{Type::kRuntimeDefault, ""};
  if (asked.type() != "Localhost") return SeccompProfile{};
  if (asked.localhostprofile().empty()) {
    return absl::FailedPreconditionError("localhostProfile must be set if seccompProfile type is Localhost.");
  }
  return SeccompProfile{Type::kLocalhost, absl::StrCat(node.seccomp_root, "/", asked.localhostprofile())};
}

}  // namespace

std::string PodLogDirectory(const v1::Pod& pod, const std::string& log_root) {
  return absl::StrCat(log_root, "/", pod.metadata().namespace_(), "_", pod.metadata().name(), "_", pod.metadata().uid());
}

int OomScoreAdjust(const v1::Pod& pod, const v1::Container& container, int64_t memory_capacity) {
  switch (QosOf(pod)) {
    case QosClass::kGuaranteed: return -997;
    case QosClass::kBestEffort: return 1000;
    case QosClass::kBurstable: break;
  }
  if (memory_capacity <= 0) return 999;
  const int64_t score = 1000 - 1000 * Memory(container.resources(), false) / memory_capacity;
  return static_cast<int>(std::clamp<int64_t>(score, 3, 999));
}

SandboxConfig MakeSandboxConfig(const v1::Pod& pod, const NodeSettings& node, uint32_t attempt) {
  SandboxConfig config;
  config.pod_uid = pod.metadata().uid();
  config.pod_name = pod.metadata().name();
  config.pod_namespace = pod.metadata().namespace_();
  config.attempt = attempt;
  config.hostname = HostnameOf(pod, node.node_name);
  if (pod.spec().sethostnameasfqdn() && !pod.spec().hostnetwork() && !pod.spec().subdomain().empty()) {
    absl::StrAppend(&config.hostname, ".", pod.spec().subdomain(), ".", pod.metadata().namespace_(), ".svc.", node.cluster_domain);
  }
  config.log_directory = PodLogDirectory(pod, node.log_root);
  FillDns(pod, node, &config);
  config.host_network = pod.spec().hostnetwork();
  config.host_pid = pod.spec().hostpid();
  config.host_ipc = pod.spec().hostipc();
  config.share_pid = pod.spec().shareprocessnamespace();
  for (const v1::Sysctl& sysctl : pod.spec().securitycontext().sysctls()) config.sysctls.emplace_back(sysctl.name(), sysctl.value());
  config.qos = QosOf(pod);
  bool all_limited_cpu = true, all_limited_memory = true;
  const auto add = [&](const v1::Container& c) {
    for (const v1::ContainerPort& port : c.ports()) {
      if (port.hostport() <= 0 || config.host_network) continue;
      config.ports.push_back({port.hostport(), port.containerport(),
                              port.protocol().empty() ? "tcp" : absl::AsciiStrToLower(port.protocol()), port.hostip()});
    }
    const int64_t request = MilliCpu(c.resources(), false), cpu = MilliCpu(c.resources(), true), memory = Memory(c.resources(), true);
    config.cpu_milli_request += request;
    config.cpu_milli_limit += cpu;
    config.memory_limit += memory;
    all_limited_cpu = all_limited_cpu && cpu > 0;
    all_limited_memory = all_limited_memory && memory > 0;
  };
  for (const auto* containers : {&pod.spec().containers(), &pod.spec().initcontainers()}) {
    for (const v1::Container& c : *containers) config.privileged = config.privileged || c.securitycontext().privileged();
  }
  for (const v1::Container& c : pod.spec().containers()) add(c);
  for (const v1::Container& c : pod.spec().initcontainers()) {
    if (IsSidecar(c)) add(c);
    all_limited_cpu = all_limited_cpu && (IsSidecar(c) || c.resources().limits().contains("cpu"));
    all_limited_memory = all_limited_memory && (IsSidecar(c) || c.resources().limits().contains("memory"));
    config.cpu_milli_limit = std::max(config.cpu_milli_limit, MilliCpu(c.resources(), true));
    config.memory_limit = std::max(config.memory_limit, Memory(c.resources(), true));
  }
  if (!all_limited_cpu) config.cpu_milli_limit = 0;  // one container without limit: the pod has none
  if (!all_limited_memory) config.memory_limit = 0;
  return config;
}

absl::StatusOr<ContainerConfig> MakeContainerConfig(const v1::Pod& pod, const v1::Container& c, const NodeSettings& node,
                                                    const EnvList& env, const Image& image, uint32_t attempt) {
  ContainerConfig config;
  config.name = c.name();
  config.attempt = attempt;
  config.image = c.image();
  config.image_id = image.id;
  for (const std::string& word : c.command()) config.command.push_back(ExpandVariables(word, env));
  for (const std::string& word : c.args()) config.args.push_back(ExpandVariables(word, env));
  config.env = env;
  config.working_dir = c.workingdir();
  config.log_path = absl::StrCat(c.name(), "/", attempt, ".log");
  config.stdin = c.stdin();
  config.stdin_once = c.stdinonce();
  config.tty = c.tty();
  const v1::SecurityContext& own = c.securitycontext();
  const v1::PodSecurityContext& of_pod = pod.spec().securitycontext();
  config.privileged = own.privileged();
  config.read_only_root = own.readonlyrootfilesystem();
  config.no_new_privileges = own.has_allowprivilegeescalation() && !own.allowprivilegeescalation();
  config.unmasked_proc = own.procmount() == "Unmasked";
  if (own.has_runasuser()) config.run_as_user = own.runasuser();
  else if (of_pod.has_runasuser()) config.run_as_user = of_pod.runasuser();
  if (own.has_runasgroup()) config.run_as_group = own.runasgroup();
  else if (of_pod.has_runasgroup()) config.run_as_group = of_pod.runasgroup();
  config.supplemental_groups.assign(of_pod.supplementalgroups().begin(), of_pod.supplementalgroups().end());
  if (of_pod.has_fsgroup()) config.supplemental_groups.push_back(of_pod.fsgroup());
  config.add_capabilities.assign(own.capabilities().add().begin(), own.capabilities().add().end());
  config.drop_capabilities.assign(own.capabilities().drop().begin(), own.capabilities().drop().end());
  ASSIGN_OR_RETURN(config.seccomp, SeccompOf(own, of_pod, node));
  if (absl::Status checked = CheckNonRoot(pod, c, config, image.user); !checked.ok()) return checked;

  // Without a request the limit counts; without both the container gets the kernel's minimum.
  const int64_t limit = MilliCpu(c.resources(), true);
  const int64_t request = c.resources().requests().contains("cpu") ? MilliCpu(c.resources(), false) : limit;
  config.cpu_shares = std::clamp<int64_t>(request * 1024 / 1000, 2, 262144);
  if (limit > 0) config.cpu_quota_us = std::max<int64_t>(limit * config.cpu_period_us / 1000, 1000);
  config.memory_limit = Memory(c.resources(), true);
  config.oom_score_adj = OomScoreAdjust(pod, c, node.memory_capacity);
  return config;
}

std::string MakeHostsFile(const v1::Pod& pod, const NodeSettings& node, const std::string& pod_ip, const std::string& host_file) {
  std::string text;
  if (pod.spec().hostnetwork()) {
    text = absl::StrCat("# Kubernetes-managed hosts file (host network).\n", host_file);
  } else {
    text =
        "# Kubernetes-managed hosts file.\n"
        "127.0.0.1\tlocalhost\n"
        "::1\tlocalhost ip6-localhost ip6-loopback\n"
        "fe00::0\tip6-localnet\n"
        "fe00::0\tip6-mcastprefix\n"
        "fe00::1\tip6-allnodes\n"
        "fe00::2\tip6-allrouters\n";
    const std::string hostname = HostnameOf(pod, node.node_name);
    if (!pod_ip.empty()) {
      if (!pod.spec().subdomain().empty()) {
        absl::StrAppend(&text, pod_ip, "\t", hostname, ".", pod.spec().subdomain(), ".", pod.metadata().namespace_(), ".svc.",
                        node.cluster_domain, "\t", hostname, "\n");
      } else {
        absl::StrAppend(&text, pod_ip, "\t", hostname, "\n");
      }
    }
  }
  if (pod.spec().hostaliases_size() > 0) {
    text += "\n# Entries added by HostAliases.\n";
    for (const v1::HostAlias& alias : pod.spec().hostaliases()) {
      absl::StrAppend(&text, alias.ip(), "\t", absl::StrJoin(alias.hostnames(), "\t"), "\n");
    }
  }
  return text;
}

}  // namespace kubelet
