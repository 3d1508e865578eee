// Kinds that upstream serves in two shapes: events (core and events.k8s.io) and autoscalers (v1 and v2).
#include "apimachinery/json.h"
#include "apiserver/registry/resource.h"

namespace apiserver::registry {
namespace {

using apimachinery::Kind;
using apimachinery::Value;

void Rename(Value& object, absl::string_view from, absl::string_view to) {
  const Value* present = object.Find(from);
  if (present == nullptr) return;
  Value moved = *present;
  object.Erase(from);
  object.Set(to, std::move(moved));
}

struct Pair {
  absl::string_view core, events;
};
constexpr Pair kEventFields[] = {
    {"involvedObject", "regarding"},       {"message", "note"},
    {"source", "deprecatedSource"},        {"firstTimestamp", "deprecatedFirstTimestamp"},
    {"lastTimestamp", "deprecatedLastTimestamp"}, {"count", "deprecatedCount"},
    {"reportingComponent", "reportingController"},
};

// v1's targetCPUUtilizationPercentage is the one cpu utilization metric of v2; the other metrics, the conditions and
// the behavior travel in annotations, as upstream's conversion keeps them.
constexpr char kMetricSpecs[] = "autoscaling.alpha.kubernetes.io/metrics";
constexpr char kBehavior[] = "autoscaling.alpha.kubernetes.io/behavior";
constexpr char kConditions[] = "autoscaling.alpha.kubernetes.io/conditions";
constexpr char kMetricStatuses[] = "autoscaling.alpha.kubernetes.io/current-metrics";

bool IsCpuUtilization(const Value& metric, absl::string_view side) {
  return metric.GetString("type") == "Resource" && metric.GetString("resource.name") == "cpu" &&
         metric.At(std::string("resource.") + std::string(side) + ".averageUtilization") != nullptr;
}

void SetAnnotation(Value& object, absl::string_view key, const Value& value) {
  object.Ensure("metadata.annotations").Set(key, apimachinery::WriteJson(value));
}

bool TakeAnnotation(Value& object, absl::string_view key, Value* value) {
  Value* annotations = object.At("metadata.annotations");
  const Value* text = annotations == nullptr ? nullptr : annotations->Find(key);
  if (text == nullptr || !text->is_string()) return false;
  auto parsed = apimachinery::ParseJson(text->as_string());
  annotations->Erase(key);
  if (annotations->empty()) object.EraseAt("metadata.annotations");
  if (!parsed.ok()) return false;
  *value = *std::move(parsed);
  return true;
}

void AutoscalerToV1(Value& object) {
  if (const Value* metrics = object.At("spec.metrics")) {
    Value others = Value::MakeArray();
    for (const Value& metric : metrics->array()) {
      if (IsCpuUtilization(metric, "target") && object.At("spec.targetCPUUtilizationPercentage") == nullptr) {
        object.Ensure("spec").Set("targetCPUUtilizationPercentage", metric.GetInt("resource.target.averageUtilization"));
      } else {
        others.Append(metric);
      }
    }
    object.EraseAt("spec.metrics");
    if (!others.empty()) SetAnnotation(object, kMetricSpecs, others);
  }
  if (const Value* behavior = object.At("spec.behavior")) {
    SetAnnotation(object, kBehavior, Value(*behavior));
    object.EraseAt("spec.behavior");
  }
  if (const Value* metrics = object.At("status.currentMetrics")) {
    const Value copy = *metrics;
    for (const Value& metric : copy.array()) {
      if (IsCpuUtilization(metric, "current")) {
        object.Ensure("status").Set("currentCPUUtilizationPercentage",
                                    metric.GetInt("resource.current.averageUtilization"));
      }
    }
    SetAnnotation(object, kMetricStatuses, copy);
    object.EraseAt("status.currentMetrics");
  }
  if (const Value* conditions = object.At("status.conditions")) {
    SetAnnotation(object, kConditions, Value(*conditions));
    object.EraseAt("status.conditions");
  }
}

void AutoscalerToV2(Value& object) {
  Value kept;
  Value metrics = Value::MakeArray();
  if (const Value* percent = object.At("spec.targetCPUUtilizationPercentage")) {
    Value metric = Value::MakeObject();
    metric.Set("type", "Resource");
    metric.Ensure("resource").Set("name", "cpu");
    metric.Ensure("resource.target").Set("type", "Utilization");
    metric.Ensure("resource.target").Set("averageUtilization", *percent);
    object.EraseAt("spec.targetCPUUtilizationPercentage");
    metrics.Append(std::move(metric));
  }
  if (TakeAnnotation(object, kMetricSpecs, &kept) && kept.is_array()) {
    for (Value& metric : kept.array()) metrics.Append(std::move(metric));
  }
  if (!metrics.empty()) object.Ensure("spec").Set("metrics", std::move(metrics));
  if (TakeAnnotation(object, kBehavior, &kept)) object.Ensure("spec").Set("behavior", std::move(kept));
  object.EraseAt("status.currentCPUUtilizationPercentage");
  if (TakeAnnotation(object, kMetricStatuses, &kept)) object.Ensure("status").Set("currentMetrics", std::move(kept));
  if (TakeAnnotation(object, kConditions, &kept)) object.Ensure("status").Set("conditions", std::move(kept));
}

}  // namespace

void Convert(const Kind& from, const Kind& to, Value& object) {
  if (&from == &to) return;
  if (to.custom != nullptr) return apimachinery::structural::ConvertTo(*to.custom, &object);
  object.Set("apiVersion", to.api_version);
  object.Set("kind", to.kind);
  if (from.kind == "Event") {
    const bool to_core = to.group.empty();
    for (const Pair& p : kEventFields) Rename(object, to_core ? p.events : p.core, to_core ? p.core : p.events);
    if (Value* series = object.Find("series"); series != nullptr && series->is_object()) {
      series->Erase("state");
    }
  } else if (from.kind == "HorizontalPodAutoscaler") {
    if (to.version == "v1") {
      AutoscalerToV1(object);
    } else {
      AutoscalerToV2(object);
    }
  }
}

std::function<const apimachinery::Message*(absl::string_view, Value*)> ConverterOf(const Kind& kind) {
  if (kind.group != "autoscaling" || kind.kind != "HorizontalPodAutoscaler") return {};
  return [&kind](absl::string_view api_version, Value* object) -> const apimachinery::Message* {
    const Kind* other = apimachinery::Schema::Builtin().FindKind(api_version, kind.kind);
    if (other == nullptr) return nullptr;
    Convert(kind, *other, *object);
    return other->message;
  };
}

}  // namespace apiserver::registry
