// Services, endpoints and endpoint slices.
#include "absl/strings/match.h"
#include "absl/strings/str_join.h"
#include "kubectl/describe/parts.h"
#include "kubectl/rest/client.h"

namespace kubectl {
namespace {

std::string HostPort(const std::string& host, int64_t port) {
  return absl::StrContains(host, ':') ? absl::StrCat("[", host, "]:", port)
                                      : absl::StrCat(host, ":", port);
}

}  // namespace

std::string ReadyEndpoints(const std::vector<Value>& slices, const std::string& port_name) {
  if (slices.empty()) return "<none>";
  std::vector<std::string> shown;
  int count = 0;
  const auto ready = [](const Value& endpoint) {
    const Value* condition = endpoint.At("conditions.ready");
    return condition == nullptr || !condition->is_bool() || condition->as_bool();
  };
  const auto add = [&](std::string text) {
    if (shown.size() < 3) shown.push_back(std::move(text));
    ++count;
  };
  for (const Value& slice : slices) {
    const Array& ports = slice.GetArray("ports");
    for (const Value& endpoint : slice.GetArray("endpoints")) {
      if (!ready(endpoint) || endpoint.GetArray("addresses").empty()) continue;
      const std::string address = endpoint.GetArray("addresses")[0].as_string();
      if (ports.empty()) add(address);
      for (const Value& port : ports) {
        if (port.GetString("name") == port_name) add(HostPort(address, port.GetInt("port")));
      }
    }
  }
  std::string text = absl::StrJoin(shown, ",");
  if (count > 3) absl::StrAppend(&text, " + ", count - 3, " more...");
  return text;
}

namespace {

std::string Ingress(const Value& service) {
  std::vector<std::string> parts;
  for (const Value& entry : service.GetArray("status.loadBalancer.ingress")) {
    std::string text = entry.GetString("ip");
    if (text.empty())
      text = entry.GetString("hostname");
    else if (entry.Has("ipMode"))
      absl::StrAppend(&text, " (", entry.GetString("ipMode"), ")");
    parts.push_back(text);
  }
  return absl::StrJoin(parts, ", ");
}

}  // namespace

void DescribeService(const Value& service, const Cluster& cluster, Events events,
                     DescribeWriter& w) {
  WriteNameAndLabels(w, service, true);
  w.Write(0, "Selector:\t", LabelsText(service.At("spec.selector")), "\n");
  w.Write(0, "Type:\t", service.GetString("spec.type"), "\n");
  const auto text = [&](absl::string_view title, absl::string_view path) {
    const std::string value = service.GetString(path);
    if (!value.empty()) w.Write(0, title, ":\t", value, "\n");
  };
  const auto list = [&](absl::string_view title, absl::string_view path,
                        absl::string_view separator) {
    const Array& values = service.GetArray(path);
    if (!values.empty()) w.Write(0, title, ":\t", JoinStrings(values, separator), "\n");
  };
  text("IP Family Policy", "spec.ipFamilyPolicy");
  if (service.GetArray("spec.ipFamilies").empty()) w.Write(0, "IP Families:\t<none>\n");
  list("IP Families", "spec.ipFamilies", ",");
  w.Write(0, "IP:\t", service.GetString("spec.clusterIP"), "\n");
  if (service.GetArray("spec.clusterIPs").empty()) w.Write(0, "IPs:\t<none>\n");
  list("IPs", "spec.clusterIPs", ",");
  list("External IPs", "spec.externalIPs", ",");
  text("Desired LoadBalancer IP", "spec.loadBalancerIP");
  text("External Name", "spec.externalName");
  if (!service.GetArray("status.loadBalancer.ingress").empty())
    w.Write(0, "LoadBalancer Ingress:\t", Ingress(service), "\n");
  const absl::StatusOr<std::vector<Value>> slices = cluster.list(absl::StrCat(
      "/apis/discovery.k8s.io/v1/namespaces/", service.GetString("metadata.namespace"),
      "/endpointslices?labelSelector=",
      UrlEscape(absl::StrCat("kubernetes.io/service-name=", service.GetString("metadata.name")))));
  for (const Value& port : service.GetArray("spec.ports")) {
    const std::string name = port.GetString("name"), shown = name.empty() ? "<unset>" : name,
                      protocol = port.GetString("protocol");
    w.Write(0, "Port:\t", shown, "\t", port.GetInt("port"), "/", protocol, "\n");
    const Value* target = port.Find("targetPort");
    const std::string target_text = target != nullptr && target->is_string()
                                        ? target->as_string()
                                        : absl::StrCat(target == nullptr ? 0 : target->as_int());
    w.Write(0, "TargetPort:\t", target_text, "/", protocol, "\n");
    if (port.GetInt("nodePort") != 0)
      w.Write(0, "NodePort:\t", shown, "\t", port.GetInt("nodePort"), "/", protocol, "\n");
    w.Write(0, "Endpoints:\t", slices.ok() ? ReadyEndpoints(*slices, name) : "<none>", "\n");
  }
  w.Write(0, "Session Affinity:\t", service.GetString("spec.sessionAffinity"), "\n");
  text("External Traffic Policy", "spec.externalTrafficPolicy");
  text("Internal Traffic Policy", "spec.internalTrafficPolicy");
  text("Traffic Distribution", "spec.trafficDistribution");
  if (service.GetInt("spec.healthCheckNodePort") != 0)
    w.Write(0, "HealthCheck NodePort:\t", service.GetInt("spec.healthCheckNodePort"), "\n");
  list("LoadBalancer Source Ranges", "spec.loadBalancerSourceRanges", ",");
  WriteEvents(w, events);
}

void DescribeEndpoints(const Value& object, Events events, DescribeWriter& w) {
  WriteNameAndLabels(w, object, true);
  w.Write(0, "Subsets:\n");
  const auto addresses = [](const Array& list) {
    std::vector<std::string> ips;
    for (const Value& address : list) ips.push_back(address.GetString("ip"));
    return OrNone(absl::StrJoin(ips, ","));
  };
  for (const Value& subset : object.GetArray("subsets")) {
    w.Write(1, "Addresses:\t", addresses(subset.GetArray("addresses")), "\n");
    w.Write(1, "NotReadyAddresses:\t", addresses(subset.GetArray("notReadyAddresses")), "\n");
    if (!subset.GetArray("ports").empty()) {
      w.Write(1, "Ports:\n");
      w.Write(2, "Name\tPort\tProtocol\n");
      w.Write(2, "----\t----\t--------\n");
      for (const Value& port : subset.GetArray("ports")) {
        w.Write(2, OrDefault(port.GetString("name"), "<unset>"), "\t", port.GetInt("port"), "\t",
                port.GetString("protocol"), "\n");
      }
    }
    w.Write(0, "\n");
  }
  WriteEvents(w, events);
}

void DescribeEndpointSlice(const Value& object, Events events, DescribeWriter& w) {
  WriteNameAndLabels(w, object, true);
  w.Write(0, "AddressType:\t", object.GetString("addressType"), "\n");
  const Array& ports = object.GetArray("ports");
  if (ports.empty()) {
    w.Write(0, "Ports:\t<unset>\n");
  } else {
    w.Write(0, "Ports:\n");
    w.Write(1, "Name\tPort\tProtocol\n");
    w.Write(1, "----\t----\t--------\n");
    for (const Value& port : ports) {
      w.Write(1, OrDefault(port.GetString("name"), "<unset>"), "\t",
              port.Has("port") ? absl::StrCat(port.GetInt("port")) : "<unset>", "\t",
              port.GetString("protocol"), "\n");
    }
  }
  const Array& endpoints = object.GetArray("endpoints");
  w.Write(0, endpoints.empty() ? "Endpoints:\t<none>\n" : "Endpoints:\n");
  for (const Value& endpoint : endpoints) {
    w.Write(1, "- Addresses:\t", OrNone(JoinStrings(endpoint.GetArray("addresses"), ", ")), "\n");
    const Value* ready = endpoint.At("conditions.ready");
    w.Write(2, "Conditions:\n");
    w.Write(3, "Ready:\t",
            ready == nullptr || !ready->is_bool() ? "<unset>"
            : ready->as_bool()                    ? "true"
                                                  : "false",
            "\n");
    w.Write(2, "Hostname:\t", endpoint.GetString("hostname", "<unset>"), "\n");
    if (endpoint.Has("targetRef")) {
      w.Write(2, "TargetRef:\t", endpoint.GetString("targetRef.kind"), "/",
              endpoint.GetString("targetRef.name"), "\n");
    }
    w.Write(2, "NodeName:\t", endpoint.GetString("nodeName", "<unset>"), "\n");
    w.Write(2, "Zone:\t", endpoint.GetString("zone", "<unset>"), "\n");
  }
  WriteEvents(w, events);
}

}  // namespace kubectl
