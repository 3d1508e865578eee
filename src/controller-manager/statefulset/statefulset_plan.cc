#include "controller-manager/statefulset/statefulset_plan.h"

#include <algorithm>
#include <map>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "controller-manager/framework/pod_control.h"
#include "controller-manager/history/revisions.h"

namespace controller_manager {
namespace {

std::string RevisionOfPod(const Pod& pod) {
  const auto found = pod.metadata().labels().find(kRevisionHash);
  return found == pod.metadata().labels().end() ? "" : found->second;
}

class Planner {
 public:
  explicit Planner(const StatefulInput& input)
      : in_(input), set_(*input.set), first_(set_.spec().ordinals().start()),
        count_(set_.spec().has_replicas() ? set_.spec().replicas() : 1),
        in_order_(set_.spec().podmanagementpolicy() != "Parallel") {
    const auto& rolling = set_.spec().updatestrategy().rollingupdate();
    partition_ = set_.spec().updatestrategy().type() == "RollingUpdate" ? rolling.partition() : 0;
    for (const PodPtr& pod : input.pods) {
      const int ordinal = OrdinalOf(set_.metadata().name(), pod->metadata().name());
      if (ordinal < 0) continue;
      if (ordinal >= first_ && ordinal < first_ + count_) {
        wanted_[ordinal] = pod;
      } else {
        surplus_[ordinal] = pod;
      }
    }
  }

  StatefulPlan Run() {
    Count();
    if (!IsDeleting(set_.metadata()) && Start() && Stop()) Update();
    return std::move(plan_);
  }

 private:
  bool Healthy(const Pod& pod) const {
    return pod.status().phase() == "Running" && IsReady(pod) && !IsDeleting(pod.metadata());
  }
  bool Available(const Pod& pod) {
    if (!Healthy(pod)) return false;
    const absl::Time at = AvailableAt(pod, set_.spec().minreadyseconds());
    if (at <= in_.now) return true;
    if (!plan_.recheck.has_value() || at - in_.now < *plan_.recheck) plan_.recheck = at - in_.now;
    return false;
  }

  void Count() {
    auto& status = plan_.status;
    status = set_.status();
    status.set_observedgeneration(set_.metadata().generation());
    status.set_collisioncount(set_.status().collisioncount());  // set also when there were none
    status.set_currentrevision(in_.current_revision);
    status.set_updaterevision(in_.update_revision);
    int replicas = 0, ready = 0, available = 0, current = 0, updated = 0;
    for (const auto* group : {&wanted_, &surplus_}) {
      for (const auto& [ordinal, pod] : *group) {
        ++replicas;
        if (pod->status().phase() == "Running" && IsReady(*pod)) {
          ++ready;
          if (Available(*pod)) ++available;
        }
        if (IsDeleting(pod->metadata())) continue;
        if (RevisionOfPod(*pod) == in_.current_revision) ++current;
        if (RevisionOfPod(*pod) == in_.update_revision) ++updated;
      }
    }
    status.set_replicas(replicas);
    status.set_readyreplicas(ready);
    status.set_availablereplicas(available);
    status.set_currentreplicas(current);
    status.set_updatedreplicas(updated);
    if (set_.spec().updatestrategy().type() == "RollingUpdate" && in_.current_revision != in_.update_revision &&
        updated == count_ && replicas == count_ && ready == count_) {
      status.set_currentrevision(in_.update_revision);
      status.set_currentreplicas(updated);
    }
  }

  // Missing pods, lowest first. False: wait before anything else.
  bool Start() {
    for (int ordinal = first_; ordinal < first_ + count_; ++ordinal) {
      const auto found = wanted_.find(ordinal);
      if (found == wanted_.end()) {
        plan_.create.push_back(MakePod(ordinal));
        if (in_order_) return false;
        continue;
      }
      const Pod& pod = *found->second;
      if (IsTerminal(pod) && !IsDeleting(pod.metadata())) {
        plan_.remove.push_back(found->second);  // made again when it is gone
        if (in_order_) return false;
        continue;
      }
      if (in_order_ && !Available(pod)) return false;
    }
    return true;
  }

  // Pods beyond the wanted number, highest first.
  bool Stop() {
    for (auto it = surplus_.rbegin(); it != surplus_.rend(); ++it) {
      if (IsDeleting(it->second->metadata())) {
        if (in_order_) return false;
        continue;
      }
      plan_.remove.push_back(it->second);
      if (in_order_) return false;
    }
    return true;
  }

  // One outdated pod at a time, highest first, each only when the ones above are well.
  void Update() {
    if (set_.spec().updatestrategy().type() == "OnDelete" || !plan_.create.empty() || !plan_.remove.empty()) return;
    for (auto it = wanted_.rbegin(); it != wanted_.rend(); ++it) {
      if (it->first < first_ + partition_) return;
      const Pod& pod = *it->second;
      if (RevisionOfPod(pod) != in_.update_revision) {
        if (!IsDeleting(pod.metadata())) plan_.remove.push_back(it->second);
        return;
      }
      if (!Available(pod)) return;
    }
  }

  Pod MakePod(int ordinal) const {
    const bool held_back = ordinal < first_ + partition_ && in_.current_template.has_value();
    Pod pod = PodFromTemplate(held_back ? *in_.current_template : set_.spec().template_(), set_.metadata(),
                              ControllerRefTo(set_));
    const std::string name = absl::StrCat(set_.metadata().name(), "-", ordinal);
    auto& metadata = *pod.mutable_metadata();
    metadata.clear_generatename();
    metadata.set_name(name);
    auto& labels = *metadata.mutable_labels();
    labels["statefulset.kubernetes.io/pod-name"] = name;
    labels["apps.kubernetes.io/pod-index"] = absl::StrCat(ordinal);
    labels[kRevisionHash] = held_back ? in_.current_revision : in_.update_revision;
    auto& spec = *pod.mutable_spec();
    spec.set_hostname(name);
    spec.set_subdomain(set_.spec().servicename());
    for (const PersistentVolumeClaim& claim : set_.spec().volumeclaimtemplates()) {
      auto& volumes = *spec.mutable_volumes();
      const std::string& volume_name = claim.metadata().name();
      volumes.erase(std::remove_if(volumes.begin(), volumes.end(),
                                   [&](const auto& v) { return v.name() == volume_name; }),
                    volumes.end());
      auto& volume = *volumes.Add();
      volume.set_name(volume_name);
      volume.mutable_volumesource()->mutable_persistentvolumeclaim()->set_claimname(
          absl::StrCat(volume_name, "-", name));
    }
    return pod;
  }

  const StatefulInput& in_;
  const StatefulSet& set_;
  const int first_, count_;
  const bool in_order_;
  int partition_ = 0;
  std::map<int, PodPtr> wanted_, surplus_;
  StatefulPlan plan_;
};

}  // namespace

int OrdinalOf(const std::string& set_name, const std::string& pod_name) {
  int ordinal = -1;
  if (!absl::StartsWith(pod_name, set_name + "-")) return -1;
  return absl::SimpleAtoi(pod_name.substr(set_name.size() + 1), &ordinal) ? ordinal : -1;
}

std::vector<PersistentVolumeClaim> ClaimsFor(const StatefulSet& set, int ordinal) {
  std::vector<PersistentVolumeClaim> out;
  for (const PersistentVolumeClaim& claim_template : set.spec().volumeclaimtemplates()) {
    PersistentVolumeClaim& claim = out.emplace_back(claim_template);
    claim.mutable_metadata()->set_name(
        absl::StrCat(claim_template.metadata().name(), "-", set.metadata().name(), "-", ordinal));
    claim.mutable_metadata()->set_namespace_(set.metadata().namespace_());
    auto& labels = *claim.mutable_metadata()->mutable_labels();
    for (const auto& [key, value] : set.spec().selector().matchlabels()) labels[key] = value;
    claim.clear_status();
  }
  return out;
}

StatefulPlan PlanStatefulSet(const StatefulInput& input) { return Planner(input).Run(); }

}  // namespace controller_manager
