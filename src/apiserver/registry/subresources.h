// What hangs below an object, and the kinds that are only asked: scale, binding, eviction, token, reviews.
#pragma once
#include "absl/status/statusor.h"
#include "apimachinery/patch/patch.h"
#include "apimachinery/value.h"
#include "apiserver/registry/registry.h"

namespace apiserver::registry {

// A view on the registry for one call.
class Subresources {
 public:
  explicit Subresources(Registry& registry) : registry_(registry) {}

  // Subresources whose body is of another kind than the object's and that are read and updated.
  static bool HasOwnBody(const pipeline::RequestInfo& info) { return info.subresource == "scale"; }
  static bool IsReview(const pipeline::RequestInfo& info);

  absl::StatusOr<Answer> Get(pipeline::RequestContext& context, const Resource& resource);
  absl::StatusOr<Answer> Create(pipeline::RequestContext& context, const Body& body);
  // A binding posted to the collection: its own name says which pod.
  absl::StatusOr<Answer> BindByName(pipeline::RequestContext& context, const Body& body);
  absl::StatusOr<Answer> Update(pipeline::RequestContext& context, const Resource& resource, const Body& body);
  absl::StatusOr<Answer> Patch(pipeline::RequestContext& context, const Resource& resource,
                               apimachinery::patch::PatchType type, const Body& body);
  absl::StatusOr<Answer> Review(pipeline::RequestContext& context, const Body& body);

  // Members that the server fills in from the request and from other members: the requester of a certificate, the
  // selector of a job, the quality of service of a pod. `old` is nullptr on create.
  static void Complete(const pipeline::RequestContext& context, const apimachinery::Kind& kind,
                       apimachinery::Value& object, const apimachinery::Value* old, absl::Time now);

 private:
  absl::StatusOr<Answer> Bind(pipeline::RequestContext& context, const Body& body);
  absl::StatusOr<Answer> BindPod(pipeline::RequestContext& context, apimachinery::Value binding);
  absl::StatusOr<Answer> Evict(pipeline::RequestContext& context, const Body& body);
  absl::StatusOr<Answer> Token(pipeline::RequestContext& context, const Body& body);
  // Admission of a body that is not stored itself, in its two steps.
  static admission::Attributes BodyAttributes(pipeline::RequestContext& context, const apimachinery::Kind& kind,
                                              apimachinery::Value& body);
  absl::Status MutateBody(pipeline::RequestContext& context, const apimachinery::Kind& kind, apimachinery::Value& body);
  absl::Status ValidateBody(pipeline::RequestContext& context, const apimachinery::Kind& kind, apimachinery::Value& body);
  absl::Status TakeDisruption(const apimachinery::Value& pod, bool dry_run);
  absl::StatusOr<pipeline::ObjectPtr> TellDisruption(const apimachinery::Value& pod);
  // `patches`: another uid is no precondition; `applies`: the change brings the owners along.
  absl::StatusOr<Answer> SetScale(pipeline::RequestContext& context, const Resource& resource,
                                  const Registry::Change& scale_change, bool patches, bool applies);
  absl::Status CheckScale(const pipeline::RequestContext& context, const Resource& resource,
                          apimachinery::Value& scale) const;

  Registry& registry_;
};

}  // namespace apiserver::registry
