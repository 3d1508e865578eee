// NetworkPolicy, Ingress, IngressClass, IPAddress, ServiceCIDR.
#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "apiserver/validation/go_json.h"
#include "apiserver/validation/kinds.h"

namespace apiserver::validation {
namespace {

void PolicyPort(FieldErrors& e, const Path& p, const Value& port) {
  if (port.Has("protocol") && !In(Text(port, "protocol"), {"TCP", "UDP", "SCTP"})) {
    OneOf(e, p / "protocol", Text(port, "protocol"), {"TCP", "UDP", "SCTP"});
  }
  const Value* number = port.Find("port");
  const Value* end = port.Find("endPort");
  if (number == nullptr) {
    if (end != nullptr) e.Invalid(p / "endPort", *end, "may not be specified when `port` is not specified");
  } else if (number->is_int()) {
    PortNumber(e, p / "port", number->as_int());
    if (end == nullptr) return;
    if (end->as_int() < number->as_int()) {
      e.Invalid(p / "endPort", *number, "must be greater than or equal to `port`");
    }
    PortNumber(e, p / "endPort", end->as_int());
  } else {
    if (end != nullptr) e.Invalid(p / "endPort", *end, "may not be specified when `port` is non-numeric");
    PortNumberOrName(e, p / "port", *number);
  }
}

void IpBlock(FieldErrors& e, const Path& p, const Value& block) {
  const absl::string_view cidr = Text(block, "cidr");
  if (cidr.empty()) return e.Required(p / "cidr");
  LegacyCidr(e, p / "cidr", cidr);
  int family = 0;
  std::string network;
  if (!ParseCidr(cidr, &family, &network)) return;
  const Path except = p / "except";
  const Array& items = Items(block, "except");
  for (size_t i = 0; i < items.size(); ++i) {
    const std::string& text = items[i].as_string();
    LegacyCidr(e, except[i], text);
    int own_family = 0;
    if (!ParseCidr(text, &own_family)) continue;
    const auto bits = [](absl::string_view c) {
      int n = 0;
      return absl::SimpleAtoi(c.substr(c.find('/') + 1), &n) ? n : 0;
    };
    // Inside when the address, cut to the block's length, is the block.
    std::string cut;
    ParseCidr(absl::StrCat(text.substr(0, text.find('/')), "/", std::min(bits(cidr), own_family == 4 ? 32 : 128)),
              nullptr, &cut);
    if (own_family != family || cut != network || bits(cidr) >= bits(text)) {
      e.Invalid(except[i], text, "must be a strict subset of `cidr`");
    }
  }
}

void PolicyPeer(FieldErrors& e, const Path& p, const Value& peer) {
  int count = 0;
  for (const char* key : {"podSelector", "namespaceSelector"}) {
    if (!peer.Has(key)) continue;
    ++count;
    LabelSelectorObject(e, p / key, peer.Find(key));
  }
  const Value* block = peer.Find("ipBlock");
  if (block != nullptr) {
    ++count;
    IpBlock(e, p / "ipBlock", *block);
  }
  if (count == 0) {
    e.Required(p, "must specify a peer");
  } else if (count > 1 && block != nullptr) {
    e.Forbidden(p, "may not specify both ipBlock and another peer");
  }
}

void PolicySpec(FieldErrors& e, const Value& policy) {
  const Path p("spec");
  const Value& spec = Sub(policy, "spec");
  LabelSelectorObject(e, p / "podSelector", spec.Find("podSelector"));
  const std::pair<const char*, const char*> sides[] = {{"ingress", "from"}, {"egress", "to"}};
  for (const auto& [side, peers] : sides) {
    const Path rules = p / side;
    for (size_t i = 0; i < Items(spec, side).size(); ++i) {
      const Value& rule = Items(spec, side)[i];
      const Path at = rules[i];
      const Path ports_path = at / "ports", peers_path = at / peers;
      for (size_t k = 0; k < Items(rule, "ports").size(); ++k) PolicyPort(e, ports_path[k], Items(rule, "ports")[k]);
      for (size_t k = 0; k < Items(rule, peers).size(); ++k) PolicyPeer(e, peers_path[k], Items(rule, peers)[k]);
    }
  }
  const Path types_path = p / "policyTypes";
  const Array& types = Items(spec, "policyTypes");
  if (types.size() > 2) return e.Invalid(types_path, Get(spec, "policyTypes"), "may not specify more than two policyTypes");
  for (size_t i = 0; i < types.size(); ++i) OneOf(e, types_path[i], types[i].as_string(), {"Ingress", "Egress"});
}

void PolicyCreate(FieldErrors& e, const Value& policy) {
  Metadata(e, policy, true, SubdomainName);
  PolicySpec(e, policy);
}
void PolicyUpdate(FieldErrors& e, const Value& policy, const Value& old) {
  MetadataUpdate(e, policy, old);
  PolicySpec(e, policy);
}

// ---- Ingress

void TypedReference(FieldErrors& e, const Path& p, const Value& ref) {
  if (const Value* group = ref.Find("apiGroup")) {
    Named(e, p / "apiGroup", group->as_string(), apimachinery::IsDns1123Subdomain(group->as_string()));
  }
  for (const char* key : {"kind", "name"}) {
    const absl::string_view text = Text(ref, key);
    if (text.empty()) {
      e.Required(p / key);
    } else {
      Named(e, p / key, text, apimachinery::IsPathSegmentName(text));
    }
  }
}

void Backend(FieldErrors& e, const Path& p, const Value& backend) {
  const Value* resource = backend.Find("resource");
  const Value* service = backend.Find("service");
  if (resource != nullptr && service != nullptr) {
    return e.Invalid(p, "", "cannot set both resource and service backends");
  }
  if (resource != nullptr) return TypedReference(e, p / "resource", *resource);
  if (service == nullptr) return e.Invalid(p, "", "resource or service backend is required");
  const absl::string_view name = Text(*service, "name");
  if (name.empty()) {
    e.Required(p / "service.name");
  } else {
    Named(e, p / "service.name", name, Dns1035Name(name, false));
  }
  const Value& port = Sub(*service, "port");
  const absl::string_view port_name = Text(port, "name");
  const int64_t number = Int(port, "number");
  if (!port_name.empty() && number != 0) {
    e.Invalid(p, "", "cannot set both port name & port number");
  } else if (!port_name.empty()) {
    Named(e, p / "service.port.name", port_name, apimachinery::IsValidPortName(port_name));
  } else if (number != 0) {
    PortNumber(e, p / "service.port.number", number);
  } else {
    e.Required(p, "port name or number is required");
  }
}

void HttpPath(FieldErrors& e, const Path& p, const Value& path) {
  if (!path.Has("pathType")) return e.Required(p / "pathType", "pathType must be specified");
  const absl::string_view type = Text(path, "pathType"), text = Text(path, "path");
  const Path at = p / "path";
  if (type == "Exact" || type == "Prefix") {
    if (!absl::StartsWith(text, "/")) e.Invalid(at, Value(text), "must be an absolute path");
    for (absl::string_view bad : {"//", "/./", "/../", "%2f", "%2F"}) {
      if (absl::StrContains(text, bad)) e.Invalid(at, Value(text), absl::StrCat("must not contain '", bad, "'"));
    }
    for (absl::string_view bad : {"/..", "/."}) {
      if (absl::EndsWith(text, bad)) e.Invalid(at, Value(text), absl::StrCat("cannot end with '", bad, "'"));
    }
  } else if (type == "ImplementationSpecific") {
    if (!text.empty() && !absl::StartsWith(text, "/")) e.Invalid(at, Value(text), "must be an absolute path");
  } else {
    OneOf(e, p / "pathType", type, {"Exact", "ImplementationSpecific", "Prefix"});
  }
  Backend(e, p / "backend", Sub(path, "backend"));
}

Problems HostName(absl::string_view host) {
  return absl::StrContains(host, "*") ? apimachinery::IsWildcardDns1123Subdomain(host)
                                      : apimachinery::IsDns1123Subdomain(host);
}

void IngressSpec(FieldErrors& e, const Value& ingress) {
  const Path p("spec");
  const Value& spec = Sub(ingress, "spec");
  const Array& rules = Items(spec, "rules");
  const Value* backend = spec.Find("defaultBackend");
  if (rules.empty() && backend == nullptr) {
    e.Invalid(p, spec.Has("rules") ? Value::MakeArray() : Value(), "either `defaultBackend` or `rules` must be specified");
  }
  if (backend != nullptr) Backend(e, p / "defaultBackend", *backend);
  const Path rules_path = p / "rules";
  for (size_t i = 0; i < rules.size(); ++i) {
    const Path at = rules_path[i];
    const absl::string_view host = Text(rules[i], "host");
    if (!host.empty()) {
      if (IpFamily(host) != 0) e.Invalid(at / "host", Value(host), "must be a DNS name, not an IP address");
      Named(e, at / "host", host, HostName(host));
    }
    const Value* http = rules[i].Find("http");
    if (http == nullptr) continue;
    const Path paths_path = at / "http.paths";
    if (Items(*http, "paths").empty()) e.Required(paths_path);
    for (size_t k = 0; k < Items(*http, "paths").size(); ++k) HttpPath(e, paths_path[k], Items(*http, "paths")[k]);
  }
  const Path tls_path = p / "tls";
  for (size_t i = 0; i < Items(spec, "tls").size(); ++i) {
    const Path at = tls_path[i];
    const Path hosts_path = at / "hosts";
    const Value& tls = Items(spec, "tls")[i];
    for (size_t k = 0; k < Items(tls, "hosts").size(); ++k) {
      const std::string& host = Items(tls, "hosts")[k].as_string();
      Named(e, hosts_path[k], host, HostName(host));
    }
    const absl::string_view secret = Text(tls, "secretName");
    if (!secret.empty()) Named(e, at / "secretName", secret, SubdomainName(secret, false));
  }
  if (const Value* name = spec.Find("ingressClassName")) {
    Named(e, p / "ingressClassName", name->as_string(), SubdomainName(name->as_string(), false));
  }
}

void IngressCreate(FieldErrors& e, const Value& ingress) {
  Metadata(e, ingress, true, SubdomainName);
  IngressSpec(e, ingress);
  const Value* annotated = Sub(Sub(ingress, "metadata"), "annotations").Find("kubernetes.io/ingress.class");
  const Value* name = Sub(ingress, "spec").Find("ingressClassName");
  if (annotated != nullptr && name != nullptr && !(*annotated == *name)) {
    e.Invalid(Path("annotations.kubernetes.io/ingress.class"), *annotated,
              "must match `ingressClassName` when both are specified");
  }
}
void IngressUpdate(FieldErrors& e, const Value& ingress, const Value& old) {
  MetadataUpdate(e, ingress, old);
  Metadata(e, ingress, true, SubdomainName);
  IngressSpec(e, ingress);
}

void IngressStatus(FieldErrors& e, const Value& ingress, const Value& old) {
  MetadataUpdate(e, ingress, old);
  const Path p("status.loadBalancer.ingress");
  const Array& points = Items(Sub(Sub(ingress, "status"), "loadBalancer"), "ingress");
  for (size_t i = 0; i < points.size(); ++i) {
    const Path at = p[i];
    const absl::string_view ip = Text(points[i], "ip"), host = Text(points[i], "hostname");
    if (!ip.empty()) LegacyIp(e, at / "ip", ip);
    if (host.empty()) continue;
    Named(e, at / "hostname", host, apimachinery::IsDns1123Subdomain(host));
    if (IpFamily(host) != 0) e.Invalid(at / "hostname", Value(host), "must be a DNS name, not an IP address");
  }
}

void IngressClassCreate(FieldErrors& e, const Value& object) {
  Metadata(e, object, false, SubdomainName);
  const Path p("spec");
  const Value& spec = Sub(object, "spec");
  const absl::string_view controller = Text(spec, "controller");
  if (controller.size() > 250) e.TooLong(p / "controller", 250);
  if (controller.empty()) {
    e.Required(p / "controller");
  } else {
    Named(e, p / "controller", controller, apimachinery::IsDomainPrefixedPath(controller));
  }
  const Value* parameters = spec.Find("parameters");
  if (parameters == nullptr) return;
  const Path at = p / "parameters";
  TypedReference(e, at, *parameters);
  if (!parameters->Has("scope")) e.Required(at / "scope");
  const absl::string_view scope = Text(*parameters, "scope");
  const Value* ns = parameters->Find("namespace");
  if (!In(scope, {"Cluster", "Namespace"})) {
    OneOf(e, at / "scope", scope, {"Cluster", "Namespace"});
  } else if (scope == "Namespace") {
    if (ns == nullptr) {
      e.Required(at / "namespace", "`parameters.scope` is set to 'Namespace'");
    } else {
      Named(e, at / "namespace", ns->as_string(), apimachinery::IsDns1123Label(ns->as_string()));
    }
  } else if (ns != nullptr) {
    e.Forbidden(at / "namespace", "`parameters.scope` is set to 'Cluster'");
  }
}
void IngressClassUpdate(FieldErrors& e, const Value& object, const Value& old) {
  MetadataUpdate(e, object, old);
  ImmutableText(e, Path("spec.controller"), object.GetString("spec.controller"), old.GetString("spec.controller"));
  IngressClassCreate(e, object);
}

// ---- Addresses

Problems AddressName(absl::string_view name, bool) {
  FieldErrors found;
  StrictIp(found, Path(), name);
  Problems out;
  for (const auto& error : found.errors()) out.push_back(error.detail);
  return out;
}

void AddressCreate(FieldErrors& e, const Value& object) {
  Metadata(e, object, false, AddressName);
  const Value* parent = Sub(object, "spec").Find("parentRef");
  const Path spec("spec");
  const Path p = spec / "parentRef";
  if (parent == nullptr) return e.Required(p);
  const absl::string_view group = Text(*parent, "group"), ns = Text(*parent, "namespace");
  if (!group.empty()) Named(e, p / "group", group, apimachinery::IsDns1123Subdomain(group));
  for (const char* key : {"resource", "name"}) {
    const absl::string_view text = Text(*parent, key);
    if (text.empty()) {
      e.Required(p / key);
    } else {
      Named(e, p / key, text, apimachinery::IsPathSegmentName(text));
    }
  }
  if (!ns.empty()) Named(e, p / "namespace", ns, apimachinery::IsPathSegmentName(ns));
}
void AddressUpdate(FieldErrors& e, const Value& object, const Value& old) {
  MetadataUpdate(e, object, old);
  ImmutableAs(e, Path("spec.parentRef"), "*networking.ParentReference", object.At("spec.parentRef"),
              old.At("spec.parentRef"));
}

void CidrSpec(FieldErrors& e, const Value& object) {
  const Path p("spec.cidrs");
  const Value& spec = Sub(object, "spec");
  const Array& cidrs = Items(spec, "cidrs");
  if (cidrs.empty()) return e.Required(p, "at least one CIDR required");
  if (cidrs.size() > 2) {
    Value shown = Value::MakeObject();  // as upstream prints its inner type
    shown.Set("CIDRs", Get(spec, "cidrs"));
    return e.Invalid(p, shown, "may only hold up to 2 values");
  }
  for (size_t i = 0; i < cidrs.size(); ++i) StrictCidr(e, p[i], cidrs[i].as_string());
  int first = 0, second = 0;
  if (cidrs.size() == 2 && ParseCidr(cidrs[0].as_string(), &first) && ParseCidr(cidrs[1].as_string(), &second) &&
      first == second) {
    e.Invalid(p, Get(spec, "cidrs"),
              "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64");
  }
}
void CidrCreate(FieldErrors& e, const Value& object) {
  Metadata(e, object, false, SubdomainName);
  CidrSpec(e, object);
}
void CidrUpdate(FieldErrors& e, const Value& object, const Value& old) {
  MetadataUpdate(e, object, old);
  const Path p("spec.cidrs");
  const Array& now = Items(Sub(object, "spec"), "cidrs");
  const Array& was = Items(Sub(old, "spec"), "cidrs");
  if (now.size() == was.size()) {
    for (size_t i = 0; i < was.size(); ++i) {
      if (!(now[i] == was[i])) e.Invalid(p[i], now[i], kImmutable);
    }
  } else if (was.size() == 1 && now.size() == 2) {
    if (!(now[0] == was[0])) e.Invalid(p[0], now[0], kImmutable);
    CidrSpec(e, object);
  } else {
    e.Invalid(p, Get(Sub(object, "spec"), "cidrs"), kImmutable);
  }
}

}  // namespace

absl::Span<const KindRules> NetworkKinds() {
  static constexpr KindRules kRules[] = {
      {"networking.k8s.io", "NetworkPolicy", PolicyCreate, PolicyUpdate},
      {"networking.k8s.io", "Ingress", IngressCreate, IngressUpdate, IngressStatus},
      {"networking.k8s.io", "IngressClass", IngressClassCreate, IngressClassUpdate},
      {"networking.k8s.io", "IPAddress", AddressCreate, AddressUpdate},
      {"networking.k8s.io", "ServiceCIDR", CidrCreate, CidrUpdate},
  };
  return kRules;
}

}  // namespace apiserver::validation
