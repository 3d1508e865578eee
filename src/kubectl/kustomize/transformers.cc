#include "kubectl/kustomize/transformers.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "kubectl/cli/errors.h"
#include "kubectl/kustomize/field_specs.h"

namespace kubectl::kustomize {
namespace {

absl::Status SetNamespace(const std::string& ns, Resources* resources) {
  for (Resource& resource : *resources) {
    resource.RememberId();
    const ResourceId id = resource.Id();
    if (!id.ClusterScoped()) resource.object.Ensure("metadata").Set("namespace", ns);
    if (id.kind == "RoleBinding" || id.kind == "ClusterRoleBinding") {
      RETURN_IF_ERROR(VisitField(&resource.object, "subjects[]", false, [&](Value* subjects) {
        if (!subjects->is_array()) return absl::OkStatus();
        for (Value& subject : subjects->array()) {
          if (subject.GetString("name") == "default") subject.Set("namespace", ns);
        }
        return absl::OkStatus();
      }));
    }
    RETURN_IF_ERROR(VisitFields(&resource.object, id, NamespaceFields(), [&](Value* field) {
      *field = ns;
      return absl::OkStatus();
    }));
  }
  for (size_t i = 0; i < resources->size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if ((*resources)[i].Id().SameAs((*resources)[j].Id()))
        return Error(absl::StrCat("namespace transformation produces ID conflict: ", (*resources)[i].Id().ToString()));
    }
  }
  return absl::OkStatus();
}

// Kinds whose names mean something to others.
bool KeepsName(const ResourceId& id) {
  return id.kind == "Namespace" || id.kind == "CustomResourceDefinition" ||
         (id.kind == "APIService" && id.group == "apiregistration.k8s.io");
}

void Rename(const std::string& prefix, const std::string& suffix, Resources* resources) {
  for (Resource& resource : *resources) {
    if (KeepsName(resource.Id())) continue;
    resource.RememberId();
    if (!prefix.empty()) resource.prefixes.push_back(prefix);
    if (!suffix.empty()) resource.suffixes.push_back(suffix);
    resource.object.Ensure("metadata").Set("name", absl::StrCat(prefix, resource.Name(), suffix));
  }
}

absl::Status AddPairs(const Value& pairs, const FieldSpecs& specs, Resources* resources) {
  if (!pairs.is_object() || pairs.empty()) return absl::OkStatus();
  for (Resource& resource : *resources) {
    RETURN_IF_ERROR(VisitFields(&resource.object, resource.Id(), specs, [&](Value* field) {
      if (!field->is_object()) *field = Value::MakeObject();
      for (const auto& [key, value] : pairs.object()) field->Set(key, value);
      return absl::OkStatus();
    }));
  }
  return absl::OkStatus();
}

absl::Status AddLabels(const Value& entry, Resources* resources) {
  FieldSpecs specs;
  for (const Value& field : entry.GetArray("fields")) {
    specs.push_back({field.GetString("path"), field.GetBool("create"), field.GetString("kind"), field.GetString("group"),
                     field.GetString("version")});
  }
  const FieldSpecs& more = entry.GetBool("includeSelectors")   ? CommonLabels()
                           : entry.GetBool("includeTemplates") ? TemplateLabels()
                                                               : MetadataLabels();
  specs.insert(specs.end(), more.begin(), more.end());
  const Value* pairs = entry.Find("pairs");
  return pairs == nullptr ? absl::OkStatus() : AddPairs(*pairs, specs, resources);
}

struct Reference {
  std::string name, tag, digest;
};

Reference SplitImage(const std::string& text) {
  Reference parts;
  std::string rest = text;
  if (const size_t at = rest.find('@'); at != std::string::npos) {
    parts.digest = rest.substr(at + 1);
    rest.resize(at);
  }
  // A colon before a slash belongs to the registry's port.
  const size_t slash = rest.find_last_of('/');
  const size_t colon = rest.find(':', slash == std::string::npos ? 0 : slash);
  if (colon != std::string::npos) {
    parts.tag = rest.substr(colon + 1);
    rest.resize(colon);
  }
  parts.name = rest;
  return parts;
}

// Every member `containers` or `initContainers`, wherever it stands.
void ChangeImages(Value* node, const Value& image) {
  if (node->is_array()) {
    for (Value& item : node->array()) ChangeImages(&item, image);
    return;
  }
  if (!node->is_object()) return;
  for (Member& member : node->object()) {
    if ((member.key == "containers" || member.key == "initContainers") && member.value.is_array()) {
      for (Value& container : member.value.array()) {
        Value* field = container.Find("image");
        if (field != nullptr && field->is_string()) *field = ChangeImage(field->as_string(), image);
      }
    }
    ChangeImages(&member.value, image);
  }
}

absl::Status SetReplicas(const Value& entry, Resources* resources) {
  const std::string name = entry.GetString("name");
  bool found = false;
  for (Resource& resource : *resources) {
    const auto named = [&](const ResourceId& id) { return id.name == name; };
    if (!named(resource.Id()) && std::none_of(resource.previous.begin(), resource.previous.end(), named)) continue;
    RETURN_IF_ERROR(VisitFields(&resource.object, resource.Id(), ReplicaFields(), [&](Value* field) {
      *field = Value(entry.GetInt("count"));
      found = true;
      return absl::OkStatus();
    }));
  }
  if (found) return absl::OkStatus();
  return Error(absl::StrCat("resource with name ", name,
                            " does not match a config with the following GVK [Deployment.[noVer].[noGrp] "
                            "StatefulSet.[noVer].[noGrp] ReplicaSet.[noVer].[noGrp] ReplicationController.[noVer].[noGrp]]"));
}

}  // namespace

std::string ChangeImage(const std::string& reference, const Value& image) {
  Reference parts = SplitImage(reference);
  if (parts.name != image.GetString("name")) return reference;
  const std::string tag = image.GetString("newTag"), digest = image.GetString("digest"),
                    suffix = image.GetString("tagSuffix");
  if (const std::string name = image.GetString("newName"); !name.empty()) parts.name = name;
  if (!tag.empty() || !digest.empty()) {
    parts.tag = tag;
    parts.digest = digest;
  } else if (!suffix.empty()) {
    parts.tag += suffix;
    parts.digest.clear();
  }
  return absl::StrCat(parts.name, parts.tag.empty() ? "" : ":", parts.tag, parts.digest.empty() ? "" : "@", parts.digest);
}

absl::Status TransformMetadata(const Kustomization& kustomization, Resources* resources) {
  const Value& fields = kustomization.fields;
  if (const std::string ns = fields.GetString("namespace"); !ns.empty())
    RETURN_IF_ERROR(SetNamespace(ns, resources));
  if (const std::string prefix = fields.GetString("namePrefix"); !prefix.empty()) Rename(prefix, "", resources);
  if (const std::string suffix = fields.GetString("nameSuffix"); !suffix.empty()) Rename("", suffix, resources);
  for (const Value& entry : fields.GetArray("labels")) RETURN_IF_ERROR(AddLabels(entry, resources));
  if (const Value* labels = fields.Find("commonLabels"))
    RETURN_IF_ERROR(AddPairs(*labels, CommonLabels(), resources));
  if (const Value* annotations = fields.Find("commonAnnotations"))
    RETURN_IF_ERROR(AddPairs(*annotations, CommonAnnotations(), resources));
  return absl::OkStatus();
}

absl::Status TransformWorkloads(const Kustomization& kustomization, Resources* resources) {
  for (const Value& entry : kustomization.fields.GetArray("replicas")) RETURN_IF_ERROR(SetReplicas(entry, resources));
  for (const Value& image : kustomization.fields.GetArray("images")) {
    for (Resource& resource : *resources) {
      if (resource.Id().kind != "CustomResourceDefinition") ChangeImages(&resource.object, image);
    }
  }
  return absl::OkStatus();
}

}  // namespace kubectl::kustomize
