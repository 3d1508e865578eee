#include "controller-manager/garbagecollector/gc_controller.h"

#include <map>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "apimachinery/json.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "client/api_error.h"
#include "client/metadata_informer.h"
#include "client/wire.h"
#include "controller-manager/framework/discovery.h"
#include "controller-manager/framework/metadata.h"
#include "controller-manager/garbagecollector/graph.h"

namespace controller_manager {
namespace {

using apimachinery::Value;

constexpr absl::Duration kDiscoverEvery = absl::Seconds(30);
constexpr char kForeground[] = "foregroundDeletion";
constexpr char kOrphan[] = "orphan";
constexpr char kOrphanKey[] = "orphan:";  // before a uid: a key for the orphaning half

ObjectFacts FactsOf(const DiscoveredResource& resource, const ObjectMeta& metadata) {
  ObjectFacts facts{resource.api_version(), resource.kind, metadata.namespace_(), metadata.name(), metadata.uid()};
  for (const OwnerReference& o : metadata.ownerreferences()) {
    facts.owners.push_back({o.apiversion(), o.kind(), o.name(), o.uid(), o.controller(), o.blockownerdeletion()});
  }
  facts.deleting = metadata.has_deletiontimestamp();
  for (const std::string& finalizer : metadata.finalizers()) {
    facts.foreground |= finalizer == kForeground;
    facts.orphan |= finalizer == kOrphan;
  }
  return facts;
}

class GarbageCollector final : public Controller {
 public:
  GarbageCollector(const Context& context, int workers)
      : Controller("garbage-collector-controller", workers), api_(context.api) {}

  ~GarbageCollector() override { Stop(); }

  void Run() override {
    timer_.Post([this] { LookForKinds(); });
  }

  void Stop() override {
    timer_.Stop();
    Controller::Stop();
    lists_.Stop();
    monitors_.clear();
    retired_.clear();
  }

  absl::Status Reconcile(const std::string& key) override {
    if (absl::StartsWith(key, kOrphanKey)) return OrphanDependents(key.substr(sizeof(kOrphanKey) - 1));
    return Check(key);
  }

 private:
  // What the API server says about an object now.
  struct Live {
    bool found = false;
    ObjectMeta metadata;
    ObjectFacts facts;
  };

  // --- monitors: on the timer's thread -------------------------------------------------------------------------

  void LookForKinds() {
    const absl::StatusOr<Discovery> found = Discover(api_.transport());
    if (found.ok()) {
      std::map<std::string, DiscoveredResource> wanted;
      for (const DiscoveredResource& r : found->resources) {
        // Events own nothing and are owned by nobody, and there are many.
        if (r.resource == "events" || !r.Can("list") || !r.Can("watch") || !r.Can("delete")) continue;
        wanted[r.id()] = r;
      }
      {
        absl::MutexLock lock(&mu_);
        kinds_.clear();
        for (const auto& [id, r] : wanted) kinds_[absl::StrCat(r.api_version(), "/", r.kind)] = r;
        // An owner may be named in another version of its group than the preferred one.
        for (const auto& [id, r] : wanted) kinds_.try_emplace(absl::StrCat(r.group, "|", r.kind), r);
      }
      for (const auto& [id, r] : wanted) {
        if (!monitors_.contains(id)) Monitor(r);
      }
      // A kind that went away takes its objects along; a group that did not answer keeps its monitors.
      if (found->failed.empty()) {
        for (auto it = monitors_.begin(); it != monitors_.end();) {
          if (wanted.contains(it->first)) {
            ++it;
            continue;
          }
          it->second->Halt();
          retired_.push_back(std::move(it->second));
          it = monitors_.erase(it);
        }
      }
    } else {
      base::LogWarning("discovery failed controller=garbage-collector error=\"", found.status().message(), "\"");
    }
    if (!running_) {
      timer_.PostAfter(absl::Milliseconds(100), [this] { StartWhenSynced(); });
    }
    timer_.PostAfter(found.ok() ? kDiscoverEvery : absl::Seconds(2), [this] { LookForKinds(); });
  }

  // Nothing is judged before the whole map is drawn.
  void StartWhenSynced() {
    if (running_) return;
    for (const auto& [id, monitor] : monitors_) {
      if (!monitor->HasSynced()) {
        timer_.PostAfter(absl::Milliseconds(100), [this] { StartWhenSynced(); });
        return;
      }
    }
    if (monitors_.empty()) return;
    running_ = true;
    base::LogInfo("garbage collector synced kinds=", monitors_.size());
    Controller::Run();
  }

  void Monitor(const DiscoveredResource& resource) {
    auto monitor = std::make_unique<client::MetadataInformer>(
        api_, resource.group, resource.version, resource.resource, lists_,
        client::MetadataInformer::Handler{[this, resource](const ObjectMeta& metadata) {
                                            absl::MutexLock lock(&mu_);
                                            EnqueueLocked(graph_.Upsert(FactsOf(resource, metadata)));
                                          },
                                          [this](const ObjectMeta& metadata) {
                                            absl::MutexLock lock(&mu_);
                                            EnqueueLocked(graph_.Remove(metadata.uid()));
                                          }});
    monitor->Start();
    monitors_[resource.id()] = std::move(monitor);
  }

  void EnqueueLocked(const OwnerGraph::Work& work) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    for (const std::string& uid : work.check) queue().Add(uid);
    for (const std::string& uid : work.orphan) queue().Add(absl::StrCat(kOrphanKey, uid));
  }

  // --- one object ----------------------------------------------------------------------------------------------

  absl::Status Check(const std::string& uid) {
    ObjectFacts facts;
    bool has_dependents = false, blocked_by_loop = false;
    {
      absl::MutexLock lock(&mu_);
      const OwnerGraph::Node* node = graph_.Find(uid);
      if (node == nullptr) return absl::OkStatus();
      if (node->seen && node->facts.deleting && !node->waits_for_dependents()) return absl::OkStatus();
      facts = node->facts;
      has_dependents = !node->dependents.empty();
      for (const std::string& d : node->dependents) {
        const OwnerGraph::Node* dependent = graph_.Find(d);
        blocked_by_loop |= dependent != nullptr && dependent->waits_for_dependents();
      }
    }
    ASSIGN_OR_RETURN(const Live live, Look(facts.api_version, facts.kind, facts.ns, facts.name));
    if (!live.found || live.metadata.uid() != uid) {
      // Gone, maybe never there: whoever named it as owner gets checked.
      absl::MutexLock lock(&mu_);
      EnqueueLocked(graph_.Remove(uid));
      return absl::OkStatus();
    }
    if (live.facts.deleting && live.facts.foreground) return FinishForeground(live);
    if (live.facts.deleting || live.facts.owners.empty()) return absl::OkStatus();
    std::vector<OwnerState> owners;
    for (const Owner& owner : live.facts.owners) {
      ASSIGN_OR_RETURN(const Live there, Look(owner.api_version, owner.kind, live.metadata.namespace_(), owner.name));
      OwnerState& state = owners.emplace_back(OwnerState{owner});
      if (!there.found || there.metadata.uid() != owner.uid) {
        state.is = OwnerState::Is::kAbsent;
      } else if (there.facts.deleting && there.facts.foreground) {
        state.is = OwnerState::Is::kWaiting;
      }
    }
    const CollectPlan plan = PlanCollect(live.facts, owners, has_dependents);
    if (plan.verb == Verb::kDropOwners) return DropOwners(live, plan.drop);
    if (plan.verb != Verb::kDelete) return absl::OkStatus();
    if (plan.propagation == "Foreground" && blocked_by_loop) RETURN_IF_ERROR(Unblock(live));
    ASSIGN_OR_RETURN(const client::Target target, TargetOf(live.facts));
    const absl::Status deleted =
        api_.transport()
            .Delete(target, client::Encode({.propagation = plan.propagation, .uid = live.metadata.uid()}))
            .status();
    return IsNotFound(deleted) || client::IsConflict(deleted) ? absl::OkStatus() : deleted;
  }

  // An object in foreground deletion goes when nothing blocks it any more.
  absl::Status FinishForeground(const Live& live) {
    std::vector<std::string> blocking;
    {
      absl::MutexLock lock(&mu_);
      blocking = graph_.BlockingDependents(live.metadata.uid());
      for (const std::string& dependent : blocking) {
        const OwnerGraph::Node* node = graph_.Find(dependent);
        if (node != nullptr && !node->facts.deleting) queue().Add(dependent);
      }
    }
    return blocking.empty() ? DropFinalizer(live, kForeground) : absl::OkStatus();
  }

  absl::Status OrphanDependents(const std::string& uid) {
    std::vector<ObjectFacts> dependents;
    ObjectFacts owner;
    {
      absl::MutexLock lock(&mu_);
      const OwnerGraph::Node* node = graph_.Find(uid);
      if (node == nullptr) return absl::OkStatus();
      owner = node->facts;
      for (const std::string& d : node->dependents) {
        if (const OwnerGraph::Node* dependent = graph_.Find(d); dependent != nullptr) {
          dependents.push_back(dependent->facts);
        }
      }
    }
    for (const ObjectFacts& dependent : dependents) {
      ASSIGN_OR_RETURN(const Live live, Look(dependent.api_version, dependent.kind, dependent.ns, dependent.name));
      if (live.found && live.metadata.uid() == dependent.uid) RETURN_IF_ERROR(DropOwners(live, {uid}));
    }
    ASSIGN_OR_RETURN(const Live live, Look(owner.api_version, owner.kind, owner.ns, owner.name));
    if (!live.found || live.metadata.uid() != uid) return absl::OkStatus();
    return DropFinalizer(live, kOrphan);
  }

  // --- requests ------------------------------------------------------------------------------------------------

  absl::StatusOr<DiscoveredResource> KindOf(const std::string& api_version, const std::string& kind) {
    absl::MutexLock lock(&mu_);
    auto found = kinds_.find(absl::StrCat(api_version, "/", kind));
    if (found == kinds_.end()) {
      const size_t slash = api_version.find('/');
      const std::string group = slash == std::string::npos ? "" : api_version.substr(0, slash);
      found = kinds_.find(absl::StrCat(group, "|", kind));
    }
    if (found == kinds_.end()) {
      return absl::FailedPreconditionError(absl::StrCat("no matches for kind \"", kind, "\" in version \"", api_version,
                                                        "\""));
    }
    return found->second;
  }

  absl::StatusOr<client::Target> TargetOf(const ObjectFacts& facts) {
    ASSIGN_OR_RETURN(const DiscoveredResource r, KindOf(facts.api_version, facts.kind));
    return client::Target{r.group, r.version, r.resource, r.namespaced ? facts.ns : "", facts.name, ""};
  }

  absl::StatusOr<Live> Look(const std::string& api_version, const std::string& kind, const std::string& ns,
                            const std::string& name) {
    ASSIGN_OR_RETURN(const DiscoveredResource r, KindOf(api_version, kind));
    const client::Target target{r.group, r.version, r.resource, r.namespaced ? ns : "", name, ""};
    Live live;
    const absl::StatusOr<std::string> bytes = GetMetadata(target);
    if (IsNotFound(bytes.status())) return live;
    RETURN_IF_ERROR(bytes.status());
    if (!live.metadata.ParsePartialFromString(*bytes)) return absl::InternalError("malformed metadata");
    live.found = true;
    live.facts = FactsOf(r, live.metadata);
    return live;
  }

  // The metadata of one object, of any kind, custom ones too: a list of one.
  absl::StatusOr<std::string> GetMetadata(const client::Target& target) {
    client::Target collection = target;
    collection.name.clear();
    client::ListOptions options;
    options.metadata_only = true;
    options.select.field_selector = absl::StrCat("metadata.name=", target.name);
    std::string found;
    bool any = false;
    ASSIGN_OR_RETURN(const client::ListMeta meta,
                     api_.transport().List(collection, options, [&](absl::string_view object) {
                       found = std::string(client::BytesField(object, 1));
                       any = true;
                     }));
    if (!any) return absl::NotFoundError(absl::StrCat(target.resource, " \"", target.name, "\" not found"));
    return found;
  }

  absl::Status Patch(const Live& live, Value metadata) {
    ASSIGN_OR_RETURN(const client::Target target, TargetOf(live.facts));
    metadata.Set("resourceVersion", live.metadata.resourceversion());  // somebody else's change is not undone
    Value patch;
    patch.Set("metadata", std::move(metadata));
    const absl::Status patched =
        api_.transport().Patch(target, client::kMergePatch, apimachinery::WriteJson(patch), {}).status();
    return IsNotFound(patched) ? absl::OkStatus() : patched;
  }

  static Value OwnersValue(const Live& live, const std::vector<std::string>& without, bool unblock) {
    Value owners = Value::MakeArray();
    for (const Owner& owner : live.facts.owners) {
      if (std::find(without.begin(), without.end(), owner.uid) != without.end()) continue;
      Value entry;
      entry.Set("apiVersion", owner.api_version);
      entry.Set("kind", owner.kind);
      entry.Set("name", owner.name);
      entry.Set("uid", owner.uid);
      if (owner.controller) entry.Set("controller", true);
      if (owner.block_deletion) entry.Set("blockOwnerDeletion", !unblock);
      owners.Append(std::move(entry));
    }
    return owners;
  }

  absl::Status DropOwners(const Live& live, const std::vector<std::string>& uids) {
    Value metadata;
    metadata.Set("ownerReferences", OwnersValue(live, uids, /*unblock=*/false));
    return Patch(live, std::move(metadata));
  }

  // Objects that own each other in a circle would wait for each other forever.
  absl::Status Unblock(const Live& live) {
    Value metadata;
    metadata.Set("ownerReferences", OwnersValue(live, {}, /*unblock=*/true));
    return Patch(live, std::move(metadata));
  }

  absl::Status DropFinalizer(const Live& live, absl::string_view finalizer) {
    Value rest = Value::MakeArray();
    bool found = false;
    for (const std::string& f : live.metadata.finalizers()) {
      if (f == finalizer) {
        found = true;
      } else {
        rest.Append(f);
      }
    }
    if (!found) return absl::OkStatus();
    Value metadata;
    metadata.Set("finalizers", std::move(rest));
    return Patch(live, std::move(metadata));
  }

  const client::ApiClient& api_;
  absl::Mutex mu_;
  OwnerGraph graph_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, DiscoveredResource> kinds_ ABSL_GUARDED_BY(mu_);  // "apps/v1/ReplicaSet", "apps|ReplicaSet"
  bool running_ = false;  // the timer's thread
  client::TimerThread lists_;  // lists and restarts watches; apart from timer_, which waits for them
  std::map<std::string, std::unique_ptr<client::MetadataInformer>> monitors_;
  std::vector<std::unique_ptr<client::MetadataInformer>> retired_;  // halted; lists_ may still know them
  client::TimerThread timer_;
};

}  // namespace

std::unique_ptr<Controller> NewGarbageCollector(const Context& context, int workers) {
  return std::make_unique<GarbageCollector>(context, workers);
}

}  // namespace controller_manager
