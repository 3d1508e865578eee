// Pod, PodTemplate and ReplicationController.
#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "apiserver/validation/go_diff.h"
#include "apiserver/validation/kinds.h"
#include "apiserver/validation/pod.h"
#include "apiserver/validation/qos.h"

namespace apiserver::validation {
namespace {

constexpr char kAppArmor[] = "container.apparmor.security.beta.kubernetes.io/";
constexpr char kMirror[] = "kubernetes.io/config.mirror";

void Whole(FieldErrors& e, const Value& pod) {
  const Path metadata("metadata"), spec_path("spec");
  const Value& spec = Sub(pod, "spec");
  const Value& meta = Sub(pod, "metadata");
  Metadata(e, pod, true, SubdomainName);
  PodAnnotations(e, metadata / "annotations", meta.Find("annotations"), spec);
  PodSpec(e, spec_path, spec, &meta);
  if (Text(spec, "serviceAccountName").empty()) {
    const Path volumes = spec_path / "volumes";
    for (size_t i = 0; i < Items(spec, "volumes").size(); ++i) {
      const Path at = volumes[i];
      const Path sources = at / "projected.sources";
      const Array& list = Items(Sub(Items(spec, "volumes")[i], "projected"), "sources");
      for (size_t k = 0; k < list.size(); ++k) {
        const Path here = sources[k];
        if (list[k].Has("serviceAccountToken")) {
          e.Forbidden(here / "serviceAccountToken", "must not be specified when serviceAccountName is not set");
        }
      }
    }
  }
  for (const char* key : {"containers", "initContainers"}) {
    const Path list_path = spec_path / key;
    for (size_t i = 0; i < Items(spec, key).size(); ++i) {
      const absl::string_view image = Text(Items(spec, key)[i], "image");
      const Path at = list_path[i];
      if (image != absl::StripAsciiWhitespace(image)) {
        e.Invalid(at / "image", Value(image), "must not have leading or trailing whitespace");
      }
    }
  }
}

void PodCreate(FieldErrors& e, const Value& pod) {
  Whole(e, pod);
  const Path spec_path("spec");
  const Value& spec = Sub(pod, "spec");
  if (!Items(spec, "ephemeralContainers").empty()) {
    e.Forbidden(spec_path / "ephemeralContainers", "cannot be set on create");
  }
  if (!Text(spec, "nodeName").empty() && !Items(spec, "schedulingGates").empty()) {
    e.Forbidden(spec_path / "nodeName", "cannot be set until all schedulingGates have been cleared");
  }
  SeccompAndAppArmorAgree(e, spec_path, Sub(pod, "metadata").Find("annotations"), spec);
}

void AnnotationUpdates(FieldErrors& e, const Value& pod, const Value& old) {
  const Path metadata("metadata");
  const Path p = metadata / "annotations";
  const Value& now = Sub(Sub(pod, "metadata"), "annotations");
  const Value& before = Sub(Sub(old, "metadata"), "annotations");
  for (const auto& [key, value] : before.object()) {
    const Value* same = now.Find(key);
    if (same != nullptr && *same == value) continue;
    if (absl::StartsWith(key, kAppArmor)) e.Forbidden(p.Key(key), "may not remove or update AppArmor annotations");
    if (key == kMirror) e.Forbidden(p.Key(key), "may not remove or update mirror pod annotation");
  }
  for (const auto& [key, value] : now.object()) {
    if (before.Has(key)) continue;
    if (absl::StartsWith(key, kAppArmor)) e.Forbidden(p.Key(key), "may not add AppArmor annotations");
    if (key == kMirror) e.Forbidden(p.Key(key), "may not add mirror pod annotation");
  }
  PodAnnotations(e, p, Sub(pod, "metadata").Find("annotations"), Sub(pod, "spec"));
}

// False: containers were added or removed, nothing more to say.
bool SameContainers(FieldErrors& e, const Path& p, const Array& now, const Array& old) {
  if (now.size() != old.size()) {
    e.Forbidden(p, "pod updates may not add or remove containers");
    return false;
  }
  for (size_t i = 0; i < now.size(); ++i) {
    const absl::string_view image = Text(now[i], "image");
    const Path at = p[i];
    if (image.empty()) e.Required(at / "image");
    if (image != absl::StripAsciiWhitespace(image)) {
      e.Invalid(at / "image", Value(image), "must not have leading or trailing whitespace");
    }
  }
  return true;
}

bool SameToleration(Value a, Value b) {
  a.Erase("tolerationSeconds");
  b.Erase("tolerationSeconds");
  return SameValue(&a, &b);
}

void PodUpdate(FieldErrors& e, const Value& pod, const Value& old) {
  MetadataUpdate(e, pod, old);
  Whole(e, pod);
  AnnotationUpdates(e, pod, old);
  const Path p("spec");
  const Value& spec = Sub(pod, "spec");
  const Value& before = Sub(old, "spec");
  if (!SameContainers(e, p / "containers", Items(spec, "containers"), Items(before, "containers"))) return;
  if (!SameContainers(e, p / "initContainers", Items(spec, "initContainers"), Items(before, "initContainers"))) return;
  const Value* deadline = spec.Find("activeDeadlineSeconds");
  const Value* old_deadline = before.Find("activeDeadlineSeconds");
  const Path deadline_path = p / "activeDeadlineSeconds";
  if (deadline != nullptr) {
    const int64_t seconds = deadline->as_int();
    if (seconds < 0 || seconds > 2147483647) return e.Invalid(deadline_path, seconds, RangeText(0, 2147483647));
    if (old_deadline != nullptr && old_deadline->as_int() < seconds) {
      return e.Invalid(deadline_path, seconds, "must be less than or equal to previous value");
    }
  } else if (old_deadline != nullptr) {
    e.Invalid(deadline_path, Value(), "must not update from a positive integer to nil value");
  }
  const Array& tolerations = Items(spec, "tolerations");
  bool kept = true;
  for (const Value& toleration : Items(before, "tolerations")) {
    kept = kept && std::any_of(tolerations.begin(), tolerations.end(),
                               [&](const Value& now) { return SameToleration(now, toleration); });
  }
  if (!kept) {
    e.Forbidden(p / "tolerations", "existing toleration can not be modified except its tolerationSeconds");
  } else {
    Tolerations(e, p / "tolerations", tolerations);
  }
  const Path gates = p / "schedulingGates";
  const Array& old_gates = Items(before, "schedulingGates");
  for (size_t i = 0; i < Items(spec, "schedulingGates").size(); ++i) {
    const Value& gate = Items(spec, "schedulingGates")[i];
    if (std::any_of(old_gates.begin(), old_gates.end(),
                    [&](const Value& g) { return Text(g, "name") == Text(gate, "name"); })) {
      continue;
    }
    const Path at = gates[i];
    e.Forbidden(at / "name", absl::StrCat("only deletion is allowed, but found new scheduling gate '",
                                          Text(gate, "name"), "'"));
  }
  if (SameValue(&spec, &before)) return;
  Value munged = spec;
  for (const char* key : {"containers", "initContainers"}) {
    Value* list = munged.Find(key);
    if (list == nullptr) continue;
    for (size_t i = 0; i < list->size(); ++i) {
      const Value* image = Items(before, key)[i].Find("image");
      if (image != nullptr) {
        list->array()[i].Set("image", *image);
      } else {
        list->array()[i].Erase("image");
      }
    }
  }
  const auto take_old = [&](absl::string_view key) {
    const Value* value = before.Find(key);
    if (value == nullptr) {
      munged.Erase(key);
    } else {
      munged.Set(key, *value);
    }
  };
  take_old("activeDeadlineSeconds");
  take_old("schedulingGates");
  take_old("tolerations");
  if (Int(before, "terminationGracePeriodSeconds") < 0 && Int(munged, "terminationGracePeriodSeconds") == 1) {
    take_old("terminationGracePeriodSeconds");
  }
  if (!old_gates.empty()) {
    take_old("nodeSelector");  // gated pods may narrow where they run
    if (const Value* affinity = before.At("affinity.nodeAffinity")) {
      munged["affinity"].Set("nodeAffinity", *affinity);
    } else {
      munged.EraseAt("affinity.nodeAffinity");
    }
  }
  if (SameValue(&munged, &before)) return;
  e.Forbidden(p, absl::StrCat("pod updates may not change fields other than `spec.containers[*].image`,"
                              "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only "
                              "additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be "
                              "set to 1 if it was previously negative)\n",
                              GoDiff("core.PodSpec", before, munged)));
}

void StateTransition(FieldErrors& e, const Path& p, const Array& now, const Array& old, const Value& spec,
                     bool ephemeral) {
  const absl::string_view policy = Text(spec, "restartPolicy");
  if (policy == "Always" && !ephemeral) return;
  for (size_t i = 0; i < old.size(); ++i) {
    const Value* terminated = old[i].At("state.terminated");
    if (terminated == nullptr) continue;
    if (!ephemeral && policy == "OnFailure" && Int(*terminated, "exitCode") != 0) continue;
    bool sidecar = false;
    for (const Value& c : Items(spec, "initContainers")) {
      sidecar = sidecar || (Text(c, "name") == Text(old[i], "name") && Text(c, "restartPolicy") == "Always");
    }
    if (sidecar) continue;
    for (const Value& status : now) {
      if (Text(status, "name") != Text(old[i], "name") || status.At("state.terminated") != nullptr) continue;
      const Path at = p[i];
      e.Forbidden(at / "state", "may not be transitioned to non-terminated state");
    }
  }
}

void Ips(FieldErrors& e, const Path& p, const Array& ips, const Value& shown) {
  for (size_t i = 0; i < ips.size(); ++i) LegacyIp(e, p[i], Text(ips[i], "ip"));
  if (ips.size() > 1) {
    int v4 = 0, v6 = 0;
    for (const Value& ip : ips) (IpFamily(Text(ip, "ip")) == 6 ? v6 : v4)++;
    if (v4 == 0 || v6 == 0 || ips.size() > 2) {
      e.Invalid(p, shown, "may specify no more than one IP for each IP family");
    }
  }
}

void PodStatus(FieldErrors& e, const Value& pod, const Value& old) {
  MetadataUpdate(e, pod, old);
  AnnotationUpdates(e, pod, old);
  const Path p("status");
  const Value& status = Sub(pod, "status");
  const Value& before = Sub(old, "status");
  const Path conditions = p / "conditions";
  const Array& list = Items(status, "conditions");
  for (size_t i = 0; i < list.size(); ++i) {
    const Path at = conditions[i];
    if (Int(list[i], "observedGeneration") < 0) {
      e.Invalid(at / "observedGeneration", Int(list[i], "observedGeneration"), "must be a non-negative integer");
    }
    if (!In(Text(list[i], "type"), {"PodScheduled", "Ready", "Initialized"})) {
      LabelName(e, at / "Type", Text(list[i], "type"));
    }
  }
  const absl::string_view nominated = Text(status, "nominatedNodeName");
  if (!nominated.empty() && nominated != Text(before, "nominatedNodeName")) {
    Named(e, p / "nominatedNodeName", nominated, SubdomainName(nominated, false));
    if (!Text(Sub(old, "spec"), "nodeName").empty()) {
      e.Forbidden(p / "nominatedNodeName", "may not be set on pods that are already bound to a node");
    }
  }
  if (Int(status, "observedGeneration") < 0) {
    e.Invalid(p / "observedGeneration", Int(status, "observedGeneration"), "must be a non-negative integer");
  }
  Immutable(e, p / "qosClass", status.Find("qosClass"), before.Find("qosClass"));
  const Value& spec = Sub(old, "spec");
  StateTransition(e, p / "containerStatuses", Items(status, "containerStatuses"), Items(before, "containerStatuses"),
                  spec, false);
  StateTransition(e, p / "initContainerStatuses", Items(status, "initContainerStatuses"),
                  Items(before, "initContainerStatuses"), spec, false);
  StateTransition(e, p / "ephemeralContainerStatuses", Items(status, "ephemeralContainerStatuses"),
                  Items(before, "ephemeralContainerStatuses"), spec, true);
  const Path claims = p / "resourceClaimStatuses";
  std::set<std::string> seen;
  for (size_t i = 0; i < Items(status, "resourceClaimStatuses").size(); ++i) {
    const Value& claim = Items(status, "resourceClaimStatuses")[i];
    const std::string name(Text(claim, "name"));
    const Path at = claims[i];
    const Array& known = Items(Sub(pod, "spec"), "resourceClaims");
    if (std::none_of(known.begin(), known.end(), [&](const Value& c) { return Text(c, "name") == name; })) {
      e.Invalid(at / "name", name, "must match the name of an entry in `spec.resourceClaims`");
    }
    if (!seen.insert(name).second) e.Duplicate(at / "name", name);
    if (const Value* made = claim.Find("resourceClaimName")) {
      Named(e, at / "name", made->as_string(), SubdomainName(made->as_string(), false));
    }
  }
  Ips(e, p / "podIPs", Items(status, "podIPs"), Get(status, "podIPs"));
  const Array& hosts = Items(status, "hostIPs");
  if (!hosts.empty()) {
    const Path hosts_path = p / "hostIPs";
    const Path first = hosts_path[0];
    if (Text(status, "hostIP") != Text(hosts[0], "ip")) {
      e.Invalid(first / "ip", Value(Text(hosts[0], "ip")), "must be equal to `hostIP`");
    }
    Ips(e, hosts_path, hosts, Get(status, "hostIPs"));
  }
}

void PodTemplateCreate(FieldErrors& e, const Value& object) {
  Metadata(e, object, true, SubdomainName);
  PodTemplate(e, Path("template"), Sub(object, "template"));
}

void PodTemplateUpdate(FieldErrors& e, const Value& object, const Value& old) {
  MetadataUpdate(e, object, old);
  PodTemplate(e, Path("template"), Sub(object, "template"));
}

void ReplicationControllerSpec(FieldErrors& e, const Value& rc) {
  const Path p("spec");
  const Value& spec = Sub(rc, "spec");
  NonNegative(e, p, spec, "minReadySeconds");
  const Object& selector = Entries(spec, "selector");
  if (selector.empty()) e.Required(p / "selector");
  if (!spec.Has("replicas")) {
    e.Required(p / "replicas");
  } else {
    NonNegative(e, p, spec, "replicas");
  }
  const Path template_path = p / "template";
  const Value* pod = spec.Find("template");
  if (pod == nullptr) return e.Required(template_path);
  const Value& labels = Sub(Sub(*pod, "metadata"), "labels");
  for (const auto& [key, value] : selector) {
    const Value* have = labels.Find(key);
    if (have != nullptr && *have == value) continue;
    e.Invalid(template_path / "metadata.labels", Get(Sub(*pod, "metadata"), "labels"),
              "`selector` does not match template `labels`");
    break;
  }
  PodTemplate(e, template_path, *pod);
  const Value& pod_spec = Sub(*pod, "spec");
  if (Text(pod_spec, "restartPolicy") != "Always") {
    OneOf(e, template_path / "spec.restartPolicy", Text(pod_spec, "restartPolicy"), {"Always"});
  }
  if (pod_spec.Has("activeDeadlineSeconds")) {
    e.Forbidden(template_path / "spec.activeDeadlineSeconds",
                "activeDeadlineSeconds in ReplicationController is not Supported");
  }
}

// Of a generateName only the finished name is judged; its length is counted in bytes.
Problems MadeName(absl::string_view name, bool prefix) {
  if (prefix) return {};
  Problems problems = SubdomainName(name, false);
  for (std::string& problem : problems) {
    if (problem == "must be no more than 253 characters") problem = "must be no more than 253 bytes";
  }
  return problems;
}

void ReplicationControllerCreate(FieldErrors& e, const Value& rc) {
  Metadata(e, rc, true, MadeName);
  ReplicationControllerSpec(e, rc);
}

void ReplicationControllerUpdate(FieldErrors& e, const Value& rc, const Value& old) {
  MetadataUpdate(e, rc, old);
  ReplicationControllerSpec(e, rc);
}

void ReplicationControllerStatus(FieldErrors& e, const Value& rc, const Value& old) {
  MetadataUpdate(e, rc, old);
  const Path p("status");
  const Value& s = Sub(rc, "status");
  for (const char* key : {"replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas",
                          "observedGeneration"}) {
    NonNegative(e, p, s, key);
  }
  const auto most = [&](absl::string_view key, absl::string_view of, const char* text) {
    if (Int(s, key) > Int(s, of)) e.Invalid(p / key, Int(s, key), text);
  };
  most("fullyLabeledReplicas", "replicas", "cannot be greater than status.replicas");
  most("readyReplicas", "replicas", "cannot be greater than status.replicas");
  most("availableReplicas", "replicas", "cannot be greater than status.replicas");
  most("availableReplicas", "readyReplicas", "cannot be greater than readyReplicas");
}

}  // namespace

void PodEphemeralContainers(FieldErrors& e, const Value& pod, const Value& old) {
  MetadataUpdate(e, pod, old);
  Whole(e, pod);
  AnnotationUpdates(e, pod, old);
  if (Sub(Sub(old, "metadata"), "annotations").Has(kMirror)) {
    e = FieldErrors();
    return e.Forbidden(Path(), "static pods do not support ephemeral containers");
  }
  const Path p("spec");
  const Array& now = Items(Sub(pod, "spec"), "ephemeralContainers");
  for (const Value& was : Items(Sub(old, "spec"), "ephemeralContainers")) {
    const auto same = std::find_if(now.begin(), now.end(),
                                   [&](const Value& c) { return Text(c, "name") == Text(was, "name"); });
    const std::string name = absl::StrCat("existing ephemeral containers \"", Text(was, "name"), "\" may not be ");
    if (same == now.end()) {
      e.Forbidden(p / "ephemeralContainers", absl::StrCat(name, "removed\n"));
    } else if (!SameValue(&*same, &was)) {
      e.Forbidden(p / "ephemeralContainers",
                  absl::StrCat(name, "changed\n", GoDiff("core.EphemeralContainer", was, *same)));
    }
  }
}

// Nodes that cannot resize tell no resources of what runs on them.
bool ResizeSupported(const Value& pod) {
  for (const Value& status : Items(Sub(pod, "status"), "containerStatuses")) {
    if (status.At("state.running") != nullptr) return status.Has("resources");
  }
  return true;
}

void DropCpuAndMemory(Value& container) {
  for (const char* which : {"resources.requests", "resources.limits"}) {
    Value* amounts = container.At(which);
    if (amounts == nullptr) continue;
    amounts->Erase("cpu");
    amounts->Erase("memory");
    if (amounts->empty()) container.EraseAt(which);
  }
  if (const Value* resources = container.Find("resources"); resources != nullptr && resources->empty()) container.Erase("resources");
}

void PodResize(FieldErrors& e, const Value& pod, const Value& old) {
  MetadataUpdate(e, pod, old);
  Whole(e, pod);
  const Path p("spec");
  if (Sub(Sub(old, "metadata"), "annotations").Has(kMirror)) {
    e = FieldErrors();
    return e.Forbidden(Path(), "static pods cannot be resized");
  }
  const std::string was_class(Text(Sub(old, "status"), "qosClass"));
  if (QosClass(pod) != (was_class.empty() ? QosClass(old) : was_class)) {
    e.Invalid(p, Value(Text(Sub(pod, "status"), "qosClass")), "Pod QOS Class may not change as a result of resizing");
  }
  if (!ResizeSupported(old)) e.Forbidden(p, "Pod running on node without support for resize");
  const Value& spec = Sub(pod, "spec");
  const Value& before = Sub(old, "spec");
  for (const char* key : {"containers", "initContainers"}) {
    if (Items(spec, key).size() != Items(before, key).size()) {
      return e.Forbidden(p / key, absl::StrCat(key, " may not be added or removed on resize"));
    }
    const Path list = p / key;
    for (size_t i = 0; i < Items(spec, key).size(); ++i) {
      const Path at = list[i];
      if (Text(Items(spec, key)[i], "name") != Text(Items(before, key)[i], "name")) {
        return e.Forbidden(at / "name", "containers may not be renamed or reordered on resize");
      }
      for (const char* which : {"requests", "limits"}) {
        const Value& now = Sub(Sub(Items(spec, key)[i], "resources"), which);
        for (const auto& [name, amount] : Entries(Sub(Items(before, key)[i], "resources"), which)) {
          if (now.Has(name)) continue;
          const Path resources = at / "resources";
          e.Forbidden(resources / which, std::string(which) == "requests" ? "resource requests cannot be removed"
                                                                         : "resource limits cannot be removed");
          break;
        }
      }
    }
  }
  for (const char* key : {"containers", "initContainers"}) {
    for (size_t i = 0; i < Items(spec, key).size(); ++i) {
      Value now = Items(spec, key)[i], was = Items(before, key)[i];
      const bool init = std::string(key) == "initContainers", sidecar = Text(now, "restartPolicy") == "Always";
      if (!init || sidecar) {
        DropCpuAndMemory(now);
        DropCpuAndMemory(was);
      }
      if (SameValue(&now, &was)) continue;
      e.Forbidden(p, !init     ? "only cpu and memory resources are mutable"
                     : sidecar ? "only cpu and memory resources for sidecar containers are mutable"
                               : "resources for non-sidecar init containers are immutable");
    }
  }
}

absl::Span<const KindRules> PodKinds() {
  static constexpr KindRules kRules[] = {
      {"", "Pod", PodCreate, PodUpdate, PodStatus},
      {"", "PodTemplate", PodTemplateCreate, PodTemplateUpdate},
      {"", "ReplicationController", ReplicationControllerCreate, ReplicationControllerUpdate,
       ReplicationControllerStatus},
  };
  return kRules;
}

}  // namespace apiserver::validation
