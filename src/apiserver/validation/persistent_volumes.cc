// PersistentVolume and PersistentVolumeClaim.
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "apiserver/validation/go_diff.h"
#include "apiserver/validation/kinds.h"
#include "apiserver/validation/pod.h"

namespace apiserver::validation {
namespace {

constexpr Strings kModes = {"ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"};

void AccessModes(FieldErrors& e, const Path& p, const Value& spec) {
  bool once_pod = false, others = false;
  for (const Value& mode : Items(spec, "accessModes")) {
    OneOf(e, p / "accessModes", mode.as_string(), kModes);
    if (mode.as_string() == "ReadWriteOncePod") {
      once_pod = true;
    } else if (In(mode.as_string(), kModes)) {
      others = true;
    }
  }
  if (once_pod && others) {
    e.Forbidden(p / "accessModes", "may not use ReadWriteOncePod with other access modes");
  }
}

void ClassName(FieldErrors& e, const Path& p, absl::string_view name) {
  if (!name.empty()) Named(e, p, name, SubdomainName(name, false));
}

void VolumeCreate(FieldErrors& e, const Value& volume) {
  Metadata(e, volume, false, SubdomainName);
  const Path p("spec");
  const Value& spec = Sub(volume, "spec");
  if (Items(spec, "accessModes").empty()) e.Required(p / "accessModes");
  AccessModes(e, p, spec);
  const Path capacity_path = p / "capacity";
  const Object& capacity = Entries(spec, "capacity");
  if (capacity.empty()) e.Required(capacity_path);
  if (capacity.size() > 1 || !Sub(spec, "capacity").Has("storage")) {
    e.NotSupported(capacity_path, Get(spec, "capacity"), {"storage"});
  }
  for (const auto& [name, amount] : capacity) {
    const Path at = capacity_path.Key(name);
    const Quantity q = QuantityOf(amount);
    if (q.UncheckedScaledValue(0) < 0) e.Invalid(at, q.UncheckedScaledValue(0), "must be a valid resource quantity");
    if (q.Sign() <= 0) e.Invalid(at, amount, kNotPositive);
  }
  const absl::string_view reclaim = Text(spec, "persistentVolumeReclaimPolicy");
  if (!reclaim.empty()) OneOf(e, p / "persistentVolumeReclaimPolicy", reclaim, {"Delete", "Recycle", "Retain"});
  bool pinned = false;
  if (const Value* affinity = spec.Find("nodeAffinity")) {
    pinned = true;
    const Path at = p / "nodeAffinity";
    if (const Value* required = affinity->Find("required")) {
      NodeSelector(e, at / "required", *required);
    } else {
      e.Required(at / "required", "must specify required node constraints");
    }
  }
  int count = 0;
  for (const SourceRules& rules : PersistentSources()) {
    const Value* source = spec.Find(rules.member);
    if (source == nullptr) continue;
    if (count > 0 && !rules.forbidden_path.empty()) {
      e.Forbidden(p / rules.forbidden_path, "may not specify more than 1 volume type");
    } else {
      rules.check(e, p / rules.path, *source);
      if (rules.member == "local" && !pinned) e.Required(p / "nodeAffinity", "Local volume requires node affinity");
    }
    ++count;
  }
  if (count == 0) e.Required(p, "must specify a volume type");
  if (Text(Sub(spec, "hostPath"), "path") == "/" && reclaim == "Recycle") {
    e.Forbidden(p / "persistentVolumeReclaimPolicy", "may not be 'recycle' for a hostPath mount of '/'");
  }
  ClassName(e, p / "storageClassName", Text(spec, "storageClassName"));
  if (spec.Has("volumeMode")) OneOf(e, p / "volumeMode", Text(spec, "volumeMode"), {"Block", "Filesystem"});
  if (const Value* attributes = spec.Find("volumeAttributesClassName")) {
    if (attributes->as_string().empty()) {
      e.Required(p / "volumeAttributesClassName", "an empty string is disallowed");
    } else {
      ClassName(e, p / "volumeAttributesClassName", attributes->as_string());
    }
    if (!spec.Has("csi")) e.Required(p / "csi", "has to be specified when using volumeAttributesClassName");
  }
}

Value SourceOf(const Value& spec) {
  Value out = Value::MakeObject();
  for (const SourceRules& rules : PersistentSources()) {
    if (const Value* source = spec.Find(rules.member)) out.Set(rules.member, *source);
  }
  return out;
}

void VolumeUpdate(FieldErrors& e, const Value& volume, const Value& old) {
  VolumeCreate(e, volume);
  const Value& spec = Sub(volume, "spec");
  const Value& before = Sub(old, "spec");
  Value now = SourceOf(spec);
  const Value was = SourceOf(before);
  if (was.Has("csi") && was.At("csi.controllerExpandSecretRef") == nullptr) {
    now.EraseAt("csi.controllerExpandSecretRef");
  }
  if (!SameValue(&now, &was)) {
    e.Forbidden(Path("spec.persistentvolumesource"),
                absl::StrCat("spec.persistentvolumesource is immutable after creation\n",
                             GoDiff("core.PersistentVolumeSource", was, now)));
  }
  Immutable(e, Path("volumeMode"), spec.Find("volumeMode"), before.Find("volumeMode"));
  if (before.Has("nodeAffinity") && !SameMember(spec, before, "nodeAffinity")) {
    const Value* affinity = spec.Find("nodeAffinity");
    e.Invalid(Path("nodeAffinity"), affinity == nullptr ? Value() : *affinity, kImmutable);
  }
  if (before.Has("volumeAttributesClassName") && !spec.Has("volumeAttributesClassName")) {
    e.Forbidden(Path("spec.volumeAttributesClassName"), "update from non-nil value to nil is forbidden");
  }
}

void VolumeStatus(FieldErrors& e, const Value& volume, const Value& old) { MetadataUpdate(e, volume, old); }

void DataSource(FieldErrors& e, const Path& p, const Value& source) {
  if (Text(source, "name").empty()) e.Required(p / "name");
  if (Text(source, "kind").empty()) e.Required(p / "kind");
  const absl::string_view group = Text(source, "apiGroup");
  if (group.empty() && Text(source, "kind") != "PersistentVolumeClaim") {
    e.Invalid(p, Value(Text(source, "kind")), "must be 'PersistentVolumeClaim' when referencing the default apiGroup");
  }
  if (!group.empty()) Named(e, p / "apiGroup", group, apimachinery::IsDns1123Subdomain(group));
  const absl::string_view ns = Text(source, "namespace");
  if (!ns.empty()) Named(e, p / "namespace", ns, apimachinery::IsDns1123Label(ns));
}

void ClaimCreate(FieldErrors& e, const Value& claim) {
  Metadata(e, claim, true, SubdomainName);
  PersistentVolumeClaimSpec(e, Path("spec"), Sub(claim, "spec"));
}

void ClaimUpdate(FieldErrors& e, const Value& claim, const Value& old) {
  MetadataUpdate(e, claim, old);
  ClaimCreate(e, claim);
  const Value& spec = Sub(claim, "spec");
  const Value& before = Sub(old, "spec");
  Value now = spec, was = before;
  if (Text(before, "volumeName").empty() && spec.Has("volumeName")) was.Set("volumeName", Text(spec, "volumeName"));
  constexpr char kBeta[] = "volume.beta.kubernetes.io/storage-class";
  const absl::string_view beta = Text(Sub(Sub(claim, "metadata"), "annotations"), kBeta),
                          old_beta = Text(Sub(Sub(old, "metadata"), "annotations"), kBeta);
  const bool upgraded = !old_beta.empty() && !before.Has("storageClassName") &&
                        Text(spec, "storageClassName") == old_beta && (beta.empty() || beta == old_beta);
  if (upgraded) {
    now.Erase("storageClassName");
  } else if (beta != old_beta) {
    e.Invalid(Path("metadata.annotations.volume.beta.kubernetes.io/storage-class"), Value(beta), kImmutable);
  }
  if (spec.Has("storageClassName") && !before.Has("storageClassName") &&
      (old_beta.empty() || Text(spec, "storageClassName") == old_beta)) {
    now.Erase("storageClassName");
  }
  if (claim.GetString("status.phase") == "Bound") {
    if (Value* requests = now.At("resources.requests")) {
      const Value* size = before.At("resources.requests.storage");
      requests->Set("storage", size == nullptr ? Value("0") : *size);
    }
    for (Value* v : {&now, &was}) v->Erase("volumeAttributesClassName");
  }
  const auto amount = [](const Value& v, absl::string_view path) {
    const Value* at = v.At(path);
    return at == nullptr ? Quantity() : QuantityOf(*at);
  };
  const Quantity size = amount(spec, "resources.requests.storage"), old_size = amount(before, "resources.requests.storage");
  if (!SameValue(&now, &was)) {
    e.Forbidden(Path("spec"), absl::StrCat("spec is immutable after creation except resources.requests and "
                                           "volumeAttributesClassName for bound claims\n",
                                           GoDiff("core.PersistentVolumeClaimSpec", was, now)));
  }
  if (size < old_size && size.Compare(amount(old, "status.capacity.storage")) <= 0) {
    e.Forbidden(Path("spec.resources.requests.storage"), "field can not be less than status.capacity");
  }
  Immutable(e, Path("volumeMode"), spec.Find("volumeMode"), before.Find("volumeMode"));
  if (!SameMember(spec, before, "volumeAttributesClassName") &&
      old.At("status.currentVolumeAttributesClassName") != nullptr) {
    const Value* attributes = spec.Find("volumeAttributesClassName");
    if (attributes == nullptr) {
      e.Forbidden(Path("spec.volumeAttributesClassName"),
                  "update to nil is forbidden when status.currentVolumeAttributesClassName is not nil");
    } else if (attributes->as_string().empty()) {
      e.Forbidden(Path("spec.volumeAttributesClassName"),
                  "update to empty string is forbidden when status.currentVolumeAttributesClassName is not nil");
    }
  }
}

void ClaimStatus(FieldErrors& e, const Value& claim, const Value& old) {
  MetadataUpdate(e, claim, old);
  const Value& status = Sub(claim, "status");
  if (Items(Sub(claim, "spec"), "accessModes").empty()) e.Required(Path("Spec.accessModes"));
  const Path capacity("status.capacity"), statuses("status.allocatedResourceStatuses"),
      allocated("status.allocatedResources");
  for (const auto& [name, amount] : Entries(status, "capacity")) {
    if (QuantityOf(amount).UncheckedScaledValue(0) < 0) {
      e.Invalid(capacity.Key(name), QuantityOf(amount).UncheckedScaledValue(0), "must be a valid resource quantity");
    }
  }
  const auto key_ok = [&](const Path& p, const std::string& name) {
    const Problems problems = apimachinery::IsQualifiedName(name);
    Named(e, p, name, problems);
    if (!problems.empty()) return false;
    if (IsNativeResource(name) && name != "storage") {
      e.NotSupported(p, name, {"storage"});
      return false;
    }
    return true;
  };
  for (const auto& [name, state] : Entries(status, "allocatedResourceStatuses")) {
    key_ok(statuses, name);
    static constexpr Strings kStates = {"ControllerResizeInProgress", "ControllerResizeInfeasible", "NodeResizeInProgress",
                                 "NodeResizeInfeasible", "NodeResizePending"};
    if (!In(state.as_string(), kStates)) {
      OneOf(e, statuses, name, {"ControllerResizeInProgress", "ControllerResizeInfeasible", "NodeResizeInProgress",
                                "NodeResizeInfeasible", "NodeResizePending"});
    }
  }
  for (const auto& [name, amount] : Entries(status, "allocatedResources")) {
    if (!key_ok(allocated, name)) continue;
    const Path at = allocated.Key(name);
    if (QuantityOf(amount).UncheckedScaledValue(0) < 0) {
      e.Invalid(at, QuantityOf(amount).UncheckedScaledValue(0), "must be a valid resource quantity");
    } else {
      ResourceAmount(e, at, "storage", amount);
    }
  }
}

}  // namespace

void PersistentVolumeClaimSpec(FieldErrors& e, const Path& p, const Value& spec) {
  if (Items(spec, "accessModes").empty()) e.Required(p / "accessModes", "at least 1 access mode is required");
  LabelSelectorObject(e, p / "selector", spec.Find("selector"));
  AccessModes(e, p, spec);
  const Path resources = p / "resources";
  const Path storage = resources.Key("storage");
  const Value* size = spec.At("resources.requests.storage");
  if (size == nullptr) {
    e.Required(storage);
  } else if (QuantityOf(*size).Sign() <= 0) {
    e.Invalid(storage, *size, kNotPositive);
  } else {
    ResourceAmount(e, storage, "storage", *size);
  }
  ClassName(e, p / "storageClassName", Text(spec, "storageClassName"));
  if (spec.Has("volumeMode")) OneOf(e, p / "volumeMode", Text(spec, "volumeMode"), {"Block", "Filesystem"});
  const Value* source = spec.Find("dataSource");
  const Value* ref = spec.Find("dataSourceRef");
  if (source != nullptr) DataSource(e, p / "dataSource", *source);
  if (ref != nullptr) DataSource(e, p / "dataSourceRef", *ref);
  if (source != nullptr && ref != nullptr) {
    if (!Text(*ref, "namespace").empty()) {
      e.Invalid(p, Value::MakeObject(), "may not be specified when dataSourceRef.namespace is specified");
    } else if (Text(*source, "name") != Text(*ref, "name") || Text(*source, "kind") != Text(*ref, "kind") ||
               !SameValue(source->Find("apiGroup"), ref->Find("apiGroup"))) {
      e.Invalid(p, Value::MakeObject(), "must match dataSourceRef");
    }
  }
  ClassName(e, p / "volumeAttributesClassName", Text(spec, "volumeAttributesClassName"));
}

absl::Span<const KindRules> VolumeKinds() {
  static constexpr KindRules kRules[] = {
      {"", "PersistentVolume", VolumeCreate, VolumeUpdate, VolumeStatus},
      {"", "PersistentVolumeClaim", ClaimCreate, ClaimUpdate, ClaimStatus},
  };
  return kRules;
}

}  // namespace apiserver::validation
