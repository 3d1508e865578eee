#include "controller-manager/deployment/rollout.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "controller-manager/framework/metadata.h"

namespace controller_manager {
namespace {

constexpr size_t kMaxHistory = 2000;  // characters of revision-history

// An IntOrString against `total`.
int Resolve(const k8s::intstr::IntOrString& value, int total, bool round_up) {
  if (value.type() == 0) return value.intval();
  double percent = 0;
  if (!absl::SimpleAtod(absl::StripSuffix(value.strval(), "%"), &percent)) return 0;
  const double exact = percent * total / 100;
  return static_cast<int>(round_up ? std::ceil(exact) : std::floor(exact));
}

// {surge, unavailable}; never both zero, or the rollout could not move.
std::pair<int, int> Fenceposts(const Deployment& d) {
  const auto& rolling = d.spec().strategy().rollingupdate();
  const int surge = Resolve(rolling.maxsurge(), d.spec().replicas(), true);
  int unavailable = Resolve(rolling.maxunavailable(), d.spec().replicas(), false);
  if (surge == 0 && unavailable == 0) unavailable = 1;
  return {surge, unavailable};
}

int IntAnnotation(const ObjectMeta& metadata, const char* key, int fallback) {
  int value = 0;
  return absl::SimpleAtoi(Annotation(metadata, key), &value) ? value : fallback;
}

bool Set(ObjectMeta& metadata, const std::string& key, const std::string& value) {
  std::string& slot = (*metadata.mutable_annotations())[key];
  if (slot == value) return false;
  slot = value;
  return true;
}

bool IsBookkeeping(const std::string& key) {
  return key == "kubectl.kubernetes.io/last-applied-configuration" || key == kRevision || key == kRevisionHistory ||
         key == kDesiredReplicas || key == kMaxReplicas || key == "deprecated.deployment.rollback.to";
}

}  // namespace

bool IsRollingUpdate(const Deployment& d) { return d.spec().strategy().type() == "RollingUpdate"; }

int MaxSurge(const Deployment& d) { return IsRollingUpdate(d) ? Fenceposts(d).first : 0; }

int MaxUnavailable(const Deployment& d) {
  if (!IsRollingUpdate(d) || d.spec().replicas() == 0) return 0;
  return std::min(Fenceposts(d).second, d.spec().replicas());
}

int64_t RevisionOf(const ObjectMeta& metadata) {
  int64_t revision = 0;
  return absl::SimpleAtoi(Annotation(metadata, kRevision), &revision) ? revision : 0;
}

int SpecReplicas(const std::vector<const ReplicaSet*>& sets) {
  int sum = 0;
  for (const ReplicaSet* rs : sets) sum += rs->spec().replicas();
  return sum;
}

int ActualReplicas(const std::vector<const ReplicaSet*>& sets) {
  int sum = 0;
  for (const ReplicaSet* rs : sets) sum += rs->status().replicas();
  return sum;
}

int AvailableReplicas(const std::vector<const ReplicaSet*>& sets) {
  int sum = 0;
  for (const ReplicaSet* rs : sets) sum += rs->status().availablereplicas();
  return sum;
}

int NewReplicaSetSize(const Deployment& d, const std::vector<const ReplicaSet*>& all, const ReplicaSet& fresh) {
  const int desired = d.spec().replicas();
  if (!IsRollingUpdate(d)) return desired;
  const int room = desired + MaxSurge(d) - SpecReplicas(all);
  const int size = fresh.spec().replicas();
  return room <= 0 ? size : size + std::min(room, desired - size);
}

bool IsSaturated(const Deployment& d, const ReplicaSet* rs) {
  if (rs == nullptr) return false;
  const int desired = d.spec().replicas();
  return IntAnnotation(rs->metadata(), kDesiredReplicas, -1) == desired && rs->spec().replicas() == desired &&
         rs->status().availablereplicas() == desired;
}

bool IsComplete(const Deployment& d, const k8s::apps::v1::DeploymentStatus& status) {
  const int desired = d.spec().replicas();
  return status.updatedreplicas() == desired && status.replicas() == desired &&
         status.availablereplicas() == desired && status.observedgeneration() >= d.metadata().generation();
}

bool SetReplicasAnnotations(ReplicaSet& rs, int desired, int max) {
  const bool first = Set(*rs.mutable_metadata(), kDesiredReplicas, absl::StrCat(desired));
  const bool second = Set(*rs.mutable_metadata(), kMaxReplicas, absl::StrCat(max));
  return first || second;
}

bool SetReplicaSetAnnotations(const Deployment& d, ReplicaSet& rs, int64_t revision, bool exists) {
  bool changed = false;
  ObjectMeta& metadata = *rs.mutable_metadata();
  for (const auto& [key, value] : d.metadata().annotations()) {
    if (!IsBookkeeping(key) && Set(metadata, key, value)) changed = true;
  }
  const std::string old_text = Annotation(metadata, kRevision);
  const int64_t old_revision = RevisionOf(metadata);
  if (old_revision < revision) {
    changed |= Set(metadata, kRevision, absl::StrCat(revision));
    if (!old_text.empty()) {  // the old number stays in the history, as far back as there is room
      std::string history = Annotation(metadata, kRevisionHistory);
      history = history.empty() ? old_text : absl::StrCat(history, ",", old_text);
      while (history.size() > kMaxHistory) {
        const size_t comma = history.find(',');
        history = comma == std::string::npos ? "" : history.substr(comma + 1);
      }
      Set(metadata, kRevisionHistory, history);
    }
  }
  if (!exists && SetReplicasAnnotations(rs, d.spec().replicas(), d.spec().replicas() + MaxSurge(d))) changed = true;
  return changed;
}

int Proportion(const Deployment& d, const ReplicaSet& rs, int to_add, int added) {
  const int size = rs.spec().replicas();
  if (size == 0 || to_add == 0 || to_add == added) return 0;
  int share = -size;
  if (d.spec().replicas() != 0) {
    const int max = d.spec().replicas() + MaxSurge(d);
    int max_before = IntAnnotation(rs.metadata(), kMaxReplicas, 0);
    if (max_before == 0) max_before = d.status().replicas();
    if (max_before == 0) return 0;
    share = static_cast<int>(std::round(static_cast<double>(size) * max / max_before)) - size;
  }
  return to_add > 0 ? std::min(share, to_add - added) : std::max(share, to_add - added);
}

}  // namespace controller_manager
