// What claims and volumes say of themselves, read alike by the controller that binds them and by the scheduler that chooses for
// the claims that wait for a pod. Templates over PersistentVolume and PersistentVolumeClaim messages, so that this room needs
// none of them. Pure. Source: the well-known annotations of persistent volumes.
#pragma once
#include <string>

#include "absl/strings/string_view.h"
#include "apimachinery/quantity.h"

namespace apimachinery::volume_claims {

inline constexpr char kBindCompleted[] = "pv.kubernetes.io/bind-completed";           // of a claim: both sides are written
inline constexpr char kBoundByController[] = "pv.kubernetes.io/bound-by-controller";   // the choice was no user's
inline constexpr char kSelectedNode[] = "volume.kubernetes.io/selected-node";          // the scheduler's choice for a claim
inline constexpr char kClassBeforeField[] = "volume.beta.kubernetes.io/storage-class";  // wins over the field

template <typename Metadata>
std::string Annotation(const Metadata& metadata, const char* key) {
  const auto found = metadata.annotations().find(key);
  return found == metadata.annotations().end() ? std::string() : found->second;
}

// Of a claim or a volume.
template <typename Object>
std::string ClassOf(const Object& object) {
  const std::string old = Annotation(object.metadata(), kClassBeforeField);
  return old.empty() ? object.spec().storageclassname() : old;
}

template <typename Spec>
std::string ModeOf(const Spec& spec) {
  return spec.volumemode().empty() ? "Filesystem" : spec.volumemode();
}

// `amounts`: what a claim requests, or a volume's capacity.
template <typename Amounts>
Quantity Storage(const Amounts& amounts) {
  const auto found = amounts.find("storage");
  return found == amounts.end() ? Quantity() : Quantity::ParseOrZero(found->second.string());
}

// The volume's half of a binding. A volume that names a claim already was chosen by a user.
template <typename Volume>
void BindTo(absl::string_view ns, absl::string_view name, absl::string_view uid, absl::string_view resource_version,
            Volume* volume) {
  if (!volume->spec().has_claimref()) (*volume->mutable_metadata()->mutable_annotations())[kBoundByController] = "yes";
  auto& ref = *volume->mutable_spec()->mutable_claimref();
  ref.set_kind("PersistentVolumeClaim");
  ref.set_apiversion("v1");
  ref.set_namespace_(std::string(ns));
  ref.set_name(std::string(name));
  ref.set_uid(std::string(uid));
  ref.set_resourceversion(std::string(resource_version));
}

}  // namespace apimachinery::volume_claims
