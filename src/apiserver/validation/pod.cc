// The pod as a whole and the pod template.
#include "apiserver/validation/pod.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"

namespace apiserver::validation {
namespace {

void DnsConfig(FieldErrors& e, const Path& p, const Value& spec) {
  const Value* config = spec.Find("dnsConfig");
  if (Text(spec, "dnsPolicy") == "None") {
    if (config == nullptr) return e.Required(p, "must provide `dnsConfig` when `dnsPolicy` is None");
    if (Items(*config, "nameservers").empty()) {
      return e.Required(p / "nameservers", "must provide at least one DNS nameserver when `dnsPolicy` is None");
    }
  }
  if (config == nullptr) return;
  const Array& servers = Items(*config, "nameservers");
  const Path servers_path = p / "nameservers";
  if (servers.size() > 3) {
    e.Invalid(servers_path, Get(*config, "nameservers"), "must not have more than 3 nameservers");
  }
  for (size_t i = 0; i < servers.size(); ++i) LegacyIp(e, servers_path[i], servers[i].as_string());
  const Array& searches = Items(*config, "searches");
  const Path searches_path = p / "searches";
  if (searches.size() > 32) {
    e.Invalid(searches_path, Get(*config, "searches"), "must not have more than 32 search paths");
  }
  size_t total = searches.empty() ? 0 : searches.size() - 1;
  for (const Value& search : searches) total += search.as_string().size();
  if (total > 2048) {
    e.Invalid(searches_path, Get(*config, "searches"),
              "must not have more than 2048 characters (including spaces) in the search list");
  }
  for (size_t i = 0; i < searches.size(); ++i) {
    if (searches[i].as_string() == ".") continue;
    const std::string search(absl::StripSuffix(searches[i].as_string(), "."));
    Named(e, searches_path[i], search, apimachinery::IsDns1123SubdomainWithUnderscore(search));
  }
  const Path options = p / "options";
  for (size_t i = 0; i < Items(*config, "options").size(); ++i) {
    if (Text(Items(*config, "options")[i], "name").empty()) e.Required(options[i], "must not be empty");
  }
}

void ResourceClaims(FieldErrors& e, const Path& p, PodScope& scope) {
  const Array& claims = Items(scope.spec, "resourceClaims");
  for (const Value& claim : claims) {
    if (!Text(claim, "name").empty()) scope.claims.insert(std::string(Text(claim, "name")));
  }
  std::set<std::string> seen;
  for (size_t i = 0; i < claims.size(); ++i) {
    const Path at = p[i];
    const Value& claim = claims[i];
    const Value* annotations = scope.metadata == nullptr ? nullptr : scope.metadata->Find("annotations");
    if (annotations != nullptr && annotations->Has("kubernetes.io/config.mirror")) {
      e.Forbidden(Path(), "static pods do not support resource claims");
      continue;
    }
    const absl::string_view name = Text(claim, "name");
    if (name.empty()) {
      e.Required(at / "name");
    } else if (seen.count(std::string(name))) {
      e.Duplicate(at / "name", Value(name));
    } else {
      Named(e, at / "name", name, apimachinery::IsDns1123Label(name));
      seen.insert(std::string(name));
    }
    const Value* direct = claim.Find("resourceClaimName");
    const Value* from = claim.Find("resourceClaimTemplateName");
    Value shown = Value::MakeObject();  // as upstream prints its inner type
    shown.Set("Name", Value(name));
    shown.Set("ResourceClaimName", direct == nullptr ? Value() : *direct);
    shown.Set("ResourceClaimTemplateName", from == nullptr ? Value() : *from);
    if (direct != nullptr && from != nullptr) {
      e.Invalid(at, shown, "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified");
    }
    if (direct == nullptr && from == nullptr) {
      e.Invalid(at, shown, "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`");
    }
    if (direct != nullptr) {
      Named(e, at / "resourceClaimName", direct->as_string(), SubdomainName(direct->as_string(), false));
    }
    if (from != nullptr) {
      Named(e, at / "resourceClaimTemplateName", from->as_string(), SubdomainName(from->as_string(), false));
    }
  }
}

void PodLevelResources(FieldErrors& e, const Path& p, const PodScope& scope) {
  const Value* resources = scope.spec.Find("resources");
  if (resources == nullptr) return;
  const Path at = p / "resources";
  if (Text(Sub(scope.spec, "os"), "name") == "windows") return e.Forbidden(at, "may not be set for a windows pod");
  if (resources->FindSet("claims") != nullptr) {
    e.Forbidden(at / "claims", "claims may not be set for Resources at pod-level");
  }
  ResourceRequirements(e, at, resources, scope.claims, true);
  const Path requests = at / "requests", limits = at / "limits";
  for (const auto& [name, sum] : AggregateResources(scope.spec, "requests")) {
    const Value* pod = Sub(*resources, "requests").Find(name);
    if (pod == nullptr || !(QuantityOf(*pod) < sum)) continue;
    e.Invalid(requests.Key(name), *pod,
              absl::StrCat("must be greater than or equal to aggregate container requests of ", sum.ToString()));
  }
  for (const auto& [name, sum] : AggregateResources(scope.spec, "limits")) {
    const Value* pod = Sub(*resources, "limits").Find(name);
    if (!IsHugePage(name) || pod == nullptr || !(QuantityOf(*pod) < sum)) continue;
    e.Invalid(limits.Key(name), *pod,
              absl::StrCat("must be greater than or equal to aggregate container limits of ", sum.ToString()));
  }
  const Path containers = at / "containers";
  const Array& list = Items(scope.spec, "containers");
  for (size_t i = 0; i < list.size(); ++i) {
    const Path here = containers[i];
    for (const auto& [name, limit] : Entries(Sub(list[i], "resources"), "limits")) {
      const Value* pod = Sub(*resources, "limits").Find(name);
      if (pod == nullptr || !(QuantityOf(*pod) < QuantityOf(limit))) continue;
      const Path keyed = here.Key(name);
      e.Invalid(keyed / "limits", limit, absl::StrCat("must be less than or equal to pod limits of ", pod->as_string()));
    }
  }
}

void HostNetworkPorts(FieldErrors& e, const Path& p, const PodScope& scope) {
  if (!Flag(scope.spec, "hostNetwork")) return;
  const Path containers = p / "containers";
  const Array& list = Items(scope.spec, "containers");
  for (size_t i = 0; i < list.size(); ++i) {
    const Path at = containers[i];
    const Path ports_path = at / "ports";
    const Array& ports = Items(list[i], "ports");
    for (size_t k = 0; k < ports.size(); ++k) {
      const int64_t host = Int(ports[k], "hostPort"), own = Int(ports[k], "containerPort");
      if (host == own || (scope.metadata == nullptr && host == 0)) continue;
      const Path here = ports_path[k];
      e.Invalid(here / "hostPort", host, "must match `containerPort` when `hostNetwork` is true");
    }
  }
}

void HostUsers(FieldErrors& e, const Path& p, const PodScope& scope) {
  if (scope.host_users) return;
  constexpr char kText[] = "when `hostUsers` is false";
  if (Flag(scope.spec, "hostNetwork")) e.Forbidden(p / "hostNetwork", kText);
  if (Flag(scope.spec, "hostPID")) e.Forbidden(p / "HostPID", kText);
  if (Flag(scope.spec, "hostIPC")) e.Forbidden(p / "HostIPC", kText);
  VisitContainers(p, scope.spec, [&](const Path& at, const Value& c) {
    if (!Items(c, "volumeDevices").empty()) e.Forbidden(at / "volumeDevices", kText);
  });
}

void FileKeyVolumes(FieldErrors& e, const Path& p, const Value& spec) {
  VisitContainers(p, spec, [&](const Path& at, const Value& c) {
    const Path env_path = at / "env";
    const Array& env = Items(c, "env");
    for (size_t i = 0; i < env.size(); ++i) {
      const Value* ref = env[i].At("valueFrom.fileKeyRef");
      if (ref == nullptr) continue;
      const Path here = env_path[i];
      const absl::string_view name = Text(*ref, "volumeName");
      const Value* found = nullptr;
      for (const Value& volume : Items(spec, "volumes")) {
        if (Text(volume, "name") == name) found = &volume;
      }
      if (found == nullptr) {
        e.NotFound(here / "valueFrom.fileKeyRef.volumeName", Value(name));
      } else if (!found->Has("emptyDir")) {
        e.Invalid(here / "valueFrom.fileKeyRef.volumeName", Value(name),
                  "referenced volume must be of type emptyDir");
      }
    }
  });
}

}  // namespace

std::map<std::string, Quantity> AggregateResources(const Value& spec, absl::string_view list) {
  std::map<std::string, Quantity> total, sidecars, peak;
  const auto add = [&](std::map<std::string, Quantity>& to, const Value& c) {
    for (const auto& [name, amount] : Entries(Sub(c, "resources"), list)) to[name].Add(QuantityOf(amount));
  };
  const auto raise = [](std::map<std::string, Quantity>& to, const std::map<std::string, Quantity>& from) {
    for (const auto& [name, amount] : from) {
      if (to[name] < amount) to[name] = amount;
    }
  };
  for (const Value& c : Items(spec, "containers")) add(total, c);
  for (const Value& c : Items(spec, "initContainers")) {
    std::map<std::string, Quantity> now = sidecars;
    add(now, c);
    if (Text(c, "restartPolicy") == "Always") {
      add(sidecars, c);
      add(total, c);
    }
    raise(peak, now);
  }
  raise(total, peak);
  return total;
}

void PodSpec(FieldErrors& e, const Path& p, const Value& spec, const Value* metadata) {
  PodScope scope{.spec = spec, .metadata = metadata};
  if (const Value* users = spec.Find("hostUsers")) scope.host_users = users->as_bool();
  if (!spec.Has("terminationGracePeriodSeconds")) e.Required(p / "terminationGracePeriodSeconds");
  Volumes(e, p / "volumes", scope);
  ResourceClaims(e, p / "resourceClaims", scope);
  Containers(e, p / "containers", scope);
  InitContainers(e, p / "initContainers", scope);
  EphemeralContainers(e, p / "ephemeralContainers", scope);
  PodLevelResources(e, p, scope);
  HostNetworkPorts(e, p, scope);
  RequiredOneOf(e, p / "restartPolicy", Text(spec, "restartPolicy"), {"Always", "OnFailure", "Never"});
  RequiredOneOf(e, p / "dnsPolicy", Text(spec, "dnsPolicy"),
                {"ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"});
  Labels(e, p / "nodeSelector", spec.Find("nodeSelector"));
  PodSecurityContext(e, p / "securityContext", scope);
  if (const Value* affinity = spec.Find("affinity")) Affinity(e, p / "affinity", *affinity);
  DnsConfig(e, p / "dnsConfig", spec);
  const Path gates = p / "readinessGates", scheduling = p / "schedulingGates";
  for (size_t i = 0; i < Items(spec, "readinessGates").size(); ++i) {
    const Path at = gates[i];
    LabelName(e, at / "conditionType", Text(Items(spec, "readinessGates")[i], "conditionType"));
  }
  std::set<std::string> gate_names;
  for (size_t i = 0; i < Items(spec, "schedulingGates").size(); ++i) {
    const absl::string_view name = Text(Items(spec, "schedulingGates")[i], "name");
    LabelName(e, scheduling[i], name);
    if (!gate_names.insert(std::string(name)).second) e.Duplicate(scheduling[i], Value(name));
  }
  TopologySpread(e, p / "topologySpreadConstraints", Items(spec, "topologySpreadConstraints"));
  WindowsHostProcess(e, p, spec);
  HostUsers(e, p, scope);
  if (const Value* host_name = spec.Find("hostnameOverride")) {
    if (Flag(spec, "setHostnameAsFQDN")) {
      e.Forbidden(p / "hostnameOverride", "may not be specified when setHostnameAsFQDN is true");
    }
    if (Flag(spec, "hostNetwork")) e.Forbidden(p / "hostnameOverride", "may not be specified when hostNetwork is true");
    if (host_name->as_string().size() > 64) e.TooLong(p / "hostnameOverride", 64);
    Named(e, p / "hostnameOverride", host_name->as_string(), apimachinery::IsDns1123Subdomain(host_name->as_string()));
  }
  const auto subdomain = [&](absl::string_view key) {
    const absl::string_view name = Text(spec, key);
    if (!name.empty()) Named(e, p / key, name, SubdomainName(name, false));
  };
  const auto label = [&](absl::string_view key) {
    const absl::string_view name = Text(spec, key);
    if (!name.empty()) Named(e, p / key, name, apimachinery::IsDns1123Label(name));
  };
  subdomain("serviceAccountName");
  subdomain("nodeName");
  if (const Value* deadline = spec.Find("activeDeadlineSeconds")) {
    InRange(e, p / "activeDeadlineSeconds", deadline->as_int(), 1, 2147483647);
  }
  label("hostname");
  label("subdomain");
  Tolerations(e, p / "tolerations", Items(spec, "tolerations"));
  const Path aliases = p / "hostAliases";
  for (size_t i = 0; i < Items(spec, "hostAliases").size(); ++i) {
    const Path at = aliases[i];
    const Value& alias = Items(spec, "hostAliases")[i];
    LegacyIp(e, at / "ip", Text(alias, "ip"));
    const Path names = at / "hostnames";
    for (size_t k = 0; k < Items(alias, "hostnames").size(); ++k) {
      const std::string& name = Items(alias, "hostnames")[k].as_string();
      Named(e, names[k], name, apimachinery::IsDns1123Subdomain(name));
    }
  }
  subdomain("priorityClassName");
  if (const Value* runtime = spec.Find("runtimeClassName")) {
    Named(e, p / "runtimeClassName", runtime->as_string(), SubdomainName(runtime->as_string(), false));
  }
  if (const Value* preemption = spec.Find("preemptionPolicy")) {
    RequiredOneOf(e, p / "preemptionPolicy", preemption->as_string(), {"PreemptLowerPriority", "Never"});
  }
  if (const Value* overhead = spec.Find("overhead")) {
    Value limits = Value::MakeObject();
    limits.Set("limits", *overhead);
    ResourceRequirements(e, p / "overhead", &limits, {});
  }
  OperatingSystem(e, p, spec);
  FileKeyVolumes(e, p, spec);
}

void PodTemplate(FieldErrors& e, const Path& p, const Value& pod_template) {
  const Value& metadata = Sub(pod_template, "metadata");
  const Value& spec = Sub(pod_template, "spec");
  const Path annotations = p / "annotations", spec_path = p / "spec";
  Labels(e, p / "labels", metadata.Find("labels"));
  Annotations(e, annotations, metadata.Find("annotations"));
  PodAnnotations(e, annotations, metadata.Find("annotations"), spec);
  PodSpec(e, spec_path, spec, nullptr);
  SeccompAndAppArmorAgree(e, spec_path, metadata.Find("annotations"), spec);
  if (!Items(spec, "ephemeralContainers").empty()) {
    e.Forbidden(spec_path / "ephemeralContainers", "ephemeral containers not allowed in pod template");
  }
}

}  // namespace apiserver::validation
