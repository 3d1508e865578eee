#include "controller-manager/framework/pod_control.h"

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "client/api_error.h"

namespace controller_manager {

Pod PodFromTemplate(const k8s::core::v1::PodTemplateSpec& pod_template, const ObjectMeta& owner,
                    const OwnerReference& ref) {
  Pod pod;
  auto& metadata = *pod.mutable_metadata();
  metadata.set_namespace_(owner.namespace_());
  metadata.set_generatename(absl::StrCat(owner.name(), "-"));
  *metadata.mutable_labels() = pod_template.metadata().labels();
  *metadata.mutable_annotations() = pod_template.metadata().annotations();
  *metadata.mutable_finalizers() = pod_template.metadata().finalizers();
  *metadata.add_ownerreferences() = ref;
  *pod.mutable_spec() = pod_template.spec();
  return pod;
}

absl::Status PodControl::Create(const Pod& pod, const client::ObjectRef& owner) const {
  const absl::StatusOr<Pod> created = api_.Create(pod);
  if (created.ok()) {
    events_.Normal(owner, "SuccessfulCreate", absl::StrCat("Created pod: ", created->metadata().name()));
    return absl::OkStatus();
  }
  if (!client::IsNamespaceTerminating(created.status())) {
    events_.Warning(owner, "FailedCreate", absl::StrCat("Error creating: ", created.status().message()));
  }
  return created.status();
}

absl::Status PodControl::Delete(const Pod& pod, const client::ObjectRef& owner) const {
  const std::string& name = pod.metadata().name();
  const absl::Status deleted = api_.Delete<Pod>(pod.metadata().namespace_(), name, {.uid = pod.metadata().uid()});
  if (deleted.ok()) {
    events_.Normal(owner, "SuccessfulDelete", absl::StrCat("Deleted pod: ", name));
    return deleted;
  }
  if (IsNotFound(deleted) || client::IsConflict(deleted)) return absl::OkStatus();  // gone, or another by that name
  events_.Warning(owner, "FailedDelete", absl::StrCat("Error deleting: ", deleted.message()));
  return deleted;
}

absl::Status PodControl::Adopt(const Pod& pod, const OwnerReference& ref) const {
  return api_
      .Patch<Pod>(pod.metadata().namespace_(), pod.metadata().name(), client::kStrategicMergePatch,
                  AdoptPatch(ref, pod.metadata().uid()))
      .status();
}

absl::Status PodControl::Release(const Pod& pod, const std::string& owner_uid) const {
  const absl::Status released = api_
                                    .Patch<Pod>(pod.metadata().namespace_(), pod.metadata().name(),
                                                client::kStrategicMergePatch,
                                                ReleasePatch(owner_uid, pod.metadata().uid()))
                                    .status();
  // Gone, another by that name, or released already.
  return IsNotFound(released) || client::IsInvalid(released) ? absl::OkStatus() : released;
}

}  // namespace controller_manager
