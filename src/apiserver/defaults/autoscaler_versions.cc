#include "apiserver/defaults/autoscaler_versions.h"

#include "absl/strings/match.h"
#include "absl/types/span.h"
#include "apimachinery/json.h"

namespace apiserver::defaults {
namespace {

using apimachinery::Value;

constexpr char kMetricSpecs[] = "autoscaling.alpha.kubernetes.io/metrics";
constexpr char kBehavior[] = "autoscaling.alpha.kubernetes.io/behavior";
constexpr char kConditions[] = "autoscaling.alpha.kubernetes.io/conditions";
constexpr char kMetricStatuses[] = "autoscaling.alpha.kubernetes.io/current-metrics";
constexpr const char* kAnnotations[] = {kMetricSpecs, kBehavior, kConditions, kMetricStatuses};

// A field of a v1 metric and where v2 keeps it; `always` is what v1 writes in its absence.
struct Field {
  const char* v1;
  const char* v2;
  const char* always = nullptr;
};
// The metrics of one source.
struct Source {
  const char* name;
  absl::Span<const Field> spec, status;
};

constexpr Field kObjectSpec[] = {{"target", "describedObject"},
                                 {"metricName", "metric.name", ""},
                                 {"targetValue", "target.value", "0"},
                                 {"selector", "metric.selector"},
                                 {"averageValue", "target.averageValue"}};
constexpr Field kObjectStatus[] = {{"target", "describedObject"},
                                   {"metricName", "metric.name", ""},
                                   {"currentValue", "current.value", "0"},
                                   {"selector", "metric.selector"},
                                   {"averageValue", "current.averageValue"}};
constexpr Field kPodsSpec[] = {
    {"metricName", "metric.name", ""}, {"targetAverageValue", "target.averageValue", "0"}, {"selector", "metric.selector"}};
constexpr Field kPodsStatus[] = {
    {"metricName", "metric.name", ""}, {"currentAverageValue", "current.averageValue", "0"}, {"selector", "metric.selector"}};
constexpr Field kResourceSpec[] = {{"name", "name", ""},
                                   {"targetAverageUtilization", "target.averageUtilization"},
                                   {"targetAverageValue", "target.averageValue"},
                                   {"container", "container"}};
constexpr Field kResourceStatus[] = {{"name", "name", ""},
                                     {"currentAverageUtilization", "current.averageUtilization"},
                                     {"currentAverageValue", "current.averageValue", "0"},
                                     {"container", "container"}};
constexpr Field kExternalSpec[] = {{"metricName", "metric.name", ""},
                                   {"metricSelector", "metric.selector"},
                                   {"targetValue", "target.value"},
                                   {"targetAverageValue", "target.averageValue"}};
constexpr Field kExternalStatus[] = {{"metricName", "metric.name", ""},
                                     {"metricSelector", "metric.selector"},
                                     {"currentValue", "current.value", "0"},
                                     {"currentAverageValue", "current.averageValue"}};
const Source kSources[] = {{"object", kObjectSpec, kObjectStatus},
                           {"pods", kPodsSpec, kPodsStatus},
                           {"resource", kResourceSpec, kResourceStatus},
                           {"containerResource", kResourceSpec, kResourceStatus},
                           {"external", kExternalSpec, kExternalStatus}};

// The behavior is written under the names of upstream's code; all of them are written, absent ones as null.
constexpr Field kDirections[] = {{"ScaleUp", "scaleUp"}, {"ScaleDown", "scaleDown"}};
constexpr Field kRules[] = {{"StabilizationWindowSeconds", "stabilizationWindowSeconds"},
                            {"SelectPolicy", "selectPolicy"},
                            {"Policies", "policies"},
                            {"Tolerance", "tolerance"}};
constexpr Field kPolicy[] = {{"Type", "type"}, {"Value", "value"}, {"PeriodSeconds", "periodSeconds"}};

bool IsCpu(const Value& metric) {
  return metric.GetString("type") == "Resource" && metric.GetString("resource.name") == "cpu";
}
const Value* CpuUtilization(const Value& metric, bool status) {
  if (!IsCpu(metric)) return nullptr;
  return metric.At(status ? "resource.current.averageUtilization" : "resource.target.averageUtilization");
}

Value MetricToV1(const Value& metric, bool status) {
  Value out = Value::MakeObject();
  out.Set("type", metric.GetString("type"));
  for (const Source& source : kSources) {
    const Value* from = metric.Find(source.name);
    if (from == nullptr || !from->is_object()) continue;
    Value to = Value::MakeObject();
    for (const Field& field : status ? source.status : source.spec) {
      if (const Value* value = from->At(field.v2)) {
        to.Set(field.v1, *value);
      } else if (field.always != nullptr) {
        to.Set(field.v1, field.always);
      }
    }
    out.Set(source.name, std::move(to));
  }
  return out;
}

const char* TargetType(absl::string_view source, const Value& target) {
  if (source == "pods") return "AverageValue";
  if (source == "object") return target.Has("averageValue") ? "AverageValue" : "Value";
  if (source == "external") return target.Has("value") ? "Value" : "AverageValue";
  return target.Has("averageUtilization") ? "Utilization" : "AverageValue";
}

Value MetricToV2(const Value& metric, bool status) {
  Value out = Value::MakeObject();
  out.Set("type", metric.GetString("type"));
  for (const Source& source : kSources) {
    const Value* from = metric.Find(source.name);
    if (from == nullptr || !from->is_object()) continue;
    Value to = Value::MakeObject();
    for (const Field& field : status ? source.status : source.spec) {
      const Value* value = from->Find(field.v1);
      if (value != nullptr && !value->is_null()) to.Ensure(field.v2) = *value;
    }
    if (!status) to.Ensure("target").Set("type", TargetType(source.name, to["target"]));
    out.Set(source.name, std::move(to));
  }
  return out;
}

void SetAnnotation(Value& object, absl::string_view key, const Value& value) {
  object.Ensure("metadata.annotations").Set(key, apimachinery::WriteJson(value));
}

// The annotation's content, when it is JSON.
bool Annotation(const Value& object, absl::string_view key, Value* value) {
  const Value* annotations = object.At("metadata.annotations");
  const Value* text = annotations == nullptr ? nullptr : annotations->Find(key);
  if (text == nullptr || !text->is_string()) return false;
  auto parsed = apimachinery::ParseJson(text->as_string());
  if (!parsed.ok()) return false;
  *value = *std::move(parsed);
  return true;
}

bool IsListOfObjects(const Value& value) {
  if (!value.is_array()) return false;
  for (const Value& item : value.array()) {
    if (!item.is_object()) return false;
  }
  return true;
}

// The fields under their other names, absent ones as null.
Value Renamed(const Value& object, absl::Span<const Field> fields) {
  Value out = Value::MakeObject();
  for (const Field& field : fields) {
    const Value* value = object.Find(field.v2);
    out.Set(field.v1, value == nullptr ? Value() : *value);
  }
  return out;
}
// Back again; names are read in any case, as Go reads them.
Value Restored(const Value& object, absl::Span<const Field> fields) {
  Value out = Value::MakeObject();
  if (!object.is_object()) return out;
  for (const auto& member : object.object()) {
    for (const Field& field : fields) {
      if (absl::EqualsIgnoreCase(member.key, field.v1) && !member.value.is_null()) out.Set(field.v2, member.value);
    }
  }
  return out;
}

Value BehaviorToV1(const Value& behavior) {
  Value out = Renamed(behavior, kDirections);
  for (const Field& direction : kDirections) {
    Value& rules = out[direction.v1];
    if (!rules.is_object()) continue;
    rules = Renamed(rules, kRules);
    Value& policies = rules["Policies"];
    if (!policies.is_array()) continue;
    for (Value& policy : policies.array()) policy = Renamed(policy, kPolicy);
  }
  return out;
}

Value BehaviorToV2(const Value& behavior) {
  Value out = Restored(behavior, kDirections);
  for (const Field& direction : kDirections) {
    Value* rules = out.Find(direction.v2);
    if (rules == nullptr) continue;
    *rules = Restored(*rules, kRules);
    Value* policies = rules->Find("policies");
    if (policies == nullptr || !policies->is_array()) continue;
    for (Value& policy : policies->array()) policy = Restored(policy, kPolicy);
  }
  return out;
}

Value CpuMetric() {
  Value metric = Value::MakeObject();
  metric.Set("type", "Resource");
  metric.Ensure("resource").Set("name", "cpu");
  return metric;
}

Value Utilization(const Value& percent) {
  Value target = Value::MakeObject();
  target.Set("type", "Utilization");
  target.Set("averageUtilization", percent);
  return target;
}

}  // namespace

void DropAutoscalerAnnotations(Value& autoscaler) {
  Value* annotations = autoscaler.At("metadata.annotations");
  if (annotations == nullptr || !annotations->is_object()) return;
  for (const char* key : kAnnotations) annotations->Erase(key);
  if (annotations->empty()) autoscaler.EraseAt("metadata.annotations");
}

void AutoscalerToV1(Value& autoscaler) {
  DropAutoscalerAnnotations(autoscaler);
  if (const Value* metrics = autoscaler.At("spec.metrics")) {
    Value others = Value::MakeArray(), percent;
    for (const Value& metric : metrics->array()) {
      if (const Value* utilization = CpuUtilization(metric, false)) {
        if (percent.is_null()) percent = *utilization;
      } else {
        others.Append(MetricToV1(metric, false));
      }
    }
    autoscaler.EraseAt("spec.metrics");
    if (!percent.is_null()) autoscaler.Ensure("spec").Set("targetCPUUtilizationPercentage", percent);
    if (!others.empty()) SetAnnotation(autoscaler, kMetricSpecs, others);
  }
  if (const Value* metrics = autoscaler.At("status.currentMetrics")) {
    Value statuses = Value::MakeArray(), percent;
    for (const Value& metric : metrics->array()) {
      statuses.Append(MetricToV1(metric, true));
      if (const Value* utilization = CpuUtilization(metric, true)) percent = *utilization;
    }
    autoscaler.EraseAt("status.currentMetrics");
    if (!percent.is_null()) autoscaler.Ensure("status").Set("currentCPUUtilizationPercentage", percent);
    if (!statuses.empty()) SetAnnotation(autoscaler, kMetricStatuses, statuses);
  }
  if (const Value* behavior = autoscaler.At("spec.behavior")) {
    const Value written = BehaviorToV1(*behavior);
    autoscaler.EraseAt("spec.behavior");
    SetAnnotation(autoscaler, kBehavior, written);
  }
  if (const Value* conditions = autoscaler.At("status.conditions")) {
    Value written = Value::MakeArray();
    for (const Value& condition : conditions->array()) {
      Value to = Value::MakeObject();
      for (const char* field : {"type", "status", "lastTransitionTime", "reason", "message"}) {
        const Value* value = condition.Find(field);
        if (value != nullptr) {
          to.Set(field, *value);
        } else if (absl::string_view(field) == "lastTransitionTime") {
          to.Set(field, Value());
        }
      }
      written.Append(std::move(to));
    }
    autoscaler.EraseAt("status.conditions");
    if (!written.empty()) SetAnnotation(autoscaler, kConditions, written);
  }
}

void AutoscalerToV2(Value& autoscaler) {
  Value kept;
  Value metrics = Value::MakeArray();
  if (Annotation(autoscaler, kMetricSpecs, &kept) && IsListOfObjects(kept)) {
    for (const Value& metric : kept.array()) metrics.Append(MetricToV2(metric, false));
  }
  if (const Value* percent = autoscaler.At("spec.targetCPUUtilizationPercentage")) {
    Value metric = CpuMetric();
    metric.Ensure("resource.target") = Utilization(*percent);
    metrics.Append(std::move(metric));
    autoscaler.EraseAt("spec.targetCPUUtilizationPercentage");
  }
  if (metrics.empty()) {
    metrics.Append(CpuMetric());
    metrics.array()[0].Ensure("resource.target") = Utilization(80);
  }
  autoscaler.Ensure("spec").Set("metrics", std::move(metrics));
  if (Annotation(autoscaler, kBehavior, &kept)) {
    Value behavior = BehaviorToV2(kept);
    if (!behavior.empty()) autoscaler.Ensure("spec").Set("behavior", std::move(behavior));
  }
  Value statuses = Value::MakeArray();
  if (const Value* percent = autoscaler.At("status.currentCPUUtilizationPercentage")) {
    Value metric = CpuMetric();
    metric.Ensure("resource.current").Set("averageUtilization", *percent);
    statuses.Append(std::move(metric));
    autoscaler.EraseAt("status.currentCPUUtilizationPercentage");
  }
  if (Annotation(autoscaler, kMetricStatuses, &kept) && IsListOfObjects(kept)) {
    statuses = Value::MakeArray();
    for (const Value& metric : kept.array()) statuses.Append(MetricToV2(metric, true));
  }
  if (!statuses.empty()) autoscaler.Ensure("status").Set("currentMetrics", std::move(statuses));
  if (Annotation(autoscaler, kConditions, &kept) && IsListOfObjects(kept)) {
    autoscaler.Ensure("status").Set("conditions", std::move(kept));
  }
  DropAutoscalerAnnotations(autoscaler);
}

}  // namespace apiserver::defaults
