#include "controller-manager/persistentvolume/volume_match.h"

#include <algorithm>

#include "controller-manager/framework/metadata.h"

namespace controller_manager {
namespace {

using apimachinery::Quantity;
using apimachinery::volume_claims::ModeOf;
using apimachinery::volume_claims::Storage;

Quantity Asked(const PersistentVolumeClaim& claim) { return Storage(claim.spec().resources().requests()); }

bool HasModes(const PersistentVolume& volume, const PersistentVolumeClaim& claim) {
  const auto& has = volume.spec().accessmodes();
  return std::all_of(claim.spec().accessmodes().begin(), claim.spec().accessmodes().end(),
                     [&](const std::string& mode) { return std::find(has.begin(), has.end(), mode) != has.end(); });
}

}  // namespace

bool IsBoundTo(const PersistentVolume& volume, const PersistentVolumeClaim& claim) {
  if (!volume.spec().has_claimref()) return false;
  const auto& ref = volume.spec().claimref();
  return ref.name() == claim.metadata().name() && ref.namespace_() == claim.metadata().namespace_() &&
         (ref.uid().empty() || ref.uid() == claim.metadata().uid());
}

std::string Mismatch(const PersistentVolume& volume, const PersistentVolumeClaim& claim) {
  if (Storage(volume.spec().capacity()).Compare(Asked(claim)) < 0) return "requested PV is too small";
  if (ClassOf(volume) != ClassOf(claim)) return "storageClassName does not match";
  if (ModeOf(volume.spec()) != ModeOf(claim.spec())) return "incompatible volumeMode";
  if (!HasModes(volume, claim)) return "incompatible accessMode";
  return "";
}

VolumePtr FindVolume(const PersistentVolumeClaim& claim, const std::vector<VolumePtr>& volumes, bool only_named) {
  VolumePtr best;
  for (const VolumePtr& volume : volumes) {
    if (IsDeleting(volume->metadata()) || ModeOf(volume->spec()) != ModeOf(claim.spec())) continue;
    const Quantity size = Storage(volume->spec().capacity());
    const bool fits = size.Compare(Asked(claim)) >= 0;
    if (IsBoundTo(*volume, claim)) return fits ? volume : nullptr;
    if (only_named || !fits || volume->spec().has_claimref() || volume->status().phase() != "Available") continue;
    if (ClassOf(*volume) != ClassOf(claim) || !HasModes(*volume, claim)) continue;
    if (claim.spec().has_selector() && !Matches(claim.spec().selector(), volume->metadata().labels())) continue;
    if (best == nullptr || size.Compare(Storage(best->spec().capacity())) < 0) best = volume;
  }
  return best;
}

}  // namespace controller_manager
