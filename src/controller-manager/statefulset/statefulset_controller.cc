#include "controller-manager/statefulset/statefulset_controller.h"

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "client/api_error.h"
#include "controller-manager/history/revisions.h"
#include "controller-manager/replicaset/replica_controller.h"
#include "controller-manager/statefulset/statefulset_plan.h"

namespace controller_manager {
namespace {

using SetPtr = std::shared_ptr<const StatefulSet>;

constexpr char kByOwner[] = "owner";

class StatefulSetController final : public Controller {
 public:
  StatefulSetController(const Context& context, int workers)
      : Controller("statefulset-controller", workers), api_(context.api), clock_(context.clock),
        sets_(context.informers.For<StatefulSet>()), pods_(context.informers.For<Pod>()),
        revisions_(context.informers.For<ControllerRevision>()),
        events_(context.events.As({"statefulset-controller"})) {
    IndexPodsByController(context.informers);
    revisions_.AddIndex(kByOwner, [](const ControllerRevision& revision, std::vector<std::string>& keys) {
      if (const OwnerReference* owner = ControllerOf(revision.metadata())) keys.push_back(owner->uid());
    });
    sets_.OnChange([this](const StatefulSet& set) {
      queue().Add(client::KeyOf(set.metadata().namespace_(), set.metadata().name()));
    });
    pods_.OnChange([this](const Pod& pod) {
      const OwnerReference* owner = ControllerOf(pod.metadata());
      if (owner != nullptr && owner->kind() == "StatefulSet") {
        queue().Add(client::KeyOf(pod.metadata().namespace_(), owner->name()));
      }
    });
  }
  ~StatefulSetController() override { Stop(); }

  absl::Status Reconcile(const std::string& key) override {
    const SetPtr set = sets_.Get(key);
    if (set == nullptr || IsEmpty(set->spec().selector())) return absl::OkStatus();
    StatefulInput input;
    input.set = set.get();
    input.pods = pods_.Indexed(kPodsByController, set->metadata().uid());
    input.now = clock_.Now();
    ASSIGN_OR_RETURN(const std::string data, TemplatePatch(set->spec().template_()));
    const std::vector<RevisionPtr> existing = revisions_.Indexed(kByOwner, set->metadata().uid());
    std::vector<std::string> in_use;
    for (const RevisionPtr& revision : existing) {
      const bool used = revision->metadata().name() == set->status().currentrevision() ||
                        std::any_of(input.pods.begin(), input.pods.end(), [&](const PodPtr& pod) {
                          const auto found = pod->metadata().labels().find(kRevisionHash);
                          return found != pod->metadata().labels().end() &&
                                 found->second == revision->metadata().name();
                        });
      if (used) in_use.push_back(HashOf(*revision));
      if (revision->metadata().name() == set->status().currentrevision()) input.current_template = TemplateOf(*revision);
    }
    const RevisionPlan revision = PlanRevisions(
        set->metadata(), ControllerRefTo(*set), set->spec().template_().metadata().labels(), data, existing, in_use,
        set->spec().revisionhistorylimit(),
        StatefulSetRevisionName(data, set->status().collisioncount()));
    RETURN_IF_ERROR(WriteRevisions(api_, set->metadata().namespace_(), revision));
    input.update_revision = revision.name;
    input.current_revision =
        set->status().currentrevision().empty() ? revision.name : set->status().currentrevision();
    const StatefulPlan plan = PlanStatefulSet(input);
    absl::Status executed = Execute(*set, plan);
    if (plan.recheck.has_value()) queue().AddAfter(key, *plan.recheck);
    if (plan.status.SerializePartialAsString() != set->status().SerializePartialAsString()) {
      StatefulSet next = *set;
      *next.mutable_status() = plan.status;
      const absl::Status written = api_.UpdateStatus(next).status();
      if (!IsNotFound(written)) RETURN_IF_ERROR(written);
    }
    return executed;
  }

 private:
  // Names are fixed, so doing it twice fails harmlessly: no expectations are needed.
  absl::Status Execute(const StatefulSet& set, const StatefulPlan& plan) {
    const client::ObjectRef about = client::RefTo(set);
    const std::string& set_name = set.metadata().name();
    for (const Pod& pod : plan.create) {
      const std::string& name = pod.metadata().name();
      RETURN_IF_ERROR(CreateClaims(set, OrdinalOf(set_name, name), about));
      const absl::Status created = api_.Create(pod).status();
      if (created.ok()) {
        events_.Normal(about, "SuccessfulCreate",
                       absl::StrCat("create Pod ", name, " in StatefulSet ", set_name, " successful"));
      } else if (!IsAlreadyExists(created)) {
        if (client::IsNamespaceTerminating(created)) return absl::OkStatus();
        events_.Warning(about, "FailedCreate",
                        absl::StrCat("create Pod ", name, " in StatefulSet ", set_name, " failed error: ",
                                     created.message()));
        return created;
      }
    }
    for (const PodPtr& pod : plan.remove) {
      const std::string& name = pod->metadata().name();
      const absl::Status deleted =
          api_.Delete<Pod>(pod->metadata().namespace_(), name, {.uid = pod->metadata().uid()});
      if (deleted.ok()) {
        events_.Normal(about, "SuccessfulDelete",
                       absl::StrCat("delete Pod ", name, " in StatefulSet ", set_name, " successful"));
      } else if (!IsNotFound(deleted) && !client::IsConflict(deleted)) {
        return deleted;
      }
    }
    return absl::OkStatus();
  }

  absl::Status CreateClaims(const StatefulSet& set, int ordinal, const client::ObjectRef& about) {
    for (const PersistentVolumeClaim& claim : ClaimsFor(set, ordinal)) {
      const absl::Status created = api_.Create(claim).status();
      if (created.ok()) {
        events_.Normal(about, "SuccessfulCreate",
                       absl::StrCat("create Claim ", claim.metadata().name(), " Pod ", set.metadata().name(), "-",
                                    ordinal, " in StatefulSet ", set.metadata().name(), " success"));
      } else if (!IsAlreadyExists(created)) {
        return created;
      }
    }
    return absl::OkStatus();
  }

  const client::ApiClient& api_;
  const base::Clock& clock_;
  client::Informer<StatefulSet>& sets_;
  client::Informer<Pod>& pods_;
  client::Informer<ControllerRevision>& revisions_;
  const client::EventRecorder events_;
};

}  // namespace

std::unique_ptr<Controller> NewStatefulSetController(const Context& context, int workers) {
  return std::make_unique<StatefulSetController>(context, workers);
}

}  // namespace controller_manager
