#include "controller-manager/daemonset/daemonset_controller.h"

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "client/api_error.h"
#include "controller-manager/daemonset/daemonset_plan.h"
#include "controller-manager/framework/batches.h"
#include "controller-manager/framework/expectations.h"
#include "controller-manager/framework/pod_control.h"
#include "controller-manager/history/revisions.h"
#include "controller-manager/replicaset/replica_controller.h"

namespace controller_manager {
namespace {

using SetPtr = std::shared_ptr<const DaemonSet>;

constexpr char kByOwner[] = "owner";

class DaemonSetController final : public Controller {
 public:
  DaemonSetController(const Context& context, int workers)
      : Controller("daemonset-controller", workers), api_(context.api), clock_(context.clock),
        sets_(context.informers.For<DaemonSet>()), pods_(context.informers.For<Pod>()),
        nodes_(context.informers.For<Node>()), revisions_(context.informers.For<ControllerRevision>()),
        control_(context.api, context.events.As({"daemonset-controller"})) {
    IndexPodsByController(context.informers);
    revisions_.AddIndex(kByOwner, [](const ControllerRevision& revision, std::vector<std::string>& keys) {
      if (const OwnerReference* owner = ControllerOf(revision.metadata())) keys.push_back(owner->uid());
    });
    sets_.OnChange([this](const DaemonSet& set) { queue().Add(Key(set.metadata())); });
    nodes_.AddHandler({[this](const NodePtr&) { EnqueueAll(); },
                       [this](const NodePtr& old, const NodePtr& node) {
                         if (Relevant(*old, *node)) EnqueueAll();
                       },
                       [this](const NodePtr&) { EnqueueAll(); }});
    pods_.AddHandler({[this](const PodPtr& pod) { OnPod(*pod, true, false); },
                      [this](const PodPtr&, const PodPtr& pod) { OnPod(*pod, false, IsDeleting(pod->metadata())); },
                      [this](const PodPtr& pod) { OnPod(*pod, false, true); }});
  }
  ~DaemonSetController() override { Stop(); }

  absl::Status Reconcile(const std::string& key) override {
    const SetPtr set = sets_.Get(key);
    if (set == nullptr) {
      expected_.Forget(key);
      return absl::OkStatus();
    }
    if (IsEmpty(set->spec().selector()) || IsDeleting(set->metadata())) return absl::OkStatus();
    const absl::Time now = clock_.Now();
    const std::vector<PodPtr> pods = pods_.Indexed(kPodsByController, set->metadata().uid());
    ASSIGN_OR_RETURN(const std::string data, TemplatePatch(set->spec().template_()));
    std::vector<std::string> in_use;
    for (const PodPtr& pod : pods) {
      const auto hash = pod->metadata().labels().find(kRevisionHash);
      if (hash != pod->metadata().labels().end()) in_use.push_back(hash->second);
    }
    const RevisionPlan revision =
        PlanRevisions(set->metadata(), ControllerRefTo(*set), set->spec().template_().metadata().labels(), data,
                      revisions_.Indexed(kByOwner, set->metadata().uid()), in_use, set->spec().revisionhistorylimit(),
                      DaemonSetRevisionName(set->spec().template_(),
                                            set->status().has_collisioncount()
                                                ? std::optional<int>(set->status().collisioncount())
                                                : std::nullopt));
    RETURN_IF_ERROR(WriteRevisions(api_, set->metadata().namespace_(), revision));
    const DaemonPlan plan = PlanDaemons(*set, nodes_.List(), pods, revision.hash, now);
    absl::Status executed;
    if (expected_.Satisfied(key, now)) executed = Execute(key, *set, plan, revision.hash, now);
    if (plan.status.SerializePartialAsString() != set->status().SerializePartialAsString()) {
      DaemonSet next = *set;
      *next.mutable_status() = plan.status;
      const absl::Status written = api_.UpdateStatus(next).status();
      if (!IsNotFound(written)) RETURN_IF_ERROR(written);
    }
    if (set->spec().minreadyseconds() > 0 && plan.status.numberavailable() != plan.status.numberready()) {
      queue().AddAfter(key, absl::Seconds(set->spec().minreadyseconds()));
    }
    return executed;
  }

 private:
  static std::string Key(const ObjectMeta& metadata) {
    return client::KeyOf(metadata.namespace_(), metadata.name());
  }

  static bool Relevant(const Node& old, const Node& node) {
    if (old.spec().taints_size() != node.spec().taints_size()) return true;
    for (int i = 0; i < old.spec().taints_size(); ++i) {
      if (old.spec().taints(i).SerializePartialAsString() != node.spec().taints(i).SerializePartialAsString()) {
        return true;
      }
    }
    return !MatchesSet(old.metadata().labels(), node.metadata().labels()) ||
           !MatchesSet(node.metadata().labels(), old.metadata().labels());
  }

  void EnqueueAll() {
    for (const SetPtr& set : sets_.List()) queue().Add(Key(set->metadata()));
  }

  void OnPod(const Pod& pod, bool created, bool gone) {
    const OwnerReference* owner = ControllerOf(pod.metadata());
    if (owner == nullptr || owner->kind() != "DaemonSet") return;
    const std::string key = client::KeyOf(pod.metadata().namespace_(), owner->name());
    if (created) expected_.CreationObserved(key);
    if (gone) expected_.DeletionObserved(key, pod.metadata().uid());
    queue().Add(key);
  }

  absl::Status Execute(const std::string& key, const DaemonSet& set, const DaemonPlan& plan, const std::string& hash,
                       absl::Time now) {
    const client::ObjectRef about = client::RefTo(set);
    const int creations = static_cast<int>(plan.create.size()), removals = static_cast<int>(plan.remove.size());
    std::vector<std::string> uids;
    for (const PodPtr& pod : plan.remove) uids.push_back(pod->metadata().uid());
    if (creations > 0) expected_.ExpectCreations(key, creations, now);
    if (removals > 0) expected_.ExpectDeletions(key, uids, now);
    const BatchResult created = SlowStartBatch(
        creations, [&](int i) { return control_.Create(MakeDaemonPod(set, plan.create[i], hash), about); });
    for (int i = created.done; i < creations; ++i) expected_.CreationObserved(key);
    const absl::Status removed = ForEach(removals, 8, [&](int i) {
      const absl::Status status = control_.Delete(*plan.remove[i], about);
      if (!status.ok()) expected_.DeletionObserved(key, uids[i]);
      return status;
    });
    if (client::IsNamespaceTerminating(created.status)) return removed;
    RETURN_IF_ERROR(created.status);
    return removed;
  }

  const client::ApiClient& api_;
  const base::Clock& clock_;
  client::Informer<DaemonSet>& sets_;
  client::Informer<Pod>& pods_;
  client::Informer<Node>& nodes_;
  client::Informer<ControllerRevision>& revisions_;
  const PodControl control_;
  Expectations expected_;
};

}  // namespace

std::unique_ptr<Controller> NewDaemonSetController(const Context& context, int workers) {
  return std::make_unique<DaemonSetController>(context, workers);
}

}  // namespace controller_manager
