// Disruption budgets, autoscalers and priority classes.
#include "kubectl/describe/parts.h"

namespace kubectl {
namespace {

// What one metric asks for, with what was measured last (if anything).
void WriteMetric(DescribeWriter& w, const Value& metric, const Value* current) {
  const std::string type = metric.GetString("type");
  const auto measured = [&](const std::string& path) {
    return current == nullptr ? std::string("<unknown>") : current->GetString(path, "<unknown>");
  };
  const auto utilization = [&](const std::string& source) {
    const Value* percent =
        current == nullptr ? nullptr : current->At(source + ".current.averageUtilization");
    const std::string now =
        percent == nullptr ? "<unknown>"
                           : absl::StrCat(percent->as_int(), "% (",
                                          current->GetString(source + ".current.averageValue"), ")");
    const Value* wanted = metric.At(source + ".target.averageUtilization");
    w.Write(1, "(as a percentage of request):\t", now, " / ",
            wanted == nullptr ? "<auto>" : absl::StrCat(wanted->as_int(), "%"), "\n");
  };
  if (type == "External") {
    const bool average = metric.At("external.target.averageValue") != nullptr;
    const std::string field = average ? "averageValue" : "value";
    w.Write(1, "\"", metric.GetString("external.metric.name"),
            average ? "\" (target average value):\t" : "\" (target value):\t",
            measured("external.current." + field), " / ",
            metric.GetString("external.target." + field), "\n");
  } else if (type == "Pods") {
    w.Write(1, "\"", metric.GetString("pods.metric.name"), "\" on pods:\t",
            measured("pods.current.averageValue"), " / ",
            metric.GetString("pods.target.averageValue"), "\n");
  } else if (type == "Object") {
    const bool average = metric.GetString("object.target.type") == "AverageValue";
    const std::string field = average ? "averageValue" : "value";
    w.Write(1, "\"", metric.GetString("object.metric.name"), "\" on ",
            metric.GetString("object.describedObject.kind"), "/",
            metric.GetString("object.describedObject.name"), " ",
            average ? "(target average value):\t" : "(target value):\t",
            measured("object.current." + field), " / ", metric.GetString("object.target." + field),
            "\n");
  } else if (type == "Resource" || type == "ContainerResource") {
    const std::string source = type == "Resource" ? "resource" : "containerResource";
    w.Write(1, "resource ", metric.GetString(source + ".name"));
    if (source == "containerResource")
      w.Write(0, " of container \"", metric.GetString("containerResource.container"), "\"");
    w.Write(0, " on pods");
    if (metric.At(source + ".target.averageValue") != nullptr) {
      w.Write(0, ":\t", measured(source + ".current.averageValue"), " / ",
              metric.GetString(source + ".target.averageValue"), "\n");
    } else {
      utilization(source);
    }
  } else {
    w.Write(1, "<unknown metric type \"", type, "\">\n");
  }
}

void WriteBehavior(DescribeWriter& w, absl::string_view title, const Value* rules) {
  if (rules == nullptr) return;
  w.Write(1, title, ":\n");
  if (rules->Has("stabilizationWindowSeconds"))
    w.Write(2, "Stabilization Window: ", rules->GetInt("stabilizationWindowSeconds"), " seconds\n");
  const Array& policies = rules->GetArray("policies");
  if (policies.empty()) return;
  w.Write(2, "Select Policy: ", rules->GetString("selectPolicy", "Max"), "\n");
  w.Write(2, "Policies:\n");
  for (const Value& policy : policies) {
    w.Write(3, "- Type: ", policy.GetString("type"), "\tValue: ", policy.GetInt("value"),
            "\tPeriod: ", policy.GetInt("periodSeconds"), " seconds\n");
  }
}

}  // namespace

void DescribeDisruptionBudget(const Value& object, Events events, DescribeWriter& w) {
  w.Write(0, "Name:\t", object.GetString("metadata.name"), "\n");
  w.Write(0, "Namespace:\t", object.GetString("metadata.namespace"), "\n");
  if (const Value* least = object.At("spec.minAvailable"); least != nullptr)
    w.Write(0, "Min available:\t", IntOrString(least), "\n");
  else if (const Value* most = object.At("spec.maxUnavailable"); most != nullptr)
    w.Write(0, "Max unavailable:\t", IntOrString(most), "\n");
  const Value* selector = object.At("spec.selector");
  w.Write(0, "Selector:\t", selector == nullptr ? "<unset>" : SelectorText(selector), "\n");
  w.Write(0, "Status:\n");
  w.Write(2, "Allowed disruptions:\t", object.GetInt("status.disruptionsAllowed"), "\n");
  w.Write(2, "Current:\t", object.GetInt("status.currentHealthy"), "\n");
  w.Write(2, "Desired:\t", object.GetInt("status.desiredHealthy"), "\n");
  w.Write(2, "Total:\t", object.GetInt("status.expectedPods"), "\n");
  WriteEvents(w, events);
}

void DescribeAutoscaler(const Value& object, Events events, DescribeWriter& w) {
  WriteNameAndLabels(w, object, true);
  const std::string kind = object.GetString("spec.scaleTargetRef.kind");
  w.Write(0, "CreationTimestamp:\t", TimeText(object.GetString("metadata.creationTimestamp")), "\n");
  w.Write(0, "Reference:\t", kind, "/", object.GetString("spec.scaleTargetRef.name"), "\n");
  w.Write(0, "Metrics:\t( current / target )\n");
  const Array& metrics = object.GetArray("spec.metrics");
  const Array& current = object.GetArray("status.currentMetrics");
  for (size_t i = 0; i < metrics.size(); ++i)
    WriteMetric(w, metrics[i], i < current.size() ? &current[i] : nullptr);
  const Value* least = object.At("spec.minReplicas");
  w.Write(0, "Min replicas:\t", least == nullptr ? "<unset>" : absl::StrCat(least->as_int()), "\n");
  w.Write(0, "Max replicas:\t", object.GetInt("spec.maxReplicas"), "\n");
  if (object.At("spec.behavior") != nullptr) {
    w.Write(0, "Behavior:\n");
    WriteBehavior(w, "Scale Up", object.At("spec.behavior.scaleUp"));
    WriteBehavior(w, "Scale Down", object.At("spec.behavior.scaleDown"));
  }
  w.Write(0, kind, " pods:\t", object.GetInt("status.currentReplicas"), " current / ",
          object.GetInt("status.desiredReplicas"), " desired\n");
  const Array& conditions = object.GetArray("status.conditions");
  if (!conditions.empty()) {
    w.Write(0, "Conditions:\n");
    w.Write(1, "Type\tStatus\tReason\tMessage\n");
    w.Write(1, "----\t------\t------\t-------\n");
  }
  for (const Value& c : conditions) {
    w.Write(1, c.GetString("type"), "\t", c.GetString("status"), "\t", c.GetString("reason"), "\t",
            c.GetString("message"), "\n");
  }
  WriteEvents(w, events);
}

void DescribePriorityClass(const Value& object, Events events, DescribeWriter& w) {
  w.Write(0, "Name:\t", object.GetString("metadata.name"), "\n");
  w.Write(0, "Value:\t", object.GetInt("value"), "\n");
  w.Write(0, "GlobalDefault:\t", object.GetBool("globalDefault") ? "true" : "false", "\n");
  w.Write(0, "PreemptionPolicy:\t", object.GetString("preemptionPolicy"), "\n");
  w.Write(0, "Description:\t", object.GetString("description"), "\n");
  w.Write(0, "Annotations:\t", LabelsText(object.At("metadata.annotations")), "\n");
  WriteEvents(w, events);
}

}  // namespace kubectl
