#include "kubectl/kustomize/field_specs.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace kubectl::kustomize {
namespace {

std::vector<std::string> Segments(const std::string& path) {
  std::vector<std::string> segments(1);
  for (size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '\\' && i + 1 < path.size() && path[i + 1] == '/') {
      segments.back() += path[++i];
    } else if (path[i] == '/') {
      segments.emplace_back();
    } else {
      segments.back() += path[i];
    }
  }
  return segments;
}

absl::Status Visit(Value* node, const std::vector<std::string>& segments, size_t at, bool create,
                   absl::FunctionRef<absl::Status(Value*)> change) {
  if (at == segments.size()) return change(node);
  if (node->is_array()) {
    for (Value& item : node->array()) RETURN_IF_ERROR(Visit(&item, segments, at, create, change));
    return absl::OkStatus();
  }
  if (!node->is_object()) return absl::OkStatus();
  std::string name = segments[at];
  const bool list = absl::EndsWith(name, "[]");
  if (list) name.resize(name.size() - 2);
  Value* child = node->Find(name);
  if (child == nullptr || child->is_null()) {
    if (!create || list) return absl::OkStatus();
    child = &(*node)[name];
    if (at + 1 < segments.size()) *child = Value::MakeObject();
  }
  return Visit(child, segments, at + 1, create, change);
}

void AddTemplates(absl::string_view what, bool claims, FieldSpecs* specs) {
  const std::string in_template = absl::StrCat("spec/template/metadata/", what);
  specs->push_back({in_template, true, "ReplicationController", "", "v1"});
  for (const char* kind : {"Deployment", "ReplicaSet", "DaemonSet"}) specs->push_back({in_template, true, kind});
  specs->push_back({in_template, true, "StatefulSet", "apps"});
  if (claims) specs->push_back({absl::StrCat("spec/volumeClaimTemplates[]/metadata/", what), true, "StatefulSet", "apps"});
  specs->push_back({in_template, true, "Job", "batch"});
  specs->push_back({absl::StrCat("spec/jobTemplate/metadata/", what), true, "CronJob", "batch"});
  specs->push_back({absl::StrCat("spec/jobTemplate/spec/template/metadata/", what), true, "CronJob", "batch"});
}

FieldSpecs MakeTemplateLabels() {
  FieldSpecs specs = {{"metadata/labels", true}};
  AddTemplates("labels", true, &specs);
  return specs;
}

FieldSpecs MakeCommonLabels() {
  FieldSpecs specs = {{"spec/selector", true, "Service", "", "v1"},
                      {"spec/selector", true, "ReplicationController", "", "v1"},
                      {"spec/selector/matchLabels", true, "Deployment"},
                      {"spec/selector/matchLabels", true, "ReplicaSet"},
                      {"spec/selector/matchLabels", true, "DaemonSet"},
                      {"spec/selector/matchLabels", true, "StatefulSet", "apps"},
                      {"spec/selector/matchLabels", false, "Job", "batch"},
                      {"spec/jobTemplate/spec/selector/matchLabels", false, "CronJob", "batch"},
                      {"spec/selector/matchLabels", false, "PodDisruptionBudget", "policy"},
                      {"spec/podSelector/matchLabels", false, "NetworkPolicy", "networking.k8s.io"},
                      {"spec/ingress/from/podSelector/matchLabels", false, "NetworkPolicy", "networking.k8s.io"},
                      {"spec/egress/to/podSelector/matchLabels", false, "NetworkPolicy", "networking.k8s.io"}};
  for (const char* kind : {"Deployment", "StatefulSet"}) {
    for (const char* affinity : {"podAffinity", "podAntiAffinity"}) {
      const std::string base = absl::StrCat("spec/template/spec/affinity/", affinity, "/");
      specs.push_back({base + "preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels",
                       false, kind, "apps"});
      specs.push_back({base + "requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels", false, kind, "apps"});
    }
    specs.push_back({"spec/template/spec/topologySpreadConstraints/labelSelector/matchLabels", false, kind, "apps"});
  }
  const FieldSpecs templates = MakeTemplateLabels();
  specs.insert(specs.end(), templates.begin(), templates.end());
  return specs;
}

FieldSpecs MakeAnnotations() {
  FieldSpecs specs = {{"metadata/annotations", true}};
  AddTemplates("annotations", false, &specs);
  return specs;
}

}  // namespace

absl::Status VisitField(Value* object, const std::string& path, bool create,
                        absl::FunctionRef<absl::Status(Value*)> change) {
  return Visit(object, Segments(path), 0, create, change);
}

absl::Status VisitFields(Value* object, const ResourceId& id, const FieldSpecs& specs,
                         absl::FunctionRef<absl::Status(Value*)> change) {
  for (const FieldSpec& spec : specs) {
    if (spec.Selects(id)) RETURN_IF_ERROR(VisitField(object, spec.path, spec.create, change));
  }
  return absl::OkStatus();
}

const FieldSpecs& MetadataLabels() {
  static const FieldSpecs* const specs = new FieldSpecs{{"metadata/labels", true}};
  return *specs;
}

const FieldSpecs& TemplateLabels() {
  static const FieldSpecs* const specs = new FieldSpecs(MakeTemplateLabels());
  return *specs;
}

const FieldSpecs& CommonLabels() {
  static const FieldSpecs* const specs = new FieldSpecs(MakeCommonLabels());
  return *specs;
}

const FieldSpecs& CommonAnnotations() {
  static const FieldSpecs* const specs = new FieldSpecs(MakeAnnotations());
  return *specs;
}

const FieldSpecs& ReplicaFields() {
  static const FieldSpecs* const specs =
      new FieldSpecs{{"spec/replicas", true, "Deployment"}, {"spec/replicas", true, "StatefulSet"},
                     {"spec/replicas", true, "ReplicaSet"}, {"spec/replicas", true, "ReplicationController"}};
  return *specs;
}

const FieldSpecs& NamespaceFields() {
  static const FieldSpecs* const specs = new FieldSpecs{
      {"metadata/name", true, "Namespace"},
      {"spec/service/namespace", true, "APIService", "apiregistration.k8s.io"},
      {"spec/conversion/webhook/clientConfig/service/namespace", false, "CustomResourceDefinition", "apiextensions.k8s.io"}};
  return *specs;
}

}  // namespace kubectl::kustomize
