// Keeps claims that pods use and volumes that are bound until they are free, by finalizers: what
// StorageObjectInUseProtection puts on new objects is taken off here.
#pragma once
#include <memory>

#include "controller-manager/framework/controller.h"

namespace k8s::core::v1 {
class Pod;
class PersistentVolumeClaim;
}  // namespace k8s::core::v1

namespace controller_manager {

// Whether a pod on a node, not ended, has the claim among its volumes. Pure.
bool UsesClaim(const k8s::core::v1::Pod& pod, const k8s::core::v1::PersistentVolumeClaim& claim);

std::unique_ptr<Controller> NewClaimProtectionController(const Context& context, int workers);
std::unique_ptr<Controller> NewVolumeProtectionController(const Context& context, int workers);

}  // namespace controller_manager
