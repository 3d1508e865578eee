// storage.k8s.io.
#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "apiserver/validation/go_json.h"
#include "apiserver/validation/kinds.h"
#include "apiserver/validation/pod.h"

namespace apiserver::validation {
namespace {

void Provisioner(FieldErrors& e, const Path& p, absl::string_view name) {
  if (name.empty()) return e.Required(p);
  Named(e, p, absl::AsciiStrToLower(name), apimachinery::IsQualifiedName(absl::AsciiStrToLower(name)));
}

void Parameters(FieldErrors& e, const Path& p, const Value& object, bool may_be_empty) {
  const Object& parameters = Entries(object, "parameters");
  if (parameters.size() > 512) return e.TooLong(p, 512);
  size_t total = 0;
  for (const auto& [key, value] : parameters) {
    if (key.empty()) e.Invalid(p, key, "field can not be empty.");
    total += key.size() + value.as_string().size();
  }
  if (total > 256 * 1024) e.TooLong(p, 256 * 1024);
  if (!may_be_empty && parameters.empty()) e.Required(p, "must contain at least one key/value pair");
}

void DriverName(FieldErrors& e, const Path& p, absl::string_view name) {
  if (name.empty()) return e.Required(p);
  if (name.size() > 63) e.TooLong(p, 63);
  Named(e, p, name, apimachinery::IsDns1123Subdomain(absl::AsciiStrToLower(name)));
}

// ---- StorageClass

using Topology = std::map<std::string, std::set<std::string>>;  // key → values

Topology TopologyTerm(FieldErrors& e, const Path& p, const Array& expressions) {
  Topology term;
  for (size_t i = 0; i < expressions.size(); ++i) {
    const Path at = p[i];
    const Path values_path = at / "values";
    const Array& values = Items(expressions[i], "values");
    if (values.empty()) e.Required(values_path);
    std::set<std::string> seen;
    for (size_t v = 0; v < values.size(); ++v) {
      if (!seen.insert(values[v].as_string()).second) e.Duplicate(values_path[v], values[v]);
    }
    const std::string key(Text(expressions[i], "key"));
    LabelName(e, at / "key", key);
    if (term.count(key) > 0) e.Duplicate(at / "key", key);
    term[key] = std::move(seen);
  }
  return term;
}

void Topologies(FieldErrors& e, const Path& p, const Array& terms) {
  std::vector<Topology> known(terms.size());  // upstream starts with as many empty ones, which an empty term equals
  for (size_t i = 0; i < terms.size(); ++i) {
    const Path at = p[i];
    const Path expressions = at / "matchLabelExpressions";
    Topology term = TopologyTerm(e, expressions, Items(terms[i], "matchLabelExpressions"));
    for (const Topology& other : known) {
      if (other == term) e.Duplicate(expressions, "");
    }
    known.push_back(std::move(term));
  }
}

void ClassWarn(Texts& out, const Value& object, const Value*, absl::string_view) {
  const Array& terms = Items(object, "allowedTopologies");
  for (size_t i = 0; i < terms.size(); ++i) {
    const Array& expressions = Items(terms[i], "matchLabelExpressions");
    for (size_t k = 0; k < expressions.size(); ++k) {
      const absl::string_view text = DeprecatedNodeLabel(Text(expressions[k], "key"));
      if (text.empty()) continue;
      out.push_back(absl::StrCat("allowedTopologies[", i, "].matchLabelExpressions[", k, "].key: ", text));
    }
  }
}

void ClassCreate(FieldErrors& e, const Value& object) {
  Metadata(e, object, false, SubdomainName);
  const Path p;
  Provisioner(e, p / "provisioner", Text(object, "provisioner"));
  Parameters(e, p / "parameters", object, true);
  const absl::string_view reclaim = Text(object, "reclaimPolicy");
  if (!reclaim.empty()) OneOf(e, p / "reclaimPolicy", reclaim, {"Delete", "Retain"});
  if (!object.Has("volumeBindingMode")) {
    e.Required(p / "volumeBindingMode");
  } else {
    OneOf(e, p / "volumeBindingMode", Text(object, "volumeBindingMode"), {"Immediate", "WaitForFirstConsumer"});
  }
  Topologies(e, p / "allowedTopologies", Items(object, "allowedTopologies"));
}

void ClassUpdate(FieldErrors& e, const Value& object, const Value& old) {
  MetadataUpdate(e, object, old);
  const Path p;
  for (const char* key : {"parameters", "provisioner", "reclaimPolicy"}) {
    if (!IdenticalMember(object, old, key)) e.Forbidden(p / key, absl::StrCat("updates to ", key, " are forbidden."));
  }
  Immutable(e, p / "volumeBindingMode", object.Find("volumeBindingMode"), old.Find("volumeBindingMode"));
}

// ---- VolumeAttachment

void AttachmentError(FieldErrors& e, const Path& p, const Value* error) {
  if (error == nullptr) return;
  if (Text(*error, "message").size() > 1024) e.TooLong(p / "message", 256 * 1024);
  if (const Value* code = error->Find("errorCode"); code && code->as_int() < 0) {
    e.Invalid(p / "errorCode", *code, RangeText(0, 2147483647));
  }
}

void InlineVolume(FieldErrors& e, const Path& p, const Value& spec) {
  constexpr char kText[] = "may not be specified in the context of inline volumes";
  if (spec.Has("claimRef")) e.Forbidden(p / "claimRef", kText);
  if (!Entries(spec, "capacity").empty()) e.Forbidden(p / "capacity", kText);
  if (!spec.Has("csi")) e.Required(p / "csi", "has to be specified in the context of inline volumes");
  if (Items(spec, "accessModes").empty()) e.Required(p / "accessModes");
  bool once_pod = false, others = false;
  for (const Value& mode : Items(spec, "accessModes")) {
    OneOf(e, p / "accessModes", mode.as_string(), {"ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"});
    (mode.as_string() == "ReadWriteOncePod" ? once_pod : others) = true;
  }
  if (once_pod && others) e.Forbidden(p / "accessModes", "may not use ReadWriteOncePod with other access modes");
  const absl::string_view reclaim = Text(spec, "persistentVolumeReclaimPolicy");
  if (!reclaim.empty() && reclaim != "Retain") {
    e.Forbidden(p / "persistentVolumeReclaimPolicy", "may only be Retain in the context of inline volumes");
  }
  if (spec.Has("nodeAffinity")) e.Forbidden(p / "nodeAffinity", kText);
  int count = 0;
  for (const SourceRules& rules : PersistentSources()) {
    const Value* source = spec.Find(rules.member);
    if (source == nullptr) continue;
    if (count > 0 && !rules.forbidden_path.empty()) {
      e.Forbidden(p / rules.forbidden_path, "may not specify more than 1 volume type");
    } else {
      rules.check(e, p / rules.path, *source);
      if (rules.member == "local") e.Required(p / "nodeAffinity", "Local volume requires node affinity");
    }
    ++count;
  }
  if (count == 0) e.Required(p, "must specify a volume type");
  if (!Text(spec, "storageClassName").empty()) e.Forbidden(p / "storageClassName", kText);
  if (spec.Has("volumeMode") && Text(spec, "volumeMode") != "Filesystem") {
    e.Forbidden(p / "volumeMode", "may not specify volumeMode other than Filesystem in the context of inline volumes");
  }
}

void AttachmentBody(FieldErrors& e, const Value& object) {
  Metadata(e, object, false, SubdomainName);
  const Path p("spec"), status_path("status");
  const Value& spec = Sub(object, "spec");
  if (Text(spec, "attacher").empty()) e.Required(p / "attacher");
  const Value& source = Sub(spec, "source");
  const Path source_path = p / "source";
  const Value* inline_spec = source.Find("inlineVolumeSpec");
  const Value* name = source.Find("persistentVolumeName");
  constexpr char kOne[] = "must specify exactly one of inlineVolumeSpec and persistentVolumeName";
  if (inline_spec == nullptr && name == nullptr) {
    e.Required(source_path, kOne);
  } else if (inline_spec != nullptr && name != nullptr) {
    e.Forbidden(source_path, kOne);
  } else if (name != nullptr) {
    if (name->as_string().empty()) {
      e.Required(source_path / "persistentVolumeName", "must specify non empty persistentVolumeName");
    }
  } else {
    InlineVolume(e, source_path / "inlineVolumeSpec", *inline_spec);
  }
  const absl::string_view node = Text(spec, "nodeName");
  Named(e, p / "nodeName", node, SubdomainName(node, false));
  const Value& status = Sub(object, "status");
  size_t total = 0;
  for (const auto& [key, value] : Entries(status, "attachmentMetadata")) total += key.size() + value.as_string().size();
  if (total > 256 * 1024) e.TooLong(status_path / "attachmentMetadata", 256 * 1024);
  AttachmentError(e, status_path / "attachError", status.Find("attachError"));
  AttachmentError(e, status_path / "detachError", status.Find("detachError"));
}

void AttachmentCreate(FieldErrors& e, const Value& object) {
  AttachmentBody(e, object);
  const Value& spec = Sub(object, "spec");
  DriverName(e, Path("spec.attacher"), Text(spec, "attacher"));
  if (const Value* name = Sub(spec, "source").Find("persistentVolumeName")) {
    Named(e, Path("spec.source.persistentVolumeName"), name->as_string(), SubdomainName(name->as_string(), false));
  }
}

void AttachmentUpdate(FieldErrors& e, const Value& object, const Value& old) {
  AttachmentBody(e, object);
  ImmutableAs(e, Path("spec"), "storage.VolumeAttachmentSpec", object.Find("spec"), old.Find("spec"));
}

// ---- CSINode, CSIDriver, CSIStorageCapacity

void NodeCreate(FieldErrors& e, const Value& object) {
  Metadata(e, object, false, SubdomainName);
  const Path spec("spec");
  const Path p = spec / "drivers";
  const Array& drivers = Items(Sub(object, "spec"), "drivers");
  std::set<std::string> names;
  for (size_t i = 0; i < drivers.size(); ++i) {
    const Path at = p[i];
    const Value& driver = drivers[i];
    const absl::string_view name = Text(driver, "name"), id = Text(driver, "nodeID");
    DriverName(e, at / "name", name);
    if (id.empty()) e.Required(at / "nodeID");
    if (id.size() > 256) e.Invalid(at / "nodeID", Value(id), "must be 256 characters or less");
    if (const Value* count = driver.At("allocatable.count"); count && count->as_int() < 0) {
      e.Invalid(at / "allocatable.count", *count, kNegative);
    }
    if (!names.insert(std::string(name)).second) e.Duplicate(at / "name", Value(name));
    std::set<std::string> keys;
    for (const Value& key : Items(driver, "topologyKeys")) {
      if (key.as_string().empty()) e.Required(at);
      if (!keys.insert(key.as_string()).second) e.Duplicate(at, key);
      LabelName(e, at, key.as_string());
    }
  }
}

void NodeUpdate(FieldErrors& e, const Value& object, const Value& old) {
  NodeCreate(e, object);
  for (const Value& was : Items(Sub(old, "spec"), "drivers")) {
    for (const Value& now : Items(Sub(object, "spec"), "drivers")) {
      if (Text(now, "name") != Text(was, "name")) continue;
      Value a = now, b = was;  // what is allocatable may change
      a.Erase("allocatable");
      b.Erase("allocatable");
      ImmutableAs(e, Path("spec.drivers"), "storage.CSINodeDriver", &a, &b);
    }
  }
}

void DriverSpec(FieldErrors& e, const Value& object) {
  const Path p("spec");
  const Value& spec = Sub(object, "spec");
  if (!spec.Has("attachRequired")) e.Required(p / "attachedRequired");
  if (!spec.Has("podInfoOnMount")) e.Required(p / "podInfoOnMount");
  if (!spec.Has("storageCapacity")) e.Required(p / "storageCapacity");
  if (spec.Has("fsGroupPolicy")) {
    OneOf(e, p / "fsGroupPolicy", Text(spec, "fsGroupPolicy"), {"File", "None", "ReadWriteOnceWithFSType"});
  }
  const Path requests_path = p / "tokenRequests";
  const Array& requests = Items(spec, "tokenRequests");
  std::set<std::string> audiences;
  for (size_t i = 0; i < requests.size(); ++i) {
    const Path at = requests_path[i];
    const std::string audience(Text(requests[i], "audience"));
    if (!audiences.insert(audience).second) {
      e.Duplicate(at / "audience", audience);
      continue;
    }
    const Value* seconds = requests[i].Find("expirationSeconds");
    if (seconds == nullptr) continue;
    if (seconds->as_int() < 600) {
      e.Invalid(at / "expirationSeconds", *seconds, "may not specify a duration less than 10 minutes");
    }
    if (seconds->as_int() > int64_t{1} << 32) {
      e.Invalid(at / "expirationSeconds", *seconds, "may not specify a duration larger than 2^32 seconds");
    }
  }
  for (const Value& mode : Items(spec, "volumeLifecycleModes")) {
    OneOf(e, p / "volumeLifecycleModes", mode.as_string(), {"Persistent", "Ephemeral"});
  }
  if (!spec.Has("seLinuxMount")) e.Required(p / "seLinuxMount");
  if (const Value* period = spec.Find("nodeAllocatableUpdatePeriodSeconds"); period && period->as_int() < 10) {
    e.Invalid(p / "nodeAllocatableUpdatePeriodSeconds", *period, "must be greater than or equal to 10 seconds");
  }
  if (const Value* in_secrets = spec.Find("serviceAccountTokenInSecrets"); in_secrets && requests.empty()) {
    e.Invalid(p / "serviceAccountTokenInSecrets", *in_secrets,
              "serviceAccountTokenInSecrets is set but no tokenRequests are specified");
  }
}

void DriverCreate(FieldErrors& e, const Value& object) {
  Metadata(e, object, false, SubdomainName);
  DriverSpec(e, object);
}
void DriverUpdate(FieldErrors& e, const Value& object, const Value& old) {
  MetadataUpdate(e, object, old);
  DriverSpec(e, object);
  Immutable(e, Path("spec.attachedRequired"), object.At("spec.attachRequired"), old.At("spec.attachRequired"));
  Immutable(e, Path("spec.volumeLifecycleModes"), object.At("spec.volumeLifecycleModes"),
            old.At("spec.volumeLifecycleModes"));
}

void CapacityCreate(FieldErrors& e, const Value& object) {
  Metadata(e, object, true, SubdomainName);
  const Path p;
  LabelSelectorObject(e, p / "nodeTopology", object.Find("nodeTopology"));
  const absl::string_view name = Text(object, "storageClassName");
  Named(e, p / "storageClassName", name, SubdomainName(name, false));
  const Value* amount = object.Find("capacity");
  if (amount != nullptr && QuantityOf(*amount).Sign() < 0) e.Invalid(p / "capacity", *amount, kNegative);
}
void CapacityUpdate(FieldErrors& e, const Value& object, const Value& old) {
  MetadataUpdate(e, object, old);
  const Path p;
  ImmutableAs(e, p / "nodeTopology", "*meta.LabelSelector", object.Find("nodeTopology"), old.Find("nodeTopology"));
  const absl::string_view name = Text(object, "storageClassName");
  if (name != Text(old, "storageClassName")) e.Invalid(p / "storageClassName", Value(name), kImmutable);
}
void CapacityWarn(Texts& out, const Value& object, const Value*, absl::string_view) {
  if (const Value* topology = object.Find("nodeTopology")) WarnOfNodeSelector(out, Path("nodeTopology"), *topology);
}

void DriverWarn(Texts& out, const Value& object, const Value* old, absl::string_view) {
  const Value& spec = Sub(object, "spec");
  if (Items(spec, "tokenRequests").empty() || spec.Has("serviceAccountTokenInSecrets")) return;
  if (old != nullptr && SameMember(object, *old, "spec.tokenRequests")) return;
  out.push_back("spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent "
                "possible logging of tokens in volume attributes");
}

// ---- VolumeAttributesClass

void AttributesCreate(FieldErrors& e, const Value& object) {
  Metadata(e, object, false, SubdomainName);
  const Path p;
  Provisioner(e, p / "driverName", Text(object, "driverName"));
  Parameters(e, p / "parameters", object, false);
}
void AttributesUpdate(FieldErrors& e, const Value& object, const Value& old) {
  MetadataUpdate(e, object, old);
  const Path p;
  for (const char* key : {"driverName", "parameters"}) {
    if (!IdenticalMember(object, old, key)) e.Forbidden(p / key, absl::StrCat("updates to ", key, " are forbidden."));
  }
  AttributesCreate(e, object);
}

}  // namespace

absl::Span<const KindRules> StorageKinds() {
  static constexpr KindRules kRules[] = {
      {"storage.k8s.io", "StorageClass", ClassCreate, ClassUpdate, nullptr, ClassWarn},
      {"storage.k8s.io", "VolumeAttachment", AttachmentCreate, AttachmentUpdate, AttachmentUpdate},
      {"storage.k8s.io", "CSINode", NodeCreate, NodeUpdate},
      {"storage.k8s.io", "CSIDriver", DriverCreate, DriverUpdate, nullptr, DriverWarn},
      {"storage.k8s.io", "CSIStorageCapacity", CapacityCreate, CapacityUpdate, nullptr, CapacityWarn},
      {"storage.k8s.io", "VolumeAttributesClass", AttributesCreate, AttributesUpdate},
  };
  return kRules;
}

}  // namespace apiserver::validation
