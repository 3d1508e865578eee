#include <algorithm>

#include "apimachinery/quantity.h"
#include "k8s/core/v1/persistentvolume.pb.h"
#include "k8s/storage/v1/storageclass.pb.h"
#include "scheduler/framework/convert.h"
#include "scheduler/framework/convert_selectors.h"

namespace scheduler {
namespace {

constexpr char kOldClass[] = "volume.beta.kubernetes.io/storage-class";
constexpr char kBindCompleted[] = "pv.kubernetes.io/bind-completed";
constexpr char kSelectedNode[] = "volume.kubernetes.io/selected-node";

template <typename Amounts>
int64_t Storage(const Amounts& amounts) {
  const auto found = amounts.find("storage");
  return found == amounts.end() ? 0 : apimachinery::Quantity::ParseOrZero(found->second.string()).Value();
}

template <typename Metadata>
std::string Annotation(const Metadata& metadata, const char* key) {
  const auto found = metadata.annotations().find(key);
  return found == metadata.annotations().end() ? "" : found->second;
}

template <typename Object>
std::string ClassOf(const Object& object) {
  const std::string old = Annotation(object.metadata(), kOldClass);
  return old.empty() ? object.spec().storageclassname() : old;
}

std::string ModeOf(const std::string& mode) { return mode.empty() ? "Filesystem" : mode; }

}  // namespace

Claim ToClaim(const k8s::core::v1::PersistentVolumeClaim& from) {
  Claim out;
  const auto& metadata = from.metadata();
  out.ns = metadata.namespace_();
  out.name = metadata.name();
  out.uid = metadata.uid();
  out.resource_version = metadata.resourceversion();
  out.volume = from.spec().volumename();
  out.bound = !out.volume.empty() && !Annotation(metadata, kBindCompleted).empty();
  out.deleting = metadata.has_deletiontimestamp();
  out.class_name = ClassOf(from);
  out.volume_mode = ModeOf(from.spec().volumemode());
  out.selected_node = Annotation(metadata, kSelectedNode);
  out.access_modes.assign(from.spec().accessmodes().begin(), from.spec().accessmodes().end());
  out.bytes = Storage(from.spec().resources().requests());
  if (from.spec().has_selector()) out.selector = ToSelector(from.spec().selector());
  return out;
}

Volume ToVolume(const k8s::core::v1::PersistentVolume& from) {
  Volume out;
  const auto& metadata = from.metadata();
  const auto& spec = from.spec();
  out.name = metadata.name();
  out.class_name = ClassOf(from);
  out.volume_mode = ModeOf(spec.volumemode());
  out.access_modes.assign(spec.accessmodes().begin(), spec.accessmodes().end());
  out.bytes = Storage(spec.capacity());
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
