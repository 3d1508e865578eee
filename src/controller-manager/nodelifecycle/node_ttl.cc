#include "controller-manager/nodelifecycle/node_ttl.h"

#include <climits>

#include "absl/strings/str_cat.h"
#include "client/api_error.h"
#include "controller-manager/framework/metadata.h"
#include "k8s/core/v1/node.pb.h"

namespace controller_manager {
namespace {

using k8s::core::v1::Node;

class NodeTtlController final : public Controller {
 public:
  NodeTtlController(const Context& context, int workers)
      : Controller("ttl-controller", workers), api_(context.api), nodes_(context.informers.For<Node>()) {
    nodes_.OnChange([this](const Node& node) {
      queue().Add(node.metadata().name());
      int now = 0;
      {
        absl::MutexLock lock(&mu_);
        const int before = seconds_;
        seconds_ = TtlSeconds(static_cast<int>(nodes_.size()), &step_);
        now = before == seconds_ ? -1 : seconds_;
      }
      if (now < 0) return;
      for (const auto& other : nodes_.List()) queue().Add(other->metadata().name());
    });
  }
  ~NodeTtlController() override { Stop(); }

  absl::Status Reconcile(const std::string& name) override {
    const auto node = nodes_.Get(name);
    if (node == nullptr) return absl::OkStatus();
    std::string wanted;
    {
      absl::MutexLock lock(&mu_);
      wanted = absl::StrCat(seconds_);
    }
    if (Annotation(node->metadata(), kTtlAnnotation) == wanted) return absl::OkStatus();
    const absl::Status written =
        api_.Patch<Node>("", name, client::kStrategicMergePatch,
                         absl::StrCat(R"({"metadata":{"annotations":{")", kTtlAnnotation, R"(":")", wanted, "\"}}}"))
            .status();
    return IsNotFound(written) ? absl::OkStatus() : written;
  }

 private:
  const client::ApiClient& api_;
  client::Informer<Node>& nodes_;
  absl::Mutex mu_;
  int step_ ABSL_GUARDED_BY(mu_) = 0;
  int seconds_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace

int TtlSeconds(int nodes, int* step) {
  struct Step {
    int fewest, most, seconds;
  };
  static constexpr Step kSteps[] = {{0, 100, 0}, {90, 500, 15}, {450, 1000, 30}, {900, 2000, 60}, {1800, INT_MAX, 300}};
  while (nodes > kSteps[*step].most) ++*step;
  while (nodes < kSteps[*step].fewest) --*step;
  return kSteps[*step].seconds;
}

std::unique_ptr<Controller> NewNodeTtlController(const Context& context, int workers) {
  return std::make_unique<NodeTtlController>(context, workers);
}

}  // namespace controller_manager
