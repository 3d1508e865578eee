#include "apiserver/aggregation/availability.h"

#include "absl/strings/str_cat.h"
#include "apimachinery/time.h"

namespace apiserver::aggregation {

using apimachinery::Value;

namespace {

bool AnyReady(const Value& slice) {
  for (const Value& endpoint : slice.GetArray("endpoints")) {
    const Value* ready = endpoint.At("conditions.ready");
    if (ready == nullptr || *ready == Value(true)) return true;
  }
  return false;
}

bool HasPort(const Value& slice, absl::string_view name) {
  for (const Value& port : slice.GetArray("ports")) {
    if (port.GetString("name") == name && port.Find("port") != nullptr) return true;
  }
  return false;
}

}  // namespace

std::optional<Availability> Judge(const Value& api_service, const Value* service, absl::Span<const pipeline::ObjectPtr> slices) {
  const Value* reference = api_service.At("spec.service");
  if (reference == nullptr) return Availability{true, "Local", "Local APIServices are always available"};
  const std::string named = absl::StrCat("service/", reference->GetString("name"), " in \"", reference->GetString("namespace"), "\"");
  if (service == nullptr) return Availability{false, "ServiceNotFound", absl::StrCat(named, " is not present")};
  if (service->GetString("spec.type") != "ClusterIP") return std::nullopt;
  const int64_t number = reference->GetInt("port", 443);
  const Value* port = nullptr;
  for (const Value& p : service->GetArray("spec.ports")) {
    if (port == nullptr && p.GetInt("port") == number) port = &p;
  }
  if (port == nullptr) return Availability{false, "ServicePortError", absl::StrCat(named, " is not listening on port ", number)};
  if (slices.empty()) return Availability{false, "EndpointsNotFound", absl::StrCat("cannot find endpointslices for ", named)};
  const std::string name = port->GetString("name");
  for (const pipeline::ObjectPtr& slice : slices) {
    if (AnyReady(*slice) && HasPort(*slice, name)) return std::nullopt;
  }
  return Availability{false, "MissingEndpoints",
                      absl::StrCat("endpointslices for ", named, " have no addresses with port name \"", name, "\"")};
}

Availability Answered() { return {true, "Passed", "all checks passed"}; }

Availability NotAnswered(absl::string_view problem) { return {false, "FailedDiscoveryCheck", std::string(problem)}; }

bool SetAvailable(const Availability& is, absl::Time now, Value& api_service) {
  const char* const status = is.available ? "True" : "False";
  Value& conditions = api_service.Ensure("status")["conditions"];
  Value* found = nullptr;
  if (conditions.is_array()) {
    for (Value& c : conditions.array()) {
      if (c.GetString("type") == "Available") found = &c;
    }
  }
  if (found != nullptr && found->GetString("status") == status && found->GetString("reason") == is.reason &&
      found->GetString("message") == is.message) {
    return false;
  }
  Value condition = Value::MakeObject();
  condition.Set("type", "Available");
  condition.Set("status", status);
  const bool same = found != nullptr && found->GetString("status") == status;
  condition.Set("lastTransitionTime", same ? found->GetString("lastTransitionTime") : apimachinery::FormatTime(now));
  condition.Set("reason", is.reason);
  condition.Set("message", is.message);
  if (found != nullptr) {
    *found = std::move(condition);
  } else {
    conditions.Append(std::move(condition));
  }
  return true;
}

}  // namespace apiserver::aggregation
