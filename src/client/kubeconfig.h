// Where an API server is and who we are to it: upstream's kubeconfig files.
#pragma once
#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace client {

class Transport;

// One resolved context. Certificates and keys are PEM text, already loaded.
struct ClientConfig {
  std::string server;       // https://host:port[/prefix]
  std::string grpc_server;  // host:port from the cluster extension `skiff.dev/grpc`; empty: REST only
  std::string ca_pem;       // empty: the system's
  std::string cert_pem;
  std::string key_pem;
  std::string token;
  std::string token_file;  // read again now and then: tokens rotate
  std::string tls_server_name;
  bool insecure = false;
  std::string ns;  // the context's default namespace
  std::string user_agent;
};

// Reads `path`; `context` "" is the file's current-context. Relative file names count from the file's folder.
// NotFound: no such file. InvalidArgument: names what is wrong in it.
absl::StatusOr<ClientConfig> LoadKubeconfig(const std::string& path, const std::string& context = "");
absl::StatusOr<ClientConfig> ParseKubeconfig(const std::string& text, const std::string& base_dir,
                                             const std::string& context = "");

// The gRPC transport when the config names a gRPC server, else REST.
absl::StatusOr<std::unique_ptr<Transport>> Connect(const ClientConfig& config);

}  // namespace client
