// Binds PersistentVolumeClaims to PersistentVolumes and keeps the phases of both.
#pragma once
#include <memory>

#include "controller-manager/framework/controller.h"

namespace controller_manager {

// Volumes are not made or deleted here: that is a provisioner's work; a claim that needs one is annotated for it.
std::unique_ptr<Controller> NewVolumeBinder(const Context& context);

}  // namespace controller_manager
