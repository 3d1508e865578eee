// What a new pod says twice: label keys that become part of selectors, AppArmor annotations that became members.
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "apiserver/registry/kind_fields.h"

namespace apiserver::registry {
namespace {

using apimachinery::Value;

void SelectKeys(const Value& owner, absl::string_view member, const char* op, const Value* labels, Value& selector) {
  for (const Value& key : owner.GetArray(member)) {
    const Value* value = labels == nullptr ? nullptr : labels->Find(key.as_string());
    if (value == nullptr) continue;
    Value requirement = Value::MakeObject();
    requirement.Set("key", key);
    requirement.Set("operator", op);
    requirement["values"].Append(*value);
    selector["matchExpressions"].Append(std::move(requirement));
  }
}

// `owner` has a labelSelector and, beside it, keys of the pod's own labels to select by.
void SelectLikeThePod(const Value* labels, Value& owner) {
  Value* selector = owner.Find("labelSelector");
  if (selector == nullptr) return;
  const Value keys = owner;
  SelectKeys(keys, "matchLabelKeys", "In", labels, *selector);
  SelectKeys(keys, "mismatchLabelKeys", "NotIn", labels, *selector);
}

void Selectors(Value& pod) {
  const Value* labels = pod.At("metadata.labels");
  const auto each = [&](absl::string_view path, absl::string_view inner) {
    Value* list = pod.At(path);
    if (list == nullptr || !list->is_array()) return;
    for (Value& item : list->array()) {
      Value* owner = inner.empty() ? &item : item.Find(inner);
      if (owner != nullptr) SelectLikeThePod(labels, *owner);
    }
  };
  for (const char* affinity : {"spec.affinity.podAffinity", "spec.affinity.podAntiAffinity"}) {
    each(absl::StrCat(affinity, ".preferredDuringSchedulingIgnoredDuringExecution"), "podAffinityTerm");
    each(absl::StrCat(affinity, ".requiredDuringSchedulingIgnoredDuringExecution"), "");
  }
  each("spec.topologySpreadConstraints", "");
}

// The profile an annotation means; null when it means none that is valid.
Value ProfileOf(absl::string_view annotation) {
  constexpr size_t kMaxPath = 4095;
  Value profile = Value::MakeObject();
  if (annotation == "unconfined") {
    profile.Set("type", "Unconfined");
  } else if (annotation == "runtime/default") {
    profile.Set("type", "RuntimeDefault");
  } else {
    if (!absl::ConsumePrefix(&annotation, "localhost/")) return Value();
    if (annotation.empty() || annotation != absl::StripAsciiWhitespace(annotation) || annotation.size() > kMaxPath) {
      return Value();
    }
    profile.Set("type", "Localhost");
    profile.Set("localhostProfile", annotation);
  }
  return profile;
}

}  // namespace

std::vector<std::string> PrepareNewPod(Value& pod) {
  std::vector<std::string> notes;
  Selectors(pod);
  if (pod.GetString("spec.os.name") == "windows") return notes;
  const Value* annotations = pod.At("metadata.annotations");
  const Value* of_pod = pod.At("spec.securityContext.appArmorProfile");
  const Value pod_profile = of_pod == nullptr ? Value() : *of_pod;
  for (const char* list : {"initContainers", "containers", "ephemeralContainers"}) {
    Value* containers = pod["spec"].Find(list);
    if (containers == nullptr || !containers->is_array() || annotations == nullptr) continue;
    for (Value& container : containers->array()) {
      const std::string key = absl::StrCat("container.apparmor.security.beta.kubernetes.io/", container.GetString("name"));
      const Value* annotation = annotations->Find(key);
      if (annotation == nullptr || container.At("securityContext.appArmorProfile") != nullptr) continue;
      Value profile = ProfileOf(annotation->as_string());
      if (!profile.is_null() && profile == pod_profile) continue;
      if (!profile.is_null()) container.Ensure("securityContext").Set("appArmorProfile", std::move(profile));
      notes.push_back(absl::StrCat("metadata.annotations[", key,
                                   "]: deprecated since v1.30; use the \"appArmorProfile\" field instead"));
    }
  }
  return notes;
}

}  // namespace apiserver::registry
