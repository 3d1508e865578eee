// Finds addresses and node ports that no service has any more (a server died between taking and storing), and services
// whose address or port is not taken (a store was restored), and puts both right.
//
// Every API server does it now and then; the store's guards keep them from undoing each other.
#pragma once
#include <map>
#include <set>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "apiserver/registry/registry.h"

namespace apiserver::registry {

// How many looks in a row must find a port leaked before it is given back: it may belong to a service that is only
// being stored.
inline constexpr int kLooksBeforeRelease = 3;

struct PortRepair {
  std::set<int> take, release;
};
// `leaks` counts the looks at each port that nobody has; kept by the caller between looks. Pure.
PortRepair PlanPortRepair(const std::set<int>& taken, const std::set<int>& used, std::map<int, int>& leaks);

// One thread at a time.
class ServiceRepair {
 public:
  explicit ServiceRepair(Registry& registry) : registry_(registry) {}
  absl::Status Look();

 private:
  absl::Status RepairPorts(const std::set<int>& used);
  absl::Status TryRepairPorts(const std::set<int>& used);
  void RepairAddresses(const std::map<std::string, std::pair<std::string, std::string>>& used);

  Registry& registry_;
  std::map<int, int> leaks_;
};

}  // namespace apiserver::registry
