// Job and CronJob.
#include "apiserver/validation/cron.h"

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "apimachinery/labels.h"
#include "apiserver/validation/go_json.h"
#include "apiserver/validation/kinds.h"
#include "apiserver/validation/pod.h"

namespace apiserver::validation {
namespace {

// "0-2,5": ascending, below `completions`. Empty `error`: fine; *total counts the indexes.
std::string Indexes(absl::string_view text, int64_t completions, int64_t* total) {
  *total = 0;
  if (text.empty()) return "";
  int64_t last = -1;
  for (absl::string_view interval : absl::StrSplit(text, ',')) {
    const std::vector<absl::string_view> ends = absl::StrSplit(interval, '-');
    if (ends.size() > 2) return absl::StrCat("the fragment \"", interval, "\" violates the requirement that an index "
                                             "interval can have at most two parts separated by '-'");
    int64_t first = 0, final = 0;
    if (!absl::SimpleAtoi(ends[0], &first)) {
      return absl::StrCat("cannot convert string to integer for index: \"", ends[0], "\"");
    }
    if (first >= completions) return absl::StrCat("too large index: \"", first, "\"");
    if (first <= last && last >= 0) return absl::StrCat("non-increasing order, previous: ", last, ", current: ", first);
    final = first;
    if (ends.size() == 2) {
      if (!absl::SimpleAtoi(ends[1], &final)) {
        return absl::StrCat("cannot convert string to integer for index: \"", ends[1], "\"");
      }
      if (final >= completions) return absl::StrCat("too large index: \"", final, "\"");
      if (first >= final) return absl::StrCat("non-increasing order, previous: ", first, ", current: ", final);
    }
    *total += final - first + 1;
    last = final;
  }
  return "";
}

void FailureRule(FieldErrors& e, const Path& p, const Value& spec, const Value& rule,
                 const std::set<std::string>& containers) {
  const absl::string_view action = Text(rule, "action");
  if (action.empty()) {
    e.Required(p / "action", "valid values: [\"Count\" \"FailIndex\" \"FailJob\" \"Ignore\"]");
  } else if (action == "FailIndex") {
    if (!spec.Has("backoffLimitPerIndex")) {
      e.Invalid(p / "action", Value(action), "requires the backoffLimitPerIndex to be set");
    }
  } else {
    OneOf(e, p / "action", action, {"Count", "FailIndex", "FailJob", "Ignore"});
  }
  const Value* codes = rule.Find("onExitCodes");
  if (codes != nullptr) {
    const Path at = p / "onExitCodes";
    const absl::string_view op = Text(*codes, "operator");
    if (op.empty()) {
      e.Required(at / "operator", "valid values: [\"In\" \"NotIn\"]");
    } else {
      OneOf(e, at / "operator", op, {"In", "NotIn"});
    }
    if (const Value* name = codes->Find("containerName"); name && !containers.count(name->as_string())) {
      e.Invalid(at / "containerName", *name, "must be one of the container or initContainer names in the pod template");
    }
    const Path values_path = at / "values";
    const Array& values = Items(*codes, "values");
    if (values.empty()) {
      e.Invalid(values_path, Get(*codes, "values"), "at least one value is required");
    } else if (values.size() > 255) {
      e.TooMany(values_path, static_cast<int>(values.size()), 255);
    }
    bool ordered = true;
    std::set<int64_t> seen;
    for (size_t i = 0; i < values.size(); ++i) {
      const int64_t code = values[i].as_int();
      if (op == "In" && code == 0) e.Invalid(values_path[i], code, "must not be 0 for the In operator");
      if (!seen.insert(code).second) e.Duplicate(values_path[i], code);
      ordered = ordered && (i == 0 || values[i - 1].as_int() <= code);
    }
    if (!ordered) e.Invalid(values_path, Get(*codes, "values"), "must be ordered");
  }
  const Path conditions_path = p / "onPodConditions";
  const Array& conditions = Items(rule, "onPodConditions");
  if (conditions.size() > 20) e.TooMany(conditions_path, static_cast<int>(conditions.size()), 20);
  for (size_t i = 0; i < conditions.size(); ++i) {
    const Path at = conditions_path[i];
    LabelName(e, at / "type", Text(conditions[i], "type"));
    const absl::string_view status = Text(conditions[i], "status");
    if (status.empty()) {
      e.Required(at / "status", "valid values: [\"False\" \"True\" \"Unknown\"]");
    } else {
      OneOf(e, at / "status", status, {"False", "True", "Unknown"});
    }
  }
  const auto bare = [&](const char* text) {  // upstream leaves the value out here
    e.Add({apimachinery::FieldError::Type::kInvalid, apimachinery::FieldPath(p).ToString(), "", text});
  };
  if (codes != nullptr && !conditions.empty()) bare("specifying both OnExitCodes and OnPodConditions is not supported");
  if (codes == nullptr && conditions.empty()) bare("specifying one of OnExitCodes and OnPodConditions is required");
}

// All but the selector, which a cron job's template has not yet.
void JobTemplate(FieldErrors& e, const Path& p, const Value& spec) {
  for (const char* key : {"parallelism", "completions", "activeDeadlineSeconds", "backoffLimit",
                          "ttlSecondsAfterFinished", "backoffLimitPerIndex"}) {
    NonNegative(e, p, spec, key);
  }
  const Value* most_failed = spec.Find("maxFailedIndexes");
  const bool per_index = spec.Has("backoffLimitPerIndex");
  if (most_failed != nullptr) {
    NonNegative(e, p, spec, "maxFailedIndexes");
    if (!per_index) e.Required(p / "backoffLimitPerIndex", "when maxFailedIndexes is specified");
  }
  if (const Value* by = spec.Find("managedBy")) {
    Named(e, p / "managedBy", by->as_string(), apimachinery::IsDomainPrefixedPath(by->as_string()));
    if (by->as_string().size() > 63) e.TooLong(p / "managedBy", 63);
  }
  const absl::string_view mode = Text(spec, "completionMode");
  const bool indexed = mode == "Indexed";
  const Value* completions = spec.Find("completions");
  const int64_t parallelism = Int(spec, "parallelism");
  if (spec.Has("completionMode")) OneOf(e, p / "completionMode", mode, {"NonIndexed", "Indexed"});
  if (indexed) {
    if (completions == nullptr) e.Required(p / "completions", "when completion mode is Indexed");
    if (parallelism > 100000) {
      e.Invalid(p / "parallelism", parallelism, "must be less than or equal to 100000 when completion mode is Indexed");
    }
    if (completions != nullptr && most_failed != nullptr && most_failed->as_int() > completions->as_int()) {
      e.Invalid(p / "maxFailedIndexes", *most_failed, "must be less than or equal to completions");
    }
    if (most_failed != nullptr && most_failed->as_int() > 100000) {
      e.Invalid(p / "maxFailedIndexes", *most_failed, "must be less than or equal to 100000");
    }
    if (completions != nullptr && completions->as_int() > 100000 && per_index) {
      constexpr char kMany[] =
          "must be less than or equal to 10000 when completions are above 100000 and used with backoff limit per index";
      if (most_failed == nullptr) {
        e.Required(p / "maxFailedIndexes", "must be specified when completions is above 100000");
      }
      if (parallelism > 10000) e.Invalid(p / "parallelism", parallelism, kMany);
      if (most_failed != nullptr && most_failed->as_int() > 10000) e.Invalid(p / "maxFailedIndexes", *most_failed, kMany);
    }
  }
  if (mode.empty() || mode == "NonIndexed") {
    if (per_index) {
      e.Invalid(p / "backoffLimitPerIndex", Get(spec, "backoffLimitPerIndex"), "requires indexed completion mode");
    }
    if (most_failed != nullptr) e.Invalid(p / "maxFailedIndexes", *most_failed, "requires indexed completion mode");
  }
  const Value& pod = Sub(Sub(spec, "template"), "spec");
  const Value* failure = spec.Find("podFailurePolicy");
  if (failure != nullptr) {
    std::set<std::string> names;
    for (const char* list : {"containers", "initContainers"}) {
      for (const Value& c : Items(pod, list)) names.insert(std::string(Text(c, "name")));
    }
    const Path failure_path = p / "podFailurePolicy";
    const Path rules = failure_path / "rules";
    const Array& list = Items(*failure, "rules");
    if (list.size() > 20) e.TooMany(rules, static_cast<int>(list.size()), 20);
    for (size_t i = 0; i < list.size(); ++i) FailureRule(e, rules[i], spec, list[i], names);
  }
  if (const Value* success = spec.Find("successPolicy")) {
    const Path success_path = p / "successPolicy";
    const Path rules = success_path / "rules";
    const Array& list = Items(*success, "rules");
    if (!indexed) {
      Value shown = Value::MakeObject();  // as upstream prints its inner type
      Value shown_rules = list.empty() ? Get(*success, "rules") : Value();
      for (const Value& rule : list) {
        Value one = Value::MakeObject();
        one.Set("SucceededIndexes", Get(rule, "succeededIndexes"));
        one.Set("SucceededCount", Get(rule, "succeededCount"));
        shown_rules.Append(std::move(one));
      }
      if (shown_rules.is_hollow()) shown_rules = Value::MakeArray();
      shown.Set("Rules", std::move(shown_rules));
      e.Invalid(success_path, shown, "requires indexed completion mode");
    } else {
      if (list.empty()) e.Required(rules, "at least one rules must be specified when the successPolicy is specified");
      if (list.size() > 20) e.TooMany(rules, static_cast<int>(list.size()), 20);
      const int64_t all = completions == nullptr ? 0 : completions->as_int();
      for (size_t i = 0; i < list.size(); ++i) {
        const Path at = rules[i];
        const Value* indexes = list[i].Find("succeededIndexes");
        const Value* count = list[i].Find("succeededCount");
        if (indexes == nullptr && count == nullptr) {
          e.Required(at, "at least one of succeededCount or succeededIndexes must be specified");
        }
        int64_t total = 0;
        if (indexes != nullptr) {
          if (indexes->as_string().size() > 65536) e.TooLong(at / "succeededIndexes", 65536);
          const std::string error = Indexes(indexes->as_string(), all, &total);
          if (!error.empty()) {
            e.Invalid(at / "succeededIndexes", *indexes, absl::StrCat("error parsing succeededIndexes: ", error));
          }
        }
        if (count == nullptr) continue;
        NonNegative(e, at, list[i], "succeededCount");
        if (count->as_int() > all) {
          e.Invalid(at / "succeededCount", *count,
                    absl::StrCat("must be less than or equal to ", all, " (the number of specified completions)"));
        }
        if (indexes != nullptr && count->as_int() > total) {
          e.Invalid(at / "succeededCount", *count,
                    absl::StrCat("must be less than or equal to ", total,
                                 " (the number of indexes in the specified succeededIndexes field)"));
        }
      }
    }
  }
  if (spec.Has("podReplacementPolicy")) {
    const absl::string_view replacement = Text(spec, "podReplacementPolicy");
    if (failure != nullptr) {
      OneOf(e, p / "podReplacementPolicy", replacement, {"Failed"});
    } else {
      OneOf(e, p / "podReplacementPolicy", replacement, {"Failed", "TerminatingOrFailed"});
    }
  }
  PodTemplate(e, p / "template", Sub(spec, "template"));
  const absl::string_view restart = Text(pod, "restartPolicy");
  const Path restart_path = p / "template.spec.restartPolicy";
  if (restart.empty() || restart == "Always") {
    e.Required(restart_path, "valid values: \"OnFailure\", \"Never\"");
  } else if (!In(restart, {"OnFailure", "Never"})) {
    OneOf(e, restart_path, restart, {"OnFailure", "Never"});
  } else if (failure != nullptr && restart != "Never") {
    e.Invalid(restart_path, Value(restart), "only \"Never\" is supported when podFailurePolicy is specified");
  }
}

void JobSpec(FieldErrors& e, const Value& job) {
  const Path p("spec");
  const Value& spec = Sub(job, "spec");
  JobTemplate(e, p, spec);
  const Value* selector = spec.Find("selector");
  if (selector == nullptr) e.Required(p / "selector");
  LabelSelectorObject(e, p / "selector", selector);
  const auto parsed = apimachinery::LabelSelector::FromObject(selector);
  const Value& metadata = Sub(Sub(spec, "template"), "metadata");
  const Value* labels = metadata.Find("labels");
  if (selector == nullptr || (parsed.ok() && !parsed->Matches(labels))) {
    e.Invalid(p / "template.metadata.labels", Get(metadata, "labels"),
              "`selector` does not match template `labels`");
  }
}

void GeneratedSelector(FieldErrors& e, const Value& job) {
  const Value& spec = Sub(job, "spec");
  if (Flag(spec, "manualSelector") || !spec.Has("selector")) return;
  const std::string uid = job.GetString("metadata.uid"), name = job.GetString("metadata.name");
  if (uid.empty()) e.Required(Path("metadata.uid"));
  const Path metadata("spec.template.metadata");
  const Path labels_path = metadata / "labels";
  const Value& labels = Sub(Sub(Sub(spec, "template"), "metadata"), "labels");
  const std::pair<const char*, const std::string*> wanted[] = {{"controller-uid", &uid},
                                                               {"job-name", &name},
                                                               {"batch.kubernetes.io/controller-uid", &uid},
                                                               {"batch.kubernetes.io/job-name", &name}};
  Value expected = Value::MakeObject();
  for (const auto& [key, value] : wanted) {
    const Value* have = labels.Find(key);
    const std::string text = absl::StrCat("must be '", *value, "'");
    if (have == nullptr) {
      e.Required(labels_path.Key(key), text);
    } else if (have->as_string() != *value) {
      e.Invalid(labels_path.Key(key), labels, text);
    }
    expected.Set(key, *value);
  }
  const auto parsed = apimachinery::LabelSelector::FromObject(spec.Find("selector"));
  if (parsed.ok() && !parsed->Matches(&expected)) {
    InvalidSelector(e, Path("spec.selector"), spec.Find("selector"), "`selector` not auto-generated");
  }
}

void JobCreate(FieldErrors& e, const Value& job) {
  Metadata(e, job, true, SubdomainName);
  GeneratedSelector(e, job);
  JobSpec(e, job);
  const Value& spec = Sub(job, "spec");
  if (Text(spec, "completionMode") == "Indexed" && Int(spec, "completions") > 0) {
    const std::string name = job.GetString("metadata.name");
    const std::string host = absl::StrCat(name, "-", Int(spec, "completions") - 1);
    if (!apimachinery::IsDns1123Label(host).empty()) {
      e.Invalid(Path("metadata.name"), name,
                absl::StrCat("will not able to create pod with invalid DNS label: ", host));
    }
  }
}

void JobUpdate(FieldErrors& e, const Value& job, const Value& old) {
  MetadataUpdate(e, job, old);
  JobSpec(e, job);
  const Path p("spec");
  const Value& spec = Sub(job, "spec");
  const Value& before = Sub(old, "spec");
  const auto stays = [&](absl::string_view key) { Immutable(e, p / key, spec.Find(key), before.Find(key)); };
  if (!SameMember(spec, before, "completions")) {
    const bool indexed = Text(spec, "completionMode") == "Indexed" && spec.Has("completions");
    const Value& now = Get(spec, "completions");
    if (!indexed) {
      stays("completions");
    } else if (!SameMember(spec, before, "parallelism") || !(now == Get(spec, "parallelism"))) {
      if (!(now == Get(spec, "parallelism"))) {
        e.Invalid(p / "completions", now, absl::StrCat("can only be modified in tandem with spec.parallelism"));
      }
    }
  }
  ImmutableAs(e, p / "selector", "*meta.LabelSelector", spec.Find("selector"), before.Find("selector"));
  Value pod = Sub(spec, "template"), was = Sub(before, "template");
  if (Flag(before, "suspend")) {  // a suspended job may still say where its pods go
    for (Value* v : {&pod, &was}) {
      v->EraseAt("spec.affinity.nodeAffinity");
      v->EraseAt("spec.nodeSelector");
      v->EraseAt("spec.tolerations");
      v->EraseAt("spec.schedulingGates");
      v->EraseAt("metadata.annotations");
      v->EraseAt("metadata.labels");
      for (const char* emptied : {"metadata", "spec.affinity"}) {  // {} and nothing are the same here
        if (const Value* left = v->At(emptied); left != nullptr && left->empty()) v->EraseAt(emptied);
      }
    }
  }
  ImmutableAs(e, p / "template", "core.PodTemplateSpec", &pod, &was);
  stays("completionMode");
  ImmutableAs(e, p / "podFailurePolicy", "*batch.PodFailurePolicy", spec.Find("podFailurePolicy"),
              before.Find("podFailurePolicy"));
  stays("backoffLimitPerIndex");
  stays("managedBy");
  ImmutableAs(e, p / "successPolicy", "*batch.SuccessPolicy", spec.Find("successPolicy"), before.Find("successPolicy"));
}

bool ConditionTrue(const Value& job, absl::string_view type) {
  for (const Value& c : Items(Sub(job, "status"), "conditions")) {
    if (Text(c, "type") == type && Text(c, "status") == "True") return true;
  }
  return false;
}

void JobStatus(FieldErrors& e, const Value& job, const Value& old) {
  MetadataUpdate(e, job, old);
  const Path p("status");
  const Value& status = Sub(job, "status");
  const Value& before = Sub(old, "status");
  for (const char* key : {"active", "succeeded", "failed", "ready", "terminating"}) NonNegative(e, p, status, key);
  const auto conditions = [&](std::string text) {
    e.Add({apimachinery::FieldError::Type::kInvalid, "status.conditions", "", std::move(text)});
  };
  const bool complete = ConditionTrue(job, "Complete"), failed = ConditionTrue(job, "Failed"),
             target = ConditionTrue(job, "FailureTarget"), criteria = ConditionTrue(job, "SuccessCriteriaMet");
  const bool finished = complete || failed;
  if (const Value* uncounted = status.Find("uncountedTerminatedPods")) {
    std::set<std::string> seen;
    for (const char* key : {"succeeded", "failed"}) {
      const Path list_path = p / "uncountedTerminatedPods";
      const Path list = list_path / key;
      const Array& uids = Items(*uncounted, key);
      for (size_t i = 0; i < uids.size(); ++i) {
        if (uids[i].as_string().empty()) {
          e.Invalid(list[i], "", "must not be empty");
        } else if (!seen.insert(uids[i].as_string()).second) {
          e.Duplicate(list[i], uids[i]);
        }
      }
    }
  }
  if (SameValue(&status, &before)) return;
  if (complete && failed) conditions("cannot set Complete=True and Failed=true conditions");
  if (complete && target) conditions("cannot set Complete=True and FailureTarget=true conditions");
  const Value* completed = status.Find("completionTime");
  if (completed != nullptr && !complete) {
    e.Invalid(p / "completionTime", *completed, "cannot set completionTime when there is no Complete=True condition");
  }
  if (completed == nullptr && complete) e.Required(p / "completionTime", "completionTime is required for Complete jobs");
  if (completed != nullptr && status.Has("startTime") && Text(status, "completionTime") < Text(status, "startTime")) {
    e.Invalid(p / "completionTime", *completed, "must be equal to or after `startTime`");
  }
  if (failed && !target) conditions("cannot set Failed=True condition without the FailureTarget=true condition");
  if (complete && !criteria) conditions("cannot set Complete=True condition without the SuccessCriteriaMet=true condition");
  if (Int(status, "active") > 0 && finished) {
    e.Invalid(p / "active", Int(status, "active"), "active>0 is invalid for finished job");
  }
  if (!status.Has("startTime") && finished) e.Required(p / "startTime", "startTime is required for finished job");
  const bool indexed = Text(Sub(job, "spec"), "completionMode") == "Indexed";
  const int64_t all = Int(Sub(job, "spec"), "completions");
  int64_t total = 0;
  const absl::string_view done = Text(status, "completedIndexes");
  if (Sub(job, "spec").Has("completions")) {
    if (const std::string error = Indexes(done, all, &total); !error.empty()) {
      e.Invalid(p / "completedIndexes", Value(done), absl::StrCat("error parsing completedIndexes: ", error));
    }
  }
  if (!done.empty() && !indexed) {
    e.Invalid(p / "completedIndexes", Value(done), "cannot set non-empty completedIndexes when non-indexed completion mode");
  }
  if (status.Has("failedIndexes") && !Sub(job, "spec").Has("backoffLimitPerIndex")) {
    e.Invalid(p / "failedIndexes", Get(status, "failedIndexes"),
              "cannot set non-null failedIndexes when backoffLimitPerIndex is null");
  }
  if (Int(status, "terminating") > 0 && finished) {
    e.Invalid(p / "terminating", Int(status, "terminating"), "terminating>0 is invalid for finished job");
  }
  if (Int(status, "ready") > Int(status, "active")) {
    e.Invalid(p / "ready", Int(status, "ready"), "cannot set more ready pods than active");
  }
  if (criteria && failed) conditions("cannot set SuccessCriteriaMet=True and Failed=true conditions");
  if (criteria && target) conditions("cannot set SuccessCriteriaMet=True and FailureTarget=true conditions");
  for (const char* type : {"Failed", "Complete", "FailureTarget"}) {
    if (ConditionTrue(old, type) && !ConditionTrue(job, type)) {
      conditions(absl::StrCat("cannot disable the terminal ", type, "=True condition"));
    }
  }
  for (const char* key : {"failed", "succeeded"}) {
    if (Int(status, key) < Int(before, key)) {
      e.Invalid(p / key, Int(status, key), absl::StrCat("cannot decrease the ", key, " counter"));
    }
  }
  if (completed != nullptr && before.Has("completionTime") && !SameMember(status, before, "completionTime")) {
    e.Invalid(p / "completionTime", *completed, kImmutable);
  }
  if (before.Has("startTime") && !SameMember(status, before, "startTime") && !Flag(Sub(job, "spec"), "suspend")) {
    e.Required(p / "startTime", "startTime cannot be removed for unsuspended job");
  }
  if (ConditionTrue(old, "SuccessCriteriaMet") && !criteria) {
    conditions("cannot disable the SuccessCriteriaMet=True condition");
  }
}

void CronJobSpec(FieldErrors& e, const Value& job, const Value* old) {
  const Path p("spec");
  const Value& spec = Sub(job, "spec");
  const absl::string_view schedule = Text(spec, "schedule");
  if (schedule.empty()) {
    e.Required(p / "schedule");
  } else {
    const std::string error = CheckSchedule(schedule);
    if (!error.empty()) e.Invalid(p / "schedule", Value(schedule), error);
    const bool zoned = absl::StrContains(schedule, "TZ");
    const bool allowed = old != nullptr && absl::StrContains(old->GetString("spec.schedule"), "TZ");
    if (zoned && allowed && spec.Has("timeZone")) {
      e.Invalid(p / "schedule", Value(schedule), "cannot use both timeZone field and TZ or CRON_TZ in schedule");
    } else if (zoned && !allowed) {
      e.Invalid(p / "schedule", Value(schedule), "cannot use TZ or CRON_TZ in schedule, use timeZone field instead");
    }
  }
  NonNegative(e, p, spec, "startingDeadlineSeconds");
  const Value* zone = spec.Find("timeZone");
  if (zone != nullptr && (old == nullptr || !SameMember(job, *old, "spec.timeZone"))) {
    const std::string& name = zone->as_string();
    absl::TimeZone loaded;
    if (name.empty()) {
      e.Invalid(p / "timeZone", *zone, "timeZone must be nil or non-empty string");
    } else if (absl::EqualsIgnoreCase(name, "Local")) {
      e.Invalid(p / "timeZone", *zone, "timeZone must be an explicit time zone as defined in "
                                       "https://www.iana.org/time-zones");
    } else if (!absl::LoadTimeZone(name, &loaded)) {
      e.Invalid(p / "timeZone", *zone, absl::StrCat("unknown time zone ", name));
    }
  }
  RequiredOneOf(e, p / "concurrencyPolicy", Text(spec, "concurrencyPolicy"), {"Allow", "Forbid", "Replace"});
  const Path job_template = p / "jobTemplate";
  const Value& inner = Sub(Sub(spec, "jobTemplate"), "spec");
  JobTemplate(e, job_template / "spec", inner);
  if (inner.Has("selector")) {
    InvalidSelector(e, job_template / "spec.selector", inner.Find("selector"), "`selector` will be auto-generated");
  }
  if (Flag(inner, "manualSelector")) {
    e.NotSupported(job_template / "spec.manualSelector", Get(inner, "manualSelector"), {"nil", "false"});
  }
  NonNegative(e, p, spec, "successfulJobsHistoryLimit");
  NonNegative(e, p, spec, "failedJobsHistoryLimit");
}

void CronJobCreate(FieldErrors& e, const Value& job) {
  Metadata(e, job, true, SubdomainName);
  CronJobSpec(e, job, nullptr);
  const std::string name = job.GetString("metadata.name");
  if (name.size() > 52) e.Invalid(Path("metadata.name"), name, "must be no more than 52 characters");
}

void CronJobUpdate(FieldErrors& e, const Value& job, const Value& old) {
  MetadataUpdate(e, job, old);
  CronJobSpec(e, job, &old);
}

}  // namespace

absl::Span<const KindRules> BatchKinds() {
  static constexpr KindRules kRules[] = {
      {"batch", "Job", JobCreate, JobUpdate, JobStatus},
      {"batch", "CronJob", CronJobCreate, CronJobUpdate},
  };
  return kRules;
}

}  // namespace apiserver::validation
