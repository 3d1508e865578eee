#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "apiserver/tables/printers.h"

namespace apiserver::tables {
namespace {

std::string JoinStrings(const Array& values, absl::string_view separator = ",") {
  std::vector<absl::string_view> texts;
  for (const Value& value : values) {
    if (value.is_string()) texts.push_back(value.as_string());
  }
  return absl::StrJoin(texts, separator);
}

std::string ExternalAddresses(const Value& service) {
  const std::string type = service.GetString("spec.type");
  const std::string external = JoinStrings(service.GetArray("spec.externalIPs"));
  if (type == "ClusterIP" || type == "NodePort") return external.empty() ? std::string(kNone) : external;
  if (type == "ExternalName") return service.GetString("spec.externalName");
  if (type != "LoadBalancer") return std::string(kUnknown);
  const std::string balancer = LoadBalancerAddresses(service);
  if (external.empty()) return balancer.empty() ? "<pending>" : balancer;
  return balancer.empty() ? external : absl::StrCat(balancer, ",", external);
}

std::string ServicePorts(const Value& service) {
  std::vector<std::string> texts;
  for (const Value& port : service.GetArray("spec.ports")) {
    const int64_t node_port = port.GetInt("nodePort");
    texts.push_back(absl::StrCat(port.GetInt("port"), node_port > 0 ? absl::StrCat(":", node_port) : "", "/",
                                 port.GetString("protocol")));
  }
  return texts.empty() ? std::string(kNone) : absl::StrJoin(texts, ",");
}

std::string HostPort(const std::string& host, int64_t port) {
  return absl::StrContains(host, ':') ? absl::StrCat("[", host, "]:", port) : absl::StrCat(host, ":", port);
}

std::string EndpointAddresses(const Value& endpoints) {
  const Array& subsets = endpoints.GetArray("subsets");
  if (subsets.empty()) return std::string(kNone);
  std::vector<std::string> texts;
  for (const Value& subset : subsets) {
    const Array& ports = subset.GetArray("ports");
    const Array& addresses = subset.GetArray("addresses");
    if (ports.empty()) {
      for (const Value& address : addresses) texts.push_back(address.GetString("ip"));
    }
    for (const Value& port : ports) {
      for (const Value& address : addresses) {
        texts.push_back(HostPort(address.GetString("ip"), port.GetInt("port")));
      }
    }
  }
  return WithMore(texts, texts.size(), 3);
}

std::string OrUnset(std::string text) { return text.empty() ? std::string(kUnset) : text; }

}  // namespace

void PrintService(const Value& object, absl::Time now, Array* cells) {
  const Array& ips = object.GetArray("spec.clusterIPs");
  cells->push_back(Name(object));
  cells->push_back(object.GetString("spec.type"));
  cells->push_back(ips.empty() || !ips[0].is_string() ? std::string(kNone) : ips[0].as_string());
  cells->push_back(ExternalAddresses(object));
  cells->push_back(ServicePorts(object));
  cells->push_back(Age(object, now));
  cells->push_back(FormatLabels(object.At("spec.selector")));
}

void PrintEndpoints(const Value& object, absl::Time now, Array* cells) {
  cells->push_back(Name(object));
  cells->push_back(EndpointAddresses(object));
  cells->push_back(Age(object, now));
}

void PrintEndpointSlice(const Value& object, absl::Time now, Array* cells) {
  std::vector<std::string> ports, addresses;
  for (const Value& port : object.GetArray("ports")) ports.push_back(Scalar(port.Find("port"), Text(port, "name", "*")));
  for (const Value& endpoint : object.GetArray("endpoints")) {
    for (const Value& address : endpoint.GetArray("addresses")) addresses.push_back(Scalar(&address, ""));
  }
  cells->push_back(Name(object));
  cells->push_back(object.GetString("addressType"));
  cells->push_back(OrUnset(WithMore(ports, ports.size(), 3)));
  cells->push_back(OrUnset(WithMore(addresses, addresses.size(), 3)));
  cells->push_back(Age(object, now));
}

void PrintIngress(const Value& object, absl::Time now, Array* cells) {
  const Array& rules = object.GetArray("spec.rules");
  std::vector<std::string> hosts;
  bool more = false;
  for (const Value& rule : rules) {
    if (hosts.size() == 3) more = true;
    std::string host = rule.GetString("host");
    if (!more && !host.empty()) hosts.push_back(std::move(host));
  }
  std::string host_text = hosts.empty() ? "*" : absl::StrJoin(hosts, ",");
  if (more) absl::StrAppend(&host_text, " + ", rules.size() - 3, " more...");
  cells->push_back(Name(object));
  cells->push_back(Scalar(object.At("spec.ingressClassName"), kNone));
  cells->push_back(std::move(host_text));
  cells->push_back(LoadBalancerAddresses(object));
  cells->push_back(object.GetArray("spec.tls").empty() ? "80" : "80, 443");
  cells->push_back(Age(object, now));
}

void PrintIngressClass(const Value& object, absl::Time now, Array* cells) {
  std::string parameters(kNone);
  if (const Value* ref = object.At("spec.parameters"); ref != nullptr) {
    const Value* group = ref->Find("apiGroup");
    parameters = absl::StrCat(ref->GetString("kind"), group != nullptr ? "." + Scalar(group, "") : "", "/",
                              ref->GetString("name"));
  }
  cells->push_back(Name(object));
  cells->push_back(object.GetString("spec.controller"));
  cells->push_back(std::move(parameters));
  cells->push_back(Age(object, now));
}

void PrintNetworkPolicy(const Value& object, absl::Time now, Array* cells) {
  static const Value* const all = new Value(Value::MakeObject());
  const Value* selector = object.At("spec.podSelector");
  cells->push_back(Name(object));
  cells->push_back(FormatSelector(selector == nullptr ? all : selector));
  cells->push_back(Age(object, now));
}

void PrintServiceCidr(const Value& object, absl::Time now, Array* cells) {
  cells->push_back(Name(object));
  cells->push_back(JoinStrings(object.GetArray("spec.cidrs")));
  cells->push_back(Age(object, now));
}

void PrintIpAddress(const Value& object, absl::Time now, Array* cells) {
  std::string parent(kNone);
  if (const Value* ref = object.At("spec.parentRef"); ref != nullptr) {
    const std::string group = ref->GetString("group");
    const std::string ns = ref->GetString("namespace");
    parent = absl::StrCat(ref->GetString("resource"), group.empty() ? "" : "." + group, "/", ns.empty() ? "" : ns + "/",
                          ref->GetString("name"));
  }
  cells->push_back(Name(object));
  cells->push_back(std::move(parent));
  cells->push_back(Age(object, now));
}

}  // namespace apiserver::tables
