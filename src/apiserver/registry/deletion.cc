#include "apiserver/registry/deletion.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "apimachinery/api_error.h"
#include "apimachinery/time.h"
#include "apiserver/apiextensions/conditions.h"

namespace apiserver::registry {
namespace {

using absl::string_view;
using apimachinery::Kind;
using apimachinery::Value;

constexpr string_view kOrphan = "orphan", kForeground = "foregroundDeletion";

bool IsNamespace(const Kind& kind) { return kind.kind == "Namespace" && kind.group.empty(); }
bool IsPod(const Kind& kind) { return kind.kind == "Pod" && kind.group.empty(); }

// Kinds whose dependents stay unless the request says otherwise, as they did before there was a collector.
bool OrphansByDefault(const Kind& kind) {
  return (kind.kind == "Job" && kind.group == "batch") || (kind.kind == "ReplicationController" && kind.group.empty());
}

std::vector<std::string> Finalizers(const Value& object) {
  std::vector<std::string> finalizers;
  for (const Value& f : object.GetArray("metadata.finalizers")) {
    if (f.is_string()) finalizers.push_back(f.as_string());
  }
  return finalizers;
}

bool Has(const std::vector<std::string>& list, string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

// What the garbage collector is to do with dependents, as finalizers of the object. True: they changed.
bool SetPropagation(const Kind& kind, const Value& options, Value& object) {
  if (kind.kind == "Event" && kind.custom == nullptr) return false;  // never has dependents
  std::vector<std::string> finalizers = Finalizers(object);
  const std::vector<std::string> before = finalizers;
  bool orphan = Has(finalizers, kOrphan), foreground = Has(finalizers, kForeground);
  const Value* policy = options.Find("propagationPolicy");
  if (const Value* old_style = options.Find("orphanDependents"); old_style != nullptr && old_style->is_bool()) {
    orphan = old_style->as_bool();
    foreground = IsNamespace(kind) && !orphan;
  } else if (policy != nullptr && policy->is_string()) {
    orphan = policy->as_string() == "Orphan";
    foreground = policy->as_string() == "Foreground";
  } else if (OrphansByDefault(kind) && !foreground) {
    orphan = true;
  }
  std::erase_if(finalizers, [](const std::string& f) { return f == kOrphan || f == kForeground; });
  if (orphan) finalizers.emplace_back(kOrphan);
  if (foreground) finalizers.emplace_back(kForeground);
  if (finalizers.size() == before.size() && std::is_permutation(finalizers.begin(), finalizers.end(), before.begin())) {
    return false;
  }
  Value list = Value::MakeArray();
  for (std::string& f : finalizers) list.Append(std::move(f));
  if (list.empty()) {
    object["metadata"].Erase("finalizers");
  } else {
    object["metadata"].Set("finalizers", std::move(list));
  }
  return true;
}

// A negative period counts as a second.
std::optional<int64_t> AskedGrace(const Value& options) {
  const Value* asked = options.Find("gracePeriodSeconds");
  if (asked == nullptr || !asked->is_int()) return std::nullopt;
  return asked->as_int() < 0 ? 1 : asked->as_int();
}

int64_t PodGrace(const Value& options, const Value& pod) {
  const std::string phase = pod.GetString("status.phase");
  // A pod that no node has, or that is done, needs no farewell.
  if (pod.GetString("spec.nodeName").empty() || phase == "Succeeded" || phase == "Failed") return 0;
  const int64_t period = AskedGrace(options).value_or(pod.GetInt("spec.terminationGracePeriodSeconds"));
  return period < 0 ? 1 : period;
}

void CountGeneration(Value& object) {
  if (const int64_t generation = object.GetInt("metadata.generation"); generation > 0) {
    object["metadata"].Set("generation", generation + 1);
  }
}

void SetDeletion(absl::Time when, int64_t grace, Value& object) {
  Value& meta = object["metadata"];
  meta.Set("deletionTimestamp", apimachinery::FormatTime(when));
  meta.Set("deletionGracePeriodSeconds", grace);
}

std::optional<absl::Time> DeletionTime(const Value& object) {
  const std::string text = object.GetString("metadata.deletionTimestamp");
  const auto time = apimachinery::ParseTime(text);
  return text.empty() || !time.ok() ? std::nullopt : std::optional<absl::Time>(*time);
}

DeletionPlan PlanPlain(const Kind& kind, const Value& options, absl::Time now, Value& object) {
  DeletionPlan plan;
  plan.store = SetPropagation(kind, options, object);
  plan.remove = object.GetArray("metadata.finalizers").empty();
  if (plan.remove) {
    plan.store = false;  // what it would say is gone with it
    return plan;
  }
  const std::optional<absl::Time> dying = DeletionTime(object);
  if (!dying) CountGeneration(object);
  const bool marked = dying && *dying <= now && object.At("metadata.deletionGracePeriodSeconds") != nullptr &&
                      object.GetInt("metadata.deletionGracePeriodSeconds") == 0;
  if (!marked) {
    SetDeletion(dying && *dying <= now ? *dying : now, 0, object);
    plan.store = true;
  }
  return plan;
}

DeletionPlan PlanPod(const Kind& kind, const Value& options, absl::Time now, Value& pod) {
  const std::optional<absl::Time> dying = DeletionTime(pod);
  const int64_t present = std::max<int64_t>(pod.GetInt("metadata.deletionGracePeriodSeconds"), 0);
  // Marked with no grace left: whoever marked it did not get to remove it, or a finalizer held it.
  if (dying && present == 0) return PlanPlain(kind, options, now, pod);
  DeletionPlan plan;
  int64_t grace = 0;
  if (dying) {  // only a shorter period changes anything
    const std::optional<int64_t> asked = AskedGrace(options);
    if (!asked || *asked >= present) return plan;
    grace = *asked;
    SetDeletion(*dying - absl::Seconds(present - grace), grace, pod);
  } else {
    grace = PodGrace(options, pod);
    SetDeletion(now + absl::Seconds(grace), grace, pod);
    CountGeneration(pod);
  }
  SetPropagation(kind, options, pod);
  plan.store = true;  // also with no grace left: watchers see that it is being deleted before it is gone
  plan.remove = grace == 0 && pod.GetArray("metadata.finalizers").empty();
  return plan;
}

DeletionPlan PlanNamespace(const Kind& kind, const Value& options, absl::Time now, Value& object) {
  DeletionPlan plan;
  if (!DeletionTime(object)) {  // the first request only tells that it is to go
    SetPropagation(kind, options, object);
    object["metadata"].Set("deletionTimestamp", apimachinery::FormatTime(now));
    object.Ensure("status").Set("phase", "Terminating");
    plan.store = true;
    return plan;
  }
  if (!object.GetArray("spec.finalizers").empty()) return plan;
  return PlanPlain(kind, options, now, object);
}

// Definitions of custom resources wait until their instances have gone.
DeletionPlan PlanDefinition(const Kind& kind, const Value& options, absl::Time now, Value& object) {
  if (DeletionTime(object)) return PlanPlain(kind, options, now, object);
  apiextensions::MarkForDeletion(object, now);
  DeletionPlan plan;
  plan.store = true;
  return plan;
}

}  // namespace

DeletionPlan PlanDeletion(const Kind& kind, const Value& options, absl::Time now, Value& object) {
  if (IsPod(kind)) return PlanPod(kind, options, now, object);
  if (IsNamespace(kind)) return PlanNamespace(kind, options, now, object);
  if (kind.kind == "CustomResourceDefinition" && kind.custom == nullptr) return PlanDefinition(kind, options, now, object);
  return PlanPlain(kind, options, now, object);
}

absl::Status CheckPreconditions(const Kind& kind, const Value& options, const Value& object) {
  const std::string name = object.GetString("metadata.name");
  const std::string uid = object.GetString("metadata.uid"), version = object.GetString("metadata.resourceVersion");
  const Value* wanted_uid = options.At("preconditions.uid");
  const Value* wanted_version = options.At("preconditions.resourceVersion");
  const bool wrong_uid = wanted_uid != nullptr && wanted_uid->is_string() && wanted_uid->as_string() != uid;
  const bool wrong_version =
      wanted_version != nullptr && wanted_version->is_string() && wanted_version->as_string() != version;
  if (!wrong_uid && !wrong_version) return absl::OkStatus();
  if (IsNamespace(kind) || kind.kind == "CustomResourceDefinition") {
    const std::string what = wrong_uid ? "UID" : "ResourceVersion";
    return apimachinery::Conflict(kind.group, kind.plural, name,
                                  absl::StrCat("Precondition failed: ", what, " in precondition: ",
                                               (wrong_uid ? wanted_uid : wanted_version)->as_string(), ", ", what,
                                               " in object meta: ", wrong_uid ? uid : version));
  }
  const absl::string_view group = kind.kind == "Event" ? "" : kind.group;  // events are core's in upstream's memory
  if (wrong_uid) {
    return apimachinery::Conflict(group, kind.kind, name,
                                  absl::StrCat("the UID in the precondition (", wanted_uid->as_string(),
                                               ") does not match the UID in record (", uid,
                                               "). The object might have been deleted and then recreated"));
  }
  return apimachinery::Conflict(group, kind.kind, name,
                                absl::StrCat("the ResourceVersion in the precondition (", wanted_version->as_string(),
                                             ") does not match the ResourceVersion in record (", version,
                                             "). The object might have been modified"));
}

}  // namespace apiserver::registry
