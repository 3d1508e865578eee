// The part of PodManager that keeps pods within the storage they asked for.
#include "absl/strings/match.h"
#include "kubelet/pods/pod_events.h"
#include "kubelet/pods/pod_manager.h"
#include "kubelet/pods/pod_series.h"
#include "kubelet/pods/storage_limits.h"
#include "kubelet/runtime/disk_usage.h"

namespace kubelet {

void PodManager::EnforceStorageLimits() {
  for (const std::shared_ptr<const v1::Pod>& pod : Holding("")) {
    if (pod->metadata().has_deletiontimestamp() || !HasStorageLimits(*pod)) continue;
    StorageUse use;
    for (const v1::Volume& volume : pod->spec().volumes()) {
      const v1::VolumeSource& source = volume.volumesource();
      if (source.has_hostpath() || source.has_persistentvolumeclaim() || source.has_ephemeral()) continue;  // not the pod's own
      const absl::StatusOr<std::string> path = volumes_.HostPath(*pod, volume.name());
      if (path.ok()) use.volumes[volume.name()] = DiskUsage(*path);
    }
    for (const ContainerStatus& run : runtime_.ListContainers(pod->metadata().uid())) {
      use.containers[run.name] += runtime_.WritableBytes(run.id) + DiskUsage(run.log_path);
    }
    const std::optional<std::string> over = OverStorageLimit(*pod, use);
    const RecordPtr record = over.has_value() ? Find(pod->metadata().uid()) : nullptr;
    if (record != nullptr) Evict(*record, *over);
  }
}

void PodManager::Evict(PodRecord& record, const std::string& message) {
  std::shared_ptr<const v1::Pod> pod;
  {
    absl::MutexLock lock(&record.mu);
    if (!record.failed_reason.empty()) return;
    record.failed_reason = kEvicted;
    record.failed_message = message;
    pod = record.pod;
  }
  CountEviction("ephemeralcontainerfs.limit");
  events_.Warning(PodRef(*pod), kEvicted, message);
  queue_.Add(pod->metadata().uid());
}

}  // namespace kubelet
