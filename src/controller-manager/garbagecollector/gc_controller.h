// The garbage collector: deletes what has lost all its owners, and runs foreground and orphaning deletion.
#pragma once
#include <memory>

#include "controller-manager/framework/controller.h"

namespace controller_manager {

// Watches every kind that can be listed, watched and deleted; looks for new kinds every 30 seconds.
std::unique_ptr<Controller> NewGarbageCollector(const Context& context, int workers);

}  // namespace controller_manager
