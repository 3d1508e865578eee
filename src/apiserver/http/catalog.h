// The resources that are served at this moment, for discovery and OpenAPI.
#pragma once
#include <memory>

#include "apiserver/discovery/discovery.h"
#include "apiserver/http/extensions.h"
#include "apiserver/registry/registry.h"

namespace apiserver::http {

// The built-in ones and the established custom ones; made anew when those change. Thread-safe.
std::shared_ptr<const discovery::Catalog> OwnCatalog(const registry::Registry& registry);
// Those, and what other servers have (`extensions` may be nullptr). Thread-safe.
std::shared_ptr<const discovery::Catalog> CurrentCatalog(const registry::Registry& registry, const Extensions* extensions);

// Aggregated discovery of a catalog: of /api (`core`) or /apis. Made once for each catalog. Thread-safe.
struct AggregatedDocument {
  apimachinery::Value list;
  std::string json, etag;
};
std::shared_ptr<const AggregatedDocument> AggregatedOf(const std::shared_ptr<const discovery::Catalog>& catalog, bool core);

// The OpenAPI v3 document of a group version of custom resources, by what follows /openapi/v3/, and its hash. nullptr: there
// is none. Made when asked for, kept until a definition changes. Thread-safe.
struct CustomDocument {
  std::shared_ptr<const std::string> text;
  std::string hash;
};
std::shared_ptr<const CustomDocument> FindCustomDocument(const registry::Registry& registry, absl::string_view path);

}  // namespace apiserver::http
