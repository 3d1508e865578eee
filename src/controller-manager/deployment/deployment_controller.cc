#include "controller-manager/deployment/deployment_controller.h"

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "client/api_error.h"
#include "controller-manager/deployment/deployment_plan.h"
#include "controller-manager/framework/template_hash.h"
#include "controller-manager/framework/metadata.h"
#include "controller-manager/framework/pods.h"
#include "controller-manager/replicaset/replica_controller.h"

namespace controller_manager {
namespace {

using Ptr = std::shared_ptr<const Deployment>;
using SetPtr = std::shared_ptr<const ReplicaSet>;

constexpr char kByOwner[] = "deployment-owner";

class DeploymentController final : public Controller {
 public:
  DeploymentController(const Context& context, int workers)
      : Controller("deployment-controller", workers), api_(context.api), clock_(context.clock),
        deployments_(context.informers.For<Deployment>()), sets_(context.informers.For<ReplicaSet>()),
        pods_(context.informers.For<Pod>()), events_(context.events.As({"deployment-controller"})) {
    IndexPodsByController(context.informers);
    sets_.AddIndex(kByOwner, [](const ReplicaSet& rs, std::vector<std::string>& keys) {
      const OwnerReference* owner = ControllerOf(rs.metadata());
      keys.push_back(owner != nullptr ? owner->uid() : absl::StrCat("orphan/", rs.metadata().namespace_()));
    });
    deployments_.OnChange([this](const Deployment& d) { Enqueue(d.metadata()); });
    sets_.AddHandler({[this](const SetPtr& rs) { OnSet(*rs); },
                      [this](const SetPtr& old, const SetPtr& rs) {
                        const OwnerReference* before = ControllerOf(old->metadata());
                        if (before != nullptr && !IsControlledBy(rs->metadata(), before->uid())) OnSet(*old);
                        OnSet(*rs);
                      },
                      [this](const SetPtr& rs) { OnSet(*rs); }});
    // A Recreate waits for the last old pod.
    pods_.AddHandler({nullptr, nullptr, [this](const PodPtr& pod) { OnPodDeleted(*pod); }});
  }
  ~DeploymentController() override { Stop(); }

  absl::Status Reconcile(const std::string& key) override {
    const Ptr d = deployments_.Get(key);
    if (d == nullptr) return absl::OkStatus();
    if (IsEmpty(d->spec().selector())) {
      events_.Warning(client::RefTo(*d), "SelectingAll",
                      "This deployment is selecting all pods. A non-empty selector is required.");
      if (d->status().observedgeneration() >= d->metadata().generation()) return absl::OkStatus();
      Deployment seen = *d;
      seen.mutable_status()->set_observedgeneration(d->metadata().generation());
      return api_.UpdateStatus(seen).status();
    }
    DeploymentInput input;
    input.deployment = d.get();
    ASSIGN_OR_RETURN(input.sets, Claim(*d));
    if (!IsRollingUpdate(*d)) {
      for (const SetPtr& rs : input.sets) {
        for (const PodPtr& pod : pods_.Indexed(kPodsByController, rs->metadata().uid())) {
          if (!IsTerminal(*pod)) ++input.living_pods[rs->metadata().uid()];
        }
      }
    }
    input.now = clock_.Now();
    return Execute(key, *d, PlanDeployment(input));
  }

 private:
  void Enqueue(const ObjectMeta& metadata) { queue().Add(client::KeyOf(metadata.namespace_(), metadata.name())); }

  void OnSet(const ReplicaSet& rs) {
    const ObjectMeta& metadata = rs.metadata();
    if (const OwnerReference* owner = ControllerOf(metadata); owner != nullptr) {
      if (owner->kind() == "Deployment") queue().Add(client::KeyOf(metadata.namespace_(), owner->name()));
      return;
    }
    for (const Ptr& d : deployments_.Namespace(metadata.namespace_())) {
      if (!IsEmpty(d->spec().selector()) && Matches(d->spec().selector(), metadata.labels())) Enqueue(d->metadata());
    }
  }

  void OnPodDeleted(const Pod& pod) {
    const OwnerReference* owner = ControllerOf(pod.metadata());
    if (owner == nullptr || owner->kind() != "ReplicaSet") return;
    const SetPtr rs = sets_.Get(pod.metadata().namespace_(), owner->name());
    if (rs == nullptr) return;
    const OwnerReference* parent = ControllerOf(rs->metadata());
    if (parent == nullptr || parent->kind() != "Deployment") return;
    const Ptr d = deployments_.Get(pod.metadata().namespace_(), parent->name());
    if (d != nullptr && !IsRollingUpdate(*d)) Enqueue(d->metadata());
  }

  absl::StatusOr<std::vector<SetPtr>> Claim(const Deployment& d) {
    const ObjectMeta& metadata = d.metadata();
    std::vector<SetPtr> mine;
    for (SetPtr& rs : sets_.Indexed(kByOwner, metadata.uid())) {
      if (Matches(d.spec().selector(), rs->metadata().labels())) {
        mine.push_back(std::move(rs));
      } else if (!IsDeleting(metadata)) {
        const absl::Status released = Patch(*rs, ReleasePatch(metadata.uid(), rs->metadata().uid()));
        if (!IsNotFound(released) && !client::IsInvalid(released)) RETURN_IF_ERROR(released);
      }
    }
    if (IsDeleting(metadata)) return mine;
    for (SetPtr& rs : sets_.Indexed(kByOwner, absl::StrCat("orphan/", metadata.namespace_()))) {
      if (IsDeleting(rs->metadata()) || !Matches(d.spec().selector(), rs->metadata().labels())) continue;
      ASSIGN_OR_RETURN(const Deployment fresh, api_.Get<Deployment>(metadata.namespace_(), metadata.name()));
      if (fresh.metadata().uid() != metadata.uid() || IsDeleting(fresh.metadata())) return mine;
      const absl::Status adopted = Patch(*rs, AdoptPatch(ControllerRefTo(d), rs->metadata().uid()));
      if (IsNotFound(adopted) || client::IsConflict(adopted)) continue;
      RETURN_IF_ERROR(adopted);
      mine.push_back(std::move(rs));
    }
    return mine;
  }

  absl::Status Patch(const ReplicaSet& rs, const std::string& patch) {
    return api_
        .Patch<ReplicaSet>(rs.metadata().namespace_(), rs.metadata().name(), client::kStrategicMergePatch, patch)
        .status();
  }

  absl::Status Execute(const std::string& key, const Deployment& d, const DeploymentPlan& plan) {
    const client::ObjectRef about = client::RefTo(d);
    for (const DeploymentPlan::Update& update : plan.updates) {
      RETURN_IF_ERROR(api_.Update(update.set).status());
      if (!update.event.empty()) events_.Normal(about, "ScalingReplicaSet", update.event);
    }
    if (plan.create.has_value()) {
      const absl::Status created = api_.Create(*plan.create).status();
      if (IsAlreadyExists(created)) {
        RETURN_IF_ERROR(ResolveCollision(d, *plan.create));
      } else if (!created.ok()) {
        return client::IsNamespaceTerminating(created) ? absl::OkStatus() : ReportFailure(d, *plan.create, created);
      } else if (!plan.create_event.empty()) {
        events_.Normal(about, "ScalingReplicaSet", plan.create_event);
      }
    }
    for (const std::string& name : plan.remove) {
      const absl::Status removed = api_.Delete<ReplicaSet>(d.metadata().namespace_(), name);
      if (!IsNotFound(removed)) RETURN_IF_ERROR(removed);
    }
    if (plan.status.has_value()) {
      const absl::Status written = api_.UpdateStatus(*plan.status).status();
      if (!IsNotFound(written)) RETURN_IF_ERROR(written);
    }
    if (plan.recheck.has_value()) queue().AddAfter(key, *plan.recheck);
    return absl::OkStatus();
  }

  // The name is taken. By our own ReplicaSet that the cache does not show yet: fine. Else the next hash must differ.
  absl::Status ResolveCollision(const Deployment& d, const ReplicaSet& wanted) {
    ASSIGN_OR_RETURN(const ReplicaSet there,
                     api_.Get<ReplicaSet>(d.metadata().namespace_(), wanted.metadata().name()));
    if (IsControlledBy(there.metadata(), d.metadata().uid()) &&
        SameTemplate(there.spec().template_(), d.spec().template_())) {
      return absl::OkStatus();
    }
    Deployment bumped = d;
    bumped.mutable_status()->set_collisioncount(d.status().collisioncount() + 1);
    RETURN_IF_ERROR(api_.UpdateStatus(bumped).status());
    return absl::AbortedError(absl::StrCat("replica set name ", wanted.metadata().name(), " is taken"));
  }

  absl::Status ReportFailure(const Deployment& d, const ReplicaSet& wanted, const absl::Status& failure) {
    const std::string message =
        absl::StrCat("Failed to create new replica set \"", wanted.metadata().name(), "\": ", failure.message());
    events_.Warning(client::RefTo(d), "ReplicaSetCreateError", message);
    if (d.spec().has_progressdeadlineseconds()) {
      Deployment failed = d;
      SetCondition(*failed.mutable_status(), "Progressing", "False", "ReplicaSetCreateError", message, clock_.Now());
      (void)api_.UpdateStatus(failed);
    }
    return failure;
  }

  const client::ApiClient& api_;
  const base::Clock& clock_;
  client::Informer<Deployment>& deployments_;
  client::Informer<ReplicaSet>& sets_;
  client::Informer<Pod>& pods_;
  const client::EventRecorder events_;
};

}  // namespace

std::unique_ptr<Controller> NewDeploymentController(const Context& context, int workers) {
  return std::make_unique<DeploymentController>(context, workers);
}

}  // namespace controller_manager
