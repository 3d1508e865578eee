// Other API servers: asks them whether they are there and what they have, and carries requests to them.
//
//   APIServices ── Update ──→ table ──→ Forward: a request of /apis/G/V goes to the service of that APIService
//   services, slices ─ Touch ─→ rounds (threads): condition Available, discovery, OpenAPI → snapshot()
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "apiserver/http/extensions.h"
#include "apiserver/registry/registry.h"

namespace apiserver::aggregation {

struct AggregatorOptions {
  std::string client_cert_file, client_key_file;  // who we are for other servers; empty: nobody they would trust
  bool to_endpoints = false;      // not to the service's address but past it
  bool reject_redirects = true;
};

// Thread-safe.
class Aggregator : public http::Extensions {
 public:
  virtual void Update(const std::vector<pipeline::ObjectPtr>& api_services) = 0;  // all there are
  // A Service or EndpointSlice of the namespace has changed. Cheap where no APIService cares.
  virtual void Touch(absl::string_view ns) = 0;
  virtual void Stop() = 0;  // idempotent
};

// `registry` must outlive the result. Reads the certificate when it is made.
absl::StatusOr<std::unique_ptr<Aggregator>> NewAggregator(AggregatorOptions options, registry::Registry& registry);

}  // namespace apiserver::aggregation
