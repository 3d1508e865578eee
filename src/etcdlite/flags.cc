#include "etcdlite/flags.h"

#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "etcdlite/server/service_context.h"

namespace etcdlite {
namespace {

using server::ServerFlags;

// Accepted so that command lines written for etcd work; they change nothing here.
constexpr const char* kIgnored[] = {
    "--logger", "--log-level", "--log-outputs", "--log-format", "--max-snapshots", "--max-wals", "--wal-dir",
    "--max-concurrent-streams", "--grpc-keepalive-min-time", "--grpc-keepalive-interval", "--grpc-keepalive-timeout",
    "--backend-batch-limit", "--backend-batch-interval", "--initial-election-tick-advance", "--cors", "--host-whitelist",
    "--auth-token", "--bcrypt-cost", "--auth-token-ttl", "--enable-pprof", "--metrics", "--discovery-srv", "--tls-min-version",
    "--tls-max-version", "--cipher-suites", "--feature-gates", "--compact-hash-check-enabled", "--corrupt-check-time",
    "--experimental-initial-corrupt-check", "--initial-corrupt-check", "--pre-vote", "--socket-reuse-port",
    "--socket-reuse-address", "--auto-tls", "--unsafe-no-fsync", "--max-learners",
    "--compaction-batch-limit", "--warning-apply-duration", "--experimental-compact-hash-check-enabled"};

void AddUrls(CLI::App& app, const char* name, std::vector<std::string>* urls, const char* help) {
  app.add_option_function<std::string>(
      name, [urls](const std::string& text) { *urls = absl::StrSplit(text, ',', absl::SkipWhitespace()); }, help);
}

}  // namespace

absl::StatusOr<std::optional<ServerFlags>> ParseFlags(int argc, char** argv) {
  CLI::App app{"etcdlite: a replicated key-value store with etcd's API"};
  ServerFlags flags;
  bool version = false;
  std::string metrics_interval;
  app.add_flag("--version", version, "Print the version and exit.");
  app.add_option("--name", flags.name, "Human-readable name for this member.");
  app.add_option("--data-dir", flags.data_dir, "Path to the data directory.");
  AddUrls(app, "--listen-client-urls", &flags.listen_client_urls, "URLs to listen on for client traffic.");
  AddUrls(app, "--advertise-client-urls", &flags.advertise_client_urls, "This member's client URLs, told to the cluster.");
  AddUrls(app, "--listen-peer-urls", &flags.listen_peer_urls, "URLs to listen on for peer traffic.");
  AddUrls(app, "--initial-advertise-peer-urls", &flags.initial_advertise_peer_urls, "This member's peer URLs, told to the cluster.");
  AddUrls(app, "--listen-metrics-urls", &flags.listen_metrics_urls, "URLs for /metrics and /health.");
  app.add_option("--initial-cluster", flags.initial_cluster, "First members: name=url,name=url.");
  app.add_option("--initial-cluster-state", flags.initial_cluster_state, "new or existing.")
      ->check(CLI::IsMember({"new", "existing"}));
  app.add_option("--initial-cluster-token", flags.initial_cluster_token, "Token that tells clusters apart.");
  app.add_option("--cert-file", flags.client_tls.certificate, "Certificate for client traffic.");
  app.add_option("--key-file", flags.client_tls.key, "Key of --cert-file.");
  app.add_flag("--client-cert-auth", flags.client_tls.require_client_certificate, "Demand a client certificate.");
  app.add_option("--trusted-ca-file", flags.client_tls.trusted_ca, "CA of client certificates.");
  app.add_option("--peer-cert-file", flags.peer_tls.certificate, "Certificate for peer traffic.");
  app.add_option("--peer-key-file", flags.peer_tls.key, "Key of --peer-cert-file.");
  app.add_flag("--peer-client-cert-auth", flags.peer_tls.require_client_certificate, "Demand a certificate from peers.");
  app.add_option("--peer-trusted-ca-file", flags.peer_tls.trusted_ca, "CA of peer certificates.");
  app.add_option("--heartbeat-interval", flags.heartbeat_ms, "Milliseconds between heartbeats.")->check(CLI::PositiveNumber);
  app.add_option("--election-timeout", flags.election_ms, "Milliseconds without a leader before an election.")->check(CLI::PositiveNumber);
  app.add_option("--snapshot-count", flags.snapshot_count, "Entries between flushes of the applied state.")->check(CLI::PositiveNumber);
  app.add_option("--snapshot-catchup-entries", flags.catch_up_entries, "Entries kept in memory for members that lag.")->check(CLI::PositiveNumber);
  app.add_option("--quota-backend-bytes", flags.quota_backend_bytes, "Alarm when the backend exceeds this; 0: 2 GiB.");
  app.add_option("--auto-compaction-mode", flags.auto_compaction_mode, "periodic or revision.");
  app.add_option("--auto-compaction-retention", flags.auto_compaction_retention, "History to keep; 0: all.");
  app.add_option("--max-request-bytes", flags.max_request_bytes, "Largest request the server takes.")->check(CLI::PositiveNumber);
  app.add_option("--max-txn-ops", flags.max_txn_ops, "Most operations in a transaction.")->check(CLI::PositiveNumber);
  app.add_flag("--strict-reconfig-check,!--no-strict-reconfig-check", flags.strict_reconfig_check, "Refuse changes that would lose the quorum.");
  app.add_option("--watch-progress-notify-interval,--experimental-watch-progress-notify-interval", metrics_interval,
                 "Time between progress notices of idle watches.");
  std::string ignored;
  for (const char* name : kIgnored) app.add_option(name, ignored)->expected(0, 1)->group("");
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    app.exit(help);
    return std::nullopt;
  } catch (const CLI::ParseError& error) {
    return absl::InvalidArgumentError(error.what());
  }
  if (version) {
    std::printf("etcd Version: %s\nGit SHA: skiff\nGo Version: none (C++20)\nGo OS/Arch: linux/amd64\n", server::kVersion);
    return std::nullopt;
  }
  if (!metrics_interval.empty() && !absl::ParseDuration(metrics_interval, &flags.watch_progress_interval)) {
    return absl::InvalidArgumentError(absl::StrCat("--watch-progress-notify-interval: \"", metrics_interval, "\" is not a duration"));
  }
  if (flags.election_ms < 5 * flags.heartbeat_ms) {
    return absl::InvalidArgumentError(absl::StrCat("--election-timeout[", flags.election_ms,
                                                   "ms] should be at least as 5 times as --heartbeat-interval[", flags.heartbeat_ms, "ms]"));
  }
  return flags;
}

}  // namespace etcdlite
