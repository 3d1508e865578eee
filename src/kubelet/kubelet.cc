#include "kubelet/kubelet.h"

#include <dirent.h>
#include <unistd.h>

#include <cstdio>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "client/api_client.h"
#include "client/informer.h"
#include "client/kubeconfig.h"
#include "client/transport.h"
#include "kubelet/node/api_objects_client.h"
#include "kubelet/node/network.h"
#include "kubelet/node/node_agent.h"
#include "kubelet/node/static_pods.h"
#include "kubelet/pods/pod_manager.h"
#include "kubelet/pods/pod_util.h"
#include "kubelet/runtime/cgroups.h"
#include "kubelet/runtime/cri/cri_runtime.h"
#include "kubelet/runtime/embedded/embedded_runtime.h"
#include "kubelet/runtime/hollow/hollow_runtime.h"
#include "kubelet/runtime/measured_runtime.h"
#include "kubelet/server/server.h"

namespace kubelet {
namespace {

EmbeddedOptions RuntimeOptions(const KubeletOptions& o) {
  EmbeddedOptions e;
  e.root_dir = o.root_dir;
  e.shim_path = o.shim_path;
  e.cgroup_root = o.cgroup_root;
  e.cni.bin_dirs = absl::StrSplit(o.cni_bin_dir, ',', absl::SkipEmpty());
  e.cni.conf_dir = o.cni_conf_dir.empty() ? o.root_dir + "/cni/conf" : o.cni_conf_dir;
  e.cni.result_dir = o.root_dir + "/cni/results";
  e.log_max_bytes = o.log_max_bytes;
  e.log_max_files = o.log_max_files;
  e.pod_pids_limit = std::max<int64_t>(o.pod_pids_limit, 0);
  return e;
}

absl::StatusOr<std::unique_ptr<ContainerRuntime>> OpenCri(const KubeletOptions& o) {
  ASSIGN_OR_RETURN(std::unique_ptr<CriClient> client, NewCriClient(o.runtime_endpoint));
  return NewCriRuntime(std::move(client), {.cgroup_root = o.cgroup_root, .pod_pids_limit = std::max<int64_t>(o.pod_pids_limit, 0)});
}

std::vector<std::string> ArchivesIn(const std::string& dir) {
  std::vector<std::string> paths;
  if (DIR* d = opendir(dir.c_str())) {
    while (dirent* entry = readdir(d)) {
      if (entry->d_name[0] != '.') paths.push_back(absl::StrCat(dir, "/", entry->d_name));
    }
    closedir(d);
  }
  return paths;
}

// Loads what lies in the drop directory and was not loaded before.
void LoadDropped(const std::string& dir, ImageStore& store) {
  for (const std::string& path : ArchivesIn(dir)) {
    if (absl::EndsWith(path, ".loaded")) continue;
    const absl::StatusOr<std::vector<StoredImage>> images = store.Import(path);
    if (!images.ok()) {
      base::LogWarning("image archive not loaded path=", path, " err=", images.status().message());
    } else {
      base::LogInfo("image archive loaded path=", path);
      rename(path.c_str(), (path + ".loaded").c_str());
    }
  }
}

constexpr absl::Duration kHousekeeping = absl::Seconds(10);  // how often the disk is looked at

class KubeletImpl final : public Kubelet {
 public:
  explicit KubeletImpl(const KubeletOptions& options) : o_(options) {}

  ~KubeletImpl() override {
    if (server_ != nullptr) server_->Stop();
    static_pods_.reset();
    if (informers_ != nullptr) informers_->Stop();
    if (peers_ != nullptr) peers_->Stop();
    node_agent_.reset();
    upkeep_stop_.Notify();
    if (upkeep_.joinable()) upkeep_.join();
    if (housekeeping_.joinable()) housekeeping_.join();
    server_.reset();
    pods_.reset();
    statuses_.reset();
    informers_.reset();
    runtime_.reset();
  }

  absl::Status Start() {
    RETURN_IF_ERROR(OpenRuntime());
    ASSIGN_OR_RETURN(client::ClientConfig config, client::LoadKubeconfig(o_.kubeconfig));
    config.user_agent = "kubelet";
    ASSIGN_OR_RETURN(std::unique_ptr<client::Transport> transport, client::Connect(config));
    api_ = std::make_unique<client::ApiClient>(std::shared_ptr<client::Transport>(std::move(transport)), "kubelet");
    events_ = std::make_unique<client::EventRecorder>(*api_, client::EventSource{"kubelet", o_.hostname});
    informers_ = std::make_unique<client::Informers>(*api_);
    auto& services = informers_->For<v1::Service>();
    auto& pods = informers_->For<v1::Pod>({.field_selector = "spec.nodeName=" + o_.hostname});
    auto& self = informers_->For<v1::Node>({.field_selector = "metadata.name=" + o_.hostname});
    objects_ = std::make_unique<ApiObjectsClient>(*api_, services);
    volumes_ = std::make_unique<VolumeManager>(o_.root_dir, *objects_);
    statuses_ = std::make_unique<StatusManager>(*api_, 4);
    machine_ = ReadMachineInfo(o_.root_dir);
    MakePods(self);
    static_pods_ = std::make_unique<StaticPods>(o_.manifest_path, o_.hostname, *api_, *pods_, *statuses_);
    Connect(pods, self);
    MakeNode();
    RETURN_IF_ERROR(WatchPeers());
    RETURN_IF_ERROR(MakeServer());
    const client::ObjectRef node_ref{"v1", "Node", "", o_.hostname, o_.hostname, "", ""};
    events_->Normal(node_ref, "Starting", "Starting kubelet.");
    node_agent_->Start();
    informers_->Start();
    static_pods_->Start();
    upkeep_ = std::thread([this, &pods, &services] { Upkeep(pods, services); });
    if (o_.runtime != "hollow") housekeeping_ = std::thread([this] { KeepHouse(); });
    base::LogInfo("kubelet started node=", o_.hostname, " ip=", o_.node_ip, " runtime=", o_.runtime, " root=", o_.root_dir);
    return absl::OkStatus();
  }

 private:
  absl::Status OpenRuntime() {
    if (o_.runtime == "hollow") {
      runtime_ = Measure(std::make_unique<HollowRuntime>());
      return absl::OkStatus();
    }
    if (o_.runtime == "cri") {
      ASSIGN_OR_RETURN(std::unique_ptr<ContainerRuntime> cri, OpenCri(o_));
      runtime_ = Measure(std::move(cri));
      return absl::OkStatus();
    }
    if (o_.runtime != "embedded") return absl::InvalidArgumentError(absl::StrCat("--runtime=", o_.runtime, ": must be embedded or hollow"));
    ASSIGN_OR_RETURN(std::unique_ptr<EmbeddedRuntime> embedded, EmbeddedRuntime::Open(RuntimeOptions(o_)));
    LoadDropped(o_.image_dir, embedded->images());
    runtime_ = Measure(std::move(embedded));
    return absl::OkStatus();
  }

  NodeOptions Node() const {
    NodeOptions n;
    n.name = o_.hostname;
    n.ip = o_.node_ip;
    n.labels = o_.node_labels;
    (void)ParseTaints(o_.taints, &n.taints);
    n.max_pods = o_.max_pods;
    n.port = o_.port;
    n.unschedulable = o_.unschedulable;
    n.memory_reserved = o_.memory_reserved;
    return n;
  }

  void MakePods(client::Informer<v1::Node>& self) {
    PodManagerOptions p;
    p.node.node_name = o_.hostname;
    p.node.cluster_dns = o_.cluster_dns;
    p.node.cluster_domain = o_.cluster_domain;
    if (absl::StatusOr<std::string> text = base::ReadFile(o_.resolv_conf); text.ok()) p.node.host_resolv_conf = *text;
    p.node.log_root = o_.pod_logs_dir;
    p.node.memory_capacity = machine_.memory;
    p.node.seccomp_root = o_.root_dir + "/seccomp";
    p.node.seccomp_default = o_.seccomp_default;
    p.host_ip = o_.node_ip;
    p.node_milli_cpu = machine_.cpus * 1000;
    p.node_memory = AllocatableMemory(Node(), machine_);
    p.admission.allowed_unsafe_sysctls = o_.allowed_unsafe_sysctls;
    const absl::StatusOr<std::string> app_armor = base::ReadFile("/sys/module/apparmor/parameters/enabled");
    p.admission.app_armor = app_armor.ok() && absl::StartsWith(*app_armor, "Y");
    p.own_node = [this, &self] { return self.Get("", o_.hostname); };
    pods_ = std::make_unique<PodManager>(std::move(p), *runtime_, *volumes_, *objects_, *statuses_, *events_);
  }

  // Node identities may read their own node only: the routes to the others come by other credentials.
  absl::Status WatchPeers() {
    if (o_.route_kubeconfig.empty() || o_.runtime == "hollow") return absl::OkStatus();
    ASSIGN_OR_RETURN(client::ClientConfig config, client::LoadKubeconfig(o_.route_kubeconfig));
    config.user_agent = "kubelet-routes";
    ASSIGN_OR_RETURN(std::unique_ptr<client::Transport> transport, client::Connect(config));
    peer_api_ = std::make_unique<client::ApiClient>(std::shared_ptr<client::Transport>(std::move(transport)), "kubelet");
    peers_ = std::make_unique<client::Informers>(*peer_api_);
    peers_->For<v1::Node>().AddHandler({[this](const auto& node) { network_->SetPeer(*node); },
                                        [this](const auto&, const auto& node) { network_->SetPeer(*node); },
                                        [this](const auto& node) { network_->RemovePeer(node->metadata().name()); }});
    peers_->Start();
    return absl::OkStatus();
  }

  void Connect(client::Informer<v1::Pod>& pods, client::Informer<v1::Node>& self) {
    const auto changed = [this](const std::shared_ptr<const v1::Pod>& pod) {
      statuses_->Observe(pod);
      if (IsMirror(*pod)) static_pods_->MirrorChanged(*pod);
      else pods_->SetPod(pod);
    };
    pods.AddHandler({changed, [changed](const auto&, const auto& now) { changed(now); },
                     [this](const std::shared_ptr<const v1::Pod>& pod) {
                       if (IsMirror(*pod)) static_pods_->MirrorDeleted(*pod);
                       else pods_->RemovePod(pod->metadata().uid());
                     }});
    NodeNetworkOptions n;
    n.node_name = o_.hostname;
    n.conf_dir = o_.cni_conf_dir.empty() ? o_.root_dir + "/cni/conf" : o_.cni_conf_dir;
    n.write_conf = o_.cni_conf_dir.empty() && o_.runtime != "hollow";
    n.data_dir = o_.root_dir + "/cni/data";
    n.bridge = o_.cni_bridge;
    n.cluster_cidr = o_.cluster_cidr;
    network_ = std::make_unique<NodeNetwork>(n);
    if (o_.runtime == "hollow") return;
    self.AddHandler({[this](const auto& node) { SelfChanged(*node); }, [this](const auto&, const auto& node) { SelfChanged(*node); }, {}});
  }

  void SelfChanged(const v1::Node& node) {
    if (!network_->SetSelf(node)) return;
    node_agent_->Kick();
    pods_->Resync();
  }

  void MakeNode() {
    NodeAgentOptions a;
    a.node = Node();
    a.register_node = o_.register_node;
    a.status_update = o_.status_update;
    a.status_report = o_.status_report;
    a.lease_seconds = o_.lease_seconds;
    a.root_dir = o_.root_dir;
    node_agent_ = std::make_unique<NodeAgent>(a, *api_, *runtime_, *events_, [this](const v1::Node& node) { SelfChanged(node); });
  }

  absl::Status MakeServer() {
    if (o_.port == 0) return absl::OkStatus();
    ServerConfig s;
    s.address = absl::StrCat(o_.address, ":", o_.port);
    s.cert_file = o_.tls_cert_file;
    s.key_file = o_.tls_key_file;
    s.client_ca_file = o_.client_ca_file;
    s.node_name = o_.hostname;
    s.node_ip = o_.node_ip;
    s.anonymous = o_.anonymous;
    s.always_allow = o_.authorization_mode == "AlwaysAllow";
    s.root_dir = o_.root_dir;
    ASSIGN_OR_RETURN(server_, KubeletServer::Create(std::move(s), *pods_, *runtime_, *api_));
    return absl::OkStatus();
  }

  void KeepHouse() {
    while (!upkeep_stop_.WaitForNotificationWithTimeout(kHousekeeping)) pods_->EnforceStorageLimits();
  }

  void Upkeep(client::InformerBase& pods, client::InformerBase& services) {
    // Pods wait for the first list: what is not in it is removed.
    while (!pods.HasSynced()) {
      if (upkeep_stop_.WaitForNotificationWithTimeout(absl::Milliseconds(20))) return;
    }
    while (!upkeep_stop_.WaitForNotificationWithTimeout(absl::Seconds(1))) {
      pods_->RemoveOrphans();
      if (upkeep_stop_.WaitForNotificationWithTimeout(o_.sync_frequency)) return;
      pods_->Resync();
    }
  }

  const KubeletOptions o_;
  MachineInfo machine_;
  std::unique_ptr<ContainerRuntime> runtime_;
  std::unique_ptr<client::ApiClient> api_;
  std::unique_ptr<client::EventRecorder> events_;
  std::unique_ptr<client::Informers> informers_;
  std::unique_ptr<ApiObjectsClient> objects_;
  std::unique_ptr<VolumeManager> volumes_;
  std::unique_ptr<StatusManager> statuses_;
  std::unique_ptr<PodManager> pods_;
  std::unique_ptr<StaticPods> static_pods_;
  std::unique_ptr<NodeNetwork> network_;
  std::unique_ptr<client::ApiClient> peer_api_;
  std::unique_ptr<client::Informers> peers_;
  std::unique_ptr<NodeAgent> node_agent_;
  std::unique_ptr<KubeletServer> server_;
  absl::Notification upkeep_stop_;
  std::thread upkeep_, housekeeping_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Kubelet>> Kubelet::Start(const KubeletOptions& options) {
  auto kubelet = std::make_unique<KubeletImpl>(options);
  RETURN_IF_ERROR(kubelet->Start());
  return kubelet;
}

absl::Status LoadImages(const KubeletOptions& options, const std::vector<std::string>& archives) {
  ASSIGN_OR_RETURN(std::unique_ptr<ImageStore> store, ImageStore::Open(options.root_dir + "/images"));
  for (const std::string& archive : archives) {
    ASSIGN_OR_RETURN(const std::vector<StoredImage> images, store->Import(archive));
    for (const StoredImage& image : images) {
      for (const std::string& name : image.image.names) std::printf("Loaded image: %s\n", name.c_str());
    }
  }
  return absl::OkStatus();
}

absl::Status Cleanup(const KubeletOptions& options) {
  if (options.runtime == "cri") {
    ASSIGN_OR_RETURN(std::unique_ptr<ContainerRuntime> runtime, OpenCri(options));
    for (const SandboxStatus& sandbox : runtime->ListSandboxes("")) {
      RETURN_IF_ERROR(runtime->StopPodSandbox(sandbox.id));
      RETURN_IF_ERROR(runtime->RemovePodSandbox(sandbox.id));
    }
    Cgroups::Detect(options.cgroup_root).Remove("");
  } else {
    ASSIGN_OR_RETURN(std::unique_ptr<EmbeddedRuntime> runtime, EmbeddedRuntime::Open(RuntimeOptions(options)));
    runtime->RemoveEverything();
  }
  // Only what this node's own configuration made: the bridge's name may be another's.
  const std::string conf = options.root_dir + "/cni/conf/10-skiff.conflist";
  if (options.cni_conf_dir.empty() && access(conf.c_str(), F_OK) == 0) RemoveNodeNetwork({.bridge = options.cni_bridge});
  for (const char* dir : {"/runtime", "/pods", "/cni", "/images", "/image-archives", "/log"}) RemoveAll(options.root_dir + dir);
  if (!absl::StartsWith(options.pod_logs_dir, options.root_dir)) RemoveAll(options.pod_logs_dir);
  return absl::OkStatus();
}

}  // namespace kubelet
