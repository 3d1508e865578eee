#include "kubelet/pods/status_manager.h"

#include "absl/strings/numbers.h"
#include "base/log.h"
#include "client/api_error.h"
#include "kubelet/pods/pod_util.h"

namespace kubelet {
namespace {

int64_t Version(const v1::Pod& pod) {
  int64_t version = 0;
  (void)absl::SimpleAtoi(pod.metadata().resourceversion(), &version);
  return version;
}

}  // namespace

StatusManager::StatusManager(const client::ApiClient& api, int threads)
    : api_(api), queue_({.first_backoff = absl::Milliseconds(50), .max_backoff = absl::Seconds(10)}) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Loop(); });
}

StatusManager::~StatusManager() {
  queue_.ShutDown();
  for (std::thread& thread : threads_) thread.join();
}

void StatusManager::Observe(std::shared_ptr<const v1::Pod> pod) {
  absl::MutexLock lock(&mu_);
  Entry& entry = entries_[pod->metadata().uid()];
  if (entry.pod == nullptr || Version(*entry.pod) <= Version(*pod)) entry.pod = std::move(pod);
}

void StatusManager::Set(const std::string& uid, v1::PodStatus status, bool then_delete) {
  {
    absl::MutexLock lock(&mu_);
    Entry& entry = entries_[uid];
    entry.status = std::move(status);
    entry.dirty = true;
    entry.then_delete = entry.then_delete || then_delete;
  }
  queue_.Add(uid);
}

void StatusManager::Forget(const std::string& uid) {
  absl::MutexLock lock(&mu_);
  entries_.erase(uid);
}

void StatusManager::Loop() {
  while (std::optional<std::string> uid = queue_.Get()) {
    const absl::Status written = Write(*uid);
    if (written.ok()) {
      queue_.Forget(*uid);
    } else {
      if (!client::IsConflict(written)) base::LogWarning("pod status not written uid=", *uid, " err=", written.message());
      queue_.AddRateLimited(*uid);
    }
    queue_.Done(*uid);
  }
}

absl::Status StatusManager::Write(const std::string& uid) {
  std::shared_ptr<const v1::Pod> base;
  v1::PodStatus status;
  bool dirty = false, then_delete = false;
  {
    absl::MutexLock lock(&mu_);
    auto found = entries_.find(uid);
    if (found == entries_.end() || found->second.pod == nullptr) return absl::OkStatus();
    base = found->second.pod;
    status = found->second.status;
    dirty = found->second.dirty;
    then_delete = found->second.then_delete;
    found->second.dirty = false;
  }
  const std::string& ns = base->metadata().namespace_();
  const std::string& name = base->metadata().name();
  if (dirty) {
    v1::Pod pod = *base;
    *pod.mutable_status() = std::move(status);
    absl::StatusOr<v1::Pod> written = api_.UpdateStatus(pod);
    if (!written.ok()) {
      if (absl::IsNotFound(written.status())) return absl::OkStatus();  // gone: the watch will say so
      {
        absl::MutexLock lock(&mu_);
        if (auto found = entries_.find(uid); found != entries_.end()) found->second.dirty = true;
      }
      if (client::IsConflict(written.status())) {
        absl::StatusOr<v1::Pod> fresh = api_.Get<v1::Pod>(ns, name);
        if (absl::IsNotFound(fresh.status())) return absl::OkStatus();
        if (fresh.ok() && fresh->metadata().uid() != base->metadata().uid()) return absl::OkStatus();  // another pod by now
        if (fresh.ok()) {
          absl::MutexLock lock(&mu_);
          if (auto found = entries_.find(uid); found != entries_.end()) found->second.pod = std::make_shared<v1::Pod>(*std::move(fresh));
        }
      }
      return written.status();
    }
    absl::MutexLock lock(&mu_);
    if (auto found = entries_.find(uid); found != entries_.end()) {
      if (found->second.pod == nullptr || Version(*found->second.pod) < Version(*written)) {
        found->second.pod = std::make_shared<v1::Pod>(*std::move(written));
      }
      if (found->second.dirty) then_delete = false;  // a newer status goes first
    }
  }
  if (!then_delete) return absl::OkStatus();
  const absl::Status deleted = api_.Delete<v1::Pod>(ns, name, {.grace_period_seconds = 0, .uid = base->metadata().uid()});
  return absl::IsNotFound(deleted) || client::IsConflict(deleted) ? absl::OkStatus() : deleted;
}

}  // namespace kubelet
