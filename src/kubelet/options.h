// Everything a kubelet can be told, from flags and from a KubeletConfiguration file. Names and defaults are upstream's.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace kubelet {

struct KubeletOptions {
  std::string kubeconfig;
  std::string config_file;
  std::string hostname;               // of the node; default: the machine's, in lower case
  std::string node_ip;                // default: of the interface with the default route
  std::string root_dir = "/var/lib/kubelet";
  std::string address = "0.0.0.0";
  int port = 10250;
  std::string manifest_path;          // static pods
  bool register_node = true;
  bool unschedulable = false;
  std::map<std::string, std::string> node_labels;
  std::string taints;                 // key=value:Effect,...
  absl::Duration status_update = absl::Seconds(10);
  absl::Duration status_report = absl::Minutes(5);
  int lease_seconds = 40;
  int max_pods = 110;
  int64_t pod_pids_limit = -1;
  std::vector<std::string> allowed_unsafe_sysctls;  // names, or prefixes that end in '*'
  bool seccomp_default = false;       // RuntimeDefault for pods that ask for no seccomp profile
  std::vector<std::string> cluster_dns;
  std::string cluster_domain = "cluster.local";
  std::string resolv_conf = "/etc/resolv.conf";
  std::string tls_cert_file, tls_key_file, client_ca_file;
  bool anonymous = false;
  std::string authorization_mode = "Webhook";
  std::string runtime = "embedded";   // or hollow
  std::string runtime_endpoint;       // socket of a CRI runtime, which then runs the pods: unix:///run/containerd/containerd.sock
  std::string cgroup_root;            // default: made of the node's name and root_dir
  std::string cni_bin_dir = "/usr/lib/cni,/opt/cni/bin";
  std::string cni_conf_dir;           // default: ROOT/cni/conf, written by the kubelet itself
  std::string cni_bridge = "cni0";
  std::string cluster_cidr;
  std::string route_kubeconfig;       // credentials that may list nodes, for routes to their pods; empty: no routes
  std::string pod_logs_dir;           // default: ROOT/log/pods
  std::string image_dir;              // archives loaded at start; default: ROOT/image-archives
  std::string shim_path;
  int64_t log_max_bytes = 10 << 20;
  int log_max_files = 5;
  absl::Duration sync_frequency = absl::Minutes(1);
  int64_t memory_reserved = 100 << 20;  // evictionHard memory.available
  int verbosity = 0;
};

// Reads a KubeletConfiguration into `options`. Fields that say something and change nothing here are told in `warnings`, a line
// each; those that must not be overlooked are refused, as their flags are. InvalidArgument names a bad one.
absl::Status ApplyConfigFile(const std::string& path, KubeletOptions* options, std::vector<std::string>* warnings);

// Fills in what depends on the machine and on other options.
absl::Status CompleteOptions(KubeletOptions* options);

}  // namespace kubelet
