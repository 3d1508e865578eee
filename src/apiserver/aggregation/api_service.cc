#include "apiserver/aggregation/api_service.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace apiserver::aggregation {

using apimachinery::Value;

std::string ApiService::path() const { return group.empty() ? "/api" : absl::StrCat("/apis/", group, "/", version); }

std::string ApiService::server_name() const { return service ? absl::StrCat(service->name, ".", service->ns, ".svc") : ""; }

ApiService ParseApiService(const Value& object) {
  ApiService s;
  s.name = object.GetString("metadata.name");
  s.resource_version = object.GetString("metadata.resourceVersion");
  s.group = object.GetString("spec.group");
  s.version = object.GetString("spec.version");
  s.priority.group = static_cast<int>(object.GetInt("spec.groupPriorityMinimum"));
  s.priority.version = static_cast<int>(object.GetInt("spec.versionPriority"));
  if (const Value* reference = object.At("spec.service")) {
    s.service = ServiceReference{reference->GetString("namespace"), reference->GetString("name"),
                                 static_cast<int>(reference->GetInt("port", 443))};
  }
  absl::Base64Unescape(object.GetString("spec.caBundle"), &s.ca_pem);
  s.skip_verify = object.At("spec.insecureSkipTLSVerify") != nullptr && *object.At("spec.insecureSkipTLSVerify") == Value(true);
  for (const Value& condition : object.GetArray("status.conditions")) {
    if (condition.GetString("type") == "Available") s.available = condition.GetString("status") == "True";
  }
  return s;
}

std::string Endpoint::text() const {
  return absl::StrContains(host, ':') ? absl::StrCat("[", host, "]:", port) : absl::StrCat(host, ":", port);
}

namespace {

absl::Status Missing(const ServiceReference& reference) {
  return absl::UnavailableError(absl::StrCat("service \"", reference.name, "\" not found"));
}

absl::Status WrongType(absl::string_view type) { return absl::UnavailableError(absl::StrCat("unsupported service type \"", type, "\"")); }

bool HasAddress(absl::string_view type) { return type == "ClusterIP" || type == "LoadBalancer" || type == "NodePort"; }

// nullptr: it does not listen there.
const Value* PortOf(const ServiceReference& reference, const Value& service) {
  for (const Value& port : service.GetArray("spec.ports")) {
    if (port.GetInt("port") == reference.port) return &port;
  }
  return nullptr;
}

absl::Status NoPort(const ServiceReference& reference) {
  return absl::UnavailableError(absl::StrCat("no service port ", reference.port, " found for service \"", reference.name, "\""));
}

bool Ready(const Value& endpoint) {
  const Value* ready = endpoint.At("conditions.ready");
  return ready == nullptr || *ready == Value(true);
}

}  // namespace

absl::StatusOr<Endpoint> ServiceAddress(const ServiceReference& reference, const Value* service) {
  if (service == nullptr) return Missing(reference);
  const std::string type = service->GetString("spec.type"), address = service->GetString("spec.clusterIP");
  if (type == "ExternalName") return Endpoint{service->GetString("spec.externalName"), reference.port};
  if (type == "ClusterIP" && address == "None") return absl::UnavailableError("cannot route to service with ClusterIP \"None\"");
  if (!HasAddress(type)) return WrongType(type);
  if (PortOf(reference, *service) == nullptr) return NoPort(reference);
  return Endpoint{address, reference.port};
}

absl::StatusOr<Endpoint> ServiceEndpoint(const ServiceReference& reference, const Value* service,
                                         absl::Span<const pipeline::ObjectPtr> slices, uint64_t random) {
  if (service == nullptr) return Missing(reference);
  const std::string type = service->GetString("spec.type");
  if (!HasAddress(type)) return WrongType(type);
  const Value* port = PortOf(reference, *service);
  if (port == nullptr) return NoPort(reference);
  // The primary family of the service first, else in an order that changes.
  const apimachinery::Array& families = service->GetArray("spec.ipFamilies");
  const std::string primary = families.empty() || !families.front().is_string() ? "" : families.front().as_string();
  std::vector<pipeline::ObjectPtr> order(slices.begin(), slices.end());
  if (!order.empty()) std::rotate(order.begin(), order.begin() + static_cast<ptrdiff_t>(random % order.size()), order.end());
  std::stable_partition(order.begin(), order.end(),
                        [&](const pipeline::ObjectPtr& slice) { return slice->GetString("addressType") == primary; });
  for (const pipeline::ObjectPtr& slice : order) {
    for (const Value& one : slice->GetArray("ports")) {
      if (one.GetString("name") != port->GetString("name") || one.Find("port") == nullptr) continue;
      const apimachinery::Array& endpoints = slice->GetArray("endpoints");
      for (size_t i = 0; i < endpoints.size(); ++i) {
        const Value& endpoint = endpoints[(random + i) % endpoints.size()];
        const apimachinery::Array& addresses = endpoint.GetArray("addresses");
        if (!Ready(endpoint) || addresses.empty() || !addresses.front().is_string()) continue;
        return Endpoint{addresses.front().as_string(), static_cast<int>(one.GetInt("port"))};
      }
    }
  }
  return absl::UnavailableError(absl::StrCat("no endpoints available for service \"", reference.name, "\""));
}

std::vector<pipeline::ObjectPtr> SlicesOf(absl::string_view service, std::vector<pipeline::ObjectPtr> slices) {
  std::erase_if(slices, [&](const pipeline::ObjectPtr& slice) {
    const Value* labels = slice->At("metadata.labels");
    const Value* owner = labels == nullptr ? nullptr : labels->Find("kubernetes.io/service-name");
    return owner == nullptr || !owner->is_string() || owner->as_string() != service;
  });
  return slices;
}

}  // namespace apiserver::aggregation
