// Which PersistentVolume fits a claim. Pure.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "apimachinery/volume_claims.h"
#include "k8s/core/v1/persistentvolume.pb.h"

namespace controller_manager {

using k8s::core::v1::PersistentVolume;
using k8s::core::v1::PersistentVolumeClaim;
using VolumePtr = std::shared_ptr<const PersistentVolume>;

using apimachinery::volume_claims::ClassOf;
using apimachinery::volume_claims::kBindCompleted;
using apimachinery::volume_claims::kBoundByController;
using apimachinery::volume_claims::kSelectedNode;

// The volume names the claim; by uid too when it has one.
bool IsBoundTo(const PersistentVolume& volume, const PersistentVolumeClaim& claim);

// Why the volume cannot serve the claim that asks for it by name; empty: it can.
std::string Mismatch(const PersistentVolume& volume, const PersistentVolumeClaim& claim);

// A volume that names the claim, else the smallest free one with class, mode, access modes, labels and size.
// `only_named`: the claim waits for its first pod, nothing is chosen for it. nullptr: none.
VolumePtr FindVolume(const PersistentVolumeClaim& claim, const std::vector<VolumePtr>& volumes, bool only_named);

}  // namespace controller_manager
