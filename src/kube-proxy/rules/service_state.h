// What the proxy knows of services and endpoints: plain values, one IP family at a time.
// Source of the rules: Service and EndpointSlice of the API (core.v1.ServiceSpec, discovery.v1.EndpointSlice).
#pragma once
#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace kube_proxy::rules {

enum class Protocol : uint8_t { kTcp, kUdp, kSctp };
const char* ProtocolName(Protocol protocol);  // as nftables writes it: "tcp"

enum class Family : uint8_t { kIpv4, kIpv6 };

struct Endpoint {
  std::string ip;
  int port = 0;
  bool ready = false;        // takes new connections
  bool serving = false;      // would be ready but for its termination
  bool terminating = false;
  bool local = false;        // runs on this node
  std::vector<std::string> zone_hints;  // zones that should use it; empty: all
  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

// A port of a service. `name` is unique among all of them: "namespace/service:port".
struct ServicePort {
  std::string name;
  Protocol protocol = Protocol::kTcp;
  std::string cluster_ip;
  int port = 0;
  int node_port = 0;                         // 0: none
  std::vector<std::string> external_ips;     // spec.externalIPs
  std::vector<std::string> load_balancer_ips;
  std::vector<std::string> source_ranges;    // spec.loadBalancerSourceRanges; empty: all
  int affinity_seconds = 0;                  // sessionAffinity ClientIP: its timeout; 0: none
  bool internal_local = false;               // internalTrafficPolicy: Local
  bool external_local = false;               // externalTrafficPolicy: Local
  std::vector<Endpoint> endpoints;           // sorted, unique
  friend bool operator==(const ServicePort&, const ServicePort&) = default;
};

// The node the rules are for.
struct NodeView {
  Family family = Family::kIpv4;
  std::vector<std::string> node_port_ips;  // addresses that answer node ports
  std::string cluster_cidr;                // addresses of pods; empty: unknown
  std::string zone;                        // topology.kubernetes.io/zone; empty: unknown
  bool masquerade_all = false;             // also traffic to cluster IPs that comes from pods
};

using ServiceMap = std::map<std::string, ServicePort>;  // by name

}  // namespace kube_proxy::rules
