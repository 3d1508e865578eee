// resource.k8s.io: DeviceClass, ResourceClaim, ResourceClaimTemplate; the table of the group.
#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "apiserver/validation/devices.h"
#include "apiserver/validation/go_json.h"
#include "apiserver/validation/kinds.h"
#include "apiserver/validation/validation.h"

namespace apiserver::validation {
namespace {

using namespace devices;  // NOLINT: this file is part of it

void Toleration(FieldErrors& e, const Path& p, const Value& t) {
  const absl::string_view key = Text(t, "key"), op = Text(t, "operator"), value = Text(t, "value"),
                          effect = Text(t, "effect");
  if (!key.empty()) LabelName(e, p / "key", key);
  if (op == "Exists") {
    if (!value.empty()) e.Invalid(p / "value", Value(value), "must be empty for operator `Exists`");
  } else if (op == "Equal") {
    Named(e, p / "value", value, apimachinery::IsValidLabelValue(value));
  } else {
    RequiredOneOf(e, p / "operator", op, {"Equal", "Exists"});
  }
  if (!effect.empty()) OneOf(e, p / "effect", effect, {"NoExecute", "NoSchedule", "None"});
}

// What an exact request and one of several alternatives have in common.
void RequestBody(FieldErrors& e, const Path& p, const Value& request) {
  const absl::string_view device_class = Text(request, "deviceClassName"), mode = Text(request, "allocationMode");
  if (device_class.empty()) {
    e.Required(p / "deviceClassName");
  } else {
    Named(e, p / "deviceClassName", device_class, apimachinery::IsDns1123Subdomain(device_class));
  }
  Selectors(e, p / "selectors", Items(request, "selectors"));
  const int64_t count = Int(request, "count");
  if (mode == "All") {
    if (count != 0) e.Invalid(p / "count", count, "must not be specified when allocationMode is 'All'");
  } else if (mode == "ExactCount") {
    if (count <= 0) e.Invalid(p / "count", count, kNotPositive);
  } else {
    OneOf(e, p / "allocationMode", mode, {"All", "ExactCount"});
  }
  List(e, p / "tolerations", Items(request, "tolerations"), -1,
       [&](const Path& at, const Value& toleration) { Toleration(e, at, toleration); });
}

void Request(FieldErrors& e, const Path& p, const Value& request) {
  Label(e, p / "name", Text(request, "name"));
  const Array& alternatives = Items(request, "firstAvailable");
  const Value* exactly = request.Find("exactly");
  if (alternatives.empty() && exactly == nullptr) {
    e.Required(p, "exactly one of `exactly` or `firstAvailable` is required");
  } else if (!alternatives.empty() && exactly != nullptr) {
    e.Invalid(p, Value(), "exactly one of `exactly` or `firstAvailable` is required, but multiple fields are set");
  } else if (exactly != nullptr) {
    RequestBody(e, p / "exactly", *exactly);
  } else {
    Set(e, p / "firstAvailable", alternatives, 8,
        [&](const Path& at, const Value& item) {
          Label(e, at / "name", Text(item, "name"));
          RequestBody(e, at, item);
        },
        NameOf);
  }
}

void Constraint(FieldErrors& e, const Path& p, const Value& constraint, const RequestNames& names) {
  RequestReferences(e, p / "requests", Items(constraint, "requests"), names);
  const Path at = p / "matchAttribute";
  const Value* attribute = constraint.Find("matchAttribute");
  if (attribute == nullptr) return e.Required(at);
  QualifiedName(e, at, attribute->as_string());
  if (!absl::StrContains(attribute->as_string(), "/")) {
    e.Invalid(at, *attribute, "a fully qualified name must be a domain and a name separated by a slash");
  }
}

void ClaimSpec(FieldErrors& e, const Path& p, const Value& spec) {
  const Value& devices = Sub(spec, "devices");
  const Path at = p / "devices";
  const RequestNames names = RequestNamesOf(spec);
  Set(e, at / "requests", Items(devices, "requests"), 32,
      [&](const Path& here, const Value& request) { Request(e, here, request); }, NameOf);
  List(e, at / "constraints", Items(devices, "constraints"), 32,
       [&](const Path& here, const Value& constraint) { Constraint(e, here, constraint, names); });
  List(e, at / "config", Items(devices, "config"), 32, [&](const Path& here, const Value& config) {
    RequestReferences(e, here / "requests", Items(config, "requests"), names);
    Configuration(e, here, config);
  });
}

void ClaimCreate(FieldErrors& e, const Value& claim) {
  Metadata(e, claim, true, SubdomainName);
  ClaimSpec(e, Path("spec"), Sub(claim, "spec"));
}
void ClaimUpdate(FieldErrors& e, const Value& claim, const Value& old) {
  Metadata(e, claim, true, SubdomainName);
  MetadataUpdate(e, claim, old);
  ImmutableAs(e, Path("spec"), "resource.ResourceClaimSpec", claim.Find("spec"), old.Find("spec"));
}

// ---- ResourceClaimTemplate

void TemplateCreate(FieldErrors& e, const Value& object) {
  Metadata(e, object, true, SubdomainName);
  const Path p("spec");
  const Path meta = p / "metadata";
  const Value& metadata = Sub(Sub(object, "spec"), "metadata");
  Annotations(e, meta / "annotations", metadata.Find("annotations"));
  Labels(e, meta / "labels", metadata.Find("labels"));
  for (const char* member : {"name", "generateName", "namespace", "selfLink", "uid", "resourceVersion", "generation",
                             "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "ownerReferences",
                             "finalizers", "managedFields"}) {
    if (const Value& set = Get(metadata, member); set.is_hollow() || !IsUnset(&set)) {
      e.Forbidden(meta / (std::string(member) == "uid" ? "uID" : member), "cannot be set");
    }
  }
  ClaimSpec(e, p / "spec", Sub(Sub(object, "spec"), "spec"));
}
void TemplateUpdate(FieldErrors& e, const Value& object, const Value& old) {
  MetadataUpdate(e, object, old);
  ImmutableAs(e, Path("spec"), "resource.ResourceClaimTemplateSpec", object.Find("spec"), old.Find("spec"));
}

// ---- DeviceClass

void ClassSpec(FieldErrors& e, const Value& object) {
  const Path p("spec");
  const Value& spec = Sub(object, "spec");
  Selectors(e, p / "selectors", Items(spec, "selectors"));
  List(e, p / "config", Items(spec, "config"), 32,
       [&](const Path& at, const Value& config) { Configuration(e, at, config); });
  if (const Value* name = spec.Find("extendedResourceName"); name && !IsExtendedResource(name->as_string())) {
    e.Invalid(p / "extendedResourceName", *name, "must be a valid extended resource name");
  }
}
// Names are judged when they are complete, whatever they are generated from.
Problems ClassName(absl::string_view name, bool prefix) {
  if (prefix) return {};
  Problems problems = SubdomainName(name, false);
  for (std::string& problem : problems) {  // the rule is declared upstream, and counts in other words
    if (absl::EndsWith(problem, "no more than 253 characters")) problem = "must be no more than 253 bytes";
  }
  return problems;
}

void ClassCreate(FieldErrors& e, const Value& object) {
  Metadata(e, object, false, ClassName);
  ClassSpec(e, object);
}
void ClassUpdate(FieldErrors& e, const Value& object, const Value& old) {
  Metadata(e, object, false, ClassName);
  MetadataUpdate(e, object, old);
  ClassSpec(e, object);
}

}  // namespace

std::string AdminAccessPath(const Kind& kind, const Value& object, const Value* old, absl::string_view subresource) {
  if (kind.group != "resource.k8s.io") return "";
  // Requests are judged when they are made, results when they appear; both never change.
  const auto first = [&](const Array& list, absl::string_view path, bool exactly) -> std::string {
    for (size_t i = 0; i < list.size(); ++i) {
      if (Flag(exactly ? Sub(list[i], "exactly") : list[i], "adminAccess")) {
        return absl::StrCat(path, "[", i, "].adminAccess");
      }
    }
    return "";
  };
  if (subresource == "status" && kind.kind == "ResourceClaim") {
    constexpr char kResults[] = "status.allocation.devices.results";
    if (!first(old->GetArray(kResults), "", false).empty()) return "";
    return first(object.GetArray(kResults), kResults, false);
  }
  if (old != nullptr || !subresource.empty()) return "";
  constexpr char kRequests[] = "spec.devices.requests";  // of a template's claim too
  if (kind.kind == "ResourceClaim") return first(object.GetArray(kRequests), kRequests, true);
  if (kind.kind != "ResourceClaimTemplate") return "";
  return first(object.GetArray(absl::StrCat("spec.", kRequests)), kRequests, true);
}

absl::Span<const KindRules> DeviceKinds() {
  static constexpr absl::string_view kGroup = "resource.k8s.io";
  static constexpr KindRules kRules[] = {
      {kGroup, "DeviceClass", ClassCreate, ClassUpdate},
      {kGroup, "ResourceClaim", ClaimCreate, ClaimUpdate, devices::ClaimStatus},
      {kGroup, "ResourceClaimTemplate", TemplateCreate, TemplateUpdate},
      {kGroup, "ResourceSlice", devices::SliceCreate, devices::SliceUpdate, nullptr, devices::SliceWarn},
  };
  return kRules;
}

}  // namespace apiserver::validation
