// The volumes of a pod or template: a line that says what each is, then its settings.
#include "kubectl/describe/parts.h"

namespace kubectl {
namespace {

std::string Flag(const Value& source, absl::string_view field) {
  return source.GetBool(field) ? "true" : "false";
}

struct Setting {
  const char* title;
  const char* field;
  char kind;  // s string, b bool, i int, n string or <none>
};

void WriteSettings(DescribeWriter& w, absl::string_view type, const Value& source,
                   std::initializer_list<Setting> settings) {
  w.Write(2, "Type:\t", type, "\n");
  for (const Setting& s : settings) {
    std::string text;
    if (s.kind == 'b')
      text = Flag(source, s.field);
    else if (s.kind == 'i')
      text = absl::StrCat(source.GetInt(s.field));
    else
      text = source.GetString(s.field);
    w.Write(2, s.title, ":\t", s.kind == 'n' ? OrNone(text) : text, "\n");
  }
}

void WriteDownwardItems(DescribeWriter& w, const Array& items) {
  w.Write(2, "Items:\n");
  for (const Value& item : items) {
    if (const Value* field = item.Find("fieldRef"); field != nullptr) {
      w.Write(3, field->GetString("fieldPath"), " -> ", item.GetString("path"), "\n");
    }
    if (const Value* resource = item.Find("resourceFieldRef"); resource != nullptr) {
      w.Write(3, resource->GetString("resource"), " -> ", item.GetString("path"), "\n");
    }
  }
}

void WriteProjected(DescribeWriter& w, const Value& source) {
  w.Write(2, "Type:\tProjected (a volume that contains injected data from multiple sources)\n");
  for (const Value& part : source.GetArray("sources")) {
    if (const Value* secret = part.Find("secret"); secret != nullptr) {
      w.Write(2, "SecretName:\t", secret->GetString("name"), "\n");
      w.Write(2, "Optional:\t", Flag(*secret, "optional"), "\n");
    } else if (part.Has("downwardAPI")) {
      w.Write(2, "DownwardAPI:\ttrue\n");
    } else if (const Value* map = part.Find("configMap"); map != nullptr) {
      w.Write(2, "ConfigMapName:\t", map->GetString("name"), "\n");
      w.Write(2, "Optional:\t", Flag(*map, "optional"), "\n");
    } else if (const Value* token = part.Find("serviceAccountToken"); token != nullptr) {
      w.Write(2, "TokenExpirationSeconds:\t", token->GetInt("expirationSeconds"), "\n");
    } else if (const Value* bundle = part.Find("clusterTrustBundle"); bundle != nullptr) {
      if (bundle->Has("name"))
        w.Write(2, "ClusterTrustBundle Name:\t", bundle->GetString("name"), "\n");
      if (bundle->Has("signerName"))
        w.Write(2, "ClusterTrustBundle SignerName:\t", bundle->GetString("signerName"), "\n");
    }
  }
}

}  // namespace

void WriteVolumes(DescribeWriter& w, const Array& volumes, absl::string_view space) {
  if (volumes.empty()) {
    w.Write(0, space, "Volumes:\t<none>\n");
    return;
  }
  w.Write(0, space, "Volumes:\n");
  for (const Value& volume : volumes) {
    w.Write(1, space.empty() ? "" : " ", volume.GetString("name"), ":\n");
    const Value* source = nullptr;
    const auto is = [&](absl::string_view name) { return (source = volume.Find(name)) != nullptr; };
    if (is("hostPath")) {
      WriteSettings(w, "HostPath (bare host directory volume)", *source, {{"Path", "path", 's'}});
      const Value* type = source->Find("type");
      w.Write(2, "HostPathType:\t", type == nullptr ? "<none>" : type->as_string(), "\n");
    } else if (is("emptyDir")) {
      w.Write(2, "Type:\tEmptyDir (a temporary directory that shares a pod's lifetime)\n");
      w.Write(2, "Medium:\t", source->GetString("medium"), "\n");
      w.Write(2, "SizeLimit:\t", source->GetString("sizeLimit", "<unset>"), "\n");
    } else if (is("secret")) {
      WriteSettings(w, "Secret (a volume populated by a Secret)", *source,
                    {{"SecretName", "secretName", 's'}, {"Optional", "optional", 'b'}});
    } else if (is("configMap")) {
      WriteSettings(w, "ConfigMap (a volume populated by a ConfigMap)", *source,
                    {{"Name", "name", 's'}, {"Optional", "optional", 'b'}});
    } else if (is("nfs")) {
      WriteSettings(
          w, "NFS (an NFS mount that lasts the lifetime of a pod)", *source,
          {{"Server", "server", 's'}, {"Path", "path", 's'}, {"ReadOnly", "readOnly", 'b'}});
    } else if (is("iscsi")) {
      WriteSettings(w,
                    "ISCSI (an ISCSI Disk resource that is attached to a kubelet's host machine "
                    "and then exposed to the pod)",
                    *source,
                    {{"TargetPortal", "targetPortal", 's'},
                     {"IQN", "iqn", 's'},
                     {"Lun", "lun", 'i'},
                     {"FSType", "fsType", 's'},
                     {"ReadOnly", "readOnly", 'b'}});
    } else if (is("persistentVolumeClaim")) {
      WriteSettings(
          w, "PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)",
          *source, {{"ClaimName", "claimName", 's'}, {"ReadOnly", "readOnly", 'b'}});
    } else if (is("downwardAPI")) {
      w.Write(2, "Type:\tDownwardAPI (a volume populated by information about the pod)\n");
      WriteDownwardItems(w, source->GetArray("items"));
    } else if (is("projected")) {
      WriteProjected(w, *source);
    } else if (is("csi")) {
      WriteSettings(
          w, "CSI (a Container Storage Interface (CSI) volume source)", *source,
          {{"Driver", "driver", 's'}, {"FSType", "fsType", 's'}, {"ReadOnly", "readOnly", 'b'}});
      WriteLabels(w, "    VolumeAttributes", source->Find("volumeAttributes"), "", "\t");
    } else if (is("ephemeral")) {
      w.Write(2,
              "Type:\tEphemeralVolume (an inline specification for a volume that gets created and "
              "deleted with the pod)\n");
      const std::string storage_class =
          source->GetString("volumeClaimTemplate.spec.storageClassName");
      w.Write(2, "StorageClass:\t", storage_class, "\n");
      w.Write(2, "Volume:\t", source->GetString("volumeClaimTemplate.spec.volumeName"), "\n");
      WriteLabels(w, "    Labels", source->At("volumeClaimTemplate.metadata.labels"), "", "\t");
      WriteAnnotations(w, source->At("volumeClaimTemplate.metadata.annotations"),
                       "    Annotations");
      w.Write(2, "Capacity:\t\n");  // of a bound claim, which a template is not
      w.Write(2, "Access Modes:\t\n");
      if (const std::string mode = source->GetString("volumeClaimTemplate.spec.volumeMode");
          !mode.empty())
        w.Write(2, "VolumeMode:\t", mode, "\n");
    } else if (is("image")) {
      WriteSettings(w, "Image (a container image or OCI artifact)", *source,
                    {{"Reference", "reference", 's'}, {"PullPolicy", "pullPolicy", 's'}});
    } else {
      w.Write(1, "<unknown>\n");
    }
  }
}

}  // namespace kubectl
