// The health and metrics port of a daemon that is otherwise only a client: /healthz, /livez, /readyz, /metrics over
// HTTPS, with a self-signed certificate when none is given.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace base::http {
class Server;
}

namespace base {
class MetricsPage;
}

namespace client {

struct HealthServerOptions {
  std::string address;  // "0.0.0.0:10257"
  std::string cert_file, key_file;
  std::function<bool()> healthy;         // null: always
  std::function<void(base::MetricsPage&)> metrics;  // adds what is only known when somebody looks; may be null
};

class HealthServer {
 public:
  static absl::StatusOr<std::unique_ptr<HealthServer>> Start(HealthServerOptions options);
  ~HealthServer();
  int port() const;

 private:
  explicit HealthServer(std::unique_ptr<base::http::Server> server);
  std::unique_ptr<base::http::Server> server_;
};

struct CertificatePem {
  std::string cert, key;
};
// A certificate for `common_name`, valid for a year, signed by its own key.
absl::StatusOr<CertificatePem> SelfSignedCertificate(const std::string& common_name);

}  // namespace client
