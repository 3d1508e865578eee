// apps/v1: Deployment, ReplicaSet, StatefulSet, DaemonSet, ControllerRevision.
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "apimachinery/intstr.h"
#include "apimachinery/json.h"
#include "apimachinery/labels.h"
#include "apiserver/validation/go_json.h"
#include "apiserver/validation/kinds.h"
#include "apiserver/validation/pod.h"

namespace apiserver::validation {
namespace {

bool IsPercent(const Value& v) { return v.is_string() && apimachinery::IsValidPercent(v.as_string()).empty(); }

int Amount(const Value& v) {
  if (!IsPercent(v)) return apimachinery::IntOrStringValue(v);
  int n = 0;
  return absl::SimpleAtoi(v.as_string().substr(0, v.as_string().size() - 1), &n) ? n : 0;
}

void IntOrPercent(FieldErrors& e, const Path& p, const Value& v) {
  if (v.is_string()) {
    Named(e, p, v.as_string(), apimachinery::IsValidPercent(v.as_string()));
  } else if (v.is_int() && v.as_int() < 0) {
    e.Invalid(p, v, kNegative);
  }
}

void AtMostAll(FieldErrors& e, const Path& p, const Value& v) {
  if (IsPercent(v) && Amount(v) > 100) e.Invalid(p, v, "must not be greater than 100%");
}

void Selector(FieldErrors& e, const Path& p, const Value& spec, const char* empty_text, bool required) {
  const Value* selector = spec.Find("selector");
  if (selector == nullptr) {
    if (required) e.Required(p / "selector");
    return;
  }
  LabelSelectorObject(e, p / "selector", selector);
  if (EmptySelector(selector)) InvalidSelector(e, p / "selector", selector, empty_text);
}

// False: the selector cannot be understood.
bool MatchesTemplate(FieldErrors& e, const Path& p, const Value& spec, bool also_when_empty) {
  const Value* selector = spec.Find("selector");
  const auto parsed = apimachinery::LabelSelector::FromObject(selector);
  if (!parsed.ok()) return false;
  const Value& metadata = Sub(Sub(spec, "template"), "metadata");
  const Value* labels = metadata.Find("labels");
  // No selector at all matches nothing.
  if (selector == nullptr || ((also_when_empty || !EmptySelector(selector)) && !parsed->Matches(labels))) {
    e.Invalid(p / "template.metadata.labels", Get(metadata, "labels"),
              "`selector` does not match template `labels`");
  }
  return true;
}

void OnlyAlways(FieldErrors& e, const Path& p, const Value& spec, absl::string_view kind) {
  const Value& pod = Sub(Sub(spec, "template"), "spec");
  if (Text(pod, "restartPolicy") != "Always") {
    OneOf(e, p / "template.spec.restartPolicy", Text(pod, "restartPolicy"), {"Always"});
  }
  if (pod.Has("activeDeadlineSeconds")) {
    e.Forbidden(p / "template.spec.activeDeadlineSeconds",
                absl::StrCat("activeDeadlineSeconds in ", kind, " is not Supported"));
  }
}

void Counts(FieldErrors& e, const Path& p, const Value& v, Strings keys) {
  for (absl::string_view key : keys) NonNegative(e, p, v, key);
}

void AtMost(FieldErrors& e, const Path& p, const Value& v, absl::string_view key, absl::string_view of,
            absl::string_view text) {
  if (Int(v, key) > Int(v, of)) e.Invalid(p / key, Int(v, key), text);
}

void CollisionCount(FieldErrors& e, const Value& object, const Value& old) {
  const Value& now = Sub(object, "status");
  const Value& before = Sub(old, "status");
  if (!before.Has("collisionCount")) return;
  if (!now.Has("collisionCount") || Int(now, "collisionCount") < Int(before, "collisionCount")) {
    const Path p("status");
    e.Invalid(p / "collisionCount", Int(now, "collisionCount"), "cannot be decremented");
  }
}

// ---- Deployment and ReplicaSet

void TemplateOfReplicas(FieldErrors& e, const Path& p, const Value& spec) {
  if (!MatchesTemplate(e, p, spec, false)) {
    return InvalidSelector(e, p / "selector", spec.Find("selector"), "invalid label selector");
  }
  PodTemplate(e, p / "template", Sub(spec, "template"));
  OnlyAlways(e, p, spec, "ReplicaSet");
}

void Strategy(FieldErrors& e, const Path& p, const Value& strategy) {
  const absl::string_view type = Text(strategy, "type");
  const Value* rolling = strategy.Find("rollingUpdate");
  const Path at = p / "rollingUpdate";
  if (type == "Recreate") {
    if (rolling != nullptr) e.Forbidden(at, "may not be specified when strategy `type` is 'Recreate'");
  } else if (type == "RollingUpdate") {
    if (rolling == nullptr) return e.Required(at, "this should be defaulted and never be nil");
    const Value& unavailable = Get(*rolling, "maxUnavailable");
    const Value& surge = Get(*rolling, "maxSurge");
    IntOrPercent(e, at / "maxUnavailable", unavailable);
    IntOrPercent(e, at / "maxSurge", surge);
    if (Amount(unavailable) == 0 && Amount(surge) == 0) {
      e.Invalid(at / "maxUnavailable", unavailable, "may not be 0 when `maxSurge` is 0");
    }
    AtMostAll(e, at / "maxUnavailable", unavailable);
  } else {
    Value shown = Value::MakeObject();  // as upstream prints its inner type
    shown.Set("Type", Value(type));
    Value inner;
    if (rolling != nullptr) {
      inner = Value::MakeObject();
      inner.Set("MaxUnavailable", rolling->Has("maxUnavailable") ? Get(*rolling, "maxUnavailable") : Value(0));
      inner.Set("MaxSurge", rolling->Has("maxSurge") ? Get(*rolling, "maxSurge") : Value(0));
    }
    shown.Set("RollingUpdate", std::move(inner));
    e.NotSupported(p, shown, {"Recreate", "RollingUpdate"});
  }
}

void DeploymentSpec(FieldErrors& e, const Value& object) {
  const Path p("spec");
  const Value& spec = Sub(object, "spec");
  NonNegative(e, p, spec, "replicas");
  Selector(e, p, spec, "empty selector is invalid for deployment", true);
  TemplateOfReplicas(e, p, spec);
  Strategy(e, p / "strategy", Sub(spec, "strategy"));
  NonNegative(e, p, spec, "minReadySeconds");
  NonNegative(e, p, spec, "revisionHistoryLimit");
  if (const Value* deadline = spec.Find("progressDeadlineSeconds")) {
    NonNegative(e, p, spec, "progressDeadlineSeconds");
    if (deadline->as_int() <= Int(spec, "minReadySeconds")) {
      e.Invalid(p / "progressDeadlineSeconds", *deadline, "must be greater than minReadySeconds");
    }
  }
}

void DeploymentCreate(FieldErrors& e, const Value& object) {
  Metadata(e, object, true, SubdomainName);
  DeploymentSpec(e, object);
}

void SelectorStays(FieldErrors& e, const Value& object, const Value& old) {
  const Path p("spec");
  ImmutableAs(e, p / "selector", "*meta.LabelSelector", object.At("spec.selector"), old.At("spec.selector"));
}

void DeploymentUpdate(FieldErrors& e, const Value& object, const Value& old) {
  MetadataUpdate(e, object, old);
  DeploymentSpec(e, object);
  SelectorStays(e, object, old);
}

void DeploymentStatus(FieldErrors& e, const Value& object, const Value& old) {
  MetadataUpdate(e, object, old);
  const Path p("status");
  const Value& s = Sub(object, "status");
  Counts(e, p, s, {"observedGeneration", "replicas", "updatedReplicas", "readyReplicas", "availableReplicas",
                   "unavailableReplicas", "terminatingReplicas", "collisionCount"});
  constexpr char kText[] = "cannot be greater than status.replicas";
  AtMost(e, p, s, "updatedReplicas", "replicas", kText);
  AtMost(e, p, s, "readyReplicas", "replicas", kText);
  AtMost(e, p, s, "availableReplicas", "replicas", kText);
  AtMost(e, p, s, "availableReplicas", "readyReplicas", "cannot be greater than readyReplicas");
  CollisionCount(e, object, old);
}

void ReplicaSetSpec(FieldErrors& e, const Value& object) {
  const Path p("spec");
  const Value& spec = Sub(object, "spec");
  NonNegative(e, p, spec, "replicas");
  NonNegative(e, p, spec, "minReadySeconds");
  Selector(e, p, spec, "empty selector is invalid for deployment", true);
  TemplateOfReplicas(e, p, spec);
}

void ReplicaSetCreate(FieldErrors& e, const Value& object) {
  Metadata(e, object, true, SubdomainName);
  ReplicaSetSpec(e, object);
}

void ReplicaSetUpdate(FieldErrors& e, const Value& object, const Value& old) {
  MetadataUpdate(e, object, old);
  ReplicaSetSpec(e, object);
  SelectorStays(e, object, old);
}

void ReplicaSetStatus(FieldErrors& e, const Value& object, const Value& old) {
  MetadataUpdate(e, object, old);
  const Path p("status");
  const Value& s = Sub(object, "status");
  Counts(e, p, s, {"replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas", "observedGeneration",
                   "terminatingReplicas"});
  constexpr char kText[] = "cannot be greater than status.replicas";
  AtMost(e, p, s, "fullyLabeledReplicas", "replicas", kText);
  AtMost(e, p, s, "readyReplicas", "replicas", kText);
  AtMost(e, p, s, "availableReplicas", "replicas", kText);
  AtMost(e, p, s, "availableReplicas", "readyReplicas", "cannot be greater than readyReplicas");
}

// ---- StatefulSet

void StatefulSetSpec(FieldErrors& e, const Value& object, bool update) {
  const Path p("spec");
  const Value& spec = Sub(object, "spec");
  const absl::string_view management = Text(spec, "podManagementPolicy");
  if (management.empty()) {
    e.Required(p / "podManagementPolicy");
  } else if (!In(management, {"OrderedReady", "Parallel"})) {
    e.Invalid(p / "podManagementPolicy", Value(management), "must be 'OrderedReady' or 'Parallel'");
  }
  const Value& strategy = Sub(spec, "updateStrategy");
  const absl::string_view type = Text(strategy, "type");
  const Value* rolling = strategy.Find("rollingUpdate");
  Value shown_rolling;
  if (rolling != nullptr) {
    shown_rolling = Value::MakeObject();  // as upstream prints its inner type
    shown_rolling.Set("Partition", Int(*rolling, "partition"));
    shown_rolling.Set("MaxUnavailable", Get(*rolling, "maxUnavailable"));
  }
  if (type.empty()) {
    e.Required(p / "updateStrategy");
  } else if (type == "OnDelete") {
    if (rolling != nullptr) {
      e.Invalid(p / "updateStrategy.rollingUpdate", shown_rolling, "only allowed for updateStrategy 'RollingUpdate'");
    }
  } else if (type == "RollingUpdate") {
    if (rolling != nullptr) {
      const Path at = p / "updateStrategy.rollingUpdate";
      NonNegative(e, at, *rolling, "partition");
      if (const Value* unavailable = rolling->Find("maxUnavailable")) {
        IntOrPercent(e, at / "maxUnavailable", *unavailable);
        if (Amount(*unavailable) == 0) e.Invalid(at / "maxUnavailable", *unavailable, "cannot be 0");
        AtMostAll(e, at / "maxUnavailable", *unavailable);
      }
    }
  } else {
    Value shown = Value::MakeObject();
    shown.Set("Type", Value(type));
    shown.Set("RollingUpdate", shown_rolling);
    e.Invalid(p / "updateStrategy", shown, "must be 'RollingUpdate' or 'OnDelete'");
  }
  if (const Value* retention = spec.Find("persistentVolumeClaimRetentionPolicy")) {
    const Path at = p / "persistentVolumeClaimRetentionPolicy";
    OneOf(e, at / "whenDeleted", Text(*retention, "whenDeleted"), {"Retain", "Delete"});
    OneOf(e, at / "whenScaled", Text(*retention, "whenScaled"), {"Retain", "Delete"});
  }
  const Array& claims = Items(spec, "volumeClaimTemplates");
  if (!update) {
    const Path claims_path = p / "volumeClaimTemplates";
    for (size_t i = 0; i < claims.size(); ++i) {
      const Path at = claims_path[i];
      PersistentVolumeClaimSpec(e, at / "spec", Sub(claims[i], "spec"));
    }
  }
  NonNegative(e, p, spec, "replicas");
  NonNegative(e, p, spec, "minReadySeconds");
  if (const Value* ordinals = spec.Find("ordinals"); ordinals && Int(*ordinals, "start") < 0) {
    e.Invalid(p / "ordinals.start", Int(*ordinals, "start"), kNegative);
  }
  const absl::string_view service = Text(spec, "serviceName");
  if (!update && !service.empty()) Named(e, p / "serviceName", service, apimachinery::IsDns1123Label(service));
  Selector(e, p, spec, "empty selector is invalid for statefulset", true);
  if (!MatchesTemplate(e, p, spec, false)) {
    InvalidSelector(e, p / "selector", spec.Find("selector"), "");
  } else {
    Value pod = Sub(spec, "template");  // with the volumes its claims will make
    if (Value* pod_spec = pod.Find("spec")) {
      pod_spec->Erase("subdomain");
      pod_spec->Erase("hostname");
      if (!claims.empty()) {
        Value volumes = Value::MakeArray();
        std::set<std::string> made;
        for (const Value& claim : claims) {
          const std::string name(Text(Sub(claim, "metadata"), "name"));
          if (!made.insert(name).second) continue;
          Value volume = Value::MakeObject();
          volume.Set("name", name);
          volume["persistentVolumeClaim"].Set("claimName", name);
          volumes.Append(std::move(volume));
        }
        for (const Value& volume : Items(*pod_spec, "volumes")) {
          if (!made.count(std::string(Text(volume, "name")))) volumes.Append(volume);
        }
        pod_spec->Set("volumes", std::move(volumes));
      }
    }
    PodTemplate(e, p / "template", pod);
    const Path template_path = p / "template";
    const Value& metadata = Sub(pod, "metadata");
    Labels(e, template_path / "labels", metadata.Find("labels"));
    const Path annotations = template_path / "annotations";
    Annotations(e, annotations, metadata.Find("annotations"));
    PodAnnotations(e, annotations, metadata.Find("annotations"), Sub(pod, "spec"));
  }
  OnlyAlways(e, p, spec, "StatefulSet");
}

void StatefulSetCreate(FieldErrors& e, const Value& object) {
  Metadata(e, object, true, LabelNameRule);
  StatefulSetSpec(e, object, false);
}

void StatefulSetUpdate(FieldErrors& e, const Value& object, const Value& old) {
  MetadataUpdate(e, object, old);
  StatefulSetSpec(e, object, true);
  Value now = Sub(object, "spec"), before = Sub(old, "spec");
  for (const char* key : {"replicas", "template", "updateStrategy", "minReadySeconds", "ordinals",
                          "revisionHistoryLimit", "persistentVolumeClaimRetentionPolicy"}) {
    now.Erase(key);
    before.Erase(key);
  }
  if (!SameValue(&now, &before)) {
    e.Forbidden(Path("spec"),
                "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', "
                "'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' "
                "are forbidden");
  }
}

void StatefulSetStatus(FieldErrors& e, const Value& object, const Value& old) {
  const Path p("status");
  const Value& s = Sub(object, "status");
  Counts(e, p, s, {"replicas", "readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas",
                   "observedGeneration", "collisionCount"});
  constexpr char kText[] = "cannot be greater than status.replicas";
  for (const char* key : {"readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"}) {
    AtMost(e, p, s, key, "replicas", kText);
  }
  AtMost(e, p, s, "availableReplicas", "readyReplicas", "cannot be greater than status.readyReplicas");
  MetadataUpdate(e, object, old);
  CollisionCount(e, object, old);
}

// ---- DaemonSet

void DaemonSetSpec(FieldErrors& e, const Value& object) {
  const Path p("spec");
  const Value& spec = Sub(object, "spec");
  LabelSelectorObject(e, p / "selector", spec.Find("selector"));
  MatchesTemplate(e, p, spec, true);
  const Value* selector = spec.Find("selector");
  if (selector != nullptr && EmptySelector(selector)) {
    e.Invalid(p / "selector", *selector, "empty selector is invalid for daemonset");
  }
  PodTemplate(e, p / "template", Sub(spec, "template"));
  OnlyAlways(e, p, spec, "DaemonSet");
  NonNegative(e, p, spec, "minReadySeconds");
  const Value& strategy = Sub(spec, "updateStrategy");
  const Path at = p / "updateStrategy";
  const absl::string_view type = Text(strategy, "type");
  const Value* rolling = strategy.Find("rollingUpdate");
  if (type == "RollingUpdate") {
    const Path rolling_path = at / "rollingUpdate";
    if (rolling == nullptr) {
      e.Required(rolling_path);
    } else {
      const Value& unavailable = Get(*rolling, "maxUnavailable");
      const Value& surge = Get(*rolling, "maxSurge");
      IntOrPercent(e, rolling_path / "maxUnavailable", unavailable);
      IntOrPercent(e, rolling_path / "maxSurge", surge);
      AtMostAll(e, rolling_path / "maxUnavailable", unavailable);
      AtMostAll(e, rolling_path / "maxSurge", surge);
      const bool has_unavailable = Amount(unavailable) != 0, has_surge = Amount(surge) != 0;
      if (has_unavailable && has_surge) {
        e.Invalid(rolling_path / "maxSurge", surge, "may not be set when maxUnavailable is non-zero");
      } else if (!has_unavailable && !has_surge) {
        e.Required(rolling_path / "maxUnavailable", "cannot be 0 when maxSurge is 0");
      }
    }
  } else if (type != "OnDelete") {
    Value shown = Value::MakeObject();  // as upstream prints its inner type
    shown.Set("Type", Value(type));
    Value inner;
    if (rolling != nullptr) {
      inner = Value::MakeObject();
      inner.Set("MaxUnavailable", rolling->Has("maxUnavailable") ? Get(*rolling, "maxUnavailable") : Value(0));
      inner.Set("MaxSurge", rolling->Has("maxSurge") ? Get(*rolling, "maxSurge") : Value(0));
    }
    shown.Set("RollingUpdate", std::move(inner));
    e.NotSupported(at, shown, {"RollingUpdate", "OnDelete"});
  }
  NonNegative(e, p, spec, "revisionHistoryLimit");
}

void DaemonSetCreate(FieldErrors& e, const Value& object) {
  Metadata(e, object, true, SubdomainName);
  DaemonSetSpec(e, object);
}

void DaemonSetUpdate(FieldErrors& e, const Value& object, const Value& old) {
  MetadataUpdate(e, object, old);
  SelectorStays(e, object, old);
  DaemonSetSpec(e, object);
}

void DaemonSetStatus(FieldErrors& e, const Value& object, const Value& old) {
  MetadataUpdate(e, object, old);
  const Path p("status");
  Counts(e, p, Sub(object, "status"),
         {"currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady", "observedGeneration",
          "updatedNumberScheduled", "numberAvailable", "numberUnavailable", "collisionCount"});
  CollisionCount(e, object, old);
}

// ---- ControllerRevision

void ControllerRevisionCommon(FieldErrors& e, const Value& object) {
  Metadata(e, object, true, SubdomainName);
  NonNegative(e, Path(), object, "revision");
}

void ControllerRevisionCreate(FieldErrors& e, const Value& object) {
  ControllerRevisionCommon(e, object);
  const Value* data = object.Find("data");
  const Path p("data");
  if (data == nullptr || data->is_null()) return e.Required(p, "data is mandatory");
  const bool is_object = data->is_object() || (data->is_raw() && !data->as_string().empty() && data->as_string()[0] == '{');
  if (data->is_raw() && data->as_string() == "null") return e.Required(p, "data is mandatory");
  if (!is_object) e.Required(p, "data must be a valid JSON object");
}

void ControllerRevisionUpdate(FieldErrors& e, const Value& object, const Value& old) {
  MetadataUpdate(e, object, old);
  ControllerRevisionCommon(e, object);
  if (SameMember(object, old, "data")) return;
  e.Invalid(Path("data"), Get(object, "data"), kImmutable);
}

}  // namespace

absl::Span<const KindRules> AppsKinds() {
  static constexpr KindRules kRules[] = {
      {"apps", "Deployment", DeploymentCreate, DeploymentUpdate, DeploymentStatus},
      {"apps", "ReplicaSet", ReplicaSetCreate, ReplicaSetUpdate, ReplicaSetStatus},
      {"apps", "StatefulSet", StatefulSetCreate, StatefulSetUpdate, StatefulSetStatus},
      {"apps", "DaemonSet", DaemonSetCreate, DaemonSetUpdate, DaemonSetStatus},
      {"apps", "ControllerRevision", ControllerRevisionCreate, ControllerRevisionUpdate},
  };
  return kRules;
}

}  // namespace apiserver::validation
