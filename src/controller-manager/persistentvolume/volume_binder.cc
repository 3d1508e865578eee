#include "controller-manager/persistentvolume/volume_binder.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "client/api_error.h"
#include "controller-manager/framework/metadata.h"
#include "controller-manager/persistentvolume/volume_match.h"
#include "k8s/storage/v1/storageclass.pb.h"

namespace controller_manager {
namespace {

using k8s::storage::v1::StorageClass;
using ClaimPtr = std::shared_ptr<const PersistentVolumeClaim>;

constexpr absl::string_view kVolume = "volume/", kClaim = "claim/";  // what a key is about
constexpr absl::Duration kRepeat = absl::Seconds(15);                // claims that wait say so again

class VolumeBinder final : public Controller {
 public:
  // One worker: two claims must not be given one volume.
  explicit VolumeBinder(const Context& context)
      : Controller("persistentvolume-binder-controller", 1), api_(context.api),
        volumes_(context.informers.For<PersistentVolume>()), claims_(context.informers.For<PersistentVolumeClaim>()),
        classes_(context.informers.For<StorageClass>()), events_(context.events.As({"persistentvolume-controller"})) {
    volumes_.OnChange([this](const PersistentVolume& volume) {
      queue().Add(absl::StrCat(kVolume, volume.metadata().name()));
      if (volume.spec().has_claimref()) AddClaim(volume.spec().claimref().namespace_(), volume.spec().claimref().name());
    });
    claims_.OnChange([this](const PersistentVolumeClaim& claim) {
      AddClaim(claim.metadata().namespace_(), claim.metadata().name());
      if (!claim.spec().volumename().empty()) queue().Add(absl::StrCat(kVolume, claim.spec().volumename()));
    });
  }
  ~VolumeBinder() override { Stop(); }

  absl::Status Reconcile(const std::string& key) override {
    absl::Status status;
    if (absl::StartsWith(key, kVolume)) {
      const VolumePtr volume = volumes_.Get("", key.substr(kVolume.size()));
      if (volume != nullptr) status = SyncVolume(*volume);
    } else {
      const ClaimPtr claim = claims_.Get(key.substr(kClaim.size()));
      if (claim != nullptr && !IsDeleting(claim->metadata())) status = SyncClaim(key, *claim);
    }
    return IsNotFound(status) ? absl::OkStatus() : status;
  }

 private:
  void AddClaim(const std::string& ns, const std::string& name) {
    queue().Add(absl::StrCat(kClaim, client::KeyOf(ns, name)));
  }

  absl::Status SyncVolume(const PersistentVolume& volume) {
    if (!volume.spec().has_claimref() || volume.spec().claimref().uid().empty()) return SetPhase(volume, "Available");
    const auto& ref = volume.spec().claimref();
    const ClaimPtr claim = claims_.Get(ref.namespace_(), ref.name());
    if (claim == nullptr || claim->metadata().uid() != ref.uid()) {
      if (volume.status().phase() == "Failed") return absl::OkStatus();
      return SetPhase(volume, "Released");
    }
    if (claim->spec().volumename() == volume.metadata().name()) return SetPhase(volume, "Bound");
    if (claim->spec().volumename().empty()) {  // its turn will write the other half
      AddClaim(ref.namespace_(), ref.name());
      return absl::OkStatus();
    }
    PersistentVolume next = volume;  // the claim went elsewhere
    if (Annotation(volume.metadata(), kBoundByController).empty()) {
      next.mutable_spec()->mutable_claimref()->clear_uid();
      next.mutable_spec()->mutable_claimref()->clear_resourceversion();
    } else {
      next.mutable_spec()->clear_claimref();
      next.mutable_metadata()->mutable_annotations()->erase(kBoundByController);
    }
    return api_.Update(next).status();
  }

  absl::Status SyncClaim(const std::string& key, const PersistentVolumeClaim& claim) {
    const std::string& name = claim.spec().volumename();
    const bool completed = !Annotation(claim.metadata(), kBindCompleted).empty();
    const VolumePtr named = name.empty() ? nullptr : volumes_.Get("", name);
    if (completed) {
      if (name.empty()) {
        return Lose(claim, "ClaimLost",
                    "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!");
      }
      if (named == nullptr) {
        return Lose(claim, "ClaimLost", "Bound claim has lost its PersistentVolume. Data on the volume is lost!");
      }
      if (!named->spec().has_claimref() || IsBoundTo(*named, claim)) return Bind(*named, claim);
      return Lose(claim, "ClaimMisbound", "Two claims are bound to the same volume, this one is bound incorrectly");
    }
    const client::ObjectRef about = client::RefTo(claim);
    if (!name.empty()) {
      if (named == nullptr) return SetPending(claim);
      if (!named->spec().has_claimref()) {
        if (const std::string why = Mismatch(*named, claim); !why.empty()) {
          events_.Warning(about, "VolumeMismatch", absl::StrCat("Cannot bind to requested volume \"", name, "\": ", why));
          return SetPending(claim);
        }
        return Bind(*named, claim);
      }
      if (IsBoundTo(*named, claim)) return Bind(*named, claim);
      events_.Warning(about, "FailedBinding", absl::StrCat("volume \"", name, "\" already bound to a different claim."));
      return SetPending(claim);
    }
    const std::string class_name = ClassOf(claim);
    const auto storage_class = class_name.empty() ? nullptr : classes_.Get("", class_name);
    const bool waits = storage_class != nullptr && storage_class->volumebindingmode() == "WaitForFirstConsumer" &&
                       Annotation(claim.metadata(), kSelectedNode).empty();
    if (const VolumePtr found = FindVolume(claim, volumes_.List(), waits); found != nullptr) return Bind(*found, claim);
    queue().AddAfter(key, kRepeat);
    if (waits) {
      events_.Normal(about, "WaitForFirstConsumer", "waiting for first consumer to be created before binding");
    } else if (class_name.empty()) {
      events_.Normal(about, "FailedBinding",
                     "no persistent volumes available for this claim and no storage class is set");
    } else if (storage_class == nullptr) {
      events_.Warning(about, "ProvisioningFailed",
                      absl::StrCat("storageclass.storage.k8s.io \"", class_name, "\" not found"));
    } else {
      RETURN_IF_ERROR(AskProvisioner(claim, storage_class->provisioner()));
    }
    return SetPending(claim);
  }

  absl::Status AskProvisioner(const PersistentVolumeClaim& claim, const std::string& provisioner) {
    if (absl::StartsWith(provisioner, "kubernetes.io/")) {
      events_.Warning(client::RefTo(claim), "ProvisioningFailed", absl::StrCat("no volume plugin matched name: ", provisioner));
      return absl::OkStatus();
    }
    events_.Normal(client::RefTo(claim), "ExternalProvisioning",
                   absl::StrCat("Waiting for a volume to be created either by the external provisioner '", provisioner,
                                "' or manually by the system administrator. If volume creation is delayed, please verify "
                                "that the provisioner is running and correctly registered."));
    constexpr char kProvisioner[] = "volume.kubernetes.io/storage-provisioner";
    constexpr char kOldProvisioner[] = "volume.beta.kubernetes.io/storage-provisioner";
    if (Annotation(claim.metadata(), kProvisioner) == provisioner) return absl::OkStatus();
    PersistentVolumeClaim next = claim;
    (*next.mutable_metadata()->mutable_annotations())[kProvisioner] = provisioner;
    (*next.mutable_metadata()->mutable_annotations())[kOldProvisioner] = provisioner;
    return api_.Update(next).status();
  }

  // Four writes, each of which may be the last that happens: the next look goes on from there.
  absl::Status Bind(const PersistentVolume& from, const PersistentVolumeClaim& claim_from) {
    PersistentVolume volume = from;
    if (!volume.spec().has_claimref() || volume.spec().claimref().uid() != claim_from.metadata().uid()) {
      const auto& of = claim_from.metadata();
      apimachinery::volume_claims::BindTo(of.namespace_(), of.name(), of.uid(), of.resourceversion(), &volume);
      ASSIGN_OR_RETURN(volume, api_.Update(volume));
    }
    RETURN_IF_ERROR(SetPhase(volume, "Bound"));
    PersistentVolumeClaim claim = claim_from;
    auto& annotations = *claim.mutable_metadata()->mutable_annotations();
    if (claim.spec().volumename() != volume.metadata().name() || !annotations.contains(kBindCompleted)) {
      if (claim.spec().volumename().empty()) annotations[kBoundByController] = "yes";
      claim.mutable_spec()->set_volumename(volume.metadata().name());
      annotations[kBindCompleted] = "yes";
      ASSIGN_OR_RETURN(claim, api_.Update(claim));
    }
    if (claim.status().phase() == "Bound") return absl::OkStatus();
    auto& status = *claim.mutable_status();
    status.set_phase("Bound");
    *status.mutable_accessmodes() = volume.spec().accessmodes();
    *status.mutable_capacity() = volume.spec().capacity();
    return api_.UpdateStatus(claim).status();
  }

  absl::Status SetPhase(const PersistentVolume& volume, const std::string& phase) {
    if (volume.status().phase() == phase) return absl::OkStatus();
    PersistentVolume next = volume;
    next.mutable_status()->set_phase(phase);
    next.mutable_status()->clear_message();
    return api_.UpdateStatus(next).status();
  }

  absl::Status SetPending(const PersistentVolumeClaim& claim) {
    if (claim.status().phase() == "Pending") return absl::OkStatus();
    PersistentVolumeClaim next = claim;
    next.mutable_status()->Clear();
    next.mutable_status()->set_phase("Pending");
    return api_.UpdateStatus(next).status();
  }

  absl::Status Lose(const PersistentVolumeClaim& claim, const std::string& reason, const std::string& message) {
    if (claim.status().phase() == "Lost") return absl::OkStatus();
    PersistentVolumeClaim next = claim;
    next.mutable_status()->Clear();
    next.mutable_status()->set_phase("Lost");
    RETURN_IF_ERROR(api_.UpdateStatus(next).status());
    events_.Warning(client::RefTo(claim), reason, message);
    return absl::OkStatus();
  }

  const client::ApiClient& api_;
  client::Informer<PersistentVolume>& volumes_;
  client::Informer<PersistentVolumeClaim>& claims_;
  client::Informer<StorageClass>& classes_;
  const client::EventRecorder events_;
};

}  // namespace

std::unique_ptr<Controller> NewVolumeBinder(const Context& context) { return std::make_unique<VolumeBinder>(context); }

}  // namespace controller_manager
