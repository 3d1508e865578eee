#include "kubelet/volumes/volume_manager.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "apimachinery/quantity.h"
#include "base/file.h"
#include "base/rng.h"
#include "base/status_macros.h"
#include "kubelet/pods/pod_util.h"
#include "kubelet/volumes/atomic_writer.h"

namespace kubelet {
namespace {

constexpr char kClaimed[] = "claim";

const char* TypeOf(const v1::VolumeSource& source) {
  if (source.has_emptydir()) return "empty-dir";
  if (source.has_configmap()) return "configmap";
  if (source.has_secret()) return "secret";
  if (source.has_projected()) return "projected";
  if (source.has_downwardapi()) return "downward-api";
  if (source.has_persistentvolumeclaim() || source.has_ephemeral()) return kClaimed;
  return nullptr;
}

int64_t FsGroup(const v1::Pod& pod) {
  return pod.spec().securitycontext().has_fsgroup() ? pod.spec().securitycontext().fsgroup() : -1;
}

int Mode(bool has, int mode, int fallback) { return has ? mode : fallback; }

template <typename Items>
absl::Status Project(const KeyedData& data, const Items& items, int default_mode, bool optional, const std::string& what,
                     VolumeFiles* files) {
  if (items.empty()) {
    for (const auto& [key, value] : data) (*files)[key] = {value, default_mode};
    return absl::OkStatus();
  }
  for (const v1::KeyToPath& item : items) {
    auto found = data.find(item.key());
    if (found == data.end()) {
      if (optional) continue;
      return absl::NotFoundError(what == "secret" ? absl::StrCat("references non-existent secret key: ", item.key())
                                                  : absl::StrCat("configmap references non-existent config key: ", item.key()));
    }
    (*files)[item.path()] = {found->second, Mode(item.has_mode(), item.mode(), default_mode)};
  }
  return absl::OkStatus();
}

template <typename Items>
absl::Status ProjectDownward(const v1::Pod& pod, const PodContext& context, const Items& items, int default_mode, VolumeFiles* files) {
  for (const v1::DownwardAPIVolumeFile& item : items) {
    absl::StatusOr<std::string> value = item.has_fieldref() ? ResolveField(pod, context, item.fieldref().fieldpath())
                                                            : ResolveResource(pod, context, item.resourcefieldref(), "");
    if (!value.ok()) return value.status();
    (*files)[item.path()] = {*value, Mode(item.has_mode(), item.mode(), default_mode)};
  }
  return absl::OkStatus();
}

absl::StatusOr<KeyedData> OrEmpty(absl::StatusOr<KeyedData> data, bool optional) {
  if (!data.ok() && optional && absl::IsNotFound(data.status())) return KeyedData();
  return data;
}

absl::Status CheckHostPath(const v1::HostPathVolumeSource& source) {
  struct stat st;
  const std::string& path = source.path();
  const std::string& type = source.type();
  const bool exists = stat(path.c_str(), &st) == 0;
  if (type == "DirectoryOrCreate" && !exists) return base::MakeDirs(path, 0755);
  if (type == "FileOrCreate" && !exists) {
    const int fd = open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
    if (fd < 0) return base::ErrnoStatus(absl::StrCat("create ", path));
    close(fd);
    return absl::OkStatus();
  }
  const auto wrong = [&](const char* what) {
    return absl::FailedPreconditionError(absl::StrCat("hostPath type check failed: ", path, " is not ", what));
  };
  if (type.empty()) {
    // Without a type a missing path becomes a directory, as container runtimes do it.
    return exists ? absl::OkStatus() : base::MakeDirs(path, 0755);
  }
  if ((type == "Directory" || type == "DirectoryOrCreate") && !(exists && S_ISDIR(st.st_mode))) return wrong("a directory");
  if ((type == "File" || type == "FileOrCreate") && !(exists && S_ISREG(st.st_mode))) return wrong("a file");
  if (type == "Socket" && !(exists && S_ISSOCK(st.st_mode))) return wrong("a socket file");
  if (type == "CharDevice" && !(exists && S_ISCHR(st.st_mode))) return wrong("a character device");
  if (type == "BlockDevice" && !(exists && S_ISBLK(st.st_mode))) return wrong("a block device");
  return absl::OkStatus();
}

}  // namespace

std::string VolumeFailure::Message() const {
  if (unprocessed) {
    return absl::StrCat("Unable to attach or mount volumes: unmounted volumes=[", volume,
                        "], unattached volumes=[], failed to process volumes=[", volume, "]: ", status.message());
  }
  return absl::StrCat("MountVolume.SetUp failed for volume \"", persistent_volume.empty() ? volume : persistent_volume, "\" : ",
                      status.message());
}

absl::StatusOr<std::string> VolumeManager::HostPath(const v1::Pod& pod, const std::string& name) const {
  for (const v1::Volume& volume : pod.spec().volumes()) {
    if (volume.name() != name) continue;
    if (volume.volumesource().has_hostpath()) return volume.volumesource().hostpath().path();
    const char* type = TypeOf(volume.volumesource());
    if (type == nullptr) break;
    std::string path = absl::StrCat(PodDir(pod.metadata().uid()), "/volumes/kubernetes.io~", type, "/", name);
    if (type != kClaimed) return path;
    std::error_code error;
    const std::filesystem::path target = std::filesystem::read_symlink(path, error);
    if (!error) return target.string();
  }
  return absl::NotFoundError(absl::StrCat("volume \"", name, "\" is not available"));
}

std::vector<std::pair<std::string, std::string>> VolumeManager::MemoryVolumes(const v1::Pod& pod) const {
  std::vector<std::pair<std::string, std::string>> all;
  for (const v1::Volume& volume : pod.spec().volumes()) {
    const v1::EmptyDirVolumeSource& source = volume.volumesource().emptydir();
    if (source.medium() != "Memory") continue;
    const int64_t limit = apimachinery::Quantity::ParseOrZero(source.sizelimit().string()).Value();
    std::string options = FsGroup(pod) >= 0 ? absl::StrCat("mode=2777,gid=", FsGroup(pod)) : "mode=1777";
    if (limit > 0) absl::StrAppend(&options, ",size=", limit);
    absl::StatusOr<std::string> path = HostPath(pod, volume.name());
    if (path.ok()) all.emplace_back(*path, options);
  }
  return all;
}

bool VolumeManager::NeedsRefresh(const v1::Pod& pod) {
  for (const v1::Volume& volume : pod.spec().volumes()) {
    const v1::VolumeSource& s = volume.volumesource();
    if (s.has_configmap() || s.has_secret() || s.has_projected() || s.has_downwardapi()) return true;
  }
  return false;
}

absl::StatusOr<std::string> VolumeManager::Token(const v1::Pod& pod, const v1::ServiceAccountTokenProjection& source) {
  const std::string account = pod.spec().serviceaccountname().empty() ? "default" : pod.spec().serviceaccountname();
  const int64_t seconds = source.has_expirationseconds() ? source.expirationseconds() : 3600;
  const std::string key = absl::StrCat(pod.metadata().uid(), "/", account, "/", source.audience(), "/", seconds);
  const absl::Time now = absl::Now();
  {
    absl::MutexLock lock(&mu_);
    auto found = tokens_.find(key);
    if (found != tokens_.end() && now < found->second.renew_at) return found->second.token.token;
  }
  absl::StatusOr<ServiceAccountToken> token = objects_.Token(pod.metadata().namespace_(), account, source.audience(), seconds,
                                                             pod.metadata().name(), pod.metadata().uid());
  absl::MutexLock lock(&mu_);
  if (!token.ok()) {  // what is not expired yet still serves
    auto found = tokens_.find(key);
    if (found != tokens_.end() && now < found->second.token.expires_at) return found->second.token.token;
    return absl::Status(token.status().code(), absl::StrCat("failed to fetch token: ", token.status().message()));
  }
  // Renewed when four fifths of its life, or a day, have passed: upstream's rule.
  const absl::Duration life = token->expires_at - now;
  tokens_[key] = {*token, now + std::min(life * 0.8, absl::Hours(24))};
  return token->token;
}

absl::Status VolumeManager::SetUpClaim(const v1::Pod& pod, const std::string& claim, const std::string& link,
                                       VolumeFailure& failure) {
  std::error_code error;
  if (std::filesystem::is_symlink(link, error)) return absl::OkStatus();  // a claim that is bound stays so
  absl::StatusOr<ClaimedVolume> found = objects_.Claim(pod.metadata().namespace_(), claim);
  failure.unprocessed = !found.ok();
  if (!found.ok()) return found.status();
  const ClaimedVolume& volume = *found;
  failure.persistent_volume = volume.volume;
  if (volume.path.empty()) return absl::UnimplementedError("no volume plugin matched");
  if (volume.must_exist) {
    if (access(volume.path.c_str(), F_OK) != 0) {
      return absl::FailedPreconditionError(absl::StrCat("path \"", volume.path, "\" does not exist"));
    }
  } else {
    v1::HostPathVolumeSource source;
    source.set_path(volume.path);
    source.set_type(volume.path_type);
    RETURN_IF_ERROR(CheckHostPath(source));
  }
  RETURN_IF_ERROR(base::MakeDirs(std::filesystem::path(link).parent_path().string(), 0750));
  std::filesystem::create_symlink(volume.path, link, error);
  return error ? absl::InternalError(absl::StrCat("link ", link, ": ", error.message())) : absl::OkStatus();
}

absl::Status VolumeManager::ProjectPart(const v1::Pod& pod, const PodContext& context, const v1::VolumeProjection& part, int mode,
                                        VolumeFiles* files) {
  const std::string& ns = pod.metadata().namespace_();
  if (part.has_secret()) {
    const v1::SecretProjection& s = part.secret();
    ASSIGN_OR_RETURN(const KeyedData data, OrEmpty(objects_.Secret(ns, s.localobjectreference().name()), s.optional()));
    return Project(data, s.items(), mode, s.optional(), "secret", files);
  }
  if (part.has_configmap()) {
    const v1::ConfigMapProjection& s = part.configmap();
    ASSIGN_OR_RETURN(const KeyedData data, OrEmpty(objects_.ConfigMap(ns, s.localobjectreference().name()), s.optional()));
    return Project(data, s.items(), mode, s.optional(), "configmap", files);
  }
  if (part.has_downwardapi()) return ProjectDownward(pod, context, part.downwardapi().items(), mode, files);
  if (part.has_serviceaccounttoken()) {
    ASSIGN_OR_RETURN(std::string token, Token(pod, part.serviceaccounttoken()));
    (*files)[part.serviceaccounttoken().path()] = {std::move(token), FsGroup(pod) >= 0 ? 0640 : mode};
  }
  return absl::OkStatus();
}

absl::Status VolumeManager::SetUpOne(const v1::Pod& pod, const PodContext& context, const v1::Volume& volume,
                                     VolumeFailure& failure) {
  const v1::VolumeSource& source = volume.volumesource();
  const std::string& ns = pod.metadata().namespace_();
  const int64_t group = FsGroup(pod);
  if (source.has_hostpath()) return CheckHostPath(source.hostpath());
  if (TypeOf(source) == nullptr) return absl::UnimplementedError("no volume plugin matched");
  if (TypeOf(source) == kClaimed) {
    const std::string claim = source.has_ephemeral() ? absl::StrCat(pod.metadata().name(), "-", volume.name())
                                                     : source.persistentvolumeclaim().claimname();
    return SetUpClaim(pod, claim, absl::StrCat(PodDir(pod.metadata().uid()), "/volumes/kubernetes.io~", kClaimed, "/", volume.name()),
                      failure);
  }
  ASSIGN_OR_RETURN(const std::string dir, HostPath(pod, volume.name()));
  if (source.has_emptydir()) {
    if (access(dir.c_str(), F_OK) == 0) return absl::OkStatus();
    RETURN_IF_ERROR(base::MakeDirs(dir, 0777));
    if (group >= 0) (void)!chown(dir.c_str(), static_cast<uid_t>(-1), static_cast<gid_t>(group));
    chmod(dir.c_str(), group >= 0 ? 02777 : 0777);
    return absl::OkStatus();
  }
  VolumeFiles files;
  if (source.has_configmap()) {
    const v1::ConfigMapVolumeSource& s = source.configmap();
    const std::string& name = s.localobjectreference().name();
    ASSIGN_OR_RETURN(const KeyedData data, OrEmpty(objects_.ConfigMap(ns, name), s.optional()));
    RETURN_IF_ERROR(Project(data, s.items(), Mode(s.has_defaultmode(), s.defaultmode(), 0644), s.optional(), "configmap", &files));
  } else if (source.has_secret()) {
    const v1::SecretVolumeSource& s = source.secret();
    ASSIGN_OR_RETURN(const KeyedData data, OrEmpty(objects_.Secret(ns, s.secretname()), s.optional()));
    RETURN_IF_ERROR(Project(data, s.items(), Mode(s.has_defaultmode(), s.defaultmode(), 0644), s.optional(), "secret", &files));
  } else if (source.has_downwardapi()) {
    const v1::DownwardAPIVolumeSource& s = source.downwardapi();
    RETURN_IF_ERROR(ProjectDownward(pod, context, s.items(), Mode(s.has_defaultmode(), s.defaultmode(), 0644), &files));
  } else {
    const v1::ProjectedVolumeSource& s = source.projected();
    const int mode = Mode(s.has_defaultmode(), s.defaultmode(), 0644);
    std::vector<std::string> failed;  // all are told at once
    for (const v1::VolumeProjection& part : s.sources()) {
      const absl::Status done = ProjectPart(pod, context, part, mode, &files);
      if (!done.ok()) failed.push_back(std::string(done.message()));
    }
    if (failed.size() == 1) return absl::FailedPreconditionError(failed[0]);
    if (!failed.empty()) return absl::FailedPreconditionError(absl::StrCat("[", absl::StrJoin(failed, ", "), "]"));
  }
  RETURN_IF_ERROR(WriteAtomically(dir, files, group));
  if (group >= 0) {
    (void)!chown(dir.c_str(), static_cast<uid_t>(-1), static_cast<gid_t>(group));
    chmod(dir.c_str(), 02777);
  }
  return absl::OkStatus();
}

absl::Status VolumeManager::SetUp(const v1::Pod& pod, const PodContext& context, std::vector<VolumeFailure>* failures) {
  RETURN_IF_ERROR(base::MakeDirs(PodDir(pod.metadata().uid()), 0750));
  absl::Status first;
  for (const v1::Volume& volume : pod.spec().volumes()) {
    VolumeFailure failure{volume.name(), absl::OkStatus()};
    failure.status = SetUpOne(pod, context, volume, failure);
    if (failure.status.ok()) continue;
    first.Update(failure.status);
    failures->push_back(std::move(failure));
  }
  return first;
}

void VolumeManager::TearDown(const std::string& pod_uid) {
  std::error_code ignored;
  std::filesystem::remove_all(PodDir(pod_uid), ignored);
  absl::MutexLock lock(&mu_);
  for (auto token = tokens_.begin(); token != tokens_.end();) {
    token = absl::StartsWith(token->first, pod_uid + "/") ? tokens_.erase(token) : std::next(token);
  }
}

}  // namespace kubelet
