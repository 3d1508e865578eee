#include "controller-manager/disruption/disruption_controller.h"

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "client/api_error.h"
#include "controller-manager/disruption/disruption_plan.h"
#include "controller-manager/framework/metadata.h"
#include "k8s/apps/v1/deployment.pb.h"
#include "k8s/apps/v1/replicaset.pb.h"
#include "k8s/apps/v1/statefulset.pb.h"
#include "k8s/core/v1/replicationcontroller.pb.h"

namespace client {
template <>
inline constexpr ResourceInfo kResource<k8s::policy::v1::PodDisruptionBudget>{"policy", "v1", "poddisruptionbudgets",
                                                                             "PodDisruptionBudget", true};
}  // namespace client

namespace controller_manager {
namespace {

using k8s::apps::v1::Deployment;
using k8s::apps::v1::ReplicaSet;
using k8s::apps::v1::StatefulSet;
using k8s::core::v1::ReplicationController;
using BudgetPtr = std::shared_ptr<const PodDisruptionBudget>;

template <typename T>
int Wanted(const T& owner) {
  return owner.spec().has_replicas() ? owner.spec().replicas() : 1;
}

class DisruptionController final : public Controller {
 public:
  DisruptionController(const Context& context, int workers)
      : Controller("disruption-controller", workers), api_(context.api), clock_(context.clock),
        budgets_(context.informers.For<PodDisruptionBudget>()), pods_(context.informers.For<Pod>()),
        replica_sets_(context.informers.For<ReplicaSet>()), deployments_(context.informers.For<Deployment>()),
        stateful_sets_(context.informers.For<StatefulSet>()),
        controllers_(context.informers.For<ReplicationController>()), events_(context.events.As({"controllermanager"})) {
    budgets_.OnChange([this](const PodDisruptionBudget& budget) {
      queue().Add(client::KeyOf(budget.metadata().namespace_(), budget.metadata().name()));
    });
    pods_.AddHandler({[this](const PodPtr& pod) { OnPod(*pod); },
                      [this](const PodPtr& old, const PodPtr& pod) {
                        OnPod(*old);  // its labels may have led elsewhere
                        OnPod(*pod);
                      },
                      [this](const PodPtr& pod) { OnPod(*pod); }});
    replica_sets_.OnChange([this](const ReplicaSet& owner) { OnScale(owner.metadata().namespace_()); });
    deployments_.OnChange([this](const Deployment& owner) { OnScale(owner.metadata().namespace_()); });
    stateful_sets_.OnChange([this](const StatefulSet& owner) { OnScale(owner.metadata().namespace_()); });
    controllers_.OnChange([this](const ReplicationController& owner) { OnScale(owner.metadata().namespace_()); });
  }
  ~DisruptionController() override { Stop(); }

  absl::Status Reconcile(const std::string& key) override {
    const BudgetPtr budget = budgets_.Get(key);
    if (budget == nullptr) return absl::OkStatus();
    const std::string& ns = budget->metadata().namespace_();
    std::vector<PodPtr> pods;
    if (budget->spec().has_selector()) {  // none selects nothing, an empty one everything
      for (const PodPtr& pod : pods_.Namespace(ns)) {
        if (Matches(budget->spec().selector(), pod->metadata().labels())) pods.push_back(pod);
      }
    }
    const client::ObjectRef about = client::RefTo(*budget);
    if (pods.empty()) events_.Normal(about, "NoPods", "No matching pods found");
    absl::StatusOr<std::map<std::string, int>> scales = std::map<std::string, int>();
    if (NeedsScales(*budget)) scales = Scales(ns, pods);
    if (!scales.ok()) {
      const std::string why(scales.status().message());
      events_.Warning(about, "CalculateExpectedPodCountFailed",
                      absl::StrCat("Failed to calculate the number of expected pods: ", why));
      RETURN_IF_ERROR(Write(*budget, PlanFailSafe(*budget, why, clock_.Now())));
      return scales.status();
    }
    const DisruptionPlan plan =
        PlanDisruption(*budget, pods, CountExpected(*budget, static_cast<int>(pods.size()), *scales), clock_.Now());
    for (const PodPtr& pod : plan.not_deleted) {
      events_.Warning(client::RefTo(*pod), "NotDeleted",
                      absl::StrCat("Pod was expected by PDB ", ns, "/", budget->metadata().name(),
                                   " to be deleted but it wasn't"));
    }
    if (plan.recheck_in.has_value()) queue().AddAfter(key, *plan.recheck_in);
    return Write(*budget, plan);
  }

 private:
  absl::Status Write(const PodDisruptionBudget& budget, const DisruptionPlan& plan) {
    if (!plan.changed) return absl::OkStatus();
    PodDisruptionBudget next = budget;
    *next.mutable_status() = plan.status;
    const absl::Status written = api_.UpdateStatus(next).status();
    return IsNotFound(written) ? absl::OkStatus() : written;
  }

  // The wanted sizes of the pods' controllers; a ReplicaSet of a Deployment counts as the Deployment. Pods that nobody
  // controls do not count.
  absl::StatusOr<std::map<std::string, int>> Scales(const std::string& ns, const std::vector<PodPtr>& pods) const {
    std::map<std::string, int> scales;
    for (const PodPtr& pod : pods) {
      const OwnerReference* owner = ControllerOf(pod->metadata());
      if (owner == nullptr || scales.contains(owner->uid())) continue;
      if (!AddScale(ns, *owner, &scales)) {
        return absl::NotFoundError(absl::StrCat("found no controllers for pod \"", pod->metadata().name(), "\""));
      }
    }
    return scales;
  }

  bool AddScale(const std::string& ns, const OwnerReference& owner, std::map<std::string, int>* scales) const {
    const auto add = [&](const auto& found) {
      if (found == nullptr || found->metadata().uid() != owner.uid()) return false;
      (*scales)[owner.uid()] = Wanted(*found);
      return true;
    };
    if (owner.kind() == "StatefulSet") return add(stateful_sets_.Get(ns, owner.name()));
    if (owner.kind() == "ReplicationController") return add(controllers_.Get(ns, owner.name()));
    if (owner.kind() != "ReplicaSet") return false;
    const auto set = replica_sets_.Get(ns, owner.name());
    if (set == nullptr || set->metadata().uid() != owner.uid()) return false;
    const OwnerReference* above = ControllerOf(set->metadata());
    if (above != nullptr && above->kind() == "Deployment") {
      const auto deployment = deployments_.Get(ns, above->name());
      if (deployment == nullptr || deployment->metadata().uid() != above->uid()) return false;
      (*scales)[above->uid()] = Wanted(*deployment);
      return true;
    }
    return add(set);
  }

  void OnPod(const Pod& pod) {
    for (const BudgetPtr& budget : budgets_.Namespace(pod.metadata().namespace_())) {
      if (budget->spec().has_selector() && Matches(budget->spec().selector(), pod.metadata().labels())) {
        queue().Add(client::KeyOf(budget->metadata().namespace_(), budget->metadata().name()));
      }
    }
  }

  void OnScale(const std::string& ns) {
    for (const BudgetPtr& budget : budgets_.Namespace(ns)) {
      if (NeedsScales(*budget)) queue().Add(client::KeyOf(ns, budget->metadata().name()));
    }
  }

  const client::ApiClient& api_;
  const base::Clock& clock_;
  client::Informer<PodDisruptionBudget>& budgets_;
  client::Informer<Pod>& pods_;
  client::Informer<ReplicaSet>& replica_sets_;
  client::Informer<Deployment>& deployments_;
  client::Informer<StatefulSet>& stateful_sets_;
  client::Informer<ReplicationController>& controllers_;
  const client::EventRecorder events_;
};

}  // namespace

std::unique_ptr<Controller> NewDisruptionController(const Context& context, int workers) {
  return std::make_unique<DisruptionController>(context, workers);
}

}  // namespace controller_manager
