#include "apiserver/registry/strategy.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "apimachinery/apply/structure.h"
#include "apimachinery/names.h"
#include "apimachinery/structural/definition.h"
#include "apiserver/defaults/defaults.h"
#include "apiserver/registry/kind_fields.h"
#include "apiserver/registry/kind_traits.h"

namespace apiserver::registry {
namespace {

using apimachinery::Kind;
using apimachinery::Value;

constexpr char kTemplateGeneration[] = "deprecated.daemonset.template.generation";

bool HasStatus(const Kind& kind) { return kind.HasSubresource("status"); }

void CopyOrErase(absl::string_view member, const Value& from, Value& to) {
  const Value* value = from.Find(member);
  if (value != nullptr) {
    to.Set(member, *value);
  } else {
    to.Erase(member);
  }
}

// Everything that is neither metadata nor status (nor type). `count_empty`: unset lists and maps differ from empty ones.
bool SameSpec(const Value& a, const Value& b, bool count_empty) {
  static const Value unset;
  const auto subset = [count_empty](const Value& from, const Value& in) {
    for (const auto& [key, value] : from.object()) {
      if (key == "metadata" || key == "status" || key == "kind" || key == "apiVersion") continue;
      const Value* found = in.FindSet(key);
      const Value& other = found == nullptr ? unset : *found;
      if (count_empty ? !other.IdenticalTo(value) : !(other == value)) return false;
    }
    return true;
  };
  return subset(a, b) && subset(b, a);
}

void CopyMeta(absl::string_view member, const Value& old, Value& object) {
  const Value* meta = old.Find("metadata");
  const Value* value = meta == nullptr ? nullptr : meta->Find(member);
  if (value != nullptr) {
    object["metadata"].Set(member, *value);
  } else if (Value* target = object.Find("metadata")) {
    target->Erase(member);
  }
}

bool SameMeta(absl::string_view member, const Value& a, const Value& b) {
  const Value* one = a.At("metadata");
  const Value* other = b.At("metadata");
  one = one == nullptr ? nullptr : one->Find(member);
  other = other == nullptr ? nullptr : other->Find(member);
  return one == nullptr || other == nullptr ? one == other : *one == *other;
}

// All metadata of the old object, but for who owns what.
void KeepMeta(const Value& old, Value& object) {
  Value kept = old.Has("metadata") ? *old.Find("metadata") : Value::MakeObject();
  const Value* managed = object.At("metadata.managedFields");
  if (managed != nullptr) kept.Set("managedFields", *managed);
  object.Set("metadata", std::move(kept));
}

// A signer may not touch what approvers said: as many conditions of these types as before stay the very ones.
void KeepDecisions(const Value& old, Value& object) {
  Value* conditions = object.At("status.conditions");
  if (conditions == nullptr || !conditions->is_array()) return;
  for (const char* type : {"Approved", "Denied"}) {
    const auto is = [type](const Value& condition) { return condition.GetString("type") == type; };
    std::vector<Value*> now;
    for (Value& condition : conditions->array()) {
      if (is(condition)) now.push_back(&condition);
    }
    std::vector<const Value*> before;
    for (const Value& condition : old.GetArray("status.conditions")) {
      if (is(condition)) before.push_back(&condition);
    }
    if (now.size() != before.size()) continue;
    for (size_t i = 0; i < now.size(); ++i) *now[i] = *before[i];
  }
}

// What devices report goes when they are taken from the claim.
void DropReleasedDevices(const Value& old, Value& claim) {
  Value* devices = claim.At("status.devices");
  if (devices == nullptr || !devices->is_array()) return;
  const auto same = [](const Value& a, const Value& b) {
    for (const char* key : {"driver", "pool", "device", "shareID"}) {
      if (a.GetString(key) != b.GetString(key)) return false;
    }
    return true;
  };
  const auto among = [&](const Value& device, const Value& holder) {
    const apimachinery::Array& results = holder.GetArray("status.allocation.devices.results");
    return std::any_of(results.begin(), results.end(), [&](const Value& result) { return same(device, result); });
  };
  apimachinery::Array& list = devices->array();
  list.erase(std::remove_if(list.begin(), list.end(),
                            [&](const Value& device) { return among(device, old) && !among(device, claim); }),
             list.end());
  if (list.empty()) claim.EraseAt("status.devices");
}

// v1 has a member for the node; what older versions said in a map goes when the endpoints change. `old`: nullptr on
// create.
void DropTopology(const Value* old, Value& slice) {
  Value* endpoints = slice.Find("endpoints");
  if (endpoints == nullptr || !endpoints->is_array()) return;
  constexpr char kHost[] = "kubernetes.io/hostname";
  std::vector<std::string> known;
  if (old != nullptr) {
    const Value* before = old->Find("endpoints");
    if (before != nullptr && *before == *endpoints) return;
    for (const Value& endpoint : old->GetArray("endpoints")) {
      const Value* topology = endpoint.Find("deprecatedTopology");
      const Value* host = topology == nullptr ? nullptr : topology->Find(kHost);
      if (host != nullptr && host->is_string()) known.push_back(host->as_string());
    }
  }
  for (Value& endpoint : endpoints->array()) {
    const Value* topology = endpoint.Find("deprecatedTopology");
    const Value* host = topology == nullptr ? nullptr : topology->Find(kHost);
    if (host != nullptr && !endpoint.Has("nodeName") && host->is_string() &&
        apimachinery::IsDns1123SubdomainOk(host->as_string()) &&
        std::find(known.begin(), known.end(), host->as_string()) != known.end()) {
      const std::string name = host->as_string();
      endpoint.Set("nodeName", name);
    }
    endpoint.Erase("deprecatedTopology");
  }
}

// An annotation that was a field once: counts changes of the pod template.
void SetTemplateGeneration(Value& object, const Value& old) {
  const Value* annotations = old.At("metadata.annotations");
  const Value* before = annotations == nullptr ? nullptr : annotations->Find(kTemplateGeneration);
  int64_t count = 0;
  if (before != nullptr && before->is_string() && !absl::SimpleAtoi(before->as_string(), &count)) count = 0;
  const Value* was = old.At("spec.template");
  const Value* is = object.At("spec.template");
  if (was != nullptr && is != nullptr && !(*was == *is)) ++count;
  object.Ensure("metadata.annotations").Set(kTemplateGeneration, absl::StrCat(count));
}

// The version that is stored from now on joins those in which objects may lie in the store.
void AddStoredVersion(Value& definition) {
  for (const Value& version : definition.GetArray("spec.versions")) {
    if (!version.GetBool("storage")) continue;
    Value& stored = definition.Ensure("status.storedVersions");
    if (!stored.is_array()) stored = Value::MakeArray();
    const Value name(version.GetString("name"));
    const bool known = stored.is_array() &&
                       std::find(stored.array().begin(), stored.array().end(), name) != stored.array().end();
    if (!known) stored.Append(name);
    return;
  }
}

// Custom resources: the generation counts every change but of metadata and of a status with a door of its own.
void PrepareCustomForUpdate(const Kind& kind, absl::string_view subresource, Value& object, const Value& old) {
  if (subresource == "status") {
    const Value* status = object.Find("status");
    const Value* managed = object.At("metadata.managedFields");
    Value replaced = old;
    if (status != nullptr) {
      replaced.Set("status", *status);
    } else {
      replaced.Erase("status");
    }
    if (managed != nullptr) {
      replaced.Ensure("metadata").Set("managedFields", *managed);
    } else {
      replaced.EraseAt("metadata.managedFields");
    }
    replaced.Set("apiVersion", object.GetString("apiVersion"));
    replaced.Set("kind", object.GetString("kind"));
    object = std::move(replaced);
    return;
  }
  if (HasStatus(kind)) CopyOrErase("status", old, object);
  CopyMeta("generation", old, object);
  const auto content = [](const Value& from) {
    Value copy = from;
    for (const char* member : {"metadata", "apiVersion", "kind"}) copy.Erase(member);
    return copy;
  };
  if (!(content(object) == content(old))) object["metadata"].Set("generation", old.GetInt("metadata.generation") + 1);
}

// Metadata as it was, but for the version that was asked for and who owns what.
void KeepAllButManagers(const Value& old, Value& object) {
  Value metadata = old.Find("metadata") == nullptr ? Value::MakeObject() : *old.Find("metadata");
  for (const char* member : {"resourceVersion", "managedFields"}) {
    if (const Value* value = object.At(absl::StrCat("metadata.", member))) {
      metadata.Set(member, *value);
    } else {
      metadata.Erase(member);
    }
  }
  object.Set("metadata", std::move(metadata));
}

}  // namespace

apimachinery::apply::ObjectType StructureOf(const Kind& kind) {
  if (kind.custom == nullptr) return kind.message;
  return &kind.custom->schema;
}

std::string OtherVersionsProblem(const Kind& kind, const Value& live, const Value& object) {
  if (kind.custom == nullptr || kind.custom->definition->versions.size() < 2) return "";
  if (kind.custom->definition->webhook_conversion) return "";  // who owns what in another form is kept as it was told
  for (const Value& entry : live.GetArray("metadata.managedFields")) {
    const std::string api_version = entry.GetString("apiVersion");
    if (api_version == kind.api_version) continue;
    const apimachinery::structural::Version* version = kind.custom->definition->FindApiVersion(api_version);
    if (version == nullptr) continue;
    const apimachinery::apply::Structure structure = apimachinery::apply::Structure::OfRoot(&version->schema);
    const std::vector<std::string> problems = apimachinery::apply::Check(structure, object);
    if (problems.size() == 1) return problems[0];
    if (!problems.empty()) return absl::StrCat("errors:\n  ", absl::StrJoin(problems, "\n  "));
  }
  return "";
}

void PrepareForCreate(const Kind& kind, Value& object) {
  if (kind.custom != nullptr) {
    object["metadata"].Set("generation", int64_t{1});
    if (HasStatus(kind)) object.Erase("status");
    return;
  }
  const KindTraits& traits = TraitsOf(kind);
  defaults::DropSwitchedOff(kind, object);
  PrepareKind(kind, object, nullptr);
  Value& meta = object["metadata"];  // kinds that count no generations keep what the client sent
  if (traits.Has(kGenerationStarts)) meta.Set("generation", int64_t{1});
  if (kind.kind == "DaemonSet") object.Ensure("metadata.annotations").Set(kTemplateGeneration, "1");
  if (kind.kind == "EndpointSlice") DropTopology(nullptr, object);
  if (!HasStatus(kind) || traits.Has(kStatusOnCreate)) return;
  if (kind.kind == "Pod") {
    // qosClass is the admission's and defaults' affair once they have filled in the resources.
    Value status = Value::MakeObject();
    status.Set("phase", "Pending");
    const std::string qos = object.GetString("status.qosClass");
    if (!qos.empty()) status.Set("qosClass", qos);
    object.Set("status", std::move(status));
    return;
  }
  object.Erase("status");
  if (kind.kind == "Namespace") {
    object.Ensure("status").Set("phase", "Active");
    Value& finalizers = object.Ensure("spec")["finalizers"];
    bool present = false;
    if (finalizers.is_array()) {
      for (const Value& f : finalizers.array()) present |= f.is_string() && f.as_string() == "kubernetes";
    }
    if (!present) finalizers.Append("kubernetes");
  } else if (kind.kind == "PersistentVolume") {
    object.Ensure("status").Set("phase", "Pending");
  } else if (kind.kind == "CustomResourceDefinition") {
    AddStoredVersion(object);
  }
}

void PrepareForUpdate(const Kind& kind, absl::string_view subresource, Value& object, const Value& old) {
  if (kind.custom != nullptr) return PrepareCustomForUpdate(kind, subresource, object, old);
  const KindTraits& traits = TraitsOf(kind);
  // What is dropped counts as a change of slices, and of nothing else.
  const bool changed = (kind.kind == "ResourceSlice" || kind.kind == "EndpointSlice") && !SameSpec(object, old, false);
  if (kind.kind != "Node" || subresource != "status") {
    defaults::DropSwitchedOff(kind, object);
  } else if (old.At("status.config") == nullptr) {
    object.EraseAt("status.config");
  }
  if (subresource.empty()) PrepareKind(kind, object, &old);
  if (subresource == "status") {
    for (const auto& [key, value] : old.object()) {
      if (key != "metadata" && key != "status") object.Set(key, value);
    }
    std::vector<std::string> extra;
    for (const auto& [key, value] : object.object()) {
      if (key != "metadata" && key != "status" && !old.Has(key)) extra.push_back(key);
    }
    for (const std::string& key : extra) object.Erase(key);
    if (traits.Has(kStatusKeepsLabels)) CopyMeta("labels", old, object);
    if (kind.kind == "Pod") {
      CopyMeta("ownerReferences", old, object);
      const std::string qos = old.GetString("status.qosClass");
      if (!qos.empty() && object.GetString("status.qosClass").empty()) object.Ensure("status").Set("qosClass", qos);
    }
    if (traits.Has(kStatusKeepsMeta)) {
      for (const char* member : {"labels", "annotations", "finalizers", "ownerReferences", "deletionTimestamp"}) {
        CopyMeta(member, old, object);
      }
    }
    if (traits.Has(kStatusKeepsAllMeta)) KeepMeta(old, object);
    if (kind.kind == "CertificateSigningRequest") KeepDecisions(old, object);
    if (kind.kind == "CustomResourceDefinition" && object.GetArray("status.storedVersions").empty()) AddStoredVersion(object);
    if (kind.kind == "ResourceClaim") DropReleasedDevices(old, object);
  } else if (subresource == "finalize") {
    const Value* wanted = object.At("spec.finalizers");
    Value finalizers = wanted == nullptr ? Value() : *wanted;
    Value replaced = old;
    const Value* meta = object.Find("metadata");
    if (meta != nullptr) replaced.Set("metadata", *meta);
    if (finalizers.is_array() && !finalizers.empty()) {
      replaced.Ensure("spec").Set("finalizers", std::move(finalizers));
    } else {
      replaced.EraseAt("spec.finalizers");
    }
    object = std::move(replaced);
  } else if (subresource == "approval") {
    const Value* conditions = object.At("status.conditions");
    Value wanted = conditions == nullptr ? Value() : *conditions;
    CopyOrErase("spec", old, object);
    CopyOrErase("status", old, object);
    if (!wanted.is_null()) {
      object.Ensure("status").Set("conditions", std::move(wanted));
    } else {
      object.EraseAt("status.conditions");
    }
  } else if (subresource == "ephemeralcontainers" || subresource == "resize") {
    CopyOrErase("status", old, object);
  } else {
    if (HasStatus(kind) && !traits.Has(kStatusWithSpec)) CopyOrErase("status", old, object);
    if (kind.kind == "Namespace") {  // finalizers change through /finalize alone
      const Value* finalizers = old.At("spec.finalizers");
      if (finalizers != nullptr) {
        object.Ensure("spec").Set("finalizers", *finalizers);
      } else {
        object.EraseAt("spec.finalizers");
      }
    }
    if (kind.kind == "CertificateSigningRequest") CopyOrErase("spec", old, object);
    if (kind.kind == "CustomResourceDefinition") AddStoredVersion(object);
  }
  if (kind.kind == "DaemonSet") SetTemplateGeneration(object, old);
  if (kind.kind == "EndpointSlice") DropTopology(&old, object);
  CopyMeta("generation", old, object);
  if (subresource == "status" || !traits.Has(kGenerationCounts)) return;
  const bool labels = traits.Has(kGenerationCountsLabels) && !SameMeta("labels", object, old);
  const bool annotations = traits.Has(kGenerationCountsAnnotations) && !SameMeta("annotations", object, old);
  if (labels || annotations || changed || !SameSpec(object, old, traits.Has(kGenerationCountsEmpty))) {
    object["metadata"].Set("generation", old.GetInt("metadata.generation") + 1);
  }
}

void KeepOutsideSubresource(const Kind& kind, absl::string_view subresource, const Value& old, Value& object) {
  if (kind.custom != nullptr || kind.kind != "Pod") return;
  if (subresource == "ephemeralcontainers") {
    const Value* wanted = object.At("spec.ephemeralContainers");
    Value containers = wanted == nullptr ? Value() : *wanted;
    KeepAllButManagers(old, object);
    if (const Value* spec = old.Find("spec")) object.Set("spec", *spec);
    if (containers.is_null()) {
      object.EraseAt("spec.ephemeralContainers");
    } else {
      object.Ensure("spec").Set("ephemeralContainers", std::move(containers));
    }
  } else if (subresource == "resize") {
    Value spec = old.Find("spec") == nullptr ? Value::MakeObject() : *old.Find("spec");
    for (const char* list : {"containers", "initContainers"}) {
      const apimachinery::Array& now = object.GetArray(absl::StrCat("spec.", list));
      Value* kept = spec.Find(list);
      if (now.size() != spec.GetArray(list).size()) return;  // refused by validation
      for (size_t i = 0; i < now.size(); ++i) {
        Value& container = kept->array()[i];
        if (container.GetString("name") != now[i].GetString("name")) return;
        for (const char* member : {"resources", "resizePolicy"}) {
          if (const Value* value = now[i].Find(member)) {
            container.Set(member, *value);
          } else {
            container.Erase(member);
          }
        }
      }
    }
    KeepAllButManagers(old, object);
    object.Set("spec", std::move(spec));
  }
}

std::vector<std::string> ResetFields(const Kind& kind, absl::string_view subresource) {
  if (kind.custom != nullptr) {
    if (subresource == "status") return {"spec"};
    return HasStatus(kind) ? std::vector<std::string>{"status"} : std::vector<std::string>();
  }
  const KindTraits& traits = TraitsOf(kind);
  if (kind.kind == "CertificateSigningRequest") {
    if (subresource == "status") return {"spec", "status.conditions"};
    if (subresource == "approval") return {"spec", "status.certificate"};
    return {"spec", "status"};
  }
  if (!traits.Has(kStatusUnowned)) return {};
  if (subresource.empty() || subresource == "finalize") return {"status"};
  if (subresource != "status") return {};
  std::vector<std::string> fields = {"spec"};
  if (traits.Has(kStatusUnownedMeta)) fields.emplace_back("metadata");
  if (traits.Has(kStatusKeepsLabels)) fields.emplace_back("metadata.labels");
  if (kind.kind == "Pod") {
    fields.emplace_back("metadata.deletionTimestamp");
    fields.emplace_back("metadata.ownerReferences");
  }
  return fields;
}

bool AllowsCreateOnUpdate(const Kind& kind) { return kind.custom == nullptr && TraitsOf(kind).Has(kCreatesOnUpdate); }
bool AllowsUnconditionalUpdate(const Kind& kind) { return kind.custom == nullptr && !TraitsOf(kind).Has(kNeedsVersion); }
bool ReturnsDeletedObject(const Kind& kind) { return kind.custom == nullptr && TraitsOf(kind).Has(kReturnsDeleted); }

}  // namespace apiserver::registry
