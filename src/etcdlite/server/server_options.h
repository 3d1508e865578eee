// What an etcdlite process is told: etcd's flags as values.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "etcdlite/rpc/rpc_server.h"

namespace etcdlite::server {

struct ServerFlags {
  std::string name = "default";
  std::string data_dir;  // empty: NAME.etcd
  std::vector<std::string> listen_client_urls{"http://localhost:2379"};
  std::vector<std::string> advertise_client_urls{"http://localhost:2379"};
  std::vector<std::string> listen_peer_urls{"http://localhost:2380"};
  std::vector<std::string> initial_advertise_peer_urls{"http://localhost:2380"};
  std::vector<std::string> listen_metrics_urls;
  std::string initial_cluster;  // name=url,name=url; empty: this member alone
  std::string initial_cluster_state = "new";
  std::string initial_cluster_token = "etcd-cluster";
  rpc::TlsFiles client_tls, peer_tls;
  int64_t heartbeat_ms = 100;
  int64_t election_ms = 1000;
  uint64_t snapshot_count = 10000;
  uint64_t catch_up_entries = 5000;
  uint64_t max_request_bytes = 1536 * 1024;
  uint64_t max_txn_ops = 128;
  int64_t quota_backend_bytes = 0;  // 0: 2 GiB; negative: none
  std::string auto_compaction_mode = "periodic";
  std::string auto_compaction_retention = "0";
  absl::Duration watch_progress_interval = absl::Minutes(10);
  bool strict_reconfig_check = true;
};

struct FirstMember {
  std::string name;
  std::vector<std::string> peer_urls;
};
// --initial-cluster: one entry per name, its URLs gathered. InvalidArgument: malformed.
absl::StatusOr<std::vector<FirstMember>> ParseInitialCluster(const std::string& text);

// --auto-compaction-retention: revisions for mode revision, hours (a bare number) or a duration for mode periodic.
struct Retention {
  int64_t revisions = 0;
  absl::Duration period;  // both zero: off
};
absl::StatusOr<Retention> ParseRetention(const std::string& mode, const std::string& text);

}  // namespace etcdlite::server
