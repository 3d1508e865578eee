#include "kubelet/node/network.h"

#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "kubelet/pods/pod_util.h"
#include "kubelet/runtime/cni/cni.h"
#include "kubelet/runtime/subprocess.h"

namespace kubelet {
namespace {

absl::Status RunTool(std::vector<std::string> args, std::string input = "") {
  const std::string name = args[0];
  ASSIGN_OR_RETURN(const SubprocessResult result, RunSubprocess({.args = std::move(args), .input = std::move(input)}));
  if (result.exit_code != 0) return absl::InternalError(absl::StrCat(name, ": ", result.err));
  return absl::OkStatus();
}

std::string TableName(const NodeNetworkOptions& options) { return absl::StrCat("skiff-kubelet-", options.bridge); }

std::string InternalIp(const v1::Node& node) {
  for (const v1::NodeAddress& address : node.status().addresses()) {
    if (address.type() == "InternalIP") return address.address();
  }
  return "";
}

}  // namespace

bool NodeNetwork::SetSelf(const v1::Node& node) {
  const std::string& cidr = node.spec().podcidr();
  if (cidr.empty() || !options_.write_conf) return false;
  {
    absl::MutexLock lock(&mu_);
    if (own_cidr_ == cidr) return false;
    own_cidr_ = cidr;
  }
  if (absl::Status masked = Masquerade(cidr); !masked.ok()) base::LogWarning("no masquerading err=", masked.message());
  if (absl::Status written = WriteBridgeConfig(options_.conf_dir, cidr, options_.bridge, options_.data_dir); !written.ok()) {
    base::LogError("network configuration not written err=", written.message());
    absl::MutexLock lock(&mu_);
    own_cidr_.clear();
    return false;
  }
  base::LogInfo("pod network configured cidr=", cidr, " bridge=", options_.bridge);
  return true;
}

absl::Status NodeNetwork::Masquerade(const std::string& pod_cidr) {
  if (options_.cluster_cidr.empty()) return absl::OkStatus();
  // Bridged and routed pods must be let through, and what leaves the cluster carries the node's address.
  const std::string table = TableName(options_);
  return RunTool({"nft", "-f", "-"},
                 absl::StrCat("add table ip ", table, "\ndelete table ip ", table, "\ntable ip ", table, " {\n",
                              "  chain postrouting {\n    type nat hook postrouting priority srcnat; policy accept;\n",
                              "    ip saddr ", pod_cidr, " ip daddr != { ", options_.cluster_cidr,
                              ", 224.0.0.0/4 } masquerade\n  }\n}\n"));
}

void NodeNetwork::SetPeer(const v1::Node& node) {
  const std::string& name = node.metadata().name();
  const std::pair<std::string, std::string> route{node.spec().podcidr(), InternalIp(node)};
  if (name == options_.node_name || route.first.empty() || route.second.empty()) return;
  {
    absl::MutexLock lock(&mu_);
    auto found = routes_.find(name);
    if (found != routes_.end() && found->second == route) return;
    routes_[name] = route;
  }
  if (absl::Status added = RunTool({"ip", "route", "replace", route.first, "via", route.second}); !added.ok()) {
    base::LogWarning("route not set node=", name, " cidr=", route.first, " via=", route.second, " err=", added.message());
    absl::MutexLock lock(&mu_);
    routes_.erase(name);  // the node's next change tries again
  }
}

void NodeNetwork::RemovePeer(const std::string& name) {
  std::string cidr;
  {
    absl::MutexLock lock(&mu_);
    auto found = routes_.find(name);
    if (found == routes_.end()) return;
    cidr = found->second.first;
    routes_.erase(found);
  }
  (void)RunTool({"ip", "route", "del", cidr});
}

void RemoveNodeNetwork(const NodeNetworkOptions& options) {
  (void)RunTool({"ip", "link", "del", options.bridge});
  (void)RunTool({"nft", "delete", "table", "ip", TableName(options)});
}

}  // namespace kubelet
