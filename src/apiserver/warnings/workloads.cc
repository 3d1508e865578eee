// Pods and what holds pod templates. Templates are looked at again only when the object's generation has moved.
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "apiserver/warnings/notes.h"

namespace apiserver::warnings {
namespace {

using validation::Int;
using validation::Items;
using validation::Sub;
using validation::Text;

void HostName(Notes& notes, const Value& object, absl::string_view used) {
  const auto problems = apimachinery::IsDns1123Label(object.GetString("metadata.name"));
  if (problems.empty()) return;
  notes.At(Path("metadata.name"),
           absl::StrCat("this is used in ", used, ", which can result in surprising behavior; a DNS label is recommended: [",
                        absl::StrJoin(problems, " "), "]"));
}
constexpr char kPodNames[] = "Pod names and hostnames";

bool SameGeneration(const Value& object, const Value* old) {
  return old != nullptr && object.GetInt("metadata.generation") == old->GetInt("metadata.generation");
}

void Template(Notes& notes, const Value& object) {
  notes.PodOrTemplate(Path("spec.template"), true, Sub(Sub(object, "spec"), "template"));
}

void Pod(Notes& notes, const Value& object, const Value* old) {
  if (old != nullptr) return;
  HostName(notes, object, "the Pod's hostname");
  notes.PodOrTemplate(Path(), false, object);
}

void PodStatus(Notes& notes, const Value& object, const Value*) {
  const Path status("status");
  for (const char* list : {"podIPs", "hostIPs"}) {
    const Path ips = status / list;
    const apimachinery::Array& items = Items(Sub(object, "status"), list);
    for (size_t i = 0; i < items.size(); ++i) {
      const Path at = ips[i];
      notes.Ip(at / "ip", Text(items[i], "ip"));
    }
  }
}

void PodTemplate(Notes& notes, const Value& object, const Value* old) {
  if (!SameGeneration(object, old)) notes.PodOrTemplate(Path("template"), true, Sub(object, "template"));
}

// Deployment, ReplicaSet.
void Named(Notes& notes, const Value& object, const Value* old) {
  if (old == nullptr) HostName(notes, object, kPodNames);
  if (!SameGeneration(object, old)) Template(notes, object);
}

void ReplicationController(Notes& notes, const Value& object, const Value* old) {
  if (old == nullptr) HostName(notes, object, kPodNames);
  if (!SameGeneration(object, old)) Template(notes, old == nullptr ? object : *old);  // upstream looks at the old one
}

void DaemonSet(Notes& notes, const Value& object, const Value* old) {
  constexpr char kCount[] = "deprecated.daemonset.template.generation";
  const auto count = [&](const Value& set) { return Text(Sub(Sub(set, "metadata"), "annotations"), kCount); };
  if (old == nullptr || count(object) != count(*old)) Template(notes, object);
}

void StatefulSet(Notes& notes, const Value& object, const Value* old) {
  if (!SameGeneration(object, old)) Template(notes, object);
  const Path list("spec.volumeClaimTemplates");
  const apimachinery::Array& claims = Items(Sub(object, "spec"), "volumeClaimTemplates");
  for (size_t i = 0; i < claims.size(); ++i) {
    const Path at = list[i];
    if (old == nullptr) {
      notes.ClaimSpec(at, Sub(claims[i], "spec"));
    } else {
      notes.ClaimSpec(at / "Spec", Sub(claims[i], "spec"));
    }
  }
  if (Int(Sub(object, "spec"), "revisionHistoryLimit") < 0) {
    notes.Add("spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended");
  }
}

void JobSpec(Notes& notes, const Path& p, const Value& spec) {
  if (Text(spec, "completionMode") == "Indexed" && Int(spec, "completions") > 100000 && Int(spec, "parallelism") > 10000) {
    notes.At(p, "In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, "
                "Kubernetes might not be able to track completedIndexes when a big number of indexes fail");
  }
  notes.PodOrTemplate(p / "template", true, Sub(spec, "template"));
}

void Job(Notes& notes, const Value& object, const Value* old) {
  if (old == nullptr) HostName(notes, object, kPodNames);
  if (!SameGeneration(object, old)) JobSpec(notes, Path("spec"), Sub(object, "spec"));
}

void CronJob(Notes& notes, const Value& object, const Value* old) {
  if (old == nullptr) HostName(notes, object, kPodNames);
  if (!SameGeneration(object, old)) {
    JobSpec(notes, Path("spec.jobTemplate.spec"), Sub(Sub(Sub(object, "spec"), "jobTemplate"), "spec"));
  }
  if (old != nullptr && absl::StrContains(object.GetString("spec.schedule"), "TZ")) {
    notes.Add("cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see "
              "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details");
  }
}

}  // namespace

absl::Span<const KindNotes> WorkloadNotes() {
  static constexpr KindNotes kNotes[] = {
      {"", "Pod", "", Pod},
      {"", "Pod", "status", PodStatus},
      {"", "PodTemplate", "", PodTemplate},
      {"", "ReplicationController", "", ReplicationController},
      {"apps", "Deployment", "", Named},
      {"apps", "ReplicaSet", "", Named},
      {"apps", "DaemonSet", "", DaemonSet},
      {"apps", "StatefulSet", "", StatefulSet},
      {"batch", "Job", "", Job},
      {"batch", "CronJob", "", CronJob},
  };
  return kNotes;
}

}  // namespace apiserver::warnings
