// Ingress and IngressClass.
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "apiserver/validation/kinds.h"

namespace apiserver::validation {
namespace {

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

void IngressWarn(Texts& out, const Value& ingress, const Value* old, absl::string_view subresource) {
  if (old == nullptr) {
    const bool annotated = Sub(Sub(ingress, "metadata"), "annotations").Has("kubernetes.io/ingress.class");
    if (annotated && !Sub(ingress, "spec").Has("ingressClassName")) {
      out.push_back("annotation \"kubernetes.io/ingress.class\" is deprecated, please use 'spec.ingressClassName' instead");
    }
  } else if (subresource == "status") {
    const Path p("status.loadBalancer.ingress");
    const Array& points = Items(Sub(Sub(ingress, "status"), "loadBalancer"), "ingress");
    for (size_t i = 0; i < points.size(); ++i) {
      if (const absl::string_view ip = Text(points[i], "ip"); !ip.empty()) WarnOfIp(out, p[i], ip);
    }
  }
}

// ---- IngressClass

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

}  // namespace

absl::Span<const KindRules> IngressKinds() {
  static constexpr KindRules kRules[] = {
      {"networking.k8s.io", "Ingress", IngressCreate, IngressUpdate, IngressStatus, IngressWarn},
      {"networking.k8s.io", "IngressClass", IngressClassCreate, IngressClassUpdate},
  };
  return kRules;
}

}  // namespace apiserver::validation
