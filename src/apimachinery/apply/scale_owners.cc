#include "apimachinery/apply/scale_owners.h"

namespace apimachinery::apply {
namespace {

bool Owns(const Owned& owned, const FieldSet& replicas) { return !owned.fields.Intersect(replicas).Empty(); }

}  // namespace

ManagedFields OwnersOfScale(const ManagedFields& workload, absl::string_view path) {
  const FieldSet replicas = FieldSet::OfDotted(path);
  ManagedFields scale;
  for (const auto& [id, owned] : workload) {
    if (Owns(owned, replicas)) scale[id] = {FieldSet::OfDotted("spec.replicas"), "autoscaling/v1", owned.time};
  }
  return scale;
}

ManagedFields OwnersOfWorkload(ManagedFields workload, const ManagedFields& scale, absl::string_view api_version,
                               absl::string_view path) {
  const FieldSet replicas = FieldSet::OfDotted(path), scale_replicas = FieldSet::OfDotted("spec.replicas");
  ManagedFields left = scale;
  std::map<ManagerId, std::string> times;
  for (const auto& [id, owned] : workload) times[id] = owned.time;
  for (auto it = workload.begin(); it != workload.end();) {
    Owned& owned = it->second;
    if (Owns(owned, replicas) && left.erase(it->first) == 0) owned.fields = owned.fields.Minus(replicas);
    it = owned.fields.Empty() ? workload.erase(it) : std::next(it);
  }
  for (const auto& [id, owned] : left) {
    if (Owns(owned, scale_replicas)) workload[id] = {replicas, std::string(api_version), times[id]};
  }
  return workload;
}

}  // namespace apimachinery::apply
