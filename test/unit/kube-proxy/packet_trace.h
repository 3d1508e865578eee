// Follows a packet through a RuleSet the way the kernel would, so that tests speak of outcomes, not of text.
#pragma once
#include <set>
#include <string>

#include "kube-proxy/rules/rule_set.h"

namespace kube_proxy::rules {

struct Packet {
  std::string source;  // textual address; "pod:" prefix marks one inside the cluster's pod range
  Destination to;
  bool to_node = false;  // `to.ip` is an address of this node
};

struct Outcome {
  bool accepted_unchanged = false;
  bool refused = false;
  bool dropped = false;
  bool masqueraded = false;
  std::set<std::string> endpoints;  // every one that may be chosen: "ip:port"
};

inline Outcome Trace(const RuleSet& set, const Packet& packet) {
  Outcome out;
  const bool from_pod = packet.source.starts_with("pod:");
  const std::string source = from_pod ? packet.source.substr(4) : packet.source;
  std::string chain;
  if (const auto it = set.services.find(packet.to); it != set.services.end()) {
    chain = it->second;
  } else if (packet.to_node) {
    const auto port = set.node_ports.find({"", packet.to.protocol, packet.to.port});
    if (port != set.node_ports.end()) chain = port->second;
  }
  if (chain.empty()) {
    auto refused = set.refused.find(packet.to);
    bool hit = refused != set.refused.end();
    bool drop = hit && refused->second;
    if (!hit && packet.to_node) {
      refused = set.refused_node_ports.find({"", packet.to.protocol, packet.to.port});
      hit = refused != set.refused_node_ports.end();
      drop = hit && refused->second;
    }
    if (!hit) {
      for (const std::string& ip : set.cluster_ips) hit |= ip == packet.to.ip;
    }
    out.refused = hit && !drop;
    out.dropped = drop;
    out.accepted_unchanged = !hit;
    return out;
  }
  if (const auto external = set.external_chains.find(chain); external != set.external_chains.end()) {
    const ExternalChain& rules = external->second;
    if (from_pod && !rules.from_pods.empty()) {
      chain = rules.from_pods;
    } else {
      out.masqueraded |= rules.masquerade;
      if (rules.next.empty()) {
        out.dropped = true;
        return out;
      }
      chain = rules.next;
    }
  }
  const SpreadChain& spread = set.spread_chains.at(chain);
  if (spread.masquerade_to == packet.to && (!from_pod || spread.masquerade_from_pods)) out.masqueraded = true;
  for (const std::string& name : spread.endpoints) {
    const EndpointChain& endpoint = set.endpoint_chains.at(name);
    out.endpoints.insert(endpoint.ip + ":" + std::to_string(endpoint.port));
    if (endpoint.ip == source && spread.endpoints.size() == 1) out.masqueraded = true;
  }
  return out;
}

}  // namespace kube_proxy::rules
