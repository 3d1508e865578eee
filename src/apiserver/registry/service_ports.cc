// Node ports of services: one bit map for all, and what a service asks of it.
#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "apimachinery/api_error.h"
#include "apiserver/registry/allocation_series.h"
#include "apiserver/registry/port_map.h"
#include "apiserver/registry/registry.h"
#include "apiserver/registry/service_fields.h"
#include "apiserver/registry/services.h"
#include "base/log.h"
#include "base/status_macros.h"

namespace apiserver::registry {
namespace {

using apimachinery::FieldErrors;
using apimachinery::FieldPath;
using apimachinery::Value;

absl::Status InvalidService(const Value& service, const FieldErrors& errors) {
  return apimachinery::Invalid("", "Service", service.GetString("metadata.name"), errors);
}

}  // namespace

absl::StatusOr<int> Services::ClaimPort(int wanted, bool dry_run, Claim& claim, std::string* problem) {
  problem->clear();
  if (wanted != 0 && (wanted < first_port_ || wanted > last_port_)) {
    *problem = absl::StrCat("provided port is not in the valid range. The range of valid ports is ", first_port_, "-",
                            last_port_);
    return 0;
  }
  int taken = 0;
  if (wanted == 0 || !claim.seen_.contains(wanted)) {
    ASSIGN_OR_RETURN(taken, TakePort(wanted, dry_run));
    if (!dry_run) TellPort(wanted != 0, taken != 0);
  }
  if (taken == 0) {
    *problem = wanted != 0 ? "provided port is already allocated" : "range is full";
    return 0;
  }
  claim.seen_.insert(taken);
  if (!dry_run) claim.ports_.push_back(taken);
  return taken;
}

absl::StatusOr<int> Services::PortOf(const Value& service, size_t index, int wanted, bool dry_run, Claim& claim) {
  std::string problem;
  ASSIGN_OR_RETURN(const int taken, ClaimPort(wanted, dry_run, claim, &problem));
  if (taken != 0) return taken;
  if (wanted == 0) return apimachinery::InternalError(absl::StrCat("failed to allocate a nodePort: ", problem));
  FieldErrors errors;
  errors.Invalid(FieldPath("spec").Child("ports").Index(index).Child("nodePort"), Value(int64_t{wanted}), problem);
  return InvalidService(service, errors);
}

absl::Status Services::FirstPorts(Value& object, bool dry_run, Claim& claim) {
  const std::string type = object.GetString("spec.type");
  Value* ports = object.At("spec.ports");
  if ((type != "NodePort" && type != "LoadBalancer") || ports == nullptr) return absl::OkStatus();
  std::map<int64_t, int> of_port;  // one number serves a port in all protocols
  for (size_t i = 0; i < ports->size(); ++i) {
    Value& port = ports->array()[i];
    const int64_t number = port.GetInt("port");
    const int wanted = static_cast<int>(port.GetInt("nodePort"));
    if (wanted == 0 && !NeedsPorts(object)) continue;  // only what is asked for
    int& shared = of_port[number];
    if (shared == 0) {
      int asked = 0;
      for (const Value& other : ports->array()) {
        if (asked == 0 && other.GetInt("port") == number) asked = static_cast<int>(other.GetInt("nodePort"));
      }
      ASSIGN_OR_RETURN(shared, PortOf(object, i, asked, dry_run, claim));
      port.Set("nodePort", int64_t{shared});
    } else if (wanted == 0) {
      port.Set("nodePort", int64_t{shared});
    } else if (wanted != shared) {
      RETURN_IF_ERROR(PortOf(object, i, wanted, dry_run, claim).status());
    }
  }
  return absl::OkStatus();
}

absl::Status Services::ChangePorts(Value& object, const Value& old, bool dry_run, Claim& claim) {
  const std::string type = object.GetString("spec.type");
  const std::vector<int> before = NodePortsOf(old);
  const auto held = [&](int port) { return std::find(before.begin(), before.end(), port) != before.end(); };
  Value* ports = object.At("spec.ports");
  std::set<std::pair<std::string, int>> now;
  if ((type == "NodePort" || type == "LoadBalancer") && ports != nullptr) {
    for (size_t i = 0; i < ports->size(); ++i) {
      Value& port = ports->array()[i];
      int wanted = static_cast<int>(port.GetInt("nodePort"));
      if (wanted == 0 && !NeedsPorts(object)) continue;
      if (wanted == 0) {
        ASSIGN_OR_RETURN(wanted, PortOf(object, i, 0, dry_run, claim));
        port.Set("nodePort", int64_t{wanted});
      } else if (!held(wanted) && !claim.seen_.contains(wanted)) {
        RETURN_IF_ERROR(PortOf(object, i, wanted, dry_run, claim).status());
      }
      const std::string protocol = port.GetString("protocol");
      if (now.emplace(protocol, wanted).second) continue;
      apimachinery::ApiStatus status = apimachinery::InternalError("");
      status.reason.clear();
      status.causes.clear();
      status.message = absl::StrCat("duplicate nodePort: {", protocol, " ", wanted, "}");
      return status;
    }
  }
  const auto kept = [&](int number) {
    return std::any_of(now.begin(), now.end(), [number](const auto& entry) { return entry.second == number; });
  };
  for (const int port : before) {
    if (!kept(port)) claim.release_ports_.push_back(port);
  }
  return absl::OkStatus();
}

absl::Status Services::HealthPort(Value& object, const Value* old, bool dry_run, Claim& claim) {
  const bool needed = old != nullptr && NeedsHealthPort(*old), needs = NeedsHealthPort(object);
  if (needed && !needs) claim.release_ports_.push_back(static_cast<int>(old->GetInt("spec.healthCheckNodePort")));
  if (needed || !needs) return absl::OkStatus();
  const int wanted = static_cast<int>(object.GetInt("spec.healthCheckNodePort"));
  std::string problem;
  ASSIGN_OR_RETURN(const int taken, ClaimPort(wanted, dry_run, claim, &problem));
  if (taken == 0) {
    return apimachinery::InternalError(absl::StrCat(
        "failed to allocate ", wanted == 0 ? "a" : "requested", " HealthCheck NodePort ", wanted, ": ", problem));
  }
  object["spec"].Set("healthCheckNodePort", int64_t{taken});
  return absl::OkStatus();
}

absl::Status Services::ChangePortMap(absl::FunctionRef<bool(PortMap&)> change) {
  store::Store& store = *registry_.environment().store;
  for (int attempt = 0; attempt < 64; ++attempt) {
    const auto kv = store.Get(kNodePortsKey);
    if (!kv.ok()) return apimachinery::InternalError(kv.status().message());
    PortMap map = PortMap::Decode(first_port_, last_port_, kv->has_value() ? (*kv)->value : "");
    if (!change(map)) return absl::OkStatus();
    const auto written = kv->has_value() ? store.Update(kNodePortsKey, map.Encode(), (*kv)->mod_revision)
                                         : store.Create(kNodePortsKey, map.Encode());
    if (!written.ok()) return apimachinery::InternalError(written.status().message());
    if (written->done) return absl::OkStatus();
  }
  return apimachinery::InternalError("too many writers of the node port range");
}

absl::StatusOr<int> Services::TakePort(int wanted, bool dry_run) {
  int chosen = 0;
  RETURN_IF_ERROR(ChangePortMap([&](PortMap& map) {
    chosen = 0;
    if (wanted != 0) {
      if (map.Has(wanted)) return false;
      chosen = wanted;
    } else {
      // Upstream keeps the lower part of the range for ports that people ask for.
      const int reserved = std::min(128, std::max(map.size() / 32, 16));
      const std::lock_guard lock(mu_);
      chosen = map.FirstFree(map.first() + reserved + static_cast<int>(rng_.Below(std::max(map.size() - reserved, 1))));
      if (chosen == 0) return false;
    }
    map.Set(chosen, true);
    return !dry_run;
  }));
  return chosen;
}

void Services::ReleasePorts(const std::vector<int>& ports) {
  if (ports.empty()) return;
  const absl::Status status = ChangePortMap([&](PortMap& map) {
    for (const int port : ports) map.Set(port, false);
    return true;
  });
  // The repair finds them later.
  if (!status.ok()) base::LogWarning("node ports not released error=", status.message());
}

}  // namespace apiserver::registry
