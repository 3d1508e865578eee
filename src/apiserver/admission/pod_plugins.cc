// Plugins that complete pods: Priority, DefaultTolerationSeconds, RuntimeClass.
#include "absl/strings/str_cat.h"
#include "apiserver/admission/plugin.h"

namespace apiserver::admission {
namespace {

const pipeline::GroupResource kPriorityClasses{"scheduling.k8s.io", "priorityclasses"};

class Priority final : public Plugin {
 public:
  explicit Priority(const PluginSeams& seams) : Plugin("Priority"), reader_(seams.reader) {}

  absl::Status Admit(Attributes& a) const override {
    if (!a.Is("", "pods")) return absl::OkStatus();
    if (a.operation == Operation::kUpdate) {
      Value& spec = a.object->Ensure("spec");
      for (const char* key : {"priority", "preemptionPolicy"}) {
        const Value* old = a.old->At(absl::StrCat("spec.", key));
        if (!spec.Has(key) && old != nullptr) spec.Set(key, *old);
      }
    }
    if (a.operation != Operation::kCreate) return absl::OkStatus();
    Value& spec = a.object->Ensure("spec");
    int64_t priority = 0;
    std::string policy = "PreemptLowerPriority";
    const std::string name = spec.GetString("priorityClassName");
    pipeline::ObjectPtr found = name.empty() ? Default() : Look(reader_, kPriorityClasses, "", name);
    if (found == nullptr && !name.empty()) {
      return Refuse(a, absl::StrCat("no PriorityClass with name ", name, " was found"));
    }
    if (found != nullptr) {
      priority = found->GetInt("value");
      policy = found->GetString("preemptionPolicy");
      spec.Set("priorityClassName", found->GetString("metadata.name"));
    }
    const Value* given = spec.Find("priority");
    if (given != nullptr && given->as_int() != priority) {
      return Refuse(a, absl::StrCat("the integer value of priority (", given->as_int(),
                                    ") must not be provided in pod spec; priority admission controller computed ",
                                    priority, " from the given PriorityClass name"));
    }
    spec.Set("priority", priority);
    if (policy.empty()) return absl::OkStatus();
    const Value* given_policy = spec.Find("preemptionPolicy");
    if (given_policy != nullptr && given_policy->as_string() != policy) {
      return Refuse(a, absl::StrCat("the string value of PreemptionPolicy (", given_policy->as_string(),
                                    ") must not be provided in pod spec; priority admission controller computed ",
                                    policy, " from the given PriorityClass name"));
    }
    spec.Set("preemptionPolicy", policy);
    return absl::OkStatus();
  }

  absl::Status Validate(const Attributes& a) const override {
    if (!a.Is("scheduling.k8s.io", "priorityclasses") || a.object == nullptr) return absl::OkStatus();
    if (!a.object->GetBool("globalDefault")) return absl::OkStatus();
    const pipeline::ObjectPtr other = Default();
    if (other == nullptr) return absl::OkStatus();
    const std::string name = other->GetString("metadata.name");
    if (a.operation == Operation::kUpdate && name == a.object->GetString("metadata.name")) return absl::OkStatus();
    return Refuse(a, absl::StrCat("PriorityClass ", name, " is already marked as default. Only one default can exist"));
  }

 private:
  // The lowest of the classes that claim to be the default.
  pipeline::ObjectPtr Default() const {
    pipeline::ObjectPtr best;
    for (auto& candidate : reader_.List(kPriorityClasses, "")) {
      if (!candidate->GetBool("globalDefault")) continue;
      if (best == nullptr || candidate->GetInt("value") < best->GetInt("value")) best = candidate;
    }
    return best;
  }

  const pipeline::ObjectReader& reader_;
};

class DefaultTolerationSeconds final : public Plugin {
 public:
  explicit DefaultTolerationSeconds(const PluginSeams& seams)
      : Plugin("DefaultTolerationSeconds"), not_ready_(seams.config.not_ready_toleration_seconds),
        unreachable_(seams.config.unreachable_toleration_seconds) {}

  absl::Status Admit(Attributes& a) const override {
    if (!a.Is("", "pods") || (a.operation != Operation::kCreate && a.operation != Operation::kUpdate)) {
      return absl::OkStatus();
    }
    Value& spec = a.object->Ensure("spec");
    Complete(spec, "node.kubernetes.io/not-ready", not_ready_);
    Complete(spec, "node.kubernetes.io/unreachable", unreachable_);
    return absl::OkStatus();
  }

 private:
  static void Complete(Value& spec, const char* key, int64_t seconds) {
    for (const Value& toleration : spec.GetArray("tolerations")) {
      const std::string of = toleration.GetString("key"), effect = toleration.GetString("effect");
      if ((of == key || of.empty()) && (effect == "NoExecute" || effect.empty())) return;
    }
    Value toleration = Value::MakeObject();
    toleration.Set("key", key);
    toleration.Set("operator", "Exists");
    toleration.Set("effect", "NoExecute");
    toleration.Set("tolerationSeconds", seconds);
    spec["tolerations"].Append(std::move(toleration));
  }

  const int64_t not_ready_, unreachable_;
};

class RuntimeClass final : public Plugin {
 public:
  explicit RuntimeClass(const PluginSeams& seams) : Plugin("RuntimeClass"), reader_(seams.reader) {}

  absl::Status Admit(Attributes& a) const override {
    if (!a.Is("", "pods") || a.operation != Operation::kCreate) return absl::OkStatus();
    pipeline::ObjectPtr runtime;
    if (absl::Status found = Find(a, &runtime); !found.ok()) return found;
    if (runtime == nullptr) return absl::OkStatus();
    Value& spec = a.object->Ensure("spec");
    if (const Value* overhead = runtime->At("overhead.podFixed")) {
      const Value* given = spec.Find("overhead");
      if (given != nullptr && !given->empty() && !(*given == *overhead)) {
        return Refuse(a, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
      }
      spec.Set("overhead", *overhead);
    }
    const Value* scheduling = runtime->Find("scheduling");
    if (scheduling == nullptr) return absl::OkStatus();
    for (const auto& [key, value] : scheduling->GetObject("nodeSelector")) {
      const Value* given = spec.At("nodeSelector") == nullptr ? nullptr : spec.At("nodeSelector")->Find(key);
      if (given != nullptr && !(*given == value)) {
        return Refuse(a, absl::StrCat("conflict: runtimeClass.scheduling.nodeSelector[", key, "] = ",
                                      value.as_string(), "; pod.spec.nodeSelector[", key, "] = ", given->as_string()));
      }
      spec["nodeSelector"].Set(key, value);
    }
    for (const Value& toleration : scheduling->GetArray("tolerations")) {
      bool known = false;
      for (const Value& own : spec.GetArray("tolerations")) known = known || own == toleration;
      if (!known) spec["tolerations"].Append(toleration);
    }
    return absl::OkStatus();
  }

  absl::Status Validate(const Attributes& a) const override {
    if (!a.Is("", "pods") || a.operation != Operation::kCreate) return absl::OkStatus();
    pipeline::ObjectPtr runtime;
    if (absl::Status found = Find(a, &runtime); !found.ok()) return found;
    const Value* spec = a.object->Find("spec");
    const Value* given = spec == nullptr ? nullptr : spec->FindSet("overhead");
    const Value* overhead = runtime == nullptr ? nullptr : runtime->At("overhead.podFixed");
    if (overhead != nullptr && (given == nullptr || !(*given == *overhead))) {
      return Refuse(a, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
    }
    if (overhead == nullptr && given != nullptr) {
      return Refuse(a, "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead");
    }
    return absl::OkStatus();
  }

 private:
  absl::Status Find(const Attributes& a, pipeline::ObjectPtr* runtime) const {
    const Value* name = a.object->At("spec.runtimeClassName");
    if (name == nullptr) return absl::OkStatus();
    *runtime = Look(reader_, {"node.k8s.io", "runtimeclasses"}, "", name->as_string());
    if (*runtime != nullptr) return absl::OkStatus();
    return Refuse(a, absl::StrCat("pod rejected: RuntimeClass \"", name->as_string(), "\" not found"));
  }

  const pipeline::ObjectReader& reader_;
};

}  // namespace

PluginPtr NewPriority(const PluginSeams& seams) { return std::make_unique<Priority>(seams); }
PluginPtr NewDefaultTolerationSeconds(const PluginSeams& seams) {
  return std::make_unique<DefaultTolerationSeconds>(seams);
}
PluginPtr NewRuntimeClass(const PluginSeams& seams) { return std::make_unique<RuntimeClass>(seams); }

const std::vector<Value>& BootstrapPriorityClasses() {
  static const auto& classes = *[] {
    auto* out = new std::vector<Value>();
    const auto add = [out](const char* name, int64_t value, const char* description) {
      Value object = Value::MakeObject();
      object.Set("apiVersion", "scheduling.k8s.io/v1");
      object.Set("kind", "PriorityClass");
      object["metadata"].Set("name", name);
      object.Set("value", value);
      object.Set("description", description);
      object.Set("preemptionPolicy", "PreemptLowerPriority");
      out->push_back(std::move(object));
    };
    add("system-node-critical", 2000001000,
        "Used for system critical pods that must not be moved from their current node.");
    add("system-cluster-critical", 2000000000,
        "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.");
    return out;
  }();
  return classes;
}

}  // namespace apiserver::admission
