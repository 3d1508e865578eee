#include "scheduler/framework/volumes.h"

#include <algorithm>
#include <set>

namespace scheduler {
namespace {

bool Serves(const Volume& volume, const Claim& claim) {
  return !volume.deleting && volume.bytes >= claim.bytes && volume.class_name == claim.class_name &&
         volume.volume_mode == claim.volume_mode &&
         std::all_of(claim.access_modes.begin(), claim.access_modes.end(),
                     [&](const std::string& mode) {
                       return std::find(volume.access_modes.begin(), volume.access_modes.end(), mode) !=
                              volume.access_modes.end();
                     }) &&
         (!claim.selector.has_value() || claim.selector->Matches(volume.labels));
}

bool IsFor(const Volume& volume, const Claim& claim) {
  return volume.claim_key == claim.key() && (volume.claim_uid.empty() || volume.claim_uid == claim.uid);
}

}  // namespace

bool Volume::ReachableFrom(const NodeSpec& node) const {
  return !nodes.has_value() || std::any_of(nodes->begin(), nodes->end(),
                                           [&](const NodeTerm& term) { return term.Matches(node.labels, node.name); });
}

ClaimPtr VolumeState::FindClaim(const std::string& key) const {
  const auto found = claims.find(key);
  return found == claims.end() ? nullptr : found->second;
}

VolumePtr VolumeState::FindVolume(const std::string& name) const {
  const auto found = volumes.find(name);
  return found == volumes.end() ? nullptr : found->second;
}

bool VolumeState::WaitsForPod(const Claim& claim) const {
  const auto found = classes.find(claim.class_name);
  return found != classes.end() && found->second.waits_for_pod;
}

std::optional<std::vector<VolumeChoice>> ChooseVolumes(const std::vector<ClaimPtr>& claims, const NodeSpec& node,
                                                       const VolumeState& state) {
  std::vector<VolumeChoice> choices;
  std::set<std::string> taken;
  std::vector<ClaimPtr> ordered = claims;  // the least first, so that it does not take what a larger one needs
  std::stable_sort(ordered.begin(), ordered.end(), [](const ClaimPtr& a, const ClaimPtr& b) { return a->bytes < b->bytes; });
  for (const ClaimPtr& claim : ordered) {
    if (!claim->selected_node.empty()) {  // told already
      if (claim->selected_node != node.name) return std::nullopt;
      choices.push_back({claim, ""});
      continue;
    }
    VolumePtr best;
    for (const auto& [name, volume] : state.volumes) {
      const auto promise = state.promised.find(name);
      if (promise != state.promised.end() && promise->second != claim->uid) continue;
      if (taken.count(name) > 0 || !Serves(*volume, *claim) || !volume->ReachableFrom(node)) continue;
      if (IsFor(*volume, *claim)) {
        best = volume;
        break;
      }
      if (!volume->available || !volume->claim_key.empty()) continue;
      if (best == nullptr || volume->bytes < best->bytes) best = volume;
    }
    if (best != nullptr) {
      taken.insert(best->name);
      choices.push_back({claim, best->name});
      continue;
    }
    const auto found = state.classes.find(claim->class_name);
    if (found == state.classes.end() || !found->second.provisions) return std::nullopt;
    choices.push_back({claim, ""});
  }
  return choices;
}

std::vector<ClaimPtr> WaitingClaims(const PodInfo& pod, const VolumeState& state) {
  std::vector<ClaimPtr> out;
  for (const std::string& name : pod.claims) {
    ClaimPtr claim = state.FindClaim(pod.ns + "/" + name);
    if (claim != nullptr && !claim->bound && claim->volume.empty() && state.WaitsForPod(*claim)) out.push_back(std::move(claim));
  }
  return out;
}

}  // namespace scheduler
