#include "kubelet/absent_flags.h"

#include "base/component_flags.h"
#include "base/flags.h"

namespace kubelet {
namespace {

using base::FlagType;

constexpr char kNoEviction[] = "nodes are not watched for pressure; pods are evicted for their own limits alone";
constexpr char kNoImageGc[] = "unused images are kept";
constexpr char kNoAdvisor[] = "there is no cAdvisor: statistics come from cgroups";
constexpr char kNoCpuSets[] = "containers share all processors and memory";
constexpr char kAllocatable[] = "nothing but the memory of --config's evictionHard is kept back from pods";
constexpr char kNoManifestUrl[] = "static pods come from --pod-manifest-path";
constexpr char kNoCredentialPlugins[] = "pull secrets are the only credentials";
constexpr char kNoLock[] = "there is no lock file";
constexpr char kEvents[] = "events are joined, not dropped";
constexpr char kOwnCertificate[] = "certificates are those of --kubeconfig and --tls-cert-file";
constexpr char kAccess[] = "what the API server said of a token or a right is not kept";
constexpr char kOneByOne[] = "the runtime pulls images as they are asked for";
constexpr char kNoDeadContainers[] = "the last container of each name is kept, as long as its pod";

// A setting that is lost changes what pods may do or get.
const std::vector<base::AbsentFlags>& Dangerous() {
  static const auto& rows = *new std::vector<base::AbsentFlags>{
      {{"bootstrap-kubeconfig"}, "the kubelet does not ask for its certificate: give it one in --kubeconfig"},
      {{"config-dir"}, "there is one configuration file: --config"},
      {{"cloud-provider"}, "there are no cloud controllers"},
      {{"cgroup-driver"}, "cgroups are made directly", FlagType::kText, "cgroupfs"},
      {{"cpu-manager-policy"}, kNoCpuSets, FlagType::kText, "none"},
      {{"memory-manager-policy"}, kNoCpuSets, FlagType::kText, "None"},
      {{"topology-manager-policy"}, kNoCpuSets, FlagType::kText, "none"},
      {{"kube-reserved", "system-reserved", "kube-reserved-cgroup", "system-reserved-cgroup", "reserved-cpus", "reserved-memory",
        "qos-reserved"},
       kAllocatable},
      {{"enforce-node-allocatable"}, kAllocatable, FlagType::kText, "pods"},
      {{"pods-per-core"}, "--max-pods is the bound", FlagType::kInt},
      {{"image-credential-provider-bin-dir", "image-credential-provider-config"}, kNoCredentialPlugins},
      {{"image-service-endpoint"}, "images are those of --container-runtime-endpoint"},
      {{"lock-file"}, kNoLock},
      {{"exit-on-lock-contention"}, kNoLock, FlagType::kBool},
      {{"manifest-url", "manifest-url-header"}, kNoManifestUrl},
      {{"pod-cidr"}, "the node's pod range is the one that the cluster gives it"},
      {{"protect-kernel-defaults"}, "settings of the kernel are not looked at", FlagType::kBool},
      {{"provider-id"}, "there are no cloud controllers"},
      {{"runonce"}, "pods run as long as the kubelet is told of them", FlagType::kBool},
      {{"experimental-mounter-path"}, "volumes are mounted directly"},
  };
  return rows;
}

const std::vector<base::AbsentFlags>& Harmless() {
  static const auto& rows = *new std::vector<base::AbsentFlags>{
      {{"application-metrics-count-limit"}, kNoAdvisor, FlagType::kInt},
      {{"boot-id-file", "machine-id-file", "container-hints", "containerd", "containerd-namespace", "event-storage-age-limit",
        "event-storage-event-limit", "storage-driver-db", "storage-driver-host", "storage-driver-password", "storage-driver-table",
        "storage-driver-user"},
       kNoAdvisor},
      {{"enable-load-reader", "log-cadvisor-usage", "storage-driver-secure"}, kNoAdvisor, FlagType::kBool},
      {{"global-housekeeping-interval", "housekeeping-interval", "storage-driver-buffer-duration"}, kNoAdvisor, FlagType::kDuration},
      {{"authentication-token-webhook"}, "the API server is asked about tokens", FlagType::kBool},
      {{"authentication-token-webhook-cache-ttl", "authorization-webhook-cache-authorized-ttl",
        "authorization-webhook-cache-unauthorized-ttl"},
       kAccess, FlagType::kDuration},
      {{"cert-dir"}, kOwnCertificate},
      {{"rotate-certificates", "rotate-server-certificates"}, kOwnCertificate, FlagType::kBool},
      {{"cgroups-per-qos"}, "pods have a cgroup each below --cgroup-root", FlagType::kBool},
      {{"contention-profiling"}, "there is no profiling endpoint", FlagType::kBool},
      {{"cpu-cfs-quota"}, "limits of processor time hold", FlagType::kBool},
      {{"cpu-cfs-quota-period"}, "processor time is counted by 100 ms", FlagType::kDuration},
      {{"cpu-manager-policy-options", "topology-manager-policy-options", "topology-manager-scope"}, kNoCpuSets},
      {{"cpu-manager-reconcile-period"}, kNoCpuSets, FlagType::kDuration},
      {{"enable-controller-attach-detach"}, "volumes are mounted from here", FlagType::kBool},
      {{"enable-debugging-handlers"}, "logs, exec and port-forward are always there, for who may", FlagType::kBool},
      {{"enable-server"}, "--port 0 turns the server off", FlagType::kBool},
      {{"event-burst", "event-qps"}, kEvents, FlagType::kInt},
      {{"eviction-hard", "eviction-soft", "eviction-minimum-reclaim", "eviction-soft-grace-period"}, kNoEviction},
      {{"eviction-max-pod-grace-period"}, kNoEviction, FlagType::kInt},
      {{"eviction-pressure-transition-period"}, kNoEviction, FlagType::kDuration},
      {{"experimental-allocatable-ignore-eviction", "kernel-memcg-notification"}, kNoEviction, FlagType::kBool},
      {{"fail-cgroupv1"}, "both versions of cgroups will do", FlagType::kBool},
      {{"fail-swap-on"}, "swap is left as it is", FlagType::kBool},
      {{"feature-gates"}, "features are those that are on by default in this release"},
      {{"file-check-frequency"}, "the folder of static pods is watched", FlagType::kDuration},
      {{"http-check-frequency"}, kNoManifestUrl, FlagType::kDuration},
      {{"hairpin-mode"}, "pods reach themselves through services"},
      {{"healthz-bind-address"}, "/healthz answers on --port"},
      {{"healthz-port"}, "/healthz answers on --port", FlagType::kInt},
      {{"read-only-port"}, "there is no port without identities", FlagType::kInt},
      {{"image-gc-high-threshold", "image-gc-low-threshold"}, kNoImageGc, FlagType::kInt},
      {{"minimum-image-ttl-duration"}, kNoImageGc, FlagType::kDuration},
      {{"kubelet-cgroups", "runtime-cgroups", "system-cgroups"}, "daemons stay in the cgroups that they were started in"},
      {{"local-storage-capacity-isolation"}, kNoEviction, FlagType::kBool},
      {{"make-iptables-util-chains"}, "there are no iptables chains", FlagType::kBool},
      {{"max-open-files"}, "as many files as the system allows", FlagType::kInt},
      {{"maximum-dead-containers", "maximum-dead-containers-per-container"}, kNoDeadContainers, FlagType::kInt},
      {{"minimum-container-ttl-duration"}, kNoDeadContainers, FlagType::kDuration},
      {{"node-status-max-images"}, "all images are told, as far as 50 of them", FlagType::kInt},
      {{"oom-score-adj"}, "the kubelet's own score is left as it is", FlagType::kInt},
      {{"registry-burst", "registry-qps"}, kOneByOne, FlagType::kInt},
      {{"serialize-image-pulls"}, kOneByOne, FlagType::kBool},
      {{"runtime-request-timeout"}, "the runtime's calls take as long as they take", FlagType::kDuration},
      {{"streaming-connection-idle-timeout"}, "streams stay until their ends close them", FlagType::kDuration},
      {{"tls-cipher-suites"}, "suites are those that OpenSSL holds safe"},
      {{"volume-plugin-dir"}, "there are no flex volumes"},
      {{"volume-stats-agg-period"}, "volumes are measured when somebody asks", FlagType::kDuration},
  };
  return rows;
}

}  // namespace

void AddAbsentFlags(base::FlagSet& flags) {
  base::AddLoggingFlagsWithoutEffect(flags);
  base::AddClientFlagsWithoutEffect(flags);
  base::AddLeastTlsFlag(flags);
  flags.Refuse(Dangerous());
  flags.NoEffect(Harmless());
}

}  // namespace kubelet
