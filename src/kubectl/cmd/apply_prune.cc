#include "kubectl/cmd/apply_prune.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/status_macros.h"
#include "kubectl/cmd/delete.h"

namespace kubectl {
namespace {

// Kinds that are pruned unless --prune-allowlist says otherwise, in the order they are looked at.
constexpr const char* kUsual[] = {
    "core/v1/Namespace", "core/v1/PersistentVolume", "core/v1/ConfigMap", "core/v1/Endpoints",
    "core/v1/PersistentVolumeClaim", "core/v1/Pod", "core/v1/ReplicationController", "core/v1/Secret",
    "core/v1/Service", "batch/v1/Job", "batch/v1/CronJob", "networking.k8s.io/v1/Ingress",
    "apps/v1/DaemonSet", "apps/v1/Deployment", "apps/v1/ReplicaSet", "apps/v1/StatefulSet"};

}  // namespace

absl::Status Prune(Factory& factory, const PruneRequest& request, const WriteOptions& write) {
  ASSIGN_OR_RETURN(RestClient * client, factory.Client());
  ASSIGN_OR_RETURN(Discovery * discovery, factory.Discover());
  std::vector<std::string> kinds = request.allowlist;
  if (kinds.empty()) kinds.assign(std::begin(kUsual), std::end(kUsual));
  Selection selection;
  selection.selector = request.selector;
  for (const std::string& text : kinds) {
    const std::vector<std::string> parts = absl::StrSplit(text, '/');
    if (parts.size() != 3)
      return Error(absl::StrCat("invalid GroupVersionKind format: ", text, ", please follow <group/version/kind>"));
    const std::string group = parts[0] == "core" ? "" : parts[0];
    ASSIGN_OR_RETURN(const ApiResource resource,
                     discovery->ForKind(group.empty() ? parts[1] : absl::StrCat(group, "/", parts[1]), parts[2]));
    const std::set<std::string> cluster = {""};
    for (const std::string& ns : resource.namespaced ? request.namespaces : cluster) {
      ASSIGN_OR_RETURN(const std::vector<Value> objects,
                       ListItems(*client, resource.Path(ns), SelectorQuery(selection)));
      for (const Value& object : objects) {
        const Value* annotations = object.At("metadata.annotations");
        if (annotations == nullptr || !annotations->Has(kLastApplied) ||
            request.applied.contains(object.GetString("metadata.uid")))
          continue;
        Info info;
        info.resource = resource;
        info.ns = ns;
        info.name = object.GetString("metadata.name");
        if (write.dry_run != DryRun::kClient) {
          RETURN_IF_ERROR(DeleteObject(*client, info, {request.grace_period, request.cascade,
                                                       write.dry_run == DryRun::kServer})
                              .status());
        }
        RETURN_IF_ERROR(PrintResult(factory, write.print, write.Operation("pruned"), object));
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace kubectl
