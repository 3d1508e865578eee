#include "controller-manager/history/revisions.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "apimachinery/codec.h"
#include "apimachinery/json.h"
#include "apimachinery/schema.h"
#include "base/status_macros.h"
#include "client/api_error.h"
#include "controller-manager/framework/go_dump.h"
#include "controller-manager/framework/template_hash.h"

namespace controller_manager {
namespace {

using apimachinery::Value;

const apimachinery::Message* TemplateMessage() {
  return apimachinery::Schema::Builtin().FindMessage("core.v1.PodTemplateSpec");
}

}  // namespace

absl::StatusOr<std::string> TemplatePatch(const k8s::core::v1::PodTemplateSpec& pod_template) {
  const apimachinery::Message* message = TemplateMessage();
  if (message == nullptr) return absl::InternalError("the schema has no PodTemplateSpec");
  std::string json;
  RETURN_IF_ERROR(
      apimachinery::TranscodeWireToJson(*message, pod_template.SerializePartialAsString(), "", "", &json));
  ASSIGN_OR_RETURN(Value value, apimachinery::ParseJson(json));
  value.Set("$patch", "replace");
  apimachinery::SortKeys(&value);
  Value out;
  out.Ensure("spec").Set("template", std::move(value));
  return apimachinery::WriteJson(out);
}

RevisionName DaemonSetRevisionName(const k8s::core::v1::PodTemplateSpec& pod_template, std::optional<int> collisions) {
  return {kRevisionHash, TemplateHash(pod_template, collisions)};
}

RevisionName StatefulSetRevisionName(const std::string& data, int collisions) {
  Fnv32 hash(Fnv32::Kind::kFnv1);
  hash.Add(data).Add(absl::StrCat(collisions));
  return {kStatefulSetHash, hash.SafeText()};
}

std::string HashOf(const ControllerRevision& revision) {
  const auto& labels = revision.metadata().labels();
  for (const char* label : {kRevisionHash, kStatefulSetHash}) {
    if (const auto found = labels.find(label); found != labels.end()) return found->second;
  }
  return "";
}

ControllerRevision MakeRevision(const ObjectMeta& owner, const OwnerReference& ref, const Labels& labels,
                                const std::string& data, int64_t number, const RevisionName& name) {
  ControllerRevision revision;
  auto& metadata = *revision.mutable_metadata();
  metadata.set_name(absl::StrCat(owner.name().substr(0, 223), "-", name.hash));
  metadata.set_namespace_(owner.namespace_());
  *metadata.mutable_labels() = labels;
  (*metadata.mutable_labels())[name.label] = name.hash;
  *metadata.mutable_annotations() = owner.annotations();
  *metadata.add_ownerreferences() = ref;
  revision.mutable_data()->set_raw(data);
  revision.set_revision(number);
  return revision;
}

RevisionPlan PlanRevisions(const ObjectMeta& owner, const OwnerReference& ref, const Labels& labels,
                           const std::string& data, std::vector<RevisionPtr> existing,
                           const std::vector<std::string>& in_use, int limit, const RevisionName& name) {
  RevisionPlan plan;
  std::sort(existing.begin(), existing.end(),
            [](const RevisionPtr& a, const RevisionPtr& b) { return a->revision() < b->revision(); });
  const int64_t newest = existing.empty() ? 0 : existing.back()->revision();
  RevisionPtr current;
  for (const RevisionPtr& revision : existing) {
    if (revision->data().raw() == data) current = revision;
  }
  if (current == nullptr) {
    plan.create = MakeRevision(owner, ref, labels, data, newest + 1, name);
    plan.hash = HashOf(*plan.create);
    plan.name = plan.create->metadata().name();
  } else {
    plan.hash = HashOf(*current);
    plan.name = current->metadata().name();
    if (current->revision() < newest) {
      plan.update = *current;
      plan.update->set_revision(newest + 1);
    }
  }
  std::vector<RevisionPtr> unused;
  for (const RevisionPtr& revision : existing) {
    const std::string hash = HashOf(*revision);
    if (hash != plan.hash && std::find(in_use.begin(), in_use.end(), hash) == in_use.end()) unused.push_back(revision);
  }
  for (int i = 0; i < static_cast<int>(unused.size()) - limit; ++i) {
    plan.remove.push_back(unused[i]->metadata().name());
  }
  return plan;
}

absl::Status WriteRevisions(const client::ApiClient& api, const std::string& ns, const RevisionPlan& plan) {
  if (plan.create.has_value()) {
    const absl::Status created = api.Create(*plan.create).status();
    if (!IsAlreadyExists(created)) RETURN_IF_ERROR(created);
  }
  if (plan.update.has_value()) RETURN_IF_ERROR(api.Update(*plan.update).status());
  for (const std::string& name : plan.remove) {
    const absl::Status removed = api.Delete<ControllerRevision>(ns, name);
    if (!IsNotFound(removed)) RETURN_IF_ERROR(removed);
  }
  return absl::OkStatus();
}

std::optional<k8s::core::v1::PodTemplateSpec> TemplateOf(const ControllerRevision& revision) {
  const apimachinery::Message* message = TemplateMessage();
  auto value = apimachinery::ParseJson(revision.data().raw());
  if (!value.ok() || message == nullptr) return std::nullopt;
  Value* stored = value->At("spec.template");
  if (stored == nullptr) return std::nullopt;
  stored->Erase("$patch");
  auto decoded = apimachinery::DecodeTree(*message, std::move(*stored));
  if (!decoded.ok()) return std::nullopt;
  std::string wire;
  apimachinery::EncodeWire(*message, decoded->value, &wire);
  k8s::core::v1::PodTemplateSpec out;
  if (!out.ParsePartialFromString(wire)) return std::nullopt;
  return out;
}

}  // namespace controller_manager
