// resource.k8s.io: ResourceSlice, what a driver tells of its devices.
#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "apimachinery/go_quote.h"
#include "apiserver/validation/devices.h"
#include "apiserver/validation/go_json.h"
#include "apiserver/validation/pod.h"

namespace apiserver::validation::devices {
namespace {

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
  PoolName(e, pool_path / "name", Text(pool, "name"));
  if (Int(pool, "resourceSliceCount") <= 0) {
    e.Invalid(pool_path / "resourceSliceCount", Int(pool, "resourceSliceCount"), kNotPositive);
  }
  if (Int(pool, "generation") < 0) {
    e.Invalid(pool_path / "generation", Int(pool, "generation"), "must be greater than or equal to zero");
  }
  if (old != nullptr) {
    const Value& before = Sub(*old, "spec");
    ImmutableText(e, pool_path / "name", Text(pool, "name"), Text(Sub(before, "pool"), "name"));
    ImmutableText(e, p / "driver", Text(spec, "driver"), Text(before, "driver"));
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
      e.Add({apimachinery::FieldError::Type::kInvalid, apimachinery::FieldPath(at / "nodeSelectorTerms").ToString(),
             GoJson("[]core.NodeSelectorTerm", Get(*selector, "nodeSelectorTerms")), "must have exactly one node selector term"});
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

}  // namespace

void SliceWarn(Texts& out, const Value& slice, const Value*, absl::string_view) {
  const std::string driver = slice.GetString("spec.driver");
  if (driver == absl::AsciiStrToLower(driver)) return;
  out.push_back(absl::StrCat("spec.driver: driver names should be lowercase; ", apimachinery::GoQuote(driver),
                             " contains uppercase characters"));
}

void SliceCreate(FieldErrors& e, const Value& slice) {
  Metadata(e, slice, false, SubdomainName);
  SliceSpec(e, slice, nullptr);
}
void SliceUpdate(FieldErrors& e, const Value& slice, const Value& old) {
  MetadataUpdate(e, slice, old);
  SliceSpec(e, slice, &old);
}

}  // namespace apiserver::validation::devices
