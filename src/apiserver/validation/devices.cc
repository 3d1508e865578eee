// What the kinds of resource.k8s.io have in common.
#include "apiserver/validation/devices.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"

namespace apiserver::validation::devices {
namespace {

void CIdentifier(FieldErrors& e, const Path& p, absl::string_view id) {
  if (id.size() > 32) e.TooLong(p, 32);
  Named(e, p, id, apimachinery::IsCIdentifier(id));
}

}  // namespace

RequestNames RequestNamesOf(const Value& claim_spec) {
  RequestNames names;
  for (const Value& request : Items(Sub(claim_spec, "devices"), "requests")) {
    std::set<std::string>& alternatives = names[std::string(Text(request, "name"))];
    for (const Value& sub : Items(request, "firstAvailable")) alternatives.insert(std::string(Text(sub, "name")));
  }
  return names;
}

void Label(FieldErrors& e, const Path& p, absl::string_view name) {
  Named(e, p, name, apimachinery::IsDns1123Label(name));
}

void DriverName(FieldErrors& e, const Path& p, absl::string_view name) {
  if (name.empty()) return e.Required(p);
  if (name.size() > 63) e.TooLong(p, 63);
  Named(e, p, name, apimachinery::IsDns1123Subdomain(absl::AsciiStrToLower(name)));
}

void PoolName(FieldErrors& e, const Path& p, absl::string_view name) {
  if (name.empty()) return e.Required(p);
  if (name.size() > 253) e.TooLong(p, 253);
  for (absl::string_view part : absl::StrSplit(name, '/')) Named(e, p, part, apimachinery::IsDns1123Subdomain(part));
}

void QualifiedName(FieldErrors& e, const Path& p, absl::string_view name) {
  const std::vector<absl::string_view> parts = absl::StrSplit(name, '/');
  if (parts.size() == 1) {
    CIdentifier(e, p, parts[0]);
  } else if (parts.size() == 2) {
    if (parts[0].empty()) {
      e.Invalid(p, "", "the domain must not be empty");
    } else {
      DriverName(e, p, parts[0]);
    }
    if (parts[1].empty()) {
      e.Invalid(p, "", "the name must not be empty");
    } else {
      CIdentifier(e, p, parts[1]);
    }
  }
}

void List(FieldErrors& e, const Path& p, const Array& items, int most, ItemCheck check) {
  if (most >= 0 && static_cast<int>(items.size()) > most) return e.TooMany(p, static_cast<int>(items.size()), most);
  for (size_t i = 0; i < items.size(); ++i) check(p[i], items[i]);
}

void Set(FieldErrors& e, const Path& p, const Array& items, int most, ItemCheck check,
         absl::FunctionRef<Value(const Value& item)> key) {
  List(e, p, items, most, check);
  if (most >= 0 && static_cast<int>(items.size()) > most) return;
  for (size_t i = 0; i < items.size(); ++i) {
    const Value own = key(items[i]);
    const bool seen = std::any_of(items.begin(), items.begin() + i, [&](const Value& v) { return key(v) == own; });
    if (seen) e.Duplicate(p[i], own);
  }
}

Value DeviceId(const Value& device) {
  Value id = Value::MakeObject();
  id.Set("Driver", Text(device, "driver"));
  id.Set("Pool", Text(device, "pool"));
  id.Set("Device", Text(device, "device"));
  id.Set("ShareID", Text(device, "shareID"));
  return id;
}

void Selectors(FieldErrors& e, const Path& p, const Array& selectors) {
  List(e, p, selectors, 32, [&](const Path& at, const Value& selector) {
    const Value* cel = selector.Find("cel");
    if (cel == nullptr) {
      e.Required(at / "cel");
    } else if (Text(*cel, "expression").size() > 10 * 1024) {
      e.TooLong(at / "cel.expression", 10 * 1024);
    } else {
      SelectorExpression(e, at / "cel.expression", Text(*cel, "expression"));
    }
  });
}

void RequestReference(FieldErrors& e, const Path& p, absl::string_view name, const RequestNames& known) {
  constexpr char kText[] =
      "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";
  const std::vector<std::string> parts = absl::StrSplit(name, '/');
  if (parts.size() > 2) return e.Invalid(p, Value(name), kText);
  for (const std::string& part : parts) Label(e, p, part);
  const auto it = known.find(parts[0]);
  if (it == known.end() || (parts.size() == 2 && it->second.count(parts[1]) == 0)) e.Invalid(p, Value(name), kText);
}

void RequestReferences(FieldErrors& e, const Path& p, const Array& names, const RequestNames& known) {
  Set(e, p, names, 32, [&](const Path& at, const Value& name) { RequestReference(e, at, name.as_string(), known); },
      Itself);
}

void RawObject(FieldErrors& e, const Path& p, const Value* raw, int most) {
  if (raw == nullptr || !raw->is_raw() || raw->as_string().empty()) return e.Required(p);
  const std::string& text = raw->as_string();
  if (static_cast<int>(text.size()) > most) return e.TooLong(p, most);
  if (text == "null") return e.Required(p);
  if (text[0] != '{') e.Invalid(p, "<value omitted>", "must be a valid JSON object");
}

void Configuration(FieldErrors& e, const Path& p, const Value& config) {
  const Path at = p / "opaque";
  const Value* opaque = config.Find("opaque");
  if (opaque == nullptr) return e.Required(at);
  DriverName(e, at / "driver", Text(*opaque, "driver"));
  RawObject(e, at / "parameters", opaque->Find("parameters"), 10 * 1024);
}

}  // namespace apiserver::validation::devices
