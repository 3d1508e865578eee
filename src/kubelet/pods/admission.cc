#include "kubelet/pods/admission.h"

#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "apimachinery/quantity.h"
#include "k8s/core/v1/node.pb.h"
#include "kubelet/pods/pod_util.h"

namespace kubelet {
namespace {

using apimachinery::Quantity;
using Amounts = std::map<std::string, Quantity>;

// ---- sysctls ----

// What a pod may set without touching its neighbours.
constexpr const char* kSafeSysctls[] = {
    "kernel.shm_rmid_forced",           "net.ipv4.ip_local_port_range",       "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",        "net.ipv4.ip_unprivileged_port_start", "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time",      "net.ipv4.tcp_fin_timeout",           "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",    "net.ipv4.tcp_rmem",                  "net.ipv4.tcp_wmem",
};

bool SysctlAllowed(const std::string& name, const std::vector<std::string>& unsafe) {
  const std::string dotted = absl::StrReplaceAll(name, {{"/", "."}});
  if (std::any_of(std::begin(kSafeSysctls), std::end(kSafeSysctls), [&](const char* safe) { return dotted == safe; })) return true;
  return std::any_of(unsafe.begin(), unsafe.end(), [&](const std::string& allowed) {
    const absl::string_view prefix = absl::string_view(allowed).substr(0, allowed.size() - (absl::EndsWith(allowed, "*") ? 1 : 0));
    return prefix.size() == allowed.size() ? dotted == allowed : absl::StartsWith(dotted, prefix);
  });
}

std::optional<Rejection> CheckSysctls(const v1::Pod& pod, const AdmissionSettings& settings) {
  for (const v1::Sysctl& sysctl : pod.spec().securitycontext().sysctls()) {
    if (SysctlAllowed(sysctl.name(), settings.allowed_unsafe_sysctls)) continue;
    return Rejection{"SysctlForbidden", absl::StrCat("forbidden sysctl: \"", sysctl.name(), "\" not allowlisted")};
  }
  return std::nullopt;
}

// ---- resources ----

template <typename Map>
Amounts AmountsOf(const Map& list) {
  Amounts out;
  for (const auto& [name, quantity] : list) out[name] = Quantity::ParseOrZero(quantity.string());
  return out;
}

void Add(Amounts* sum, const Amounts& more) {
  for (const auto& [name, quantity] : more) (*sum)[name].Add(quantity);
}

void Raise(Amounts* sum, const Amounts& floor) {
  for (const auto& [name, quantity] : floor) {
    Quantity rest = quantity;
    rest.Sub((*sum)[name]);
    if (rest.Sign() > 0) (*sum)[name] = quantity;
  }
}

// What a pod holds: its containers and sidecars at once, or an init container with the sidecars before it, whichever is more.
Amounts RequestsOf(const v1::Pod& pod) {
  Amounts running, sidecars, peak;
  for (const v1::Container& c : pod.spec().containers()) Add(&running, AmountsOf(c.resources().requests()));
  for (const v1::Container& c : pod.spec().initcontainers()) {
    Amounts own = AmountsOf(c.resources().requests());
    if (IsSidecar(c)) {
      Add(&running, own);
      Add(&sidecars, own);
      own.clear();
    }
    Add(&own, sidecars);
    Raise(&peak, own);
  }
  Raise(&running, peak);
  for (const auto& [name, quantity] : AmountsOf(pod.spec().resources().requests())) running[name] = quantity;
  Add(&running, AmountsOf(pod.spec().overhead()));
  return running;
}

int64_t Units(const std::string& name, const Quantity& q) { return name == "cpu" ? q.MilliValue() : q.Value(); }

std::optional<Rejection> CheckResources(const v1::Pod& pod, const v1::Node& node,
                                        const std::vector<std::shared_ptr<const v1::Pod>>& others) {
  const Amounts capacity = AmountsOf(node.status().allocatable()), wanted = RequestsOf(pod);
  Amounts used;
  for (const auto& other : others) Add(&used, RequestsOf(*other));
  const auto lacks = [](const std::string& name, int64_t requested, int64_t taken, int64_t all) {
    return Rejection{absl::StrCat("OutOf", name), absl::StrCat("Node didn't have enough resource: ", name, ", requested: ", requested,
                                                               ", used: ", taken, ", capacity: ", all)};
  };
  const auto at = [](const Amounts& amounts, const std::string& name) {
    const auto found = amounts.find(name);
    return found == amounts.end() ? 0 : Units(name, found->second);
  };
  const int64_t count = static_cast<int64_t>(others.size()), room = at(capacity, "pods");
  if (count + 1 > room) return lacks("pods", 1, count, room);
  std::vector<std::string> names = {"cpu", "memory", "ephemeral-storage"};  // in upstream's order, then what devices add
  for (const auto& [name, quantity] : wanted) {
    if (std::find(names.begin(), names.end(), name) == names.end() && capacity.contains(name)) names.push_back(name);
  }
  for (const std::string& name : names) {
    const int64_t requested = at(wanted, name), taken = at(used, name), all = at(capacity, name);
    if (requested > 0 && requested > all - taken) return lacks(name, requested, taken, all);
  }
  return std::nullopt;
}

// ---- the node's labels, ports and taints ----

bool Holds(const v1::NodeSelectorRequirement& want, const std::string* value) {
  const std::string& op = want.operator_();
  const auto listed = [&] { return std::find(want.values().begin(), want.values().end(), *value) != want.values().end(); };
  if (op == "Exists") return value != nullptr;
  if (op == "DoesNotExist") return value == nullptr;
  if (op == "In") return value != nullptr && listed();
  if (op == "NotIn") return value == nullptr || !listed();
  int64_t has = 0, bound = 0;
  if (value == nullptr || want.values_size() != 1 || !absl::SimpleAtoi(*value, &has) || !absl::SimpleAtoi(want.values(0), &bound)) return false;
  return op == "Gt" ? has > bound : op == "Lt" && has < bound;
}

bool Holds(const v1::NodeSelectorTerm& term, const v1::Node& node) {
  if (term.matchexpressions().empty() && term.matchfields().empty()) return false;
  const auto label = [&](const std::string& key) {
    const auto found = node.metadata().labels().find(key);
    return found == node.metadata().labels().end() ? nullptr : &found->second;
  };
  return std::all_of(term.matchexpressions().begin(), term.matchexpressions().end(), [&](const auto& want) { return Holds(want, label(want.key())); }) &&
         std::all_of(term.matchfields().begin(), term.matchfields().end(), [&](const auto& want) { return Holds(want, &node.metadata().name()); });
}

bool WantsNode(const v1::PodSpec& spec, const v1::Node& node) {
  for (const auto& [key, value] : spec.nodeselector()) {
    const auto found = node.metadata().labels().find(key);
    if (found == node.metadata().labels().end() || found->second != value) return false;
  }
  const v1::NodeAffinity& affinity = spec.affinity().nodeaffinity();
  if (!affinity.has_requiredduringschedulingignoredduringexecution()) return true;
  const auto& terms = affinity.requiredduringschedulingignoredduringexecution().nodeselectorterms();
  return std::any_of(terms.begin(), terms.end(), [&](const auto& term) { return Holds(term, node); });
}

struct HostPort {
  std::string ip, protocol;
  int port = 0;
};

std::vector<HostPort> HostPortsOf(const v1::Pod& pod) {
  std::vector<HostPort> ports;
  const auto add = [&](const v1::Container& c) {
    for (const v1::ContainerPort& p : c.ports()) {
      if (p.hostport() <= 0) continue;
      ports.push_back({p.hostip().empty() ? "0.0.0.0" : p.hostip(), p.protocol().empty() ? "TCP" : p.protocol(), p.hostport()});
    }
  };
  for (const v1::Container& c : pod.spec().containers()) add(c);
  for (const v1::Container& c : pod.spec().initcontainers()) {
    if (IsSidecar(c)) add(c);
  }
  return ports;
}

bool PortsCollide(const v1::Pod& pod, const std::vector<std::shared_ptr<const v1::Pod>>& others) {
  const std::vector<HostPort> wanted = HostPortsOf(pod);
  if (wanted.empty()) return false;
  for (const auto& other : others) {
    for (const HostPort& taken : HostPortsOf(*other)) {
      for (const HostPort& want : wanted) {
        const bool same_ip = taken.ip == want.ip || taken.ip == "0.0.0.0" || want.ip == "0.0.0.0";
        if (taken.port == want.port && taken.protocol == want.protocol && same_ip) return true;
      }
    }
  }
  return false;
}

bool Tolerated(const v1::PodSpec& spec, const v1::Taint& taint) {
  return std::any_of(spec.tolerations().begin(), spec.tolerations().end(), [&](const v1::Toleration& t) {
    return (t.effect().empty() || t.effect() == taint.effect()) && (t.key().empty() || t.key() == taint.key()) &&
           (t.operator_() == "Exists" || t.value() == taint.value());
  });
}

std::optional<Rejection> CheckNode(const v1::Pod& pod, const v1::Node& node, const std::vector<std::shared_ptr<const v1::Pod>>& others) {
  const auto failed = [](const char* predicate, absl::string_view why) {
    return Rejection{predicate, absl::StrCat("Predicate ", predicate, " failed: ", why)};
  };
  if (auto lack = CheckResources(pod, node, others)) return lack;
  if (!WantsNode(pod.spec(), node)) return failed("NodeAffinity", "node(s) didn't match Pod's node affinity/selector");
  if (PortsCollide(pod, others)) return failed("NodePorts", "node(s) didn't have free ports for the requested pod ports");
  if (IsStatic(pod)) return std::nullopt;
  for (const v1::Taint& taint : node.spec().taints()) {
    if (taint.effect() != "NoExecute" || Tolerated(pod.spec(), taint)) continue;
    return failed("TaintToleration", "node(s) had taints that the pod didn't tolerate");
  }
  return std::nullopt;
}

// ---- AppArmor ----

bool WantsAppArmor(const v1::Pod& pod) {
  const auto confined = [](const v1::AppArmorProfile& profile) { return !profile.type().empty() && profile.type() != "Unconfined"; };
  if (confined(pod.spec().securitycontext().apparmorprofile())) return true;
  for (const auto* containers : {&pod.spec().initcontainers(), &pod.spec().containers()}) {
    for (const v1::Container& c : *containers) {
      if (confined(c.securitycontext().apparmorprofile())) return true;
    }
  }
  return false;
}

}  // namespace

std::optional<Rejection> Admit(const v1::Pod& pod, const v1::Node* node, const std::vector<std::shared_ptr<const v1::Pod>>& others,
                               const AdmissionSettings& settings) {
  if (auto forbidden = CheckSysctls(pod, settings)) return forbidden;
  if (node != nullptr) {
    if (auto refused = CheckNode(pod, *node, others)) return refused;
  }
  if (!settings.app_armor && WantsAppArmor(pod)) {
    return Rejection{"AppArmor", "Cannot enforce AppArmor: AppArmor is not enabled on the host"};
  }
  return std::nullopt;
}

}  // namespace kubelet
