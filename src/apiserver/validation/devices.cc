// resource.k8s.io: device classes, claims, templates and slices.
#include <algorithm>
#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "apiserver/validation/go_json.h"
#include "apiserver/validation/kinds.h"
#include "apiserver/validation/pod.h"

namespace apiserver::validation {
namespace {

using RequestNames = std::map<std::string, std::set<std::string>, std::less<>>;

void Label(FieldErrors& e, const Path& p, absl::string_view name) {
  if (name.empty()) {
    e.Required(p);
  } else {
    Named(e, p, name, apimachinery::IsDns1123Label(name));
  }
}

void DriverName(FieldErrors& e, const Path& p, absl::string_view name) {
  if (name.empty()) return e.Required(p);
  if (name.size() > 63) e.TooLong(p, 63);
  Named(e, p, name, apimachinery::IsDns1123Subdomain(absl::AsciiStrToLower(name)));
}

// Runs `check` on each item unless there are too many; then each item once.
void Set(FieldErrors& e, const Path& p, const Array& items, int most,
         absl::FunctionRef<void(const Path& at, const Value& item)> check,
         absl::FunctionRef<Value(const Value& item)> key) {
  if (most >= 0 && static_cast<int>(items.size()) > most) return e.TooMany(p, static_cast<int>(items.size()), most);
  for (size_t i = 0; i < items.size(); ++i) check(p[i], items[i]);
  for (size_t i = 0; i < items.size(); ++i) {
    const Value own = key(items[i]);
    const bool seen = std::any_of(items.begin(), items.begin() + i, [&](const Value& v) { return key(v) == own; });
    if (seen) e.Duplicate(p[i], own);
  }
}

Value NameOf(const Value& item) { return Value(Text(item, "name")); }
Value Itself(const Value& item) { return item; }

void CIdentifier(FieldErrors& e, const Path& p, absl::string_view id) {
  if (id.size() > 32) e.TooLong(p, 32);
  Named(e, p, id, apimachinery::IsCIdentifier(id));
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

void Selectors(FieldErrors& e, const Path& p, const Array& selectors) {
  if (selectors.size() > 32) return e.TooMany(p, static_cast<int>(selectors.size()), 32);
  for (size_t i = 0; i < selectors.size(); ++i) {
    const Path at = p[i];
    const Value* cel = selectors[i].Find("cel");
    if (cel == nullptr) {
      e.Required(at / "cel");
    } else if (Text(*cel, "expression").size() > 10 * 1024) {
      e.TooLong(at / "cel.expression", 10 * 1024);
    }
  }
}

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
  const Path tolerations = p / "tolerations";
  for (size_t i = 0; i < Items(request, "tolerations").size(); ++i) {
    Toleration(e, tolerations[i], Items(request, "tolerations")[i]);
  }
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

void RequestReference(FieldErrors& e, const Path& p, const std::string& name, const RequestNames& known) {
  constexpr char kText[] =
      "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";
  const std::vector<std::string> parts = absl::StrSplit(name, '/');
  if (parts.size() > 2) return e.Invalid(p, name, kText);
  for (const std::string& part : parts) Label(e, p, part);
  const auto it = known.find(parts[0]);
  if (it == known.end() || (parts.size() == 2 && !it->second.count(parts[1]))) e.Invalid(p, name, kText);
}

void RawObject(FieldErrors& e, const Path& p, const Value* raw, int most) {
  if (raw == nullptr || (raw->is_raw() && raw->as_string().empty())) return e.Required(p);
  if (!raw->is_raw()) return;
  const std::string& text = raw->as_string();
  if (static_cast<int>(text.size()) > most) return e.TooLong(p, most);
  if (text == "null") return e.Required(p);
  if (text[0] != '{') e.Invalid(p, "<value omitted>", "must be a valid JSON object");
}

void Configuration(FieldErrors& e, const Path& p, const Value& config) {
  const Value* opaque = config.Find("opaque");
  if (opaque == nullptr) return e.Required(p / "opaque");
  const Path at = p / "opaque";
  DriverName(e, at / "driver", Text(*opaque, "driver"));
  RawObject(e, at / "parameters", opaque->Find("parameters"), 10 * 1024);
}

void ClaimSpec(FieldErrors& e, const Path& p, const Value& spec) {
  const Value& devices = Sub(spec, "devices");
  const Path at = p / "devices";
  RequestNames names;
  for (const Value& request : Items(devices, "requests")) {
    std::set<std::string>& subs = names[std::string(Text(request, "name"))];
    for (const Value& sub : Items(request, "firstAvailable")) subs.insert(std::string(Text(sub, "name")));
  }
  Set(e, at / "requests", Items(devices, "requests"), 32,
      [&](const Path& here, const Value& request) { Request(e, here, request); }, NameOf);
  const auto references = [&](const Path& here, const Value& holder) {
    Set(e, here / "requests", Items(holder, "requests"), 32,
        [&](const Path& item, const Value& name) { RequestReference(e, item, name.as_string(), names); }, Itself);
  };
  const Path constraints = at / "constraints", configs = at / "config";
  const Array& constraint_list = Items(devices, "constraints");
  if (constraint_list.size() > 32) {
    e.TooMany(constraints, static_cast<int>(constraint_list.size()), 32);
  } else {
    for (size_t i = 0; i < constraint_list.size(); ++i) {
      const Path here = constraints[i];
      references(here, constraint_list[i]);
      if (const Value* attribute = constraint_list[i].Find("matchAttribute")) {
        QualifiedName(e, here / "matchAttribute", attribute->as_string());
        if (!absl::StrContains(attribute->as_string(), "/")) {
          e.Invalid(here / "matchAttribute", *attribute,
                    "a fully qualified name must be a domain and a name separated by a slash");
        }
      } else {
        e.Required(here / "matchAttribute");
      }
    }
  }
  const Array& config_list = Items(devices, "config");
  if (config_list.size() > 32) return e.TooMany(configs, static_cast<int>(config_list.size()), 32);
  for (size_t i = 0; i < config_list.size(); ++i) {
    const Path here = configs[i];
    references(here, config_list[i]);
    Configuration(e, here, config_list[i]);
  }
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
void ClaimStatus(FieldErrors& e, const Value& claim, const Value& old) {
  MetadataUpdate(e, claim, old);
  const Path p("status");
  const Value& status = Sub(claim, "status");
  const Value& before = Sub(old, "status");
  Set(e, p / "reservedFor", Items(status, "reservedFor"), 256,
      [&](const Path& at, const Value& ref) {
        for (const char* key : {"resource", "name", "uid"}) Required(e, at, ref, key);
      },
      [](const Value& ref) { return Value(Text(ref, "uid")); });
  if (!Items(status, "reservedFor").empty() && !status.Has("allocation")) {
    e.Forbidden(p / "reservedFor", "may not be specified when `allocated` is not set");
  }
  if (before.Has("allocation") && status.Has("allocation")) {
    Immutable(e, p / "allocation", status.Find("allocation"), before.Find("allocation"));
  }
}

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
    if (!IsUnset(metadata.Find(member))) {
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
  const Path configs = p / "config";
  const Array& list = Items(spec, "config");
  if (list.size() > 32) {
    e.TooMany(configs, static_cast<int>(list.size()), 32);
  } else {
    for (size_t i = 0; i < list.size(); ++i) Configuration(e, configs[i], list[i]);
  }
  if (const Value* name = spec.Find("extendedResourceName"); name && !IsExtendedResource(name->as_string())) {
    e.Invalid(p / "extendedResourceName", *name, "must be a valid extended resource name");
  }
}
void ClassCreate(FieldErrors& e, const Value& object) {
  Metadata(e, object, false, SubdomainName);
  ClassSpec(e, object);
}
void ClassUpdate(FieldErrors& e, const Value& object, const Value& old) {
  Metadata(e, object, false, SubdomainName);
  MetadataUpdate(e, object, old);
  ClassSpec(e, object);
}

// ---- ResourceSlice

bool IsSemver(absl::string_view text) {
  const size_t plus = text.find('+');
  if (plus != absl::string_view::npos) {
    for (absl::string_view part : absl::StrSplit(text.substr(plus + 1), '.')) {
      if (part.empty() || !std::all_of(part.begin(), part.end(), [](char c) { return absl::ascii_isalnum(c) || c == '-'; })) {
        return false;
      }
    }
    text = text.substr(0, plus);
  }
  const auto numeric = [](absl::string_view n) {
    return !n.empty() && std::all_of(n.begin(), n.end(), absl::ascii_isdigit) && (n.size() == 1 || n[0] != '0');
  };
  const size_t dash = text.find('-');
  if (dash != absl::string_view::npos) {
    for (absl::string_view part : absl::StrSplit(text.substr(dash + 1), '.')) {
      if (part.empty()) return false;
      const bool digits = std::all_of(part.begin(), part.end(), absl::ascii_isdigit);
      if (digits ? !numeric(part)
                 : !std::all_of(part.begin(), part.end(), [](char c) { return absl::ascii_isalnum(c) || c == '-'; })) {
        return false;
      }
    }
    text = text.substr(0, dash);
  }
  const std::vector<absl::string_view> parts = absl::StrSplit(text, '.');
  return parts.size() == 3 && std::all_of(parts.begin(), parts.end(), numeric);
}

void Attribute(FieldErrors& e, const Path& p, const Value& attribute) {
  int count = 0;
  for (const char* key : {"bool", "int", "string", "version"}) {
    const Value* value = attribute.Find(key);
    if (value == nullptr) continue;
    ++count;
    if (std::string(key) == "version" && !IsSemver(value->as_string())) {
      e.Invalid(p / key, *value, "must be a string compatible with semver.org spec 2.0.0");
    }
    if (value->is_string() && value->as_string().size() > 64) e.TooLong(p / key, 64);
  }
  if (count == 0) e.Invalid(p, "", "exactly one value must be specified");
  if (count > 1) {
    Value shown = Value::MakeObject();  // as upstream prints its inner type
    shown.Set("IntValue", Get(attribute, "int"));
    shown.Set("BoolValue", Get(attribute, "bool"));
    shown.Set("StringValue", Get(attribute, "string"));
    shown.Set("VersionValue", Get(attribute, "version"));
    e.Invalid(p, shown, "exactly one value must be specified");
  }
}

void Device(FieldErrors& e, const Path& p, const Value& device) {
  Label(e, p / "name", Text(device, "name"));
  const Object& attributes = Entries(device, "attributes");
  const Object& capacity = Entries(device, "capacity");
  if (attributes.size() + capacity.size() > 32) {
    e.Invalid(p, static_cast<int64_t>(attributes.size() + capacity.size()),
              "the total number of attributes and capacities must not exceed 32");
  }
  const Path attributes_path = p / "attributes", capacity_path = p / "capacity";
  for (const auto& [name, value] : attributes) {
    const Path at = attributes_path.Key(name);
    QualifiedName(e, at, name);
    Attribute(e, at, value);
  }
  for (const auto& [name, value] : capacity) QualifiedName(e, capacity_path.Key(name), name);
  if (device.Has("nodeName") || device.Has("nodeSelector") || device.Has("allNodes")) {
    e.Invalid(p, Value(),
              "`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in "
              "the ResourceSlice spec");
  }
}

void SliceSpec(FieldErrors& e, const Value& object, const Value* old) {
  const Path p("spec");
  const Value& spec = Sub(object, "spec");
  DriverName(e, p / "driver", Text(spec, "driver"));
  const Value& pool = Sub(spec, "pool");
  const Path pool_path = p / "pool";
  const absl::string_view name = Text(pool, "name");
  if (name.empty()) {
    e.Required(pool_path / "name");
  } else {
    if (name.size() > 253) e.TooLong(pool_path / "name", 253);
    for (absl::string_view part : absl::StrSplit(name, '/')) {
      Named(e, pool_path / "name", part, apimachinery::IsDns1123Subdomain(part));
    }
  }
  if (Int(pool, "resourceSliceCount") <= 0) {
    e.Invalid(pool_path / "resourceSliceCount", Int(pool, "resourceSliceCount"), kNotPositive);
  }
  if (Int(pool, "generation") < 0) {
    e.Invalid(pool_path / "generation", Int(pool, "generation"), "must be greater than or equal to zero");
  }
  if (old != nullptr) {
    const Value& before = Sub(*old, "spec");
    Immutable(e, pool_path / "name", pool.Find("name"), Sub(before, "pool").Find("name"));
    Immutable(e, p / "driver", spec.Find("driver"), before.Find("driver"));
    Immutable(e, p / "nodeName", spec.Find("nodeName"), before.Find("nodeName"));
  }
  std::vector<std::string> set;
  if (const Value* node = spec.Find("nodeName")) {
    if (node->as_string().empty()) {
      e.Invalid(p / "nodeName", *node, "must be either unset or set to a non-empty string");
    } else {
      set.push_back("`nodeName`");
      Named(e, p / "nodeName", node->as_string(), SubdomainName(node->as_string(), false));
    }
  }
  if (const Value* selector = spec.Find("nodeSelector")) {
    set.push_back("`nodeSelector`");
    const Path at = p / "nodeSelector";
    NodeSelector(e, at, *selector);
    if (Items(*selector, "nodeSelectorTerms").size() != 1) {
      Value shown = Value::MakeArray();
      for (const Value& term : Items(*selector, "nodeSelectorTerms")) shown.Append(term);
      e.Invalid(at / "nodeSelectorTerms", shown, "must have exactly one node selector term");
    }
  }
  if (const Value* all = spec.Find("allNodes")) {
    if (all->as_bool()) {
      set.push_back("`allNodes`");
    } else {
      e.Invalid(p / "allNodes", false, "must be either unset or set to true");
    }
  }
  constexpr char kOne[] =
      "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required";
  if (set.empty()) {
    e.Required(p, kOne);
  } else if (set.size() > 1) {
    e.Invalid(p, absl::StrCat("{", absl::StrJoin(set, ", "), "}"), absl::StrCat(kOne, ", but multiple fields are set"));
  }
  Set(e, p / "devices", Items(spec, "devices"), 128,
      [&](const Path& at, const Value& device) { Device(e, at, device); }, NameOf);
}

void SliceCreate(FieldErrors& e, const Value& object) {
  Metadata(e, object, false, SubdomainName);
  SliceSpec(e, object, nullptr);
}
void SliceUpdate(FieldErrors& e, const Value& object, const Value& old) {
  MetadataUpdate(e, object, old);
  SliceSpec(e, object, &old);
}

}  // namespace

absl::Span<const KindRules> DeviceKinds() {
  static constexpr char kGroup[] = "resource.k8s.io";
  static constexpr KindRules kRules[] = {
      {kGroup, "DeviceClass", ClassCreate, ClassUpdate},
      {kGroup, "ResourceClaim", ClaimCreate, ClaimUpdate, ClaimStatus},
      {kGroup, "ResourceClaimTemplate", TemplateCreate, TemplateUpdate},
      {kGroup, "ResourceSlice", SliceCreate, SliceUpdate},
  };
  return kRules;
}

}  // namespace apiserver::validation
