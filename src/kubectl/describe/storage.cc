// Persistent volumes and claims.
#include <algorithm>

#include "absl/strings/str_join.h"
#include "kubectl/describe/parts.h"

namespace kubectl {
namespace {

std::string Modes(const Array& modes) {
  std::vector<std::string> out;
  for (const auto& [name, text] :
       {std::pair("ReadWriteOnce", "RWO"), std::pair("ReadOnlyMany", "ROX"),
        std::pair("ReadWriteMany", "RWX"), std::pair("ReadWriteOncePod", "RWOP")}) {
    for (const Value& mode : modes) {
      if (mode.as_string() == name && std::find(out.begin(), out.end(), text) == out.end())
        out.push_back(text);
    }
  }
  return absl::StrJoin(out, ",");
}

std::string Finalizers(const Value& object) {
  return absl::StrCat("[", JoinStrings(object.GetArray("metadata.finalizers"), " "), "]");
}

std::string StorageClass(const Value& object) {
  if (const Value* annotations = object.At("metadata.annotations"); annotations != nullptr) {
    if (const Value* old = annotations->Find("volume.beta.kubernetes.io/storage-class");
        old != nullptr)
      return old->as_string();
  }
  return object.GetString("spec.storageClassName");
}

std::string ClaimStatus(const Value& object) {
  const Value* deleted = object.At("metadata.deletionTimestamp");
  return deleted == nullptr ? object.GetString("status.phase")
                            : absl::StrCat("Terminating (lasts 0s)");
}

void WriteAffinity(DescribeWriter& w, const Value& volume) {
  const Array& terms = volume.GetArray("spec.nodeAffinity.required.nodeSelectorTerms");
  w.Write(0, terms.empty() ? "Node Affinity:\t<none>\n" : "Node Affinity:\n");
  if (terms.empty()) return;
  w.Write(1, "Required Terms:\n");
  int index = 0;
  for (const Value& term : terms) {
    const Array& expressions = term.GetArray("matchExpressions");
    w.Write(2, "Term ", index++, ":\t");
    if (expressions.empty()) w.Write(0, "<none>\n");
    bool first = true;
    for (const Value& e : expressions) {
      const std::string values = JoinStrings(e.GetArray("values"));
      w.Write(
          0, first ? "" : "      \t", e.GetString("key"), " ",
          [&] {
            std::string op = e.GetString("operator");
            for (char& c : op) c = static_cast<char>(tolower(c));
            return op;
          }(),
          values.empty() ? "" : absl::StrCat(" [", values, "]"), "\n");
      first = false;
    }
  }
}

}  // namespace

void DescribePersistentVolume(const Value& object, Events events, DescribeWriter& w) {
  WriteNameAndLabels(w, object, false);
  w.Write(0, "Finalizers:\t", Finalizers(object), "\n");
  w.Write(0, "StorageClass:\t", StorageClass(object), "\n");
  w.Write(0, "Status:\t", ClaimStatus(object), "\n");
  if (const Value* claim = object.At("spec.claimRef"); claim != nullptr) {
    w.Write(0, "Claim:\t", claim->GetString("namespace"), "/", claim->GetString("name"), "\n");
  } else {
    w.Write(0, "Claim:\t\n");
  }
  w.Write(0, "Reclaim Policy:\t", object.GetString("spec.persistentVolumeReclaimPolicy"), "\n");
  w.Write(0, "Access Modes:\t", Modes(object.GetArray("spec.accessModes")), "\n");
  if (object.At("spec.volumeMode") != nullptr)
    w.Write(0, "VolumeMode:\t", object.GetString("spec.volumeMode"), "\n");
  w.Write(0, "Capacity:\t", object.GetString("spec.capacity.storage"), "\n");
  WriteAffinity(w, object);
  w.Write(0, "Message:\t", object.GetString("status.message"), "\n");
  w.Write(0, "Source:\n");
  const auto source = [&](absl::string_view type, absl::string_view field,
                          std::initializer_list<std::pair<const char*, const char*>> rows) {
    const Value* value = object.At(absl::StrCat("spec.", field));
    if (value == nullptr) return;
    w.Write(2, "Type:\t", type, "\n");
    for (const auto& [title, member] : rows) {
      const Value* found = value->Find(member);
      std::string text = found == nullptr     ? ""
                         : found->is_string() ? found->as_string()
                         : found->is_bool()   ? (found->as_bool() ? "true" : "false")
                                              : "";
      if (found == nullptr && (member == absl::string_view("readOnly"))) text = "false";
      w.Write(2, title, ":\t", text, "\n");
    }
  };
  source("HostPath (bare host directory volume)", "hostPath",
         {{"Path", "path"}, {"HostPathType", "type"}});
  source("NFS (an NFS mount that lasts the lifetime of a pod)", "nfs",
         {{"Server", "server"}, {"Path", "path"}, {"ReadOnly", "readOnly"}});
  source("LocalVolume (a persistent volume backed by local storage on a node)", "local",
         {{"Path", "path"}});
  source("CSI (a Container Storage Interface (CSI) volume source)", "csi",
         {{"Driver", "driver"},
          {"FSType", "fsType"},
          {"VolumeHandle", "volumeHandle"},
          {"ReadOnly", "readOnly"}});
  WriteEvents(w, events);
}

void DescribePersistentVolumeClaim(const Value& object, const Cluster& cluster, Events events,
                                   DescribeWriter& w) {
  w.Write(0, "Name:\t", object.GetString("metadata.name"), "\n");
  w.Write(0, "Namespace:\t", object.GetString("metadata.namespace"), "\n");
  w.Write(0, "StorageClass:\t", StorageClass(object), "\n");
  w.Write(0, "Status:\t", ClaimStatus(object), "\n");
  w.Write(0, "Volume:\t", object.GetString("spec.volumeName"), "\n");
  WriteLabels(w, "Labels", object.At("metadata.labels"));
  WriteAnnotations(w, object.At("metadata.annotations"));
  w.Write(0, "Finalizers:\t", Finalizers(object), "\n");
  const bool bound = !object.GetString("spec.volumeName").empty();
  w.Write(0, "Capacity:\t", bound ? object.GetString("status.capacity.storage") : "", "\n");
  w.Write(0, "Access Modes:\t", bound ? Modes(object.GetArray("status.accessModes")) : "", "\n");
  if (object.At("spec.volumeMode") != nullptr)
    w.Write(0, "VolumeMode:\t", object.GetString("spec.volumeMode"), "\n");
  if (const Value* source = object.At("spec.dataSource"); source != nullptr) {
    w.Write(0, "DataSource:\n");
    if (source->Has("apiGroup")) w.Write(1, "APIGroup:\t", source->GetString("apiGroup"), "\n");
    w.Write(1, "Kind:\t", source->GetString("kind"), "\n");
    w.Write(1, "Name:\t", source->GetString("name"), "\n");
  }
  std::vector<std::string> users;
  if (const auto pods = cluster.list(
          absl::StrCat("/api/v1/namespaces/", object.GetString("metadata.namespace"), "/pods"));
      pods.ok()) {
    for (const Value& pod : *pods) {
      for (const Value& volume : pod.GetArray("spec.volumes")) {
        if (volume.GetString("persistentVolumeClaim.claimName") ==
            object.GetString("metadata.name")) {
          users.push_back(pod.GetString("metadata.name"));
          break;
        }
      }
    }
  }
  w.Write(0, "Used By:\t");
  if (users.empty()) w.Write(0, "<none>\n");
  for (size_t i = 0; i < users.size(); ++i) w.Write(0, i == 0 ? "" : "\t", users[i], "\n");
  const Array& conditions = object.GetArray("status.conditions");
  if (!conditions.empty()) {
    w.Write(0, "Conditions:\n  Type\tStatus\tLastProbeTime\tLastTransitionTime\tReason\tMessage\n");
    w.Write(1, "----\t------\t-----------------\t------------------\t------\t-------\n");
    for (const Value& c : conditions) {
      w.Write(1, c.GetString("type"), " \t", c.GetString("status"), " \t",
              TimeText(c.GetString("lastProbeTime")), " \t",
              TimeText(c.GetString("lastTransitionTime")), " \t");
      w.Write(0, c.GetString("reason"), " \t", c.GetString("message"), "\n");
    }
  }
  WriteEvents(w, events);
}

void DescribeStorageClass(const Value& object, Events events, DescribeWriter& w) {
  w.Write(0, "Name:\t", object.GetString("metadata.name"), "\n");
  const Value* annotations = object.At("metadata.annotations");
  const auto is_true = [&](const char* name) {
    const Value* value = annotations == nullptr ? nullptr : annotations->Find(name);
    return value != nullptr && value->as_string() == "true";
  };
  w.Write(0, "IsDefaultClass:\t",
          is_true("storageclass.kubernetes.io/is-default-class") ||
                  is_true("storageclass.beta.kubernetes.io/is-default-class")
              ? "Yes"
              : "No",
          "\n");
  w.Write(0, "Annotations:\t", LabelsText(annotations), "\n");
  w.Write(0, "Provisioner:\t", object.GetString("provisioner"), "\n");
  w.Write(0, "Parameters:\t", LabelsText(object.Find("parameters")), "\n");
  w.Write(0, "AllowVolumeExpansion:\t",
          object.Has("allowVolumeExpansion") ? BoolText(object.GetBool("allowVolumeExpansion")) : "<unset>", "\n");
  const Array& options = object.GetArray("mountOptions");
  w.Write(0, "MountOptions:", options.empty() ? "\t<none>\n" : "\n");
  for (const Value& option : options) w.Write(1, option.as_string(), "\n");
  if (object.Has("reclaimPolicy")) w.Write(0, "ReclaimPolicy:\t", object.GetString("reclaimPolicy"), "\n");
  if (object.Has("volumeBindingMode"))
    w.Write(0, "VolumeBindingMode:\t", object.GetString("volumeBindingMode"), "\n");
  if (const Array& terms = object.GetArray("allowedTopologies"); !terms.empty()) {
    w.Write(0, "AllowedTopologies:\t\n");
    for (size_t i = 0; i < terms.size(); ++i) {
      const Array& wanted = terms[i].GetArray("matchLabelExpressions");
      w.Write(1, "Term ", i, ":\t", wanted.empty() ? "<none>\n" : "");
      for (size_t k = 0; k < wanted.size(); ++k) {
        if (k > 0) w.Write(1, "\t");
        w.Write(0, wanted[k].GetString("key"), " in [", JoinStrings(wanted[k].GetArray("values")), "]\n");
      }
    }
  }
  WriteEvents(w, events);
}

}  // namespace kubectl
