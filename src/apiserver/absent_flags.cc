#include "apiserver/absent_flags.h"

#include "base/component_flags.h"
#include "base/flags.h"

namespace apiserver {
namespace {

using base::FlagType;

constexpr char kNoAuditWebhook[] = "audited requests are told to a file alone";
constexpr char kNoLease[] = "there are no leader elections on behalf of others";
constexpr char kOneVersion[] = "there is one version to be";
constexpr char kNoPeers[] = "API servers of other versions are not asked";
constexpr char kMeasured[] = "it is looked at when metrics are asked for";

// A setting that is lost changes who gets in, what is kept secret, or where data lie.
const std::vector<base::AbsentFlags>& Dangerous() {
  static const auto& rows = *new std::vector<base::AbsentFlags>{
      {{"admission-control"}, "use --enable-admission-plugins and --disable-admission-plugins"},
      {{"audit-webhook-config-file"}, kNoAuditWebhook},
      {{"authorization-policy-file"}, "the modes are Node, RBAC, Webhook, AlwaysAllow and AlwaysDeny"},
      {{"debug-socket-path"}, "there is no profiling endpoint"},
      {{"egress-selector-config-file"}, "connections are made directly"},
      {{"etcd-servers-overrides"}, "all objects lie in one store"},
      {{"kubernetes-service-node-port"}, "the kubernetes service has no node port", FlagType::kInt},
      {{"service-account-signing-endpoint"}, "tokens are signed with --service-account-signing-key-file"},
      {{"tls-sni-cert-key"}, "there is one serving certificate: --tls-cert-file"},
      {{"tls-cipher-suites"}, "suites are those that OpenSSL holds safe"},
      {{"disable-http2-serving"}, "clients choose the protocol", FlagType::kBool},
  };
  return rows;
}

const std::vector<base::AbsentFlags>& Harmless() {
  static const auto& rows = *new std::vector<base::AbsentFlags>{
      {{"audit-webhook-mode", "audit-webhook-version"}, kNoAuditWebhook},
      {{"audit-webhook-batch-buffer-size", "audit-webhook-batch-max-size", "audit-webhook-batch-throttle-burst",
        "audit-webhook-truncate-max-batch-size", "audit-webhook-truncate-max-event-size"},
       kNoAuditWebhook, FlagType::kInt},
      {{"audit-webhook-batch-max-wait", "audit-webhook-initial-backoff"}, kNoAuditWebhook, FlagType::kDuration},
      {{"audit-webhook-batch-throttle-enable", "audit-webhook-truncate-enabled"}, kNoAuditWebhook, FlagType::kBool},
      {{"audit-webhook-batch-throttle-qps"}, kNoAuditWebhook, FlagType::kDouble},
      {{"cert-dir"}, "certificates come from --tls-cert-file"},
      {{"contention-profiling"}, "there is no profiling endpoint", FlagType::kBool},
      {{"coordinated-leadership-lease-duration", "coordinated-leadership-renew-deadline", "coordinated-leadership-retry-period"},
       kNoLease, FlagType::kDuration},
      {{"cors-allowed-origins"}, "browsers are not told that other origins may ask"},
      {{"delete-collection-workers"}, "collections are deleted by one thread", FlagType::kInt},
      {{"emulated-version", "min-compatibility-version"}, kOneVersion},
      {{"emulation-forward-compatible", "runtime-config-emulation-forward-compatible"}, kOneVersion, FlagType::kBool},
      {{"enable-garbage-collector"}, "objects are deleted as garbage collection wants it, whether it runs or not", FlagType::kBool},
      {{"enable-logs-handler"}, "log files are not served", FlagType::kBool},
      {{"etcd-count-metric-poll-period", "etcd-db-metric-poll-interval"}, kMeasured, FlagType::kDuration},
      {{"etcd-healthcheck-timeout", "etcd-readycheck-timeout", "storage-initialization-timeout"},
       "health says whether the watch cache follows the store", FlagType::kDuration},
      {{"external-hostname"}, "addresses are those of --advertise-address"},
      {{"goaway-chance"}, "connections are kept", FlagType::kDouble},
      {{"kubelet-timeout"}, "calls of kubelets take as long as their callers wait", FlagType::kDuration},
      {{"lease-reuse-duration-seconds"}, "leases of events are shared for a twentieth of --event-ttl", FlagType::kInt},
      {{"livez-grace-period", "shutdown-delay-duration", "shutdown-watch-termination-grace-period"},
       "the server starts and ends within a second", FlagType::kDuration},
      {{"shutdown-send-retry-after"}, "the server ends within a second", FlagType::kBool},
      {{"max-connection-bytes-per-sec"}, "connections are not slowed down", FlagType::kInt},
      {{"min-request-timeout"}, "watches without a timeout end after 30 to 60 minutes", FlagType::kInt},
      {{"peer-advertise-ip", "peer-advertise-port", "peer-ca-file"}, kNoPeers},
      {{"permit-address-sharing", "permit-port-sharing"}, "addresses and ports are bound by their owner alone", FlagType::kBool},
      {{"service-account-lookup"}, "accounts of tokens are always looked up", FlagType::kBool},
      {{"strict-transport-security-directives"}, "nothing is served without TLS"},
      {{"tracing-config-file"}, "there are no traces"},
      {{"watch-cache"}, "the watch cache serves everything", FlagType::kBool},
      {{"watch-cache-sizes"}, "the watch cache holds everything"},
  };
  return rows;
}

}  // namespace

void AddAbsentFlags(base::FlagSet& flags) {
  base::AddLoggingFlagsWithoutEffect(flags);
  base::AddMetricsFlagsWithoutEffect(flags);
  flags.Refuse(Dangerous());
  flags.NoEffect(Harmless());
  base::AddLeastTlsFlag(flags);
}

}  // namespace apiserver
