#include "apiserver/validation/validation.h"

#include "absl/container/flat_hash_map.h"
#include "apiserver/validation/custom_objects.h"
#include "apiserver/validation/kinds.h"

namespace apiserver::validation {
namespace {

using Table = absl::flat_hash_map<std::pair<absl::string_view, absl::string_view>, const KindRules*>;

const Table& AllRules() {
  static const Table& rules = *[] {
    auto* out = new Table();
    for (const auto& kinds :
         {PodKinds(), ServiceKinds(), EndpointSliceKinds(), EventKinds(), ClusterKinds(), ConfigKinds(), ClassKinds(),
          VolumeKinds(), AppsKinds(), BatchKinds(), NetworkPolicyKinds(), IngressKinds(), AddressKinds(), DisruptionKinds(),
          StorageKinds(), AutoscalingKinds(), ReviewKinds(), WebhookKinds(), CertificateKinds(), ApiServiceKinds(),
          FlowControlKinds(), DefinitionKinds(), DeviceKinds(), RbacKinds()}) {
      for (const KindRules& row : kinds) out->emplace(std::make_pair(row.group, row.kind), &row);
    }
    return out;
  }();
  return rules;
}

const KindRules* Find(const Kind& kind) {
  const auto it = AllRules().find(std::make_pair(kind.group, kind.kind));
  return it == AllRules().end() ? nullptr : it->second;
}

// Kinds of which upstream checks the whole object again before it compares it with the old one.
bool CreatesFirst(const Kind& kind) {
  for (absl::string_view name : {"Namespace", "Node", "PersistentVolume", "Job", "IPAddress", "NetworkPolicy",
                                 "RuntimeClass", "ResourceClaimTemplate", "CSINode", "CSIStorageCapacity",
                                 "StorageClass"}) {
    if (kind.kind == name) return true;
  }
  return false;
}

}  // namespace

FieldErrors ValidateCreate(const Kind& kind, const Value& object) {
  FieldErrors e;
  if (kind.custom != nullptr) {
    CustomCreate(e, *kind.custom, object);
    if (e.empty()) CommonCreate(e, object, kind.namespaced);
    return e;
  }
  const bool stored = kind.role == apimachinery::Role::kResource;  // reviews and bodies of subresources need no name
  const KindRules* rules = Find(kind);
  if (rules != nullptr) {
    rules->create(e, object);
  } else if (stored) {
    Metadata(e, object, kind.namespaced, SubdomainName);
  }
  if (stored && e.empty() && (rules == nullptr || rules->update != nullptr)) CommonCreate(e, object, kind.namespaced);
  return e;
}

FieldErrors ValidateUpdate(const Kind& kind, const Value& object, const Value& old, absl::string_view subresource,
                           std::vector<std::string>* tolerated) {
  FieldErrors e;
  CommonUpdate(e, object, old, kind.namespaced);
  if (kind.custom != nullptr) {
    CustomUpdate(e, *kind.custom, object, old, subresource, tolerated);
    return e;
  }
  const KindRules* rules = Find(kind);
  if (rules == nullptr) {
    MetadataUpdate(e, object, old);
  } else if (subresource.empty()) {
    if (CreatesFirst(kind)) rules->create(e, object);
    rules->update(e, object, old);
  } else if (kind.kind == "Pod" && subresource == "ephemeralcontainers") {
    PodEphemeralContainers(e, object, old);
  } else if (kind.kind == "Pod" && subresource == "resize") {
    PodResize(e, object, old);
  } else if (subresource == "approval") {
    CertificateApproval(e, object, old);
  } else if (kind.kind == "Namespace" && subresource == "finalize") {
    NamespaceFinalize(e, object, old);
  } else if (rules->status != nullptr) {
    rules->status(e, object, old);
  } else {
    MetadataUpdate(e, object, old);
  }
  return e;
}

std::vector<std::string> Warnings(const Kind& kind, const Value& object, const Value* old,
                                  absl::string_view subresource) {
  if (kind.custom != nullptr) return CustomWarnings(object, old);
  std::vector<std::string> out;
  const KindRules* rules = Find(kind);
  if (rules != nullptr && rules->warn != nullptr) rules->warn(out, object, old, subresource);
  return out;
}

}  // namespace apiserver::validation
