#include "apiserver/aggregation/availability.h"

#include "absl/strings/str_cat.h"
#include "apimachinery/time.h"

namespace apiserver::aggregation {

using apimachinery::Value;

Availability Judge(const Value& api_service, const Value* service) {
  const Value* reference = api_service.At("spec.service");
  if (reference == nullptr) return {true, "Local", "Local APIServices are always available"};
  const std::string name = reference->GetString("name"), ns = reference->GetString("namespace");
  if (service == nullptr) {
    return {false, "ServiceNotFound", absl::StrCat("service/", name, " in \"", ns, "\" is not present")};
  }
  const int64_t port = reference->GetInt("port", 443);
  if (service->GetString("spec.type") != "ExternalName") {
    bool listed = false;
    for (const Value& p : service->GetArray("spec.ports")) listed |= p.GetInt("port") == port;
    if (!listed) {
      return {false, "ServicePortError",
              absl::StrCat("service/", name, " in \"", ns, "\" is not listening on port ", port)};
    }
  }
  return {false, "FailedDiscoveryCheck",
          absl::StrCat("failing or missing response from https://", service->GetString("spec.clusterIP"), ":", port,
                       "/apis/", api_service.GetString("spec.group"), "/", api_service.GetString("spec.version"),
                       ": requests to other API servers are not proxied")};
}

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
