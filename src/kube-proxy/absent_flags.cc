#include "kube-proxy/absent_flags.h"

#include "base/component_flags.h"
#include "base/flags.h"

namespace kube_proxy {
namespace {

using base::FlagType;

constexpr char kNoConntrack[] = "connection tracking is left as the system has set it";
constexpr char kNoIptables[] = "services are routed by nftables";
constexpr char kNoIpvs[] = "services are routed by nftables";
constexpr char kLocalByCidr[] = "local traffic is told by --cluster-cidr";

const std::vector<base::AbsentFlags>& Dangerous() {
  static const auto& rows = *new std::vector<base::AbsentFlags>{
      {{"detect-local-mode"}, kLocalByCidr, FlagType::kText, "ClusterCIDR"},
      {{"pod-bridge-interface", "pod-interface-name-prefix"}, kLocalByCidr},
      {{"init-only"}, "nothing needs to be prepared with more rights", FlagType::kBool},
      {{"config"}, "settings are given by flags"},
      {{"write-config-to"}, "defaults are not written"},
  };
  return rows;
}

const std::vector<base::AbsentFlags>& Harmless() {
  static const auto& rows = *new std::vector<base::AbsentFlags>{
      {{"bind-address"}, "the family of the node's addresses is the one of its services"},
      {{"bind-address-hard-fail"}, "an address that is taken always ends the start", FlagType::kBool},
      {{"boot-id-file", "machine-id-file"}, "the machine is not described"},
      {{"config-sync-period"}, "caches follow watches and are never resynced on a timer", FlagType::kDuration},
      {{"conntrack-max-per-core", "conntrack-min"}, kNoConntrack, FlagType::kInt},
      {{"conntrack-tcp-be-liberal"}, kNoConntrack, FlagType::kBool},
      {{"conntrack-tcp-timeout-close-wait", "conntrack-tcp-timeout-established", "conntrack-udp-timeout",
        "conntrack-udp-timeout-stream"},
       kNoConntrack, FlagType::kDuration},
      {{"feature-gates"}, "features are those that are on by default in this release"},
      {{"iptables-localhost-nodeports"}, kNoIptables, FlagType::kBool},
      {{"iptables-masquerade-bit"}, kNoIptables, FlagType::kInt},
      {{"ipvs-exclude-cidrs", "ipvs-scheduler"}, kNoIpvs},
      {{"ipvs-strict-arp"}, kNoIpvs, FlagType::kBool},
      {{"ipvs-min-sync-period", "ipvs-sync-period", "ipvs-tcp-timeout", "ipvs-tcpfin-timeout", "ipvs-udp-timeout"}, kNoIpvs,
       FlagType::kDuration},
      {{"master"}, "the API server is the one of --kubeconfig"},
      {{"oom-score-adj"}, "the score is left as it is", FlagType::kInt},
      {{"profiling"}, "there is no profiling endpoint", FlagType::kBool},
      {{"show-hidden-metrics-for-version"}, "all metrics are served as they are"},
  };
  return rows;
}

}  // namespace

void AddAbsentFlags(base::FlagSet& flags) {
  base::AddLoggingFlagsWithoutEffect(flags);
  base::AddClientFlagsWithoutEffect(flags);
  flags.Refuse(Dangerous());
  flags.NoEffect(Harmless());
}

}  // namespace kube_proxy
