#include "controller-manager/deployment/deployment_plan.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "controller-manager/framework/template_hash.h"
#include "controller-manager/framework/metadata.h"

namespace controller_manager {
namespace {

using k8s::apps::v1::DeploymentCondition;
using k8s::apps::v1::DeploymentStatus;
using Sets = std::vector<const ReplicaSet*>;

constexpr char kNewSetAvailable[] = "NewReplicaSetAvailable";
constexpr char kTimedOut[] = "ProgressDeadlineExceeded";

bool HasDeadline(const Deployment& d) {
  return d.spec().has_progressdeadlineseconds() &&
         d.spec().progressdeadlineseconds() != std::numeric_limits<int32_t>::max();
}

void RemoveCondition(DeploymentStatus& status, const std::string& type) {
  auto& all = *status.mutable_conditions();
  all.erase(std::remove_if(all.begin(), all.end(), [&](const auto& c) { return c.type() == type; }), all.end());
}

bool OlderFirst(const ReplicaSet* a, const ReplicaSet* b) {
  const absl::Time ta = CreatedAt(a->metadata()), tb = CreatedAt(b->metadata());
  return ta != tb ? ta < tb : a->metadata().name() < b->metadata().name();
}

// One round of planning over working copies of the ReplicaSets: each step sees what the steps before it decided.
class Planner {
 public:
  explicit Planner(const DeploymentInput& input) : in_(input), d_(*input.deployment), now_(input.now) {
    for (const auto& set : input.sets) working_.push_back(std::make_unique<ReplicaSet>(*set));
    const auto fresh = FindNewReplicaSet(*input.deployment, input.sets);
    for (const auto& set : working_) {
      if (fresh != nullptr && set->metadata().uid() == fresh->metadata().uid()) {
        new_ = set.get();
      } else {
        old_.push_back(set.get());
      }
    }
    std::sort(old_.begin(), old_.end(), OlderFirst);
  }

  DeploymentPlan Run() {
    if (IsDeleting(d_.metadata())) {
      SyncRevision(/*create=*/false);
      WriteStatus(CountStatus());
      return std::move(plan_);
    }
    UpdatePausedCondition();
    if (d_.spec().paused() || IsScalingEvent()) {
      SyncRevision(/*create=*/false);
      Scale();
      if (d_.spec().paused()) CleanUp();
      WriteStatus(CountStatus());
    } else if (IsRollingUpdate(d_)) {
      if (SyncRevision(/*create=*/true)) Roll();
    } else {
      Recreate();
    }
    return std::move(plan_);
  }

 private:
  Sets All() const {
    Sets all(old_.begin(), old_.end());
    if (new_ != nullptr) all.push_back(new_);
    return all;
  }
  Sets Old() const { return Sets(old_.begin(), old_.end()); }

  void UpdatePausedCondition() {
    if (!HasDeadline(d_)) return;
    const DeploymentCondition* progressing = FindCondition(d_.status(), "Progressing");
    if (progressing != nullptr && progressing->reason() == kTimedOut) return;
    const bool shown = progressing != nullptr && progressing->reason() == "DeploymentPaused";
    if (d_.spec().paused() && !shown) {
      SetCondition(*d_.mutable_status(), "Progressing", "Unknown", "DeploymentPaused", "Deployment is paused", now_);
    } else if (!d_.spec().paused() && shown) {
      SetCondition(*d_.mutable_status(), "Progressing", "Unknown", "DeploymentResumed", "Deployment is resumed", now_);
    }
  }

  // spec.replicas changed since some active ReplicaSet was sized.
  bool IsScalingEvent() const {
    for (const ReplicaSet* rs : All()) {
      if (rs->spec().replicas() == 0) continue;
      const std::string desired = Annotation(rs->metadata(), kDesiredReplicas);
      if (!desired.empty() && desired != absl::StrCat(d_.spec().replicas())) return true;
    }
    return false;
  }

  // Brings the new ReplicaSet's bookkeeping up to date, or plans its creation. False: it does not exist yet.
  bool SyncRevision(bool create) {
    int64_t newest_old = 0;
    for (const ReplicaSet* rs : old_) newest_old = std::max(newest_old, RevisionOf(rs->metadata()));
    const int64_t revision = newest_old + 1;
    if (new_ != nullptr) {
      bool changed = SetReplicaSetAnnotations(d_, *new_, revision, /*exists=*/true);
      if (new_->spec().minreadyseconds() != d_.spec().minreadyseconds()) {
        new_->mutable_spec()->set_minreadyseconds(d_.spec().minreadyseconds());
        changed = true;
      }
      if (changed) Touch(new_, "");
      SetDeploymentRevision(Annotation(new_->metadata(), kRevision));
      if (HasDeadline(d_) && FindCondition(d_.status(), "Progressing") == nullptr) {
        SetCondition(*d_.mutable_status(), "Progressing", "True", "FoundNewReplicaSet",
                     absl::StrCat("Found new replica set \"", new_->metadata().name(), "\""), now_);
      }
      return true;
    }
    if (create) PlanCreate(revision);
    return false;
  }

  void SetDeploymentRevision(const std::string& revision) {
    std::string& slot = (*d_.mutable_metadata()->mutable_annotations())[kRevision];
    if (slot == revision) return;
    slot = revision;
    revision_changed_ = true;
  }

  void PlanCreate(int64_t revision) {
    ReplicaSet rs;
    std::optional<int> collisions;
    if (d_.status().has_collisioncount()) collisions = d_.status().collisioncount();
    const std::string hash = TemplateHash(d_.spec().template_(), collisions);
    auto& metadata = *rs.mutable_metadata();
    metadata.set_name(absl::StrCat(d_.metadata().name(), "-", hash));
    metadata.set_namespace_(d_.metadata().namespace_());
    *metadata.add_ownerreferences() = ControllerRefTo(d_);
    auto& spec = *rs.mutable_spec();
    *spec.mutable_template_() = d_.spec().template_();
    (*spec.mutable_template_()->mutable_metadata()->mutable_labels())[kPodTemplateHash] = hash;
    *metadata.mutable_labels() = spec.template_().metadata().labels();
    *spec.mutable_selector() = d_.spec().selector();
    (*spec.mutable_selector()->mutable_matchlabels())[kPodTemplateHash] = hash;
    spec.set_minreadyseconds(d_.spec().minreadyseconds());
    spec.set_replicas(0);
    Sets all = Old();
    all.push_back(&rs);
    const int size = NewReplicaSetSize(d_, all, rs);
    spec.set_replicas(size);
    SetReplicaSetAnnotations(d_, rs, revision, /*exists=*/false);
    if (size > 0) {
      plan_.create_event = absl::StrCat("Scaled up replica set ", metadata.name(), " from 0 to ", size);
    }
    SetDeploymentRevision(absl::StrCat(revision));
    if (HasDeadline(d_)) {
      SetCondition(*d_.mutable_status(), "Progressing", "True", "NewReplicaSetCreated",
                   absl::StrCat("Created new replica set \"", metadata.name(), "\""), now_);
    }
    plan_.create = std::move(rs);
    plan_.status = d_;
  }

  // The working copy `rs` goes to the server.
  void Touch(ReplicaSet* rs, std::string event) {
    for (DeploymentPlan::Update& update : plan_.updates) {
      if (update.set.metadata().uid() != rs->metadata().uid()) continue;
      update.set = *rs;
      if (!event.empty()) update.event = std::move(event);
      return;
    }
    plan_.updates.push_back({*rs, std::move(event)});
  }

  bool Resize(ReplicaSet* rs, int size) {
    const int before = rs->spec().replicas();
    const bool noted = SetReplicasAnnotations(*rs, d_.spec().replicas(), d_.spec().replicas() + MaxSurge(d_));
    if (before == size && !noted) return false;
    rs->mutable_spec()->set_replicas(size);
    std::string event;
    if (before != size) {
      event = absl::StrCat("Scaled ", size > before ? "up" : "down", " replica set ", rs->metadata().name(), " from ",
                           before, " to ", size);
    }
    Touch(rs, std::move(event));
    return before != size;
  }

  // Sizes ReplicaSets outside a rollout step: one active set takes all; several share in proportion.
  void Scale() {
    std::vector<ReplicaSet*> active;
    for (ReplicaSet* rs : old_) {
      if (rs->spec().replicas() > 0) active.push_back(rs);
    }
    if (new_ != nullptr && new_->spec().replicas() > 0) active.push_back(new_);
    if (active.size() <= 1) {
      ReplicaSet* only = !active.empty() ? active[0] : new_ != nullptr ? new_ : old_.empty() ? nullptr : old_.back();
      if (only != nullptr && only->spec().replicas() != d_.spec().replicas()) Resize(only, d_.spec().replicas());
      return;
    }
    if (IsSaturated(d_, new_)) {
      for (ReplicaSet* rs : old_) {
        if (rs->spec().replicas() > 0) Resize(rs, 0);
      }
      return;
    }
    if (!IsRollingUpdate(d_)) return;
    const int allowed = d_.spec().replicas() > 0 ? d_.spec().replicas() + MaxSurge(d_) : 0;
    const int to_add = allowed - SpecReplicas(Sets(active.begin(), active.end()));
    std::sort(active.begin(), active.end(), [&](const ReplicaSet* a, const ReplicaSet* b) {
      if (a->spec().replicas() != b->spec().replicas()) return a->spec().replicas() > b->spec().replicas();
      return to_add > 0 ? OlderFirst(b, a) : OlderFirst(a, b);
    });
    std::vector<int> sizes;
    int added = 0;
    for (const ReplicaSet* rs : active) {
      const int share = Proportion(d_, *rs, to_add, added);
      sizes.push_back(rs->spec().replicas() + share);
      added += share;
    }
    sizes[0] = std::max(0, sizes[0] + to_add - added);  // the largest takes what rounding left
    for (size_t i = 0; i < active.size(); ++i) Resize(active[i], sizes[i]);
  }

  void Roll() {
    bool moved = false;
    if (new_->spec().replicas() > d_.spec().replicas()) {
      moved = Resize(new_, d_.spec().replicas());
    } else if (new_->spec().replicas() < d_.spec().replicas()) {
      moved = Resize(new_, NewReplicaSetSize(d_, All(), *new_));
    }
    if (!moved && !ShrinkOld() && IsComplete(d_, d_.status())) CleanUp();
    WriteStatus(RolloutStatus());
  }

  bool ShrinkOld() {
    if (SpecReplicas(Old()) == 0) return false;
    const int minimum = d_.spec().replicas() - MaxUnavailable(d_);
    const int new_unavailable = new_->spec().replicas() - new_->status().availablereplicas();
    const int max = SpecReplicas(All()) - minimum - new_unavailable;
    if (max <= 0) return false;
    bool moved = false;
    int cleaned = 0;  // broken pods first: they do not count as available anyway
    for (ReplicaSet* rs : old_) {
      const int size = rs->spec().replicas();
      const int broken = std::min(max - cleaned, size - rs->status().availablereplicas());
      if (cleaned >= max || size == 0 || broken <= 0) continue;
      cleaned += broken;
      moved |= Resize(rs, size - broken);
    }
    int spare = AvailableReplicas(All()) - minimum;
    for (ReplicaSet* rs : old_) {
      const int size = rs->spec().replicas();
      const int less = std::min(size, spare);
      if (spare <= 0 || size == 0) continue;
      spare -= less;
      moved |= Resize(rs, size - less);
    }
    return moved;
  }

  void Recreate() {
    SyncRevision(/*create=*/false);
    bool moved = false;
    for (ReplicaSet* rs : old_) {
      if (rs->spec().replicas() > 0) moved |= Resize(rs, 0);
    }
    if (!moved && !OldPodsLive()) {
      if (new_ == nullptr) {
        SyncRevision(/*create=*/true);
        return;
      }
      if (new_->spec().replicas() != d_.spec().replicas()) Resize(new_, d_.spec().replicas());
      if (IsComplete(d_, d_.status())) CleanUp();
    }
    WriteStatus(RolloutStatus());
  }

  bool OldPodsLive() const {
    if (ActualReplicas(Old()) > 0) return true;
    for (const auto& [uid, count] : in_.living_pods) {
      if (count > 0 && (new_ == nullptr || uid != new_->metadata().uid())) return true;
    }
    return false;
  }

  void CleanUp() {
    if (!d_.spec().has_revisionhistorylimit()) return;
    const int limit = d_.spec().revisionhistorylimit();
    if (limit == std::numeric_limits<int32_t>::max()) return;
    Sets alive;
    for (const ReplicaSet* rs : old_) {
      if (!IsDeleting(rs->metadata())) alive.push_back(rs);
    }
    const int excess = static_cast<int>(alive.size()) - limit;
    if (excess <= 0) return;
    std::stable_sort(alive.begin(), alive.end(), [](const ReplicaSet* a, const ReplicaSet* b) {
      return RevisionOf(a->metadata()) < RevisionOf(b->metadata());
    });
    for (int i = 0; i < excess; ++i) {
      const ReplicaSet& rs = *alive[i];
      if (rs.status().replicas() != 0 || rs.spec().replicas() != 0 ||
          rs.metadata().generation() > rs.status().observedgeneration()) {
        continue;
      }
      plan_.remove.push_back(rs.metadata().name());
    }
  }

  DeploymentStatus CountStatus() const {
    const Sets all = All();
    const int available = AvailableReplicas(all);
    DeploymentStatus status = d_.status();
    status.set_observedgeneration(d_.metadata().generation());
    status.set_replicas(ActualReplicas(all));
    status.set_updatedreplicas(new_ == nullptr ? 0 : new_->status().replicas());
    int ready = 0, terminating = 0;
    for (const ReplicaSet* rs : all) {
      ready += rs->status().readyreplicas();
      terminating += rs->status().terminatingreplicas();
    }
    status.set_readyreplicas(ready);
    status.set_availablereplicas(available);
    status.set_unavailablereplicas(std::max(0, SpecReplicas(all) - available));
    status.set_terminatingreplicas(terminating);
    if (available >= d_.spec().replicas() - MaxUnavailable(d_)) {
      SetCondition(status, "Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability.",
                   now_);
    } else {
      SetCondition(status, "Available", "False", "MinimumReplicasUnavailable",
                   "Deployment does not have minimum availability.", now_);
    }
    return status;
  }

  DeploymentStatus RolloutStatus() {
    DeploymentStatus status = CountStatus();
    if (!HasDeadline(d_)) RemoveCondition(status, "Progressing");
    const DeploymentCondition* current = FindCondition(d_.status(), "Progressing");
    const bool was_complete = status.replicas() == status.updatedreplicas() && current != nullptr &&
                              current->reason() == kNewSetAvailable;
    if (HasDeadline(d_) && !was_complete) {
      const std::string subject = new_ == nullptr
                                      ? absl::StrCat("Deployment \"", d_.metadata().name(), "\"")
                                      : absl::StrCat("ReplicaSet \"", new_->metadata().name(), "\"");
      if (IsComplete(d_, status)) {
        SetCondition(status, "Progressing", "True", kNewSetAvailable,
                     absl::StrCat(subject, " has successfully progressed."), now_);
      } else if (IsProgressing(status)) {
        const std::optional<k8s::meta::v1::Time> since =
            current != nullptr && current->status() == "True" ? std::optional(current->lasttransitiontime())
                                                              : std::nullopt;
        RemoveCondition(status, "Progressing");  // always a new update time: this is what the deadline counts from
        SetCondition(status, "Progressing", "True", "ReplicaSetUpdated", absl::StrCat(subject, " is progressing."),
                     now_);
        if (since.has_value()) {
          *status.mutable_conditions(status.conditions_size() - 1)->mutable_lasttransitiontime() = *since;
        }
      } else if (IsTimedOut(status)) {
        SetCondition(status, "Progressing", "False", kTimedOut, absl::StrCat(subject, " has timed out progressing."),
                     now_);
      }
    }
    CopyReplicaFailure(status);
    return status;
  }

  bool IsProgressing(const DeploymentStatus& status) const {
    const DeploymentStatus& before = d_.status();
    return status.updatedreplicas() > before.updatedreplicas() ||
           status.replicas() - status.updatedreplicas() < before.replicas() - before.updatedreplicas() ||
           status.readyreplicas() > before.readyreplicas() || status.availablereplicas() > before.availablereplicas();
  }

  bool IsTimedOut(const DeploymentStatus& status) const {
    const DeploymentCondition* progressing = FindCondition(status, "Progressing");
    if (progressing == nullptr || progressing->reason() == kNewSetAvailable) return false;
    if (progressing->reason() == kTimedOut) return true;
    return ToTime(progressing->lastupdatetime()) + absl::Seconds(d_.spec().progressdeadlineseconds()) < now_;
  }

  void CopyReplicaFailure(DeploymentStatus& status) const {
    const ReplicaSet* failed = nullptr;
    const auto failure_of = [](const ReplicaSet& rs) -> const k8s::apps::v1::ReplicaSetCondition* {
      for (const auto& c : rs.status().conditions()) {
        if (c.type() == "ReplicaFailure") return &c;
      }
      return nullptr;
    };
    if (new_ != nullptr && failure_of(*new_) != nullptr) failed = new_;
    for (const ReplicaSet* rs : old_) {
      if (failed == nullptr && failure_of(*rs) != nullptr) failed = rs;
    }
    if (failed == nullptr) return RemoveCondition(status, "ReplicaFailure");
    const auto* condition = failure_of(*failed);
    SetCondition(status, "ReplicaFailure", condition->status(), condition->reason(), condition->message(), now_);
  }

  void WriteStatus(DeploymentStatus status) {
    const bool changed = revision_changed_ || status.SerializePartialAsString() !=
                                                  in_.deployment->status().SerializePartialAsString();
    if (changed) {
      *d_.mutable_status() = std::move(status);
      plan_.status = d_;
      return;
    }
    const DeploymentCondition* progressing = FindCondition(status, "Progressing");
    if (!HasDeadline(d_) || progressing == nullptr || IsComplete(d_, status) || progressing->reason() == kTimedOut ||
        d_.spec().paused()) {
      return;
    }
    const absl::Duration left =
        ToTime(progressing->lastupdatetime()) + absl::Seconds(d_.spec().progressdeadlineseconds()) - now_;
    plan_.recheck = std::max(left, absl::ZeroDuration()) + absl::Seconds(1);
  }

  const DeploymentInput& in_;
  Deployment d_;  // with the status so far
  const absl::Time now_;
  std::vector<std::unique_ptr<ReplicaSet>> working_;
  ReplicaSet* new_ = nullptr;      // has the Deployment's present template
  std::vector<ReplicaSet*> old_;   // oldest first
  bool revision_changed_ = false;
  DeploymentPlan plan_;
};

}  // namespace

std::shared_ptr<const ReplicaSet> FindNewReplicaSet(const Deployment& d,
                                                    const std::vector<std::shared_ptr<const ReplicaSet>>& sets) {
  std::shared_ptr<const ReplicaSet> found;  // the oldest of several, so that the answer is stable
  for (const auto& set : sets) {
    if (!SameTemplate(set->spec().template_(), d.spec().template_())) continue;
    if (found == nullptr || OlderFirst(set.get(), found.get())) found = set;
  }
  return found;
}

const DeploymentCondition* FindCondition(const DeploymentStatus& status, const std::string& type) {
  for (const DeploymentCondition& condition : status.conditions()) {
    if (condition.type() == type) return &condition;
  }
  return nullptr;
}

void SetCondition(DeploymentStatus& status, const std::string& type, const std::string& value,
                  const std::string& reason, const std::string& message, absl::Time now) {
  DeploymentCondition next;
  next.set_type(type);
  next.set_status(value);
  next.set_reason(reason);
  next.set_message(message);
  SetTime(now, next.mutable_lastupdatetime());
  SetTime(now, next.mutable_lasttransitiontime());
  if (const DeploymentCondition* current = FindCondition(status, type); current != nullptr) {
    if (current->status() == value && current->reason() == reason) return;
    if (current->status() == value) *next.mutable_lasttransitiontime() = current->lasttransitiontime();
  }
  RemoveCondition(status, type);
  *status.add_conditions() = std::move(next);
}

DeploymentPlan PlanDeployment(const DeploymentInput& input) { return Planner(input).Run(); }

}  // namespace controller_manager
