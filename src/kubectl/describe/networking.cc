// Ingresses, their classes, and network policies.
#include <set>

#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "kubectl/describe/parts.h"
#include "kubectl/rest/client.h"

namespace kubectl {
namespace {

// "web:80 (10.1.2.3:8080)": a service with what stands behind it, or the reference to a resource.
std::string Backend(const std::string& ns, const Value& backend, const Cluster& cluster) {
  if (const Value* service = backend.Find("service"); service != nullptr) {
    const std::string name = service->GetString("name"),
                      port_name = service->GetString("port.name");
    const int64_t number = service->GetInt("port.number");
    const std::string text =
        absl::StrCat(name, ":", number != 0 ? absl::StrCat(number) : port_name);
    const auto failed = [&](const absl::Status& status) {
      return absl::StrCat(text, " (<error: ", status.message(), ">)");
    };
    const auto slices = cluster.list(
        absl::StrCat("/apis/discovery.k8s.io/v1/namespaces/", ns, "/endpointslices?labelSelector=",
                     UrlEscape(absl::StrCat("kubernetes.io/service-name=", name))));
    if (!slices.ok()) return failed(slices.status());
    const auto found = cluster.get(absl::StrCat("/api/v1/namespaces/", ns, "/services/", name));
    if (!found.ok()) return failed(found.status());
    std::string served;
    for (const Value& port : found->GetArray("spec.ports")) {
      if ((number != 0 && number == port.GetInt("port")) ||
          (!port_name.empty() && port_name == port.GetString("name")))
        served = port.GetString("name");
    }
    return absl::StrCat(text, " (", ReadyEndpoints(*slices, served), ")");
  }
  if (const Value* resource = backend.Find("resource"); resource != nullptr) {
    return absl::StrCat("APIGroup: ", resource->GetString("apiGroup", "<none>"),
                        ", Kind: ", resource->GetString("kind"),
                        ", Name: ", resource->GetString("name"));
  }
  return "";
}

// Who may talk to the selected pods, or to whom they may: the two directions differ in words alone.
struct Direction {
  absl::string_view isolated, anyone, heading, peers;
};
constexpr Direction kIngress = {"<none> (Selected pods are isolated for ingress connectivity)",
                                "From: <any> (traffic not restricted by source)", "From:", "from"};
constexpr Direction kEgress = {"<none> (Selected pods are isolated for egress connectivity)",
                               "To: <any> (traffic not restricted by destination)", "To:", "to"};

void WriteRules(DescribeWriter& w, const Array& rules, const Direction& direction) {
  constexpr absl::string_view kIndent = "    ";
  if (rules.empty()) w.Write(0, kIndent, direction.isolated, "\n");
  for (size_t i = 0; i < rules.size(); ++i) {
    const Array& ports = rules[i].GetArray("ports");
    if (ports.empty()) w.Write(0, kIndent, "To Port: <any> (traffic allowed to all ports)\n");
    for (const Value& port : ports) {
      const std::string protocol = port.GetString("protocol", "TCP");
      const std::string number = IntOrString(port.Find("port"), "<nil>");
      if (port.Has("endPort")) {
        w.Write(0, kIndent, "To Port Range: ", number, "-", port.GetInt("endPort"), "/", protocol,
                "\n");
      } else {
        w.Write(0, kIndent, "To Port: ", number, "/", protocol, "\n");
      }
    }
    const Array& peers = rules[i].GetArray(direction.peers);
    if (peers.empty()) w.Write(0, kIndent, direction.anyone, "\n");
    for (const Value& peer : peers) {
      w.Write(0, kIndent, direction.heading, "\n");
      if (peer.Has("namespaceSelector"))
        w.Write(1, kIndent, "NamespaceSelector: ", SelectorText(peer.Find("namespaceSelector")),
                "\n");
      if (peer.Has("podSelector"))
        w.Write(1, kIndent, "PodSelector: ", SelectorText(peer.Find("podSelector")), "\n");
      if (peer.Has("namespaceSelector") || peer.Has("podSelector") || !peer.Has("ipBlock"))
        continue;
      w.Write(1, kIndent, "IPBlock:\n");
      w.Write(2, kIndent, "CIDR: ", peer.GetString("ipBlock.cidr"), "\n");
      w.Write(2, kIndent, "Except: ", JoinStrings(peer.GetArray("ipBlock.except")), "\n");
    }
    if (i + 1 < rules.size()) w.Write(0, kIndent, "----------\n");
  }
}

}  // namespace

void DescribeIngress(const Value& object, const Cluster& cluster, Events events,
                     DescribeWriter& w) {
  const std::string ns = object.GetString("metadata.namespace");
  w.Write(0, "Name:\t", object.GetString("metadata.name"), "\n");
  WriteLabels(w, "Labels", object.At("metadata.labels"));
  w.Write(0, "Namespace:\t", ns, "\n");
  std::set<std::string> addresses;
  for (const Value& entry : object.GetArray("status.loadBalancer.ingress"))
    addresses.insert(entry.GetString("ip", entry.GetString("hostname")));
  w.Write(0, "Address:\t", absl::StrJoin(addresses, ","), "\n");
  w.Write(0, "Ingress Class:\t", object.GetString("spec.ingressClassName", "<none>"), "\n");
  const Value* backend = object.At("spec.defaultBackend");
  const std::string fallback = backend == nullptr ? "<default>" : Backend(ns, *backend, cluster);
  w.Write(0, "Default backend:\t", fallback, "\n");
  const Array& tls = object.GetArray("spec.tls");
  if (!tls.empty()) w.Write(0, "TLS:\n");
  for (const Value& entry : tls) {
    const std::string secret = entry.GetString("secretName");
    const std::string hosts = JoinStrings(entry.GetArray("hosts"), ",");
    if (secret.empty())
      w.Write(1, "SNI routes ", hosts, "\n");
    else
      w.Write(1, secret, " terminates ", hosts, "\n");
  }
  w.Write(0, "Rules:\n  Host\tPath\tBackends\n");
  w.Write(1, "----\t----\t--------\n");
  bool any = false;
  for (const Value& rule : object.GetArray("spec.rules")) {
    if (!rule.Has("http")) continue;
    any = true;
    w.Write(1, OrDefault(rule.GetString("host"), "*"), "\t\n");
    for (const Value& path : rule.GetArray("http.paths")) {
      const Value* to = path.Find("backend");
      w.Write(2, "\t", path.GetString("path"), " \t",
              to == nullptr ? std::string() : Backend(ns, *to, cluster), "\n");
    }
  }
  if (!any) w.Write(1, "*\t*\t", fallback, "\n");
  WriteAnnotations(w, object.At("metadata.annotations"));
  WriteEvents(w, events);
}

void DescribeIngressClass(const Value& object, Events events, DescribeWriter& w) {
  w.Write(0, "Name:\t", object.GetString("metadata.name"), "\n");
  WriteLabels(w, "Labels", object.At("metadata.labels"));
  WriteAnnotations(w, object.At("metadata.annotations"));
  w.Write(0, "Controller:\t", object.GetString("spec.controller"), "\n");
  if (const Value* parameters = object.At("spec.parameters"); parameters != nullptr) {
    w.Write(0, "Parameters:\n");
    if (parameters->Has("apiGroup"))
      w.Write(1, "APIGroup:\t", parameters->GetString("apiGroup"), "\n");
    w.Write(1, "Kind:\t", parameters->GetString("kind"), "\n");
    w.Write(1, "Name:\t", parameters->GetString("name"), "\n");
  }
  WriteEvents(w, events);
}

void DescribeNetworkPolicy(const Value& object, DescribeWriter& w) {
  w.Write(0, "Name:\t", object.GetString("metadata.name"), "\n");
  w.Write(0, "Namespace:\t", object.GetString("metadata.namespace"), "\n");
  const std::string created = object.GetString("metadata.creationTimestamp");
  w.Write(0, "Created on:\t",
          absl::StrReplaceAll(created, {{"T", " "}, {"Z", " +0000 UTC"}}), "\n");
  WriteLabels(w, "Labels", object.At("metadata.labels"));
  WriteAnnotations(w, object.At("metadata.annotations"));
  w.Write(0, "Spec:\n");
  const Value* selector = object.At("spec.podSelector");
  const bool all = selector == nullptr || (selector->GetObject("matchLabels").empty() &&
                                           selector->GetArray("matchExpressions").empty());
  w.Write(1, "PodSelector:     ",
          all ? "<none> (Allowing the specific traffic to all pods in this namespace)"
              : SelectorText(selector),
          "\n");
  bool ingress = false, egress = false;
  for (const Value& type : object.GetArray("spec.policyTypes")) {
    ingress |= type.as_string() == "Ingress";
    egress |= type.as_string() == "Egress";
  }
  w.Write(1, ingress ? "Allowing ingress traffic:\n" : "Not affecting ingress traffic\n");
  if (ingress) WriteRules(w, object.GetArray("spec.ingress"), kIngress);
  w.Write(1, egress ? "Allowing egress traffic:\n" : "Not affecting egress traffic\n");
  if (egress) WriteRules(w, object.GetArray("spec.egress"), kEgress);
  w.Write(1, "Policy Types: ", OrNone(JoinStrings(object.GetArray("spec.policyTypes"))), "\n");
}

}  // namespace kubectl
