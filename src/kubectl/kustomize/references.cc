#include "kubectl/kustomize/references.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "kubectl/cli/errors.h"
#include "kubectl/kustomize/field_specs.h"

namespace kubectl::kustomize {
namespace {

// Fields that hold the name of an object of `kind`.
struct Rule {
  std::string group, version, kind;  // of the object that is named; empty: any
  FieldSpecs fields;
};

// Where a pod's spec stands in each kind that has one.
struct PodHolder {
  absl::string_view kind, prefix;
};
constexpr PodHolder kPodHolders[] = {{"Pod", "spec/"},
                                     {"PodTemplate", "template/spec/"},
                                     {"Deployment", "spec/template/spec/"},
                                     {"ReplicaSet", "spec/template/spec/"},
                                     {"DaemonSet", "spec/template/spec/"},
                                     {"StatefulSet", "spec/template/spec/"},
                                     {"ReplicationController", "spec/template/spec/"},
                                     {"Job", "spec/template/spec/"},
                                     {"CronJob", "spec/jobTemplate/spec/template/spec/"}};

FieldSpecs InPods(std::vector<absl::string_view> paths, std::vector<absl::string_view> without) {
  FieldSpecs specs;
  for (const PodHolder& holder : kPodHolders) {
    if (std::find(without.begin(), without.end(), holder.kind) != without.end()) continue;
    for (const absl::string_view path : paths)
      specs.push_back({absl::StrCat(holder.prefix, path), false, std::string(holder.kind)});
  }
  return specs;
}

FieldSpecs Joined(FieldSpecs a, const FieldSpecs& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

std::vector<Rule> MakeRules() {
  constexpr char kRbac[] = "rbac.authorization.k8s.io", kHooks[] = "admissionregistration.k8s.io";
  std::vector<Rule> rules;
  for (const char* kind : {"Deployment", "ReplicationController", "ReplicaSet", "StatefulSet"})
    rules.push_back({"", "", kind, {{"spec/scaleTargetRef/name", false, "HorizontalPodAutoscaler"}}});
  rules.push_back({"", "v1", "ConfigMap",
                   Joined(InPods({"volumes/configMap/name", "containers/env/valueFrom/configMapKeyRef/name",
                                  "initContainers/env/valueFrom/configMapKeyRef/name", "containers/envFrom/configMapRef/name",
                                  "initContainers/envFrom/configMapRef/name", "volumes/projected/sources/configMap/name"},
                                 {"ReplicationController"}),
                          {{"spec/configSource/configMap", false, "Node"},
                           {"rules/resourceNames", false, "Role"},
                           {"rules/resourceNames", false, "ClusterRole"},
                           {"metadata/annotations/nginx.ingress.kubernetes.io\\/fastcgi-params-configmap", false, "Ingress"}})});
  rules.push_back({"", "v1", "Secret",
                   Joined(InPods({"volumes/secret/secretName", "containers/env/valueFrom/secretKeyRef/name",
                                  "initContainers/env/valueFrom/secretKeyRef/name", "containers/envFrom/secretRef/name",
                                  "initContainers/envFrom/secretRef/name", "imagePullSecrets/name",
                                  "volumes/projected/sources/secret/name"},
                                 {"ReplicationController"}),
                          {{"spec/tls/secretName", false, "Ingress"},
                           {"metadata/annotations/ingress.kubernetes.io\\/auth-secret", false, "Ingress"},
                           {"metadata/annotations/nginx.ingress.kubernetes.io\\/auth-secret", false, "Ingress"},
                           {"metadata/annotations/nginx.ingress.kubernetes.io\\/auth-tls-secret", false, "Ingress"},
                           {"imagePullSecrets/name", false, "ServiceAccount"},
                           {"parameters/secretName", false, "StorageClass"},
                           {"parameters/adminSecretName", false, "StorageClass"},
                           {"parameters/userSecretName", false, "StorageClass"},
                           {"parameters/secretRef", false, "StorageClass"},
                           {"rules/resourceNames", false, "Role"},
                           {"rules/resourceNames", false, "ClusterRole"},
                           {"spec/azureFile/secretName", false, "PersistentVolume"}})});
  rules.push_back({"", "v1", "Service",
                   {{"spec/serviceName", false, "StatefulSet", "apps"},
                    {"spec/rules/http/paths/backend/serviceName", false, "Ingress"},
                    {"spec/backend/serviceName", false, "Ingress"},
                    {"spec/rules/http/paths/backend/service/name", false, "Ingress"},
                    {"spec/defaultBackend/service/name", false, "Ingress"},
                    {"spec/service/name", false, "APIService", "apiregistration.k8s.io"},
                    {"webhooks/clientConfig/service", false, "ValidatingWebhookConfiguration", kHooks},
                    {"webhooks/clientConfig/service", false, "MutatingWebhookConfiguration", kHooks},
                    {"spec/rules/backendRefs/name", false, "HTTPRoute"}}});
  rules.push_back({kRbac, "", "Role", {{"roleRef/name", false, "RoleBinding", kRbac}}});
  rules.push_back({kRbac, "", "ClusterRole",
                   {{"roleRef/name", false, "RoleBinding", kRbac}, {"roleRef/name", false, "ClusterRoleBinding", kRbac}}});
  rules.push_back({"", "v1", "ServiceAccount",
                   Joined({{"subjects", false, "RoleBinding", kRbac}, {"subjects", false, "ClusterRoleBinding", kRbac}},
                          InPods({"serviceAccountName"}, {"PodTemplate", "ReplicaSet"}))});
  rules.push_back({"", "v1", "PersistentVolumeClaim",
                   InPods({"volumes/persistentVolumeClaim/claimName"}, {"PodTemplate", "ReplicaSet"})});
  rules.push_back({"", "v1", "PersistentVolume",
                   {{"spec/volumeName", false, "PersistentVolumeClaim"}, {"rules/resourceNames", false, "ClusterRole"}}});
  rules.push_back({"storage.k8s.io", "v1", "StorageClass",
                   {{"spec/storageClassName", false, "PersistentVolume"},
                    {"spec/storageClassName", false, "PersistentVolumeClaim"},
                    {"spec/volumeClaimTemplates/spec/storageClassName", false, "StatefulSet"}}});
  rules.push_back({"scheduling.k8s.io", "v1", "PriorityClass", InPods({"priorityClassName"}, {"PodTemplate", "ReplicaSet"})});
  rules.push_back({"networking.k8s.io", "v1", "IngressClass", {{"spec/ingressClassName", false, "Ingress"}}});
  return rules;
}

// Whether the shorter list ends the longer one.
bool SameEnding(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return std::equal(a.rbegin(), a.rbegin() + std::min(a.size(), b.size()), b.rbegin());
}

bool SameAffixes(const Resource& a, const Resource& b) {
  return SameEnding(a.prefixes, b.prefixes) && SameEnding(a.suffixes, b.suffixes);
}

class Referrer {
 public:
  Referrer(Resource* self, Resources* all, const Rule& rule) : self_(self), all_(all), rule_(rule) {}

  absl::Status Fix() {
    const ResourceId id = self_->Id();
    for (const FieldSpec& field : rule_.fields) {
      if (!field.Selects(id)) continue;
      role_ref_ = absl::EndsWith(field.path, "roleRef/name");
      const absl::Status fixed =
          VisitField(&self_->object, field.path, false, [&](Value* value) { return FixValue(value); });
      if (!fixed.ok()) {
        return Error(absl::StrCat("updating name reference in '", field.path, "' field of '", id.ToString(), "': ",
                                  fixed.message()));
      }
    }
    return absl::OkStatus();
  }

 private:
  absl::Status FixValue(Value* value) {
    if (value->is_array()) {
      for (Value& item : value->array()) RETURN_IF_ERROR(item.is_object() ? FixObject(&item) : FixName(&item));
      return absl::OkStatus();
    }
    return value->is_object() ? FixObject(value) : FixName(value);
  }

  absl::Status FixName(Value* value) {
    if (!value->is_string()) return absl::OkStatus();
    ASSIGN_OR_RETURN(const Resource* found, Choose(value->as_string(), nullptr));
    if (found != nullptr) *value = found->Name();
    return absl::OkStatus();
  }

  // {name, namespace}: both follow.
  absl::Status FixObject(Value* object) {
    const Value* name = object->Find("name");
    if (name == nullptr || !name->is_string()) return Error("path config error; no 'name' field in node");
    ASSIGN_OR_RETURN(const Resource* found, Choose(name->as_string(), object->Find("namespace")));
    if (found == nullptr) return absl::OkStatus();
    object->Set("name", found->Name());
    if (!found->Ns().empty()) object->Set("namespace", found->Ns());
    return absl::OkStatus();
  }

  bool WasNamed(const Resource& candidate, const std::string& name) const {
    const auto& ids = candidate.previous;
    return std::any_of(ids.begin(), ids.end(), [&](const ResourceId& id) { return id.name == name; });
  }
  bool IsOfKind(const Resource& candidate, const std::string& group, const std::string& version,
                const std::string& kind) const {
    const FieldSpec wanted{"", false, kind, group, version};
    const auto& ids = candidate.previous;
    return std::any_of(ids.begin(), ids.end(), [&](const ResourceId& id) { return wanted.Selects(id); });
  }
  bool Reachable(const Resource& candidate) const {
    const ResourceId self = self_->Id(), other = candidate.Id();
    if (self.ClusterScoped() || other.ClusterScoped() || other.kind == "ServiceAccount") return true;
    return self.EffectiveNs() == other.EffectiveNs();
  }

  absl::StatusOr<const Resource*> Choose(const std::string& name, const Value* ns) const {
    std::vector<const Resource*> candidates;
    for (const Resource& candidate : *all_) {
      if (!WasNamed(candidate, name) || !IsOfKind(candidate, rule_.group, rule_.version, rule_.kind) || !Reachable(candidate))
        continue;
      if (role_ref_ && !IsOfKind(candidate, self_->object.GetString("roleRef.apiGroup"), "",
                                 self_->object.GetString("roleRef.kind"))) {
        continue;
      }
      candidates.push_back(&candidate);
    }
    if (ns != nullptr && ns->is_string()) KeepNamespace(ns->as_string(), &candidates);
    if (candidates.size() > 1)
      std::erase_if(candidates, [&](const Resource* candidate) { return !SameAffixes(*candidate, *self_); });
    if (candidates.empty()) return nullptr;
    for (const Resource* other : candidates) {
      if (other->Name() != candidates[0]->Name()) {
        std::vector<std::string> ids;
        for (const Resource* candidate : candidates) ids.push_back(candidate->Id().ToString());
        return Error(absl::StrCat(" found multiple possible referrals: ", absl::StrJoin(ids, ", ")));
      }
    }
    return candidates[0];
  }

  // Those that were born in the namespace, if any object was, else those that are there now.
  void KeepNamespace(const std::string& ns, std::vector<const Resource*>* candidates) const {
    const auto born = [&](const Resource& r) {
      return !r.OriginalId().ClusterScoped() && r.OriginalId().EffectiveNs() == ns;
    };
    const auto lives = [&](const Resource& r) { return !r.Id().ClusterScoped() && r.Id().EffectiveNs() == ns; };
    const bool any_born = std::any_of(all_->begin(), all_->end(), born);
    std::erase_if(*candidates, [&](const Resource* r) { return any_born ? !born(*r) : !lives(*r); });
  }

  Resource* const self_;
  Resources* const all_;
  const Rule& rule_;
  bool role_ref_ = false;
};

}  // namespace

absl::Status FixReferences(Resources* resources) {
  static const std::vector<Rule>* const rules = new std::vector<Rule>(MakeRules());
  for (Resource& resource : *resources) {
    for (const Rule& rule : *rules) RETURN_IF_ERROR(Referrer(&resource, resources, rule).Fix());
  }
  return absl::OkStatus();
}

}  // namespace kubectl::kustomize
