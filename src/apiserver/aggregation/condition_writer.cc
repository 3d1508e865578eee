#include "apiserver/aggregation/condition_writer.h"

#include "apimachinery/api_error.h"
#include "apimachinery/apply/apply.h"
#include "apimachinery/time.h"
#include "base/metrics/metrics.h"

namespace apiserver::aggregation {
namespace {

using apimachinery::Value;

// The condition belongs to the server. Upstream's own services are told without a record of it.
Value Owned(const Value& before, Value object, absl::Time now) {
  const apimachinery::Kind* kind = apimachinery::Schema::Builtin().FindKind("apiregistration.k8s.io/v1", "APIService");
  apimachinery::apply::Manager manager;
  manager.name = "kube-apiserver";
  manager.subresource = "status";
  manager.api_version = "apiregistration.k8s.io/v1";
  manager.time = apimachinery::FormatTime(now);
  manager.reset_fields = {"spec"};
  return apimachinery::apply::TrackUpdate(kind->message, before, std::move(object), manager);
}

}  // namespace

namespace {

bool IsAvailable(const Value& service) {
  for (const Value& condition : service.GetArray("status.conditions")) {
    if (condition.GetString("type") == "Available") return condition.GetString("status") == "True";
  }
  return false;
}

void CountUnavailable(const std::string& name, const std::string& reason) {
  static auto* const family = new base::CounterFamily("aggregator_unavailable_apiservice_total", "How often an APIService became unusable.",
                                                      {"name", "reason"});
  family->With({name, reason}).Add();
}

}  // namespace

absl::Status WriteAvailability(registry::Registry& registry, const Value& service, absl::FunctionRef<Availability(const Value&)> judge) {
  const absl::Time now = registry.environment().clock->Now();
  Value probe = service;
  if (!SetAvailable(judge(probe), now, probe)) return absl::OkStatus();
  std::string unavailable;  // why, when it was available before
  const auto change = [&](Value& object) {
    const Value before = object;
    const Availability is = judge(object);
    unavailable = is.available || !IsAvailable(before) ? "" : is.reason;
    if (!SetAvailable(is, now, object)) return false;
    if (object.At("spec.service") != nullptr) object = Owned(before, std::move(object), now);
    return true;
  };
  const absl::Status written = registry.Modify({"apiregistration.k8s.io", "apiservices"}, "", service.GetString("metadata.name"), change).status();
  if (written.ok() && !unavailable.empty()) CountUnavailable(service.GetString("metadata.name"), unavailable);
  return !written.ok() && apimachinery::ApiStatus::From(written).code == 404 ? absl::OkStatus() : written;
}

}  // namespace apiserver::aggregation
