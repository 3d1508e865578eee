// The packet rules that a set of services asks for, as a structure: tests trace packets through it, and
// nft_script.h writes it down for nftables.
#pragma once
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "kube-proxy/rules/service_state.h"

namespace kube_proxy::rules {

struct Destination {  // what a packet is looked up by
  std::string ip;     // empty in the node port table
  Protocol protocol = Protocol::kTcp;
  int port = 0;
  friend auto operator<=>(const Destination&, const Destination&) = default;
};

// Rewrites the destination to one endpoint. Traffic of the endpoint to itself is masqueraded, or the
// answer would not come back through the rewrite.
struct EndpointChain {
  Protocol protocol = Protocol::kTcp;
  std::string ip;
  int port = 0;
  std::string affinity_set;  // remembers the client here; empty: no affinity
  int affinity_seconds = 0;
  friend bool operator==(const EndpointChain&, const EndpointChain&) = default;
};

// Spreads connections evenly over `endpoints` (names of EndpointChains), clients with affinity first.
struct SpreadChain {
  // Packets to `masquerade_to` that do not come from a pod are masqueraded first (an outside client's answer
  // must return through this node). Empty: no such rule.
  Destination masquerade_to;
  bool masquerade_from_pods = false;  // --masquerade-all
  std::vector<std::string> endpoints;
  friend bool operator==(const SpreadChain&, const SpreadChain&) = default;
};

// Where packets from outside the cluster enter a service: node ports, load balancer and external addresses.
struct ExternalChain {
  bool masquerade = false;        // policy Cluster: the endpoint may be on another node
  std::string from_pods;          // policy Local: pods of this cluster use this chain instead; empty: none
  std::string next;               // the SpreadChain; empty: drop (no endpoint here)
  std::vector<std::string> source_ranges;  // others are dropped; empty: all allowed
  friend bool operator==(const ExternalChain&, const ExternalChain&) = default;
};

struct RuleSet {
  std::map<Destination, std::string> services;    // → chain
  std::map<Destination, std::string> node_ports;  // ip empty; → chain
  std::map<Destination, bool> refused;            // no endpoint anywhere; value: silently dropped instead
  std::map<Destination, bool> refused_node_ports;
  std::map<std::string, EndpointChain> endpoint_chains;
  std::map<std::string, SpreadChain> spread_chains;
  std::map<std::string, ExternalChain> external_chains;
  std::vector<std::string> cluster_ips;           // sorted; unknown ports of these are rejected
  friend bool operator==(const RuleSet&, const RuleSet&) = default;
};

// Which endpoints serve a kind of traffic: the ready ones; if none is ready, those that are terminating but
// still serve (KEP-1669); zone hints narrow the choice when every endpoint has one (KEP-2433).
std::vector<Endpoint> UsableEndpoints(const std::vector<Endpoint>& endpoints, bool local_only, const NodeView& node);

RuleSet BuildRuleSet(const ServiceMap& services, const NodeView& node);

}  // namespace kube_proxy::rules
