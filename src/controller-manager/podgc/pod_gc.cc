#include "controller-manager/podgc/pod_gc.h"

#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "client/api_error.h"
#include "controller-manager/framework/metadata.h"
#include "controller-manager/framework/pods.h"
#include "k8s/core/v1/node.pb.h"

namespace controller_manager {
namespace {

using k8s::core::v1::Node;

constexpr char kTick[] = "*";
constexpr absl::Duration kPeriod = absl::Seconds(20);
constexpr absl::Duration kQuarantine = absl::Seconds(40);  // a node may only be registering again

class PodGc final : public Controller {
 public:
  PodGc(const Context& context, int threshold)
      : Controller("pod-garbage-collector-controller", 1), api_(context.api), clock_(context.clock),
        threshold_(threshold), nodes_(context.informers.For<Node>()), pods_(context.informers.For<Pod>()) {}
  ~PodGc() override { Stop(); }

  void Run() override {
    queue().Add(kTick);
    Controller::Run();
  }

  absl::Status Reconcile(const std::string&) override {
    queue().AddAfter(kTick, kPeriod);
    const std::vector<PodPtr> pods = pods_.List();
    const absl::Time now = clock_.Now();
    std::map<std::string, absl::Time> missing;
    std::vector<PodPtr> terminated;
    for (const PodPtr& pod : pods) {
      const std::string& node = pod->spec().nodename();
      if (node.empty()) {
        if (IsDeleting(pod->metadata())) Remove(*pod, "");  // no kubelet will finish it
      } else if (nodes_.Get(node) == nullptr) {
        const auto since = missing_.find(node);
        missing[node] = since == missing_.end() ? now : since->second;
        if (now - missing[node] >= kQuarantine && IsNotFound(api_.Get<Node>("", node).status())) {
          Remove(*pod, "PodGC: node no longer exists");
          continue;
        }
      }
      if (IsTerminal(*pod) && !IsDeleting(pod->metadata())) terminated.push_back(pod);
    }
    missing_ = std::move(missing);
    const int excess = threshold_ > 0 ? static_cast<int>(terminated.size()) - threshold_ : 0;
    if (excess > 0) {
      std::sort(terminated.begin(), terminated.end(), [](const PodPtr& a, const PodPtr& b) {
        return CreatedAt(a->metadata()) < CreatedAt(b->metadata());
      });
      for (int i = 0; i < excess; ++i) Remove(*terminated[i], "");
    }
    return absl::OkStatus();
  }

 private:
  // At once, without grace. Marks a pod that had not ended as failed first, so that its owner replaces it.
  void Remove(const Pod& pod, const std::string& why) {
    const ObjectMeta& metadata = pod.metadata();
    if (!IsTerminal(pod)) {
      std::string conditions;
      if (!why.empty()) {
        conditions = absl::StrCat(R"(,"conditions":[{"type":"DisruptionTarget","status":"True",)",
                                  R"("reason":"DeletionByPodGC","message":")", why, R"(","lastTransitionTime":")",
                                  absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", clock_.Now(), absl::UTCTimeZone()), "\"}]");
      }
      const auto failed = api_.Patch<Pod>(metadata.namespace_(), metadata.name(), client::kStrategicMergePatch,
                                          absl::StrCat(R"({"metadata":{"uid":")", metadata.uid(),
                                                       R"("},"status":{"phase":"Failed")", conditions, "}}"),
                                          "status");
      if (!failed.ok() && !IsNotFound(failed.status())) {
        base::LogWarning("pod not marked failed pod=", metadata.namespace_(), "/", metadata.name(), " error=\"",
                         failed.status().message(), "\"");
        return;
      }
    }
    const absl::Status deleted = api_.Delete<Pod>(metadata.namespace_(), metadata.name(),
                                                  {.grace_period_seconds = 0, .uid = metadata.uid()});
    if (!deleted.ok() && !IsNotFound(deleted)) {
      base::LogWarning("pod not removed pod=", metadata.namespace_(), "/", metadata.name(), " error=\"",
                       deleted.message(), "\"");
    }
  }

  const client::ApiClient& api_;
  const base::Clock& clock_;
  const int threshold_;
  client::Informer<Node>& nodes_;
  client::Informer<Pod>& pods_;
  std::map<std::string, absl::Time> missing_;  // nodes that pods name but that are not there, since when
};

}  // namespace

std::unique_ptr<Controller> NewPodGcController(const Context& context, int terminated_threshold) {
  return std::make_unique<PodGc>(context, terminated_threshold);
}

}  // namespace controller_manager
