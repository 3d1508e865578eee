#include "apiserver/defaults/defaults.h"

#include <algorithm>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "apimachinery/json.h"
#include "apimachinery/quantity.h"
#include "apimachinery/stored.h"
#include "apimachinery/structural/definition.h"
#include "apimachinery/structural/shape.h"
#include "apiserver/defaults/rules.h"

namespace apiserver::defaults {
namespace {

using apimachinery::Field;
using apimachinery::FieldType;
using apimachinery::Message;
using apimachinery::Quantity;
using apimachinery::Shape;
using apimachinery::Value;

// Features that upstream's 1.35 has switched off: members that the schema puts behind one of them are accepted and then
// dropped. CrossNamespaceVolumeDataSource is off too, but drops the whole reference, which is code.
constexpr absl::string_view kFeaturesOff[] = {
    "ClusterTrustBundleProjection", "ContainerStopSignals",
    "CoordinatedLeaderElection", "DRAConsumableCapacity", "DRADeviceBindingConditions", "DRADeviceTaints",
    "DRAExtendedResource", "DRAPartitionableDevices", "DynamicKubeletConfig", "GenericWorkload", "InPlacePodLevelResourcesVerticalScaling",
    "MaxUnavailableStatefulSet", "NodeDeclaredFeatures",
    "PodCertificateProjection", "ResourceHealthStatus",
};

// What upstream keeps of those features all the same.
constexpr std::pair<absl::string_view, absl::string_view> kKept[] = {
    {"dra.v1.AllocationResult", "allocationTimestamp"},
    {"dra.v1.DeviceRequestAllocationResult", "tolerations"},
};

// A member with several features needs all of them. What nodes report about stop signals is not dropped.
bool IsOff(const Message& message, const Field& field) {
  if (std::find(std::begin(kKept), std::end(kKept), std::pair(message.name, field.json)) != std::end(kKept)) return false;
  if (field.rules == nullptr || field.rules->feature_gates.empty() || message.name == "core.v1.ContainerStatus") {
    return field.json == "allocatedResourcesStatus" && message.name == "core.v1.ContainerStatus";
  }
  for (absl::string_view gate : absl::StrSplit(field.rules->feature_gates, ',')) {
    if (std::find(std::begin(kFeaturesOff), std::end(kFeaturesOff), gate) != std::end(kFeaturesOff)) return true;
  }
  return false;
}

bool IsZero(const Value& value) {
  return value.is_null() || (value.is_string() && value.as_string().empty()) || (value.is_int() && value.as_int() == 0);
}

// What completing a message of one type takes; `needed` is false when neither it nor anything below has defaults.
struct Plan {
  Rule rule = nullptr;
  bool needed = false;
  struct Step {
    const Field* field;
    Value fallback;  // null: none
    bool resources = false;  // a ResourceList: finer than a thousandth rounds up
  };
  std::vector<Step> steps;
  std::vector<absl::string_view> dropped;
};

bool IsStruct(const Field& field) { return field.message != nullptr && field.message->shape == Shape::kStruct; }

// Every map of quantities is a ResourceList, but for the capacities of devices.
bool IsResourceList(const Message& parent, const Field& field) {
  return field.is_map() && field.message != nullptr && field.message->shape == Shape::kQuantity &&
         !absl::StartsWith(parent.name, "dra.");
}

class Plans {
 public:
  Plans() {
    const auto messages = apimachinery::Schema::Builtin().messages();
    for (const Message& each : messages) {
      const Message* message = &each;
      Plan& plan = plans_[message];
      plan.rule = FindRule(message->name);
      for (const Field& field : message->fields) {
        if (IsOff(*message, field)) plan.dropped.push_back(field.json);
      }
      plan.needed = plan.rule != nullptr || !plan.dropped.empty();
      for (const Field& field : message->fields) {
        plan.needed = plan.needed || !field.default_json.empty() || IsResourceList(*message, field);
      }
    }
    for (bool grown = true; grown;) {  // up to the messages that hold them
      grown = false;
      for (const Message& each : messages) {
        const Message* message = &each;
        Plan& plan = plans_[message];
        if (plan.needed) continue;
        for (const Field& field : message->fields) plan.needed = plan.needed || (IsStruct(field) && Needed(field.message));
        grown = grown || plan.needed;
      }
    }
    for (const Message& each : messages) {
      const Message* message = &each;
      Plan& plan = plans_[message];
      for (const Field& field : message->fields) {
        Plan::Step step{&field, Value(), IsResourceList(*message, field)};
        if (!field.default_json.empty()) {
          absl::StatusOr<Value> parsed = apimachinery::ParseJson(field.default_json);
          // In a typed tree the zero of a plain field is its absence.
          if (parsed.ok() && (field.pointer || !IsZero(*parsed))) step.fallback = *std::move(parsed);
        }
        if (!step.fallback.is_null() || step.resources || (IsStruct(field) && Needed(field.message))) {
          plan.steps.push_back(std::move(step));
        }
      }
    }
  }

  const Plan& Of(const Message* message) const {
    static const Plan none;
    const auto it = plans_.find(message);
    return it == plans_.end() ? none : it->second;
  }

 private:
  bool Needed(const Message* message) const {
    const auto it = plans_.find(message);
    return it != plans_.end() && it->second.needed;
  }
  absl::flat_hash_map<const Message*, Plan> plans_;
};

const Plans& AllPlans() {
  static const Plans& plans = *new Plans();
  return plans;
}

void RoundUp(Value& resources) {
  for (auto& [name, value] : resources.object()) {
    if (!value.is_string()) continue;
    const Quantity quantity = Quantity::ParseOrZero(value.as_string());
    Quantity rounded = quantity;
    rounded.RoundUp(-3);
    if (quantity < rounded || rounded < quantity) value = rounded.ToString();
  }
}

// The depth of the recursion is that of the types: only JSON schemas nest without bound, and they have no defaults.
void Complete(const Message* message, Value& object) {
  if (!object.is_object()) return;
  const Plan& plan = AllPlans().Of(message);
  if (!plan.needed) return;
  if (plan.rule != nullptr) plan.rule(object);
  for (const Plan::Step& step : plan.steps) {
    const Field& field = *step.field;
    if (field.inlined) {
      Complete(field.message, object);
      continue;
    }
    Value* member = object.Find(field.json);
    if (!step.fallback.is_null() && (member == nullptr || (!field.pointer && IsZero(*member)))) {
      member = &object.Set(field.json, step.fallback);
    }
    if (step.resources && member != nullptr && member->is_object()) RoundUp(*member);
    if (!IsStruct(field)) continue;
    if (member == nullptr) {
      if (!field.is_single() || field.pointer) continue;
      Value made = Value::MakeObject();  // a plain struct is always there
      Complete(field.message, made);
      if (!made.empty()) object.Set(field.json, std::move(made));
    } else if (field.is_list() && member->is_array()) {
      for (Value& item : member->array()) Complete(field.message, item);
    } else if (field.is_map() && member->is_object()) {
      for (auto& [key, value] : member->object()) Complete(field.message, value);
    } else {
      Complete(field.message, *member);
    }
  }
}

// A parent left empty goes with its members.
void Drop(const Message* message, Value& object) {
  if (!object.is_object()) return;
  const Plan& plan = AllPlans().Of(message);
  for (absl::string_view member : plan.dropped) object.Erase(member);
  for (const Plan::Step& step : plan.steps) {
    const Field& field = *step.field;
    if (!IsStruct(field)) continue;
    Value* member = field.inlined ? &object : object.Find(field.json);
    if (member == nullptr) continue;
    if (field.is_list() && member->is_array()) {
      for (Value& item : member->array()) Drop(field.message, item);
    } else if (field.is_map() && member->is_object()) {
      for (auto& [key, value] : member->object()) Drop(field.message, value);
    } else {
      const bool was_empty = member->empty();
      Drop(field.message, *member);
      if (!field.inlined && !was_empty && member->empty()) object.Erase(field.json);
    }
  }
}

}  // namespace

void Fill(Value& object, absl::string_view member, Value value) {
  Value& at = object[member];
  if (at.is_null()) at = std::move(value);
}

void FillZero(Value& object, absl::string_view member, Value value) {
  Value& at = object[member];
  if (IsZero(at)) at = std::move(value);
}

void DropSwitchedOff(const apimachinery::Kind& kind, Value& object) {
  if (kind.message != nullptr && kind.custom == nullptr) Drop(kind.message, object);
}

void ApplyDefaults(const apimachinery::Kind& kind, Value& object) {
  if (kind.custom != nullptr) return apimachinery::structural::ApplyDefaults(kind.custom->schema, &object);
  Complete(kind.message, object);
  if (kind.message != nullptr) apimachinery::NormalizeTree(*kind.message, &object);  // a default may be the zero value
}

}  // namespace apiserver::defaults
