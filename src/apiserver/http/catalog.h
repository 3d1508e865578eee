// The resources that are served at this moment, for discovery and OpenAPI.
#pragma once
#include <memory>

#include "apiserver/discovery/discovery.h"
#include "apiserver/registry/registry.h"

namespace apiserver::http {

// The built-in ones and the established custom ones; made anew when those change. Thread-safe.
std::shared_ptr<const discovery::Catalog> CurrentCatalog(const registry::Registry& registry);

// The OpenAPI v3 document of a group version of custom resources, by what follows /openapi/v3/, and its hash. nullptr: there
// is none. Made when asked for, kept until a definition changes. Thread-safe.
struct CustomDocument {
  std::shared_ptr<const std::string> text;
  std::string hash;
};
std::shared_ptr<const CustomDocument> FindCustomDocument(const registry::Registry& registry, absl::string_view path);

}  // namespace apiserver::http
