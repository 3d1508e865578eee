// Where a webhook lives, and what we show it.
#pragma once
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "base/http/client.h"

namespace apiserver::reviewers {

struct Endpoint {
  std::string host, path;  // the path begins with '/'
  int port = 443;
  bool tls = true;
  base::http::ClientTlsOptions tls_options;
  std::string token, token_file;   // a bearer token; the file is read for each call
  std::string user, password;
};

// The present context of a kubeconfig. InvalidArgument names what is missing.
absl::StatusOr<Endpoint> ReadKubeconfig(const std::string& path);
// The API server that pods of this cluster are told of by their environment.
absl::StatusOr<Endpoint> InCluster();

}  // namespace apiserver::reviewers
