// The resources that are served at this moment, for discovery and OpenAPI.
#pragma once
#include <memory>

#include "apiserver/discovery/discovery.h"
#include "apiserver/registry/registry.h"

namespace apiserver::http {

// The built-in ones and the established custom ones; made anew when those change. Thread-safe.
std::shared_ptr<const discovery::Catalog> CurrentCatalog(const registry::Registry& registry);

}  // namespace apiserver::http
