// Cluster addresses and node ports of services, given out so that several API servers never give one out twice.
//
// An address is taken by creating the IPAddress object of its name, as upstream 1.35 does: the store's create is the
// guard. Node ports are one bit map in the object /registry/ranges/servicenodeports, changed under its mod revision.
#pragma once
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "apimachinery/schema.h"
#include "apimachinery/value.h"
#include "apiserver/registry/address_range.h"
#include "base/rng.h"

namespace apiserver::registry {

class PortMap;
class Registry;

inline constexpr char kNodePortsKey[] = "/registry/ranges/servicenodeports";
inline constexpr char kAddressManager[] = "ipallocator.k8s.io";
// The IPAddress object that takes an address for a service.
apimachinery::Value ServiceAddress(const std::string& address, const std::string& ns, const std::string& name);

// Thread-safe.
class Services {
 public:
  Services(absl::string_view cidr, int node_port_first, int node_port_last, Registry& registry);

  // What one write has taken: given back when dropped without Commit.
  class Claim {
   public:
    explicit Claim(Services& services) : services_(services) {}
    ~Claim();
    void Commit();

   private:
    friend class Services;
    Services& services_;
    std::vector<std::string> addresses_;
    std::vector<int> ports_;
    std::set<int> seen_;  // taken or, in a dry run, as good as taken
    std::vector<std::string> release_addresses_;  // on Commit: what the update gave up
    std::vector<int> release_ports_;
    bool committed_ = false;
  };

  // Fills in clusterIP(s) and nodePorts of a Service (other kinds: nothing). nullptr when nothing was taken. Invalid
  // when the service asks for something that is taken or out of range.
  absl::StatusOr<std::unique_ptr<Claim>> Allocate(const apimachinery::Kind& kind, apimachinery::Value& object,
                                                  const apimachinery::Value* old, bool dry_run);
  // A service is gone.
  void Release(const apimachinery::Kind& kind, const apimachinery::Value& object);

  std::string first_address() const;  // of the kubernetes service

 private:
  absl::StatusOr<std::string> TakeAddress(const apimachinery::Value& service, bool dry_run);
  // `adopted`: it was taken for a service of this name already, and is not this request's to give back.
  absl::Status TakeGivenAddress(const apimachinery::Value& service, const std::string& address, bool dry_run,
                                bool* adopted);
  absl::Status FirstPorts(apimachinery::Value& object, bool dry_run, Claim& claim);
  absl::Status ChangePorts(apimachinery::Value& object, const apimachinery::Value& old, bool dry_run, Claim& claim);
  absl::Status HealthPort(apimachinery::Value& object, const apimachinery::Value* old, bool dry_run, Claim& claim);
  // `wanted` (0: any) for this write; 0 and the problem when it cannot be had.
  absl::StatusOr<int> ClaimPort(int wanted, bool dry_run, Claim& claim, std::string* problem);
  // The same for spec.ports[index]; Invalid when it cannot be had.
  absl::StatusOr<int> PortOf(const apimachinery::Value& service, size_t index, int wanted, bool dry_run, Claim& claim);
  // Changes the port map in the store; `change` answers false to leave it. Called again when somebody else was faster.
  absl::Status ChangePortMap(absl::FunctionRef<bool(PortMap&)> change);
  // One change of the port map: takes `wanted` (0: any free one), answers the port; 0 when it is taken or none is left.
  absl::StatusOr<int> TakePort(int wanted, bool dry_run);
  void ReleaseAddress(const std::string& address);
  void ReleasePorts(const std::vector<int>& ports);
  std::vector<AddressRange> Ranges() const;

  const AddressRange first_range_;  // the flag's
  const int first_port_, last_port_;
  Registry& registry_;
  std::mutex mu_;
  base::Rng rng_;  // under mu_
};

}  // namespace apiserver::registry
