#include "controller-manager/framework/metadata.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace controller_manager {

const OwnerReference* ControllerOf(const ObjectMeta& metadata) {
  for (const OwnerReference& owner : metadata.ownerreferences()) {
    if (owner.controller()) return &owner;
  }
  return nullptr;
}

bool IsControlledBy(const ObjectMeta& metadata, const std::string& owner_uid) {
  const OwnerReference* owner = ControllerOf(metadata);
  return owner != nullptr && owner->uid() == owner_uid;
}

OwnerReference ControllerRef(const client::ResourceInfo& info, const ObjectMeta& owner) {
  OwnerReference ref;
  ref.set_apiversion(info.group[0] == 0 ? std::string(info.version) : absl::StrCat(info.group, "/", info.version));
  ref.set_kind(info.kind);
  ref.set_name(owner.name());
  ref.set_uid(owner.uid());
  ref.set_controller(true);
  ref.set_blockownerdeletion(true);
  return ref;
}

std::string AdoptPatch(const OwnerReference& ref, const std::string& uid) {
  return absl::StrCat(R"({"metadata":{"ownerReferences":[{"apiVersion":")", ref.apiversion(), R"(","kind":")",
                      ref.kind(), R"(","name":")", ref.name(), R"(","uid":")", ref.uid(),
                      R"(","controller":true,"blockOwnerDeletion":true}],"uid":")", uid, "\"}}");
}

std::string ReleasePatch(const std::string& owner_uid, const std::string& uid) {
  return absl::StrCat(R"({"metadata":{"uid":")", uid, R"(","ownerReferences":[{"$patch":"delete","uid":")", owner_uid,
                      "\"}]}}");
}

std::string Annotation(const ObjectMeta& metadata, const std::string& key) {
  const auto found = metadata.annotations().find(key);
  return found == metadata.annotations().end() ? "" : found->second;
}

bool MatchesSet(const Labels& wanted, const Labels& labels) {
  for (const auto& [key, value] : wanted) {
    const auto found = labels.find(key);
    if (found == labels.end() || found->second != value) return false;
  }
  return true;
}

bool Matches(const LabelSelector& selector, const Labels& labels) {
  if (!MatchesSet(selector.matchlabels(), labels)) return false;
  for (const auto& want : selector.matchexpressions()) {
    const auto found = labels.find(want.key());
    const bool has = found != labels.end();
    const bool in =
        has && std::find(want.values().begin(), want.values().end(), found->second) != want.values().end();
    const std::string& op = want.operator_();
    if (op == "In" ? !in : op == "NotIn" ? in : op == "Exists" ? !has : op == "DoesNotExist" ? has : true) return false;
  }
  return true;
}

bool IsEmpty(const LabelSelector& selector) {
  return selector.matchlabels().empty() && selector.matchexpressions().empty();
}

}  // namespace controller_manager
