#include "controller-manager/volumeprotection/protection.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "client/api_error.h"
#include "controller-manager/framework/metadata.h"
#include "controller-manager/framework/pods.h"
#include "k8s/core/v1/persistentvolume.pb.h"
#include "k8s/core/v1/pod.pb.h"

namespace controller_manager {
namespace {

using k8s::core::v1::PersistentVolume;
using k8s::core::v1::PersistentVolumeClaim;

constexpr char kClaimFinalizer[] = "kubernetes.io/pvc-protection", kVolumeFinalizer[] = "kubernetes.io/pv-protection";

bool Has(const ObjectMeta& metadata, const char* finalizer) {
  return std::find(metadata.finalizers().begin(), metadata.finalizers().end(), finalizer) != metadata.finalizers().end();
}

// Adds or takes off the finalizer; a conflict comes again.
template <typename T>
absl::Status Put(const client::ApiClient& api, const T& object, const char* finalizer, bool wanted) {
  T changed = object;
  auto* list = changed.mutable_metadata()->mutable_finalizers();
  if (wanted) {
    changed.mutable_metadata()->add_finalizers(finalizer);
  } else {
    list->erase(std::remove(list->begin(), list->end(), finalizer), list->end());
  }
  const absl::Status written = api.Update(changed).status();
  return IsNotFound(written) ? absl::OkStatus() : written;
}

class ClaimProtection final : public Controller {
 public:
  ClaimProtection(const Context& context, int workers)
      : Controller("persistentvolumeclaim-protection-controller", workers), api_(context.api),
        claims_(context.informers.For<PersistentVolumeClaim>()), pods_(context.informers.For<Pod>()) {
    claims_.OnChange([this](const PersistentVolumeClaim& claim) {
      const bool dying = IsDeleting(claim.metadata());
      if (dying == Has(claim.metadata(), kClaimFinalizer)) queue().Add(client::KeyOf(claim.metadata().namespace_(), claim.metadata().name()));
    });
    pods_.AddHandler({nullptr,
                      [this](const auto&, const auto& now) {
                        if (IsTerminal(*now)) Free(*now);
                      },
                      [this](const auto& pod) { Free(*pod); }});
  }
  ~ClaimProtection() override { Stop(); }

  absl::Status Reconcile(const std::string& key) override {
    const auto claim = claims_.Get(key);
    if (claim == nullptr) return absl::OkStatus();
    const bool has = Has(claim->metadata(), kClaimFinalizer);
    if (!IsDeleting(claim->metadata())) return has ? absl::OkStatus() : Put(api_, *claim, kClaimFinalizer, true);
    if (!has) return absl::OkStatus();
    const std::string& ns = claim->metadata().namespace_();
    for (const PodPtr& pod : pods_.Namespace(ns)) {
      if (UsesClaim(*pod, *claim)) return absl::OkStatus();  // comes again when the pod is done
    }
    // The cache may lag behind a pod that was just bound: once more with what the server has.
    std::vector<Pod> live;
    RETURN_IF_ERROR(api_.List<Pod>(ns, live).status());
    if (std::any_of(live.begin(), live.end(), [&](const Pod& pod) { return UsesClaim(pod, *claim); })) return absl::OkStatus();
    return Put(api_, *claim, kClaimFinalizer, false);
  }

 private:
  void Free(const Pod& pod) {
    const std::string& ns = pod.metadata().namespace_();
    for (const auto& volume : pod.spec().volumes()) {
      const auto& source = volume.volumesource();
      if (source.has_persistentvolumeclaim()) queue().Add(client::KeyOf(ns, source.persistentvolumeclaim().claimname()));
      if (source.has_ephemeral()) queue().Add(client::KeyOf(ns, absl::StrCat(pod.metadata().name(), "-", volume.name())));
    }
  }

  const client::ApiClient& api_;
  client::Informer<PersistentVolumeClaim>& claims_;
  client::Informer<Pod>& pods_;
};

class VolumeProtection final : public Controller {
 public:
  VolumeProtection(const Context& context, int workers)
      : Controller("persistentvolume-protection-controller", workers), api_(context.api),
        volumes_(context.informers.For<PersistentVolume>()) {
    volumes_.OnChange([this](const PersistentVolume& volume) {
      if (IsDeleting(volume.metadata()) == Has(volume.metadata(), kVolumeFinalizer)) queue().Add(volume.metadata().name());
    });
  }
  ~VolumeProtection() override { Stop(); }

  absl::Status Reconcile(const std::string& key) override {
    const auto volume = volumes_.Get(key);
    if (volume == nullptr) return absl::OkStatus();
    const bool has = Has(volume->metadata(), kVolumeFinalizer);
    if (!IsDeleting(volume->metadata())) return has ? absl::OkStatus() : Put(api_, *volume, kVolumeFinalizer, true);
    const bool bound = volume->status().phase() == "Bound";
    return has && !bound ? Put(api_, *volume, kVolumeFinalizer, false) : absl::OkStatus();
  }

 private:
  const client::ApiClient& api_;
  client::Informer<PersistentVolume>& volumes_;
};

}  // namespace

bool UsesClaim(const Pod& pod, const PersistentVolumeClaim& claim) {
  // A kubelet that sees the pod later will not start it with a claim that is being deleted.
  if (pod.spec().nodename().empty() || IsTerminal(pod)) return false;
  for (const auto& volume : pod.spec().volumes()) {
    const auto& source = volume.volumesource();
    if (source.has_persistentvolumeclaim() && source.persistentvolumeclaim().claimname() == claim.metadata().name()) return true;
    if (source.has_ephemeral() && absl::StrCat(pod.metadata().name(), "-", volume.name()) == claim.metadata().name() &&
        IsControlledBy(claim.metadata(), pod.metadata().uid())) {
      return true;
    }
  }
  return false;
}

std::unique_ptr<Controller> NewClaimProtectionController(const Context& context, int workers) {
  return std::make_unique<ClaimProtection>(context, workers);
}
std::unique_ptr<Controller> NewVolumeProtectionController(const Context& context, int workers) {
  return std::make_unique<VolumeProtection>(context, workers);
}

}  // namespace controller_manager
