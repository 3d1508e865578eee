#include "apiserver/registry/service_repair.h"

#include "apimachinery/time.h"
#include "apiserver/registry/allocation_series.h"
#include "apiserver/registry/port_map.h"
#include "apiserver/registry/service_fields.h"
#include "apiserver/registry/services.h"
#include "base/log.h"
#include "base/status_macros.h"

namespace apiserver::registry {
namespace {

using apimachinery::Value;

const pipeline::GroupResource kServices{"", "services"}, kAddresses{"networking.k8s.io", "ipaddresses"};
constexpr absl::Duration kYoung = absl::Minutes(1);  // an address whose service may only be on its way

}  // namespace

PortRepair PlanPortRepair(const std::set<int>& taken, const std::set<int>& used, std::map<int, int>& leaks) {
  PortRepair plan;
  for (const int port : used) {
    if (!taken.contains(port)) plan.take.insert(port);
  }
  std::erase_if(leaks, [&](const auto& leak) { return used.contains(leak.first) || !taken.contains(leak.first); });
  for (const int port : taken) {
    if (used.contains(port)) continue;
    if (++leaks[port] >= kLooksBeforeRelease) plan.release.insert(port);
  }
  for (const int port : plan.release) leaks.erase(port);
  return plan;
}

absl::Status ServiceRepair::Look() {
  RETURN_IF_ERROR(registry_.environment().cache->WaitFresh(absl::Seconds(5)));
  std::set<int> ports;
  std::map<std::string, std::pair<std::string, std::string>> addresses;  // address -> namespace, name
  for (const auto& service : registry_.List(kServices, "")) {
    for (const int port : PortsOf(*service)) ports.insert(port);
    if (!NeedsAddress(*service)) continue;
    for (const std::string& address : AddressesOf(*service)) {
      addresses[address] = {service->GetString("metadata.namespace"), service->GetString("metadata.name")};
    }
  }
  RepairAddresses(addresses);
  return RepairPorts(ports);
}

absl::Status ServiceRepair::RepairPorts(const std::set<int>& used) {
  const absl::Status status = TryRepairPorts(used);
  if (!status.ok()) TellPortRepairFailed();
  return status;
}

absl::Status ServiceRepair::TryRepairPorts(const std::set<int>& used) {
  const Environment& env = registry_.environment();
  ASSIGN_OR_RETURN(const auto stored, env.store->Get(kNodePortsKey));
  if (!stored.has_value() && used.empty()) return absl::OkStatus();
  PortMap map = PortMap::Decode(env.node_port_first, env.node_port_last, stored.has_value() ? stored->value : "");
  std::set<int> in_range;
  for (const int port : used) {
    if (map.InRange(port)) {
      in_range.insert(port);
    } else {
      TellPortRepaired("outOfRange");
    }
  }
  const PortRepair plan = PlanPortRepair(map.Taken(), in_range, leaks_);
  if (plan.take.empty() && plan.release.empty()) return absl::OkStatus();
  for (const int port : plan.take) {
    map.Set(port, true);
    TellPortRepaired("repair");
  }
  for (const int port : plan.release) {
    map.Set(port, false);
    TellPortRepaired("leak");
  }
  base::LogWarning("node ports repaired taken=", plan.take.size(), " released=", plan.release.size());
  // When somebody else was faster, the next look will see what is left to do.
  return (stored.has_value() ? env.store->Update(kNodePortsKey, map.Encode(), stored->mod_revision)
                             : env.store->Create(kNodePortsKey, map.Encode()))
      .status();
}

void ServiceRepair::RepairAddresses(const std::map<std::string, std::pair<std::string, std::string>>& used) {
  std::set<std::string> there;
  for (const auto& object : registry_.List(kAddresses, "")) {
    const std::string address = object->GetString("metadata.name");
    there.insert(address);
    const auto owner = used.find(address);
    if (owner != used.end() && owner->second.first == object->GetString("spec.parentRef.namespace") &&
        owner->second.second == object->GetString("spec.parentRef.name")) {
      continue;
    }
    const Value* labels = object->At("metadata.labels");
    const Value* manager = labels == nullptr ? nullptr : labels->Find("ipaddress.kubernetes.io/managed-by");
    const auto created = apimachinery::ParseTime(object->GetString("metadata.creationTimestamp"));
    const bool young = created.ok() && registry_.environment().clock->Now() - *created < kYoung;
    if (manager == nullptr || !(*manager == Value(kAddressManager)) || young) continue;
    TellAddressRepaired("leak");
    base::LogWarning("service address without its service released address=", address);
    const absl::Status gone = registry_.Delete(kAddresses, "", address);
    if (!gone.ok()) base::LogWarning("service address not released address=", address, " error=", gone.message());
    there.erase(address);
  }
  for (const auto& [address, owner] : used) {
    if (there.contains(address)) continue;
    TellAddressRepaired("repair");
    const absl::Status made = registry_.Create(kAddresses, ServiceAddress(address, owner.first, owner.second)).status();
    if (!made.ok() && !apimachinery::ApiStatus::From(made).Is("AlreadyExists")) {
      base::LogWarning("service address not restored address=", address, " error=", made.message());
    }
  }
}

}  // namespace apiserver::registry
