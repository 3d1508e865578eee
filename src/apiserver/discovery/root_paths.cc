#include <set>

#include "absl/strings/str_cat.h"
#include "apiserver/discovery/discovery.h"
#include "apiserver/discovery/health_checks.h"

namespace apiserver::discovery {
namespace {

constexpr absl::string_view kOtherPaths[] = {
    "/.well-known/openid-configuration", "/api", "/apis", "/apis/", "/healthz", "/livez", "/metrics", "/metrics/slis",
    "/openapi/v2", "/openapi/v3", "/openapi/v3/", "/openid/v1/jwks", "/readyz", "/version",
};

}  // namespace

apimachinery::Value RootPaths(const Catalog& catalog) {
  std::set<std::string> paths;
  for (const absl::string_view path : kOtherPaths) paths.emplace(path);
  for (const HealthCheck& check : HealthChecks()) {
    for (const absl::string_view root : {"/healthz/", "/livez/", "/readyz/"}) {
      if (!check.ready_only || root == "/readyz/") paths.insert(absl::StrCat(root, check.name));
    }
  }
  for (const ListedVersion& at : catalog.listed) {
    if (at.group.empty()) {
      paths.insert(absl::StrCat("/api/", at.version));
      continue;
    }
    paths.insert(absl::StrCat("/apis/", at.group));
    paths.insert(absl::StrCat("/apis/", at.group, "/", at.version));
  }
  apimachinery::Value body;
  for (const std::string& path : paths) body["paths"].Append(path);
  return body;
}

}  // namespace apiserver::discovery
