#include "controller-manager/nodelifecycle/node_lifecycle.h"

#include <set>

#include "absl/strings/str_cat.h"
#include "apimachinery/json.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "client/api_error.h"
#include "controller-manager/framework/metadata.h"
#include "controller-manager/framework/pods.h"
#include "k8s/coordination/v1/lease.pb.h"

namespace controller_manager {
namespace {

using apimachinery::Value;
using k8s::coordination::v1::Lease;
using NodePtr = std::shared_ptr<const Node>;

constexpr char kTick[] = "*";  // the key of the periodic look at all nodes; no node can be named so
constexpr char kLeases[] = "kube-node-lease";

std::string Text(absl::Time time) { return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone()); }

std::string ZoneOf(const Node& node) {
  const auto label = [&](const char* key) {
    const auto found = node.metadata().labels().find(key);
    return found == node.metadata().labels().end() ? std::string() : found->second;
  };
  return absl::StrCat(label("topology.kubernetes.io/region"), "/", label("topology.kubernetes.io/zone"));
}

class NodeLifecycleController final : public Controller {
 public:
  NodeLifecycleController(const Context& context, const NodeLifecycleConfig& config)
      : Controller("node-lifecycle-controller", 1), api_(context.api), clock_(context.clock), config_(config),
        nodes_(context.informers.For<Node>()), pods_(context.informers.For<Pod>()),
        leases_(context.informers.For<Lease>({}, kLeases)), events_(context.events.As({"node-controller"})) {
    IndexPodsByNode(context.informers);
    nodes_.OnChange([this](const Node& node) { queue().Add(node.metadata().name()); });
  }
  ~NodeLifecycleController() override { Stop(); }

  void Run() override {
    queue().Add(kTick);
    Controller::Run();
  }

  absl::Status Reconcile(const std::string& key) override {
    if (key == kTick) {
      Look();
      queue().AddAfter(kTick, config_.monitor_period);
      return absl::OkStatus();
    }
    const NodePtr node = nodes_.Get(key);
    if (node == nullptr) return absl::OkStatus();
    RETURN_IF_ERROR(WriteOldLabels(*node));
    return WriteTaints(*node, "NoSchedule", NoScheduleTaints(*node));
  }

 private:
  struct Bucket {
    double tokens = 1;
    absl::Time at;
  };

  // What older clients read: the labels of before kubernetes.io/os and kubernetes.io/arch, with the same values.
  absl::Status WriteOldLabels(const Node& node) {
    Value labels;
    for (const char* name : {"os", "arch"}) {
      const auto& has = node.metadata().labels();
      const auto now = has.find(absl::StrCat("kubernetes.io/", name));
      const auto old = has.find(absl::StrCat("beta.kubernetes.io/", name));
      if (now == has.end() || (old != has.end() && old->second == now->second)) continue;
      labels.Set(absl::StrCat("beta.kubernetes.io/", name), now->second);
    }
    if (labels.is_null()) return absl::OkStatus();
    Value patch;
    patch.Ensure("metadata").Set("labels", std::move(labels));
    const absl::Status patched =
        api_.Patch<Node>("", node.metadata().name(), client::kMergePatch, apimachinery::WriteJson(patch)).status();
    return IsNotFound(patched) ? absl::OkStatus() : patched;
  }

  void Look() {
    const absl::Time now = clock_.Now();
    const std::vector<NodePtr> nodes = nodes_.List();
    std::set<std::string> present;
    std::map<std::string, ZoneCount> zones;
    std::vector<std::pair<NodePtr, std::string>> down;  // with the status of Ready
    std::vector<NodePtr> up;
    for (NodePtr node : nodes) {
      const std::string name = node->metadata().name();
      present.insert(name);
      const bool known = health_.contains(name);
      NodeHealth& health = health_[name];
      if (!known) Event(*node, "Normal", "RegisteredNode", absl::StrCat("Registered Node ", name, " in Controller"));
      const auto lease = leases_.Get(kLeases, name);
      const std::string renewed =
          lease == nullptr ? ""
                           : absl::StrCat(lease->spec().renewtime().seconds(), ".", lease->spec().renewtime().nanos());
      HealthVerdict verdict = JudgeNode(*node, renewed, config_.limits, now, health);
      if (verdict.changed) {
        const auto written = api_.UpdateStatus(verdict.node);
        if (!written.ok()) {
          health.ready = verdict.lost_ready ? "True" : health.ready;  // not said yet: try again at the next look
          if (!client::IsConflict(written.status()) && !IsNotFound(written.status())) {
            base::LogWarning("node status not written node=", name, " error=\"", written.status().message(), "\"");
          }
          continue;
        }
        base::LogInfo("node is silent node=", name);
        node = std::make_shared<const Node>(*written);  // taints go onto what we just wrote
      }
      ++(verdict.ready == "True" ? zones[ZoneOf(*node)].ready : zones[ZoneOf(*node)].not_ready);
      if (verdict.lost_ready) {
        events_.Normal(client::RefTo(*node), "NodeNotReady", absl::StrCat("Node ", name, " status is now: NodeNotReady"));
      }
      if (verdict.ready == "True") {
        up.push_back(node);
      } else {
        MarkPodsNotReady(name, verdict.lost_ready);
        down.emplace_back(node, verdict.ready);
      }
    }
    for (auto it = health_.begin(); it != health_.end();) {
      if (present.contains(it->first)) {
        ++it;
        continue;
      }
      Node gone;
      gone.mutable_metadata()->set_name(it->first);
      Event(gone, "Normal", "RemovingNode", absl::StrCat("Removing Node ", it->first, " from Controller"));
      it = health_.erase(it);
    }
    Taint(zones, up, down, now);
  }

  // NoExecute taints, at the pace the state of the zones allows.
  void Taint(const std::map<std::string, ZoneCount>& zones, const std::vector<NodePtr>& up,
             const std::vector<std::pair<NodePtr, std::string>>& down, absl::Time now) {
    bool all_down = false;
    const std::map<std::string, double> rates = EvictionRatesOf(zones, config_.rates, all_down);
    if (all_down && !all_down_) base::LogWarning("all nodes are not ready: no evictions until one is");
    all_down_ = all_down;
    for (const NodePtr& node : up) Log(WriteTaints(*node, "NoExecute", {}));
    for (const auto& [node, ready] : down) {
      if (all_down) {
        Log(WriteTaints(*node, "NoExecute", {}));
        continue;
      }
      k8s::core::v1::Taint taint;
      taint.set_key(ready == "Unknown" ? kUnreachableTaint : kNotReadyTaint);
      taint.set_effect("NoExecute");
      bool has = false, other = false;
      for (const auto& t : node->spec().taints()) {
        if (t.effect() != "NoExecute" || (t.key() != kUnreachableTaint && t.key() != kNotReadyTaint)) continue;
        (t.key() == taint.key() ? has : other) = true;
      }
      if (has && !other) continue;
      const bool paid = !has && !other;
      if (paid && !Take(ZoneOf(*node), rates, now)) continue;
      const absl::Status written = WriteTaints(*node, "NoExecute", {taint});
      if (!written.ok() && paid) buckets_[ZoneOf(*node)].tokens = 1;  // nothing happened: the next look may
      Log(written);
    }
  }

  bool Take(const std::string& zone, const std::map<std::string, double>& rates, absl::Time now) {
    Bucket& bucket = buckets_[zone];
    const double rate = rates.at(zone);
    if (bucket.at != absl::Time()) {
      bucket.tokens = std::min(1.0, bucket.tokens + absl::ToDoubleSeconds(now - bucket.at) * rate);
    }
    bucket.at = now;
    if (rate <= 0 || bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }

  absl::Status WriteTaints(const Node& node, const std::string& effect,
                           const std::vector<k8s::core::v1::Taint>& wanted) {
    std::vector<k8s::core::v1::Taint> taints;
    if (!ReplaceTaints(node, effect, wanted, clock_.Now(), taints)) return absl::OkStatus();
    Value list = Value::MakeArray();
    for (const auto& taint : taints) {
      Value entry;
      entry.Set("key", taint.key());
      if (!taint.value().empty()) entry.Set("value", taint.value());
      entry.Set("effect", taint.effect());
      if (taint.has_timeadded() && taint.timeadded().seconds() != 0) {
        entry.Set("timeAdded", Text(ToTime(taint.timeadded())));
      }
      list.Append(std::move(entry));
    }
    Value patch;
    patch.Ensure("metadata").Set("resourceVersion", node.metadata().resourceversion());
    patch.Ensure("spec").Set("taints", std::move(list));
    const absl::Status patched =
        api_.Patch<Node>("", node.metadata().name(), client::kMergePatch, apimachinery::WriteJson(patch)).status();
    return IsNotFound(patched) ? absl::OkStatus() : patched;
  }

  static void Log(const absl::Status& status) {
    if (!status.ok() && !client::IsConflict(status)) {  // a newer node comes with the next look
      base::LogWarning("node not tainted error=\"", status.message(), "\"");
    }
  }

  void MarkPodsNotReady(const std::string& node, bool just_lost) {
    for (const PodPtr& pod : pods_.Indexed(kPodsByNode, node)) {
      if (!IsReady(*pod)) continue;
      const ObjectMeta& metadata = pod->metadata();
      const auto patched = api_.Patch<Pod>(
          metadata.namespace_(), metadata.name(), client::kStrategicMergePatch,
          absl::StrCat(R"({"metadata":{"uid":")", metadata.uid(),
                       R"("},"status":{"conditions":[{"type":"Ready","status":"False","lastTransitionTime":")",
                       Text(clock_.Now()), "\"}]}}"),
          "status");
      if (!patched.ok()) continue;  // at the next look
      if (just_lost) events_.Warning(client::RefTo(*pod), "NodeNotReady", "Node is not ready");
    }
  }

  void Event(const Node& node, absl::string_view type, absl::string_view reason, const std::string& what) {
    const std::string& name = node.metadata().name();
    client::ObjectRef about{"v1", "Node", "", name, node.metadata().uid(), "", ""};
    const std::string message = absl::StrCat("Node ", name, " event: ", what);
    if (type == "Normal") {
      events_.Normal(about, reason, message);
    } else {
      events_.Warning(about, reason, message);
    }
  }

  const client::ApiClient& api_;
  const base::Clock& clock_;
  const NodeLifecycleConfig config_;
  client::Informer<Node>& nodes_;
  client::Informer<Pod>& pods_;
  client::Informer<Lease>& leases_;
  const client::EventRecorder events_;
  // The one worker's.
  std::map<std::string, NodeHealth> health_;
  std::map<std::string, Bucket> buckets_;
  bool all_down_ = false;
};

}  // namespace

void IndexPodsByNode(client::Informers& informers) {
  informers.For<Pod>().AddIndex(kPodsByNode, [](const Pod& pod, std::vector<std::string>& keys) {
    if (!pod.spec().nodename().empty()) keys.push_back(pod.spec().nodename());
  });
}

std::unique_ptr<Controller> NewNodeLifecycleController(const Context& context, const NodeLifecycleConfig& config) {
  return std::make_unique<NodeLifecycleController>(context, config);
}

}  // namespace controller_manager
