// An APIService as data, and where its requests go. Pure; any thread.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "apimachinery/value.h"
#include "apiserver/discovery/discovery.h"
#include "apiserver/pipeline/objects.h"

namespace apiserver::aggregation {

struct ServiceReference {
  std::string ns, name;
  int port = 443;

  friend bool operator==(const ServiceReference&, const ServiceReference&) = default;
};

struct ApiService {
  std::string name;  // "v1.example.com"
  std::string group, version;
  discovery::Priority priority;
  std::optional<ServiceReference> service;  // none: ours
  std::string ca_pem;
  bool skip_verify = false;
  bool available = false;  // as its condition says
  std::string resource_version;

  std::string path() const;         // "/apis/example.com/v1"; "/api" of the core group
  std::string server_name() const;  // what the server's certificate must be for
};
ApiService ParseApiService(const apimachinery::Value& object);

struct Endpoint {
  std::string host;
  int port = 443;

  std::string text() const;  // "10.0.0.1:443", "[::1]:443"
};

// The service's own address, or one of its ready endpoints (chosen by `random`). The message of an error is upstream's.
absl::StatusOr<Endpoint> ServiceAddress(const ServiceReference& reference, const apimachinery::Value* service);
absl::StatusOr<Endpoint> ServiceEndpoint(const ServiceReference& reference, const apimachinery::Value* service,
                                         absl::Span<const pipeline::ObjectPtr> slices, uint64_t random);

// The slices of a service among those of its namespace.
std::vector<pipeline::ObjectPtr> SlicesOf(absl::string_view service, std::vector<pipeline::ObjectPtr> slices);

}  // namespace apiserver::aggregation
