#include "apiserver/registry/service_families.h"

#include "absl/strings/str_cat.h"
#include "apiserver/validation/validation.h"

namespace apiserver::registry {
namespace {

using apimachinery::Array;
using apimachinery::FieldErrors;
using apimachinery::FieldPath;
using apimachinery::Value;

constexpr char kSingle[] = "SingleStack", kPrefer[] = "PreferDualStack", kRequire[] = "RequireDualStack";

bool Headless(const Value& service) { return service.GetString("spec.clusterIP") == "None"; }
bool Selects(const Value& service) { return !service.GetObject("spec.selector").empty(); }
const Array& Addresses(const Value& service) { return service.GetArray("spec.clusterIPs"); }
const Array& Families(const Value& service) { return service.GetArray("spec.ipFamilies"); }

// Nobody asks for another stack: such a service stays as it is whatever the cluster has become.
bool StaysPreferred(const Value& service, const Value* old) {
  if (old == nullptr || service.GetString("spec.ipFamilyPolicy") != kPrefer) return false;
  const std::string type = service.GetString("spec.type"), before = old->GetString("spec.ipFamilyPolicy");
  return old->GetString("spec.type") == type && (type == "ClusterIP" || type == "NodePort" || type == "LoadBalancer") &&
         (before.empty() || before == kPrefer) && Addresses(service) == Addresses(*old) && Families(service) == Families(*old);
}

std::string DefaultPolicy(const Value& service, const Value* old) {
  if (old != nullptr && old->At("spec.ipFamilyPolicy") != nullptr) return old->GetString("spec.ipFamilyPolicy");
  return Headless(service) && !Selects(service) ? kRequire : kSingle;
}

void CutToFirst(Value& spec, absl::string_view list) {
  if (Value* items = spec.Find(list); items != nullptr && items->size() > 1) items->array().resize(1);
}

FieldPath Spec(absl::string_view member) { return FieldPath("spec").Child(member); }

void Shrinking(Value& service, const Value& old, const std::string& policy, FieldErrors& errors) {
  Value& spec = service["spec"];
  if (policy == kSingle) {  // who says so and changes nothing else means the first
    if (Addresses(service) == Addresses(old)) CutToFirst(spec, "clusterIPs");
    if (Families(service) == Families(old)) CutToFirst(spec, "ipFamilies");
    return;
  }
  const auto fewer = [](const Array& now, const Array& was) { return !now.empty() && now.size() < was.size(); };
  if (fewer(Addresses(service), Addresses(old))) {
    errors.Invalid(Spec("ipFamilyPolicy"), policy, "must be 'SingleStack' to release the secondary cluster IP");
  }
  if (fewer(Families(service), Families(old))) {
    errors.Invalid(Spec("ipFamilyPolicy"), policy, "must be 'SingleStack' to release the secondary IP family");
  }
}

void FamiliesOfAddresses(Value& service, FieldErrors& errors) {
  const Array addresses = Addresses(service);
  for (size_t i = 0; i < addresses.size() && addresses[i].as_string() != "None"; ++i) {
    if (i < Families(service).size()) continue;
    const bool v6 = addresses[i].as_string().find(':') != std::string::npos;
    if (v6) {
      errors.Invalid(Spec("clusterIPs").Index(i), Value(addresses), "IPv6 is not configured on this cluster");
    } else {
      service["spec"]["ipFamilies"].Append("IPv4");
    }
  }
}

}  // namespace

FieldErrors FillFamilies(Value& service, const Value* old) {
  if (service.GetString("spec.type") == "ExternalName" || StaysPreferred(service, old)) return {};
  Value& spec = service["spec"];
  if (!spec.Has("ipFamilyPolicy")) spec.Set("ipFamilyPolicy", DefaultPolicy(service, old));
  const std::string policy = spec.GetString("ipFamilyPolicy");
  FieldErrors errors = validation::ValidateServiceAddresses(service);
  if (!errors.empty()) return errors;
  if (old != nullptr) Shrinking(service, *old, policy, errors);
  if (policy == kSingle && Addresses(service).size() == 2) {
    errors.Invalid(Spec("ipFamilyPolicy"), policy,
                   "must be 'RequireDualStack' or 'PreferDualStack' when multiple cluster IPs are specified");
  }
  if (policy == kSingle && Families(service).size() == 2) {
    errors.Invalid(Spec("ipFamilyPolicy"), policy,
                   "must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified");
  }
  FamiliesOfAddresses(service, errors);
  if (!errors.empty()) return errors;
  if (Headless(service) && !Selects(service)) {  // its endpoints are anybody's: both families even here
    Value& families = spec["ipFamilies"];
    if (families.empty()) families.Append("IPv4");
    if (families.size() < 2 && policy != kSingle) {
      families.Append(families.array()[0].as_string() == "IPv4" ? "IPv6" : "IPv4");
    }
    return errors;
  }
  if (policy == kRequire) {
    errors.Invalid(Spec("ipFamilyPolicy"), policy, "this cluster is not configured for dual-stack services");
  }
  for (size_t i = 0; i < Families(service).size(); ++i) {
    const Value& family = Families(service)[i];
    if (family.as_string() != "IPv4") errors.Invalid(Spec("ipFamilies").Index(i), family, "not configured on this cluster");
  }
  if (errors.empty() && Families(service).empty()) spec["ipFamilies"].Append("IPv4");
  return errors;
}

}  // namespace apiserver::registry
