// EndpointSlice.
#include "absl/strings/strip.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "apiserver/validation/kinds.h"

namespace apiserver::validation {
namespace {

void FullDomainName(FieldErrors& e, const Path& p, absl::string_view name) {
  if (name.empty()) return e.Required(p);
  absl::ConsumeSuffix(&name, ".");
  if (const Problems problems = apimachinery::IsDns1123Subdomain(name); !problems.empty()) {
    return e.Invalid(p, Value(name), absl::StrJoin(problems, ","));
  }
  const std::vector<absl::string_view> labels = absl::StrSplit(name, '.');
  if (labels.size() < 2) {
    return e.Invalid(p, Value(name), "should be a domain with at least two segments separated by dots");
  }
  for (absl::string_view label : labels) {
    const Problems problems = apimachinery::IsDns1123Label(label);
    if (!problems.empty()) return e.Invalid(p, Value(label), absl::StrJoin(problems, ","));
  }
}

void Address(FieldErrors& e, const Path& list, size_t index, absl::string_view text, absl::string_view type) {
  const Path p = list[index];
  if (type == "FQDN") return FullDomainName(e, p, text);
  if (!In(type, {"IPv4", "IPv6"})) return;
  FieldErrors found;
  if (type == "IPv4") {
    LegacyIp(found, p, text);
  } else {
    StrictIp(found, p, text);
  }
  if (!found.empty()) return e.Append(std::move(found));
  if (IpFamily(text) != (type == "IPv4" ? 4 : 6)) e.Invalid(list, Value(text), absl::StrCat("must be an ", type, " address"));
  EndpointIp(e, p, text);
}

bool Hints(FieldErrors& e, const Path& p, const Array& hints, bool nodes) {
  if (hints.size() > 8) {
    e.TooMany(p, static_cast<int>(hints.size()), 8);
    return false;
  }
  std::set<std::string> seen;
  for (size_t i = 0; i < hints.size(); ++i) {
    const Path at = p[i];
    const std::string name(Text(hints[i], "name"));
    if (!seen.insert(name).second) e.Duplicate(at / "name", name);
    Named(e, at / "name", name, nodes ? SubdomainName(name, false) : apimachinery::IsValidLabelValue(name));
  }
  return true;
}

void Endpoint(FieldErrors& e, const Path& p, const Value& endpoint, absl::string_view type) {
  const Path addresses_path = p / "addresses", topology_path = p / "deprecatedTopology", hints_path = p / "hints";
  const Array& addresses = Items(endpoint, "addresses");
  if (addresses.empty()) {
    e.Required(addresses_path, "must contain at least 1 address");
  } else if (addresses.size() > 100) {
    e.TooMany(addresses_path, static_cast<int>(addresses.size()), 100);
  }
  for (size_t i = 0; i < addresses.size(); ++i) Address(e, addresses_path, i, addresses[i].as_string(), type);
  if (const Value* node = endpoint.Find("nodeName")) {
    Named(e, p / "nodeName", node->as_string(), SubdomainName(node->as_string(), false));
  }
  const Object& topology = Entries(endpoint, "deprecatedTopology");
  if (topology.size() > 16) e.TooMany(topology_path, static_cast<int>(topology.size()), 16);
  Labels(e, topology_path, endpoint.Find("deprecatedTopology"));
  if (const Value* host = endpoint.Find("hostname")) {
    Named(e, p / "hostname", host->as_string(), apimachinery::IsDns1123Label(host->as_string()));
  }
  const Value* hints = endpoint.Find("hints");
  if (hints != nullptr && Hints(e, hints_path / "forZones", Items(*hints, "forZones"), false)) {
    Hints(e, hints_path / "forNodes", Items(*hints, "forNodes"), true);
  }
}

void Ports(FieldErrors& e, const Path& p, const Array& ports) {
  if (ports.size() > 20000) return e.TooMany(p, static_cast<int>(ports.size()), 20000);
  std::set<std::string> names;
  for (size_t i = 0; i < ports.size(); ++i) {
    const Path at = p[i];
    const std::string name(Text(ports[i], "name"));
    if (!name.empty()) Named(e, at / "name", name, apimachinery::IsDns1123Label(name));
    if (!names.insert(name).second) e.Duplicate(at / "name", name);
    if (!ports[i].Has("protocol")) {
      e.Required(at / "protocol");
    } else {
      OneOf(e, at / "protocol", Text(ports[i], "protocol"), {"SCTP", "TCP", "UDP"});
    }
    if (const Value* protocol = ports[i].Find("appProtocol")) LabelName(e, at / "appProtocol", protocol->as_string());
  }
}

void Slice(FieldErrors& e, const Value& slice, const Value* old) {
  Metadata(e, slice, true, SubdomainName);
  const absl::string_view type = Text(slice, "addressType");
  RequiredOneOf(e, Path("addressType"), type, {"FQDN", "IPv4", "IPv6"});
  Ports(e, Path("ports"), Items(slice, "ports"));
  // What did not change is not judged again.
  if (old != nullptr && SameMember(slice, *old, "endpoints")) return;
  const Path p("endpoints");
  const Array& endpoints = Items(slice, "endpoints");
  if (endpoints.size() > 1000) return e.TooMany(p, static_cast<int>(endpoints.size()), 1000);
  for (size_t i = 0; i < endpoints.size(); ++i) Endpoint(e, p[i], endpoints[i], type);
}

void Create(FieldErrors& e, const Value& slice) { Slice(e, slice, nullptr); }
void Update(FieldErrors& e, const Value& slice, const Value& old) {
  Slice(e, slice, &old);
  ImmutableText(e, Path("addressType"), Text(slice, "addressType"), Text(old, "addressType"));
}

void Warn(Texts& out, const Value& slice, const Value* old, absl::string_view) {
  if (old == nullptr && Text(slice, "addressType") == "FQDN") {
    out.push_back("spec.addressType: FQDN endpoints are deprecated");
  }
  const absl::string_view manager =
      Text(Sub(Sub(slice, "metadata"), "labels"), "endpointslice.kubernetes.io/managed-by");
  if (In(manager, {"endpointslice-controller.k8s.io", "endpointslicemirroring-controller.k8s.io"})) return;
  const Path p("endpoints");
  const Array& endpoints = Items(slice, "endpoints");
  for (size_t i = 0; i < endpoints.size(); ++i) {
    const Path at = p[i];
    const Path list = at / "addresses";
    const Array& addresses = Items(endpoints[i], "addresses");
    for (size_t k = 0; k < addresses.size(); ++k) WarnOfIp(out, list[k], addresses[k].as_string());
  }
}

}  // namespace

absl::Span<const KindRules> EndpointSliceKinds() {
  static constexpr KindRules kRules[] = {
      {"discovery.k8s.io", "EndpointSlice", Create, Update, nullptr, Warn},
  };
  return kRules;
}

}  // namespace apiserver::validation
