// Creates and deletes the pods of a controller's object, with the events users see on that object.
#pragma once
#include <string>

#include "absl/status/status.h"
#include "controller-manager/framework/controller.h"
#include "controller-manager/framework/metadata.h"
#include "controller-manager/framework/pods.h"

namespace controller_manager {

// A pod made from a template: its metadata and spec, generateName "<owner>-" and the owner as controller.
Pod PodFromTemplate(const k8s::core::v1::PodTemplateSpec& pod_template, const ObjectMeta& owner,
                    const OwnerReference& ref);

// Thread-safe.
class PodControl {
 public:
  PodControl(const client::ApiClient& api, client::EventRecorder events) : api_(api), events_(std::move(events)) {}
  // Records SuccessfulCreate or FailedCreate on `owner`; silent when the namespace is being deleted.
  absl::Status Create(const Pod& pod, const client::ObjectRef& owner) const;
  // OK when it is gone already. Records SuccessfulDelete or FailedDelete.
  absl::Status Delete(const Pod& pod, const client::ObjectRef& owner) const;
  absl::Status Adopt(const Pod& pod, const OwnerReference& ref) const;
  absl::Status Release(const Pod& pod, const std::string& owner_uid) const;  // OK when it is gone

 private:
  const client::ApiClient& api_;
  const client::EventRecorder events_;
};

}  // namespace controller_manager
