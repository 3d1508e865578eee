// kube-proxy: routes the cluster's services on one node with nftables.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <thread>

#include "absl/strings/str_split.h"
#include "absl/synchronization/notification.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/shutdown.h"
#include "client/api_client.h"
#include "client/informer.h"
#include "client/kubeconfig.h"
#include "client/transport.h"
#include "k8s/core/v1/node.pb.h"
#include "k8s/core/v1/service.pb.h"
#include "k8s/discovery/v1/endpointslice.pb.h"
#include "kube-proxy/rules/nft_script.h"
#include "kube-proxy/sync/proxier.h"
#include "kube-proxy/sync/status_server.h"

namespace {

using k8s::core::v1::Node;
using k8s::core::v1::Service;
using k8s::discovery::v1::EndpointSlice;
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

void Connect(client::Informers& informers, Proxier& proxier, const std::string& node_name) {
  auto& services = informers.For<Service>();
  services.AddHandler({
      [&proxier](const auto& now) { proxier.Change([&](ServiceTracker& t) { return t.Apply(*now); }); },
      [&proxier](const auto&, const auto& now) { proxier.Change([&](ServiceTracker& t) { return t.Apply(*now); }); },
      [&proxier](const auto& old) {
        proxier.Change([&](ServiceTracker& t) { return t.RemoveService(old->metadata().namespace_(), old->metadata().name()); });
      }});
  auto& slices = informers.For<EndpointSlice>();
  slices.AddHandler({
      [&proxier](const auto& now) { proxier.Change([&](ServiceTracker& t) { return t.Apply(*now); }); },
      [&proxier](const auto&, const auto& now) { proxier.Change([&](ServiceTracker& t) { return t.Apply(*now); }); },
      [&proxier](const auto& old) {
        proxier.Change([&](ServiceTracker& t) { return t.RemoveSlice(old->metadata().namespace_(), old->metadata().name()); });
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

bool ParseDuration(const std::string& text, absl::Duration& out) { return absl::ParseDuration(text, &out); }

}  // namespace

int main(int argc, char** argv) {
  base::BlockShutdownSignals();
  Flags flags;
  std::string min_sync = "50ms", sync = "30s", node_port_addresses;
  CLI::App app{"Routes the cluster's services on this node: watches Services and EndpointSlices, writes nftables rules."};
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);  // units append overrides
  app.add_option("--kubeconfig", flags.kubeconfig, "How to reach the API server");
  app.add_option("--hostname-override", flags.proxier.node, "This node's name; the host name when not given");
  app.add_option("--cluster-cidr", flags.proxier.cluster_cidr, "Addresses of pods; traffic from elsewhere to a service is masqueraded");
  app.add_option("--proxy-mode", flags.mode, "How services are routed: nftables")->check(CLI::IsMember({"nftables", ""}));
  app.add_flag("--masquerade-all", flags.proxier.masquerade_all, "Masquerade all traffic to cluster IPs");
  app.add_option("--nodeport-addresses", node_port_addresses, "CIDRs of the addresses that answer node ports; 'primary': the node's own");
  app.add_option("--min-sync-period", min_sync, "Least time between two changes of the rules");
  app.add_option("--iptables-min-sync-period,--nftables-min-sync-period", min_sync, "Same as --min-sync-period")->group("");
  app.add_option("--nftables-sync-period", sync, "How often to look whether the rules are still there");
  app.add_option("--healthz-bind-address", flags.status.healthz_address, "Where /healthz answers; empty: nowhere")->capture_default_str();
  app.add_option("--metrics-bind-address", flags.status.metrics_address, "Where /metrics answers; empty: nowhere")->capture_default_str();
  app.add_flag("--cleanup", flags.cleanup, "Remove the rules of a former run and exit");
  app.add_option("-v,--v", flags.verbosity, "Log verbosity");
  CLI11_PARSE(app, argc, argv);
  base::InitLog("kube-proxy", flags.verbosity);
  if (!ParseDuration(min_sync, flags.proxier.min_sync_period) || !ParseDuration(sync, flags.proxier.sync_period)) {
    return Fail(absl::InvalidArgumentError("periods are durations such as 1s or 50ms"));
  }
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
