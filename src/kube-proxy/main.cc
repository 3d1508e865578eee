// kube-proxy: routes the cluster's services on one node with nftables.
#include <cstdio>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/notification.h"
#include "base/clock.h"
#include "base/daemon_flags.h"
#include "base/log.h"
#include "base/shutdown.h"
#include "base/version.h"
#include "client/api_client.h"
#include "client/informer.h"
#include "client/kubeconfig.h"
#include "client/transport.h"
#include "k8s/core/v1/node.pb.h"
#include "k8s/core/v1/service.pb.h"
#include "k8s/discovery/v1/endpointslice.pb.h"
#include "kube-proxy/absent_flags.h"
#include "kube-proxy/rules/nft_script.h"
#include "kube-proxy/sync/proxier.h"
#include "kube-proxy/sync/status_server.h"

namespace {

using k8s::core::v1::Node;
using k8s::core::v1::Service;
using k8s::discovery::v1::EndpointSlice;
using kube_proxy::sync::Changed;
using kube_proxy::sync::Proxier;
using kube_proxy::sync::ServiceTracker;

struct Flags {
  std::string kubeconfig, hostname, mode = "nftables";
  kube_proxy::sync::ProxierOptions proxier;
  kube_proxy::sync::StatusServerOptions status;
  bool cleanup = false;
  int verbosity = 0;
};

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "kube-proxy: %s\n", std::string(status.message()).c_str());
  return 1;
}

// When that happened of which the slice tells.
absl::Time CauseOf(const EndpointSlice& slice) {
  const auto& annotations = slice.metadata().annotations();
  const auto found = annotations.find("endpoints.kubernetes.io/last-change-trigger-time");
  absl::Time time = absl::InfinitePast();
  if (found == annotations.end() || !absl::ParseTime(absl::RFC3339_full, found->second, &time, nullptr)) return absl::InfinitePast();
  return time;
}

void Connect(client::Informers& informers, Proxier& proxier, const std::string& node_name) {
  auto& services = informers.For<Service>();
  services.AddHandler({
      [&proxier](const auto& now) { proxier.Change(Changed::kService, [&](ServiceTracker& t) { return t.Apply(*now); }); },
      [&proxier](const auto&, const auto& now) { proxier.Change(Changed::kService, [&](ServiceTracker& t) { return t.Apply(*now); }); },
      [&proxier](const auto& old) {
        proxier.Change(Changed::kService, [&](ServiceTracker& t) { return t.RemoveService(old->metadata().namespace_(), old->metadata().name()); });
      }});
  auto& slices = informers.For<EndpointSlice>();
  slices.AddHandler({
      [&proxier](const auto& now) { proxier.Change(Changed::kEndpoints, [&](ServiceTracker& t) { return t.Apply(*now); }, CauseOf(*now)); },
      [&proxier](const auto&, const auto& now) {
        proxier.Change(Changed::kEndpoints, [&](ServiceTracker& t) { return t.Apply(*now); }, CauseOf(*now));
      },
      [&proxier](const auto& old) {
        proxier.Change(Changed::kEndpoints, [&](ServiceTracker& t) { return t.RemoveSlice(old->metadata().namespace_(), old->metadata().name()); });
      }});
  auto& nodes = informers.For<Node>({.field_selector = "metadata.name=" + node_name});
  nodes.OnChange([&proxier](const Node& node) {
    std::vector<std::string> addresses;
    for (const auto& address : node.status().addresses()) {
      if (address.type() == "InternalIP") addresses.push_back(address.address());
    }
    const auto& labels = node.metadata().labels();
    const auto zone = labels.find("topology.kubernetes.io/zone");
    proxier.SetNode(std::move(addresses), zone == labels.end() ? "" : zone->second);
  });
}

int Run(const Flags& flags) {
  auto sink = kube_proxy::sync::OpenNftSink();
  if (!sink.ok()) return Fail(sink.status());
  if (flags.cleanup) {
    for (const auto family : {kube_proxy::rules::Family::kIpv4, kube_proxy::rules::Family::kIpv6}) {
      if (const absl::Status status = (*sink)->Run(kube_proxy::rules::CleanupScript(family)); !status.ok()) return Fail(status);
    }
    return 0;
  }
  auto config = client::LoadKubeconfig(flags.kubeconfig);
  if (!config.ok()) return Fail(config.status());
  config->user_agent = "kube-proxy";
  auto transport = client::Connect(*config);
  if (!transport.ok()) return Fail(transport.status());
  const client::ApiClient api(std::shared_ptr<client::Transport>(std::move(*transport)), "kube-proxy");

  Proxier proxier(flags.proxier, **sink, base::SystemClock());
  auto status = kube_proxy::sync::StatusServer::Create(flags.status, proxier, base::SystemClock());
  if (!status.ok()) return Fail(status.status());
  client::Informers informers(api);
  Connect(informers, proxier, flags.proxier.node);
  proxier.Start();
  informers.Start();

  absl::Notification ending;
  std::thread watcher([&] {
    while (!ending.HasBeenNotified() && !informers.WaitForSync(absl::Milliseconds(200))) {
    }
    if (!ending.HasBeenNotified()) proxier.SetSynced();
    while (!ending.WaitForNotificationWithTimeout(absl::Seconds(1))) (*status)->Refresh();
  });
  base::LogInfo("proxying node=", flags.proxier.node, " server=", config->server);
  base::WaitForShutdown();
  ending.Notify();
  watcher.join();
  informers.Stop();
  proxier.Stop();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  base::BlockShutdownSignals();
  Flags flags;
  std::string node_port_addresses;
  base::FlagSet f;
  f.String(&flags.kubeconfig, "kubeconfig", "", "how to reach the API server");
  f.String(&flags.proxier.node, "hostname-override", "", "this node's name; the host name when not given");
  f.String(&flags.proxier.cluster_cidr, "cluster-cidr", "", "addresses of pods; traffic from elsewhere to a service is masqueraded");
  f.Choice(&flags.mode, "proxy-mode", {"nftables", ""}, "how services are routed: nftables");
  f.Bool(&flags.proxier.masquerade_all, "masquerade-all", "", "masquerade all traffic to cluster IPs");
  f.String(&node_port_addresses, "nodeport-addresses", "", "CIDRs of the addresses that answer node ports; 'primary': the node's own");
  f.Duration(&flags.proxier.min_sync_period, "nftables-min-sync-period", "", "least time between two changes of the rules");
  f.Alias("min-sync-period", "nftables-min-sync-period");
  f.Alias("iptables-min-sync-period", "nftables-min-sync-period");
  f.Duration(&flags.proxier.sync_period, "nftables-sync-period", "", "how often to look whether the rules are still there");
  f.Alias("iptables-sync-period", "nftables-sync-period");
  f.String(&flags.status.healthz_address, "healthz-bind-address", "", "where /healthz answers; empty: nowhere");
  f.String(&flags.status.metrics_address, "metrics-bind-address", "", "where /metrics answers; empty: nowhere");
  f.Bool(&flags.cleanup, "cleanup", "", "remove the rules of a former run and exit");
  f.Int(&flags.verbosity, "v", "v", "log verbosity");
  kube_proxy::AddAbsentFlags(f);
  int exit_code = 0;
  base::Program program{"kube-proxy",
                        "Routes the cluster's services on this node: watches Services and EndpointSlices, writes nftables rules.",
                        absl::StrCat("Kubernetes ", base::kKubernetesVersion)};
  program.examples =
      "  kube-proxy --kubeconfig kube-proxy.conf --cluster-cidr 10.244.0.0/16\n\n"
      "  # take the rules away again\n"
      "  kube-proxy --cleanup\n";
  program.groups = {
      {"Rules", {"cluster-cidr", "masquerade-", "nftables-", "nodeport-", "proxy-mode"}},
      {"Health and metrics", {"healthz-", "metrics-"}},
  };
  if (!base::ParseDaemonFlags(program, f, argc, argv, &exit_code)) return exit_code;
  base::InitLog("kube-proxy", flags.verbosity);
  if (!node_port_addresses.empty() && node_port_addresses != "primary") {
    flags.proxier.node_port_addresses = absl::StrSplit(node_port_addresses, ',');
  }
  if (flags.proxier.node.empty()) {
    char name[256] = {};
    gethostname(name, sizeof name - 1);
    flags.proxier.node = name;
  }
  if (!flags.cleanup && flags.kubeconfig.empty()) {
    return Fail(absl::InvalidArgumentError("--kubeconfig is required: the file that says how to reach the API server"));
  }
  return Run(flags);
}
