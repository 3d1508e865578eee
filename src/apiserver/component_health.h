// How the other daemons of the control plane are: what componentstatuses tell. Thread-safe; calls block.
#pragma once
#include <string>
#include <vector>

#include "apiserver/registry/registry.h"
#include "apiserver/store/store.h"

namespace apiserver {

// The scheduler and the controllers where upstream looks for them (this host, their usual ports), and every member of the
// store by itself ("etcd-0"). All are asked at the same time.
std::vector<registry::ComponentHealth> AskComponents(const store::StoreOptions& store);

}  // namespace apiserver
