#include "etcdlite/flags.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/daemon_flags.h"
#include "etcdlite/server/service_context.h"

namespace etcdlite {
namespace {

using server::ServerFlags;

// A count, a size or milliseconds: above zero.
template <typename Number>
void AddPositive(base::FlagSet& f, Number* target, const char* name, const char* help) {
  f.Custom(name, help, absl::StrCat(*target), [target](const std::string& text) {
    int64_t value = 0;
    if (!absl::SimpleAtoi(text, &value) || value <= 0) return absl::InvalidArgumentError("must be a number above 0");
    *target = static_cast<Number>(value);
    return absl::OkStatus();
  });
}

// etcd's flags about what does not exist here.
void AddWithoutEffect(base::FlagSet& f) {
  f.NoEffect({"logger", "log-level", "log-outputs", "log-format", "enable-log-rotation", "log-rotation-config-json"},
             "the log goes to stderr, a line an event");
  f.NoEffect({"max-snapshots", "max-wals"}, "what a restart does not need is removed at once");
  f.NoEffect({"backend-batch-limit", "backend-batch-interval", "backend-bbolt-freelist-type"}, "the engine commits with every applied batch");
  f.NoEffect({"max-concurrent-streams", "grpc-keepalive-min-time", "grpc-keepalive-interval", "grpc-keepalive-timeout"},
             "the server's own limits apply");
  f.NoEffect({"initial-election-tick-advance", "pre-vote"}, "always on", /*is_bool=*/true);
  f.NoEffect({"cors", "host-whitelist"}, "there is no HTTP gateway");
  f.NoEffect({"auth-token", "bcrypt-cost", "auth-token-ttl"}, "tokens are simple ones");
  f.NoEffect({"enable-pprof"}, "there is no profiling endpoint", /*is_bool=*/true);
  f.NoEffect({"metrics"}, "all metrics are basic");
  f.NoEffect({"tls-min-version", "tls-max-version", "cipher-suites"}, "TLS 1.2 and 1.3 with the library's default suites");
  f.NoEffect({"corrupt-check-time", "compact-hash-check-time"}, "every record is checksummed instead");
  f.NoEffect({"experimental-initial-corrupt-check", "initial-corrupt-check", "compact-hash-check-enabled",
              "experimental-compact-hash-check-enabled"}, "every record is checksummed instead", /*is_bool=*/true);
  f.NoEffect({"socket-reuse-port", "socket-reuse-address"}, "listeners always allow a quick restart", /*is_bool=*/true);
  f.NoEffect({"compaction-batch-limit", "warning-apply-duration", "max-learners"}, "not tunable here");
  f.NoEffect({"feature-gates"}, "features are those of this release");
  using base::FlagType;
  constexpr char kNoTraces[] = "there are no traces";
  constexpr char kNoFastPath[] = "not tunable here";
  f.NoEffect({
      {{"bootstrap-defrag-threshold-megabytes", "experimental-bootstrap-defrag-threshold-megabytes"}, "the engine compacts by itself", FlagType::kInt},
      {{"compaction-sleep-interval", "experimental-compaction-sleep-interval", "experimental-warning-apply-duration",
        "experimental-warning-unary-request-duration", "warning-unary-request-duration", "raft-read-timeout", "raft-write-timeout",
        "downgrade-check-time", "experimental-downgrade-check-time"},
       kNoFastPath, FlagType::kDuration},
      {{"experimental-compaction-batch-limit", "experimental-snapshot-catchup-entries"}, kNoFastPath, FlagType::kInt},
      {{"experimental-compact-hash-check-time", "experimental-corrupt-check-time"}, "every record is checksummed instead", FlagType::kDuration},
      {{"experimental-enable-lease-checkpoint", "experimental-enable-lease-checkpoint-persist"}, "always on", FlagType::kBool},
      {{"experimental-txn-mode-write-with-shared-buffer", "experimental-stop-grpc-service-on-defrag"}, kNoFastPath, FlagType::kBool},
      {{"enable-distributed-tracing", "experimental-enable-distributed-tracing"}, kNoTraces, FlagType::kBool},
      {{"distributed-tracing-address", "distributed-tracing-instance-id", "distributed-tracing-service-name",
        "experimental-distributed-tracing-address", "experimental-distributed-tracing-instance-id",
        "experimental-distributed-tracing-service-name"},
       kNoTraces},
      {{"distributed-tracing-sampling-rate", "experimental-distributed-tracing-sampling-rate"}, kNoTraces, FlagType::kInt},
      {{"enable-grpc-gateway"}, "there is no HTTP gateway", FlagType::kBool},
      {{"memory-mlock", "experimental-memory-mlock"}, "memory is left to the system", FlagType::kBool},
      {{"discovery-fallback", "v2-deprecation"}, "there is no v2 API"},
      {{"discovery-dial-timeout", "discovery-keepalive-time", "discovery-keepalive-timeout", "discovery-request-timeout"},
       "members are found by --initial-cluster", FlagType::kDuration},
      {{"discovery-insecure-transport", "discovery-insecure-skip-tls-verify"}, "members are found by --initial-cluster", FlagType::kBool},
      {{"self-signed-cert-validity"}, "certificates are given", FlagType::kInt},
  });
}

// Those that promise safety, or say where data or members are.
void RefuseAbsent(base::FlagSet& f) {
  using base::FlagType;
  constexpr char kGiven[] = "certificates are given by --cert-file and --peer-cert-file";
  constexpr char kNoDiscovery[] = "members are found by --initial-cluster";
  constexpr char kOneCertificate[] = "a member shows one certificate to clients and peers alike";
  f.Refuse({
      {{"auto-tls", "peer-auto-tls"}, kGiven, FlagType::kBool},
      {{"client-cert-allowed-hostname", "peer-cert-allowed-cn", "peer-cert-allowed-hostname"}, "certificates are judged by their authority alone"},
      {{"peer-skip-client-san-verification", "experimental-peer-skip-client-san-verification"}, "certificates are judged by their authority alone",
       FlagType::kBool},
      {{"client-crl-file", "peer-crl-file"}, "revoked certificates are not known"},
      {{"client-cert-file", "client-key-file", "peer-client-cert-file", "peer-client-key-file"}, kOneCertificate},
      {{"discovery", "discovery-cacert", "discovery-cert", "discovery-endpoints", "discovery-key", "discovery-password",
        "discovery-proxy", "discovery-srv", "discovery-srv-name", "discovery-token", "discovery-user"},
       kNoDiscovery},
      {{"force-new-cluster"}, "a lost quorum is restored from a snapshot", FlagType::kBool},
      {{"listen-client-http-urls"}, "HTTP and gRPC share --listen-client-urls"},
      {{"unsafe-no-fsync"}, "what is acknowledged is on disk", FlagType::kBool},
      {{"wal-dir"}, "the log lies in --data-dir"},
  });
}

}  // namespace

absl::StatusOr<std::optional<ServerFlags>> ParseFlags(int argc, char** argv) {
  ServerFlags flags;
  base::FlagSet f;
  f.String(&flags.name, "name", "", "Human-readable name for this member.");
  f.String(&flags.data_dir, "data-dir", "", "Path to the data directory.");
  f.List(&flags.listen_client_urls, "listen-client-urls", "", "URLs to listen on for client traffic.");
  f.List(&flags.advertise_client_urls, "advertise-client-urls", "", "This member's client URLs, told to the cluster.");
  f.List(&flags.listen_peer_urls, "listen-peer-urls", "", "URLs to listen on for peer traffic.");
  f.List(&flags.initial_advertise_peer_urls, "initial-advertise-peer-urls", "", "This member's peer URLs, told to the cluster.");
  f.List(&flags.listen_metrics_urls, "listen-metrics-urls", "", "URLs for /metrics and /health.");
  f.String(&flags.initial_cluster, "initial-cluster", "", "First members: name=url,name=url.");
  f.Choice(&flags.initial_cluster_state, "initial-cluster-state", {"new", "existing"}, "new or existing.");
  f.String(&flags.initial_cluster_token, "initial-cluster-token", "", "Token that tells clusters apart.");
  f.String(&flags.client_tls.certificate, "cert-file", "", "Certificate for client traffic.");
  f.String(&flags.client_tls.key, "key-file", "", "Key of --cert-file.");
  f.Bool(&flags.client_tls.require_client_certificate, "client-cert-auth", "", "Demand a client certificate.");
  f.String(&flags.client_tls.trusted_ca, "trusted-ca-file", "", "CA of client certificates.");
  f.String(&flags.peer_tls.certificate, "peer-cert-file", "", "Certificate for peer traffic.");
  f.String(&flags.peer_tls.key, "peer-key-file", "", "Key of --peer-cert-file.");
  f.Bool(&flags.peer_tls.require_client_certificate, "peer-client-cert-auth", "", "Demand a certificate from peers.");
  f.String(&flags.peer_tls.trusted_ca, "peer-trusted-ca-file", "", "CA of peer certificates.");
  AddPositive(f, &flags.heartbeat_ms, "heartbeat-interval", "Milliseconds between heartbeats.");
  AddPositive(f, &flags.election_ms, "election-timeout", "Milliseconds without a leader before an election.");
  AddPositive(f, &flags.snapshot_count, "snapshot-count", "Entries between flushes of the applied state.");
  AddPositive(f, &flags.catch_up_entries, "snapshot-catchup-entries", "Entries kept in memory for members that lag.");
  f.Int(&flags.quota_backend_bytes, "quota-backend-bytes", "", "Alarm when the backend exceeds this; 0: 2 GiB.");
  f.String(&flags.auto_compaction_mode, "auto-compaction-mode", "", "periodic or revision.");
  f.String(&flags.auto_compaction_retention, "auto-compaction-retention", "", "History to keep; 0: all.");
  AddPositive(f, &flags.max_request_bytes, "max-request-bytes", "Largest request the server takes.");
  AddPositive(f, &flags.max_txn_ops, "max-txn-ops", "Most operations in a transaction.");
  f.Bool(&flags.strict_reconfig_check, "strict-reconfig-check", "", "Refuse changes that would lose the quorum.");
  f.Duration(&flags.watch_progress_interval, "watch-progress-notify-interval", "", "Time between progress notices of idle watches.");
  f.Alias("experimental-watch-progress-notify-interval", "watch-progress-notify-interval");
  AddWithoutEffect(f);
  RefuseAbsent(f);
  base::Program program{"etcdlite", "One member of a replicated key-value store with etcd's v3 API: raft, a log on disk, history on RocksDB.",
                              absl::StrCat("etcd Version: ", server::kVersion, "\nGit SHA: skiff\nGo Version: none (C++20)\nGo OS/Arch: linux/amd64"),
                              /*usage_exit=*/2};
  program.examples =
      "  # a store of one member, for this machine alone\n"
      "  etcdlite --data-dir /var/lib/etcdlite\n\n"
      "  # the first of three; the others differ in --name and in their own URLs\n"
      "  etcdlite --name a --data-dir /var/lib/etcdlite \\\n"
      "    --listen-client-urls https://10.0.0.1:2379 --advertise-client-urls https://10.0.0.1:2379 \\\n"
      "    --listen-peer-urls https://10.0.0.1:2380 --initial-advertise-peer-urls https://10.0.0.1:2380 \\\n"
      "    --initial-cluster a=https://10.0.0.1:2380,b=https://10.0.0.2:2380,c=https://10.0.0.3:2380 \\\n"
      "    --cert-file etcd.crt --key-file etcd.key --client-cert-auth --trusted-ca-file ca.crt \\\n"
      "    --peer-cert-file etcd.crt --peer-key-file etcd.key --peer-client-cert-auth --peer-trusted-ca-file ca.crt\n";
  program.groups = {
      {"Member", {"name", "data-dir", "listen-", "advertise-", "heartbeat-", "election-", "snapshot-"}},
      {"Cluster", {"initial-", "strict-"}},
      {"Client certificates", {"cert-file", "key-file", "client-cert-auth", "trusted-ca-file"}},
      {"Peer certificates", {"peer-"}},
      {"Bounds", {"auto-compaction-", "quota-", "max-", "watch-"}},
  };
  int exit_code = 0;
  if (!base::ParseDaemonFlags(program, f, argc, argv, &exit_code)) {
    if (exit_code == 0) return std::nullopt;
    return absl::InvalidArgumentError("");
  }
  if (flags.election_ms < 5 * flags.heartbeat_ms) {
    return absl::InvalidArgumentError(absl::StrCat("--election-timeout[", flags.election_ms,
                                                   "ms] should be at least as 5 times as --heartbeat-interval[", flags.heartbeat_ms, "ms]"));
  }
  return flags;
}

}  // namespace etcdlite
