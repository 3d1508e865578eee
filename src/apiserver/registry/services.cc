#include "apiserver/registry/services.h"

#include <arpa/inet.h>

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "apimachinery/api_error.h"
#include "apimachinery/codec.h"
#include "apiserver/registry/registry.h"
#include "apiserver/registry/service_fields.h"
#include "base/log.h"
#include "base/status_macros.h"

namespace apiserver::registry {
namespace {

using apimachinery::FieldErrors;
using apimachinery::FieldPath;
using apimachinery::Kind;
using apimachinery::Value;

constexpr char kPortsKey[] = "/registry/ranges/servicenodeports";

std::string ToText(uint32_t address) {
  const in_addr in{htonl(address)};
  char text[INET_ADDRSTRLEN];
  return inet_ntop(AF_INET, &in, text, sizeof(text)) == nullptr ? "" : text;
}

bool FromText(const std::string& text, uint32_t* address) {
  in_addr in{};
  if (inet_pton(AF_INET, text.c_str(), &in) != 1) return false;
  *address = ntohl(in.s_addr);
  return true;
}

bool IsService(const Kind& kind) { return kind.kind == "Service" && kind.group.empty(); }

absl::Status InvalidService(const Value& service, const FieldErrors& errors) {
  return apimachinery::Invalid("", "Service", service.GetString("metadata.name"), errors);
}

}  // namespace

Services::Services(absl::string_view cidr, int first_port, int last_port, Registry& registry)
    : first_port_(first_port), last_port_(last_port), registry_(registry), rng_(base::Rng::FromEntropy()) {
  const std::pair<std::string, std::string> parts = absl::StrSplit(cidr, absl::MaxSplits('/', 1));
  int bits = 24;
  if (FromText(parts.first, &network_) && absl::SimpleAtoi(parts.second, &bits) && bits > 0 && bits < 32) {
    size_ = 1u << (32 - bits);
    network_ &= ~(size_ - 1);
  }
}

std::string Services::first_address() const { return ToText(network_ + 1); }

bool Services::InRange(uint32_t address) const {
  return address > network_ && address < network_ + size_ - 1;
}

absl::StatusOr<std::unique_ptr<Services::Claim>> Services::Allocate(const Kind& kind, Value& object, const Value* old,
                                                                    bool dry_run) {
  if (!IsService(kind)) return std::unique_ptr<Claim>();
  auto claim = std::make_unique<Claim>(*this);
  Value& spec = object["spec"];
  if (spec.is_null()) spec = Value::MakeObject();
  if (old != nullptr) KeepAllocated(object, *old);
  const bool had = old != nullptr && NeedsAddress(*old) && !AddressesOf(*old).empty();
  if (!NeedsAddress(object)) {
    if (had) claim->release_addresses_ = AddressesOf(*old);
    if (object.GetString("spec.type") == "ExternalName") {
      spec.Erase("ipFamilies");
      spec.Erase("ipFamilyPolicy");
    } else {
      Value none = Value::MakeArray();
      none.Append("None");
      spec.Set("clusterIPs", std::move(none));
    }
  } else if (!had) {
    std::string address = object.GetString("spec.clusterIP");
    if (address.empty() && !object.GetArray("spec.clusterIPs").empty()) {
      address = AddressesOf(object).empty() ? "" : AddressesOf(object).front();
    }
    if (address.empty()) {
      ASSIGN_OR_RETURN(address, TakeAddress(object, dry_run));
    } else {
      RETURN_IF_ERROR(TakeGivenAddress(object, address, dry_run));
    }
    if (!dry_run) claim->addresses_.push_back(address);
    spec.Set("clusterIP", address);
    Value list = Value::MakeArray();
    list.Append(address);
    spec.Set("clusterIPs", std::move(list));
  }
  if (object.GetString("spec.type") != "ExternalName") {
    if (!spec.Has("ipFamilies")) {
      Value families = Value::MakeArray();
      families.Append("IPv4");
      spec.Set("ipFamilies", std::move(families));
    }
    if (!spec.Has("ipFamilyPolicy")) spec.Set("ipFamilyPolicy", "SingleStack");
  }
  RETURN_IF_ERROR(AssignPorts(object, old, dry_run, *claim));
  return claim;
}

absl::Status Services::AssignPorts(Value& object, const Value* old, bool dry_run, Claim& claim) {
  const std::vector<int> before = old == nullptr ? std::vector<int>() : PortsOf(*old);
  const auto held = [&](int port) { return std::find(before.begin(), before.end(), port) != before.end(); };
  Value* ports = NeedsPorts(object) ? object.At("spec.ports") : nullptr;
  std::vector<int> now;
  std::vector<std::pair<int, std::string>> given;  // by (node port, protocol) of this service
  if (ports != nullptr && ports->is_array()) {
    for (size_t i = 0; i < ports->array().size(); ++i) {
      Value& port = ports->array()[i];
      const int wanted = static_cast<int>(port.GetInt("nodePort"));
      const std::string protocol = port.GetString("protocol", "TCP");
      const bool shared = std::any_of(given.begin(), given.end(), [&](const auto& g) {
        return g.first == wanted && g.second != protocol;  // one number may serve TCP and UDP
      });
      if (wanted != 0 && (held(wanted) || shared)) {
        port.Set("nodePort", int64_t{wanted});
      } else {
        if (wanted != 0 && (wanted < first_port_ || wanted > last_port_)) {
          FieldErrors errors;
          errors.Invalid(FieldPath("spec").Child("ports").Index(i).Child("nodePort"), Value(int64_t{wanted}),
                         absl::StrCat("provided port is not in the valid range. The range of valid ports is ", first_port_,
                                      "-", last_port_));
          return InvalidService(object, errors);
        }
        ASSIGN_OR_RETURN(const int taken, TakePort(wanted, dry_run));
        if (taken == 0) {
          FieldErrors errors;
          errors.Invalid(FieldPath("spec").Child("ports").Index(i).Child("nodePort"), Value(int64_t{wanted}),
                         wanted != 0 ? "provided port is already allocated" : "range is full");
          return InvalidService(object, errors);
        }
        if (!dry_run) claim.ports_.push_back(taken);
        port.Set("nodePort", int64_t{taken});
      }
      now.push_back(static_cast<int>(port.GetInt("nodePort")));
      given.emplace_back(now.back(), protocol);
    }
  }
  if (NeedsHealthPort(object)) {
    const int wanted = static_cast<int>(object.GetInt("spec.healthCheckNodePort"));
    int port = wanted;
    if (wanted == 0 || !held(wanted)) {
      std::string why;
      if (wanted != 0 && (wanted < first_port_ || wanted > last_port_)) {
        why = absl::StrCat("provided port is not in the valid range. The range of valid ports is ", first_port_, "-",
                           last_port_);
      } else {
        ASSIGN_OR_RETURN(port, TakePort(wanted, dry_run));
        if (port == 0) why = wanted != 0 ? "provided port is already allocated" : "range is full";
      }
      if (!why.empty()) {
        apimachinery::ApiStatus status;
        status.message = wanted != 0 ? absl::StrCat("failed to allocate requested HealthCheck NodePort ", wanted, ": ", why)
                                     : absl::StrCat("failed to allocate a HealthCheck NodePort: ", why);
        return status.ToStatus();
      }
      if (!dry_run) claim.ports_.push_back(port);
    }
    object["spec"].Set("healthCheckNodePort", int64_t{port});
    now.push_back(port);
  }
  for (const int port : before) {
    if (std::find(now.begin(), now.end(), port) == now.end()) claim.release_ports_.push_back(port);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> Services::TakeAddress(const Value& service, bool dry_run) {
  if (size_ < 4) return apimachinery::InternalError("no service address range");
  // Upstream keeps the lower part of the range for addresses that people ask for.
  const uint32_t count = size_ - 2;
  const uint32_t reserved = std::min<uint32_t>(std::max<uint32_t>(count / 16, 16), std::min<uint32_t>(256, count / 2));
  for (int attempt = 0; attempt < 512; ++attempt) {
    uint32_t offset;
    {
      const std::lock_guard lock(mu_);
      offset = attempt < 256 ? reserved + static_cast<uint32_t>(rng_.Below(count - reserved))
                             : static_cast<uint32_t>(rng_.Below(count));
    }
    const std::string address = ToText(network_ + 1 + offset);
    const absl::Status taken = TakeGivenAddress(service, address, dry_run);
    if (taken.ok()) return address;
    if (apimachinery::ApiStatus::From(taken).code != 422) return taken;
  }
  return apimachinery::InternalError("failed to allocate a serviceIP: range is full");
}

absl::Status Services::TakeGivenAddress(const Value& service, const std::string& address, bool dry_run) {
  uint32_t number = 0;
  const auto refuse = [&](absl::string_view why) {
    FieldErrors errors;
    Value list = Value::MakeArray();
    list.Append(address);
    errors.Invalid(FieldPath("spec").Child("clusterIPs"), list, absl::StrCat("failed to allocate IP ", address, ": ", why));
    return InvalidService(service, errors);
  };
  if (!FromText(address, &number)) return absl::OkStatus();  // validation speaks of the form
  if (!InRange(number)) {
    return refuse(absl::StrCat("the provided IP (", address, ") is not in the valid range. The range of valid IPs is ",
                               registry_.environment().service_cidr));
  }
  if (dry_run) {
    return registry_.Get({"networking.k8s.io", "ipaddresses"}, "", address) == nullptr
               ? absl::OkStatus()
               : refuse("provided IP is already allocated");
  }
  Value object = Value::MakeObject();
  object.Ensure("metadata").Set("name", address);
  object.Ensure("metadata.labels").Set("ipaddress.kubernetes.io/ip-family", "IPv4");
  object.Ensure("metadata.labels").Set("ipaddress.kubernetes.io/managed-by", "ipallocator.k8s.io");
  Value& parent = object.Ensure("spec.parentRef");
  parent.Set("resource", "services");
  parent.Set("namespace", service.GetString("metadata.namespace"));
  parent.Set("name", service.GetString("metadata.name"));
  const absl::Status created =
      registry_.Create(pipeline::GroupResource{"networking.k8s.io", "ipaddresses"}, object).status();
  if (created.ok()) return created;
  if (apimachinery::ApiStatus::From(created).Is("AlreadyExists")) return refuse("provided IP is already allocated");
  return created;
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

void Services::ReleaseAddress(const std::string& address) {
  const absl::Status status = registry_.Delete(pipeline::GroupResource{"networking.k8s.io", "ipaddresses"}, "", address);
  if (!status.ok() && apimachinery::ApiStatus::From(status).code != 404) {
    base::LogWarning("service address not released address=", address, " error=", status.message());
  }
}

void Services::Release(const Kind& kind, const Value& object) {
  if (!IsService(kind)) return;
  if (NeedsAddress(object)) {
    for (const std::string& address : AddressesOf(object)) ReleaseAddress(address);
  }
  ReleasePorts(PortsOf(object));
}

Services::Claim::~Claim() {
  if (committed_) return;
  for (const std::string& address : addresses_) services_.ReleaseAddress(address);
  services_.ReleasePorts(ports_);
}

void Services::Claim::Commit() {
  committed_ = true;
  for (const std::string& address : release_addresses_) services_.ReleaseAddress(address);
  services_.ReleasePorts(release_ports_);
}

}  // namespace apiserver::registry
