#include "scheduler/scheduler.h"

#include <map>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "apimachinery/json.h"
#include "apimachinery/volume_claims.h"
#include "base/log.h"
#include "base/metrics/page.h"
#include "client/api_error.h"
#include "k8s/core/v1/namespace.pb.h"
#include "k8s/core/v1/node.pb.h"
#include "k8s/core/v1/persistentvolume.pb.h"
#include "k8s/core/v1/pod.pb.h"
#include "k8s/storage/v1/storageclass.pb.h"
#include "scheduler/cache/cache.h"
#include "scheduler/cache/volume_cache.h"
#include "scheduler/framework/convert.h"
#include "scheduler/framework/preemption.h"
#include "scheduler/plugins/plugins.h"
#include "scheduler/queue/scheduling_queue.h"
#include "scheduler/scheduling_series.h"
#include "scheduler/worker_pool.h"

namespace scheduler {
namespace {

using k8s::core::v1::Namespace;
using k8s::core::v1::Node;
using k8s::core::v1::PersistentVolume;
using k8s::core::v1::PersistentVolumeClaim;
using k8s::core::v1::Pod;
using k8s::storage::v1::StorageClass;
using apimachinery::Value;

// Ended pods take no room: never seen here.
constexpr char kLivePods[] = "status.phase!=Succeeded,status.phase!=Failed";

const k8s::core::v1::PodCondition* FindCondition(const Pod& pod, const std::string& type) {
  for (const auto& condition : pod.status().conditions()) {
    if (condition.type() == type) return &condition;
  }
  return nullptr;
}

bool MoreAllocatable(const NodeSpec& old, const NodeSpec& now) {
  return now.max_pods > old.max_pods || now.allocatable.milli_cpu > old.allocatable.milli_cpu ||
         now.allocatable.memory > old.allocatable.memory ||
         now.allocatable.ephemeral_storage > old.allocatable.ephemeral_storage ||
         now.allocatable.scalars != old.allocatable.scalars;
}

client::ObjectRef RefTo(const PodInfo& pod) {
  return {"v1", "Pod", pod.ns, pod.name, pod.uid, pod.resource_version, ""};
}

std::string Json(Value value) { return apimachinery::WriteJson(value); }

}  // namespace

struct Scheduler::Impl {
  Impl(const client::ApiClient& api_in, client::Informers& informers, const client::EventRecorder& events_in,
       Profiles profiles_in, SchedulerOptions options_in)
      : api(api_in), profiles(std::move(profiles_in)), options(std::move(options_in)),
        pods(informers.For<Pod>({.field_selector = kLivePods})),
        queue({.initial_backoff = options.initial_backoff, .max_backoff = options.max_backoff}), pool(options.max_binders) {
    for (const auto& [name, profile] : profiles) voices.emplace(name, events_in.As({name, "", /*new_style=*/true}));
    FollowVolumes(informers);
    pods.AddHandler({[this](const auto& pod) { OnPod(nullptr, *pod); },
                     [this](const auto& old, const auto& pod) { OnPod(old.get(), *pod); },
                     [this](const auto& pod) { OnPodGone(*pod); }});
    informers.For<Node>().AddHandler(
        {[this](const auto& node) {
           cache.SetNode(ToNodeSpec(*node));
           queue.Wake(ClusterEvent::kNodeAdded);
         },
         [this](const auto& old, const auto& node) { OnNode(*old, *node); },
         [this](const auto& node) { cache.RemoveNode(node->metadata().name()); }});
    const auto set_namespace = [this](const Namespace& ns) {
      cache.SetNamespace(ns.metadata().name(), Labels(ns.metadata().labels().begin(), ns.metadata().labels().end()));
    };
    informers.For<Namespace>().AddHandler(
        {[set_namespace](const auto& ns) { set_namespace(*ns); },
         [set_namespace](const auto& old, const auto& ns) {
           if (old->metadata().labels_size() + ns->metadata().labels_size() > 0) set_namespace(*ns);
         },
         [this](const auto& ns) { cache.RemoveNamespace(ns->metadata().name()); }});
  }

  void FollowVolumes(client::Informers& informers) {
    const auto wake = [this] { queue.Wake(ClusterEvent::kVolumes); };
    const auto set_claim = [this, wake](const PersistentVolumeClaim& claim) {
      volumes.SetClaim(ToClaim(claim));
      wake();
    };
    informers.For<PersistentVolumeClaim>().AddHandler(
        {[set_claim](const auto& claim) { set_claim(*claim); },
         [set_claim](const auto&, const auto& claim) { set_claim(*claim); },
         [this](const auto& claim) { volumes.RemoveClaim(ToClaim(*claim).key()); }});
    const auto set_volume = [this, wake](const PersistentVolume& volume) {
      volumes.SetVolume(ToVolume(volume));
      wake();
    };
    informers.For<PersistentVolume>().AddHandler(
        {[set_volume](const auto& volume) { set_volume(*volume); },
         [set_volume](const auto&, const auto& volume) { set_volume(*volume); },
         [this](const auto& volume) { volumes.RemoveVolume(volume->metadata().name()); }});
    const auto set_class = [this, wake](const StorageClass& storage_class) {
      volumes.SetClass(storage_class.metadata().name(), ToVolumeClass(storage_class));
      wake();
    };
    informers.For<StorageClass>().AddHandler(
        {[set_class](const auto& storage_class) { set_class(*storage_class); },
         [set_class](const auto&, const auto& storage_class) { set_class(*storage_class); },
         [this](const auto& storage_class) { volumes.RemoveClass(storage_class->metadata().name()); }});
  }

  // --- what the informers tell -------------------------------------------------------------------------------

  void OnPod(const Pod* old, const Pod& pod) {
    const bool was_assigned = old != nullptr && !old->spec().nodename().empty();
    if (!pod.spec().nodename().empty()) {
      auto info = std::make_shared<const PodInfo>(ToPodInfo(pod));
      if (!was_assigned) queue.Remove(info->uid);
      const bool changed = was_assigned && (old->metadata().labels_size() != pod.metadata().labels_size() ||
                                            ToPodInfo(*old).labels != info->labels);
      cache.SetPod(std::move(info));
      if (!was_assigned) queue.Wake(ClusterEvent::kPodAssigned);
      if (changed) queue.Wake(ClusterEvent::kPodChanged);
      return;
    }
    if (!profiles.contains(pod.spec().schedulername())) return;
    if (pod.metadata().has_deletiontimestamp()) {
      queue.Remove(pod.metadata().uid());
      cache.ClearNomination(pod.metadata().uid());
      return;
    }
    // Not yet to be scheduled; and what claims devices waits for them: started without, it would fail in ways that nobody expects.
    if (pod.spec().schedulinggates_size() > 0 || pod.spec().resourceclaims_size() > 0) return;
    auto info = std::make_shared<const PodInfo>(ToPodInfo(pod));
    if (!info->nominated_node.empty()) cache.Nominate(info, info->nominated_node);
    queue.Update(info);
    queue.Add(std::move(info));
  }

  void OnPodGone(const Pod& pod) {
    if (pod.spec().nodename().empty()) {
      queue.Remove(pod.metadata().uid());
      cache.ClearNomination(pod.metadata().uid());
      return;
    }
    cache.RemovePod(pod.metadata().uid());
    queue.Wake(ClusterEvent::kPodGone);
  }

  void OnNode(const Node& old_node, const Node& node) {
    const NodeSpec old = ToNodeSpec(old_node);
    NodeSpec now = ToNodeSpec(node);
    const bool allocatable = MoreAllocatable(old, now), labels = old.labels != now.labels;
    const bool taints = old.taints != now.taints || (old.unschedulable && !now.unschedulable);
    // Heartbeats change nothing here: the node's version for scheduling stays, and so do snapshots.
    if (!allocatable && !labels && !taints && old.unschedulable == now.unschedulable && old.images == now.images &&
        old.allocatable == now.allocatable && old.max_pods == now.max_pods) {
      return;
    }
    cache.SetNode(std::move(now));
    if (allocatable) queue.Wake(ClusterEvent::kNodeAllocatable);
    if (labels) queue.Wake(ClusterEvent::kNodeLabels);
    if (taints) queue.Wake(ClusterEvent::kNodeTaints);
  }

  // --- the loop ----------------------------------------------------------------------------------------------

  void Loop() {
    base::Rng rng = base::Rng::FromEntropy();
    Snapshot snapshot;
    size_t start = 0;
    while (std::optional<QueuedPod> next = queue.Pop()) {
      const PodPtr pod = next->pod;
      cache.UpdateSnapshot(snapshot);
      snapshot.volumes = pod->claims.empty() ? nullptr : volumes.State();
      const absl::Time began = absl::Now();
      const Profile& profile = profiles.at(pod->scheduler);
      Decision decision = Decide(profile, *pod, snapshot, start, rng);
      series.Decided(absl::Now() - began);
      if (!decision.node.empty() && snapshot.volumes != nullptr && PromiseVolumes(*next, decision.node, snapshot)) continue;
      if (!decision.node.empty()) {
        cache.Assume(pod, decision.node);
        pool.Post([this, began, next = *std::move(next), node = std::move(decision.node)]() mutable {
          Bind(std::move(next), node, began);
        });
        continue;
      }
      std::string message = decision.Message();
      PreemptionPlan plan;
      if (!decision.refusal.empty()) {
        absl::StrAppend(&message, " not found");  // upstream's way to say that nothing came of making room
      } else if (decision.total_nodes > 0 && profile.preempts) {
        plan = PlanPreemption(profile, *pod, snapshot, decision);
        if (plan.node.empty()) {
          // What upstream's two ways of making room say: claims of devices (none here), then preemption.
          absl::StrAppend(&message, " no new claims to deallocate, preemption: ", plan.message);
        } else {
          cache.Nominate(pod, plan.node);
        }
        series.Preempted(plan.victims.size());
      }
      series.Attempted(pod->scheduler, "unschedulable", absl::Now() - began);
      next->rejected_by = decision.rejected_by;
      if (next->rejected_by.empty()) next->rejected_by.insert("none");  // no nodes at all: a new node wakes it
      queue.AddUnschedulable(*std::move(next));
      pool.Post([this, pod, message = std::move(message), plan = std::move(plan)] { Report(*pod, message, plan); });
    }
  }

  // Claims that wait for the pod are bound first: what the node gets is written, and the pod is decided about again when
  // they are. It keeps its place meanwhile. False: nothing waits.
  bool PromiseVolumes(QueuedPod& queued, const std::string& node, const Snapshot& snapshot) {
    const std::vector<ClaimPtr> waiting = WaitingClaims(*queued.pod, *snapshot.volumes);
    if (waiting.empty()) return false;
    std::optional<std::vector<VolumeChoice>> choices =
        ChooseVolumes(waiting, *snapshot.Find(node)->spec, *snapshot.volumes);
    if (!choices.has_value()) return false;
    volumes.Promise(*choices);
    cache.Nominate(queued.pod, node);
    queued.rejected_by = {kVolumeBinding};
    queue.AddUnschedulable(std::move(queued));
    pool.Post([this, choices = *std::move(choices), node] {
      for (const VolumeChoice& choice : choices) {
        const absl::Status written = Write(choice, node);
        if (written.ok()) continue;
        base::LogWarning("volume not bound claim=", choice.claim->key(), " error=\"", written.message(), "\"");
        volumes.Forget(choices);
        queue.Wake(ClusterEvent::kVolumes);
        return;
      }
    });
    return true;
  }

  // The volume's half of a binding (the volume controller writes the claim's), or the node for whoever makes volumes.
  absl::Status Write(const VolumeChoice& choice, const std::string& node) {
    const Claim& claim = *choice.claim;
    Value patch;
    if (choice.volume.empty()) {
      if (!claim.selected_node.empty()) return absl::OkStatus();
      patch.Ensure("metadata.annotations").Set(apimachinery::volume_claims::kSelectedNode, node);
      patch["metadata"].Set("resourceVersion", claim.resource_version);
      return api.Patch<PersistentVolumeClaim>(claim.ns, claim.name, client::kMergePatch, Json(std::move(patch))).status();
    }
    absl::StatusOr<PersistentVolume> volume = api.Get<PersistentVolume>("", choice.volume);
    if (!volume.ok()) return volume.status();
    if (volume->spec().has_claimref() && volume->spec().claimref().uid() == claim.uid) return absl::OkStatus();
    if (volume->spec().has_claimref() && !volume->spec().claimref().uid().empty()) {
      return absl::AbortedError(absl::StrCat("volume \"", choice.volume, "\" already bound to a different claim."));
    }
    apimachinery::volume_claims::BindTo(claim.ns, claim.name, claim.uid, claim.resource_version, &*volume);
    return api.Update(*volume).status();
  }

  void Bind(QueuedPod queued, const std::string& node, absl::Time began) {
    const PodInfo& pod = *queued.pod;
    k8s::core::v1::Binding binding;
    binding.mutable_metadata()->set_namespace_(pod.ns);
    binding.mutable_metadata()->set_name(pod.name);
    binding.mutable_metadata()->set_uid(pod.uid);
    binding.mutable_target()->set_kind("Node");
    binding.mutable_target()->set_name(node);
    const absl::Time asked = absl::Now();
    const absl::Status bound = api.CreateSubresource<Pod>(pod.ns, pod.name, "binding", "v1", "Binding", binding);
    series.Bound(pod.scheduler, bound.ok(), absl::Now() - asked);
    series.Attempted(pod.scheduler, bound.ok() ? "scheduled" : "error", absl::Now() - began);
    if (bound.ok()) {
      series.Placed(queued.attempts, absl::Now() - queued.first_seen);
      queue.Done(pod.uid);
      events(pod).Normal(RefTo(pod), "Scheduled", absl::StrCat("Successfully assigned ", pod.ns, "/", pod.name, " to ", node),
                    "Binding");
      return;
    }
    const bool gone = IsNotFound(bound) || client::IsConflict(bound);
    cache.Forget(pod.uid);
    queue.Wake(ClusterEvent::kPodGone);
    if (gone && !StillWaiting(pod)) {
      queue.Done(pod.uid);
      return;
    }
    base::LogWarning("binding failed pod=", pod.key(), " node=", node, " error=\"", bound.message(), "\"");
    events(pod).Warning(RefTo(pod), "FailedScheduling", absl::StrCat("binding rejected: ", bound.message()), "Scheduling");
    queue.AddFailed(std::move(queued));
  }

  bool StillWaiting(const PodInfo& pod) const {
    const auto seen = pods.Get(pod.ns, pod.name);
    return seen != nullptr && seen->metadata().uid() == pod.uid && seen->spec().nodename().empty();
  }

  // Tells users why, and makes room when that was planned.
  void Report(const PodInfo& pod, const std::string& message, const PreemptionPlan& plan) {
    const auto seen = pods.Get(pod.ns, pod.name);
    if (seen == nullptr || seen->metadata().uid() != pod.uid) return;
    for (const PodPtr& victim : plan.victims) Evict(*victim, pod, plan.node);
    events(pod).Warning(RefTo(pod), "FailedScheduling", message, "Scheduling");
    const auto* condition = FindCondition(*seen, "PodScheduled");
    const bool same = condition != nullptr && condition->status() == "False" && condition->message() == message &&
                      condition->reason() == "Unschedulable";
    if (same && (plan.node.empty() || seen->status().nominatednodename() == plan.node)) return;
    Value patch;
    if (!plan.node.empty()) patch.Ensure("status").Set("nominatedNodeName", plan.node);
    Value entry;
    entry["type"] = Value("PodScheduled");
    entry["status"] = Value("False");
    entry["reason"] = Value("Unschedulable");
    entry["message"] = Value(message);
    entry["observedGeneration"] = Value(seen->metadata().generation());
    if (condition == nullptr || condition->status() != "False") {
      entry["lastTransitionTime"] =
          Value(absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::Now(), absl::UTCTimeZone()));
    }
    patch.Ensure("status.conditions").Append(std::move(entry));
    const auto patched = api.Patch<Pod>(pod.ns, pod.name, client::kStrategicMergePatch, Json(std::move(patch)), "status");
    if (!patched.ok() && !IsNotFound(patched.status())) {
      base::LogWarning("condition not written pod=", pod.key(), " error=\"", patched.status().message(), "\"");
    }
  }

  void Evict(const PodInfo& victim, const PodInfo& winner, const std::string& node) {
    Value entry;
    entry["type"] = Value("DisruptionTarget");
    entry["status"] = Value("True");
    entry["reason"] = Value("PreemptionByScheduler");
    entry["message"] = Value(absl::StrCat(winner.scheduler, ": preempting to accommodate a higher priority pod"));
    entry["lastTransitionTime"] = Value(absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::Now(), absl::UTCTimeZone()));
    Value patch;
    patch.Ensure("status.conditions").Append(std::move(entry));
    (void)api.Patch<Pod>(victim.ns, victim.name, client::kStrategicMergePatch, Json(std::move(patch)), "status");
    const absl::Status deleted = api.Delete<Pod>(victim.ns, victim.name, {.uid = victim.uid});
    if (!deleted.ok()) {
      base::LogWarning("preemption failed victim=", victim.key(), " error=\"", deleted.message(), "\"");
      return;
    }
    events(winner).Normal(RefTo(victim), "Preempted", absl::StrCat("Preempted by pod ", winner.uid, " on node ", node),
                  "Preempting");
  }

  const client::ApiClient& api;
  const client::EventRecorder& events(const PodInfo& pod) const { return voices.at(pod.scheduler); }

  const Profiles profiles;
  std::map<std::string, client::EventRecorder> voices;  // by profile
  const SchedulerOptions options;
  client::Informer<Pod>& pods;
  Cache cache;
  VolumeCache volumes;
  SchedulingQueue queue;
  WorkerPool pool;
  std::thread loop;
  SchedulingSeries& series = SchedulingSeries::Get();
};

Scheduler::Scheduler(const client::ApiClient& api, client::Informers& informers, const client::EventRecorder& events,
                     Profiles profiles, SchedulerOptions options)
    : impl_(std::make_unique<Impl>(api, informers, events, std::move(profiles), std::move(options))) {}

Scheduler::~Scheduler() { Stop(); }

void Scheduler::Run() {
  impl_->loop = std::thread([this] { impl_->Loop(); });
}

void Scheduler::AddMetrics(base::MetricsPage& page) const {
  const SchedulingQueue::Sizes sizes = impl_->queue.sizes();
  base::MetricsWriter& pending = page.Family("scheduler_pending_pods", "gauge", "Pods that wait, by the queue they wait in.");
  constexpr absl::string_view kLabels[] = {"queue"};
  const std::pair<absl::string_view, size_t> queues[] = {
      {"active", sizes.active}, {"backoff", sizes.backoff}, {"unschedulable", sizes.unschedulable}};
  for (const auto& [name, count] : queues) {
    const absl::string_view label[] = {name};
    pending.Sample("", kLabels, label, static_cast<double>(count));
  }
  base::MetricsWriter& incoming =
      page.Family("scheduler_queue_incoming_pods_total", "counter", "Pods that came into a queue, by why.");
  constexpr absl::string_view kMove[] = {"event", "queue"};
  for (const auto& [move, count] : impl_->queue.incoming()) {
    const absl::string_view labels[] = {move.first, move.second};
    incoming.Sample("", kMove, labels, static_cast<double>(count));
  }
  base::MetricsWriter& rejected =
      page.Family("scheduler_unschedulable_pods", "gauge", "Pods that wait for a change, by the plugin that rejected them.");
  constexpr absl::string_view kPlugin[] = {"plugin", "profile"};
  for (const auto& [by, count] : impl_->queue.rejections()) {
    const absl::string_view labels[] = {by.first, by.second};
    rejected.Sample("", kPlugin, labels, static_cast<double>(count));
  }
  const Cache::Sizes known = impl_->cache.sizes();
  base::MetricsWriter& cached = page.Family("scheduler_cache_size", "gauge", "What the scheduler knows of, by kind.");
  constexpr absl::string_view kType[] = {"type"};
  const std::pair<absl::string_view, size_t> kinds[] = {{"assumed_pods", known.assumed}, {"nodes", known.nodes}, {"pods", known.pods}};
  for (const auto& [kind, count] : kinds) {
    const absl::string_view label[] = {kind};
    cached.Sample("", kType, label, static_cast<double>(count));
  }
}

void Scheduler::Stop() {
  impl_->queue.Close();
  if (impl_->loop.joinable()) impl_->loop.join();
  impl_->pool.Stop();
}

}  // namespace scheduler
