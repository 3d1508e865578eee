// Claims of the pod: bound ones keep it near their volume, those that wait for it need a volume that its node reaches.
#include "absl/strings/str_cat.h"
#include "scheduler/framework/volumes.h"
#include "scheduler/plugins/plugins.h"

namespace scheduler {
namespace {

class VolumeBinding final : public FilterPlugin {
 public:
  const char* name() const override { return kVolumeBinding; }

  std::string Refuse(const PodInfo& pod, const Snapshot& snapshot) const override {
    if (pod.claims.empty() || snapshot.volumes == nullptr) return "";
    const VolumeState& state = *snapshot.volumes;
    for (const std::string& name : pod.claims) {
      const ClaimPtr claim = state.FindClaim(absl::StrCat(pod.ns, "/", name));
      const std::string quoted = absl::StrCat("persistentvolumeclaim \"", name, "\"");
      if (claim == nullptr && pod.ephemeral_claims.count(name) > 0) {
        return absl::StrCat("waiting for ephemeral volume controller to create the ", quoted);
      }
      if (claim == nullptr) return absl::StrCat(quoted, " not found");
      if (claim->deleting) return absl::StrCat(quoted, " is being deleted");
      if (claim->bound && state.FindVolume(claim->volume) == nullptr) {
        return absl::StrCat(quoted, " bound to non-existent persistentvolume \"", claim->volume, "\"");
      }
    }
    for (const std::string& name : pod.claims) {
      const ClaimPtr claim = state.FindClaim(absl::StrCat(pod.ns, "/", name));
      if (!claim->bound && (!claim->volume.empty() || !state.WaitsForPod(*claim))) {
        return "pod has unbound immediate PersistentVolumeClaims";
      }
    }
    return "";
  }

  FilterFn Prepare(const PodInfo& pod, const Snapshot& snapshot) const override {
    if (pod.claims.empty() || snapshot.volumes == nullptr) return nullptr;
    const VolumeState& state = *snapshot.volumes;
    std::vector<VolumePtr> bound;
    for (const std::string& name : pod.claims) {
      const ClaimPtr claim = state.FindClaim(absl::StrCat(pod.ns, "/", name));
      if (claim == nullptr || !claim->bound) continue;
      if (VolumePtr volume = state.FindVolume(claim->volume); volume != nullptr) bound.push_back(std::move(volume));
    }
    return [bound = std::move(bound), waiting = WaitingClaims(pod, state), &state](const NodeInfo& node) {
      Verdict verdict;
      for (const VolumePtr& volume : bound) {
        if (volume->ReachableFrom(*node.spec)) continue;
        verdict.RejectForGood("node(s) didn't match PersistentVolume's node affinity");
        break;
      }
      if (!waiting.empty() && !ChooseVolumes(waiting, *node.spec, state).has_value()) {
        verdict.RejectForGood("node(s) didn't find available persistent volumes to bind");
      }
      return verdict;
    };
  }
};

}  // namespace

std::unique_ptr<FilterPlugin> NewVolumeBinding() { return std::make_unique<VolumeBinding>(); }

}  // namespace scheduler
