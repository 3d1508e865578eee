#include "apiserver/registry/services.h"

#include <algorithm>
#include <optional>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "apimachinery/api_error.h"
#include "apimachinery/codec.h"
#include "apiserver/registry/allocation_series.h"
#include "apiserver/registry/port_map.h"
#include "apiserver/registry/registry.h"
#include "apiserver/registry/service_families.h"
#include "apiserver/registry/service_fields.h"
#include "base/log.h"
#include "base/status_macros.h"

namespace apiserver::registry {
namespace {

using apimachinery::Array;
using apimachinery::FieldErrors;
using apimachinery::FieldPath;
using apimachinery::Kind;
using apimachinery::Value;

const pipeline::GroupResource kAddresses{"networking.k8s.io", "ipaddresses"};
const pipeline::GroupResource kRanges{"networking.k8s.io", "servicecidrs"};

bool IsService(const Kind& kind) { return kind.kind == "Service" && kind.group.empty(); }

absl::Status InvalidService(const Value& service, const FieldErrors& errors) {
  return apimachinery::Invalid("", "Service", service.GetString("metadata.name"), errors);
}

}  // namespace

Value ServiceAddress(const std::string& address, const std::string& ns, const std::string& name) {
  Value object = Value::MakeObject();
  object.Ensure("metadata").Set("name", address);
  object.Ensure("metadata.labels").Set("ipaddress.kubernetes.io/ip-family", "IPv4");
  object.Ensure("metadata.labels").Set("ipaddress.kubernetes.io/managed-by", kAddressManager);
  Value& parent = object.Ensure("spec.parentRef");
  parent.Set("resource", "services");
  parent.Set("namespace", ns);
  parent.Set("name", name);
  return object;
}

Services::Services(absl::string_view cidr, int first_port, int last_port, Registry& registry)
    : first_range_(AddressRange::Parse(cidr)), first_port_(first_port), last_port_(last_port), registry_(registry),
      rng_(base::Rng::FromEntropy()) {}

std::string Services::first_address() const { return AddressText(first_range_.network + 1); }

std::vector<AddressRange> Services::Ranges() const { return UsableRanges(first_range_, registry_.List(kRanges, "")); }

absl::StatusOr<std::unique_ptr<Services::Claim>> Services::Allocate(const Kind& kind, Value& object, const Value* old,
                                                                    bool dry_run) {
  if (!IsService(kind)) return std::unique_ptr<Claim>();
  auto claim = std::make_unique<Claim>(*this);
  Value& spec = object["spec"];
  if (spec.is_null()) spec = Value::MakeObject();
  if (old != nullptr) {
    KeepAllocated(object, *old);
  } else if (!object.GetString("spec.clusterIP").empty() && object.GetArray("spec.clusterIPs").empty()) {
    spec.Set("clusterIPs", Array{Value(object.GetString("spec.clusterIP"))});
  }
  if (const FieldErrors errors = FillFamilies(object, old); !errors.empty()) return InvalidService(object, errors);
  const bool external = object.GetString("spec.type") == "ExternalName";
  const bool was_external = old == nullptr || old->GetString("spec.type") == "ExternalName";
  if (external && !was_external) {
    claim->release_addresses_ = AddressesOf(*old);
  } else if (!external && was_external && object.GetString("spec.clusterIP") != "None") {
    std::string address = object.GetString("spec.clusterIP");
    const bool asked = !address.empty();
    bool adopted = false;
    const absl::Time began = absl::Now();
    absl::Status taken;
    if (asked) {
      taken = TakeGivenAddress(object, address, dry_run, &adopted);
    } else {
      absl::StatusOr<std::string> any = TakeAddress(object, dry_run);
      taken = any.status();
      if (any.ok()) address = *std::move(any);
    }
    if (!dry_run) TellAddress(registry_.environment().service_cidr, asked, taken.ok(), absl::Now() - began);
    RETURN_IF_ERROR(taken);
    if (!dry_run && !adopted) claim->addresses_.push_back(address);
    spec.Set("clusterIP", address);
    spec.Set("clusterIPs", Array{Value(address)});
  }
  RETURN_IF_ERROR(old == nullptr ? FirstPorts(object, dry_run, *claim) : ChangePorts(object, *old, dry_run, *claim));
  RETURN_IF_ERROR(HealthPort(object, old, dry_run, *claim));
  if (old != nullptr) DropForType(object, *old);
  return claim;
}

absl::StatusOr<std::string> Services::TakeAddress(const Value& service, bool dry_run) {
  for (const AddressRange& range : Ranges()) {
    for (int attempt = 0; attempt < 512; ++attempt) {
      uint32_t offset;
      {
        const std::lock_guard lock(mu_);
        const uint32_t from = attempt < 256 ? range.reserved() : 0;
        offset = from + static_cast<uint32_t>(rng_.Below(range.count() - from));
      }
      const std::string address = AddressText(range.network + 1 + offset);
      bool adopted = false;
      const absl::Status taken = TakeGivenAddress(service, address, dry_run, &adopted);
      if (taken.ok() && !adopted) return address;
      if (taken.ok()) continue;
      if (apimachinery::ApiStatus::From(taken).code != 422) return taken;
    }
  }
  return apimachinery::InternalError("failed to allocate a serviceIP: range is full");
}

absl::Status Services::TakeGivenAddress(const Value& service, const std::string& address, bool dry_run,
                                        bool* adopted) {
  const auto refuse = [&](absl::string_view why) {
    FieldErrors errors;
    Value list = Value::MakeArray();
    list.Append(address);
    errors.Invalid(FieldPath("spec").Child("clusterIPs"), list, absl::StrCat("failed to allocate IP ", address, ": ", why));
    return InvalidService(service, errors);
  };
  const std::optional<uint32_t> number = ParseAddress(address);
  if (!number) return absl::OkStatus();  // validation speaks of the form
  const std::vector<AddressRange> ranges = Ranges();
  if (std::none_of(ranges.begin(), ranges.end(), [&](const AddressRange& range) { return range.Has(*number); })) {
    if (!dry_run) return refuse("the provided network does not match the current range");
    return refuse(absl::StrCat("the provided IP (", address, ") is not in the valid range. The range of valid IPs is ",
                               registry_.environment().service_cidr));
  }
  if (dry_run) {
    return registry_.Get(kAddresses, "", address) == nullptr
               ? absl::OkStatus()
               : refuse("provided IP is already allocated");
  }
  const std::string ns = service.GetString("metadata.namespace"), name = service.GetString("metadata.name");
  const absl::Status created =
      registry_.Create(kAddresses, ServiceAddress(address, ns, name)).status();
  if (created.ok()) return created;
  if (!apimachinery::ApiStatus::From(created).Is("AlreadyExists")) return created;
  // Taken for a service of this name that is not there: by another server that is creating it too, or by one that died
  // over it.
  const auto there = registry_.GetFresh(kAddresses, "", address);
  if (there.ok() && *there != nullptr && (*there)->GetString("spec.parentRef.namespace") == ns &&
      (*there)->GetString("spec.parentRef.name") == name) {
    const auto service_there = registry_.GetFresh({"", "services"}, ns, name);
    *adopted = service_there.ok() && *service_there == nullptr;
    if (*adopted) return absl::OkStatus();
  }
  return refuse("provided IP is already allocated");
}

void Services::ReleaseAddress(const std::string& address) {
  const absl::Status status = registry_.Delete(kAddresses, "", address);
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
