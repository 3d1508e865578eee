#include "apimachinery/apply/scale_owners.h"

namespace apimachinery::apply {
namespace {

const FieldSet& Replicas() {
  static const FieldSet& set = *new FieldSet(FieldSet::OfDotted("spec.replicas"));
  return set;
}

bool OwnsReplicas(const Owned& owned) { return !owned.fields.Intersect(Replicas()).Empty(); }

}  // namespace

ManagedFields OwnersOfScale(const ManagedFields& workload) {
  ManagedFields scale;
  for (const auto& [id, owned] : workload) {
    if (OwnsReplicas(owned)) scale[id] = {Replicas(), "autoscaling/v1", owned.time};
  }
  return scale;
}

ManagedFields OwnersOfWorkload(ManagedFields workload, const ManagedFields& scale, absl::string_view api_version) {
  ManagedFields left = scale;
  std::map<ManagerId, std::string> times;
  for (const auto& [id, owned] : workload) times[id] = owned.time;
  for (auto it = workload.begin(); it != workload.end();) {
    Owned& owned = it->second;
    if (OwnsReplicas(owned) && left.erase(it->first) == 0) owned.fields = owned.fields.Minus(Replicas());
    it = owned.fields.Empty() ? workload.erase(it) : std::next(it);
  }
  for (const auto& [id, owned] : left) {
    if (OwnsReplicas(owned)) workload[id] = {Replicas(), std::string(api_version), times[id]};
  }
  return workload;
}

}  // namespace apimachinery::apply
