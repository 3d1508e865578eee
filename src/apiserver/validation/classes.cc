// Lease, PriorityClass, RuntimeClass.
#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "apiserver/validation/go_json.h"
#include "apiserver/validation/kinds.h"
#include "apiserver/validation/pod.h"

namespace apiserver::validation {
namespace {

using apimachinery::FieldError;
using apimachinery::FieldPath;

void LeaseSpec(FieldErrors& e, const Value& lease) {
  const Path p("spec");
  const Value& spec = Sub(lease, "spec");
  if (const Value* seconds = spec.Find("leaseDurationSeconds"); seconds && seconds->as_int() <= 0) {
    e.Invalid(p / "leaseDurationSeconds", *seconds, "must be greater than 0");
  }
  if (const Value* transitions = spec.Find("leaseTransitions"); transitions && transitions->as_int() < 0) {
    e.Invalid(p / "leaseTransitions", *transitions, "must be greater than or equal to 0");
  }
  const absl::string_view strategy = Text(spec, "strategy");
  if (spec.Has("strategy") && strategy != "OldestEmulationVersion") {
    Named(e, p / "strategy", strategy, apimachinery::IsQualifiedName(strategy));
  }
  if (!Text(spec, "preferredHolder").empty() && strategy.empty()) {
    e.Forbidden(p / "preferredHolder", "may only be specified if `strategy` is defined");
  }
}

void LeaseCreate(FieldErrors& e, const Value& lease) {
  AnyMetadata(e, lease, true, SubdomainName);
  LeaseSpec(e, lease);
}
void LeaseUpdate(FieldErrors& e, const Value& lease, const Value& old) {
  AnyMetadataUpdate(e, lease, old);
  LeaseSpec(e, lease);
}

// ---- PriorityClass

// Why a class may not bear a name of the system's; empty when it is the system's own.
std::string SystemClassProblem(const std::string& name, int64_t value, bool global_default) {
  constexpr std::pair<absl::string_view, int64_t> kSystem[] = {{"system-node-critical", 2000001000},
                                                               {"system-cluster-critical", 2000000000}};
  for (const auto& [known, known_value] : kSystem) {
    if (name != known) continue;
    if (value != known_value) return absl::StrCat("value of ", name, " PriorityClass must be ", known_value);
    return global_default ? absl::StrCat("globalDefault of ", name, " PriorityClass must be false") : "";
  }
  return absl::StrCat(name, " is not a known system priority class");
}

void PriorityClassCreate(FieldErrors& e, const Value& object) {
  Metadata(e, object, false, SubdomainName);
  const Path p;
  const std::string name = object.GetString("metadata.name");
  const int64_t value = Int(object, "value");
  if (absl::StartsWith(name, "system-")) {
    if (const std::string why = SystemClassProblem(name, value, Flag(object, "globalDefault")); !why.empty()) {
      e.Forbidden(Path("metadata.name"), absl::StrCat("priority class names with 'system-' prefix are reserved for system "
                                                      "use only. error: ", why));
    }
  } else if (value > 1000000000) {
    e.Forbidden(p / "value", "maximum allowed value of a user defined priority is 1000000000");
  }
  if (const Value* policy = object.Find("preemptionPolicy")) {
    RequiredOneOf(e, p / "preemptionPolicy", policy->as_string(), {"PreemptLowerPriority", "Never"});
  }
}
void PriorityClassUpdate(FieldErrors& e, const Value& object, const Value& old) {
  MetadataUpdate(e, object, old);
  const Path p;
  if (Int(object, "value") != Int(old, "value")) e.Forbidden(p / "value", "may not be changed in an update.");
  Immutable(e, p / "preemptionPolicy", object.Find("preemptionPolicy"), old.Find("preemptionPolicy"));
}

// ---- RuntimeClass

void UniqueTolerations(FieldErrors& e, const Path& p, const Array& tolerations) {
  const auto same = [](const Value& a, const Value& b) {
    for (const char* key : {"key", "operator", "value", "effect"}) {
      if (Text(a, key) != Text(b, key)) return false;
    }
    return true;
  };
  for (size_t i = 0; i < tolerations.size(); ++i) {
    const auto end = tolerations.begin() + i;
    if (std::none_of(tolerations.begin(), end, [&](const Value& other) { return same(other, tolerations[i]); })) continue;
    e.Add({FieldError::Type::kDuplicate, FieldPath(p[i]).ToString(), GoJson("core.Toleration", tolerations[i]), ""});
  }
}

void RuntimeClassCreate(FieldErrors& e, const Value& object) {
  AnyMetadata(e, object, false, SubdomainName);
  const Path p;
  const absl::string_view handler = Text(object, "handler");
  Named(e, p / "handler", handler, apimachinery::IsDns1123Label(handler));
  if (const Value* overhead = object.Find("overhead")) {
    Value resources = Value::MakeObject();
    if (const Value* fixed = overhead->Find("podFixed")) resources.Set("limits", *fixed);
    ResourceRequirements(e, p / "overhead", &resources, {});
  }
  const Value* scheduling = object.Find("scheduling");
  if (scheduling == nullptr) return;
  const Path at = p / "scheduling";
  Labels(e, at / "nodeSelector", scheduling->Find("nodeSelector"));
  const Array& tolerations = Items(*scheduling, "tolerations");
  Tolerations(e, at / "tolerations", tolerations);
  UniqueTolerations(e, at / "tolerations", tolerations);
}
void RuntimeClassUpdate(FieldErrors& e, const Value& object, const Value& old) {
  AnyMetadataUpdate(e, object, old);
  ImmutableText(e, Path("handler"), Text(object, "handler"), Text(old, "handler"));
}
void RuntimeClassWarn(Texts& out, const Value& object, const Value*, absl::string_view) {
  for (const auto& [key, value] : Entries(Sub(object, "scheduling"), "nodeSelector")) {
    const absl::string_view text = DeprecatedNodeLabel(key);
    if (!text.empty()) out.push_back(absl::StrCat("scheduling.nodeSelector: ", text));
  }
}

}  // namespace

absl::Span<const KindRules> ClassKinds() {
  static constexpr KindRules kRules[] = {
      {"coordination.k8s.io", "Lease", LeaseCreate, LeaseUpdate},
      {"scheduling.k8s.io", "PriorityClass", PriorityClassCreate, PriorityClassUpdate},
      {"node.k8s.io", "RuntimeClass", RuntimeClassCreate, RuntimeClassUpdate, nullptr, RuntimeClassWarn},
  };
  return kRules;
}

}  // namespace apiserver::validation
