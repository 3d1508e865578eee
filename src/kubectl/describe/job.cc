#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "apimachinery/time.h"
#include "kubectl/describe/parts.h"

namespace kubectl {

void DescribeJob(const Value& object, const Cluster& cluster, Events events, DescribeWriter& w) {
  w.Write(0, "Name:\t", object.GetString("metadata.name"), "\n");
  w.Write(0, "Namespace:\t", object.GetString("metadata.namespace"), "\n");
  if (const Value* selector = object.At("spec.selector"); selector != nullptr)
    w.Write(0, "Selector:\t", SelectorText(selector), "\n");
  WriteLabels(w, "Labels", object.At("metadata.labels"));
  WriteAnnotations(w, object.At("metadata.annotations"));
  const std::string controller = ControllerOf(object);
  if (!controller.empty()) w.Write(0, "Controlled By:\t", controller, "\n");
  if (object.At("spec.parallelism") != nullptr)
    w.Write(0, "Parallelism:\t", object.GetInt("spec.parallelism"), "\n");
  if (object.At("spec.completions") != nullptr)
    w.Write(0, "Completions:\t", object.GetInt("spec.completions"), "\n");
  else
    w.Write(0, "Completions:\t<unset>\n");
  if (object.At("spec.completionMode") != nullptr)
    w.Write(0, "Completion Mode:\t", object.GetString("spec.completionMode"), "\n");
  if (object.At("spec.suspend") != nullptr)
    w.Write(0, "Suspend:\t", object.GetBool("spec.suspend") ? "true" : "false", "\n");
  if (object.At("spec.backoffLimit") != nullptr)
    w.Write(0, "Backoff Limit:\t", object.GetInt("spec.backoffLimit"), "\n");
  if (object.At("spec.ttlSecondsAfterFinished") != nullptr) {
    w.Write(0, "TTL Seconds After Finished:\t", object.GetInt("spec.ttlSecondsAfterFinished"),
            "\n");
  }
  const std::string start = object.GetString("status.startTime"),
                    end = object.GetString("status.completionTime");
  if (!start.empty()) w.Write(0, "Start Time:\t", TimeText(start), "\n");
  if (!end.empty()) w.Write(0, "Completed At:\t", TimeText(end), "\n");
  absl::Time from, to;
  if (absl::ParseTime(absl::RFC3339_full, start, &from, nullptr) &&
      absl::ParseTime(absl::RFC3339_full, end, &to, nullptr)) {
    w.Write(0, "Duration:\t", apimachinery::HumanDuration(to - from), "\n");
  }
  if (object.At("spec.activeDeadlineSeconds") != nullptr)
    w.Write(0, "Active Deadline Seconds:\t", object.GetInt("spec.activeDeadlineSeconds"), "s\n");
  w.Write(0, "Pods Statuses:\t", object.GetInt("status.active"), " Active ",
          object.At("status.ready") == nullptr
              ? ""
              : absl::StrCat("(", object.GetInt("status.ready"), " Ready) "),
          "/ ", object.GetInt("status.succeeded"), " Succeeded / ", object.GetInt("status.failed"),
          " Failed\n");
  if (object.GetString("spec.completionMode") == "Indexed") {
    w.Write(0, "Completed Indexes:\t", OrNone(object.GetString("status.completedIndexes")), "\n");
  }
  if (const Value* pod_template = object.At("spec.template"); pod_template != nullptr)
    WritePodTemplate(w, *pod_template);
  WriteEvents(w, events);
}

void DescribeCronJob(const Value& object, Events events, DescribeWriter& w) {
  const auto number = [&](absl::string_view title, absl::string_view path,
                          absl::string_view unit = "") {
    if (object.At(path) == nullptr)
      w.Write(0, title, ":\t<unset>\n");
    else
      w.Write(0, title, ":\t", object.GetInt(path), unit, "\n");
  };
  WriteNameAndLabels(w, object, true);
  w.Write(0, "Schedule:\t", object.GetString("spec.schedule"), "\n");
  w.Write(0, "Concurrency Policy:\t", object.GetString("spec.concurrencyPolicy"), "\n");
  w.Write(0, "Suspend:\t", BoolText(object.GetBool("spec.suspend")), "\n");
  number("Successful Job History Limit", "spec.successfulJobsHistoryLimit");
  number("Failed Job History Limit", "spec.failedJobsHistoryLimit");
  number("Starting Deadline Seconds", "spec.startingDeadlineSeconds", "s");
  const Value* selector = object.At("spec.jobTemplate.spec.selector");
  w.Write(0, "Selector:\t", selector == nullptr ? "<unset>" : SelectorText(selector), "\n");
  number("Parallelism", "spec.jobTemplate.spec.parallelism");
  number("Completions", "spec.jobTemplate.spec.completions");
  if (object.At("spec.jobTemplate.spec.activeDeadlineSeconds") != nullptr)
    number("Active Deadline Seconds", "spec.jobTemplate.spec.activeDeadlineSeconds", "s");
  if (const Value* pod_template = object.At("spec.jobTemplate.spec.template");
      pod_template != nullptr)
    WritePodTemplate(w, *pod_template);
  const std::string last = object.GetString("status.lastScheduleTime");
  w.Write(0, "Last Schedule Time:\t", last.empty() ? "<unset>" : TimeText(last), "\n");
  std::vector<std::string> names;
  for (const Value& job : object.GetArray("status.active")) names.push_back(job.GetString("name"));
  w.Write(0, "Active Jobs:\t", OrNone(absl::StrJoin(names, ", ")), "\n");
  WriteEvents(w, events);
}

}  // namespace kubectl
