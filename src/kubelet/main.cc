// kubelet: runs the pods of one node.
//   kubelet --kubeconfig FILE [flags]
//   kubelet image load ARCHIVE... --root-dir DIR     puts images into the node's store
//   kubelet cleanup --root-dir DIR                   removes everything that runs and lies below DIR
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "absl/strings/str_split.h"
#include "base/log.h"
#include "base/shutdown.h"
#include "kubelet/kubelet.h"

namespace {

using kubelet::KubeletOptions;

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "kubelet: %s\n", std::string(status.message()).c_str());
  return 1;
}

void AddFlags(CLI::App& app, KubeletOptions& o, std::map<std::string, std::string>& durations, std::string& dns, std::string& labels) {
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app.add_option("--kubeconfig", o.kubeconfig, "How to reach the API server");
  app.add_option("--config", o.config_file, "A KubeletConfiguration file; flags win over it");
  app.add_option("--hostname-override", o.hostname, "Name of the node (default: the host name)");
  app.add_option("--node-ip", o.node_ip, "Address of the node (default: of the default route's interface)");
  app.add_option("--root-dir", o.root_dir, "Where everything lies")->capture_default_str();
  app.add_option("--address", o.address, "Where to serve")->capture_default_str();
  app.add_option("--port", o.port, "HTTPS port for logs, exec and metrics; 0: none")->capture_default_str();
  app.add_option("--pod-manifest-path", o.manifest_path, "File or folder of static pods");
  app.add_option("--register-node", o.register_node, "Register with the API server")->capture_default_str();
  app.add_option("--register-schedulable", [&o](const std::vector<std::string>& v) { o.unschedulable = v.at(0) == "false"; return true; },
                 "Register as schedulable");
  app.add_option("--node-labels", labels, "Labels of the node: key=value,...");
  app.add_option("--register-with-taints", o.taints, "Taints of the node: key=value:Effect,...");
  app.add_option("--node-status-update-frequency", durations["status_update"], "How often the status is looked at (default 10s)");
  app.add_option("--node-status-report-frequency", durations["status_report"], "How often an unchanged status is written (default 5m)");
  app.add_option("--sync-frequency", durations["sync"], "How often every pod is looked at (default 1m)");
  app.add_option("--max-pods", o.max_pods, "How many pods fit")->capture_default_str();
  app.add_option("--pod-max-pids", o.pod_pids_limit, "How many processes a pod may have")->capture_default_str();
  app.add_option("--cluster-dns", dns, "Name servers of pods, comma-separated");
  app.add_option("--cluster-domain", o.cluster_domain, "DNS domain of the cluster")->capture_default_str();
  app.add_option("--resolv-conf", o.resolv_conf, "Resolver configuration of pods with the node's DNS")->capture_default_str();
  app.add_option("--tls-cert-file", o.tls_cert_file, "Server certificate (default: self-signed)");
  app.add_option("--tls-private-key-file", o.tls_key_file, "Its key");
  app.add_option("--client-ca-file", o.client_ca_file, "CA of client certificates");
  app.add_option("--anonymous-auth", o.anonymous, "Answer requests without identity")->capture_default_str();
  app.add_option("--authorization-mode", o.authorization_mode, "AlwaysAllow or Webhook")->capture_default_str();
  app.add_option("--runtime", o.runtime, "embedded: real containers; hollow: pods run in name only")->capture_default_str();
  app.add_option("--container-runtime-endpoint", o.runtime_endpoint,
                 "Socket of a CRI runtime that runs the pods instead: unix:///run/containerd/containerd.sock");
  app.add_option("--cgroup-root", o.cgroup_root, "Parent cgroup of the pods (default: made of the root directory)");
  app.add_option("--cni-bin-dir", o.cni_bin_dir, "Where CNI plugins lie")->capture_default_str();
  app.add_option("--cni-conf-dir", o.cni_conf_dir, "CNI configuration (default: a bridge, written for the node's pod range)");
  app.add_option("--cni-bridge", o.cni_bridge, "Name of that bridge")->capture_default_str();
  app.add_option("--cluster-cidr", o.cluster_cidr, "Pod range of the cluster: what goes elsewhere is masqueraded");
  app.add_option("--route-kubeconfig", o.route_kubeconfig,
                 "Credentials that may list nodes (kube-proxy's, say): sets routes to the pods of other nodes");
  app.add_option("--pod-logs-dir", o.pod_logs_dir, "Where container logs lie (default: ROOT/log/pods)");
  app.add_option("--image-dir", o.image_dir, "Image archives to load at start (default: ROOT/image-archives)");
  app.add_option("--shim", o.shim_path, "The kubelet-shim program (default: beside this one)");
  app.add_option("--container-log-max-size", o.log_max_bytes, "Bytes of a container log file")->capture_default_str();
  app.add_option("--container-log-max-files", o.log_max_files, "Files of a container log")->capture_default_str();
  app.add_option("-v,--v", o.verbosity, "Log verbosity")->capture_default_str();
}

absl::Status ReadFlags(const std::map<std::string, std::string>& durations, const std::string& dns, const std::string& labels, KubeletOptions& o) {
  const auto duration = [&](const char* name, absl::Duration* out) {
    const std::string& text = durations.at(name);
    return text.empty() || absl::ParseDuration(text, out) ? absl::OkStatus()
                                                          : absl::InvalidArgumentError("invalid duration \"" + text + "\"");
  };
  absl::Status status = duration("status_update", &o.status_update);
  status.Update(duration("status_report", &o.status_report));
  status.Update(duration("sync", &o.sync_frequency));
  if (!dns.empty()) o.cluster_dns = absl::StrSplit(dns, ',', absl::SkipEmpty());
  for (absl::string_view pair : absl::StrSplit(labels, ',', absl::SkipEmpty())) {
    std::pair<std::string, std::string> parts = absl::StrSplit(pair, absl::MaxSplits('=', 1));
    o.node_labels[parts.first] = parts.second;
  }
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  base::BlockShutdownSignals();
  KubeletOptions options;
  std::map<std::string, std::string> durations;
  std::string dns, labels;
  std::vector<std::string> archives;
  CLI::App app{"Runs the pods of one node."};
  app.fallthrough();
  AddFlags(app, options, durations, dns, labels);
  CLI::App* image = app.add_subcommand("image", "The node's images");
  CLI::App* load = image->add_subcommand("load", "Loads OCI or docker-save archives");
  load->add_option("archive", archives, "Archive files")->required()->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  image->fallthrough();
  load->fallthrough();
  image->require_subcommand(1);
  CLI::App* cleanup = app.add_subcommand("cleanup", "Removes everything that runs and lies below --root-dir");
  cleanup->fallthrough();
  CLI11_PARSE(app, argc, argv);
  if (!options.config_file.empty()) {
    // Flags win: the file first, then the command line once more.
    const std::string path = options.config_file;
    options = KubeletOptions();
    if (const absl::Status read = kubelet::ApplyConfigFile(path, &options); !read.ok()) return Fail(read);
    CLI11_PARSE(app, argc, argv);
  }
  base::InitLog("kubelet", options.verbosity);
  if (absl::Status status = ReadFlags(durations, dns, labels, options); !status.ok()) return Fail(status);
  if (absl::Status status = kubelet::CompleteOptions(&options); !status.ok()) return Fail(status);
  if (load->parsed()) {
    const absl::Status status = kubelet::LoadImages(options, archives);
    return status.ok() ? 0 : Fail(status);
  }
  if (cleanup->parsed()) {
    const absl::Status status = kubelet::Cleanup(options);
    return status.ok() ? 0 : Fail(status);
  }
  if (options.kubeconfig.empty()) return Fail(absl::InvalidArgumentError("--kubeconfig is required"));
  rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
  absl::StatusOr<std::unique_ptr<kubelet::Kubelet>> running = kubelet::Kubelet::Start(options);
  if (!running.ok()) return Fail(running.status());
  base::WaitForShutdown();
  running->reset();
  return 0;
}
