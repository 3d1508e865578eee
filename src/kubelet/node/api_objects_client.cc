#include "kubelet/node/api_objects_client.h"

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status_macros.h"
#include "k8s/authentication/v1/tokenrequest.pb.h"
#include "k8s/core/v1/config.pb.h"
#include "k8s/core/v1/persistentvolume.pb.h"
#include "k8s/core/v1/serviceaccount.pb.h"
#include "kubelet/pods/pod_util.h"

namespace kubelet {

namespace {

// Upstream's node looks objects up in what it watches, and names them in the singular where they are missing.
absl::Status Named(const absl::Status& status, const char* what, const std::string& name) {
  return absl::IsNotFound(status) ? absl::NotFoundError(absl::StrCat(what, " \"", name, "\" not found")) : status;
}

}  // namespace

absl::StatusOr<KeyedData> ApiObjectsClient::ConfigMap(const std::string& ns, const std::string& name) {
  const absl::StatusOr<v1::ConfigMap> found = api_.Get<v1::ConfigMap>(ns, name);
  if (!found.ok()) return Named(found.status(), "configmap", name);
  const v1::ConfigMap& map = *found;
  KeyedData data;
  for (const auto& [key, value] : map.data()) data[key] = value;
  for (const auto& [key, value] : map.binarydata()) data[key] = value;
  return data;
}

absl::StatusOr<KeyedData> ApiObjectsClient::Secret(const std::string& ns, const std::string& name) {
  const absl::StatusOr<v1::Secret> found = api_.Get<v1::Secret>(ns, name);
  if (!found.ok()) return Named(found.status(), "secret", name);
  return KeyedData(found->data().begin(), found->data().end());
}

absl::StatusOr<ClaimedVolume> ApiObjectsClient::Claim(const std::string& ns, const std::string& name) {
  const auto unusable = [&](absl::string_view why) {
    return absl::FailedPreconditionError(absl::StrCat("error processing PVC ", ns, "/", name, ": ", why));
  };
  const absl::StatusOr<v1::PersistentVolumeClaim> claim = api_.Get<v1::PersistentVolumeClaim>(ns, name);
  if (!claim.ok()) return unusable(absl::StrCat("failed to fetch PVC from API server: ", claim.status().message()));
  if (claim->metadata().has_deletiontimestamp()) return unusable("PVC is being deleted");
  const std::string& bound = claim->spec().volumename();
  if (claim->status().phase() != "Bound" || bound.empty()) return unusable("PVC is not bound");
  const absl::StatusOr<v1::PersistentVolume> volume = api_.Get<v1::PersistentVolume>("", bound);
  if (!volume.ok()) {
    return unusable(absl::StrCat("failed to fetch PV \"", bound, "\" from API server: ", volume.status().message()));
  }
  if (!volume->spec().has_claimref() || volume->spec().claimref().uid() != claim->metadata().uid()) {
    return unusable(absl::StrCat("failed to fetch PV \"", bound, "\" from API server: PV \"", bound,
                                 "\"'s claimRef does not match the PVC"));
  }
  const v1::PersistentVolumeSource& source = volume->spec().persistentvolumesource();
  if (source.has_hostpath()) return ClaimedVolume{bound, source.hostpath().path(), source.hostpath().type(), false};
  if (source.has_local()) return ClaimedVolume{bound, source.local().path(), "", true};
  return ClaimedVolume{bound, "", "", false};
}

std::vector<ServiceAddress> ApiObjectsClient::Services(const std::string& ns) {
  // A container that starts before the services are known would lack their variables for good.
  for (int i = 0; i < 1000 && !services_.HasSynced(); ++i) absl::SleepFor(absl::Milliseconds(5));
  std::vector<ServiceAddress> all;
  for (const auto& service : ns.empty() ? services_.List() : services_.Namespace(ns)) {
    const v1::ServiceSpec& spec = service->spec();
    if (spec.clusterip().empty() || spec.clusterip() == "None") continue;
    ServiceAddress address{service->metadata().namespace_(), service->metadata().name(), spec.clusterip(), {}};
    for (const v1::ServicePort& port : spec.ports()) {
      address.ports.push_back({port.name(), port.protocol().empty() ? "TCP" : port.protocol(), port.port()});
    }
    all.push_back(std::move(address));
  }
  return all;
}

absl::StatusOr<ServiceAccountToken> ApiObjectsClient::Token(const std::string& ns, const std::string& account, const std::string& audience,
                                                            int64_t seconds, const std::string& pod_name, const std::string& pod_uid) {
  k8s::authentication::v1::TokenRequest request, reply;
  request.mutable_metadata()->set_name(account);
  if (!audience.empty()) request.mutable_spec()->add_audiences(audience);
  request.mutable_spec()->set_expirationseconds(seconds);
  auto* bound = request.mutable_spec()->mutable_boundobjectref();
  bound->set_kind("Pod");
  bound->set_apiversion("v1");
  bound->set_name(pod_name);
  bound->set_uid(pod_uid);
  RETURN_IF_ERROR(api_.CreateSubresource<v1::ServiceAccount>(ns, account, "token", "authentication.k8s.io/v1", "TokenRequest",
                                                             request, &reply));
  return ServiceAccountToken{reply.status().token(), FromApiTime(reply.status().expirationtimestamp())};
}

}  // namespace kubelet
