// HorizontalPodAutoscaler v1 and v2, and Scale.
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "apimachinery/go_quote.h"
#include "apiserver/defaults/autoscaler_versions.h"
#include "apiserver/validation/kinds.h"

namespace apiserver::validation {
namespace {

enum class GroupRule { kAny, kWellFormed, kNeeded };

void TargetRef(FieldErrors& e, const Path& p, const Value& ref, GroupRule rule) {
  for (const char* key : {"kind", "name"}) {
    const absl::string_view text = Text(ref, key);
    if (text.empty()) {
      e.Required(p / key);
    } else {
      Named(e, p / key, text, apimachinery::IsPathSegmentName(text));
    }
  }
  if (rule == GroupRule::kAny) return;
  const absl::string_view version = Text(ref, "apiVersion");
  const std::vector<absl::string_view> parts = absl::StrSplit(version, '/');
  if (parts.size() > 2) {
    e.Invalid(p / "apiVersion", Value(version), absl::StrCat("unexpected GroupVersion string: ", version));
  } else if (rule == GroupRule::kNeeded && (parts.size() < 2 || parts[0].empty())) {
    e.Invalid(p / "apiVersion", Value(version), "apiVersion must specify API group");
  }
}

void Target(FieldErrors& e, const Path& p, const Value& target) {
  const absl::string_view type = Text(target, "type");
  if (type.empty()) e.Required(p / "type", "must specify a metric target type");
  if (!In(type, {"Utilization", "Value", "AverageValue"})) {
    e.Invalid(p / "type", Value(type), "must be either Utilization, Value, or AverageValue");
  }
  for (const char* key : {"value", "averageValue"}) {
    const Value* amount = target.Find(key);
    if (amount != nullptr && QuantityOf(*amount).Sign() <= 0) e.Invalid(p / key, *amount, "must be positive");
  }
  if (const Value* percent = target.Find("averageUtilization"); percent && percent->as_int() < 1) {
    e.Invalid(p / "averageUtilization", *percent, "must be greater than 0");
  }
}

void MetricName(FieldErrors& e, const Path& p, const Value& metric) {
  const absl::string_view name = Text(metric, "name");
  if (name.empty()) {
    e.Required(p / "name", "must specify a metric name");
  } else {
    Named(e, p / "name", name, apimachinery::IsPathSegmentName(name));
  }
}

void Source(FieldErrors& e, const Path& p, absl::string_view kind, const Value& source) {
  const Value& target = Sub(source, "target");
  const Path target_path = p / "target";
  const bool value = target.Has("value"), average = target.Has("averageValue"),
             utilization = target.Has("averageUtilization");
  if (kind == "object") {
    TargetRef(e, p / "describedObject", Sub(source, "describedObject"), GroupRule::kWellFormed);
    MetricName(e, p / "metric", Sub(source, "metric"));
    Target(e, target_path, target);
    if (!value && !average) e.Required(target_path / "averageValue", "must set either a target value or averageValue");
  } else if (kind == "external") {
    MetricName(e, p / "metric", Sub(source, "metric"));
    Target(e, target_path, target);
    if (!value && !average) {
      e.Required(target_path / "averageValue", "must set either a target value for metric or a per-pod target");
    }
    if (value && average) {
      e.Forbidden(target_path / "value", "may not set both a target value for metric and a per-pod target");
    }
  } else if (kind == "pods") {
    MetricName(e, p / "metric", Sub(source, "metric"));
    Target(e, target_path, target);
    if (!average) e.Required(target_path / "averageValue", "must specify a positive target averageValue");
  } else {
    const absl::string_view name = Text(source, "name");
    if (name.empty()) e.Required(p / "name", "must specify a resource name");
    if (kind == "containerResource") {
      if (!name.empty()) ContainerResourceName(e, p / "name", name);
      const absl::string_view container = Text(source, "container");
      if (container.empty()) {
        e.Required(p / "container", "must specify a container");
      } else {
        Named(e, p / "container", container, apimachinery::IsDns1123Label(container));
      }
    }
    Target(e, target_path, target);
    if (!utilization && !average) {
      e.Required(target_path / "averageUtilization", "must set either a target raw value or a target utilization");
    }
    if (utilization && average) {
      e.Forbidden(target_path / "averageValue", "may not set both a target raw value and a target utilization");
    }
  }
}

void Metric(FieldErrors& e, const Path& p, const Value& metric) {
  const absl::string_view type = Text(metric, "type");
  static constexpr Strings kTypes = {"ContainerResource", "External", "Object", "Pods", "Resource"};
  if (type.empty()) e.Required(p / "type", "must specify a metric source type");
  OneOf(e, p / "type", type, {"ContainerResource", "External", "Object", "Pods", "Resource"});
  std::set<std::string> present;
  for (const char* kind : {"object", "external", "pods", "resource", "containerResource"}) {
    const Value* source = metric.Find(kind);
    if (source == nullptr) continue;
    present.insert(kind);
    if (present.size() == 1) Source(e, p / kind, kind, *source);
  }
  const std::pair<const char*, const char*> members[] = {{"Object", "object"},
                                                         {"Pods", "pods"},
                                                         {"Resource", "resource"},
                                                         {"External", "external"},
                                                         {"ContainerResource", "containerResource"}};
  std::string expected;
  for (const auto& [name, member] : members) {
    if (type != name) continue;
    expected = member;
    if (!metric.Has(member)) e.Required(p / member, "must populate information for the given metric source");
  }
  if (expected.empty()) OneOf(e, p / "type", type, kTypes);
  if (present.size() == 1) return;
  present.erase(expected);
  for (const std::string& other : present) e.Forbidden(p / other, "must populate the given metric source only");
}

void Rules(FieldErrors& e, const Path& p, const Value* rules) {
  if (rules == nullptr) return;
  if (const Value* window = rules->Find("stabilizationWindowSeconds")) {
    if (window->as_int() < 0) {
      e.Invalid(p / "stabilizationWindowSeconds", *window, "must be greater than or equal to zero");
    }
    if (window->as_int() > 3600) {
      e.Invalid(p / "stabilizationWindowSeconds", *window, "must be less than or equal to 3600");
    }
  }
  if (rules->Has("selectPolicy")) {
    OneOf(e, p / "selectPolicy", Text(*rules, "selectPolicy"), {"Disabled", "Max", "Min"});
  }
  const Path policies_path = p / "policies";
  const Array& policies = Items(*rules, "policies");
  if (policies.empty()) e.Required(policies_path, "must specify at least one Policy");
  for (size_t i = 0; i < policies.size(); ++i) {
    const Path at = policies_path[i];
    OneOf(e, at / "type", Text(policies[i], "type"), {"Percent", "Pods"});
    const int64_t value = Int(policies[i], "value"), period = Int(policies[i], "periodSeconds");
    if (value <= 0) e.Invalid(at / "value", value, kNotPositive);
    if (period <= 0) e.Invalid(at / "periodSeconds", period, kNotPositive);
    if (period > 1800) e.Invalid(at / "periodSeconds", period, "must be less than or equal to 1800");
  }
  if (const Value* tolerance = rules->Find("tolerance"); tolerance && QuantityOf(*tolerance).Sign() < 0) {
    e.Invalid(p / "tolerance", *tolerance, kNegative);
  }
}

void Spec(FieldErrors& e, const Value& object, const Value* old) {
  const Path p("spec");
  const Value& spec = Sub(object, "spec");
  const Value* least = spec.Find("minReplicas");
  const int64_t most = Int(spec, "maxReplicas");
  if (least != nullptr && least->as_int() < 1) {
    e.Invalid(p / "minReplicas", *least, "must be greater than or equal to 1");
  }
  if (most < 1) e.Invalid(p / "maxReplicas", most, "must be greater than 0");
  if (least != nullptr && most < least->as_int()) {
    e.Invalid(p / "maxReplicas", most, "must be greater than or equal to `minReplicas`");
  }
  // Of the core group only replication controllers scale. What was there before may stay.
  const Value& target = Sub(spec, "scaleTargetRef");
  GroupRule rule = Text(target, "kind") == "ReplicationController" ? GroupRule::kWellFormed : GroupRule::kNeeded;
  if (old != nullptr && SameMember(target, Sub(Sub(*old, "spec"), "scaleTargetRef"), "apiVersion") &&
      SameMember(target, Sub(Sub(*old, "spec"), "scaleTargetRef"), "kind")) {
    rule = GroupRule::kAny;
  }
  TargetRef(e, p / "scaleTargetRef", target, rule);
  const Path metrics_path = p / "metrics";
  const Array& metrics = Items(spec, "metrics");
  bool external = false;
  for (size_t i = 0; i < metrics.size(); ++i) {
    Metric(e, metrics_path[i], metrics[i]);
    external = external || In(Text(metrics[i], "type"), {"Object", "External"});
  }
  if (least != nullptr && least->as_int() == 0 && !external) {
    e.Forbidden(metrics_path, "must specify at least one Object or External metric to support scaling to zero replicas");
  }
  if (const Value* behavior = spec.Find("behavior")) {
    const Path at = p / "behavior";
    Rules(e, at / "scaleUp", behavior->Find("scaleUp"));
    Rules(e, at / "scaleDown", behavior->Find("scaleDown"));
  }
}

// Rules are those of version 2; version 1 keeps metrics and behavior in other places.
void SpecOf(FieldErrors& e, const Value& object, const Value* old) {
  if (Text(object, "apiVersion") != "autoscaling/v1") return Spec(e, object, old);
  Value converted = object;
  defaults::AutoscalerToV2(converted);
  Spec(e, converted, old);
}

void Create(FieldErrors& e, const Value& object) {
  Metadata(e, object, true, SubdomainName);
  SpecOf(e, object, nullptr);
}
void Update(FieldErrors& e, const Value& object, const Value& old) {
  MetadataUpdate(e, object, old);
  SpecOf(e, object, &old);
}
void Status(FieldErrors& e, const Value& object, const Value& old) {
  MetadataUpdate(e, object, old);
  for (const char* key : {"currentReplicas", "desiredReplicas"}) {
    NonNegative(e, Path("status"), Sub(object, "status"), key);
  }
}

void ScaleCreate(FieldErrors& e, const Value& scale) {
  Metadata(e, scale, true, SubdomainName);
  NonNegative(e, Path("spec"), Sub(scale, "spec"), "replicas");
}
void ScaleUpdate(FieldErrors& e, const Value& scale, const Value&) { ScaleCreate(e, scale); }

}  // namespace

absl::Span<const KindRules> AutoscalingKinds() {
  static constexpr KindRules kRules[] = {
      {"autoscaling", "HorizontalPodAutoscaler", Create, Update, Status},
      {"autoscaling", "Scale", ScaleCreate, ScaleUpdate},
  };
  return kRules;
}

}  // namespace apiserver::validation
