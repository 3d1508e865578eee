// Node ports of services: one bit map for all, and what a service asks of it.
#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "apimachinery/api_error.h"
#include "apimachinery/codec.h"
#include "apiserver/registry/registry.h"
#include "apiserver/registry/service_fields.h"
#include "apiserver/registry/services.h"
#include "base/status_macros.h"

namespace apiserver::registry {
namespace {

using apimachinery::FieldErrors;
using apimachinery::FieldPath;
using apimachinery::Kind;
using apimachinery::Value;

constexpr char kPortsKey[] = "/registry/ranges/servicenodeports";

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

absl::StatusOr<int> Services::TakePort(int wanted, bool dry_run) {
  const Kind* kind = apimachinery::Schema::Builtin().FindKind("v1", "RangeAllocation");
  const apimachinery::Message* message =
      kind != nullptr ? kind->message : apimachinery::Schema::Builtin().FindMessage("core.v1.RangeAllocation");
  if (message == nullptr) return apimachinery::InternalError("no RangeAllocation in the schema");
  store::Store& store = *registry_.environment().store;
  const int count = last_port_ - first_port_ + 1;
  for (int attempt = 0; attempt < 64; ++attempt) {
    auto kv = store.Get(kPortsKey);
    if (!kv.ok()) return apimachinery::InternalError(kv.status().message());
    Value range = Value::MakeObject();
    std::string bits;
    int64_t revision = 0;
    if (kv->has_value()) {
      revision = (*kv)->mod_revision;
      auto decoded = apimachinery::DecodeObject(*message, (*kv)->value);
      if (decoded.ok()) {
        range = *std::move(decoded);
        if (apimachinery::Base64Decode(range.GetString("data"), &bits) >= 0) bits.clear();
      }
    }
    // A big integer, most significant byte first: bit n is the n-th port.
    bits.insert(0, std::max<int>((count + 7) / 8 - static_cast<int>(bits.size()), 0), '\0');
    const auto byte_of = [&](int n) -> char& { return bits[bits.size() - 1 - n / 8]; };
    const auto is_set = [&](int n) { return (byte_of(n) >> (n % 8) & 1) != 0; };
    int chosen = -1;
    if (wanted != 0) {
      if (is_set(wanted - first_port_)) return 0;
      chosen = wanted - first_port_;
    } else {
      const int reserved = std::min(128, std::max(count / 32, 16));
      const std::lock_guard lock(mu_);
      const int start = reserved + static_cast<int>(rng_.Below(std::max(count - reserved, 1)));
      for (int i = 0; i < count && chosen < 0; ++i) {
        if (!is_set((start + i) % count)) chosen = (start + i) % count;
      }
      if (chosen < 0) return 0;
    }
    if (dry_run) return first_port_ + chosen;
    byte_of(chosen) = static_cast<char>(byte_of(chosen) | 1 << (chosen % 8));
    std::string encoded;
    apimachinery::Base64Append(bits.substr(bits.find_first_not_of('\0')), &encoded);
    range.Set("kind", "RangeAllocation");
    range.Set("apiVersion", "v1");
    range.Set("range", absl::StrCat(first_port_, "-", last_port_));
    range.Set("data", encoded);
    if (!range.Has("metadata")) range.Set("metadata", Value::MakeObject());
    std::string wire;
    apimachinery::EncodeWire(*message, range, &wire);
    const std::string bytes = apimachinery::EncodeEnvelope("v1", "RangeAllocation", wire);
    const auto written = revision == 0 ? store.Create(kPortsKey, bytes) : store.Update(kPortsKey, bytes, revision);
    if (!written.ok()) return apimachinery::InternalError(written.status().message());
    if (written->done) return first_port_ + chosen;
  }
  return apimachinery::InternalError("too many writers of the node port range");
}

void Services::ReleasePorts(const std::vector<int>& ports) {
  if (ports.empty()) return;
  const apimachinery::Message* message = apimachinery::Schema::Builtin().FindMessage("core.v1.RangeAllocation");
  store::Store& store = *registry_.environment().store;
  for (int attempt = 0; attempt < 64 && message != nullptr; ++attempt) {
    const auto kv = store.Get(kPortsKey);
    if (!kv.ok() || !kv->has_value()) return;
    auto range = apimachinery::DecodeObject(*message, (*kv)->value);
    std::string bits;
    if (!range.ok() || apimachinery::Base64Decode(range->GetString("data"), &bits) >= 0) return;
    for (const int port : ports) {
      const size_t n = static_cast<size_t>(port - first_port_);
      if (port < first_port_ || n / 8 >= bits.size()) continue;
      char& byte = bits[bits.size() - 1 - n / 8];
      byte = static_cast<char>(byte & ~(1 << (n % 8)));
    }
    std::string encoded, wire;
    apimachinery::Base64Append(bits, &encoded);
    range->Set("data", encoded);
    apimachinery::EncodeWire(*message, *range, &wire);
    const auto written =
        store.Update(kPortsKey, apimachinery::EncodeEnvelope("v1", "RangeAllocation", wire), (*kv)->mod_revision);
    if (!written.ok() || written->done) return;
  }
}

}  // namespace apiserver::registry
