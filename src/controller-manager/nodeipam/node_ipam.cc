#include "controller-manager/nodeipam/node_ipam.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/status_macros.h"
#include "controller-manager/nodeipam/cidr_set.h"
#include "k8s/core/v1/node.pb.h"

namespace controller_manager {
namespace {

using k8s::core::v1::Node;
using NodePtr = std::shared_ptr<const Node>;

class NodeIpam final : public Controller {
 public:
  NodeIpam(const Context& context, CidrSet set)
      : Controller("node-ipam-controller", 1), api_(context.api), nodes_(context.informers.For<Node>()),
        events_(context.events.As({"cidrAllocator"})), set_(std::move(set)) {
    // What nodes already have is taken before the first is given out: handlers run before Run() for the first list.
    nodes_.AddHandler({[this](const NodePtr& node) { Seen(*node); },
                       [this](const NodePtr&, const NodePtr& node) { Seen(*node); },
                       [this](const NodePtr& node) {
                         absl::MutexLock lock(&mu_);
                         given_.erase(node->metadata().uid());
                         if (auto net = ParseIpv4Net(node->spec().podcidr()); net.ok()) set_.Release(*net);
                       }});
  }
  ~NodeIpam() override { Stop(); }

  absl::Status Reconcile(const std::string& name) override {
    const NodePtr node = nodes_.Get(name);
    if (node == nullptr || !node->spec().podcidr().empty()) return absl::OkStatus();
    std::optional<Ipv4Net> net;
    {
      absl::MutexLock lock(&mu_);
      // The cache may not show yet what the node got a moment ago: the same again does no harm, another would.
      std::optional<Ipv4Net>& given = given_[node->metadata().uid()];
      if (!given.has_value()) given = set_.Allocate();
      net = given;
    }
    if (!net.has_value()) {
      events_.Normal(client::RefTo(*node), "CIDRNotAvailable",
                     absl::StrCat("Node ", name, " status is now: CIDRNotAvailable"));
      return absl::ResourceExhaustedError("no pod CIDR left for a new node");
    }
    const std::string text = ToString(*net);
    const auto patched = api_.Patch<Node>("", name, client::kStrategicMergePatch,
                                          absl::StrCat(R"({"spec":{"podCIDR":")", text, R"(","podCIDRs":[")", text,
                                                       "\"]}}"));
    if (patched.ok()) return absl::OkStatus();
    if (!absl::IsUnavailable(patched.status()) && !absl::IsDeadlineExceeded(patched.status())) {  // it did not happen
      absl::MutexLock lock(&mu_);
      given_.erase(node->metadata().uid());
      set_.Release(*net);
    }
    return IsNotFound(patched.status()) ? absl::OkStatus() : patched.status();
  }

 private:
  void Seen(const Node& node) {
    if (!node.spec().podcidr().empty()) {
      absl::MutexLock lock(&mu_);
      if (auto net = ParseIpv4Net(node.spec().podcidr()); net.ok()) set_.Occupy(*net);
    } else {
      queue().Add(node.metadata().name());
    }
  }

  const client::ApiClient& api_;
  client::Informer<Node>& nodes_;
  const client::EventRecorder events_;
  absl::Mutex mu_;
  CidrSet set_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, std::optional<Ipv4Net>> given_ ABSL_GUARDED_BY(mu_);  // by node uid
};

}  // namespace

absl::StatusOr<std::unique_ptr<Controller>> NewNodeIpamController(const Context& context,
                                                                  const NodeIpamConfig& config) {
  absl::StatusOr<Ipv4Net> cluster = absl::InvalidArgumentError("--cluster-cidr is needed to allocate node CIDRs");
  for (absl::string_view part : absl::StrSplit(config.cluster_cidr, ',', absl::SkipEmpty())) {
    cluster = ParseIpv4Net(part);
    if (cluster.ok()) break;
  }
  RETURN_IF_ERROR(cluster.status());
  ASSIGN_OR_RETURN(CidrSet set, CidrSet::Create(*cluster, config.node_mask_size));
  for (absl::string_view part : absl::StrSplit(config.service_cidr, ',', absl::SkipEmpty())) {
    if (auto service = ParseIpv4Net(part); service.ok()) set.Occupy(*service);
  }
  return std::make_unique<NodeIpam>(context, std::move(set));
}

}  // namespace controller_manager
