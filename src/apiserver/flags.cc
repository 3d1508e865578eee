#include "apiserver/flags.h"

#include "absl/strings/str_cat.h"
#include "apiserver/absent_flags.h"
#include "base/daemon_flags.h"
#include "base/version.h"

namespace apiserver {
namespace {

// A flag whose subject cannot be another here: any other value is refused.
std::function<absl::Status(const std::string&)> OnlyValue(std::string value) {
  return [value](const std::string& text) {
    return text == value ? absl::OkStatus() : absl::InvalidArgumentError("must be " + value);
  };
}

void AddAuditFlags(base::FlagSet& flags, audit::Options& audit) {
  audit::BackendOptions& backend = audit.backend;
  backend.max_event_bytes = 102400;
  backend.max_batch_bytes = 10485760;
  flags.String(&audit.policy_file, "audit-policy-file", "", "Which requests are audited; none: no request is");
  flags.String(&audit.file.path, "audit-log-path", "", "File that audited requests are told to; -: standard output");
  flags.String(&audit.mode, "audit-log-mode", "", "batch, blocking or blocking-strict: whether requests wait for the log");
  flags.String(&audit.format, "audit-log-format", "", "json or legacy, a line each");
  flags.Choice(&audit.version, "audit-log-version", {"audit.k8s.io/v1"}, "Version of the events");
  flags.Int(&audit.max_megabytes, "audit-log-maxsize", "", "Megabytes of the log before it is set aside; 0: 100");
  flags.Int(&audit.file.max_age_days, "audit-log-maxage", "", "Days that logs set aside are kept; 0: for ever");
  flags.Int(&audit.file.max_backups, "audit-log-maxbackup", "", "Logs set aside that are kept; 0: all");
  flags.Bool(&audit.file.compress, "audit-log-compress", "", "Compress logs set aside by gzip");
  flags.Int(&backend.buffer_size, "audit-log-batch-buffer-size", "", "Events that may wait in batch mode");
  flags.Int(&backend.max_batch, "audit-log-batch-max-size", "", "Most events of a batch");
  flags.Duration(&backend.max_wait, "audit-log-batch-max-wait", "", "Longest wait for a batch to fill");
  flags.Bool(&backend.throttle, "audit-log-batch-throttle-enable", "", "Bound the batches a second");
  flags.Double(&backend.throttle_qps, "audit-log-batch-throttle-qps", "", "Most batches a second on average");
  flags.Int(&backend.throttle_burst, "audit-log-batch-throttle-burst", "", "Most batches at the same moment");
  flags.Bool(&audit.truncate, "audit-log-truncate-enabled", "", "Leave the objects out of events that are too large");
  flags.Int(&backend.max_event_bytes, "audit-log-truncate-max-event-size", "", "Largest event, in bytes");
  flags.Int(&backend.max_batch_bytes, "audit-log-truncate-max-batch-size", "", "Largest batch, in bytes");
}

}  // namespace

bool ParseFlags(int argc, char** argv, Flags* result, int* exit_code) {
  Flags& f = *result;
  base::FlagSet flags;
  flags.List(&f.etcd_servers, "etcd-servers", "", "Store members: scheme://host:port, comma separated").required = true;
  flags.String(&f.etcd_cafile, "etcd-cafile", "", "CA of the store's certificates");
  flags.String(&f.etcd_certfile, "etcd-certfile", "", "Client certificate for the store");
  flags.String(&f.etcd_keyfile, "etcd-keyfile", "", "Key of --etcd-certfile");
  flags.String(&f.encryption_provider_config, "encryption-provider-config", "", "File that says which resources are encrypted in the store, and how");
  flags.Bool(&f.encryption_reload, "encryption-provider-config-automatic-reload", "", "Look every minute whether that file has changed");
  flags.String(&f.bind_address, "bind-address", "", "Address to listen on");
  flags.String(&f.advertise_address, "advertise-address", "", "Address told to the cluster");
  flags.Int(&f.secure_port, "secure-port", "", "Port of the REST API (HTTPS)");
  flags.Int(&f.grpc_port, "grpc-port", "", "Port of the internal gRPC API; -1: secure port + 1; 0: off");
  flags.String(&f.client_ca_file, "client-ca-file", "", "CA of client certificates");
  flags.String(&f.tls_cert_file, "tls-cert-file", "", "Serving certificate");
  flags.String(&f.tls_private_key_file, "tls-private-key-file", "", "Key of --tls-cert-file");
  flags.String(&f.requestheader_client_ca_file, "requestheader-client-ca-file", "", "CA of front proxies, which tell in headers for whom they speak");
  flags.List(&f.requestheader_allowed_names, "requestheader-allowed-names", "", "Common names of front proxies; none: any of that CA");
  flags.List(&f.requestheader_username_headers, "requestheader-username-headers", "", "Headers for user names, such as X-Remote-User");
  flags.List(&f.requestheader_uid_headers, "requestheader-uid-headers", "", "Headers for user ids, such as X-Remote-Uid");
  flags.List(&f.requestheader_group_headers, "requestheader-group-headers", "", "Headers for groups, such as X-Remote-Group");
  flags.List(&f.requestheader_extra_headers_prefix, "requestheader-extra-headers-prefix", "", "Begin of headers for more, such as X-Remote-Extra-");
  flags.String(&f.proxy_client_cert_file, "proxy-client-cert-file", "", "Client certificate for API servers behind APIServices");
  flags.String(&f.proxy_client_key_file, "proxy-client-key-file", "", "Key of --proxy-client-cert-file");
  flags.Bool(&f.enable_aggregator_routing, "enable-aggregator-routing", "", "Send requests of APIServices to endpoints, not to the service's address");
  flags.Bool(&f.aggregator_reject_forwarding_redirect, "aggregator-reject-forwarding-redirect", "", "Do not pass on redirects of API servers behind APIServices");
  flags.List(&f.service_account_key_files, "service-account-key-file", "", "Keys that verify tokens");
  flags.String(&f.service_account_signing_key_file, "service-account-signing-key-file", "", "Key that signs tokens");
  flags.List(&f.service_account_issuers, "service-account-issuer", "", "Issuer of tokens; the first one mints");
  flags.String(&f.service_account_jwks_uri, "service-account-jwks-uri", "", "Where verifiers find the token keys");
  flags.List(&f.api_audiences, "api-audiences", "", "Audiences of this server's tokens");
  flags.String(&f.token_auth_file, "token-auth-file", "", "Static tokens: token,user,uid,\"groups\"");
  flags.String(&f.authentication_config, "authentication-config", "", "File that says whose JSON Web Tokens are accepted, and where nobody may ask");
  flags.String(&f.oidc.issuer_url, "oidc-issuer-url", "", "OpenID provider whose tokens are accepted: https://...");
  flags.String(&f.oidc.client_id, "oidc-client-id", "", "Audience that its tokens must have");
  flags.String(&f.oidc.ca_file, "oidc-ca-file", "", "CA of its certificate; none: the system's");
  flags.String(&f.oidc.username_claim, "oidc-username-claim", "", "Claim that names the user");
  flags.String(&f.oidc.username_prefix, "oidc-username-prefix", "", "Before names of users; none: the issuer and '#', -: nothing");
  flags.String(&f.oidc.groups_claim, "oidc-groups-claim", "", "Claim that names the user's groups");
  flags.String(&f.oidc.groups_prefix, "oidc-groups-prefix", "", "Before names of groups");
  flags.List(&f.oidc.signing_algs, "oidc-signing-algs", "", "Algorithms that signatures may have");
  flags.List(&f.oidc.required_claims, "oidc-required-claim", "", "KEY=VALUE that tokens must claim; may be repeated");
  flags.Bool(&f.enable_bootstrap_token_auth, "enable-bootstrap-token-auth", "", "Accept bootstrap tokens");
  flags.Bool(&f.anonymous_auth, "anonymous-auth", "", "Let requests without credentials be system:anonymous");
  flags.String(&f.token_webhook_config_file, "authentication-token-webhook-config-file", "", "Kubeconfig of a webhook that is asked whose tokens are");
  flags.Choice(&f.token_webhook_version, "authentication-token-webhook-version", {"v1beta1", "v1"}, "Version of the TokenReviews it is sent");
  flags.Duration(&f.token_webhook_ttl, "authentication-token-webhook-cache-ttl", "", "How long its answers are remembered");
  flags.List(&f.authorization.modes, "authorization-mode", "", "Node, RBAC, Webhook, AlwaysAllow, AlwaysDeny");
  flags.String(&f.authorization.config_file, "authorization-config", "", "File with the modes, instead of --authorization-mode");
  flags.String(&f.authorization.webhook_config_file, "authorization-webhook-config-file", "", "Kubeconfig of the webhook that is asked in the mode Webhook");
  flags.Choice(&f.authorization.webhook_version, "authorization-webhook-version", {"v1beta1", "v1"}, "Version of the SubjectAccessReviews it is sent");
  flags.Duration(&f.authorization.webhook_allowed_ttl, "authorization-webhook-cache-authorized-ttl", "", "How long it is remembered that it allows");
  flags.Duration(&f.authorization.webhook_refused_ttl, "authorization-webhook-cache-unauthorized-ttl", "", "How long it is remembered that it does not");
  flags.List(&f.enable_admission_plugins, "enable-admission-plugins", "", "On top of the defaults");
  flags.List(&f.disable_admission_plugins, "disable-admission-plugins", "", "Of the defaults");
  flags.String(&f.admission_config_file, "admission-control-config-file", "", "File that sets admission plugins: PodSecurity, EventRateLimit");
  flags.String(&f.service_cluster_ip_range, "service-cluster-ip-range", "", "CIDR of service addresses");
  flags.String(&f.service_node_port_range, "service-node-port-range", "", "Node ports of services: FIRST-LAST");
  flags.String(&f.kubelet_client_certificate, "kubelet-client-certificate", "", "Client certificate for kubelets");
  flags.String(&f.kubelet_client_key, "kubelet-client-key", "", "Key of --kubelet-client-certificate");
  flags.String(&f.kubelet_certificate_authority, "kubelet-certificate-authority", "", "CA of kubelets; none: not checked");
  flags.List(&f.kubelet_preferred_address_types, "kubelet-preferred-address-types", "", "Node address types, best first");
  flags.Choice(&f.endpoint_reconciler_type, "endpoint-reconciler-type", {"lease", "none"},
               "Who is in the endpoints of the kubernetes service: lease: the servers that are alive; none: leave them alone");
  flags.Duration(&f.etcd_compaction_interval, "etcd-compaction-interval", "", "Between requests to forget history; 0: never");
  flags.Duration(&f.event_ttl, "event-ttl", "", "How long events are kept");
  flags.Duration(&f.service_account_max_token_expiration, "service-account-max-token-expiration", "",
                 "Longest life of a token; 0: as asked");
  flags.Int(&f.not_ready_toleration_seconds, "default-not-ready-toleration-seconds", "", "Given to pods");
  flags.Int(&f.unreachable_toleration_seconds, "default-unreachable-toleration-seconds", "", "Given to pods");
  flags.Int(&f.max_requests_inflight, "max-requests-inflight", "", "Seats for reads; with the next flag, those of all priority levels");
  flags.Int(&f.max_mutating_requests_inflight, "max-mutating-requests-inflight", "", "Seats for writes");
  flags.Bool(&f.enable_priority_and_fairness, "enable-priority-and-fairness", "", "Queue and refuse requests by priority level and flow");
  AddAuditFlags(flags, f.audit);
  flags.Int(&f.workers, "workers", "", "Threads for requests; 0: by the number of processors");
  flags.Int(&f.verbosity, "v", "v", "Log verbosity");
  flags.NoEffect({"allow-privileged"}, "privileged pods are always allowed; PodSecurity levels restrict them", /*is_bool=*/true);
  flags.NoEffect({"profiling"}, "there is no profiling endpoint", /*is_bool=*/true);
  flags.NoEffect({"feature-gates", "runtime-config"}, "features and versions are those that are on by default in this release");
  AddAbsentFlags(flags);
  flags.Custom("etcd-prefix", "where objects lie in the store: /registry", "'/registry'", OnlyValue("/registry"));
  flags.Custom("storage-media-type", "form of objects in the store: application/vnd.kubernetes.protobuf",
               "'application/vnd.kubernetes.protobuf'", OnlyValue("application/vnd.kubernetes.protobuf"));
  flags.Bool(&f.service_account_extend_token_expiration, "service-account-extend-token-expiration", "",
             "Let tokens of pods live a year, for clients that do not read them anew");
  flags.Duration(&f.request_timeout, "request-timeout", "", "How long a request may take that does not say itself");
  flags.Int(&f.http2_max_streams, "http2-max-streams-per-connection", "", "Requests at once of a connection; 0: 250");
  flags.Custom("storage-backend", "the store's API: etcd3", "'etcd3'", OnlyValue("etcd3"));
  base::Program program{"kube-apiserver",
                        "The Kubernetes API server: REST and gRPC in front of an etcd v3 store. It keeps no state of its own: any number of\n"
                        "servers may stand before one store.",
                        absl::StrCat("Kubernetes ", base::kKubernetesVersion)};
  program.examples =
      "  # to try it out: everybody may do everything, a store on this machine, a self-signed certificate\n"
      "  kube-apiserver --etcd-servers http://127.0.0.1:2379\n\n"
      "  # as in a cluster\n"
      "  kube-apiserver --etcd-servers https://10.0.0.1:2379 --etcd-cafile ca.crt --etcd-certfile client.crt --etcd-keyfile client.key \\\n"
      "    --client-ca-file ca.crt --tls-cert-file apiserver.crt --tls-private-key-file apiserver.key --authorization-mode Node,RBAC \\\n"
      "    --service-account-issuer https://kubernetes.default.svc --service-account-key-file sa.pub --service-account-signing-key-file sa.key\n";
  program.groups = {
      {"Store", {"etcd-", "storage-", "event-ttl", "encryption-"}},
      {"Serving", {"advertise-", "bind-", "secure-port", "grpc-port", "tls-", "workers", "max-", "enable-priority"}},
      {"Authentication", {"anonymous-", "client-ca-", "token-", "api-audiences", "authentication-", "oidc-", "enable-bootstrap", "requestheader-", "service-account-"}},
      {"Authorization and admission", {"authorization-", "enable-admission", "disable-admission", "default-"}},
      {"Services", {"service-cluster-", "service-node-", "endpoint-"}},
      {"Kubelets", {"kubelet-"}},
      {"API servers behind this one", {"proxy-client-", "aggregator-", "enable-aggregator"}},
      {"Audit", {"audit-"}},
  };
  return base::ParseDaemonFlags(program, flags, argc, argv, exit_code);
}

}  // namespace apiserver
