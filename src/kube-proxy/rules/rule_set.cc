#include "kube-proxy/rules/rule_set.h"

#include <algorithm>
#include <cctype>

#include "absl/strings/str_cat.h"

namespace kube_proxy::rules {
namespace {

// nftables names: letters, digits, '/', '\\', '_', '.' and at most 127 bytes; a hash keeps long ones apart.
std::string ChainName(absl::string_view kind, absl::string_view service, absl::string_view suffix = "") {
  uint32_t hash = 2166136261;  // FNV-1a over the exact parts
  for (const absl::string_view part : {kind, service, suffix}) {
    for (const char c : part) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619;
    hash = (hash ^ 0xff) * 16777619;
  }
  std::string readable = absl::StrCat(service, suffix.empty() ? "" : "_", suffix);
  for (char& c : readable) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '/' && c != '.') c = '_';
  }
  if (readable.size() > 90) readable.resize(90);
  return absl::StrCat(kind, "_", absl::Hex(hash, absl::kZeroPad8), "_", readable);
}

class Builder {
 public:
  explicit Builder(const NodeView& node) : node_(node) {}

  void Add(const ServicePort& service) {
    const std::vector<Endpoint> cluster = UsableEndpoints(service.endpoints, false, node_);
    const std::vector<Endpoint> local = UsableEndpoints(service.endpoints, true, node_);
    if (!service.cluster_ip.empty()) {
      AddInternal(service, service.internal_local ? local : cluster, !cluster.empty());
      out_.cluster_ips.push_back(service.cluster_ip);
    }
    AddExternal(service, cluster, local);
  }

  RuleSet Take() && {
    std::sort(out_.cluster_ips.begin(), out_.cluster_ips.end());
    out_.cluster_ips.erase(std::unique(out_.cluster_ips.begin(), out_.cluster_ips.end()), out_.cluster_ips.end());
    return std::move(out_);
  }

 private:
  std::string EndpointChainFor(const ServicePort& service, const Endpoint& endpoint) {
    const std::string place = absl::StrCat(endpoint.ip, "/", endpoint.port);
    std::string name = ChainName("endpoint", service.name, place);
    EndpointChain& chain = out_.endpoint_chains[name];
    chain = {service.protocol, endpoint.ip, endpoint.port, "", 0};
    if (service.affinity_seconds > 0) {
      // The timeout is part of the name: a set cannot change its own.
      chain.affinity_set = ChainName("affinity", service.name, absl::StrCat(place, "/", service.affinity_seconds));
      chain.affinity_seconds = service.affinity_seconds;
    }
    return name;
  }

  std::string Spread(absl::string_view kind, const ServicePort& service, const std::vector<Endpoint>& endpoints) {
    std::string name = ChainName(kind, service.name);
    SpreadChain& chain = out_.spread_chains[name];
    chain.endpoints.clear();
    for (const Endpoint& endpoint : endpoints) chain.endpoints.push_back(EndpointChainFor(service, endpoint));
    return name;
  }

  void AddInternal(const ServicePort& service, const std::vector<Endpoint>& usable, bool elsewhere) {
    const Destination at{service.cluster_ip, service.protocol, service.port};
    if (usable.empty()) {
      out_.refused[at] = elsewhere;  // policy Local with endpoints elsewhere only: dropped, not refused
      return;
    }
    const std::string name = Spread(service.internal_local ? "local" : "service", service, usable);
    SpreadChain& chain = out_.spread_chains[name];
    if (node_.masquerade_all || !node_.cluster_cidr.empty()) chain.masquerade_to = at;
    chain.masquerade_from_pods = node_.masquerade_all;
    out_.services[at] = name;
  }

  void AddExternal(const ServicePort& service, const std::vector<Endpoint>& cluster,
                   const std::vector<Endpoint>& local) {
    std::vector<std::string> addresses = service.external_ips;
    addresses.insert(addresses.end(), service.load_balancer_ips.begin(), service.load_balancer_ips.end());
    if (addresses.empty() && service.node_port == 0) return;
    if (cluster.empty() && local.empty()) {
      for (const std::string& ip : addresses) out_.refused[{ip, service.protocol, service.port}] = false;
      if (service.node_port != 0) out_.refused_node_ports[{"", service.protocol, service.node_port}] = false;
      return;
    }
    const std::string name = ChainName("external", service.name);
    ExternalChain& chain = out_.external_chains[name];
    if (service.external_local) {
      if (!cluster.empty() && !node_.cluster_cidr.empty()) chain.from_pods = Service(service, cluster);
      if (!local.empty()) chain.next = Spread("local", service, local);
    } else {
      chain.masquerade = true;
      chain.next = Service(service, cluster);
    }
    for (const std::string& ip : service.external_ips) out_.services[{ip, service.protocol, service.port}] = name;
    if (service.node_port != 0) out_.node_ports[{"", service.protocol, service.node_port}] = name;
    if (service.load_balancer_ips.empty()) return;
    std::string balancer = name;
    if (!service.source_ranges.empty()) {  // the ranges bind load balancer addresses only
      balancer = ChainName("firewall", service.name);
      ExternalChain guarded = chain;
      guarded.source_ranges = service.source_ranges;
      out_.external_chains[balancer] = std::move(guarded);
    }
    for (const std::string& ip : service.load_balancer_ips) {
      out_.services[{ip, service.protocol, service.port}] = balancer;
    }
  }

  // The chain over all usable endpoints, whether or not the cluster IP uses it too.
  std::string Service(const ServicePort& service, const std::vector<Endpoint>& cluster) {
    const std::string name = ChainName("service", service.name);
    return out_.spread_chains.contains(name) ? name : Spread("service", service, cluster);
  }

  const NodeView& node_;
  RuleSet out_;
};

}  // namespace

const char* ProtocolName(Protocol protocol) {
  switch (protocol) {
    case Protocol::kTcp: return "tcp";
    case Protocol::kUdp: return "udp";
    case Protocol::kSctp: return "sctp";
  }
  return "tcp";
}

std::vector<Endpoint> UsableEndpoints(const std::vector<Endpoint>& endpoints, bool local_only, const NodeView& node) {
  std::vector<Endpoint> ready, serving;
  for (const Endpoint& endpoint : endpoints) {
    if (local_only && !endpoint.local) continue;
    if (endpoint.ready) {
      ready.push_back(endpoint);
    } else if (endpoint.serving && endpoint.terminating) {
      serving.push_back(endpoint);
    }
  }
  if (ready.empty()) return serving;
  if (local_only || node.zone.empty()) return ready;
  std::vector<Endpoint> near;
  for (const Endpoint& endpoint : ready) {
    if (endpoint.zone_hints.empty()) return ready;  // hints count only when complete
    if (std::count(endpoint.zone_hints.begin(), endpoint.zone_hints.end(), node.zone) > 0) near.push_back(endpoint);
  }
  return near.empty() ? ready : near;
}

RuleSet BuildRuleSet(const ServiceMap& services, const NodeView& node) {
  Builder builder(node);
  for (const auto& [name, service] : services) builder.Add(service);
  return std::move(builder).Take();
}

}  // namespace kube_proxy::rules
