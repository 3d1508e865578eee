#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "apiserver/tables/printers.h"

namespace apiserver::tables {
namespace {

// The class by the old annotation, which wins over the field.
std::string StorageClass(const Value& object) {
  if (const Value* annotations = object.At("metadata.annotations"); annotations != nullptr) {
    if (const Value* old = annotations->Find("volume.beta.kubernetes.io/storage-class"); old != nullptr) {
      return Scalar(old, "");
    }
  }
  return object.GetString("spec.storageClassName");
}

std::string Phase(const Value& object) {
  return object.At("metadata.deletionTimestamp") != nullptr ? "Terminating" : object.GetString("status.phase");
}

bool IsDefaultClass(const Value& object) {
  const Value* annotations = object.At("metadata.annotations");
  if (annotations == nullptr) return false;
  for (const absl::string_view key :
       {"storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"}) {
    if (Scalar(annotations->Find(key), "") == "true") return true;
  }
  return false;
}

std::string JoinMembers(const Array& items, absl::string_view member) {
  std::vector<std::string> texts;
  for (const Value& item : items) texts.push_back(member.empty() ? Scalar(&item, "") : item.GetString(member));
  return absl::StrJoin(texts, ",");
}

}  // namespace

void PrintPersistentVolume(const Value& object, absl::Time now, Array* cells) {
  const Value* claim = object.At("spec.claimRef");
  cells->push_back(Name(object));
  cells->push_back(Scalar(object.At("spec.capacity.storage"), "0"));
  cells->push_back(AccessModes(object.GetArray("spec.accessModes")));
  cells->push_back(object.GetString("spec.persistentVolumeReclaimPolicy"));
  cells->push_back(Phase(object));
  cells->push_back(claim == nullptr ? "" : absl::StrCat(claim->GetString("namespace"), "/", claim->GetString("name")));
  cells->push_back(StorageClass(object));
  cells->push_back(Scalar(object.At("spec.volumeAttributesClassName"), kUnset));
  cells->push_back(object.GetString("status.reason"));
  cells->push_back(Age(object, now));
  cells->push_back(Scalar(object.At("spec.volumeMode"), kUnset));
}

void PrintPersistentVolumeClaim(const Value& object, absl::Time now, Array* cells) {
  const std::string volume = object.GetString("spec.volumeName");
  cells->push_back(Name(object));
  cells->push_back(Phase(object));
  cells->push_back(volume);
  cells->push_back(volume.empty() ? "" : Scalar(object.At("status.capacity.storage"), "0"));
  cells->push_back(volume.empty() ? "" : AccessModes(object.GetArray("status.accessModes")));
  cells->push_back(StorageClass(object));
  cells->push_back(Scalar(object.At("spec.volumeAttributesClassName"), kUnset));
  cells->push_back(Age(object, now));
  cells->push_back(Scalar(object.At("spec.volumeMode"), kUnset));
}

void PrintStorageClass(const Value& object, absl::Time now, Array* cells) {
  cells->push_back(absl::StrCat(Name(object), IsDefaultClass(object) ? " (default)" : ""));
  cells->push_back(object.GetString("provisioner"));
  cells->push_back(Scalar(object.Find("reclaimPolicy"), "Delete"));
  cells->push_back(Scalar(object.Find("volumeBindingMode"), "Immediate"));
  cells->push_back(object.GetBool("allowVolumeExpansion"));
  cells->push_back(Age(object, now));
}

void PrintVolumeAttributesClass(const Value& object, absl::Time now, Array* cells) {
  cells->push_back(Name(object));
  cells->push_back(object.GetString("driverName"));
  cells->push_back(Age(object, now));
}

void PrintVolumeAttachment(const Value& object, absl::Time now, Array* cells) {
  cells->push_back(Name(object));
  cells->push_back(object.GetString("spec.attacher"));
  cells->push_back(object.GetString("spec.source.persistentVolumeName"));
  cells->push_back(object.GetString("spec.nodeName"));
  cells->push_back(object.GetBool("status.attached"));
  cells->push_back(Age(object, now));
}

void PrintCsiNode(const Value& object, absl::Time now, Array* cells) {
  cells->push_back(Name(object));
  cells->push_back(static_cast<int64_t>(object.GetArray("spec.drivers").size()));
  cells->push_back(Age(object, now));
}

void PrintCsiDriver(const Value& object, absl::Time now, Array* cells) {
  const Array& modes = object.GetArray("spec.volumeLifecycleModes");
  const Value* requests = object.At("spec.tokenRequests");
  cells->push_back(Name(object));
  cells->push_back(object.GetBool("spec.attachRequired", true));
  cells->push_back(object.GetBool("spec.podInfoOnMount"));
  cells->push_back(object.GetBool("spec.storageCapacity"));
  cells->push_back(requests == nullptr ? std::string(kUnset) : JoinMembers(requests->GetArray(""), "audience"));
  cells->push_back(object.GetBool("spec.requiresRepublish"));
  cells->push_back(modes.empty() ? std::string(kNone) : JoinMembers(modes, ""));
  cells->push_back(Age(object, now));
}

void PrintResourceClaim(const Value& object, absl::Time now, Array* cells) {
  const bool deleted = object.At("metadata.deletionTimestamp") != nullptr;
  const bool allocated = object.At("status.allocation") != nullptr;
  std::vector<absl::string_view> states;
  if (deleted) states.push_back("deleted");
  if (allocated) {
    states.push_back("allocated");
    if (!object.GetArray("status.reservedFor").empty()) states.push_back("reserved");
  } else if (!deleted) {
    states.push_back("pending");
  }
  cells->push_back(Name(object));
  cells->push_back(absl::StrJoin(states, ","));
  cells->push_back(Age(object, now));
}

void PrintResourceSlice(const Value& object, absl::Time now, Array* cells) {
  cells->push_back(Name(object));
  cells->push_back(Scalar(object.At("spec.nodeName"), ""));
  cells->push_back(object.GetString("spec.driver"));
  cells->push_back(object.GetString("spec.pool.name"));
  cells->push_back(Age(object, now));
}

}  // namespace apiserver::tables
