#include "apiserver/registry/service_fields.h"

#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"

namespace apiserver::registry {
namespace {

using apimachinery::Array;
using apimachinery::Value;

bool ReachableFromOutside(const Value& service) {
  const std::string type = service.GetString("spec.type");
  return type == "NodePort" || type == "LoadBalancer" ||
         (type == "ClusterIP" && !service.GetArray("spec.externalIPs").empty());
}

bool IsExternal(const Value& service) { return service.GetString("spec.type") == "ExternalName"; }
bool IsLoadBalancer(const Value& service) { return service.GetString("spec.type") == "LoadBalancer"; }

// Of a type whose ports keep the node ports they have, also when no new ones are given out.
bool HasPorts(const Value& service) {
  const std::string type = service.GetString("spec.type");
  return type == "NodePort" || type == "LoadBalancer";
}

bool Same(const Value& a, const Value& b, absl::string_view member) {
  const std::string path = absl::StrCat("spec.", member);
  const Value* x = a.At(path);
  const Value* y = b.At(path);
  return x == nullptr || y == nullptr ? x == y : *x == *y;
}

std::set<int64_t> NodePorts(const Value& service) {
  std::set<int64_t> ports;
  for (const Value& port : service.GetArray("spec.ports")) {
    if (port.GetInt("nodePort") != 0) ports.insert(port.GetInt("nodePort"));
  }
  return ports;
}

// Ports may go, as long as none comes.
bool NoNewNodePorts(const Value& service, const Value& old) {
  const std::set<int64_t> now = NodePorts(service), before = NodePorts(old);
  return std::includes(before.begin(), before.end(), now.begin(), now.end());
}

// Ports keep their node ports by name, unless another port has been given that one.
void KeepNodePorts(Value& service, const Value& old) {
  std::map<std::string, int64_t> by_name;
  for (const Value& port : old.GetArray("spec.ports")) by_name[port.GetString("name")] = port.GetInt("nodePort");
  const std::set<int64_t> now = NodePorts(service);
  std::set<int64_t> used;
  for (const int64_t port : NodePorts(old)) {
    if (now.contains(port)) used.insert(port);
  }
  Value* ports = service.At("spec.ports");
  if (ports == nullptr || !ports->is_array()) return;
  for (Value& port : ports->array()) {
    if (port.GetInt("nodePort") != 0) continue;
    const auto known = by_name.find(port.GetString("name"));
    if (known == by_name.end() || known->second == 0 || used.contains(known->second)) continue;
    port.Set("nodePort", known->second);
  }
}

// clusterIP is what people write, clusterIPs the list it stands first in: who changes only one means both.
void SyncAddresses(Value& service, const Value& old) {
  Value& spec = service["spec"];
  const std::string now = service.GetString("spec.clusterIP"), was = old.GetString("spec.clusterIP");
  if (now == was || !Same(service, old, "clusterIPs")) return;
  spec.Erase("clusterIPs");
  if (!now.empty()) spec.Set("clusterIPs", Array{Value(now)});
}

}  // namespace

bool NeedsAddress(const Value& service) {
  return service.GetString("spec.type") != "ExternalName" && service.GetString("spec.clusterIP") != "None";
}

bool NeedsPorts(const Value& service) {
  const std::string type = service.GetString("spec.type");
  if (type == "NodePort") return true;
  return type == "LoadBalancer" && service.GetBool("spec.allocateLoadBalancerNodePorts", true);
}

bool NeedsHealthPort(const Value& service) {
  return IsLoadBalancer(service) && service.GetString("spec.externalTrafficPolicy") == "Local";
}

std::vector<int> NodePortsOf(const Value& service) {
  std::vector<int> ports;
  for (const Value& port : service.GetArray("spec.ports")) {
    if (const int64_t p = port.GetInt("nodePort"); p != 0) ports.push_back(static_cast<int>(p));
  }
  return ports;
}

std::vector<int> PortsOf(const Value& service) {
  std::vector<int> ports = NodePortsOf(service);
  if (const int64_t p = service.GetInt("spec.healthCheckNodePort"); p != 0) ports.push_back(static_cast<int>(p));
  return ports;
}

std::vector<std::string> AddressesOf(const Value& service) {
  std::vector<std::string> addresses;
  for (const Value& a : service.GetArray("spec.clusterIPs")) {
    if (a.is_string() && a.as_string() != "None" && !a.as_string().empty()) addresses.push_back(a.as_string());
  }
  const std::string first = service.GetString("spec.clusterIP");
  if (addresses.empty() && !first.empty() && first != "None") addresses.push_back(first);
  return addresses;
}

void KeepAllocated(Value& service, const Value& old) {
  Value& spec = service["spec"];
  if (spec.is_null()) spec = Value::MakeObject();
  const auto keep = [&](absl::string_view member) {
    if (const Value* was = old.At(absl::StrCat("spec.", member))) spec.Set(member, *was);
  };
  if (!IsExternal(old) && !IsExternal(service)) {
    if (service.GetString("spec.clusterIP").empty()) keep("clusterIP");
    if (service.GetArray("spec.clusterIPs").empty()) keep("clusterIPs");
  }
  if (service.GetArray("spec.clusterIPs").empty() && Same(service, old, "clusterIP")) keep("clusterIPs");
  SyncAddresses(service, old);
  if (HasPorts(old) && HasPorts(service)) KeepNodePorts(service, old);
  if (NeedsHealthPort(old) && NeedsHealthPort(service) && service.GetInt("spec.healthCheckNodePort") == 0) {
    keep("healthCheckNodePort");
  }
}

void DropHidden(Value& service) {
  if (IsExternal(service)) service.EraseAt("spec.internalTrafficPolicy");
}

void DropForType(Value& service, const Value& old) {
  Value& spec = service["spec"];
  if (!IsExternal(old) && IsExternal(service)) {
    if (Same(service, old, "clusterIP") && Same(service, old, "clusterIPs")) {
      spec.Erase("clusterIP");
      spec.Erase("clusterIPs");
    }
    for (const char* member : {"ipFamilies", "ipFamilyPolicy"}) {
      if (Same(service, old, member)) spec.Erase(member);
    }
  }
  if (HasPorts(old) && !HasPorts(service) && NoNewNodePorts(service, old)) {
    if (Value* ports = spec.Find("ports"); ports != nullptr && ports->is_array()) {
      for (Value& port : ports->array()) port.Erase("nodePort");
    }
  }
  const auto drop = [&](absl::string_view member, bool before, bool after) {
    if (before && !after && Same(service, old, member)) spec.Erase(member);
  };
  drop("healthCheckNodePort", NeedsHealthPort(old), NeedsHealthPort(service));
  drop("allocateLoadBalancerNodePorts", IsLoadBalancer(old), IsLoadBalancer(service));
  drop("loadBalancerClass", IsLoadBalancer(old), IsLoadBalancer(service));
  drop("externalTrafficPolicy", ReachableFromOutside(old), ReachableFromOutside(service));
  if (!IsLoadBalancer(service)) service.EraseAt("status.loadBalancer");
}

}  // namespace apiserver::registry
