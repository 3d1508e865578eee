#include "controller-manager/tainteviction/taint_eviction.h"

#include <algorithm>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "client/api_error.h"
#include "controller-manager/framework/metadata.h"
#include "controller-manager/nodelifecycle/node_lifecycle.h"

namespace controller_manager {
namespace {

using k8s::core::v1::Toleration;
using NodePtr = std::shared_ptr<const Node>;

bool Tolerates(const Toleration& toleration, const Taint& taint) {
  if (!toleration.effect().empty() && toleration.effect() != taint.effect()) return false;
  if (!toleration.key().empty() && toleration.key() != taint.key()) return false;
  return toleration.operator_() == "Exists" || toleration.value() == taint.value();
}

bool SameNoExecute(const Node& a, const Node& b) {
  const auto list = [](const Node& node) {
    std::vector<std::string> out;
    for (const Taint& t : node.spec().taints()) {
      if (t.effect() == "NoExecute") out.push_back(absl::StrCat(t.key(), "=", t.value(), "@", t.timeadded().seconds()));
    }
    return out;
  };
  return list(a) == list(b);
}

class TaintEviction final : public Controller {
 public:
  TaintEviction(const Context& context, int workers)
      : Controller("taint-eviction-controller", workers), api_(context.api), clock_(context.clock),
        nodes_(context.informers.For<Node>()), pods_(context.informers.For<Pod>()),
        events_(context.events.As({"taint-eviction-controller"})) {
    IndexPodsByNode(context.informers);
    nodes_.AddHandler({[this](const NodePtr& node) { EnqueuePods(node->metadata().name()); },
                       [this](const NodePtr& old, const NodePtr& node) {
                         if (!SameNoExecute(*old, *node)) EnqueuePods(node->metadata().name());
                       },
                       nullptr});
    const auto enqueue = [this](const Pod& pod) {
      if (!pod.spec().nodename().empty()) Enqueue(pod);
    };
    pods_.AddHandler({[enqueue](const PodPtr& pod) { enqueue(*pod); },
                      [enqueue](const PodPtr& old, const PodPtr& pod) {
                        if (old->spec().nodename() != pod->spec().nodename() ||
                            old->spec().tolerations_size() != pod->spec().tolerations_size()) {
                          enqueue(*pod);
                        }
                      },
                      nullptr});
  }
  ~TaintEviction() override { Stop(); }

  absl::Status Reconcile(const std::string& key) override {
    const PodPtr pod = pods_.Get(key);
    if (pod == nullptr || IsDeleting(pod->metadata()) || IsTerminal(*pod)) return Cancel(key, nullptr);
    const NodePtr node = nodes_.Get(pod->spec().nodename());
    if (node == nullptr) return Cancel(key, nullptr);
    const absl::Time at = EvictionTime(*pod, *node);
    if (at == absl::InfiniteFuture()) return Cancel(key, pod.get());
    const absl::Time now = clock_.Now();
    if (at > now) {
      {
        absl::MutexLock lock(&mu_);
        scheduled_.insert(key);
      }
      queue().AddAfter(key, at - now);
      return absl::OkStatus();
    }
    {
      absl::MutexLock lock(&mu_);
      scheduled_.erase(key);
    }
    return Evict(*pod);
  }

 private:
  void Enqueue(const Pod& pod) { queue().Add(client::KeyOf(pod.metadata().namespace_(), pod.metadata().name())); }

  void EnqueuePods(const std::string& node) {
    for (const PodPtr& pod : pods_.Indexed(kPodsByNode, node)) Enqueue(*pod);
  }

  absl::Status Cancel(const std::string& key, const Pod* pod) {
    absl::MutexLock lock(&mu_);
    if (scheduled_.erase(key) > 0 && pod != nullptr) {
      events_.Normal(client::RefTo(*pod), "TaintManagerEviction", absl::StrCat("Cancelling deletion of Pod ", key));
    }
    return absl::OkStatus();
  }

  absl::Status Evict(const Pod& pod) {
    const ObjectMeta& metadata = pod.metadata();
    events_.Normal(client::RefTo(pod), "TaintManagerEviction",
                   absl::StrCat("Marking for deletion Pod ", metadata.namespace_(), "/", metadata.name()));
    const absl::Status marked =
        api_.Patch<Pod>(metadata.namespace_(), metadata.name(), client::kStrategicMergePatch,
                        absl::StrCat(R"({"metadata":{"uid":")", metadata.uid(),
                                     R"("},"status":{"conditions":[{"type":"DisruptionTarget","status":"True",)",
                                     R"("reason":"DeletionByTaintManager",)",
                                     R"("message":"Taint manager: deleting due to NoExecute taint",)",
                                     R"("lastTransitionTime":")",
                                     absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", clock_.Now(), absl::UTCTimeZone()),
                                     "\"}]}}"),
                        "status")
            .status();
    if (IsNotFound(marked)) return absl::OkStatus();
    RETURN_IF_ERROR(marked);
    const absl::Status deleted = api_.Delete<Pod>(metadata.namespace_(), metadata.name(), {.uid = metadata.uid()});
    return IsNotFound(deleted) || client::IsConflict(deleted) ? absl::OkStatus() : deleted;
  }

  const client::ApiClient& api_;
  const base::Clock& clock_;
  client::Informer<Node>& nodes_;
  client::Informer<Pod>& pods_;
  const client::EventRecorder events_;
  absl::Mutex mu_;
  absl::flat_hash_set<std::string> scheduled_ ABSL_GUARDED_BY(mu_);  // pods that leave later
};

}  // namespace

absl::Time EvictionTime(const Pod& pod, const Node& node) {
  absl::Time earliest = absl::InfiniteFuture();
  for (const Taint& taint : node.spec().taints()) {
    if (taint.effect() != "NoExecute") continue;
    bool tolerated = false;
    std::optional<int64_t> least;  // seconds; nullopt: forever
    for (const Toleration& toleration : pod.spec().tolerations()) {
      if (!Tolerates(toleration, taint)) continue;
      tolerated = true;
      if (toleration.has_tolerationseconds()) {
        least = std::min(least.value_or(toleration.tolerationseconds()), toleration.tolerationseconds());
      }
    }
    if (!tolerated || (least.has_value() && *least <= 0)) return absl::InfinitePast();
    if (!least.has_value()) continue;
    const absl::Time since = std::max(ToTime(taint.timeadded()), CreatedAt(pod.metadata()));
    earliest = std::min(earliest, since + absl::Seconds(*least));
  }
  return earliest;
}

std::unique_ptr<Controller> NewTaintEvictionController(const Context& context, int workers) {
  return std::make_unique<TaintEviction>(context, workers);
}

}  // namespace controller_manager
