// What drivers and the scheduler write of a ResourceClaim.
#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "apiserver/validation/devices.h"
#include "apiserver/validation/go_json.h"
#include "apiserver/validation/pod.h"

namespace apiserver::validation::devices {
namespace {

void ShareId(FieldErrors& e, const Path& p, const Value& holder) {
  const Value* id = holder.Find("shareID");
  if (id == nullptr) return;
  // google/uuid takes 32 digits as they are, with dashes, in braces or as a URN; upstream then wants the one with dashes.
  absl::string_view text = id->as_string();
  const auto refuse = [&](absl::string_view why) { e.Invalid(p, *id, absl::StrCat("error validating uid: ", why)); };
  bool dashes = true;
  if (text.size() == 45) {
    if (!absl::EqualsIgnoreCase(text.substr(0, 9), "urn:uuid:")) {
      return refuse(absl::StrCat("invalid urn prefix: \"", text.substr(0, 9), "\""));
    }
    text.remove_prefix(9);
  } else if (text.size() == 38) {
    if (text.front() != '{' || text.back() != '}') return refuse("invalid bracketed UUID format");
    text = text.substr(1, 36);
  } else if (text.size() == 32) {
    dashes = false;
  } else if (text.size() != 36) {
    return refuse(absl::StrCat("invalid UUID length: ", text.size()));
  }
  for (size_t i = 0; i < text.size(); ++i) {
    const bool dash = dashes && (i == 8 || i == 13 || i == 18 || i == 23);
    if (dash ? text[i] != '-' : !absl::ascii_isxdigit(text[i])) return refuse("invalid UUID format");
  }
  if (id->as_string().size() != 36 || absl::AsciiStrToLower(id->as_string()) != id->as_string()) {
    e.Invalid(p, *id,
              "uid must be in RFC 4122 normalized form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase "
              "hexadecimal characters");
  }
}

void InterfaceAddress(FieldErrors& e, const Path& p, const std::string& text) {
  int family = 0;
  if (!ParseCidr(text, &family)) {
    return e.Invalid(p, text, "must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)");
  }
  const size_t slash = text.find('/');
  int bits = std::stoi(text.substr(slash + 1));
  if (family == 4 && bits > 32) bits -= 96;  // an IPv4 address written as an IPv6 one
  const std::string canonical = absl::StrCat(CanonicalIp(text.substr(0, slash)), "/", bits);
  if (text != canonical) e.Invalid(p, text, absl::StrCat("must be in canonical form (\"", canonical, "\")"));
}

void DeviceStatus(FieldErrors& e, const Path& p, const Value& device, const Array& allocated) {
  DriverName(e, p / "driver", Text(device, "driver"));
  PoolName(e, p / "pool", Text(device, "pool"));
  Label(e, p / "device", Text(device, "device"));
  ShareId(e, p / "shareID", device);
  const Value id = DeviceId(device);
  if (std::none_of(allocated.begin(), allocated.end(), [&](const Value& result) { return DeviceId(result) == id; })) {
    e.Invalid(p, id, "must be an allocated device in the claim");
  }
  const Array& conditions = Items(device, "conditions");
  if (conditions.size() > 8) e.TooMany(p / "conditions", static_cast<int>(conditions.size()), 8);
  Conditions(e, p / "conditions", conditions);
  if (const Value* data = device.Find("data"); data != nullptr && data->is_raw() && !data->as_string().empty()) {
    RawObject(e, p / "data", data, 10 * 1024);
  }
  const Value* network = device.Find("networkData");
  if (network == nullptr) return;
  const Path at = p / "networkData";
  if (Text(*network, "interfaceName").size() > 256) e.TooLong(at / "interfaceName", 256);
  if (Text(*network, "hardwareAddress").size() > 128) e.TooLong(at / "hardwareAddress", 128);
  Set(e, at / "ips", Items(*network, "ips"), 16,
      [&](const Path& here, const Value& ip) { InterfaceAddress(e, here, ip.as_string()); }, Itself);
}

void Allocation(FieldErrors& e, const Path& p, const Value& allocation, const RequestNames& names) {
  const Value& devices = Sub(allocation, "devices");
  const Path at = p / "devices";
  List(e, at / "results", Items(devices, "results"), 32, [&](const Path& here, const Value& result) {
    RequestReference(e, here / "request", Text(result, "request"), names);
    DriverName(e, here / "driver", Text(result, "driver"));
    PoolName(e, here / "pool", Text(result, "pool"));
    Label(e, here / "device", Text(result, "device"));
    ShareId(e, here / "shareID", result);
  });
  List(e, at / "config", Items(devices, "config"), 64, [&](const Path& here, const Value& config) {
    RequiredOneOf(e, here / "source", Text(config, "source"), {"FromClaim", "FromClass"});
    RequestReferences(e, here / "requests", Items(config, "requests"), names);
    Configuration(e, here, config);
  });
  if (const Value* selector = allocation.Find("nodeSelector")) NodeSelector(e, p / "nodeSelector", *selector);
}

}  // namespace

void ClaimStatus(FieldErrors& e, const Value& claim, const Value& old) {
  MetadataUpdate(e, claim, old);
  const Path p("status");
  const Path reserved = p / "reservedFor", allocation_path = p / "allocation";
  const Value& status = Sub(claim, "status");
  const Value& before = Sub(old, "status");
  const Array& users = Items(status, "reservedFor");
  const Value* allocation = status.Find("allocation");
  Set(e, reserved, users, 256,
      [&](const Path& at, const Value& ref) {
        for (const char* key : {"resource", "name", "uid"}) Required(e, at, ref, key);
      },
      [](const Value& ref) { return Value(Text(ref, "uid")); });
  const Array& allocated = allocation == nullptr ? Items(status, "") : Items(Sub(*allocation, "devices"), "results");
  Set(e, p / "devices", Items(status, "devices"), -1,
      [&](const Path& at, const Value& device) { DeviceStatus(e, at, device, allocated); }, DeviceId);
  if (!users.empty() && allocation == nullptr) {
    e.Forbidden(reserved, "may not be specified when `allocated` is not set");
  } else if (!users.empty() && Sub(claim, "metadata").Has("deletionTimestamp")) {
    const Array& known = Items(before, "reservedFor");
    const bool fresh = std::any_of(users.begin(), users.end(), [&](const Value& user) {
      return std::find(known.begin(), known.end(), user) == known.end();
    });
    if (fresh) {
      e.Forbidden(reserved,
                  "new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set");
    }
  }
  if (allocation == nullptr) return;
  if (before.Has("allocation")) {
    ImmutableAs(e, allocation_path, "resource.AllocationResult", allocation, before.Find("allocation"));
  } else {
    Allocation(e, allocation_path, *allocation, RequestNamesOf(Sub(claim, "spec")));
  }
}

}  // namespace apiserver::validation::devices
