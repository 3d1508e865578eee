#include "controller-manager/replicaset/replica_controller.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "client/api_error.h"
#include "controller-manager/framework/batches.h"
#include "controller-manager/framework/expectations.h"
#include "controller-manager/framework/pod_control.h"
#include "controller-manager/replicaset/replica_plan.h"
#include "k8s/apps/v1/replicaset.pb.h"
#include "k8s/core/v1/replicationcontroller.pb.h"

namespace controller_manager {
namespace {

using k8s::apps::v1::ReplicaSet;
using k8s::core::v1::ReplicationController;

bool Selects(const ReplicaSet& rs, const Labels& labels) {
  return !IsEmpty(rs.spec().selector()) && Matches(rs.spec().selector(), labels);
}
bool Selects(const ReplicationController& rc, const Labels& labels) {
  return !rc.spec().selector().empty() && MatchesSet(rc.spec().selector(), labels);
}

std::string OrphansOf(const std::string& ns) { return absl::StrCat("orphan/", ns); }

template <typename T>
class ReplicaController final : public Controller {
 public:
  using Ptr = std::shared_ptr<const T>;

  ReplicaController(const Context& context, std::string name, int workers)
      : Controller(name, workers), api_(context.api), clock_(context.clock), owners_(context.informers.For<T>()),
        pods_(context.informers.For<Pod>()), control_(context.api, context.events.As({name})) {
    IndexPodsByController(context.informers);
    owners_.AddIndex("owner", [](const T& object, std::vector<std::string>& keys) {
      if (const OwnerReference* owner = ControllerOf(object.metadata())) keys.push_back(owner->uid());
    });
    owners_.AddHandler({[this](const Ptr& owner) { queue().Add(Key(owner->metadata())); },
                        [this](const Ptr& old, const Ptr& now) {
                          if (old->metadata().uid() != now->metadata().uid()) expected_.Forget(Key(now->metadata()));
                          queue().Add(Key(now->metadata()));
                        },
                        [this](const Ptr& owner) {
                          expected_.Forget(Key(owner->metadata()));
                          queue().Add(Key(owner->metadata()));
                        }});
    pods_.AddHandler({[this](const PodPtr& pod) { OnAdded(*pod); },
                      [this](const PodPtr& old, const PodPtr& pod) { OnUpdated(*old, *pod); },
                      [this](const PodPtr& pod) { OnDeleted(*pod); }});
  }
  ~ReplicaController() override { Stop(); }

  absl::Status Reconcile(const std::string& key) override {
    const Ptr owner = owners_.Get(key);
    if (owner == nullptr) return absl::OkStatus();  // its pods go by owner reference
    const absl::Time now = clock_.Now();
    const bool act = expected_.Satisfied(key, now) && !IsDeleting(owner->metadata());
    ASSIGN_OR_RETURN(const std::vector<PodPtr> all, Claim(*owner));
    ReplicaSpec spec{owner->spec().replicas(), owner->spec().minreadyseconds(),
                     &owner->spec().template_().metadata().labels()};
    std::vector<PodPtr> active;
    for (const PodPtr& pod : all) {
      if (IsActive(*pod)) active.push_back(pod);
    }
    const ReplicaPlan plan = PlanReplicas(spec, std::move(active), Family(*owner, all), now);
    absl::Status executed;
    if (act) executed = Execute(key, *owner, plan, now);
    if (plan.recheck_at.has_value()) queue().AddAfter(key, *plan.recheck_at - now + absl::Seconds(1));
    RETURN_IF_ERROR(Report(*owner, CountReplicas(spec, all, now), act, plan.create > 0, executed));
    return executed;
  }

 private:
  static std::string Key(const ObjectMeta& metadata) {
    return client::KeyOf(metadata.namespace_(), metadata.name());
  }

  Ptr Owner(const Pod& pod) const {
    const OwnerReference* ref = ControllerOf(pod.metadata());
    if (ref == nullptr || ref->kind() != client::kResource<T>.kind) return nullptr;
    const Ptr owner = owners_.Get(pod.metadata().namespace_(), ref->name());
    return owner != nullptr && owner->metadata().uid() == ref->uid() ? owner : nullptr;
  }

  void OnAdded(const Pod& pod) {
    if (IsDeleting(pod.metadata())) return OnDeleted(pod);
    if (ControllerOf(pod.metadata()) == nullptr) return AddSelecting(pod);
    const Ptr owner = Owner(pod);
    if (owner == nullptr) return;
    const std::string key = Key(owner->metadata());
    expected_.CreationObserved(key);
    queue().Add(key);
  }

  void OnUpdated(const Pod& old, const Pod& pod) {
    if (IsDeleting(pod.metadata())) return OnDeleted(pod);
    const Ptr before = Owner(old), owner = Owner(pod);
    if (before != nullptr && before != owner) queue().Add(Key(before->metadata()));
    if (owner != nullptr) {
      queue().Add(Key(owner->metadata()));
    } else if (ControllerOf(pod.metadata()) == nullptr) {
      AddSelecting(pod);
    }
  }

  void OnDeleted(const Pod& pod) {
    const Ptr owner = Owner(pod);
    if (owner == nullptr) return;
    const std::string key = Key(owner->metadata());
    expected_.DeletionObserved(key, pod.metadata().uid());
    queue().Add(key);
  }

  // Whoever may adopt an orphan.
  void AddSelecting(const Pod& pod) {
    for (const Ptr& owner : owners_.Namespace(pod.metadata().namespace_())) {
      if (Selects(*owner, pod.metadata().labels())) queue().Add(Key(owner->metadata()));
    }
  }

  // The pods that belong to `owner` after adopting matching orphans and releasing what no longer matches.
  absl::StatusOr<std::vector<PodPtr>> Claim(const T& owner) {
    const ObjectMeta& metadata = owner.metadata();
    std::vector<PodPtr> mine;
    for (PodPtr& pod : pods_.Indexed(kPodsByController, metadata.uid())) {
      if (Selects(owner, pod->metadata().labels())) {
        mine.push_back(std::move(pod));
      } else if (!IsDeleting(metadata)) {
        RETURN_IF_ERROR(control_.Release(*pod, metadata.uid()));
      }
    }
    if (IsDeleting(metadata)) return mine;
    bool checked = false;
    for (PodPtr& pod : pods_.Indexed(kPodsByController, OrphansOf(metadata.namespace_()))) {
      if (!IsActive(*pod) || !Selects(owner, pod->metadata().labels())) continue;
      if (!checked) {  // never adopt for an owner that is gone: the cache may lag
        ASSIGN_OR_RETURN(const T fresh, api_.Get<T>(metadata.namespace_(), metadata.name()));
        if (fresh.metadata().uid() != metadata.uid() || IsDeleting(fresh.metadata())) return mine;
        checked = true;
      }
      const absl::Status adopted = control_.Adopt(*pod, ControllerRefTo(owner));
      if (IsNotFound(adopted) || client::IsConflict(adopted)) continue;
      RETURN_IF_ERROR(adopted);
      mine.push_back(std::move(pod));
    }
    return mine;
  }

  std::vector<PodPtr> Family(const T& owner, const std::vector<PodPtr>& own) const {
    const OwnerReference* parent = ControllerOf(owner.metadata());
    if (parent == nullptr) return own;
    std::vector<PodPtr> family;
    for (const Ptr& sibling : owners_.Indexed("owner", parent->uid())) {
      for (PodPtr& pod : pods_.Indexed(kPodsByController, sibling->metadata().uid())) family.push_back(std::move(pod));
    }
    return family;
  }

  absl::Status Execute(const std::string& key, const T& owner, const ReplicaPlan& plan, absl::Time now) {
    const client::ObjectRef about = client::RefTo(owner);
    if (plan.create > 0) {
      const Pod pod = PodFromTemplate(owner.spec().template_(), owner.metadata(), ControllerRefTo(owner));
      expected_.ExpectCreations(key, plan.create, now);
      const BatchResult result = SlowStartBatch(plan.create, [&](int) { return control_.Create(pod, about); });
      for (int i = result.done; i < plan.create; ++i) expected_.CreationObserved(key);
      return client::IsNamespaceTerminating(result.status) ? absl::OkStatus() : result.status;
    }
    if (plan.remove.empty()) return absl::OkStatus();
    std::vector<std::string> uids;
    for (const PodPtr& pod : plan.remove) uids.push_back(pod->metadata().uid());
    expected_.ExpectDeletions(key, uids, now);
    return ForEach(static_cast<int>(plan.remove.size()), 16, [&](int i) {
      const absl::Status status = control_.Delete(*plan.remove[i], about);
      if (!status.ok()) expected_.DeletionObserved(key, uids[i]);
      return status;
    });
  }

  // Writes the status when it differs. `acted`: whether `executed` says something about the ReplicaFailure condition.
  absl::Status Report(const T& owner, const ReplicaCounts& counts, bool acted, bool creating,
                      const absl::Status& executed) {
    T next = owner;
    auto& status = *next.mutable_status();
    status.set_replicas(counts.replicas);
    status.set_fullylabeledreplicas(counts.fully_labeled);
    status.set_readyreplicas(counts.ready);
    status.set_availablereplicas(counts.available);
    if constexpr (std::is_same_v<T, ReplicaSet>) status.set_terminatingreplicas(counts.terminating);
    status.set_observedgeneration(owner.metadata().generation());
    auto& conditions = *status.mutable_conditions();
    const auto failure = std::find_if(conditions.begin(), conditions.end(),
                                      [](const auto& c) { return c.type() == "ReplicaFailure"; });
    if (acted && executed.ok() && failure != conditions.end()) conditions.erase(failure);
    if (acted && !executed.ok() && failure == conditions.end()) {
      auto& condition = *conditions.Add();
      condition.set_type("ReplicaFailure");
      condition.set_status("True");
      condition.set_reason(creating ? "FailedCreate" : "FailedDelete");
      condition.set_message(std::string(executed.message()));
      SetTime(clock_.Now(), condition.mutable_lasttransitiontime());
    }
    if (Same(owner.status(), status)) return absl::OkStatus();
    absl::Status written = api_.UpdateStatus(next).status();
    if (client::IsConflict(written)) {  // a newer spec: our counts are still true
      ASSIGN_OR_RETURN(T fresh, api_.Get<T>(owner.metadata().namespace_(), owner.metadata().name()));
      if (fresh.metadata().uid() != owner.metadata().uid()) return absl::OkStatus();
      *fresh.mutable_status() = status;
      written = api_.UpdateStatus(fresh).status();
    }
    return IsNotFound(written) ? absl::OkStatus() : written;
  }

  template <typename Status>
  static bool Same(const Status& a, const Status& b) {
    if (a.replicas() != b.replicas() || a.fullylabeledreplicas() != b.fullylabeledreplicas() ||
        a.readyreplicas() != b.readyreplicas() || a.availablereplicas() != b.availablereplicas() ||
        a.observedgeneration() != b.observedgeneration() || a.conditions_size() != b.conditions_size()) {
      return false;
    }
    if constexpr (std::is_same_v<T, ReplicaSet>) return a.terminatingreplicas() == b.terminatingreplicas();
    return true;
  }

  const client::ApiClient& api_;
  const base::Clock& clock_;
  client::Informer<T>& owners_;
  client::Informer<Pod>& pods_;
  const PodControl control_;
  Expectations expected_;
};

}  // namespace

void IndexPodsByController(client::Informers& informers) {
  informers.For<Pod>().AddIndex(kPodsByController, [](const Pod& pod, std::vector<std::string>& keys) {
    const OwnerReference* owner = ControllerOf(pod.metadata());
    keys.push_back(owner != nullptr ? owner->uid() : OrphansOf(pod.metadata().namespace_()));
  });
}

std::unique_ptr<Controller> NewReplicaSetController(const Context& context, int workers) {
  return std::make_unique<ReplicaController<ReplicaSet>>(context, "replicaset-controller", workers);
}

std::unique_ptr<Controller> NewReplicationController(const Context& context, int workers) {
  return std::make_unique<ReplicaController<ReplicationController>>(context, "replication-controller", workers);
}

}  // namespace controller_manager
