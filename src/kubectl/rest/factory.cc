#include "kubectl/rest/factory.h"

#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace kubectl {

std::string Factory::Home() const {
  const char* home = getenv("HOME");
  return home == nullptr ? "" : home;
}

void Factory::AddFlags(FlagSet* globals) {
  globals->String(&flags.kubeconfig, "kubeconfig", "",
                  "The one kubeconfig file to use for this command.");
  globals->String(&flags.context, "context", "", "Which kubeconfig context to use.");
  globals->String(&flags.cluster, "cluster", "", "Which kubeconfig cluster to use.");
  globals->String(&flags.user, "user", "", "Which kubeconfig user to use.");
  globals->String(&flags.ns, "namespace", "n", "The namespace this command works in.");
  globals->String(&flags.server, "server", "s", "Address and port of the API server.");
  globals->String(&flags.token, "token", "", "Bearer token to authenticate with.");
  globals->String(&flags.certificate_authority, "certificate-authority", "",
                  "File with the certificates that may have signed the server's.");
  globals->String(&flags.client_certificate, "client-certificate", "",
                  "File with the client certificate for TLS.");
  globals->String(&flags.client_key, "client-key", "",
                  "File with the key of the client certificate.");
  globals->String(&flags.tls_server_name, "tls-server-name", "",
                  "Host name expected in the server's certificate.");
  globals->Bool(&flags.insecure_skip_tls_verify, "insecure-skip-tls-verify", "",
                "Accept any server certificate. This gives up the protection of HTTPS.");
  globals->String(&flags.username, "username", "", "User name for basic authentication.");
  globals->String(&flags.password, "password", "", "Password for basic authentication.");
  globals->String(&flags.as, "as", "", "User to act as (impersonation).");
  globals->Array(&flags.as_group, "as-group", "", "Group to act as; may be repeated.");
  globals->String(&flags.as_uid, "as-uid", "", "UID to act as.");
  globals->Array(&flags.as_user_extra, "as-user-extra", "",
                 "Extra attribute of the user to act as, KEY=VALUE; may be repeated.");
  globals->String(&flags.request_timeout, "request-timeout", "",
                  "How long to wait for one answer of the server (1s, 2m, 3h); 0 waits for ever.");
  flags.cache_dir = absl::StrCat(Home(), "/.kube/cache");
  globals->String(&flags.cache_dir, "cache-dir", "", "Where discovery answers are kept.");
  globals->Int(&verbosity, "v", "v", "How much to log; 6 and above log each request.");
  globals->Bool(&match_server_version, "match-server-version", "",
                "Fail unless client and server versions match.");
  globals->Bool(&warnings_as_errors, "warnings-as-errors", "",
                "Exit with an error when the server sent a warning.");
  globals->Bool(&disable_compression, "disable-compression", "",
                "Do not ask for compressed answers.");
}

std::vector<std::string> Factory::ConfigFiles() const {
  return KubeconfigFiles(flags.kubeconfig, getenv("KUBECONFIG"), Home());
}

absl::StatusOr<Kubeconfig> Factory::Config() const {
  return LoadKubeconfig(ConfigFiles(), !flags.kubeconfig.empty());
}

absl::StatusOr<const Connection*> Factory::Resolved() {
  if (connection_ == nullptr) {
    ASSIGN_OR_RETURN(const Kubeconfig config, Config());
    ASSIGN_OR_RETURN(Connection connection, ResolveConnection(config, flags));
    connection_ = std::make_unique<Connection>(std::move(connection));
  }
  return connection_.get();
}

absl::StatusOr<std::unique_ptr<RestClient>> Factory::NewClient() {
  ASSIGN_OR_RETURN(const Connection* connection, Resolved());
  return std::make_unique<RestClient>(*connection, io, static_cast<int>(verbosity));
}

absl::StatusOr<RestClient*> Factory::Client() {
  if (client_ == nullptr) {
    ASSIGN_OR_RETURN(client_, NewClient());
  }
  return client_.get();
}

absl::StatusOr<Discovery*> Factory::Discover() {
  if (discovery_ == nullptr) {
    ASSIGN_OR_RETURN(RestClient * client, Client());
    std::string file;
    if (!flags.cache_dir.empty()) {
      std::string host = client->connection().server;
      host = host.substr(host.find("://") == std::string::npos ? 0 : host.find("://") + 3);
      for (char& c : host) {
        if (!isalnum(c) && c != '.' && c != '-') c = '_';
      }
      file = absl::StrCat(flags.cache_dir, "/discovery/", host, "/resources.tsv");
    }
    discovery_ = std::make_unique<Discovery>(client, file);
  }
  return discovery_.get();
}

absl::StatusOr<std::string> Factory::Namespace() {
  ASSIGN_OR_RETURN(const Connection* connection, Resolved());
  return connection->ns;
}

}  // namespace kubectl
