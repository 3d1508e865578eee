// Pods, containers, probes and volumes.
#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "apimachinery/quantity.h"
#include "apiserver/defaults/image_name.h"
#include "apiserver/defaults/rules.h"

namespace apiserver::defaults {
namespace {

using apimachinery::Array;
using apimachinery::Quantity;
using apimachinery::Value;

void PullPolicy(Value& object, absl::string_view image) {
  FillZero(object, "imagePullPolicy", ImageTag(image) == "latest" ? "Always" : "IfNotPresent");
}

void Container(Value& container) {
  PullPolicy(container, container.GetString("image"));
  FillZero(container, "terminationMessagePath", "/dev/termination-log");
  FillZero(container, "terminationMessagePolicy", "File");
}

void RequestsFromLimits(Value& container) {
  Value* resources = container.Find("resources");
  const Value* set = resources == nullptr ? nullptr : resources->FindSet("limits");
  if (set == nullptr) return;
  if (set->is_hollow()) {  // upstream makes the map before it looks at the limits
    if (resources->FindSet("requests") == nullptr) resources->Set("requests", Value::Hollow(Value::Type::kObject));
    return;
  }
  const Value limits = *set;
  Value& requests = (*resources)["requests"];
  if (requests.is_null()) requests = Value::MakeObject();
  for (const auto& [name, value] : limits.object()) {
    if (!requests.Has(name)) requests.Set(name, value);
  }
  if (requests.empty()) resources->Erase("requests");
}

void HostPorts(Value& container) {
  Value* ports = container.Find("ports");
  if (ports == nullptr) return;
  for (Value& port : ports->array()) {
    if (port.GetInt("hostPort") == 0 && port.GetInt("containerPort") != 0) {
      port.Set("hostPort", *port.Find("containerPort"));
    }
  }
}

bool PodLevel(absl::string_view resource) {
  return resource == "cpu" || resource == "memory" || absl::StartsWith(resource, "hugepages-");
}

// Containers in sequence need the largest, containers side by side the sum; sidecars run beside what follows them.
Value Aggregate(const Value& spec, absl::string_view list) {
  absl::flat_hash_map<std::string, Quantity> total, sidecars, init_peak;
  const auto add = [](absl::flat_hash_map<std::string, Quantity>& to, const Value& container, absl::string_view key) {
    const Value* values = container.At(std::string("resources.").append(std::string(key)));
    if (values == nullptr) return;
    for (const auto& [name, value] : values->object()) to[name].Add(Quantity::ParseOrZero(value.as_string()));
  };
  for (const Value& container : spec.GetArray("containers")) add(total, container, list);
  for (const Value& container : spec.GetArray("initContainers")) {
    if (container.GetString("restartPolicy") == "Always") {
      add(sidecars, container, list);
      add(total, container, list);
      for (const auto& [name, value] : sidecars) {
        if (init_peak[name] < value) init_peak[name] = value;
      }
      continue;
    }
    auto now = sidecars;
    add(now, container, list);
    for (const auto& [name, value] : now) {
      if (init_peak[name] < value) init_peak[name] = value;
    }
  }
  for (const auto& [name, value] : init_peak) {
    if (total[name] < value) total[name] = value;
  }
  Value out = Value::MakeObject();
  for (const auto& [name, value] : total) out.Set(name, value.ToString());
  return out;
}

void PodLevelResources(Value& spec) {
  Value* resources = spec.Find("resources");
  if (resources == nullptr) return;
  const auto empty = [&](absl::string_view key) { return resources->GetObject(key).empty(); };
  if (empty("limits") && empty("requests")) return;
  const Value container_limits = Aggregate(spec, "limits");
  for (const auto& [name, value] : container_limits.object()) {
    if (!absl::StartsWith(name, "hugepages-")) continue;
    const Value* requests = resources->Find("requests");
    if (requests != nullptr && requests->Has(name)) continue;
    Fill((*resources)["limits"], name, value);
  }
  if (empty("limits")) return;
  const Value container_requests = Aggregate(spec, "requests");
  for (const auto& [name, value] : container_requests.object()) {
    if (name == "cpu" || name == "memory") Fill((*resources)["requests"], name, value);
  }
  const Value limits = *resources->Find("limits");
  for (const auto& [name, value] : limits.object()) {
    if (PodLevel(name)) Fill((*resources)["requests"], name, value);
  }
}

void Pod(Value& pod) {
  Value& spec = pod["spec"];
  if (spec.is_null()) spec = Value::MakeObject();
  for (const char* list : {"containers", "initContainers"}) {
    Value* containers = spec.Find(list);
    if (containers == nullptr || !containers->is_array()) continue;
    for (Value& container : containers->array()) {
      RequestsFromLimits(container);
      if (spec.GetBool("hostNetwork")) HostPorts(container);
    }
  }
  PodLevelResources(spec);
  Fill(spec, "enableServiceLinks", true);
}

void PodSpec(Value& spec) {
  FillZero(spec, "dnsPolicy", "ClusterFirst");
  FillZero(spec, "restartPolicy", "Always");
  Fill(spec, "securityContext", Value::MakeObject());
  Fill(spec, "terminationGracePeriodSeconds", 30);
  FillZero(spec, "schedulerName", "default-scheduler");
  // The deprecated alias always says the same as the name.
  std::string account = spec.GetString("serviceAccountName");
  if (account.empty()) account = spec.GetString("serviceAccount");
  if (account.empty()) {
    spec.Erase("serviceAccount");
    spec.Erase("serviceAccountName");
  } else {
    spec.Set("serviceAccountName", account);
    spec.Set("serviceAccount", account);
  }
}

void Probe(Value& probe) {
  FillZero(probe, "timeoutSeconds", 1);
  FillZero(probe, "periodSeconds", 10);
  FillZero(probe, "successThreshold", 1);
  FillZero(probe, "failureThreshold", 3);
}

void HttpGet(Value& action) {
  FillZero(action, "path", "/");
  FillZero(action, "scheme", "HTTP");
}

void Volume(Value& volume) {
  bool sourced = false;
  for (const auto& [key, value] : volume.object()) sourced = sourced || (key != "name" && value.is_object());
  if (!sourced) volume.Set("emptyDir", Value::MakeObject());
  if (Value* image = volume.Find("image")) {
    FillZero(*image, "pullPolicy", ImageTag(image->GetString("reference")) == "latest" ? "Always" : "IfNotPresent");
  }
}

void DefaultMode(Value& source) { Fill(source, "defaultMode", 0644); }
void HostPath(Value& source) { Fill(source, "type", ""); }
void TokenProjection(Value& source) { Fill(source, "expirationSeconds", 3600); }
void FieldRef(Value& ref) { FillZero(ref, "apiVersion", "v1"); }

}  // namespace

Rule FindPodRule(absl::string_view name) {
  static const auto& rules = *new absl::flat_hash_map<absl::string_view, Rule>{
      {"core.v1.Pod", Pod},
      {"core.v1.PodSpec", PodSpec},
      {"core.v1.Container", Container},
      {"core.v1.EphemeralContainerCommon", Container},
      {"core.v1.Probe", Probe},
      {"core.v1.HTTPGetAction", HttpGet},
      {"core.v1.Volume", Volume},
      {"core.v1.SecretVolumeSource", DefaultMode},
      {"core.v1.ConfigMapVolumeSource", DefaultMode},
      {"core.v1.DownwardAPIVolumeSource", DefaultMode},
      {"core.v1.ProjectedVolumeSource", DefaultMode},
      {"core.v1.HostPathVolumeSource", HostPath},
      {"core.v1.ServiceAccountTokenProjection", TokenProjection},
      {"core.v1.ObjectFieldSelector", FieldRef},
  };
  const auto it = rules.find(name);
  return it == rules.end() ? nullptr : it->second;
}

}  // namespace apiserver::defaults
