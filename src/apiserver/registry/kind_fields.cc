#include "apiserver/registry/kind_fields.h"

namespace apiserver::registry {
namespace {

using apimachinery::Value;

// Only names of secrets are kept.
void ServiceAccount(Value& account, const Value*) {
  Value* secrets = account.Find("secrets");
  if (secrets == nullptr || !secrets->is_array()) return;
  for (Value& secret : secrets->array()) {
    Value kept = Value::MakeObject();
    if (const Value* name = secret.Find("name")) kept.Set("name", *name);
    secret = std::move(kept);
  }
}

bool Has(const Value* object, absl::string_view path) { return object != nullptr && object->At(path) != nullptr; }

// The first member for sources allows claims and snapshots alone; anything else in it is dropped. References to other
// namespaces are switched off. What is left is said in both members.
void ClaimSources(Value& spec, const Value* old) {
  const auto snapshot_or_claim = [](const Value& source) {
    const std::string kind = source.GetString("kind"), group = source.GetString("apiGroup");
    return (kind == "PersistentVolumeClaim" && group.empty()) ||
           (kind == "VolumeSnapshot" && group == "snapshot.storage.k8s.io");
  };
  const Value* source = spec.Find("dataSource");
  if (source != nullptr && !Has(old, "dataSource") && !Has(old, "dataSourceRef") && !snapshot_or_claim(*source)) {
    spec.Erase("dataSource");
  }
  const Value* ref = spec.Find("dataSourceRef");
  if (ref != nullptr && ref->Has("namespace") && !Has(old, "dataSourceRef.namespace")) spec.Erase("dataSourceRef");
  const auto copy = [&spec](absl::string_view from, absl::string_view to) {
    const Value* given = spec.Find(from);
    if (given == nullptr || spec.Has(to) || !given->GetString("namespace").empty()) return;
    Value same = Value::MakeObject();
    for (const char* member : {"apiGroup", "kind", "name"}) {
      if (const Value* value = given->Find(member)) same.Set(member, *value);
    }
    spec.Set(to, std::move(same));
  };
  copy("dataSource", "dataSourceRef");
  copy("dataSourceRef", "dataSource");
}

void Claim(Value& claim, const Value* old) {
  Value* spec = claim.Find("spec");
  if (spec != nullptr) ClaimSources(*spec, old == nullptr ? nullptr : old->Find("spec"));
}

// The parts of the status that version 1 of autoscalers has in annotations are no more written than the rest of it.
void AutoscalerStatus(Value& scaler, const Value* old) {
  for (const char* key : {"autoscaling.alpha.kubernetes.io/conditions", "autoscaling.alpha.kubernetes.io/current-metrics"}) {
    const Value* kept = old == nullptr ? nullptr : old->At("metadata.annotations");
    if (kept != nullptr) kept = kept->Find(key);
    Value* annotations = scaler.At("metadata.annotations");
    if (kept != nullptr) {
      scaler.Ensure("metadata.annotations").Set(key, *kept);
    } else if (annotations != nullptr && annotations->Erase(key) && annotations->empty()) {
      scaler.EraseAt("metadata.annotations");
    }
  }
}

}  // namespace

void PrepareKind(const apimachinery::Kind& kind, Value& object, const Value* old) {
  if (kind.kind == "HorizontalPodAutoscaler" && kind.version == "v1") AutoscalerStatus(object, old);
  if (!kind.group.empty()) return;
  if (kind.kind == "ServiceAccount") ServiceAccount(object, old);
  if (kind.kind == "PersistentVolumeClaim") Claim(object, old);
}

}  // namespace apiserver::registry
