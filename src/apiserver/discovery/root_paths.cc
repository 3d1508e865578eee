#include <set>

#include "absl/strings/str_cat.h"
#include "apiserver/discovery/discovery.h"

namespace apiserver::discovery {
namespace {

// Checks below /healthz, /livez and /readyz; clients list them, none looks inside.
constexpr absl::string_view kChecks[] = {
    "autoregister-completion",
    "etcd",
    "log",
    "ping",
    "poststarthook/apiservice-discovery-controller",
    "poststarthook/apiservice-openapi-controller",
    "poststarthook/apiservice-openapiv3-controller",
    "poststarthook/apiservice-registration-controller",
    "poststarthook/apiservice-status-local-available-controller",
    "poststarthook/apiservice-status-remote-available-controller",
    "poststarthook/bootstrap-controller",
    "poststarthook/crd-informer-synced",
    "poststarthook/generic-apiserver-start-informers",
    "poststarthook/kube-apiserver-autoregistration",
    "poststarthook/priority-and-fairness-config-consumer",
    "poststarthook/priority-and-fairness-config-producer",
    "poststarthook/priority-and-fairness-filter",
    "poststarthook/rbac/bootstrap-roles",
    "poststarthook/scheduling/bootstrap-system-priority-classes",
    "poststarthook/start-apiextensions-controllers",
    "poststarthook/start-apiextensions-informers",
    "poststarthook/start-apiserver-admission-initializer",
    "poststarthook/start-cluster-authentication-info-controller",
    "poststarthook/start-kube-aggregator-informers",
    "poststarthook/start-kube-apiserver-identity-lease-controller",
    "poststarthook/start-kube-apiserver-identity-lease-garbage-collector",
    "poststarthook/start-kubernetes-service-cidr-controller",
    "poststarthook/start-legacy-token-tracking-controller",
    "poststarthook/start-service-ip-repair-controllers",
    "poststarthook/start-system-namespaces-controller",
    "poststarthook/storage-object-count-tracker-hook",
};
constexpr absl::string_view kReadyChecks[] = {"etcd-readiness", "informer-sync", "shutdown"};
constexpr absl::string_view kOtherPaths[] = {
    "/.well-known/openid-configuration", "/api", "/apis", "/apis/", "/healthz", "/livez", "/metrics", "/metrics/slis",
    "/openapi/v2", "/openapi/v3", "/openapi/v3/", "/openid/v1/jwks", "/readyz", "/version",
};

}  // namespace

apimachinery::Value RootPaths(const Catalog& catalog) {
  std::set<std::string> paths;
  for (const absl::string_view path : kOtherPaths) paths.emplace(path);
  for (const absl::string_view root : {"/healthz/", "/livez/", "/readyz/"}) {
    for (const absl::string_view check : kChecks) paths.insert(absl::StrCat(root, check));
  }
  for (const absl::string_view check : kReadyChecks) paths.insert(absl::StrCat("/readyz/", check));
  for (const GroupVersion& at : catalog.versions) {
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
