// Volume sources of pods and persistent volumes.
#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "apiserver/validation/pod.h"

namespace apiserver::validation {
namespace {

constexpr char kMode[] = "must be a number between 0 and 0777 (octal), both inclusive";
constexpr char kOneType[] = "may not specify more than 1 volume type";
constexpr char kPaths[] = "conflicting duplicate paths";

void Mode(FieldErrors& e, const Path& p, const Value& v, absl::string_view key) {
  const Value* mode = v.Find(key);
  if (mode != nullptr && (mode->as_int() < 0 || mode->as_int() > 0777)) e.Invalid(p / key, *mode, kMode);
}

void HostPath(FieldErrors& e, const Path& p, const Value& v) {
  if (Text(v, "path").empty()) return e.Required(p / "path");
  NoBacksteps(e, p / "path", Text(v, "path"));
  if (v.Has("type")) {
    OneOf(e, p / "type", Text(v, "type"),
          {"", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"});
  }
}

void GitRepo(FieldErrors& e, const Path& p, const Value& v) {
  Required(e, p, v, "repository");
  RelativePath(e, p / "directory", Text(v, "directory"));
}

// iqn.2001-04.com.example:name, eui.0123456789abcdef, naa.52004567ba64678d
bool IsIscsiName(absl::string_view name) {
  const auto hex = [](absl::string_view t) { return std::all_of(t.begin(), t.end(), absl::ascii_isxdigit); };
  if (absl::StartsWith(name, "eui")) {
    return name.size() == 20 && name[3] == '.' && hex(name.substr(4));
  }
  if (absl::StartsWith(name, "naa")) {
    return (name.size() == 20 || name.size() == 36) && name[3] == '.' && hex(name.substr(4));
  }
  if (name.size() < 13 || name.substr(0, 4) != "iqn." || name[8] != '-' || name[11] != '.') return false;
  for (int i : {4, 5, 6, 7, 9, 10}) {
    if (!absl::ascii_isdigit(name[i])) return false;
  }
  const size_t colon = name.find(':');
  const absl::string_view domain = name.substr(12, colon == absl::string_view::npos ? colon : colon - 12);
  for (absl::string_view part : absl::StrSplit(domain, '.')) {
    if (part.empty() || !absl::ascii_isalnum(part[0]) || !absl::ascii_isalnum(part.back())) return false;
    if (!std::all_of(part.begin(), part.end(), [](char c) { return absl::ascii_isalnum(c) || c == '-'; })) return false;
  }
  if (colon == absl::string_view::npos) return true;
  const absl::string_view tail = name.substr(colon + 1);
  return !tail.empty() && std::all_of(tail.begin(), tail.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

void Iscsi(FieldErrors& e, const Path& p, const Value& v, bool of_pod) {
  Required(e, p, v, "targetPortal");
  const auto name = [&](absl::string_view key, absl::string_view path) {
    const absl::string_view text = Text(v, key);
    const absl::string_view head = text.substr(0, 3);
    if (!In(head, {"iqn", "eui", "naa"})) {
      e.Invalid(p / path, Value(text),
                of_pod ? "must be valid format starting with iqn, eui, or naa" : "must be valid format");
    } else if (!IsIscsiName(text)) {
      e.Invalid(p / path, Value(text), "must be valid format");
    }
  };
  if (Text(v, "iqn").empty()) {
    e.Required(p / "iqn");
  } else {
    name("iqn", "iqn");
  }
  InRange(e, p / "lun", Int(v, "lun"), 0, 255);
  if ((Flag(v, "chapAuthDiscovery") || Flag(v, "chapAuthSession")) && !v.Has("secretRef")) e.Required(p / "secretRef");
  if (!of_pod && v.Has("secretRef") && Text(Sub(v, "secretRef"), "name").empty()) e.Required(p / "secretRef.name");
  if (v.Has("initiatorName")) name("initiatorName", "initiatorname");
}
void PodIscsi(FieldErrors& e, const Path& p, const Value& v) { Iscsi(e, p, v, true); }
void VolumeIscsi(FieldErrors& e, const Path& p, const Value& v) { Iscsi(e, p, v, false); }

void FibreChannel(FieldErrors& e, const Path& p, const Value& v) {
  const Array& names = Items(v, "targetWWNs");
  if (names.empty() && Items(v, "wwids").empty()) {
    e.Required(p / "targetWWNs", "must specify either targetWWNs or wwids, but not both");
  }
  if (!names.empty() && !Items(v, "wwids").empty()) {
    e.Invalid(p / "targetWWNs", Get(v, "targetWWNs"), "targetWWNs and wwids can not be specified simultaneously");
  }
  if (names.empty()) return;
  if (!v.Has("lun")) return e.Required(p / "lun", "lun is required if targetWWNs is specified");
  InRange(e, p / "lun", Int(v, "lun"), 0, 255);
}

void Disk(FieldErrors& e, const Path& p, const Value& v, absl::string_view id) {
  Required(e, p, v, id);
  const int64_t partition = Int(v, "partition");
  if (partition < 0 || partition > 255) e.Invalid(p / "partition", partition, RangeText(1, 255));
}
void GceDisk(FieldErrors& e, const Path& p, const Value& v) { Disk(e, p, v, "pdName"); }
void AwsDisk(FieldErrors& e, const Path& p, const Value& v) { Disk(e, p, v, "volumeID"); }

void KeyToPath(FieldErrors& e, const Path& p, const Value& v) {
  Required(e, p, v, "key");
  Required(e, p, v, "path");
  LocalPath(e, p / "path", Text(v, "path"));
  Mode(e, p, v, "mode");
}

void KeysToPaths(FieldErrors& e, const Path& p, const Value& v) {
  const Path items_path = p / "items";
  const Array& items = Items(v, "items");
  for (size_t i = 0; i < items.size(); ++i) KeyToPath(e, items_path[i], items[i]);
}

void SecretSource(FieldErrors& e, const Path& p, const Value& v) {
  Required(e, p, v, "secretName");
  Mode(e, p, v, "defaultMode");
  KeysToPaths(e, p, v);
}

void ConfigMapSource(FieldErrors& e, const Path& p, const Value& v) {
  Required(e, p, v, "name");
  Mode(e, p, v, "defaultMode");
  KeysToPaths(e, p, v);
}

void ClaimSource(FieldErrors& e, const Path& p, const Value& v) { Required(e, p, v, "claimName"); }

void Nfs(FieldErrors& e, const Path& p, const Value& v) {
  Required(e, p, v, "server");
  Required(e, p, v, "path");
  if (!absl::StartsWith(Text(v, "path"), "/")) e.Invalid(p / "path", Value(Text(v, "path")), "must be an absolute path");
}

bool IsHostPort(absl::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == absl::string_view::npos) return false;
  if (text[0] == '[') return colon > 0 && text[colon - 1] == ']';
  return text.find(':') == colon;
}

void Quobyte(FieldErrors& e, const Path& p, const Value& v) {
  constexpr char kPairs[] = "must be a host:port pair or multiple pairs separated by commas";
  const absl::string_view registry = Text(v, "registry");
  if (registry.empty()) {
    e.Required(p / "registry", kPairs);
  } else if (Text(v, "tenant").size() >= 65) {
    e.Required(p / "tenant", "must be a UUID and may not exceed a length of 64 characters");
  } else {
    for (absl::string_view pair : absl::StrSplit(registry, ',')) {
      if (!IsHostPort(pair)) e.Invalid(p / "registry", Value(registry), kPairs);
    }
  }
  Required(e, p, v, "volume");
}

void Glusterfs(FieldErrors& e, const Path& p, const Value& v) {
  Required(e, p, v, "endpoints");
  Required(e, p, v, "path");
}

void PersistentGlusterfs(FieldErrors& e, const Path& p, const Value& v) {
  Glusterfs(e, p, v);
  if (!v.Has("endpointsNamespace")) return;
  const absl::string_view ns = Text(v, "endpointsNamespace");
  if (ns.empty()) {
    e.Invalid(p / "endpointsNamespace", "", "if the endpointnamespace is set, it must be a valid namespace name");
  } else {
    Named(e, p / "endpointsNamespace", ns, apimachinery::IsDns1123Label(ns));
  }
}

void Flocker(FieldErrors& e, const Path& p, const Value& v) {
  const absl::string_view name = Text(v, "datasetName");
  if (name.empty() && Text(v, "datasetUUID").empty()) e.Required(p, "one of datasetName and datasetUUID is required");
  if (!name.empty() && !Text(v, "datasetUUID").empty()) {
    e.Invalid(p, "resource", "datasetName and datasetUUID can not be specified simultaneously");
  }
  if (absl::StrContains(name, "/")) e.Invalid(p / "datasetName", Value(name), "must not contain '/'");
}

void Rbd(FieldErrors& e, const Path& p, const Value& v) {
  if (Items(v, "monitors").empty()) e.Required(p / "monitors");
  Required(e, p, v, "image");
}

void SecretRef(FieldErrors& e, const Path& p, const Value& v, bool with_namespace) {
  const Value* ref = v.Find("secretRef");
  if (ref == nullptr) return;
  if (Text(*ref, "name").empty()) e.Required(p / "secretRef.name");
  if (with_namespace && Text(*ref, "namespace").empty()) e.Required(p / "secretRef.namespace");
}
void Cinder(FieldErrors& e, const Path& p, const Value& v) {
  Required(e, p, v, "volumeID");
  SecretRef(e, p, v, false);
}
void PersistentCinder(FieldErrors& e, const Path& p, const Value& v) {
  Required(e, p, v, "volumeID");
  SecretRef(e, p, v, true);
}

void CephFs(FieldErrors& e, const Path& p, const Value& v) {
  if (Items(v, "monitors").empty()) e.Required(p / "monitors");
}

void Flex(FieldErrors& e, const Path& p, const Value& v) {
  Required(e, p, v, "driver");
  const Path options = p / "options";
  for (const auto& [key, value] : Entries(v, "options")) {
    const std::string ns = absl::StrCat(".", absl::AsciiStrToLower(key.substr(0, key.find('/'))));
    if (absl::EndsWith(ns, ".kubernetes.io") || absl::EndsWith(ns, ".k8s.io")) {
      e.Invalid(options.Key(key), key, "kubernetes.io and k8s.io namespaces are reserved");
    }
  }
}

void AzureFile(FieldErrors& e, const Path& p, const Value& v) {
  Required(e, p, v, "secretName");
  Required(e, p, v, "shareName");
  if (v.Has("secretNamespace") && Text(v, "secretNamespace").empty()) e.Required(p / "secretNamespace");
}

void AzureDisk(FieldErrors& e, const Path& p, const Value& v) {
  Required(e, p, v, "diskName");
  Required(e, p, v, "diskURI");
  if (v.Has("cachingMode")) OneOf(e, p / "cachingMode", Text(v, "cachingMode"), {"None", "ReadOnly", "ReadWrite"});
  if (!v.Has("kind")) return;
  const absl::string_view kind = Text(v, "kind"), uri = Text(v, "diskURI");
  OneOf(e, p / "kind", kind, {"Dedicated", "Managed", "Shared"});
  if (kind == "Managed" && !absl::StartsWith(uri, "/subscriptions/")) {
    e.NotSupported(p / "diskURI", Value(uri),
                   {"/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}"});
  }
  if (kind != "Managed" && !absl::StartsWith(uri, "https://")) {
    e.NotSupported(p / "diskURI", Value(uri),
                   {"https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd"});
  }
}

void Vsphere(FieldErrors& e, const Path& p, const Value& v) { Required(e, p, v, "volumePath"); }
void Photon(FieldErrors& e, const Path& p, const Value& v) { Required(e, p, v, "pdID"); }
void Portworx(FieldErrors& e, const Path& p, const Value& v) { Required(e, p, v, "volumeID"); }

void ScaleIo(FieldErrors& e, const Path& p, const Value& v) {
  Required(e, p, v, "gateway");
  Required(e, p, v, "system");
  Required(e, p, v, "volumeName");
}

void StorageOs(FieldErrors& e, const Path& p, const Value& v, bool persistent) {
  const absl::string_view name = Text(v, "volumeName"), ns = Text(v, "volumeNamespace");
  if (name.empty()) {
    e.Required(p / "volumeName");
  } else {
    Named(e, p / "volumeName", name, apimachinery::IsDns1123Label(name));
  }
  if (!ns.empty()) Named(e, p / "volumeNamespace", ns, apimachinery::IsDns1123Label(ns));
  SecretRef(e, p, v, persistent);
}
void PodStorageOs(FieldErrors& e, const Path& p, const Value& v) { StorageOs(e, p, v, false); }
void PersistentStorageOs(FieldErrors& e, const Path& p, const Value& v) { StorageOs(e, p, v, true); }

void Local(FieldErrors& e, const Path& p, const Value& v) {
  if (Text(v, "path").empty()) return e.Required(p / "path");
  NoBacksteps(e, p / "path", Text(v, "path"));
}

void DriverName(FieldErrors& e, const Path& p, absl::string_view name) {
  if (name.empty()) return e.Required(p);
  if (name.size() > 63) e.TooLong(p, 63);
  Named(e, p, name, apimachinery::IsDns1123Subdomain(absl::AsciiStrToLower(name)));
}

void PodCsi(FieldErrors& e, const Path& p, const Value& v) {
  DriverName(e, p / "driver", Text(v, "driver"));
  if (const Value* ref = v.Find("nodePublishSecretRef")) {
    const absl::string_view name = Text(*ref, "name");
    if (name.empty()) {
      e.Required(p / "nodePublishSecretRef.name");
    } else {
      Named(e, p / "name", name, SubdomainName(name, false));
    }
  }
}

void PersistentCsi(FieldErrors& e, const Path& p, const Value& v) {
  DriverName(e, p / "driver", Text(v, "driver"));
  Required(e, p, v, "volumeHandle");
  for (const char* key : {"controllerPublishSecretRef", "controllerExpandSecretRef", "nodePublishSecretRef",
                          "nodeExpandSecretRef"}) {
    const Value* ref = v.Find(key);
    if (ref == nullptr) continue;
    const Path at = p / key;
    const absl::string_view name = Text(*ref, "name"), ns = Text(*ref, "namespace");
    if (name.empty()) {
      e.Required(at / "name");
    } else {
      Named(e, at / "name", name, apimachinery::IsDns1123Subdomain(name));
    }
    if (ns.empty()) {
      e.Required(at / "namespace");
    } else {
      Named(e, at / "namespace", ns, apimachinery::IsDns1123Label(ns));
    }
  }
}

void EmptyDir(FieldErrors& e, const Path& p, const Value& v) {
  if (v.Has("sizeLimit") && QuantityOf(Get(v, "sizeLimit")).Sign() < 0) {
    e.Forbidden(p / "sizeLimit", "SizeLimit field must be a valid resource quantity");
  }
}

void DownwardFile(FieldErrors& e, const Path& p, const Value& v) {
  Required(e, p, v, "path");
  LocalPath(e, p / "path", Text(v, "path"));
  const Value* field = v.Find("fieldRef");
  const Value* resource = v.Find("resourceFieldRef");
  if (field != nullptr) {
    const Path at = p / "fieldRef";
    const absl::string_view path = Text(*field, "fieldPath");
    const bool known = In(path, {"metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace",
                                 "metadata.uid"});
    const size_t bracket = path.find("['");
    if (Text(*field, "apiVersion").empty()) {
      e.Required(at / "apiVersion");
    } else if (path.empty()) {
      e.Required(at / "fieldPath");
    } else if (Text(*field, "apiVersion") != "v1") {
      e.Invalid(at / "fieldPath", Value(path),
                absl::StrCat("error converting fieldPath: unsupported pod version: ", Text(*field, "apiVersion")));
    } else if (bracket != absl::string_view::npos && absl::EndsWith(path, "']")) {
      const absl::string_view head = path.substr(0, bracket);
      const absl::string_view key = path.substr(bracket + 2, path.size() - bracket - 4);
      if (head == "metadata.annotations") {
        Named(e, at, absl::AsciiStrToLower(key), apimachinery::IsQualifiedName(absl::AsciiStrToLower(key)));
      } else if (head == "metadata.labels") {
        Named(e, at, key, apimachinery::IsQualifiedName(key));
      } else {
        e.Invalid(at / "fieldPath", Value(path),
                  absl::StrCat("error converting fieldPath: field label does not support subscript: ", path));
      }
    } else if (!known) {
      if (In(path, {"spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP",
                    "status.podIPs", "status.phase", "spec.restartPolicy", "spec.schedulerName"})) {
        OneOf(e, at / "fieldPath", path,
              {"metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"});
      } else {
        e.Invalid(at / "fieldPath", Value(path),
                  absl::StrCat("error converting fieldPath: field label not supported: ", path));
      }
    }
    if (resource != nullptr) {
      e.Invalid(p, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously");
    }
  } else if (resource != nullptr) {
    const Path at = p / "resourceFieldRef";
    const absl::string_view name = Text(*resource, "resource");
    const auto valid = [](absl::string_view text) {
      return In(text, {"limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu",
                       "requests.ephemeral-storage", "requests.memory"}) ||
             absl::StartsWith(text, "requests.hugepages-") || absl::StartsWith(text, "limits.hugepages-");
    };
    if (Text(*resource, "containerName").empty()) {
      e.Required(at / "containerName");
    } else if (name.empty()) {
      e.Required(at / "resource");
    } else if (!valid(name)) {
      OneOf(e, at / "resource", name,
            {"limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu", "requests.ephemeral-storage",
             "requests.memory"});
    }
  } else {
    e.Required(p, "one of fieldRef and resourceFieldRef is required");
  }
  Mode(e, p, v, "mode");
}

void DownwardApi(FieldErrors& e, const Path& p, const Value& v) {
  Mode(e, p, v, "defaultMode");
  for (const Value& file : Items(v, "items")) DownwardFile(e, p, file);
}

void Projected(FieldErrors& e, const Path& p, const Value& v) {
  Mode(e, p, v, "defaultMode");
  std::set<std::string> paths;
  const auto once = [&](absl::string_view path, const Value& shown) {
    if (!paths.insert(std::string(path)).second) e.Invalid(p, shown, kPaths);
  };
  const Path sources_path = p / "sources";
  const Array& sources = Items(v, "sources");
  for (size_t i = 0; i < sources.size(); ++i) {
    const Path at = sources_path[i];
    const Value& source = sources[i];
    int count = 0;
    for (const char* key : {"secret", "configMap"}) {
      const Value* keyed = source.Find(key);
      if (keyed == nullptr) continue;
      ++count;
      const Path here = at / key;
      Required(e, here, *keyed, "name");
      const Path items_path = here / "items";
      const Array& items = Items(*keyed, "items");
      for (size_t k = 0; k < items.size(); ++k) {
        KeyToPath(e, items_path[k], items[k]);
        if (!Text(items[k], "path").empty()) once(Text(items[k], "path"), Value(Text(*keyed, "name")));
      }
    }
    if (const Value* downward = source.Find("downwardAPI")) {
      ++count;
      for (const Value& file : Items(*downward, "items")) {
        DownwardFile(e, at / "downwardAPI", file);
        if (!Text(file, "path").empty()) once(Text(file, "path"), Value(Text(file, "path")));
      }
    }
    if (const Value* token = source.Find("serviceAccountToken")) {
      ++count;
      const Path here = at / "serviceAccountToken";
      const int64_t seconds = Int(*token, "expirationSeconds");
      if (seconds < 600) e.Invalid(here / "expirationSeconds", seconds, "may not specify a duration less than 10 minutes");
      if (seconds > int64_t{1} << 32) {
        e.Invalid(here / "expirationSeconds", seconds, "may not specify a duration larger than 2^32 seconds");
      }
      if (Text(*token, "path").empty()) {
        e.Required(p / "path");
      } else {
        LocalPath(e, p / "path", Text(*token, "path"));
      }
    }
    if (count > 1) e.Forbidden(at, "may not specify more than 1 volume type per source");
  }
}

void Ephemeral(FieldErrors& e, const Path& p, const Value& v) {
  const Value* claim = v.Find("volumeClaimTemplate");
  if (claim == nullptr) return e.Required(p / "volumeClaimTemplate");
  const Path at = p / "volumeClaimTemplate";
  const Path meta = at / "metadata";
  const Value& metadata = Sub(*claim, "metadata");
  Annotations(e, meta / "annotations", metadata.Find("annotations"));
  Labels(e, meta / "labels", metadata.Find("labels"));
  for (const char* member : {"name", "generateName", "namespace", "selfLink", "uid", "resourceVersion", "generation",
                             "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "ownerReferences",
                             "finalizers", "managedFields"}) {
    if (const Value& set = Get(metadata, member); set.is_hollow() || !IsUnset(&set)) {
      e.Forbidden(meta / (std::string(member) == "uid" ? "uID" : member), "cannot be set");
    }
  }
  PersistentVolumeClaimSpec(e, at / "spec", Sub(*claim, "spec"));
}

void Image(FieldErrors& e, const Path& p, const Value& v) {
  RequiredOneOf(e, p / "pullPolicy", Text(v, "pullPolicy"), {"Always", "IfNotPresent", "Never"});
}

// In the order in which upstream looks at them; the first is the volume's type, the rest are too many.
constexpr SourceRules kPodSources[] = {
    {"emptyDir", "emptyDir", "emptyDir", EmptyDir},
    {"hostPath", "hostPath", "hostPath", HostPath},
    {"gitRepo", "gitRepo", "gitRepo", GitRepo},
    {"gcePersistentDisk", "persistentDisk", "gcePersistentDisk", GceDisk},
    {"awsElasticBlockStore", "awsElasticBlockStore", "awsElasticBlockStore", AwsDisk},
    {"secret", "secret", "secret", SecretSource},
    {"nfs", "nfs", "nfs", Nfs},
    {"iscsi", "iscsi", "iscsi", PodIscsi},
    {"glusterfs", "glusterfs", "glusterfs", Glusterfs},
    {"flocker", "flocker", "flocker", Flocker},
    {"persistentVolumeClaim", "persistentVolumeClaim", "persistentVolumeClaim", ClaimSource},
    {"rbd", "rbd", "rbd", Rbd},
    {"cinder", "cinder", "cinder", Cinder},
    {"cephfs", "cephfs", "cephFS", CephFs},
    {"quobyte", "quobyte", "quobyte", Quobyte},
    {"downwardAPI", "downwardAPI", "downwarAPI", DownwardApi},
    {"fc", "fc", "fc", FibreChannel},
    {"flexVolume", "flexVolume", "flexVolume", Flex},
    {"configMap", "configMap", "configMap", ConfigMapSource},
    {"azureFile", "azureFile", "azureFile", AzureFile},
    {"vsphereVolume", "vsphereVolume", "vsphereVolume", Vsphere},
    {"photonPersistentDisk", "photonPersistentDisk", "photonPersistentDisk", Photon},
    {"portworxVolume", "portworxVolume", "portworxVolume", Portworx},
    {"azureDisk", "azureDisk", "azureDisk", AzureDisk},
    {"storageos", "storageos", "storageos", PodStorageOs},
    {"projected", "projected", "projected", Projected},
    {"scaleIO", "scaleIO", "scaleIO", ScaleIo},
    {"csi", "csi", "csi", PodCsi},
    {"ephemeral", "ephemeral", "ephemeral", Ephemeral},
    {"image", "image", "image", Image},
};

constexpr SourceRules kPersistentSources[] = {
    {"hostPath", "hostPath", "hostPath", HostPath},
    {"gcePersistentDisk", "persistentDisk", "gcePersistentDisk", GceDisk},
    {"awsElasticBlockStore", "awsElasticBlockStore", "awsElasticBlockStore", AwsDisk},
    {"glusterfs", "glusterfs", "glusterfs", PersistentGlusterfs},
    {"flocker", "flocker", "flocker", Flocker},
    {"nfs", "nfs", "nfs", Nfs},
    {"rbd", "rbd", "rbd", Rbd},
    {"quobyte", "quobyte", "quobyte", Quobyte},
    {"cephfs", "cephfs", "cephFS", CephFs},
    {"iscsi", "iscsi", "iscsi", VolumeIscsi},
    {"cinder", "cinder", "cinder", PersistentCinder},
    {"fc", "fc", "fc", FibreChannel},
    {"flexVolume", "flexVolume", "", Flex},
    {"azureFile", "azureFile", "azureFile", AzureFile},
    {"vsphereVolume", "vsphereVolume", "vsphereVolume", Vsphere},
    {"photonPersistentDisk", "photonPersistentDisk", "photonPersistentDisk", Photon},
    {"portworxVolume", "portworxVolume", "portworxVolume", Portworx},
    {"azureDisk", "azureDisk", "azureDisk", AzureDisk},
    {"scaleIO", "scaleIO", "scaleIO", ScaleIo},
    {"local", "local", "local", Local},
    {"storageos", "storageos", "storageos", PersistentStorageOs},
    {"csi", "csi", "csi", PersistentCsi},
};

void VolumeSource(FieldErrors& e, const Path& p, const Value& volume, const Value* metadata) {
  int count = 0;
  const absl::string_view name = Text(volume, "name");
  for (const SourceRules& rules : kPodSources) {
    const Value* source = volume.Find(rules.member);
    if (source == nullptr) continue;
    if (count++ > 0) {
      e.Forbidden(p / rules.forbidden_path, kOneType);
    } else {
      if (rules.member == "image" && metadata != nullptr && Text(*source, "reference").empty()) {  // templates may wait
        const Path at = p / rules.path;
        e.Required(at / "reference");
      }
      rules.check(e, p / rules.path, *source);
      if (rules.member == "ephemeral" && metadata != nullptr && !Text(*metadata, "name").empty() && !name.empty()) {
        const std::string claim = absl::StrCat(Text(*metadata, "name"), "-", name);
        for (const std::string& problem : SubdomainName(claim, false)) {
          e.Invalid(p / "name", Value(name), absl::StrCat("PVC name \"", claim, "\": ", problem));
        }
      }
    }
    if (rules.member == "iscsi" && source->Has("initiatorName") &&
        name.size() + 1 + Text(*source, "targetPortal").size() > 64) {
      e.Invalid(p / "name", Value(name),
                "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if "
                "iscsi.initiatorName is specified.");
    }
  }
  if (count == 0) e.Required(p, "must specify a volume type");
}

}  // namespace

absl::Span<const SourceRules> PersistentSources() { return kPersistentSources; }

void Volumes(FieldErrors& e, const Path& p, PodScope& scope) {
  const Array& volumes = Items(scope.spec, "volumes");
  std::set<std::string> created;
  if (scope.metadata != nullptr && !Text(*scope.metadata, "name").empty()) {
    for (const Value& volume : volumes) {
      if (volume.Has("ephemeral")) created.insert(absl::StrCat(Text(*scope.metadata, "name"), "-", Text(volume, "name")));
    }
  }
  for (size_t i = 0; i < volumes.size(); ++i) {
    const Path at = p[i];
    const Value& volume = volumes[i];
    const absl::string_view name = Text(volume, "name");
    FieldErrors found;
    VolumeSource(found, at, volume, scope.metadata);
    if (name.empty()) {
      found.Required(at / "name");
    } else {
      Named(found, at / "name", name, apimachinery::IsDns1123Label(name));
      if (scope.volumes.find(name) != scope.volumes.end()) found.Duplicate(at / "name", Value(name));
    }
    if (found.empty()) {
      scope.volumes.emplace(std::string(name), &volume);
    } else {
      e.Append(std::move(found));
    }
    const std::string claim = volume.GetString("persistentVolumeClaim.claimName");
    if (created.count(claim)) {
      e.Invalid(at / "persistentVolumeClaim.claimName", claim,
                "must not reference a PVC that gets created for an ephemeral volume");
    }
  }
}

}  // namespace apiserver::validation
