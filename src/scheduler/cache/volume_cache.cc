#include "scheduler/cache/volume_cache.h"

#include <utility>

namespace scheduler {

// What somebody may be reading is copied first.
VolumeState& VolumeCache::Change() {
  if (state_.use_count() > 1) state_ = std::make_shared<VolumeState>(*state_);
  return *state_;
}

void VolumeCache::SetClaim(Claim claim) {
  absl::MutexLock lock(&mu_);
  const std::string key = claim.key();
  Change().claims[key] = std::make_shared<const Claim>(std::move(claim));
}

void VolumeCache::RemoveClaim(const std::string& key) {
  absl::MutexLock lock(&mu_);
  Change().claims.erase(key);
}

void VolumeCache::SetVolume(Volume volume) {
  absl::MutexLock lock(&mu_);
  VolumeState& state = Change();
  const std::string name = volume.name;
  if (!volume.claim_uid.empty()) state.promised.erase(name);
  state.volumes[name] = std::make_shared<const Volume>(std::move(volume));
}

void VolumeCache::RemoveVolume(const std::string& name) {
  absl::MutexLock lock(&mu_);
  VolumeState& state = Change();
  state.volumes.erase(name);
  state.promised.erase(name);
}

void VolumeCache::SetClass(const std::string& name, VolumeClass storage_class) {
  absl::MutexLock lock(&mu_);
  Change().classes[name] = storage_class;
}

void VolumeCache::RemoveClass(const std::string& name) {
  absl::MutexLock lock(&mu_);
  Change().classes.erase(name);
}

void VolumeCache::Promise(const std::vector<VolumeChoice>& choices) {
  absl::MutexLock lock(&mu_);
  for (const VolumeChoice& choice : choices) {
    if (!choice.volume.empty()) Change().promised[choice.volume] = choice.claim->uid;
  }
}

void VolumeCache::Forget(const std::vector<VolumeChoice>& choices) {
  absl::MutexLock lock(&mu_);
  for (const VolumeChoice& choice : choices) Change().promised.erase(choice.volume);
}

std::shared_ptr<const VolumeState> VolumeCache::State() {
  absl::MutexLock lock(&mu_);
  return state_;
}

}  // namespace scheduler
