// Questions about object metadata that several controllers ask. Pure.
#pragma once
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/api_client.h"
#include "google/protobuf/map.h"
#include "k8s/meta/v1/objectmeta.pb.h"
#include "k8s/meta/v1/selector.pb.h"

namespace controller_manager {

using Labels = google::protobuf::Map<std::string, std::string>;
using k8s::meta::v1::LabelSelector;
using k8s::meta::v1::ObjectMeta;
using k8s::meta::v1::OwnerReference;

// The owner with controller=true, or nullptr.
const OwnerReference* ControllerOf(const ObjectMeta& metadata);
bool IsControlledBy(const ObjectMeta& metadata, const std::string& owner_uid);

// A reference that makes `owner` the controller and holds its foreground deletion back.
OwnerReference ControllerRef(const client::ResourceInfo& info, const ObjectMeta& owner);
template <typename T>
OwnerReference ControllerRefTo(const T& owner) {
  return ControllerRef(client::kResource<T>, owner.metadata());
}
// A JSON merge-style patch that sets (adopt) or removes (release) `ref` on the object with `uid`.
std::string AdoptPatch(const OwnerReference& ref, const std::string& uid);
std::string ReleasePatch(const std::string& owner_uid, const std::string& uid);

template <typename Time>
absl::Time ToTime(const Time& time) {  // meta.v1.Time and MicroTime
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}
template <typename Time>
void SetTime(absl::Time from, Time* to) {  // whole seconds
  to->set_seconds(absl::ToUnixSeconds(from));
  to->set_nanos(0);
}
inline absl::Time CreatedAt(const ObjectMeta& metadata) { return ToTime(metadata.creationtimestamp()); }
inline bool IsDeleting(const ObjectMeta& metadata) { return metadata.has_deletiontimestamp(); }

std::string Annotation(const ObjectMeta& metadata, const std::string& key);  // "" when absent

// An empty selector matches everything.
bool Matches(const LabelSelector& selector, const Labels& labels);
bool MatchesSet(const Labels& wanted, const Labels& labels);  // every wanted pair is there
bool IsEmpty(const LabelSelector& selector);

}  // namespace controller_manager
