#include "kube-proxy/rules/nft_script.h"

#include <map>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace kube_proxy::rules {
namespace {

struct Words {  // what differs between the families
  const char* table;
  const char* ip;
  const char* type;
};
Words WordsOf(Family family) {
  if (family == Family::kIpv6) return {"ip6 kube-proxy", "ip6", "ipv6_addr"};
  return {"ip kube-proxy", "ip", "ipv4_addr"};
}

using Chains = std::map<std::string, std::vector<std::string>>;
using Elements = std::map<std::string, std::string>;  // key → value ("" in sets)

// A rule set in nftables' words.
struct Text {
  Chains chains;
  std::map<std::string, int> affinity_sets;  // → timeout in seconds
  Elements services, node_ports, refused, refused_node_ports, cluster_ips;
};

std::string Key(const Destination& at) {
  const std::string port = absl::StrCat(ProtocolName(at.protocol), " . ", at.port);
  return at.ip.empty() ? port : absl::StrCat(at.ip, " . ", port);
}

std::vector<std::string> EndpointRules(const EndpointChain& chain, const Words& w) {
  std::vector<std::string> rules;
  rules.push_back(absl::StrCat(w.ip, " saddr ", chain.ip, " jump mark-for-masquerade"));
  if (!chain.affinity_set.empty()) {
    rules.push_back(absl::StrCat("update @", chain.affinity_set, " { ", w.ip, " saddr }"));
  }
  const bool six = absl::string_view(w.ip) == "ip6";
  rules.push_back(absl::StrCat("meta l4proto ", ProtocolName(chain.protocol), " dnat to ", six ? "[" : "", chain.ip,
                               six ? "]:" : ":", chain.port));
  return rules;
}

std::vector<std::string> SpreadRules(const SpreadChain& chain, const RuleSet& set, const NodeView& node,
                                     const Words& w) {
  std::vector<std::string> rules;
  if (!chain.masquerade_to.ip.empty()) {
    const std::string outside =
        chain.masquerade_from_pods ? "" : absl::StrCat(w.ip, " saddr != ", node.cluster_cidr, " ");
    rules.push_back(absl::StrCat(w.ip, " daddr ", chain.masquerade_to.ip, " ",
                                 ProtocolName(chain.masquerade_to.protocol), " dport ", chain.masquerade_to.port, " ",
                                 outside, "jump mark-for-masquerade"));
  }
  std::vector<std::string> choices;
  for (size_t i = 0; i < chain.endpoints.size(); ++i) {
    const EndpointChain& endpoint = set.endpoint_chains.at(chain.endpoints[i]);
    if (!endpoint.affinity_set.empty()) {
      rules.push_back(absl::StrCat(w.ip, " saddr @", endpoint.affinity_set, " goto ", chain.endpoints[i]));
    }
    choices.push_back(absl::StrCat(i, " : goto ", chain.endpoints[i]));
  }
  if (choices.size() == 1) {
    rules.push_back(absl::StrCat("goto ", chain.endpoints[0]));
  } else {
    rules.push_back(absl::StrCat("numgen random mod ", choices.size(), " vmap { ", absl::StrJoin(choices, ", "), " }"));
  }
  return rules;
}

std::vector<std::string> ExternalRules(const ExternalChain& chain, const NodeView& node, const Words& w) {
  std::vector<std::string> rules;
  if (!chain.source_ranges.empty()) {
    rules.push_back(absl::StrCat(w.ip, " saddr != { ", absl::StrJoin(chain.source_ranges, ", "), " } drop"));
  }
  if (!chain.from_pods.empty()) {
    rules.push_back(absl::StrCat(w.ip, " saddr ", node.cluster_cidr, " goto ", chain.from_pods));
    rules.push_back(absl::StrCat("fib saddr type local jump mark-for-masquerade"));
    rules.push_back(absl::StrCat("fib saddr type local goto ", chain.from_pods));
  }
  if (chain.masquerade) rules.push_back("jump mark-for-masquerade");
  rules.push_back(chain.next.empty() ? "drop" : absl::StrCat("goto ", chain.next));
  return rules;
}

Text Render(const RuleSet& set, const NodeView& node) {
  const Words w = WordsOf(node.family);
  Text text;
  for (const auto& [name, chain] : set.endpoint_chains) {
    text.chains[name] = EndpointRules(chain, w);
    if (!chain.affinity_set.empty()) text.affinity_sets[chain.affinity_set] = chain.affinity_seconds;
  }
  for (const auto& [name, chain] : set.spread_chains) text.chains[name] = SpreadRules(chain, set, node, w);
  for (const auto& [name, chain] : set.external_chains) text.chains[name] = ExternalRules(chain, node, w);
  for (const auto& [at, chain] : set.services) text.services[Key(at)] = absl::StrCat("goto ", chain);
  for (const auto& [at, chain] : set.node_ports) text.node_ports[Key(at)] = absl::StrCat("goto ", chain);
  for (const auto& [at, drop] : set.refused) text.refused[Key(at)] = drop ? "drop" : "goto reject-chain";
  for (const auto& [at, drop] : set.refused_node_ports) {
    text.refused_node_ports[Key(at)] = drop ? "drop" : "goto reject-chain";
  }
  for (const std::string& ip : set.cluster_ips) text.cluster_ips[ip] = "";
  return text;
}

class Script {
 public:
  explicit Script(const NodeView& node) : node_(node), w_(WordsOf(node.family)) {}

  void Line(absl::string_view command, absl::string_view object, absl::string_view rest = "") {
    absl::StrAppend(&out_, command, " ", w_.table, " ", object, rest.empty() ? "" : " ", rest, "\n");
  }

  void Frame() {
    absl::StrAppend(&out_, "add table ", w_.table, "\ndelete table ", w_.table, "\nadd table ", w_.table, "\n");
    const std::string by_address = absl::StrCat("{ type ", w_.type, " . inet_proto . inet_service : verdict ; }");
    const std::string by_port = "{ type inet_proto . inet_service : verdict ; }";
    Line("add map", "service-ips", by_address);
    Line("add map", "no-endpoint-services", by_address);
    Line("add map", "service-nodeports", by_port);
    Line("add map", "no-endpoint-nodeports", by_port);
    Line("add set", "cluster-ips", absl::StrCat("{ type ", w_.type, " ; }"));
    Line("add set", "nodeport-ips", absl::StrCat("{ type ", w_.type, " ; }"));
    for (const char* chain : {"services", "refuse", "reject-chain", "mark-for-masquerade", "masquerading"}) {
      Line("add chain", chain);
    }
    const auto base = [&](absl::string_view name, absl::string_view type, absl::string_view hook,
                          absl::string_view priority) {
      Line("add chain", name,
           absl::StrCat("{ type ", type, " hook ", hook, " priority ", priority, " ; policy accept ; }"));
    };
    base("nat-prerouting", "nat", "prerouting", "dstnat");
    base("nat-output", "nat", "output", "-100");
    base("nat-postrouting", "nat", "postrouting", "srcnat");
    // After nat-output: a cluster IP that is still the destination then has no rule for that port.
    base("filter-input", "filter", "input", "-90");
    base("filter-forward", "filter", "forward", "-90");
    base("filter-output", "filter", "output", "-90");
    Line("add rule", "nat-prerouting", "jump services");
    Line("add rule", "nat-output", "jump services");
    Line("add rule", "nat-postrouting", "jump masquerading");
    for (const char* chain : {"filter-input", "filter-forward", "filter-output"}) {
      Line("add rule", chain, "ct state new jump refuse");
    }
    const std::string address_key = absl::StrCat(w_.ip, " daddr . meta l4proto . th dport vmap ");
    const std::string node_port = absl::StrCat(w_.ip, " daddr @nodeport-ips meta l4proto . th dport vmap ");
    Line("add rule", "services", absl::StrCat(address_key, "@service-ips"));
    Line("add rule", "services", absl::StrCat(node_port, "@service-nodeports"));
    Line("add rule", "refuse", absl::StrCat(address_key, "@no-endpoint-services"));
    Line("add rule", "refuse", absl::StrCat(node_port, "@no-endpoint-nodeports"));
    Line("add rule", "refuse", absl::StrCat(w_.ip, " daddr @cluster-ips reject"));
    Line("add rule", "reject-chain", "reject");
    Line("add rule", "mark-for-masquerade", absl::StrCat("meta mark set meta mark or ", kMasqueradeMark));
    Line("add rule", "masquerading", absl::StrCat("meta mark & ", kMasqueradeMark, " == ", kMasqueradeMark,
                                                  " meta mark set meta mark and ", ~kMasqueradeMark,
                                                  " masquerade fully-random"));
    if (!node_.cluster_cidr.empty()) {  // pods reach the world by their node's address
      Line("add rule", "masquerading",
           absl::StrCat(w_.ip, " saddr ", node_.cluster_cidr, " ", w_.ip, " daddr != ", node_.cluster_cidr,
                        " fib saddr type != local masquerade fully-random"));
    }
    for (const std::string& ip : node_.node_port_ips) Line("add element", "nodeport-ips", absl::StrCat("{ ", ip, " }"));
  }

  // Order matters to the kernel: chains exist before anything names them, and go only when nothing does.
  void Change(const Text& from, const Text& to) {
    for (const auto& [name, seconds] : to.affinity_sets) {
      if (from.affinity_sets.contains(name)) continue;
      Line("add set", name, absl::StrCat("{ type ", w_.type, " ; flags dynamic,timeout ; timeout ", seconds, "s ; }"));
    }
    for (const auto& [name, rules] : to.chains) {
      const auto old = from.chains.find(name);
      if (old == from.chains.end()) Line("add chain", name);
    }
    for (const auto& [name, rules] : to.chains) {
      const auto old = from.chains.find(name);
      if (old != from.chains.end()) {
        if (old->second == rules) continue;
        Line("flush chain", name);
      }
      for (const std::string& rule : rules) Line("add rule", name, rule);
    }
    ChangeElements("service-ips", from.services, to.services);
    ChangeElements("service-nodeports", from.node_ports, to.node_ports);
    ChangeElements("no-endpoint-services", from.refused, to.refused);
    ChangeElements("no-endpoint-nodeports", from.refused_node_ports, to.refused_node_ports);
    ChangeElements("cluster-ips", from.cluster_ips, to.cluster_ips);
    for (const auto& [name, rules] : from.chains) {
      if (!to.chains.contains(name)) Line("flush chain", name);
    }
    for (const auto& [name, rules] : from.chains) {
      if (!to.chains.contains(name)) Line("delete chain", name);
    }
    for (const auto& [name, seconds] : from.affinity_sets) {
      if (!to.affinity_sets.contains(name)) Line("delete set", name);
    }
  }

  std::string Take() && { return std::move(out_); }

 private:
  void ChangeElements(absl::string_view map, const Elements& from, const Elements& to) {
    std::vector<std::string> gone, fresh;
    const auto entry = [](const auto& e) { return e.second.empty() ? e.first : absl::StrCat(e.first, " : ", e.second); };
    for (const auto& e : from) {
      const auto now = to.find(e.first);
      if (now == to.end() || now->second != e.second) gone.push_back(entry(e));
    }
    for (const auto& e : to) {
      const auto old = from.find(e.first);
      if (old == from.end() || old->second != e.second) fresh.push_back(entry(e));
    }
    if (!gone.empty()) Line("delete element", map, absl::StrCat("{ ", absl::StrJoin(gone, ", "), " }"));
    if (!fresh.empty()) Line("add element", map, absl::StrCat("{ ", absl::StrJoin(fresh, ", "), " }"));
  }

  const NodeView& node_;
  const Words w_;
  std::string out_;
};

}  // namespace

std::string FullScript(const RuleSet& rules, const NodeView& node) {
  Script script(node);
  script.Frame();
  script.Change(Text(), Render(rules, node));
  return std::move(script).Take();
}

std::string DiffScript(const RuleSet& from, const RuleSet& to, const NodeView& node) {
  if (from == to) return "";
  Script script(node);
  script.Change(Render(from, node), Render(to, node));
  return std::move(script).Take();
}

std::string ProbeScript(Family family) {
  return absl::StrCat("list chain ", WordsOf(family).table, " nat-prerouting\n");
}

std::string CleanupScript(Family family) {
  const Words w = WordsOf(family);
  return absl::StrCat("add table ", w.table, "\ndelete table ", w.table, "\n");
}

}  // namespace kube_proxy::rules
