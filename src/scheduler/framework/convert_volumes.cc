#include "apimachinery/volume_claims.h"
#include "k8s/core/v1/persistentvolume.pb.h"
#include "k8s/storage/v1/storageclass.pb.h"
#include "scheduler/framework/convert.h"
#include "scheduler/framework/convert_selectors.h"

namespace scheduler {

namespace facts = apimachinery::volume_claims;

Claim ToClaim(const k8s::core::v1::PersistentVolumeClaim& from) {
  Claim out;
  const auto& metadata = from.metadata();
  out.ns = metadata.namespace_();
  out.name = metadata.name();
  out.uid = metadata.uid();
  out.resource_version = metadata.resourceversion();
  out.volume = from.spec().volumename();
  out.bound = !out.volume.empty() && !facts::Annotation(metadata, facts::kBindCompleted).empty();
  out.deleting = metadata.has_deletiontimestamp();
  out.class_name = facts::ClassOf(from);
  out.volume_mode = facts::ModeOf(from.spec());
  out.selected_node = facts::Annotation(metadata, facts::kSelectedNode);
  out.access_modes.assign(from.spec().accessmodes().begin(), from.spec().accessmodes().end());
  out.bytes = facts::Storage(from.spec().resources().requests()).Value();
  if (from.spec().has_selector()) out.selector = ToSelector(from.spec().selector());
  return out;
}

Volume ToVolume(const k8s::core::v1::PersistentVolume& from) {
  Volume out;
  const auto& metadata = from.metadata();
  const auto& spec = from.spec();
  out.name = metadata.name();
  out.class_name = facts::ClassOf(from);
  out.volume_mode = facts::ModeOf(spec);
  out.access_modes.assign(spec.accessmodes().begin(), spec.accessmodes().end());
  out.bytes = facts::Storage(spec.capacity()).Value();
  out.labels = Labels(metadata.labels().begin(), metadata.labels().end());
  if (spec.nodeaffinity().has_required()) {
    out.nodes.emplace();
    for (const auto& term : spec.nodeaffinity().required().nodeselectorterms()) out.nodes->push_back(ToNodeTerm(term));
  }
  out.deleting = metadata.has_deletiontimestamp();
  out.available = from.status().phase() == "Available";
  if (spec.has_claimref()) {
    out.claim_key = spec.claimref().namespace_() + "/" + spec.claimref().name();
    out.claim_uid = spec.claimref().uid();
  }
  return out;
}

VolumeClass ToVolumeClass(const k8s::storage::v1::StorageClass& from) {
  return {from.volumebindingmode() == "WaitForFirstConsumer", from.provisioner() != "kubernetes.io/no-provisioner"};
}

}  // namespace scheduler
