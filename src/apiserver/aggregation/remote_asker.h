// Asks another server what upstream's aggregator asks: whether it is there, what it has, its OpenAPI documents. Blocks.
#pragma once
#include <atomic>
#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "apiserver/aggregation/api_service.h"
#include "apiserver/registry/registry.h"
#include "base/http/client.h"

namespace base {
class CertificateSeries;
}

namespace apiserver::aggregation {

// Where requests of an APIService go at this moment. Thread-safe.
class Resolver {
 public:
  // `registry` must outlive it. `to_endpoints`: past the service's address, to one of its endpoints.
  Resolver(registry::Registry& registry, bool to_endpoints) : registry_(registry), to_endpoints_(to_endpoints) {}
  absl::StatusOr<Endpoint> Resolve(const ServiceReference& reference);

 private:
  registry::Registry& registry_;
  const bool to_endpoints_;
  std::atomic<uint64_t> turn_{0};
};

// What is known of a server, for one group version.
struct Knowledge {
  apimachinery::Value entry;  // of aggregated discovery
  std::string discovery_etag;
  std::map<std::string, std::string> documents;              // OpenAPI v3
  std::shared_ptr<const apimachinery::Value> document_v2;  // its part below the group version
  std::string v2_etag;
};

class RemoteAsker {
 public:
  using Tls = std::shared_ptr<const base::http::ClientTls>;
  // `unchecked` shows who we are and takes any certificate: a server with a wrong one is there all the same.
  RemoteAsker(base::http::Client& client, Resolver& resolver, Tls unchecked)
      : client_(client), resolver_(resolver), unchecked_(std::move(unchecked)) {}

  // OK: it answers for its group version. The message of an error is that of the condition.
  absl::Status Probe(const ApiService& service);
  void Discover(const ApiService& service, const Tls& tls, Knowledge* knowledge);
  void ReadDocuments(const ApiService& service, const Tls& tls, Knowledge* knowledge);

 private:
  struct Question;
  absl::StatusOr<base::http::Client::Response> Ask(const ApiService& service, const Tls& tls, const Question& question);
  absl::Status ProbeOnce(const ApiService& service);

  base::http::Client& client_;
  Resolver& resolver_;
  const Tls unchecked_;
};

// Counts the certificates of such servers that are not accepted.
base::CertificateSeries& CertificatesOfServices();
// Why a request got no answer, in Go's words.
std::string Problem(const absl::Status& status);

}  // namespace apiserver::aggregation
