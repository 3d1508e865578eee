// Plugins that are off unless asked for and look at pods: what they pull, tolerate, select and stay apart from.
#include <algorithm>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "apimachinery/json.h"
#include "apiserver/admission/plugin.h"

namespace apiserver::admission {
namespace {

bool IsNewPod(const Attributes& a) { return a.Is("", "pods") && a.operation == Operation::kCreate; }

template <typename Visit>
void EachContainer(Value& pod, Visit visit) {
  for (const char* list : {"spec.initContainers", "spec.containers", "spec.ephemeralContainers"}) {
    Value* containers = pod.At(list);
    if (containers == nullptr || !containers->is_array()) continue;
    for (Value& container : containers->array()) visit(container);
  }
}

// Who may not pull an image may not use it because somebody else has pulled it.
class AlwaysPullImages final : public Plugin {
 public:
  AlwaysPullImages() : Plugin("AlwaysPullImages") {}
  absl::Status Admit(Attributes& a) const override {
    if (!a.Is("", "pods") || a.object == nullptr) return absl::OkStatus();
    EachContainer(*a.object, [&](Value& container) {
      if (a.operation == Operation::kCreate) container.Set("imagePullPolicy", "Always");
    });
    return absl::OkStatus();
  }
};

class ExtendedResourceToleration final : public Plugin {
 public:
  ExtendedResourceToleration() : Plugin("ExtendedResourceToleration") {}
  absl::Status Admit(Attributes& a) const override {
    if (!a.Is("", "pods") || a.object == nullptr || a.operation == Operation::kDelete) return absl::OkStatus();
    std::set<std::string> resources;
    EachContainer(*a.object, [&](const Value& container) {
      for (const auto& [name, amount] : container.GetObject("resources.requests")) {
        if (absl::StrContains(name, '/') && !absl::StrContains(name, "kubernetes.io/")) resources.insert(name);
      }
    });
    for (const std::string& name : resources) {
      Value toleration = Value::MakeObject();
      toleration.Set("key", name);
      toleration.Set("operator", "Exists");
      toleration.Set("effect", "NoSchedule");
      Value& all = a.object->Ensure("spec")["tolerations"];
      const bool there = all.is_array() && std::any_of(all.array().begin(), all.array().end(),
                                                       [&](const Value& t) { return t == toleration; });
      if (!there) all.Append(std::move(toleration));
    }
    return absl::OkStatus();
  }
};

class HardAntiAffinityTopology final : public Plugin {
 public:
  HardAntiAffinityTopology() : Plugin("LimitPodHardAntiAffinityTopology") {}
  absl::Status Validate(const Attributes& a) const override {
    if (!a.Is("", "pods") || a.object == nullptr) return absl::OkStatus();
    for (const Value& term :
         a.object->GetArray("spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution")) {
      const std::string key = term.GetString("topologyKey");
      if (key == "kubernetes.io/hostname") continue;
      return Refuse(a, absl::StrCat("affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey ", key,
                                    " but only key kubernetes.io/hostname is allowed"));
    }
    return absl::OkStatus();
  }
};

// What an annotation of the pod's namespace says; "" when nothing.
std::string NamespaceSays(const pipeline::ObjectReader& reader, const Attributes& a, absl::string_view key) {
  const auto ns = Look(reader, {"", "namespaces"}, "", a.info->ns);
  const Value* annotations = ns == nullptr ? nullptr : ns->At("metadata.annotations");
  const Value* value = annotations == nullptr ? nullptr : annotations->Find(key);
  return value != nullptr && value->is_string() ? value->as_string() : "";
}

class PodNodeSelector final : public Plugin {
 public:
  explicit PodNodeSelector(const PluginSeams& seams) : Plugin("PodNodeSelector"), reader_(seams.reader) {}
  absl::Status Admit(Attributes& a) const override {
    if (!IsNewPod(a)) return absl::OkStatus();
    const std::string text = NamespaceSays(reader_, a, "scheduler.alpha.kubernetes.io/node-selector");
    for (absl::string_view term : absl::StrSplit(text, ',', absl::SkipWhitespace())) {
      const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(term, absl::MaxSplits('=', 1));
      const absl::string_view key = absl::StripAsciiWhitespace(parts.first), wanted = absl::StripAsciiWhitespace(parts.second);
      Value& selector = a.object->Ensure("spec.nodeSelector");
      const Value* own = selector.Find(key);
      if (own != nullptr && own->is_string() && own->as_string() != wanted) {
        return Refuse(a, "pod node label selector conflicts with its namespace node label selector");
      }
      selector.Set(key, wanted);
    }
    return absl::OkStatus();
  }

 private:
  const pipeline::ObjectReader& reader_;
};

class PodTolerationRestriction final : public Plugin {
 public:
  explicit PodTolerationRestriction(const PluginSeams& seams)
      : Plugin("PodTolerationRestriction"), reader_(seams.reader) {}

  absl::Status Admit(Attributes& a) const override {
    if (!IsNewPod(a)) return absl::OkStatus();
    const apimachinery::Array defaults = Tolerations(a, "defaultTolerations");
    if (!defaults.empty()) {
      apimachinery::Array all = a.object->GetArray("spec.tolerations");
      all.insert(all.end(), defaults.begin(), defaults.end());
      a.object->Ensure("spec").Set("tolerations", Merge(all));
    }
    return Validate(a);
  }

  absl::Status Validate(const Attributes& a) const override {
    if (!IsNewPod(a)) return absl::OkStatus();
    const apimachinery::Array allowed = Tolerations(a, "tolerationsWhitelist");
    if (allowed.empty()) return absl::OkStatus();
    for (const Value& toleration : a.object->GetArray("spec.tolerations")) {
      if (std::any_of(allowed.begin(), allowed.end(), [&](const Value& w) { return Covers(w, toleration); })) continue;
      apimachinery::ApiStatus status;
      status.message = "pod tolerations (possibly merged with namespace default tolerations) conflict with its namespace "
                       "whitelist";
      return status;
    }
    return absl::OkStatus();
  }

 private:
  apimachinery::Array Tolerations(const Attributes& a, absl::string_view key) const {
    const auto list = apimachinery::ParseJson(NamespaceSays(reader_, a, absl::StrCat("scheduler.alpha.kubernetes.io/", key)));
    return list.ok() && list->is_array() ? list->array() : apimachinery::Array();
  }

  // Without those that another one covers; of equal ones the first stays.
  static Value Merge(const apimachinery::Array& all) {
    apimachinery::Array merged;
    for (size_t i = 0; i < all.size(); ++i) {
      bool redundant = std::any_of(merged.begin(), merged.end(), [&](const Value& m) { return Covers(m, all[i]); });
      for (size_t j = i + 1; j < all.size(); ++j) redundant = redundant || (!(all[j] == all[i]) && Covers(all[j], all[i]));
      if (!redundant) merged.push_back(all[i]);
    }
    return Value(std::move(merged));
  }

  // Everything that `narrow` tolerates, `wide` does too.
  static bool Covers(const Value& wide, const Value& narrow) {
    const auto op = [](const Value& t) { return t.GetString("operator", "Equal"); };
    const std::string key = wide.GetString("key"), effect = wide.GetString("effect");
    if (!key.empty() && key != narrow.GetString("key")) return false;
    if (!effect.empty() && effect != narrow.GetString("effect")) return false;
    if (effect == "NoExecute" && wide.Has("tolerationSeconds")) {
      if (!narrow.Has("tolerationSeconds") || narrow.GetInt("tolerationSeconds") > wide.GetInt("tolerationSeconds")) return false;
    }
    if (op(wide) == "Exists") return true;
    return op(narrow) == op(wide) && wide.GetString("value") == narrow.GetString("value");
  }

  const pipeline::ObjectReader& reader_;
};

}  // namespace

PluginPtr NewAlwaysPullImages(const PluginSeams&) { return std::make_unique<AlwaysPullImages>(); }
PluginPtr NewExtendedResourceToleration(const PluginSeams&) { return std::make_unique<ExtendedResourceToleration>(); }
PluginPtr NewHardAntiAffinityTopology(const PluginSeams&) { return std::make_unique<HardAntiAffinityTopology>(); }
PluginPtr NewPodNodeSelector(const PluginSeams& seams) { return std::make_unique<PodNodeSelector>(seams); }
PluginPtr NewPodTolerationRestriction(const PluginSeams& seams) { return std::make_unique<PodTolerationRestriction>(seams); }

}  // namespace apiserver::admission
