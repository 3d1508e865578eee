// IPAddress and ServiceCIDR.
#include "apiserver/validation/go_json.h"
#include "apiserver/validation/kinds.h"

namespace apiserver::validation {
namespace {

Problems AddressName(absl::string_view name, bool) {
  FieldErrors found;
  StrictIp(found, Path(), name);
  Problems out;
  for (const auto& error : found.errors()) out.push_back(error.detail);
  return out;
}

void AddressCreate(FieldErrors& e, const Value& object) {
  Metadata(e, object, false, AddressName);
  const Value* parent = Sub(object, "spec").Find("parentRef");
  const Path spec("spec");
  const Path p = spec / "parentRef";
  if (parent == nullptr) return e.Required(p);
  const absl::string_view group = Text(*parent, "group"), ns = Text(*parent, "namespace");
  if (!group.empty()) Named(e, p / "group", group, apimachinery::IsDns1123Subdomain(group));
  for (const char* key : {"resource", "name"}) {
    const absl::string_view text = Text(*parent, key);
    if (text.empty()) {
      e.Required(p / key);
    } else {
      Named(e, p / key, text, apimachinery::IsPathSegmentName(text));
    }
  }
  if (!ns.empty()) Named(e, p / "namespace", ns, apimachinery::IsPathSegmentName(ns));
}
void AddressUpdate(FieldErrors& e, const Value& object, const Value& old) {
  MetadataUpdate(e, object, old);
  ImmutableAs(e, Path("spec.parentRef"), "*networking.ParentReference", object.At("spec.parentRef"),
              old.At("spec.parentRef"));
}

void CidrSpec(FieldErrors& e, const Value& object) {
  const Path p("spec.cidrs");
  const Value& spec = Sub(object, "spec");
  const Array& cidrs = Items(spec, "cidrs");
  if (cidrs.empty()) return e.Required(p, "at least one CIDR required");
  if (cidrs.size() > 2) {
    Value shown = Value::MakeObject();  // as upstream prints its inner type
    shown.Set("CIDRs", Get(spec, "cidrs"));
    return e.Invalid(p, shown, "may only hold up to 2 values");
  }
  for (size_t i = 0; i < cidrs.size(); ++i) StrictCidr(e, p[i], cidrs[i].as_string());
  int first = 0, second = 0;
  if (cidrs.size() == 2 && ParseCidr(cidrs[0].as_string(), &first) && ParseCidr(cidrs[1].as_string(), &second) &&
      first == second) {
    e.Invalid(p, Get(spec, "cidrs"),
              "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64");
  }
}
void CidrCreate(FieldErrors& e, const Value& object) {
  Metadata(e, object, false, SubdomainName);
  CidrSpec(e, object);
}
void CidrUpdate(FieldErrors& e, const Value& object, const Value& old) {
  MetadataUpdate(e, object, old);
  const Path p("spec.cidrs");
  const Array& now = Items(Sub(object, "spec"), "cidrs");
  const Array& was = Items(Sub(old, "spec"), "cidrs");
  if (now.size() == was.size()) {
    for (size_t i = 0; i < was.size(); ++i) {
      if (!(now[i] == was[i])) e.Invalid(p[i], now[i], kImmutable);
    }
  } else if (was.size() == 1 && now.size() == 2) {
    if (!(now[0] == was[0])) e.Invalid(p[0], now[0], kImmutable);
    CidrSpec(e, object);
  } else {
    e.Invalid(p, Get(Sub(object, "spec"), "cidrs"), kImmutable);
  }
}

}  // namespace

absl::Span<const KindRules> AddressKinds() {
  static constexpr KindRules kRules[] = {
      {"networking.k8s.io", "IPAddress", AddressCreate, AddressUpdate},
      {"networking.k8s.io", "ServiceCIDR", CidrCreate, CidrUpdate},
  };
  return kRules;
}

}  // namespace apiserver::validation
