#include "controller-manager/persistentvolume/ephemeral_claims.h"

#include "absl/strings/str_cat.h"
#include "client/api_error.h"
#include "controller-manager/framework/metadata.h"
#include "controller-manager/framework/pods.h"
#include "k8s/core/v1/persistentvolume.pb.h"

namespace controller_manager {
namespace {

using k8s::core::v1::PersistentVolumeClaim;
using k8s::core::v1::Volume;

std::string ClaimName(const Pod& pod, const Volume& volume) { return absl::StrCat(pod.metadata().name(), "-", volume.name()); }

class EphemeralClaims final : public Controller {
 public:
  EphemeralClaims(const Context& context, int workers)
      : Controller("ephemeral-volume-controller", workers), api_(context.api), pods_(context.informers.For<Pod>()),
        claims_(context.informers.For<PersistentVolumeClaim>()), events_(context.events.As({"ephemeral_volume"})) {
    pods_.OnChange([this](const Pod& pod) {
      for (const Volume& volume : pod.spec().volumes()) {
        if (volume.volumesource().has_ephemeral()) return queue().Add(client::KeyOf(pod.metadata().namespace_(), pod.metadata().name()));
      }
    });
    claims_.OnChange([this](const PersistentVolumeClaim& claim) {  // made again when somebody deletes it
      const OwnerReference* owner = ControllerOf(claim.metadata());
      if (owner != nullptr && owner->kind() == "Pod") queue().Add(client::KeyOf(claim.metadata().namespace_(), owner->name()));
    });
  }
  ~EphemeralClaims() override { Stop(); }

  absl::Status Reconcile(const std::string& key) override {
    const PodPtr pod = pods_.Get(key);
    if (pod == nullptr || IsDeleting(pod->metadata()) || IsTerminal(*pod)) return absl::OkStatus();
    absl::Status status;
    for (const Volume& volume : pod->spec().volumes()) {
      if (volume.volumesource().has_ephemeral()) status.Update(Provide(*pod, volume));
    }
    return status;
  }

 private:
  absl::Status Provide(const Pod& pod, const Volume& volume) {
    const std::string name = ClaimName(pod, volume);
    const std::string& ns = pod.metadata().namespace_();
    if (const auto there = claims_.Get(ns, name); there != nullptr) {
      const OwnerReference* owner = ControllerOf(there->metadata());
      if (owner != nullptr && owner->uid() == pod.metadata().uid()) return absl::OkStatus();
      return absl::AlreadyExistsError(absl::StrCat("PVC ", ns, "/", name, " was not created for pod ", ns, "/",
                                                   pod.metadata().name(), " (pod is not owner)"));
    }
    const auto& from = volume.volumesource().ephemeral().volumeclaimtemplate();
    PersistentVolumeClaim claim;
    claim.mutable_metadata()->set_name(name);
    claim.mutable_metadata()->set_namespace_(ns);
    *claim.mutable_metadata()->mutable_labels() = from.metadata().labels();
    *claim.mutable_metadata()->mutable_annotations() = from.metadata().annotations();
    *claim.mutable_metadata()->add_ownerreferences() = ControllerRefTo(pod);
    *claim.mutable_spec() = from.spec();
    const absl::Status made = api_.Create(claim).status();
    if (!made.ok()) {
      events_.Warning(client::RefTo(pod), "FailedCreate",
                      absl::StrCat("ephemeral volume ", volume.name(), ": create PVC ", name, ": ", made.message()));
    }
    return made;
  }

  const client::ApiClient& api_;
  client::Informer<Pod>& pods_;
  client::Informer<PersistentVolumeClaim>& claims_;
  const client::EventRecorder events_;
};

}  // namespace

std::unique_ptr<Controller> NewEphemeralClaims(const Context& context, int workers) {
  return std::make_unique<EphemeralClaims>(context, workers);
}

}  // namespace controller_manager
