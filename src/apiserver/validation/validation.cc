#include "apiserver/validation/validation.h"

#include "apiserver/validation/kinds.h"

namespace apiserver::validation {
namespace {

const KindRules* Find(const Kind& kind) {
  for (const auto& table : {PodKinds(), ServiceKinds(), ClusterKinds(), ConfigKinds(), VolumeKinds(), AppsKinds(),
                            BatchKinds(), NetworkKinds(), StorageKinds(), AutoscalingKinds(), ReviewKinds(),
                            WebhookKinds(), ExtensionKinds(), DeviceKinds(),
                            RbacKinds()}) {
    for (const KindRules& rules : table) {
      if (rules.kind == kind.kind && rules.group == kind.group) return &rules;
    }
  }
  return nullptr;
}

}  // namespace

FieldErrors ValidateCreate(const Kind& kind, const Value& object) {
  FieldErrors e;
  if (const KindRules* rules = Find(kind)) {
    rules->create(e, object);
  } else {
    Metadata(e, object, kind.namespaced, SubdomainName);
  }
  return e;
}

FieldErrors ValidateUpdate(const Kind& kind, const Value& object, const Value& old, absl::string_view subresource) {
  FieldErrors e;
  const KindRules* rules = Find(kind);
  if (rules == nullptr) {
    MetadataUpdate(e, object, old);
  } else if (subresource.empty()) {
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

std::vector<std::string> Warnings(const Kind&, const Value&, const Value*) { return {}; }

}  // namespace apiserver::validation
