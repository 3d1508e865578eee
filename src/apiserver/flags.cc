#include "apiserver/flags.h"

#include <CLI/CLI.hpp>

namespace apiserver {

bool ParseFlags(int argc, char** argv, Flags* flags, int* exit_code) {
  CLI::App app("The Kubernetes API server of Skiff: REST and gRPC in front of an etcd v3 store.", "kube-apiserver");
  Flags& f = *flags;
  app.add_option("--etcd-servers", f.etcd_servers, "Store members: scheme://host:port, comma separated")->delimiter(',')->required();
  app.add_option("--etcd-cafile", f.etcd_cafile, "CA of the store's certificates");
  app.add_option("--etcd-certfile", f.etcd_certfile, "Client certificate for the store");
  app.add_option("--etcd-keyfile", f.etcd_keyfile, "Key of --etcd-certfile");
  app.add_option("--bind-address", f.bind_address, "Address to listen on");
  app.add_option("--advertise-address", f.advertise_address, "Address told to the cluster");
  app.add_option("--secure-port", f.secure_port, "Port of the REST API (HTTPS)");
  app.add_option("--grpc-port", f.grpc_port, "Port of the internal gRPC API; -1: secure port + 1; 0: off");
  app.add_option("--client-ca-file", f.client_ca_file, "CA of client certificates");
  app.add_option("--tls-cert-file", f.tls_cert_file, "Serving certificate");
  app.add_option("--tls-private-key-file", f.tls_private_key_file, "Key of --tls-cert-file");
  app.add_option("--service-account-key-file", f.service_account_key_files, "Keys that verify tokens")->delimiter(',');
  app.add_option("--service-account-signing-key-file", f.service_account_signing_key_file, "Key that signs tokens");
  app.add_option("--service-account-issuer", f.service_account_issuers, "Issuer of tokens; the first one mints")->delimiter(',');
  app.add_option("--service-account-jwks-uri", f.service_account_jwks_uri, "Where verifiers find the token keys");
  app.add_option("--api-audiences", f.api_audiences, "Audiences of this server's tokens")->delimiter(',');
  app.add_option("--token-auth-file", f.token_auth_file, "Static tokens: token,user,uid,\"groups\"");
  app.add_flag("--enable-bootstrap-token-auth", f.enable_bootstrap_token_auth, "Accept bootstrap tokens");
  app.add_flag("--anonymous-auth,!--no-anonymous-auth", f.anonymous_auth, "Let requests without credentials be system:anonymous");
  app.add_option("--authorization-mode", f.authorization_modes, "Node, RBAC, AlwaysAllow, AlwaysDeny")->delimiter(',');
  app.add_option("--enable-admission-plugins", f.enable_admission_plugins, "On top of the defaults")->delimiter(',');
  app.add_option("--disable-admission-plugins", f.disable_admission_plugins, "Of the defaults")->delimiter(',');
  app.add_option("--service-cluster-ip-range", f.service_cluster_ip_range, "CIDR of service addresses");
  app.add_option("--service-node-port-range", f.service_node_port_range, "Node ports of services: FIRST-LAST");
  app.add_option("--kubelet-client-certificate", f.kubelet_client_certificate, "Client certificate for kubelets");
  app.add_option("--kubelet-client-key", f.kubelet_client_key, "Key of --kubelet-client-certificate");
  app.add_option("--kubelet-certificate-authority", f.kubelet_certificate_authority, "CA of kubelets; none: not checked");
  app.add_option("--kubelet-preferred-address-types", f.kubelet_preferred_address_types, "Node address types, best first")->delimiter(',');
  app.add_option("--endpoint-reconciler-type", f.endpoint_reconciler_type, "none: leave the kubernetes endpoints alone");
  app.add_option("--default-not-ready-toleration-seconds", f.not_ready_toleration_seconds, "Given to pods");
  app.add_option("--default-unreachable-toleration-seconds", f.unreachable_toleration_seconds, "Given to pods");
  app.add_option("--workers", f.workers, "Threads for requests; 0: by the number of processors");
  app.add_option("-v,--v", f.verbosity, "Log verbosity");
  bool ignored_bool = false;
  app.add_flag("--allow-privileged", ignored_bool, "Privileged pods are always allowed; accepted for compatibility");
  app.add_flag("--profiling", ignored_bool, "Accepted for compatibility");
  std::string ignored;
  app.add_option("--etcd-prefix", ignored, "Accepted for compatibility: /registry");
  app.add_option("--storage-backend", ignored, "Accepted for compatibility: etcd3");
  app.add_option("--feature-gates", ignored, "Accepted for compatibility");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    *exit_code = app.exit(error);
    return false;
  }
  return true;
}

}  // namespace apiserver
