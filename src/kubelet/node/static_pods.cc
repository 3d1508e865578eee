#include "kubelet/node/static_pods.h"

#include <dirent.h>
#include <openssl/evp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "apimachinery/codec.h"
#include "apimachinery/schema.h"
#include "apimachinery/yaml.h"
#include "base/file.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "client/informer.h"
#include "kubelet/pods/pod_manager.h"
#include "kubelet/pods/pod_util.h"
#include "kubelet/pods/status_manager.h"

namespace kubelet {
namespace {

std::string Md5(const std::string& text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest, &size, EVP_md5(), nullptr);
  return absl::BytesToHexString(absl::string_view(reinterpret_cast<char*>(digest), size));
}

// What the API server would have filled in and the kubelet relies on.
void SetDefaults(v1::Pod* pod) {
  v1::PodSpec& spec = *pod->mutable_spec();
  if (spec.restartpolicy().empty()) spec.set_restartpolicy("Always");
  if (spec.dnspolicy().empty()) spec.set_dnspolicy("ClusterFirst");
  if (!spec.has_terminationgraceperiodseconds()) spec.set_terminationgraceperiodseconds(30);
  if (spec.schedulername().empty()) spec.set_schedulername("default-scheduler");
  if (!spec.has_enableservicelinks()) spec.set_enableservicelinks(true);
  spec.mutable_securitycontext();
  for (auto* list : {spec.mutable_initcontainers(), spec.mutable_containers()}) {
    for (v1::Container& c : *list) {
      if (c.terminationmessagepath().empty()) c.set_terminationmessagepath("/dev/termination-log");
      if (c.terminationmessagepolicy().empty()) c.set_terminationmessagepolicy("File");
      if (c.imagepullpolicy().empty()) {
        const size_t colon = c.image().find(':', c.image().rfind('/') == std::string::npos ? 0 : c.image().rfind('/'));
        c.set_imagepullpolicy(colon == std::string::npos || c.image().substr(colon) == ":latest" ? "Always" : "IfNotPresent");
      }
    }
  }
  // It runs before anyone could say that the node is unfit, and stays.
  v1::Toleration* toleration = spec.add_tolerations();
  toleration->set_operator_("Exists");
  toleration->set_effect("NoExecute");
}

std::string KeyOf(const v1::Pod& pod) { return client::KeyOf(pod.metadata().namespace_(), pod.metadata().name()); }

std::string Annotation(const v1::Pod& pod, const char* name) {
  auto found = pod.metadata().annotations().find(name);
  return found == pod.metadata().annotations().end() ? "" : found->second;
}

}  // namespace

absl::StatusOr<v1::Pod> ParseStaticPod(const std::string& text, const std::string& file, const std::string& node_name) {
  ASSIGN_OR_RETURN(const apimachinery::Value tree, apimachinery::ParseYamlOrJson(text));
  const apimachinery::Kind* kind = apimachinery::Schema::Builtin().FindKind("", "v1", "Pod");
  if (tree.GetString("kind") != "Pod" || kind == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat("kind \"", tree.GetString("kind"), "\" is not Pod"));
  }
  ASSIGN_OR_RETURN(const apimachinery::Decoded decoded, apimachinery::DecodeTree(*kind->message, tree));
  std::string wire;
  apimachinery::EncodeWire(*kind->message, decoded.value, &wire);
  v1::Pod pod;
  if (!pod.ParseFromString(wire)) return absl::InvalidArgumentError("not a pod");
  auto& meta = *pod.mutable_metadata();
  if (meta.name().empty()) return absl::InvalidArgumentError("metadata.name is required");
  if (pod.spec().containers_size() == 0) return absl::InvalidArgumentError("spec.containers is required");
  meta.set_name(absl::StrCat(meta.name(), "-", node_name));
  if (meta.namespace_().empty()) meta.set_namespace_("default");
  const std::string hash = Md5(absl::StrCat(wire, "\n", node_name, "\n", file));
  if (meta.uid().empty()) meta.set_uid(hash);
  auto& annotations = *meta.mutable_annotations();
  annotations[kHashAnnotation] = hash;
  annotations[kSourceAnnotation] = "file";
  annotations[kSeenAnnotation] = absl::FormatTime("%Y-%m-%d%ET%H:%M:%E9SZ", absl::Now(), absl::UTCTimeZone());
  meta.mutable_creationtimestamp()->set_seconds(absl::ToUnixSeconds(absl::Now()));
  pod.mutable_spec()->set_nodename(node_name);
  pod.mutable_status()->set_phase("Pending");
  SetDefaults(&pod);
  return pod;
}

StaticPods::StaticPods(std::string path, std::string node_name, const client::ApiClient& api, PodManager& pods, StatusManager& statuses)
    : path_(std::move(path)), node_name_(std::move(node_name)), api_(api), pods_(pods), statuses_(statuses),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

StaticPods::~StaticPods() {
  {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
  }
  Wake();
  if (thread_.joinable()) thread_.join();
  close(wake_);
}

void StaticPods::Wake() {
  const uint64_t one = 1;
  (void)!write(wake_, &one, sizeof one);
}

void StaticPods::Start() {
  if (!path_.empty()) ReadAll();
  thread_ = std::thread([this] { Loop(); });
}

void StaticPods::Loop() {
  const int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  if (!path_.empty()) {
    (void)base::MakeDirs(path_);
    inotify_add_watch(watch, path_.c_str(), IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE);
  }
  for (;;) {
    SyncMirrors();
    pollfd fds[2] = {{wake_, POLLIN, 0}, {watch, POLLIN, 0}};
    poll(fds, 2, path_.empty() ? -1 : 20000);  // looks again now and then, as upstream's fileCheckFrequency
    {
      absl::MutexLock lock(&mu_);
      if (stopping_) break;
    }
    uint64_t count;
    (void)!read(wake_, &count, sizeof count);
    char events[4096];
    while (read(watch, events, sizeof events) > 0) {
    }
    if (!path_.empty()) ReadAll();
  }
  close(watch);
}

void StaticPods::ReadAll() {
  std::vector<std::string> files;
  struct stat st;
  if (stat(path_.c_str(), &st) != 0) return;
  if (S_ISDIR(st.st_mode)) {
    if (DIR* dir = opendir(path_.c_str())) {
      while (dirent* entry = readdir(dir)) {
        if (entry->d_name[0] != '.') files.push_back(absl::StrCat(path_, "/", entry->d_name));
      }
      closedir(dir);
    }
  } else {
    files.push_back(path_);
  }
  std::map<std::string, PodPtr> found;
  for (const std::string& file : files) {
    absl::StatusOr<std::string> text = base::ReadFile(file);
    if (!text.ok()) continue;
    absl::StatusOr<v1::Pod> pod = ParseStaticPod(*text, file, node_name_);
    if (!pod.ok()) {
      base::LogWarning("static pod not read file=", file, " err=", pod.status().message());
      continue;
    }
    const std::string key = KeyOf(*pod);
    found[key] = std::make_shared<v1::Pod>(*std::move(pod));
  }
  std::vector<PodPtr> changed;
  std::vector<std::string> removed;
  {
    absl::MutexLock lock(&mu_);
    for (auto& [key, pod] : found) {
      auto known = static_.find(key);
      const bool same = known != static_.end() && known->second->metadata().uid() == pod->metadata().uid();
      if (same) continue;
      if (known != static_.end()) removed.push_back(known->second->metadata().uid());
      changed.push_back(pod);
      static_[key] = pod;
    }
    for (auto known = static_.begin(); known != static_.end();) {
      if (found.contains(known->first)) {
        ++known;
        continue;
      }
      removed.push_back(known->second->metadata().uid());
      known = static_.erase(known);
    }
  }
  for (const std::string& uid : removed) pods_.RemovePod(uid);
  for (const PodPtr& pod : changed) pods_.SetPod(pod);
}

void StaticPods::MirrorChanged(const v1::Pod& mirror) {
  {
    absl::MutexLock lock(&mu_);
    mirrors_[KeyOf(mirror)] = {mirror.metadata().uid(), Annotation(mirror, kMirrorAnnotation), mirror.metadata().has_deletiontimestamp()};
  }
  Wake();
}

void StaticPods::MirrorDeleted(const v1::Pod& mirror) {
  statuses_.Forget(mirror.metadata().uid());
  {
    absl::MutexLock lock(&mu_);
    mirrors_.erase(KeyOf(mirror));
  }
  Wake();
}

void StaticPods::SyncMirrors() {
  std::map<std::string, PodPtr> pods;
  std::map<std::string, Mirror> mirrors;
  {
    absl::MutexLock lock(&mu_);
    pods = static_;
    mirrors = mirrors_;
  }
  for (const auto& [key, mirror] : mirrors) {
    auto pod = pods.find(key);
    if (pod != pods.end() && Annotation(*pod->second, kHashAnnotation) == mirror.hash && !mirror.deleting) {
      pods_.SetMirror(pod->second->metadata().uid(), mirror.uid);
      continue;
    }
    const auto [ns, name] = client::SplitKey(key);
    const absl::Status deleted = api_.Delete<v1::Pod>(ns, name, {.grace_period_seconds = 0, .uid = mirror.uid});
    if (!deleted.ok() && !absl::IsNotFound(deleted)) base::LogWarning("mirror pod not deleted pod=", key, " err=", deleted.message());
  }
  for (const auto& [key, pod] : pods) {
    if (mirrors.contains(key)) continue;
    v1::Pod mirror = *pod;
    mirror.mutable_metadata()->clear_uid();
    mirror.mutable_metadata()->clear_creationtimestamp();
    (*mirror.mutable_metadata()->mutable_annotations())[kMirrorAnnotation] = Annotation(*pod, kHashAnnotation);
    mirror.clear_status();
    // Owned by the node, so that it goes with it.
    absl::StatusOr<v1::Node> node = api_.Get<v1::Node>("", node_name_);
    if (!node.ok()) {
      base::LogWarning("mirror pod not created pod=", key, " err=", node.status().message());
      continue;
    }
    auto* owner = mirror.mutable_metadata()->add_ownerreferences();
    owner->set_apiversion("v1");
    owner->set_kind("Node");
    owner->set_name(node_name_);
    owner->set_uid(node->metadata().uid());
    owner->set_controller(true);
    absl::StatusOr<v1::Pod> created = api_.Create(mirror);
    if (!created.ok()) {
      base::LogWarning("mirror pod not created pod=", key, " err=", created.status().message());
    } else {
      base::LogInfo("mirror pod created pod=", key, " uid=", created->metadata().uid());
      auto known = std::make_shared<v1::Pod>(*created);
      statuses_.Observe(known);
      absl::MutexLock lock(&mu_);
      mirrors_[key] = {created->metadata().uid(), Annotation(mirror, kMirrorAnnotation), false};
    }
  }
  absl::MutexLock lock(&mu_);
  for (const auto& [key, mirror] : mirrors_) {
    auto pod = static_.find(key);
    if (pod != static_.end() && !mirror.deleting) pods_.SetMirror(pod->second->metadata().uid(), mirror.uid);
  }
}

}  // namespace kubelet
