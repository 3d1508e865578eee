// Command line of kube-apiserver: upstream's names where the flag exists upstream.
#pragma once
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "apiserver/audit/auditor.h"
#include "apiserver/jwt/authenticator.h"
#include "apiserver/reviewers/authorization_config.h"

namespace apiserver {

struct Flags {
  std::vector<std::string> etcd_servers;
  std::string etcd_cafile, etcd_certfile, etcd_keyfile;
  std::string encryption_provider_config;
  bool encryption_reload = false;
  std::string bind_address = "0.0.0.0", advertise_address;
  int secure_port = 6443;
  int grpc_port = -1;  // -1: secure port + 1; 0: off
  std::string client_ca_file, tls_cert_file, tls_private_key_file;
  std::vector<std::string> service_account_key_files;
  std::string service_account_signing_key_file;
  std::vector<std::string> service_account_issuers;
  std::vector<std::string> api_audiences;
  std::string requestheader_client_ca_file;
  std::vector<std::string> requestheader_allowed_names, requestheader_username_headers, requestheader_uid_headers,
      requestheader_group_headers, requestheader_extra_headers_prefix;
  std::string proxy_client_cert_file, proxy_client_key_file;
  bool enable_aggregator_routing = false, aggregator_reject_forwarding_redirect = true;
  std::string service_account_jwks_uri;
  std::string token_auth_file;
  std::string authentication_config;
  jwt::OidcFlags oidc;
  bool enable_bootstrap_token_auth = false;
  bool anonymous_auth = true;
  reviewers::AuthorizationFlags authorization = {.modes = {"AlwaysAllow"}};
  std::string token_webhook_config_file, token_webhook_version = "v1beta1";
  absl::Duration token_webhook_ttl = absl::Minutes(2);
  std::vector<std::string> enable_admission_plugins, disable_admission_plugins;
  std::string admission_config_file;
  std::string service_cluster_ip_range = "10.96.0.0/12";
  std::string service_node_port_range = "30000-32767";
  std::string kubelet_client_certificate, kubelet_client_key, kubelet_certificate_authority;
  std::vector<std::string> kubelet_preferred_address_types = {"InternalIP", "ExternalIP", "Hostname"};
  std::string endpoint_reconciler_type = "lease";
  absl::Duration etcd_compaction_interval = absl::Minutes(5);  // 0: never
  absl::Duration event_ttl = absl::Hours(1);
  absl::Duration service_account_max_token_expiration;  // 0: no limit
  int not_ready_toleration_seconds = 300, unreachable_toleration_seconds = 300;
  int max_requests_inflight = 400, max_mutating_requests_inflight = 200;  // together: the seats of flow control
  bool enable_priority_and_fairness = true;
  audit::Options audit;
  bool service_account_extend_token_expiration = true;
  absl::Duration request_timeout = absl::Minutes(1);
  int http2_max_streams = 0;  // 0: 250
  int workers = 0;  // 0: by the number of processors
  int verbosity = 0;
};

// False: the process is to end with `exit_code` (help was asked for, or a flag is wrong; the text was printed).
bool ParseFlags(int argc, char** argv, Flags* flags, int* exit_code);

}  // namespace apiserver
