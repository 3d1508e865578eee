#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "apimachinery/labels.h"
#include "apimachinery/time.h"
#include "apiserver/tables/printers.h"

namespace apiserver::tables {
namespace {

std::string Ratio(int64_t part, int64_t whole) { return absl::StrCat(part, "/", whole); }

void AppendDesiredCurrentReady(const Value& object, Array* cells) {
  cells->push_back(object.GetInt("spec.replicas"));
  cells->push_back(object.GetInt("status.replicas"));
  cells->push_back(object.GetInt("status.readyReplicas"));
}

// `path` leads to a pod spec.
void AppendTemplateContainers(const Value& object, absl::string_view path, Array* cells) {
  const Value* spec = object.At(path);
  AppendContainers(spec == nullptr ? Value() : *spec, cells);
}

// A selector in query form; empty text, not "<none>", when it selects everything or nothing.
std::string SelectorText(const Value* selector) {
  const auto parsed = apimachinery::LabelSelector::FromObject(selector);
  return parsed.ok() ? parsed->ToString() : "";
}

std::string JobCompletions(const Value& job) {
  const int64_t succeeded = job.GetInt("status.succeeded");
  if (job.At("spec.completions") != nullptr) return Ratio(succeeded, job.GetInt("spec.completions"));
  const int64_t parallelism = job.GetInt("spec.parallelism");
  if (parallelism > 1) return absl::StrCat(succeeded, "/1 of ", parallelism);
  return Ratio(succeeded, 1);
}

std::string JobStatus(const Value& job) {
  for (const absl::string_view ended : {"Complete", "Failed"}) {
    if (ConditionIsTrue(job, ended)) return std::string(ended);
  }
  if (job.At("metadata.deletionTimestamp") != nullptr) return "Terminating";
  for (const absl::string_view state : {"Suspended", "FailureTarget", "SuccessCriteriaMet"}) {
    if (ConditionIsTrue(job, state)) return std::string(state);
  }
  return "Running";
}

std::string JobDuration(const Value& job, absl::Time now) {
  const absl::Time start = TimeAt(job, "status.startTime");
  if (start == absl::InfinitePast()) return "";
  const absl::Time end = TimeAt(job, "status.completionTime");
  return apimachinery::HumanDuration((end == absl::InfinitePast() ? now : end) - start);
}

}  // namespace

void PrintPodTemplate(const Value& object, absl::Time, Array* cells) {
  cells->push_back(Name(object));
  AppendTemplateContainers(object, "template.spec", cells);
  cells->push_back(FormatLabels(object.At("template.metadata.labels")));
}

void PrintReplicationController(const Value& object, absl::Time now, Array* cells) {
  cells->push_back(Name(object));
  AppendDesiredCurrentReady(object, cells);
  cells->push_back(Age(object, now));
  AppendTemplateContainers(object, "spec.template.spec", cells);
  cells->push_back(FormatLabels(object.At("spec.selector")));
}

void PrintReplicaSet(const Value& object, absl::Time now, Array* cells) {
  cells->push_back(Name(object));
  AppendDesiredCurrentReady(object, cells);
  cells->push_back(Age(object, now));
  AppendTemplateContainers(object, "spec.template.spec", cells);
  cells->push_back(FormatSelector(object.At("spec.selector")));
}

void PrintDeployment(const Value& object, absl::Time now, Array* cells) {
  cells->push_back(Name(object));
  cells->push_back(Ratio(object.GetInt("status.readyReplicas"), object.GetInt("spec.replicas")));
  cells->push_back(object.GetInt("status.updatedReplicas"));
  cells->push_back(object.GetInt("status.availableReplicas"));
  cells->push_back(Age(object, now));
  AppendTemplateContainers(object, "spec.template.spec", cells);
  cells->push_back(SelectorText(object.At("spec.selector")));
}

void PrintStatefulSet(const Value& object, absl::Time now, Array* cells) {
  cells->push_back(Name(object));
  cells->push_back(Ratio(object.GetInt("status.readyReplicas"), object.GetInt("spec.replicas")));
  cells->push_back(Age(object, now));
  AppendTemplateContainers(object, "spec.template.spec", cells);
}

void PrintDaemonSet(const Value& object, absl::Time now, Array* cells) {
  cells->push_back(Name(object));
  cells->push_back(object.GetInt("status.desiredNumberScheduled"));
  cells->push_back(object.GetInt("status.currentNumberScheduled"));
  cells->push_back(object.GetInt("status.numberReady"));
  cells->push_back(object.GetInt("status.updatedNumberScheduled"));
  cells->push_back(object.GetInt("status.numberAvailable"));
  cells->push_back(FormatLabels(object.At("spec.template.spec.nodeSelector")));
  cells->push_back(Age(object, now));
  AppendTemplateContainers(object, "spec.template.spec", cells);
  cells->push_back(FormatSelector(object.At("spec.selector")));
}

void PrintControllerRevision(const Value& object, absl::Time now, Array* cells) {
  std::string controller(kNone);
  for (const Value& owner : object.GetArray("metadata.ownerReferences")) {
    if (!owner.GetBool("controller")) continue;
    const std::string api_version = owner.GetString("apiVersion");
    const size_t slash = api_version.find('/');
    controller = absl::AsciiStrToLower(owner.GetString("kind"));
    if (slash != std::string::npos) absl::StrAppend(&controller, ".", api_version.substr(0, slash));
    absl::StrAppend(&controller, "/", owner.GetString("name"));
    break;
  }
  cells->push_back(Name(object));
  cells->push_back(std::move(controller));
  cells->push_back(object.GetInt("revision"));
  cells->push_back(Age(object, now));
}

void PrintJob(const Value& object, absl::Time now, Array* cells) {
  cells->push_back(Name(object));
  cells->push_back(JobStatus(object));
  cells->push_back(JobCompletions(object));
  cells->push_back(JobDuration(object, now));
  cells->push_back(Age(object, now));
  AppendTemplateContainers(object, "spec.template.spec", cells);
  cells->push_back(FormatSelector(object.At("spec.selector")));
}

void PrintCronJob(const Value& object, absl::Time now, Array* cells) {
  const Value* suspend = object.At("spec.suspend");
  const std::string last = object.GetString("status.lastScheduleTime");
  cells->push_back(Name(object));
  cells->push_back(object.GetString("spec.schedule"));
  cells->push_back(Scalar(object.At("spec.timeZone"), kNone));
  cells->push_back(suspend == nullptr ? std::string(kUnset) : object.GetBool("spec.suspend") ? "True" : "False");
  cells->push_back(static_cast<int64_t>(object.GetArray("status.active").size()));
  cells->push_back(last.empty() ? std::string(kNone) : Since(last, now));
  cells->push_back(Age(object, now));
  AppendTemplateContainers(object, "spec.jobTemplate.spec.template.spec", cells);
  cells->push_back(FormatSelector(object.At("spec.jobTemplate.spec.selector")));
}

void PrintScale(const Value& object, absl::Time now, Array* cells) {
  cells->push_back(Name(object));
  cells->push_back(object.GetInt("spec.replicas"));
  cells->push_back(object.GetInt("status.replicas"));
  cells->push_back(Age(object, now));
}

void PrintPodDisruptionBudget(const Value& object, absl::Time now, Array* cells) {
  cells->push_back(Name(object));
  cells->push_back(Scalar(object.At("spec.minAvailable"), "N/A"));
  cells->push_back(Scalar(object.At("spec.maxUnavailable"), "N/A"));
  cells->push_back(object.GetInt("status.disruptionsAllowed"));
  cells->push_back(Age(object, now));
}

}  // namespace apiserver::tables
