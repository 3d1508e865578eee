// Service and Endpoints.
#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "apiserver/validation/kinds.h"
#include "apiserver/validation/validation.h"

namespace apiserver::validation {
namespace {

constexpr char kRanges[] = "service.beta.kubernetes.io/load-balancer-source-ranges";

bool Headless(const Value& spec) {
  const Array& ips = Items(spec, "clusterIPs");
  return ips.size() == 1 && ips[0].as_string() == "None";
}

bool NeedsHealthCheck(const Value& spec) {
  return Text(spec, "type") == "LoadBalancer" && Text(spec, "externalTrafficPolicy") == "Local";
}

void ServicePort(FieldErrors& e, const Path& p, const Value& port, bool named, std::set<std::string>* names) {
  const absl::string_view name = Text(port, "name");
  if (named && name.empty()) {
    e.Required(p / "name");
  } else if (!name.empty()) {
    Named(e, p / "name", name, apimachinery::IsDns1123Label(name));
    if (!names->insert(std::string(name)).second) e.Duplicate(p / "name", Value(name));
  }
  PortNumber(e, p / "port", Int(port, "port"));
  RequiredOneOf(e, p / "protocol", Text(port, "protocol"), {"SCTP", "TCP", "UDP"});
  PortNumberOrName(e, p / "targetPort", Get(port, "targetPort"));
  if (const Value* protocol = port.Find("appProtocol")) LabelName(e, p / "appProtocol", protocol->as_string());
}

void ClusterIps(FieldErrors& e, const Value& spec) {
  const Path p("spec");
  const Path ips_path = p / "clusterIPs", families_path = p / "ipFamilies";
  const Array& ips = Items(spec, "clusterIPs");
  const Array& families = Items(spec, "ipFamilies");
  const Value& shown = Get(spec, "clusterIPs");
  const absl::string_view ip = Text(spec, "clusterIP");
  if (!ip.empty()) {
    if (ips.empty()) {
      e.Required(ips_path);
    } else if (ips[0].as_string() != ip) {
      e.Invalid(ips_path, shown, "first value must match `clusterIP`");
    }
  } else if (!ips.empty()) {
    e.Invalid(ips_path, shown, "must be empty when `clusterIP` is not specified");
  }
  std::set<std::string> seen;
  for (size_t i = 0; i < families.size(); ++i) {
    OneOf(e, families_path[i], families[i].as_string(), {"IPv4", "IPv6"});
    if (!seen.insert(families[i].as_string()).second) e.Duplicate(families_path[i], families[i]);
  }
  if (spec.Has("ipFamilyPolicy")) {
    OneOf(e, p / "ipFamilyPolicy", Text(spec, "ipFamilyPolicy"),
          {"PreferDualStack", "RequireDualStack", "SingleStack"});
  }
  bool bad = false;
  for (size_t i = 0; i < ips.size(); ++i) {
    if (i == 0 && ips[i].as_string() == "None") {
      if (ips.size() > 1) {
        bad = true;
        e.Invalid(ips_path, shown, "'None' must be the first and only value");
      }
      continue;
    }
    bad = bad || IpFamily(ips[i].as_string()) == 0;
    LegacyIp(e, ips_path[i], ips[i].as_string());
  }
  if (ips.size() > 2) e.Invalid(ips_path, shown, "may only hold up to 2 values");
  if (bad) return;
  if (ips.size() > 1 && IpFamily(ips[0].as_string()) == IpFamily(ips[1].as_string())) {
    e.Invalid(ips_path, shown, "may specify no more than one IP for each IP family");
  }
  if (Headless(spec)) return;
  for (size_t i = 0; i < ips.size() && i < families.size(); ++i) {
    const int family = IpFamily(ips[i].as_string());
    if (families[i].as_string() == "IPv4" && family == 6) {
      e.Invalid(ips_path[i], ips[i], absl::StrCat("expected an IPv4 value as indicated by `ipFamilies[", i, "]`"));
    }
    if (families[i].as_string() == "IPv6" && family != 6) {
      e.Invalid(ips_path[i], ips[i], absl::StrCat("expected an IPv6 value as indicated by `ipFamilies[", i, "]`"));
    }
  }
}

void LoadBalancerClass(FieldErrors& e, const Value* old, const Value& spec) {
  const Path p("spec");
  const Value* now = spec.Find("loadBalancerClass");
  const absl::string_view type = Text(spec, "type");
  const bool balanced = type == "LoadBalancer";
  if (old != nullptr && balanced && Text(*old, "type") == "LoadBalancer" &&
      !SameValue(now, old->Find("loadBalancerClass"))) {
    e.Invalid(p / "loadBalancerClass", now == nullptr ? Value() : *now, "may not change once set");
  }
  if (now == nullptr) return;
  if (!balanced) return e.Forbidden(p / "loadBalancerClass", "may only be used when `type` is 'LoadBalancer'");
  LabelName(e, p / "loadBalancerClass", now->as_string());
}

void Service(FieldErrors& e, const Value& service, const Value* old) {
  const Path p("spec"), metadata("metadata");
  const Value& spec = Sub(service, "spec");
  const Value& annotations = Sub(Sub(service, "metadata"), "annotations");
  const absl::string_view type = Text(spec, "type");
  const Value* hints = annotations.Find("service.kubernetes.io/topology-aware-hints");
  const Value* mode = annotations.Find("service.kubernetes.io/topology-mode");
  const Path annotations_path = metadata / "annotations";
  if (hints != nullptr && mode != nullptr && !(*hints == *mode)) {
    e.Invalid(annotations_path.Key("service.kubernetes.io/topology-mode"), *mode,
              "must match annotations[service.kubernetes.io/topology-aware-hints] when both are specified");
  }
  const Array& ports = Items(spec, "ports");
  const bool headless = Headless(spec);
  if (ports.empty() && !headless && type != "ExternalName") e.Required(p / "ports");
  const Path ips = p / "clusterIPs";
  if (type == "LoadBalancer" || type == "NodePort") {
    if (headless) e.Invalid(ips[0], "None", absl::StrCat("may not be set to 'None' for ", type, " services"));
  } else if (type == "ExternalName") {
    if (!Items(spec, "clusterIPs").empty()) e.Forbidden(ips, "may not be set for ExternalName services");
    if (!Items(spec, "ipFamilies").empty()) e.Forbidden(p / "ipFamilies", "may not be set for ExternalName services");
    if (spec.Has("ipFamilyPolicy")) e.Forbidden(p / "ipFamilyPolicy", "may not be set for ExternalName services");
    const absl::string_view name = absl::StripSuffix(Text(spec, "externalName"), ".");
    if (name.empty()) {
      e.Required(p / "externalName");
    } else {
      Named(e, p / "externalName", name, apimachinery::IsDns1123Subdomain(name));
    }
  }
  const Path ports_path = p / "ports";
  std::set<std::string> names;
  for (size_t i = 0; i < ports.size(); ++i) ServicePort(e, ports_path[i], ports[i], ports.size() > 1, &names);
  Labels(e, p / "selector", spec.Find("selector"));
  const absl::string_view affinity = Text(spec, "sessionAffinity");
  RequiredOneOf(e, p / "sessionAffinity", affinity, {"ClientIP", "None"});
  if (affinity == "ClientIP") {
    constexpr char kWhen[] = "when session affinity type is ClientIP";
    const Value* config = spec.Find("sessionAffinityConfig");
    const Path at = p / "sessionAffinityConfig";
    if (config == nullptr) {
      e.Required(at, kWhen);
    } else if (!config->Has("clientIP")) {
      e.Required(at / "clientIP", kWhen);
    } else if (const Value* seconds = config->At("clientIP.timeoutSeconds")) {
      if (seconds->as_int() <= 0 || seconds->as_int() > 86400) {
        e.Invalid(at / "clientIP.timeoutSeconds", *seconds, "must be greater than 0 and less than 86400");
      }
    } else {
      e.Required(at / "clientIP.timeoutSeconds", kWhen);
    }
  } else if (affinity == "None" && spec.Has("sessionAffinityConfig")) {
    e.Forbidden(p / "sessionAffinityConfig", "must not be set when session affinity is None");
  }
  if (type != "ExternalName") ClusterIps(e, spec);
  const Path external = p / "externalIPs";
  for (size_t i = 0; i < Items(spec, "externalIPs").size(); ++i) {
    const std::string& ip = Items(spec, "externalIPs")[i].as_string();
    if (IpFamily(ip) == 0) {
      LegacyIp(e, external[i], ip);
    } else {
      EndpointIp(e, external[i], ip);
    }
  }
  RequiredOneOf(e, p / "type", type, {"ClusterIP", "ExternalName", "LoadBalancer", "NodePort"});
  for (size_t i = 0; type == "ClusterIP" && i < ports.size(); ++i) {
    const Path at = ports_path[i];
    if (Int(ports[i], "nodePort") != 0) e.Forbidden(at / "nodePort", "may not be used when `type` is 'ClusterIP'");
  }
  std::set<std::pair<std::string, int64_t>> node_ports, numbers;
  for (size_t i = 0; i < ports.size(); ++i) {
    const Path at = ports_path[i];
    const int64_t number = Int(ports[i], "nodePort");
    if (number != 0 && !node_ports.insert({std::string(Text(ports[i], "protocol")), number}).second) {
      e.Duplicate(at / "nodePort", number);
    }
  }
  for (size_t i = 0; i < ports.size(); ++i) {
    if (numbers.insert({std::string(Text(ports[i], "protocol")), Int(ports[i], "port")}).second) continue;
    Value shown = Value::MakeObject();  // as upstream prints its inner type
    shown.Set("Name", "");
    shown.Set("Protocol", Value(Text(ports[i], "protocol")));
    shown.Set("AppProtocol", Value());
    shown.Set("Port", Int(ports[i], "port"));
    shown.Set("TargetPort", 0);
    shown.Set("NodePort", 0);
    e.Duplicate(ports_path[i], shown);
  }
  const Array& ranges = Items(spec, "loadBalancerSourceRanges");
  constexpr char kBalancerOnly[] = "may only be used when `type` is 'LoadBalancer'";
  if (!ranges.empty()) {
    const Path at = p / "LoadBalancerSourceRanges";
    if (type != "LoadBalancer") e.Forbidden(at, kBalancerOnly);
    for (size_t i = 0; i < ranges.size(); ++i) {
      LegacyCidr(e, at[i], absl::StripAsciiWhitespace(ranges[i].as_string()));
    }
  } else if (const Value* annotated = annotations.Find(kRanges)) {
    const Path at = annotations_path.Key(kRanges);
    if (type != "LoadBalancer") e.Forbidden(at, kBalancerOnly);
    const absl::string_view text = absl::StripAsciiWhitespace(annotated->as_string());
    if (!text.empty()) {
      for (absl::string_view cidr : absl::StrSplit(text, ',')) LegacyCidr(e, at, absl::StripAsciiWhitespace(cidr));
    }
  }
  if (spec.Has("allocateLoadBalancerNodePorts") && type != "LoadBalancer") {
    e.Forbidden(p / "allocateLoadBalancerNodePorts", kBalancerOnly);
  }
  if (type == "LoadBalancer" && !spec.Has("allocateLoadBalancerNodePorts")) {
    e.Required(Path("allocateLoadBalancerNodePorts"));
  }
  LoadBalancerClass(e, nullptr, spec);
  const bool external_access = type == "LoadBalancer" || type == "NodePort" ||
                               (type == "ClusterIP" && !Items(spec, "externalIPs").empty());
  const absl::string_view policy = Text(spec, "externalTrafficPolicy");
  if (!external_access) {
    if (!policy.empty()) {
      e.Invalid(p / "externalTrafficPolicy", Value(policy), "may only be set for externally-accessible services");
    }
  } else {
    RequiredOneOf(e, p / "externalTrafficPolicy", policy, {"Cluster", "Local"});
  }
  const int64_t health = Int(spec, "healthCheckNodePort");
  if (!NeedsHealthCheck(spec)) {
    if (health != 0) {
      e.Invalid(p / "healthCheckNodePort", health,
                "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'");
    }
  } else if (health == 0) {
    e.Required(p / "healthCheckNodePort");
  } else {
    PortNumber(e, p / "healthCheckNodePort", health);
  }
  if (!spec.Has("internalTrafficPolicy")) {
    if (In(type, {"NodePort", "LoadBalancer", "ClusterIP"})) e.Required(p / "internalTrafficPolicy");
  } else {
    OneOf(e, p / "internalTrafficPolicy", Text(spec, "internalTrafficPolicy"), {"Cluster", "Local"});
  }
  if (spec.Has("trafficDistribution")) {
    OneOf(e, p / "trafficDistribution", Text(spec, "trafficDistribution"),
          {"PreferClose", "PreferSameZone", "PreferSameNode"});
  }
}

void ServiceCreate(FieldErrors& e, const Value& service) {
  Metadata(e, service, true, Dns1035Name);
  Service(e, service, nullptr);
}

void ServiceUpdate(FieldErrors& e, const Value& service, const Value& old) {
  MetadataUpdate(e, service, old);
  const Path p("spec");
  const Path ips_path = p / "clusterIPs", families_path = p / "ipFamilies";
  const Value& spec = Sub(service, "spec");
  const Value& before = Sub(old, "spec");
  const bool external = Text(spec, "type") == "ExternalName" || Text(before, "type") == "ExternalName";
  const auto stays = [&](absl::string_view key, const Path& path, const char* unset_text) {
    const Array& now = Items(spec, key);
    const Array& was = Items(before, key);
    if (now.size() == was.size()) {
      for (size_t i = 0; i < was.size(); ++i) {
        if (!(now[i] == was[i])) e.Invalid(path[i], Get(spec, key), "may not change once set");
      }
    } else if (was.size() > now.size()) {
      if (now.empty()) e.Invalid(path[0], Get(spec, key), unset_text);
      if (!now.empty() && !(now[0] == was[0])) e.Invalid(path[0], Get(spec, key), "may not change once set");
      if (now.size() == 1 && Text(spec, "ipFamilyPolicy") != "SingleStack") {
        e.Invalid(p / "ipFamilyPolicy", Get(spec, "ipFamilyPolicy"),
                  "must be set to 'SingleStack' when releasing the secondary clusterIP");
      }
    } else if (!was.empty() && !(now[0] == was[0])) {
      e.Invalid(path[0], Get(spec, key), "may not change once set");
    }
  };
  if (!external && !(Headless(spec) && Headless(before))) {
    stays("clusterIPs", ips_path, "primary clusterIP can not be unset");
  }
  if (!external && !(Headless(spec) && Headless(before))) {
    stays("ipFamilies", families_path, "primary ipFamily can not be unset");
  }
  LoadBalancerClass(e, &before, spec);
  if (NeedsHealthCheck(before) && NeedsHealthCheck(spec) &&
      Int(before, "healthCheckNodePort") != Int(spec, "healthCheckNodePort")) {
    e.Forbidden(p / "healthCheckNodePort", kImmutable);
  }
  Service(e, service, &old);
}

void ServiceStatus(FieldErrors& e, const Value& service, const Value& old) {
  MetadataUpdate(e, service, old);
  const Path status("status");
  const Path p = status / "loadBalancer.ingress";
  const Array& ingress = Items(Sub(Sub(service, "status"), "loadBalancer"), "ingress");
  if (Text(Sub(service, "spec"), "type") != "LoadBalancer" && !ingress.empty()) {
    return e.Forbidden(p, "may only be used when `spec.type` is 'LoadBalancer'");
  }
  for (size_t i = 0; i < ingress.size(); ++i) {
    const Path at = p[i];
    const absl::string_view ip = Text(ingress[i], "ip"), host = Text(ingress[i], "hostname");
    const bool has_mode = ingress[i].Has("ipMode");
    if (!ip.empty()) LegacyIp(e, at / "ip", ip);
    if (!has_mode && !ip.empty()) {
      e.Required(at / "ipMode", "must be specified when `ip` is set");
    } else if (has_mode && ip.empty()) {
      e.Forbidden(at / "ipMode", "may not be specified when `ip` is not set");
    } else if (has_mode) {
      OneOf(e, at / "ipMode", Text(ingress[i], "ipMode"), {"Proxy", "VIP"});
    }
    if (host.empty()) continue;
    Named(e, at / "hostname", host, apimachinery::IsDns1123Subdomain(host));
    if (IpFamily(host) != 0) e.Invalid(at / "hostname", Value(host), "must be a DNS name, not an IP address");
  }
}

// ---- Endpoints

void EndpointPort(FieldErrors& e, const Path& p, const Value& port, bool named) {
  const absl::string_view name = Text(port, "name");
  if (named && name.empty()) {
    e.Required(p / "name");
  } else if (!name.empty()) {
    Named(e, p / "name", name, apimachinery::IsDns1123Label(name));
  }
  PortNumber(e, p / "port", Int(port, "port"));
  RequiredOneOf(e, p / "protocol", Text(port, "protocol"), {"SCTP", "TCP", "UDP"});
  if (const Value* protocol = port.Find("appProtocol")) LabelName(e, p / "appProtocol", protocol->as_string());
}

void EndpointsCreate(FieldErrors& e, const Value& endpoints) {
  Metadata(e, endpoints, true, SubdomainName);
  const Path p("subsets");
  const Array& subsets = Items(endpoints, "subsets");
  for (size_t i = 0; i < subsets.size(); ++i) {
    const Path at = p[i];
    const Value& subset = subsets[i];
    if (Items(subset, "addresses").empty() && Items(subset, "notReadyAddresses").empty()) {
      e.Required(at, "must specify `addresses` or `notReadyAddresses`");
    }
    for (const char* key : {"addresses", "notReadyAddresses"}) {
      const Path list = at / key;
      for (size_t k = 0; k < Items(subset, key).size(); ++k) {
        const Path here = list[k];
        const Value& address = Items(subset, key)[k];
        LegacyIp(e, here / "ip", Text(address, "ip"));
        const absl::string_view host = Text(address, "hostname");
        if (!host.empty()) Named(e, here / "hostname", host, apimachinery::IsDns1123Label(host));
        if (const Value* node = address.Find("nodeName")) {
          Named(e, here / "nodeName", node->as_string(), SubdomainName(node->as_string(), false));
        }
        EndpointIp(e, here / "ip", Text(address, "ip"));
      }
    }
    const Path ports = at / "ports";
    const Array& list = Items(subset, "ports");
    for (size_t k = 0; k < list.size(); ++k) EndpointPort(e, ports[k], list[k], list.size() > 1);
  }
}

void EndpointsUpdate(FieldErrors& e, const Value& endpoints, const Value& old) {
  MetadataUpdate(e, endpoints, old);
  EndpointsCreate(e, endpoints);
}

}  // namespace

FieldErrors ValidateServiceAddresses(const Value& service) {
  FieldErrors e;
  if (service.GetString("spec.type") != "ExternalName") ClusterIps(e, Sub(service, "spec"));
  return e;
}

absl::Span<const KindRules> ServiceKinds() {
  static constexpr KindRules kRules[] = {
      {"", "Service", ServiceCreate, ServiceUpdate, ServiceStatus},
      {"", "Endpoints", EndpointsCreate, EndpointsUpdate},
  };
  return kRules;
}

}  // namespace apiserver::validation
