#include "apimachinery/quota/usage.h"

#include <algorithm>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "apimachinery/quota/pod_usage.h"

namespace apimachinery::quota {
namespace {

constexpr absl::string_view kStorageClassSuffix = ".storageclass.storage.k8s.io/";
constexpr absl::string_view kDeviceClassSuffix = ".deviceclass.resource.k8s.io/devices";

bool IsCore(const Counted& what, absl::string_view resource) { return what.group.empty() && what.resource == resource; }

// Core resources that had a name of their own before there was count/.
bool HasShortName(const Counted& what) {
  for (const char* name : {"configmaps", "resourcequotas", "replicationcontrollers", "secrets"}) {
    if (IsCore(what, name)) return true;
  }
  return false;
}

void UseService(const Value& service, Amounts* out) {
  const Array& ports = service.GetArray("spec.ports");
  const std::string type = service.GetString("spec.type");
  int64_t node_ports = 0;
  if (type == "NodePort" || type == "LoadBalancer") node_ports = static_cast<int64_t>(ports.size());
  if (type == "LoadBalancer" && !service.GetBool("spec.allocateLoadBalancerNodePorts", true)) {
    node_ports = std::count_if(ports.begin(), ports.end(), [](const Value& p) { return p.GetInt("nodePort") != 0; });
  }
  (*out)["services"] = Quantity::FromInt(1);
  (*out)["services.nodeports"] = Quantity::FromInt(node_ports);
  (*out)["services.loadbalancers"] = Quantity::FromInt(type == "LoadBalancer" ? 1 : 0);
}

std::string ClassOf(const Value& claim) {
  if (const Value* annotations = claim.At("metadata.annotations")) {
    const Value* old_style = annotations->Find("volume.beta.kubernetes.io/storage-class");
    if (old_style != nullptr && old_style->is_string()) return old_style->as_string();
  }
  return claim.GetString("spec.storageClassName");
}

void UseClaim(const Value& claim, Amounts* out) {
  const std::string storage_class = ClassOf(claim);
  (*out)["persistentvolumeclaims"] = Quantity::FromInt(1);
  Amounts storage = AmountsAt(claim, "spec.resources.requests");
  RaiseTo(storage, AmountsAt(claim, "status.allocatedResources"));
  const auto asked = storage.find("storage");
  if (asked != storage.end()) (*out)["requests.storage"] = asked->second;
  if (storage_class.empty()) return;
  (*out)[absl::StrCat(storage_class, kStorageClassSuffix, "persistentvolumeclaims")] = Quantity::FromInt(1);
  if (asked != storage.end()) (*out)[absl::StrCat(storage_class, kStorageClassSuffix, "requests.storage")] = asked->second;
}

// Devices that a claim may get at most, by class. "All" may be as many as one claim can hold.
void UseDevices(const Value& claim, Amounts* out) {
  constexpr int64_t kMaxDevices = 32;
  const auto add = [](const Value& request, Amounts* to) {
    const std::string device_class = request.GetString("deviceClassName");
    if (device_class.empty()) return;
    const bool all = request.GetString("allocationMode") == "All";
    (*to)[absl::StrCat(device_class, kDeviceClassSuffix)].Add(
        Quantity::FromInt(all ? kMaxDevices : std::max<int64_t>(request.GetInt("count", 1), 1)));
  };
  for (const Value& request : claim.GetArray("spec.devices.requests")) {
    if (const Value* exactly = request.Find("exactly")) add(*exactly, out);
    Amounts worst;  // one of the alternatives will be taken
    for (const Value& alternative : request.GetArray("firstAvailable")) {
      Amounts one;
      add(alternative, &one);
      RaiseTo(worst, one);
    }
    Add(*out, worst);
  }
}

bool InScope(const Counted& what, const Value& term, const Value& object) {
  if (IsCore(what, "pods")) return PodInScope(term, object);
  if (IsCore(what, "persistentvolumeclaims") && term.GetString("scopeName") == "VolumeAttributesClass") {
    std::set<std::string> names;
    for (const char* path : {"spec.volumeAttributesClassName", "status.currentVolumeAttributesClassName",
                             "status.modifyVolumeStatus.targetVolumeAttributesClassName"}) {
      if (const std::string name = object.GetString(path); !name.empty()) names.insert(name);
    }
    if (names.empty()) return NameSelected(term, "");
    return std::any_of(names.begin(), names.end(), [&](const std::string& name) { return NameSelected(term, name); });
  }
  return false;
}

}  // namespace

std::string CountName(const Counted& what) {
  return what.group.empty() ? absl::StrCat("count/", what.resource) : absl::StrCat("count/", what.resource, ".", what.group);
}

bool NameSelected(const Value& term, absl::string_view name) {
  const std::string op = term.GetString("operator");
  const Array& values = term.GetArray("values");
  const bool listed = std::any_of(values.begin(), values.end(),
                                  [&](const Value& v) { return v.is_string() && v.as_string() == name; });
  if (op == "Exists") return !name.empty();
  if (op == "DoesNotExist") return name.empty();
  if (op == "In") return !name.empty() && listed;
  return op == "NotIn" && (name.empty() || !listed);
}

Amounts UsageOf(const Counted& what, const Value& object, absl::Time now) {
  Amounts out;
  out[CountName(what)] = Quantity::FromInt(1);
  if (IsCore(what, "pods")) {
    if (PodCounts(object, now)) Add(out, PodUsage(object));
  } else if (IsCore(what, "services")) {
    UseService(object, &out);
  } else if (IsCore(what, "persistentvolumeclaims")) {
    UseClaim(object, &out);
  } else if (what.group == "resource.k8s.io" && what.resource == "resourceclaims") {
    UseDevices(object, &out);
  } else if (HasShortName(what)) {
    out[std::string(what.resource)] = Quantity::FromInt(1);
  }
  return out;
}

Amounts NamesUsedBy(const Counted& what, const Amounts& hard) {
  const std::string count = CountName(what);
  const bool pods = IsCore(what, "pods"), services = IsCore(what, "services"),
             claims = IsCore(what, "persistentvolumeclaims"),
             devices = what.group == "resource.k8s.io" && what.resource == "resourceclaims",
             short_name = HasShortName(what);
  Amounts out;
  for (const auto& [name, amount] : hard) {
    bool used = name == count || (short_name && name == what.resource);
    if (pods) used = used || IsPodResource(name);
    if (services) used = used || name == "services" || name == "services.nodeports" || name == "services.loadbalancers";
    if (claims) {
      used = used || name == "persistentvolumeclaims" || name == "requests.storage" ||
             absl::EndsWith(name, absl::StrCat(kStorageClassSuffix, "persistentvolumeclaims")) ||
             absl::EndsWith(name, absl::StrCat(kStorageClassSuffix, "requests.storage"));
    }
    if (devices) used = used || absl::EndsWith(name, kDeviceClassSuffix);
    if (used) out.emplace(name, amount);
  }
  return out;
}

bool InScopes(const Value& quota, const Counted& what, const Value& object) {
  for (const Value& scope : quota.GetArray("spec.scopes")) {
    Value term = Value::MakeObject();
    term.Set("scopeName", scope);
    term.Set("operator", "Exists");
    if (!InScope(what, term, object)) return false;
  }
  const Array& terms = quota.GetArray("spec.scopeSelector.matchExpressions");
  return std::all_of(terms.begin(), terms.end(), [&](const Value& term) { return InScope(what, term, object); });
}

std::string MissingRequirements(const Counted& what, const Amounts& names, const Value& object) {
  if (!IsCore(what, "pods")) return "";
  // Figures of the pod as a whole speak for all containers.
  if (!object.GetObject("spec.resources.requests").empty() || !object.GetObject("spec.resources.limits").empty()) return "";
  std::map<std::string, std::set<std::string>> missing;  // resource -> containers
  for (const char* list : {"spec.containers", "spec.initContainers"}) {
    for (const Value& container : object.GetArray(list)) {
      const Amounts own = ResourceUsage(AmountsAt(container, "resources.requests"), AmountsAt(container, "resources.limits"));
      for (const char* resource : {"cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"}) {
        if (names.contains(resource) && !own.contains(resource)) missing[resource].insert(container.GetString("name"));
      }
    }
  }
  if (missing.empty()) return "";
  return absl::StrCat("must specify ", absl::StrJoin(missing, "; ", [](std::string* out, const auto& entry) {
                        absl::StrAppend(out, entry.first, " for: ", absl::StrJoin(entry.second, ","));
                      }));
}

bool ParseCountName(absl::string_view name, absl::string_view* group, absl::string_view* resource) {
  if (absl::ConsumePrefix(&name, "count/")) {
    const size_t dot = name.find('.');
    *resource = name.substr(0, dot);
    *group = dot == absl::string_view::npos ? "" : name.substr(dot + 1);
    return !resource->empty();
  }
  *group = "";
  *resource = name;
  return HasShortName({"", name});
}

}  // namespace apimachinery::quota
