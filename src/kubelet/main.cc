// kubelet: runs the pods of one node.
//   kubelet --kubeconfig FILE [flags]
//   kubelet image load ARCHIVE... --root-dir DIR     puts images into the node's store
//   kubelet cleanup --root-dir DIR                   removes everything that runs and lies below DIR
#include <sys/resource.h>

#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/daemon_flags.h"
#include "base/log.h"
#include "base/shutdown.h"
#include "base/version.h"
#include "kubelet/absent_flags.h"
#include "kubelet/kubelet.h"

namespace {

using kubelet::KubeletOptions;

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "kubelet: %s\n", std::string(status.message()).c_str());
  return 1;
}

void AddFlags(base::FlagSet& flags, KubeletOptions& o, bool& schedulable, std::vector<std::string>& labels) {
  flags.String(&o.kubeconfig, "kubeconfig", "", "how to reach the API server");
  flags.String(&o.config_file, "config", "", "A KubeletConfiguration file; flags win over it");
  flags.String(&o.hostname, "hostname-override", "", "name of the node (default: the host name)");
  flags.String(&o.node_ip, "node-ip", "", "address of the node (default: of the default route's interface)");
  flags.String(&o.root_dir, "root-dir", "", "where everything lies");
  flags.String(&o.address, "address", "", "where to serve");
  flags.Int(&o.port, "port", "", "HTTPS port for logs, exec and metrics; 0: none");
  flags.String(&o.manifest_path, "pod-manifest-path", "", "file or folder of static pods");
  flags.Bool(&o.register_node, "register-node", "", "register with the API server");
  flags.List(&labels, "node-labels", "", "labels of the node: key=value,...");
  flags.String(&o.taints, "register-with-taints", "", "taints of the node: key=value:Effect,...");
  flags.Duration(&o.status_update, "node-status-update-frequency", "", "how often the status is looked at");
  flags.Duration(&o.status_report, "node-status-report-frequency", "", "how often an unchanged status is written");
  flags.Duration(&o.sync_frequency, "sync-frequency", "", "how often every pod is looked at");
  flags.Int(&o.max_pods, "max-pods", "", "how many pods fit");
  flags.Int(&o.pod_pids_limit, "pod-max-pids", "", "how many processes a pod may have");
  flags.List(&o.allowed_unsafe_sysctls, "allowed-unsafe-sysctls", "", "sysctls pods may set though they touch their neighbours: names, or prefixes that end in '*'");
  flags.Bool(&o.seccomp_default, "seccomp-default", "", "RuntimeDefault for pods that ask for no seccomp profile");
  flags.List(&o.cluster_dns, "cluster-dns", "", "name servers of pods, comma-separated");
  flags.String(&o.cluster_domain, "cluster-domain", "", "DNS domain of the cluster");
  flags.String(&o.resolv_conf, "resolv-conf", "", "resolver configuration of pods with the node's DNS");
  flags.String(&o.tls_cert_file, "tls-cert-file", "", "server certificate (default: self-signed)");
  flags.String(&o.tls_key_file, "tls-private-key-file", "", "its key");
  flags.String(&o.client_ca_file, "client-ca-file", "", "CA of client certificates");
  flags.Bool(&o.anonymous, "anonymous-auth", "", "answer requests without identity");
  flags.String(&o.authorization_mode, "authorization-mode", "", "alwaysAllow or Webhook");
  flags.Choice(&o.runtime, "runtime", {"embedded", "hollow"}, "embedded: real containers; hollow: pods run in name only");
  flags.String(&o.runtime_endpoint, "container-runtime-endpoint", "", "socket of a CRI runtime that runs the pods instead: unix:///run/containerd/containerd.sock");
  flags.String(&o.cgroup_root, "cgroup-root", "", "parent cgroup of the pods (default: made of the root directory)");
  flags.String(&o.cni_bin_dir, "cni-bin-dir", "", "where CNI plugins lie");
  flags.String(&o.cni_conf_dir, "cni-conf-dir", "", "CNI configuration (default: a bridge, written for the node's pod range)");
  flags.String(&o.cni_bridge, "cni-bridge", "", "name of that bridge");
  flags.String(&o.cluster_cidr, "cluster-cidr", "", "pod range of the cluster: what goes elsewhere is masqueraded");
  flags.String(&o.route_kubeconfig, "route-kubeconfig", "", "credentials that may list nodes (kube-proxy's, say): sets routes to the pods of other nodes");
  flags.String(&o.pod_logs_dir, "pod-logs-dir", "", "where container logs lie (default: ROOT/log/pods)");
  flags.String(&o.image_dir, "image-dir", "", "image archives to load at start (default: ROOT/image-archives)");
  flags.String(&o.shim_path, "shim", "", "the kubelet-shim program (default: beside this one)");
  flags.Int(&o.log_max_bytes, "container-log-max-size", "", "bytes of a container log file");
  flags.Int(&o.log_max_files, "container-log-max-files", "", "files of a container log");
  flags.Int(&o.verbosity, "v", "v", "log verbosity");
  flags.Bool(&schedulable, "register-schedulable", "", "register as schedulable");
  kubelet::AddAbsentFlags(flags);
}

// The command line, and below it the configuration file it names. False: the process ends with `*exit_code`.
bool ReadOptions(int argc, char** argv, KubeletOptions& options, std::vector<std::string>& words, int* exit_code) {
  base::Program program{"kubelet",
                        "Runs the pods of one node.\n\n"
                        "  kubelet --kubeconfig FILE [flags]                 until it is told to stop\n"
                        "  kubelet image load ARCHIVE... --root-dir DIR      puts OCI or docker-save archives into the node's store\n"
                        "  kubelet cleanup --root-dir DIR                    removes everything that runs and lies below DIR",
                        absl::StrCat("Kubernetes ", base::kKubernetesVersion)};
  program.examples =
      "  # the node's pods in containers of its own\n"
      "  kubelet --kubeconfig kubelet.conf --client-ca-file ca.crt\n\n"
      "  # in containerd\n"
      "  kubelet --kubeconfig kubelet.conf --client-ca-file ca.crt --container-runtime-endpoint unix:///run/containerd/containerd.sock\n\n"
      "  # a node that only says it runs them, to try out a large cluster\n"
      "  kubelet --kubeconfig kubelet.conf --runtime hollow --hostname-override node-7\n";
  program.groups = {
      {"Node", {"hostname-", "node-", "register-", "max-pods"}},
      {"Serving", {"address", "port", "tls-", "client-ca-", "anonymous-", "authorization-"}},
      {"Containers", {"runtime", "container-", "cgroup-", "pod-", "image-", "shim", "sync-"}},
      {"Network", {"cni-", "cluster-", "resolv-", "route-"}},
  };
  std::string config_file;
  for (int pass = 0; pass < 2; ++pass) {  // flags win: the file first, then the command line once more
    bool schedulable = true;
    std::vector<std::string> labels;
    base::FlagSet flags;
    AddFlags(flags, options, schedulable, labels);
    if (!base::ParseDaemonFlags(program, flags, argc, argv, exit_code, &words)) return false;
    options.unschedulable = !schedulable;
    for (const std::string& label : labels) {
      std::pair<std::string, std::string> pair = absl::StrSplit(label, absl::MaxSplits('=', 1));
      options.node_labels[pair.first] = pair.second;
    }
    if (pass > 0 || options.config_file.empty()) return true;
    config_file = options.config_file;
    options = KubeletOptions();
    std::vector<std::string> warnings;
    if (const absl::Status read = kubelet::ApplyConfigFile(config_file, &options, &warnings); !read.ok()) {
      *exit_code = Fail(read);
      return false;
    }
    for (const std::string& warning : warnings) std::fprintf(stderr, "%s\n", warning.c_str());
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  base::BlockShutdownSignals();
  KubeletOptions options;
  std::vector<std::string> words;
  int exit_code = 0;
  if (!ReadOptions(argc, argv, options, words, &exit_code)) return exit_code;
  const bool load = words.size() > 2 && words[0] == "image" && words[1] == "load";
  const bool cleanup = words.size() == 1 && words[0] == "cleanup";
  if (!words.empty() && !load && !cleanup) {
    return Fail(absl::InvalidArgumentError("unknown command \"" + absl::StrJoin(words, " ") + "\"; there are: image load ARCHIVE..., cleanup"));
  }
  base::InitLog("kubelet", options.verbosity);
  if (absl::Status status = kubelet::CompleteOptions(&options); !status.ok()) return Fail(status);
  if (load || cleanup) {
    const absl::Status status = load ? kubelet::LoadImages(options, {words.begin() + 2, words.end()}) : kubelet::Cleanup(options);
    return status.ok() ? 0 : Fail(status);
  }
  if (options.kubeconfig.empty()) return Fail(absl::InvalidArgumentError("--kubeconfig is required: the file that says how to reach the API server"));
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
