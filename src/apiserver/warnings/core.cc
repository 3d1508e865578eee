// The rest of core/v1.
#include "absl/strings/str_cat.h"
#include "apimachinery/codec.h"
#include "apiserver/warnings/key_pair.h"
#include "apiserver/warnings/notes.h"

namespace apiserver::warnings {
namespace {

using apimachinery::Array;
using validation::Items;
using validation::Sub;
using validation::Text;

void IpList(Notes& notes, const Path& p, const Array& ips) {
  for (size_t i = 0; i < ips.size(); ++i) notes.Ip(p[i], ips[i].as_string());
}
void CidrList(Notes& notes, const Path& p, const Array& cidrs) {
  for (size_t i = 0; i < cidrs.size(); ++i) notes.Cidr(p[i], cidrs[i].as_string());
}

void Service(Notes& notes, const Value& object, const Value*) {
  const Path p("spec");
  const Value& spec = Sub(object, "spec");
  const absl::string_view type = Text(spec, "type"), ip = Text(spec, "clusterIP");
  if (Sub(Sub(object, "metadata"), "annotations").Has("service.kubernetes.io/topology-aware-hints")) {
    notes.Add("annotation service.kubernetes.io/topology-aware-hints is deprecated, please use "
              "service.kubernetes.io/topology-mode instead");
  }
  if (!ip.empty() && ip != "None") IpList(notes, p / "clusterIPs", Items(spec, "clusterIPs"));
  if (type == "ClusterIP" && ip == "None") {
    if (!Text(spec, "loadBalancerIP").empty()) notes.Add("spec.loadBalancerIP is ignored for headless services");
    if (!Items(spec, "externalIPs").empty()) notes.Add("spec.externalIPs is ignored for headless services");
    if (Text(spec, "sessionAffinity") != "None") notes.Add("spec.SessionAffinity is ignored for headless services");
  }
  IpList(notes, p / "externalIPs", Items(spec, "externalIPs"));
  if (!Text(spec, "loadBalancerIP").empty()) notes.Ip(p / "loadBalancerIP", Text(spec, "loadBalancerIP"));
  CidrList(notes, p / "loadBalancerSourceRanges", Items(spec, "loadBalancerSourceRanges"));
  if (type == "ExternalName" && !Items(spec, "externalIPs").empty()) {
    notes.Add("spec.externalIPs is ignored when spec.type is \"ExternalName\"");
  }
  if (type != "ExternalName" && !Text(spec, "externalName").empty()) {
    notes.Add("spec.externalName is ignored when spec.type is not \"ExternalName\"");
  }
  if (Text(spec, "trafficDistribution") == "PreferClose") {
    notes.Add("spec.trafficDistribution: \"PreferClose\" is deprecated; use \"PreferSameZone\"");
  }
}

void Endpoints(Notes& notes, const Value& object, const Value*) {
  const Value& labels = Sub(Sub(object, "metadata"), "labels");
  if (Text(labels, "endpoints.kubernetes.io/managed-by") == "endpoint-controller") return;
  const Path p("subsets");
  const Array& subsets = Items(object, "subsets");
  for (size_t i = 0; i < subsets.size(); ++i) {
    const Path subset = p[i];
    for (const char* list : {"addresses", "notReadyAddresses"}) {
      const Path addresses = subset / list;
      const Array& items = Items(subsets[i], list);
      for (size_t k = 0; k < items.size(); ++k) {
        const Path at = addresses[k];
        notes.Ip(at / "ip", Text(items[k], "ip"));
      }
    }
  }
}

void Node(Notes& notes, const Value& object, const Value*) {
  const Path p("spec");
  const Value& spec = Sub(object, "spec");
  if (spec.Has("configSource")) notes.Add("spec.configSource: the feature is removed");
  if (!Text(spec, "externalID").empty()) {
    notes.Add("spec.externalID: this field is deprecated, and is unused by Kubernetes");
  }
  CidrList(notes, p / "podCIDRs", Items(spec, "podCIDRs"));
}

void PersistentVolume(Notes& notes, const Value& object, const Value*) {
  const Path p("spec"), annotations("metadata.annotations");
  const Value& spec = Sub(object, "spec");
  static constexpr std::pair<absl::string_view, absl::string_view> kAnnotations[] = {
      {"volume.beta.kubernetes.io/storage-class", "deprecated since v1.8; use \"storageClassName\" attribute instead"},
      {"volume.beta.kubernetes.io/mount-options", "deprecated since v1.31; use \"mountOptions\" attribute instead"},
  };
  for (const auto& [key, text] : kAnnotations) {
    if (Sub(Sub(object, "metadata"), "annotations").Has(key)) notes.At(annotations.Key(key), text);
  }
  if (Text(spec, "persistentVolumeReclaimPolicy") == "Recycle") {
    notes.At(p / "persistentVolumeReclaimPolicy",
             "The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.");
  }
  const Path terms = p / "nodeAffinity.required.nodeSelectorTerms";
  const Array& list = Items(Sub(Sub(spec, "nodeAffinity"), "required"), "nodeSelectorTerms");
  for (size_t i = 0; i < list.size(); ++i) notes.NodeSelectorTerm(terms[i], list[i], false);
  struct Old {
    const char *member, *shown, *text;
  };
  static constexpr Old kPlugins[] = {
      {"cephfs", "cephfs", "deprecated in v1.28, non-functional in v1.31+"},
      {"photonPersistentDisk", "photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"},
      {"scaleIO", "scaleIO", "deprecated in v1.16, non-functional in v1.22+"},
      {"storageos", "storageOS", "deprecated in v1.22, non-functional in v1.25+"},
      {"glusterfs", "glusterfs", "deprecated in v1.25, non-functional in v1.26+"},
      {"rbd", "rbd", "deprecated in v1.28, non-functional in v1.31+"},
  };
  for (const Old& old : kPlugins) {
    if (spec.Has(old.member)) notes.At(p / old.shown, old.text);
  }
}

void Claim(Notes& notes, const Value& object, const Value*) {
  constexpr char kClass[] = "volume.beta.kubernetes.io/storage-class";
  const Path annotations("metadata.annotations");
  if (Sub(Sub(object, "metadata"), "annotations").Has(kClass)) {
    notes.At(annotations.Key(kClass), "deprecated since v1.8; use \"storageClassName\" attribute instead");
  }
  notes.ClaimSpec(Path("spec"), Sub(object, "spec"));
}

void Secret(Notes& notes, const Value& object, const Value*) {
  if (Text(object, "type") != "kubernetes.io/tls") return;
  const auto bytes = [&](absl::string_view key) {
    std::string out;
    apimachinery::Base64Decode(Text(Sub(object, "data"), key), &out);
    return out;
  };
  if (std::string problem = KeyPairProblem(bytes("tls.crt"), bytes("tls.key")); !problem.empty()) {
    notes.Add(std::move(problem));
  }
}

void ServiceAccount(Notes& notes, const Value& object, const Value* old) {
  constexpr char kKey[] = "kubernetes.io/enforce-mountable-secrets";
  const auto set = [&](const Value& account) { return Sub(Sub(account, "metadata"), "annotations").Has(kKey); };
  if (!set(object) || (old != nullptr && set(*old))) return;
  const Path annotations("metadata.annotations");
  notes.At(annotations.Key(kKey),
           "deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets");
}

void ResourceQuota(Notes& notes, const Value& object, const Value* old) {
  if (old != nullptr) return;
  const Value& hard = Sub(Sub(object, "spec"), "hard");
  for (const absl::string_view resource : {"cpu", "memory", "storage", "ephemeral-storage"}) {
    std::string name = absl::StrCat("requests.", resource);
    const Value* request = hard.Find(name);
    if (request == nullptr && (resource == "cpu" || resource == "memory")) {
      request = hard.Find(resource);
      name = std::string(resource);
    }
    const Value* limit = hard.Find(absl::StrCat("limits.", resource));
    if (request == nullptr || limit == nullptr) continue;
    if (validation::QuantityOf(*request).Compare(validation::QuantityOf(*limit)) <= 0) continue;
    notes.Add(absl::StrCat("ResourceQuota ", name, " (", request->as_string(), ") should be less than limits.", resource, " (",
                           limit->as_string(), ")"));
  }
}

void BalancerStatus(Notes& notes, const Value& object, const Value*) {
  const Path p("status.loadBalancer.ingress");
  const Array& points = Items(Sub(Sub(object, "status"), "loadBalancer"), "ingress");
  for (size_t i = 0; i < points.size(); ++i) notes.Ip(p[i], Text(points[i], "ip"));
}

}  // namespace

absl::Span<const KindNotes> CoreNotes() {
  static constexpr KindNotes kNotes[] = {
      {"", "Service", "", Service},
      {"", "Service", "status", BalancerStatus},
      {"", "Endpoints", "", Endpoints},
      {"", "Node", "", Node},
      {"", "PersistentVolume", "", PersistentVolume},
      {"", "PersistentVolumeClaim", "", Claim},
      {"", "Secret", "", Secret},
      {"", "ServiceAccount", "", ServiceAccount},
      {"", "ResourceQuota", "", ResourceQuota},
  };
  return kNotes;
}

}  // namespace apiserver::warnings
