// A node touches only itself and the pods bound to it.
#include <algorithm>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "apiserver/admission/plugin.h"
#include "apiserver/auth/rules.h"

namespace apiserver::admission {
namespace {

constexpr char kMirror[] = "kubernetes.io/config.mirror";

// Labels of kubernetes.io and k8s.io that a kubelet may set on its node.
bool IsKubeletLabel(const std::string& key) {
  static const auto& known = *new std::set<std::string>{
      "kubernetes.io/hostname", "topology.kubernetes.io/zone", "topology.kubernetes.io/region",
      "failure-domain.beta.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/region",
      "node.kubernetes.io/instance-type", "beta.kubernetes.io/instance-type", "kubernetes.io/os",
      "kubernetes.io/arch", "beta.kubernetes.io/os", "beta.kubernetes.io/arch"};
  if (known.count(key)) return true;
  const std::string ns = key.substr(0, key.find('/'));
  for (const char* allowed : {"kubelet.kubernetes.io", "node.kubernetes.io"}) {
    if (ns == allowed || absl::EndsWith(ns, absl::StrCat(".", allowed))) return true;
  }
  return false;
}

bool ForbiddenLabel(const std::string& key) {
  const size_t slash = key.find('/');
  if (slash == std::string::npos) return false;
  const std::string ns = key.substr(0, slash);
  const auto within = [&ns](const char* domain) { return ns == domain || absl::EndsWith(ns, absl::StrCat(".", domain)); };
  if (within("node-restriction.kubernetes.io")) return true;
  return (within("kubernetes.io") || within("k8s.io")) && !IsKubeletLabel(key);
}

std::string ForbiddenLabels(const Value& node, const Value* old) {
  static const Value none = Value::MakeObject();
  const Value* now = node.At("metadata.labels");
  const Value* was = old == nullptr ? nullptr : old->At("metadata.labels");
  if (now == nullptr) now = &none;
  if (was == nullptr) was = &none;
  std::set<std::string> bad;
  const auto differing = [&bad](const Value& a, const Value& b) {
    for (const auto& [key, value] : a.object()) {
      const Value* other = b.Find(key);
      if ((other == nullptr || !(*other == value)) && ForbiddenLabel(key)) bad.insert(key);
    }
  };
  differing(*now, *was);
  differing(*was, *now);
  return absl::StrJoin(bad, ", ");
}

bool Same(const Value& a, const Value& b, absl::string_view path) {
  const Value* x = a.At(path);
  const Value* y = b.At(path);
  const bool no_x = x == nullptr || (!x->is_string() && x->empty()), no_y = y == nullptr || (!y->is_string() && y->empty());
  return no_x || no_y ? no_x == no_y : *x == *y;
}

class NodeRestriction final : public Plugin {
 public:
  explicit NodeRestriction(const PluginSeams& seams)
      : Plugin("NodeRestriction"), reader_(seams.reader), authorizer_(seams.authorizer) {}

  absl::Status Admit(Attributes& a) const override {
    std::string node;
    if (a.user == nullptr || a.operation == Operation::kConnect || !auth::IsNode(*a.user, &node)) return absl::OkStatus();
    if (node.empty()) {
      return Refuse(a, absl::StrCat("could not determine node from user \"", a.user->name, "\""));
    }
    const std::string& group = a.info->group;
    const std::string& resource = a.info->resource;
    if (group.empty() && resource == "pods") return Pod(a, node);
    if (group.empty() && resource == "nodes") return Node(a, node);
    if (group.empty() && resource == "persistentvolumeclaims") return Claim(a, node);
    if (group.empty() && resource == "serviceaccounts") return Token(a, node);
    if (group == "coordination.k8s.io" && resource == "leases") return Lease(a, node);
    if (group == "storage.k8s.io" && resource == "csinodes") return CsiNode(a, node);
    if (group == "resource.k8s.io" && resource == "resourceslices") return Slice(a, node);
    if (group == "certificates.k8s.io" && resource == "certificatesigningrequests") return absl::OkStatus();
    return absl::OkStatus();
  }

 private:
  absl::Status Pod(const Attributes& a, const std::string& node) const {
    const std::string who = absl::StrCat("node \"", node, "\" ");
    if (a.info->subresource == "status") {
      if (a.operation != Operation::kUpdate) return Refuse(a, "unexpected operation");
      if (a.old->GetString("spec.nodeName") != node) {
        return Refuse(a, absl::StrCat(who, "can only update pod status for pods with spec.nodeName set to itself"));
      }
      if (!Same(*a.old, *a.object, "metadata.labels")) {
        return Refuse(a, absl::StrCat(who, "cannot update labels through pod status"));
      }
      if (!Same(*a.old, *a.object, "status.resourceClaimStatuses")) {
        return Refuse(a, absl::StrCat(who, "cannot update resource claim statues"));
      }
      if (!Same(*a.old, *a.object, "status.extendedResourceClaimStatus")) {
        return Refuse(a, absl::StrCat(who, "cannot update extended resource claim status"));
      }
      return absl::OkStatus();
    }
    if (a.info->subresource == "eviction" || (a.info->subresource.empty() && a.operation == Operation::kDelete)) {
      const std::string name = a.name.empty() && a.object ? a.object->GetString("metadata.name") : a.name;
      const auto pod = Look(reader_, {"", "pods"}, a.info->ns, name);
      if (pod == nullptr) return apimachinery::NotFound("", "pod", name);
      if (pod->GetString("spec.nodeName") == node) return absl::OkStatus();
      return Refuse(a, a.info->subresource.empty()
                           ? absl::StrCat(who, "can only delete pods with spec.nodeName set to itself")
                           : absl::StrCat("node ", node, " can only evict pods with spec.nodeName set to itself"));
    }
    if (!a.info->subresource.empty()) {
      return Refuse(a, absl::StrCat("unexpected pod subresource \"", a.info->subresource,
                                    "\", only 'status' and 'eviction' are allowed"));
    }
    if (a.operation != Operation::kCreate) {
      return Refuse(a, absl::StrCat("unexpected operation \"UPDATE\", ", who, "can only create and delete mirror pods"));
    }
    return MirrorPod(a, node, who);
  }

  absl::Status MirrorPod(const Attributes& a, const std::string& node, const std::string& who) const {
    const Value& pod = *a.object;
    const Value* annotations = pod.At("metadata.annotations");
    if (annotations == nullptr || !annotations->Has(kMirror)) {
      return Refuse(a, absl::StrCat("pod does not have \"", kMirror, "\" annotation, ", who,
                                    "can only create mirror pods"));
    }
    if (pod.GetString("spec.nodeName") != node) {
      return Refuse(a, absl::StrCat(who, "can only create pods with spec.nodeName set to itself"));
    }
    const auto& owners = pod.GetArray("metadata.ownerReferences");
    if (owners.size() > 1) {
      return Refuse(a, absl::StrCat(who, "can only create pods with a single owner reference set to itself"));
    }
    if (owners.empty() || owners[0].GetString("apiVersion") != "v1" || owners[0].GetString("kind") != "Node" ||
        owners[0].GetString("name") != node) {
      return Refuse(a, absl::StrCat(who, "can only create pods with an owner reference set to itself"));
    }
    if (!owners[0].GetBool("controller")) {
      return Refuse(a, absl::StrCat(who, "can only create pods with a controller owner reference set to itself"));
    }
    if (owners[0].GetBool("blockOwnerDeletion")) {
      return Refuse(a, absl::StrCat(who, "must not set blockOwnerDeletion on an owner reference"));
    }
    const auto stored = Look(reader_, {"", "nodes"}, "", node);
    if (stored == nullptr) return apimachinery::NotFound("", "nodes", node);
    const std::string uid = stored->GetString("metadata.uid");
    if (owners[0].GetString("uid") != uid) {
      return Refuse(a, absl::StrCat("node ", node, " UID mismatch: expected ", owners[0].GetString("uid"), " got ", uid));
    }
    const std::string what = ApiReference(pod);
    if (what.empty()) return absl::OkStatus();
    return Refuse(a, absl::StrCat(who, "can not create pods that reference ", what));
  }

  // What a mirror pod refers to in the API, which would lend a node the rights to it.
  static std::string ApiReference(const Value& pod) {
    if (!pod.GetString("spec.serviceAccountName").empty()) return "serviceaccounts";
    if (!pod.GetArray("spec.imagePullSecrets").empty()) return "secrets";
    if (!pod.GetArray("spec.resourceClaims").empty()) return "resourceclaims";
    for (const char* list : {"spec.initContainers", "spec.containers"}) {
      for (const Value& c : pod.GetArray(list)) {
        for (const Value& env : c.GetArray("env")) {
          if (env.At("valueFrom.secretKeyRef") != nullptr) return "secrets";
          if (env.At("valueFrom.configMapKeyRef") != nullptr) return "configmaps";
        }
        for (const Value& from : c.GetArray("envFrom")) {
          if (from.Has("secretRef")) return "secrets";
          if (from.Has("configMapRef")) return "configmaps";
        }
      }
    }
    for (const Value& volume : pod.GetArray("spec.volumes")) {
      if (volume.Has("secret")) return "secrets";
      if (volume.Has("configMap")) return "configmaps";
      if (volume.Has("persistentVolumeClaim") || volume.Has("ephemeral")) return "persistentvolumeclaims";
      for (const Value& source : volume.GetArray("projected.sources")) {
        if (source.Has("secret")) return "secrets";
        if (source.Has("configMap")) return "configmaps";
        if (source.Has("serviceAccountToken")) return "serviceaccounts";
        if (source.Has("clusterTrustBundle")) return "clustertrustbundles";
      }
    }
    return "";
  }

  absl::Status Node(const Attributes& a, const std::string& node) const {
    const std::string who = absl::StrCat("node \"", node, "\" is not allowed to ");
    const std::string name = a.name.empty() && a.object != nullptr ? a.object->GetString("metadata.name") : a.name;
    if (name != node) return Refuse(a, absl::StrCat(who, "modify node \"", name, "\""));
    if (a.operation == Operation::kCreate) {
      if (a.object->At("spec.configSource") != nullptr) {
        return Refuse(a, absl::StrCat(who, "create pods with a non-nil configSource"));
      }
      const std::string labels = ForbiddenLabels(*a.object, nullptr);
      if (!labels.empty()) return Refuse(a, absl::StrCat(who, "set the following labels: ", labels));
    }
    if (a.operation == Operation::kUpdate) {
      if (!Same(*a.object, *a.old, "spec.taints")) return Refuse(a, absl::StrCat(who, "modify taints"));
      if (!Same(*a.object, *a.old, "metadata.ownerReferences")) {
        return Refuse(a, absl::StrCat(who, "modify ownerReferences"));
      }
      const std::string labels = ForbiddenLabels(*a.object, a.old);
      if (!labels.empty()) return Refuse(a, absl::StrCat("is not allowed to modify labels: ", labels));
    }
    return absl::OkStatus();
  }

  absl::Status Claim(const Attributes& a, const std::string& node) const {
    if (a.info->subresource != "status") return Refuse(a, "may only update PVC status");
    if (a.operation != Operation::kUpdate) return Refuse(a, "unexpected operation");
    Value now = *a.object, was = *a.old;
    for (Value* v : {&now, &was}) {
      for (const char* path : {"metadata.resourceVersion", "metadata.managedFields", "status.capacity",
                               "status.conditions", "status.allocatedResourceStatuses", "status.allocatedResources"}) {
        v->EraseAt(path);
      }
    }
    if (now == was) return absl::OkStatus();
    return Refuse(a, absl::StrCat("node \"", node,
                                  "\" is not allowed to update fields other than status.quantity and status.conditions"));
  }

  absl::Status Token(const Attributes& a, const std::string& node) const {
    if (a.operation != Operation::kCreate || a.info->subresource != "token") return absl::OkStatus();
    const Value* ref = a.object->At("spec.boundObjectRef");
    if (ref == nullptr || ref->GetString("apiVersion") != "v1" || ref->GetString("kind") != "Pod" ||
        ref->GetString("name").empty()) {
      return Refuse(a, "node requested token not bound to a pod");
    }
    const std::string uid = ref->GetString("uid"), name = ref->GetString("name");
    if (uid.empty()) return Refuse(a, "node requested token with a pod binding without a uid");
    const auto pod = Look(reader_, {"", "pods"}, a.info->ns, name);
    if (pod == nullptr) return apimachinery::NotFound("", "pod", name);
    if (pod->GetString("metadata.uid") != uid) {
      return Refuse(a, absl::StrCat("the UID in the bound object reference (", uid,
                                    ") does not match the UID in record. The object might have been deleted and then "
                                    "recreated"));
    }
    if (pod->GetString("spec.nodeName") != node) {
      return Refuse(a, "node requested token bound to a pod scheduled on a different node");
    }
    const auto& audiences = a.object->GetArray("spec.audiences");
    if (audiences.size() > 1) return Refuse(a, "node may only request 0 or 1 audiences");
    const std::string audience = audiences.empty() ? "" : audiences[0].as_string();
    std::vector<std::string> errors;
    for (const Value& volume : pod->GetArray("spec.volumes")) {
      for (const Value& source : volume.GetArray("projected.sources")) {
        const Value* token = source.Find("serviceAccountToken");
        if (token != nullptr && token->GetString("audience") == audience) return absl::OkStatus();
      }
      std::string why;
      const std::string driver = DriverOf(volume, a.info->ns, pod->GetString("metadata.name"), &why);
      const auto csi = driver.empty() ? nullptr : reader_.Get({"storage.k8s.io", "csidrivers"}, "", driver);
      if (why.empty() && !driver.empty() && csi == nullptr) why = absl::StrCat("csidriver.storage.k8s.io \"", driver, "\" not found");
      if (!why.empty() && std::find(errors.begin(), errors.end(), why) == errors.end()) errors.push_back(why);
      if (csi == nullptr) continue;
      for (const Value& request : csi->GetArray("spec.tokenRequests")) {
        if (request.GetString("audience") == audience) return absl::OkStatus();
      }
    }
    if (!errors.empty()) {
      const std::string all = errors.size() == 1 ? errors[0] : absl::StrCat("[", absl::StrJoin(errors, ", "), "]");
      return Refuse(a, absl::StrCat("error validating audience \"", audience, "\": ", all));
    }
    pipeline::RequestInfo ask;
    ask.is_resource_request = true;
    ask.verb = "request-serviceaccounts-token-audience";
    ask.version = "v1";
    ask.resource = audience;
    ask.ns = a.info->ns;
    ask.name = a.name;
    if (authorizer_ != nullptr && authorizer_->Authorize({*a.user, ask}).allowed()) return absl::OkStatus();
    return Refuse(a, absl::StrCat("audience \"", audience, "\" not found in pod spec volume, ", a.user->name,
                                  " is not authorized to request tokens for this audience"));
  }

  // The CSI driver behind a volume, straight or through its claim; `why` says what cannot be followed.
  std::string DriverOf(const Value& volume, const std::string& ns, const std::string& pod, std::string* why) const {
    if (volume.Has("csi")) return volume.GetString("csi.driver");
    std::string claim = volume.GetString("persistentVolumeClaim.claimName");
    if (volume.Has("ephemeral")) claim = absl::StrCat(pod, "-", volume.GetString("name"));
    if (claim.empty()) return "";
    const auto stored = reader_.Get({"", "persistentvolumeclaims"}, ns, claim);
    if (stored == nullptr) {
      *why = absl::StrCat("persistentvolumeclaim \"", claim, "\" not found");
      return "";
    }
    const std::string name = stored->GetString("spec.volumeName");
    const auto bound = reader_.Get({"", "persistentvolumes"}, "", name);
    if (bound == nullptr) *why = absl::StrCat("persistentvolume \"", name, "\" not found");
    return bound == nullptr ? "" : bound->GetString("spec.csi.driver");
  }

  absl::Status Lease(const Attributes& a, const std::string& node) const {
    if (a.info->ns != "kube-node-lease") {
      return Refuse(a, "can only access leases in the \"kube-node-lease\" system namespace");
    }
    const std::string name = a.name.empty() && a.object != nullptr ? a.object->GetString("metadata.name") : a.name;
    if (name == node) return absl::OkStatus();
    return Refuse(a, "can only access node lease with the same name as the requesting node");
  }

  absl::Status CsiNode(const Attributes& a, const std::string& node) const {
    const std::string name = a.name.empty() && a.object != nullptr ? a.object->GetString("metadata.name") : a.name;
    if (name == node) return absl::OkStatus();
    return Refuse(a, "can only access CSINode with the same name as the requesting node");
  }

  absl::Status Slice(const Attributes& a, const std::string& node) const {
    if (a.operation == Operation::kCreate && a.object->GetString("spec.nodeName") != node) {
      return Refuse(a, "can only create ResourceSlice with the same NodeName as the requesting node");
    }
    if (a.operation == Operation::kDelete && a.old != nullptr && a.old->GetString("spec.nodeName") != node) {
      return Refuse(a, "can only delete ResourceSlice with the same NodeName as the requesting node");
    }
    return absl::OkStatus();
  }

  const pipeline::ObjectReader& reader_;
  const auth::Authorizer* const authorizer_;
};

}  // namespace

PluginPtr NewNodeRestriction(const PluginSeams& seams) { return std::make_unique<NodeRestriction>(seams); }

}  // namespace apiserver::admission
