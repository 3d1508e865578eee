// Which API servers are alive, as upstream's agree on it: each keeps a key below /registry/masterleases/ under a lease of
// the store, and makes the endpoints of the kubernetes service the addresses of those keys. A server that dies without a
// word is out when its lease ends.
#pragma once
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "apiserver/registry/registry.h"

namespace apiserver::registry {

inline constexpr absl::Duration kEndpointLease = absl::Seconds(15);
inline constexpr absl::Duration kEndpointRenewal = absl::Seconds(10);

struct EndpointOptions {
  std::string address;     // of this server; empty: it has none to tell
  int port = 6443;
};

// One thread at a time.
class EndpointLeases {
 public:
  EndpointLeases(Registry& registry, EndpointOptions options) : registry_(registry), options_(std::move(options)) {}
  // Renews this server's lease and brings the endpoints up to date. `ports`: ours are told, too.
  absl::Status Renew(bool ports);
  absl::Status Leave();

 private:
  absl::Status WriteLease();
  absl::StatusOr<std::set<std::string>> Alive() const;
  absl::Status WriteEndpoints(const std::set<std::string>& addresses, bool ports);

  Registry& registry_;
  const EndpointOptions options_;
  int64_t renewals_ = 0;  // a new value each time: the store would not renew for the same one
};

// Whether `endpoints` (Endpoints or EndpointSlice trees) had to change to name exactly `addresses`. `port` 0: as they are.
bool SetEndpointAddresses(apimachinery::Value& endpoints, const std::set<std::string>& addresses, int port);
bool SetSliceAddresses(apimachinery::Value& slice, const std::set<std::string>& addresses, int port);

}  // namespace apiserver::registry
