#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "apiserver/auth/bootstrap_policy.h"
#include "apiserver/auth/rules.h"
#include "base/metrics/metrics.h"

namespace apiserver::auth {
namespace {

using apimachinery::Value;

constexpr char kNodePrefix[] = "system:node:";

// There is no graph that is kept: who belongs to whom is looked up in the objects when a node asks.
base::Histogram& kRelations = (*new base::HistogramFamily(
    "node_authorizer_graph_actions_duration_seconds", "Time to find out whether an object belongs to a node.", {"operation"},
    {0.0001, 0.0002, 0.0004, 0.0008, 0.0016, 0.0032, 0.0064, 0.0128, 0.0256, 0.0512, 0.1024, 0.2048})).With({"FindRelation"});

Decision Allow() { return {Decision::Kind::kAllow, ""}; }
Decision No(std::string why = "") { return {Decision::Kind::kNoOpinion, std::move(why)}; }

bool OneOf(absl::string_view verb, std::initializer_list<absl::string_view> verbs) {
  return std::find(verbs.begin(), verbs.end(), verb) != verbs.end();
}

std::vector<PolicyRule> NodeRules() {
  for (const Value& object : BootstrapPolicy()) {
    if (object.GetString("kind") == "ClusterRole" && object.GetString("metadata.name") == "system:node") {
      return RulesOf(object);
    }
  }
  return {};
}

bool SelectsNode(const pipeline::RequestInfo& request, absl::string_view field, absl::string_view node) {
  for (absl::string_view term : absl::StrSplit(request.field_selector, ',')) {
    if (term == absl::StrCat(field, "=", node) || term == absl::StrCat(field, "==", node)) return true;
  }
  return false;
}

// A string member equal to `name` of an object under one of the given keys, anywhere below: the references a pod
// spec makes to secrets and config maps all look like {secretRef: {name: X}}, {secretName: X}, {configMap: {name: X}}.
bool Refers(const Value& value, absl::string_view under, const std::vector<absl::string_view>& holders,
            const std::vector<absl::string_view>& direct, absl::string_view name) {
  if (value.is_array()) {
    for (const Value& item : value.array()) {
      if (Refers(item, under, holders, direct, name)) return true;
    }
    return false;
  }
  if (!value.is_object()) return false;
  const bool held = std::find(holders.begin(), holders.end(), under) != holders.end();
  for (const auto& [key, member] : value.object()) {
    if (member.is_string()) {
      if (member.as_string() != name) continue;
      if (held && key == "name") return true;
      if (std::find(direct.begin(), direct.end(), key) != direct.end()) return true;
    } else if (Refers(member, key, holders, direct, name)) {
      return true;
    }
  }
  return false;
}

}  // namespace

bool IsNode(const UserInfo& user, std::string* node) {
  if (!absl::StartsWith(user.name, kNodePrefix)) return false;
  if (std::find(user.groups.begin(), user.groups.end(), "system:nodes") == user.groups.end()) return false;
  *node = user.name.substr(sizeof(kNodePrefix) - 1);
  return true;
}

NodeAuthorizer::NodeAuthorizer(const ObjectReader& reader) : reader_(reader), rules_(NodeRules()) {}

bool NodeAuthorizer::Related(absl::string_view node, absl::string_view resource, absl::string_view ns,
                             absl::string_view name) const {
  if (resource == "volumeattachments") {
    const auto attachment = reader_.Get({"storage.k8s.io", "volumeattachments"}, "", name);
    return attachment != nullptr && attachment->GetString("spec.nodeName") == node;
  }
  if (resource == "resourceslices") {
    const auto slice = reader_.Get({"resource.k8s.io", "resourceslices"}, "", name);
    return slice != nullptr && slice->GetString("spec.nodeName") == node;
  }
  std::string claim_ns, claim;
  if (resource == "persistentvolumes") {
    const auto volume = reader_.Get({"", "persistentvolumes"}, "", name);
    if (volume == nullptr) return false;
    claim_ns = volume->GetString("spec.claimRef.namespace");
    claim = volume->GetString("spec.claimRef.name");
    return !claim.empty() && Related(node, "persistentvolumeclaims", claim_ns, claim);
  }
  for (const auto& pod : reader_.PodsOnNode(node)) {
    if (pod->GetString("metadata.namespace") != ns) {
      // A secret may also serve a volume claimed by a pod of another namespace.
      continue;
    }
    const std::string pod_name = pod->GetString("metadata.name");
    const Value* spec = pod->Find("spec");
    if (spec == nullptr) continue;
    if (resource == "pods" && pod_name == name) return true;
    if (resource == "serviceaccounts" && spec->GetString("serviceAccountName") == name) return true;
    const bool mirror = pod->At("metadata.annotations") != nullptr &&
                        pod->At("metadata.annotations")->Has("kubernetes.io/config.mirror");
    if (mirror) continue;  // the apiserver's side of a static pod grants nothing
    if (resource == "secrets" &&
        Refers(*spec, "", {"secretRef", "secretKeyRef", "imagePullSecrets", "secret", "nodePublishSecretRef"},
               {"secretName"}, name)) {
      return true;
    }
    if (resource == "secrets") {
      for (const Value& pull : spec->GetArray("imagePullSecrets")) {
        if (pull.GetString("name") == name) return true;
      }
    }
    if (resource == "configmaps" && Refers(*spec, "", {"configMapRef", "configMapKeyRef", "configMap"}, {}, name)) {
      return true;
    }
    if (resource == "persistentvolumeclaims") {
      for (const Value& volume : spec->GetArray("volumes")) {
        if (volume.GetString("persistentVolumeClaim.claimName") == name) return true;
        if (volume.Has("ephemeral") && absl::StrCat(pod_name, "-", volume.GetString("name")) == name) return true;
      }
    }
    if (resource == "resourceclaims") {
      for (const Value& claim_ref : spec->GetArray("resourceClaims")) {
        if (claim_ref.GetString("resourceClaimName") == name) return true;
      }
      for (const Value& status : pod->GetArray("status.resourceClaimStatuses")) {
        if (status.GetString("resourceClaimName") == name) return true;
      }
    }
  }
  if (resource != "secrets") return false;
  // Secrets that a claimed volume of the node's pods needs.
  for (const auto& volume : reader_.List({"", "persistentvolumes"}, "")) {
    const Value* spec = volume->Find("spec");
    if (spec == nullptr) continue;
    for (const char* member : {"csi.nodePublishSecretRef", "csi.nodeStageSecretRef", "csi.nodeExpandSecretRef"}) {
      const Value* ref = spec->At(member);
      if (ref != nullptr && ref->GetString("name") == name && ref->GetString("namespace") == ns &&
          Related(node, "persistentvolumeclaims", spec->GetString("claimRef.namespace"),
                  spec->GetString("claimRef.name"))) {
        return true;
      }
    }
  }
  return false;
}

Decision NodeAuthorizer::AllowRelated(absl::string_view node, const pipeline::RequestInfo& request) const {
  if (request.name.empty()) return No("No Object name found");
  const absl::Time began = absl::Now();
  const bool related = Related(node, request.resource, request.ns, request.name);
  kRelations.Observe(absl::ToDoubleSeconds(absl::Now() - began));
  if (related) return Allow();
  return No(absl::StrCat("no relationship found between node '", node, "' and this object"));
}

Decision NodeAuthorizer::Authorize(const Attributes& attributes) const {
  std::string node;
  if (!IsNode(attributes.user, &node)) return No();
  if (node.empty()) return No(absl::StrCat("unknown node for user \"", attributes.user.name, "\""));
  const pipeline::RequestInfo& r = attributes.request;
  const auto is = [&r](absl::string_view group, absl::string_view resource) {
    return r.is_resource_request && r.group == group && r.resource == resource;
  };
  const auto get_only = [&] {
    if (r.verb != "get") return No("can only get individual resources of this type");
    if (!r.subresource.empty()) return No("cannot get subresource");
    return AllowRelated(node, r);
  };
  const auto read_only = [&] {
    if (!OneOf(r.verb, {"get", "list", "watch"})) return No("can only read resources of this type");
    if (!r.subresource.empty()) return No("cannot read subresource");
    if (r.ns.empty()) return No("can only read namespaced object of this type");
    return AllowRelated(node, r);
  };
  if (is("", "secrets") || is("", "configmaps")) return read_only();
  if (is("", "persistentvolumeclaims") && r.subresource == "status") {
    if (!OneOf(r.verb, {"update", "patch"})) return No("can only get/update/patch this type");
    return AllowRelated(node, r);
  }
  if (is("", "persistentvolumeclaims") || is("", "persistentvolumes") || is("resource.k8s.io", "resourceclaims") ||
      is("storage.k8s.io", "volumeattachments")) {
    return get_only();
  }
  if (is("", "serviceaccounts")) {
    if (r.verb == "get" && r.subresource.empty()) return read_only();
    if (r.verb != "create" || r.name.empty()) return No("can only create tokens for individual service accounts");
    if (r.subresource != "token") return No("can only create token subresource of serviceaccount");
    return AllowRelated(node, r);
  }
  if (is("coordination.k8s.io", "leases")) {
    if (!OneOf(r.verb, {"get", "create", "update", "patch", "delete"})) {
      return No("can only get, create, update, patch, or delete a node lease");
    }
    if (r.ns != "kube-node-lease") return No("can only access leases in the \"kube-node-lease\" system namespace");
    if (r.verb != "create" && r.name != node) {
      return No("can only access node lease with the same name as the requesting node");
    }
    return Allow();
  }
  if (is("storage.k8s.io", "csinodes")) {
    if (!OneOf(r.verb, {"get", "create", "update", "patch", "delete"})) {
      return No("can only get, create, update, patch, or delete a CSINode");
    }
    if (!r.subresource.empty()) return No("cannot authorize CSINode subresources");
    if (r.verb != "create" && r.name != node) {
      return No("can only access CSINode with the same name as the requesting node");
    }
    return Allow();
  }
  if (is("resource.k8s.io", "resourceslices")) {
    if (!r.subresource.empty()) return No("cannot authorize ResourceSlice subresources");
    if (r.verb == "create") return Allow();
    if (OneOf(r.verb, {"get", "update", "patch", "delete"})) return AllowRelated(node, r);
    if (SelectsNode(r, "spec.nodeName", node)) return Allow();
    return No("can only list/watch/deletecollection resourceslices with nodeName field selector");
  }
  if (is("", "nodes")) {
    if (r.subresource.empty()) {
      if (OneOf(r.verb, {"create", "update", "patch"})) return Allow();
      if (OneOf(r.verb, {"get", "list", "watch"})) {
        if (r.name == node) return Allow();
        if (r.name.empty()) {
          return No(absl::StrCat("node '", node, "' cannot read all nodes, only its own Node object"));
        }
        return No(absl::StrCat("node '", node, "' cannot read '", r.name, "', only its own Node object"));
      }
    }
    return r.subresource == "status" && OneOf(r.verb, {"update", "patch"}) ? Allow() : No();
  }
  if (is("", "pods")) {
    if (r.subresource.empty()) {
      if (r.verb == "get") return get_only();
      if (OneOf(r.verb, {"create", "delete"})) return Allow();
      if (OneOf(r.verb, {"list", "watch"})) {
        if (SelectsNode(r, "spec.nodeName", node)) return Allow();
        if (!r.name.empty()) return AllowRelated(node, r);
        return No("can only list/watch pods with spec.nodeName field selector");
      }
    }
    if (r.subresource == "status" && OneOf(r.verb, {"update", "patch"})) return Allow();
    if (r.subresource == "eviction" && r.verb == "create") return Allow();
    return No();
  }
  for (const PolicyRule& rule : rules_) {
    if (Allows(rule, r)) return Allow();
  }
  return No();
}

}  // namespace apiserver::auth
