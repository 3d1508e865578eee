// HorizontalPodAutoscalers of both versions. autoscaling/v1 keeps every metric but the cpu target in annotations.
#include "absl/strings/str_cat.h"
#include "apimachinery/json.h"
#include "apiserver/tables/printers.h"

namespace apiserver::tables {
namespace {

// One metric of an autoscaler, "current/target", told apart by its type.
class MetricText {
 public:
  // `status` is nullptr when nothing was measured yet.
  MetricText(const Value& spec, const Value* status) : spec_(spec), status_(status) {}

  std::string ToString() const {
    const std::string type = spec_.GetString("type");
    if (type == "External") return ValueOrAverage("external");
    if (type == "Object") return ValueOrAverage("object");
    if (type == "Pods") return absl::StrCat(Current("pods", "averageValue"), "/", Target("pods", "averageValue"));
    if (type == "Resource") return Resource("resource");
    if (type == "ContainerResource") return Resource("containerResource");
    return "<unknown type>";
  }

 private:
  std::string Target(absl::string_view source, absl::string_view member) const {
    return Scalar(spec_.At(absl::StrCat(source, ".target.", member)), "0");
  }
  std::string Current(absl::string_view source, absl::string_view member) const {
    if (status_ == nullptr || status_->Find(source) == nullptr) return std::string(kUnknown);
    return Scalar(status_->At(absl::StrCat(source, ".current.", member)), kUnknown);
  }
  bool HasTarget(absl::string_view source, absl::string_view member) const {
    return spec_.At(absl::StrCat(source, ".target.", member)) != nullptr;
  }
  std::string ValueOrAverage(absl::string_view source) const {
    if (HasTarget(source, "averageValue")) {
      return absl::StrCat(Current(source, "averageValue"), "/", Target(source, "averageValue"), " (avg)");
    }
    return absl::StrCat(Current(source, "value"), "/", Target(source, "value"));
  }
  std::string Resource(absl::string_view source) const {
    const std::string name = spec_.GetString(absl::StrCat(source, ".name"));
    if (HasTarget(source, "averageValue")) {
      return absl::StrCat(name, ": ", Current(source, "averageValue"), "/", Target(source, "averageValue"));
    }
    std::string current = Current(source, "averageUtilization");
    if (current != kUnknown) current += "%";
    const std::string target =
        HasTarget(source, "averageUtilization") ? Target(source, "averageUtilization") + "%" : "<auto>";
    return absl::StrCat(name, ": ", current, "/", target);
  }

  const Value& spec_;
  const Value* status_;
};

// Moves a member of an older metric to its place in the newer form.
void Move(const Value& from, absl::string_view key, Value* to, absl::string_view path) {
  if (const Value* found = from.Find(key); found != nullptr) to->Ensure(path) = *found;
}

// A metric as autoscaling/v1 writes it into an annotation, in the form of autoscaling/v2.
Value Modern(const Value& old) {
  Value metric;
  metric["type"] = old.GetString("type");
  for (const absl::string_view source : {"resource", "containerResource", "pods", "object", "external"}) {
    const Value* from = old.Find(source);
    if (from == nullptr) continue;
    Value& to = metric[source] = Value::MakeObject();
    Move(*from, "name", &to, "name");
    Move(*from, "targetAverageUtilization", &to, "target.averageUtilization");
    Move(*from, "targetAverageValue", &to, "target.averageValue");
    Move(*from, "targetValue", &to, "target.value");
    Move(*from, "currentAverageUtilization", &to, "current.averageUtilization");
    Move(*from, "currentAverageValue", &to, "current.averageValue");
    Move(*from, "currentValue", &to, "current.value");
    Move(*from, "averageValue", &to, "target.averageValue");
  }
  return metric;
}

void AppendFromAnnotation(const Value& autoscaler, absl::string_view key, Array* metrics) {
  const Value* annotations = autoscaler.At("metadata.annotations");
  const Value* text = annotations == nullptr ? nullptr : annotations->Find(key);
  if (text == nullptr || !text->is_string()) return;
  const absl::StatusOr<Value> parsed = apimachinery::ParseJson(text->as_string());
  if (!parsed.ok() || !parsed->is_array()) return;
  for (const Value& old : parsed->array()) {
    if (old.is_object()) metrics->push_back(Modern(old));
  }
}

// The cpu target, which autoscaling/v1 has as plain members.
Value CpuMetric(const Value& from, absl::string_view path, absl::string_view utilization) {
  Value metric;
  metric["type"] = "Resource";
  metric.Ensure("resource.name") = "cpu";
  metric.Ensure(utilization) = *from.At(path);
  return metric;
}

std::string Metrics(const Value& autoscaler) {
  Array specs = autoscaler.GetArray("spec.metrics"), statuses = autoscaler.GetArray("status.currentMetrics");
  if (autoscaler.GetString("apiVersion") == "autoscaling/v1") {
    if (autoscaler.At("spec.targetCPUUtilizationPercentage") != nullptr) {
      specs.push_back(CpuMetric(autoscaler, "spec.targetCPUUtilizationPercentage", "resource.target.averageUtilization"));
    }
    AppendFromAnnotation(autoscaler, "autoscaling.alpha.kubernetes.io/metrics", &specs);
    AppendFromAnnotation(autoscaler, "autoscaling.alpha.kubernetes.io/current-metrics", &statuses);
    // The annotation holds the cpu too, unless it is the only metric.
    if (statuses.empty() && autoscaler.At("status.currentCPUUtilizationPercentage") != nullptr) {
      statuses.push_back(
          CpuMetric(autoscaler, "status.currentCPUUtilizationPercentage", "resource.current.averageUtilization"));
    }
  }
  if (specs.empty()) return std::string(kNone);
  std::vector<std::string> texts;
  for (size_t i = 0; i < specs.size(); ++i) {
    texts.push_back(MetricText(specs[i], i < statuses.size() ? &statuses[i] : nullptr).ToString());
  }
  return WithMore(texts, texts.size(), 2, ", ");
}

}  // namespace

void PrintHorizontalPodAutoscaler(const Value& object, absl::Time now, Array* cells) {
  cells->push_back(Name(object));
  cells->push_back(absl::StrCat(object.GetString("spec.scaleTargetRef.kind"), "/",
                                object.GetString("spec.scaleTargetRef.name")));
  cells->push_back(Metrics(object));
  cells->push_back(Scalar(object.At("spec.minReplicas"), kUnset));
  cells->push_back(object.GetInt("spec.maxReplicas"));
  cells->push_back(object.GetInt("status.currentReplicas"));
  cells->push_back(Age(object, now));
}

}  // namespace apiserver::tables
