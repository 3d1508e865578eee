// Containers: ports, environment, mounts, probes, life cycle.
#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "apiserver/validation/pod.h"

namespace apiserver::validation {
namespace {

constexpr Strings kEnvFields = {"metadata.name",  "metadata.namespace", "metadata.uid",
                                "spec.nodeName",  "spec.serviceAccountName", "status.hostIP",
                                "status.hostIPs", "status.podIP",       "status.podIPs"};
constexpr Strings kResourceFields = {"limits.cpu",   "limits.ephemeral-storage",   "limits.memory",
                                     "requests.cpu", "requests.ephemeral-storage", "requests.memory"};

void Ports(FieldErrors& e, const Path& p, const Array& ports) {
  std::set<std::string> names;
  for (size_t i = 0; i < ports.size(); ++i) {
    const Path at = p[i];
    const Value& port = ports[i];
    const absl::string_view name = Text(port, "name");
    if (!name.empty()) {
      const Problems problems = apimachinery::IsValidPortName(name);
      Named(e, at / "name", name, problems);
      if (problems.empty() && !names.insert(std::string(name)).second) e.Duplicate(at / "name", Value(name));
    }
    if (Int(port, "containerPort") == 0) {
      e.Required(at / "containerPort");
    } else {
      PortNumber(e, at / "containerPort", Int(port, "containerPort"));
    }
    if (Int(port, "hostPort") != 0) PortNumber(e, at / "hostPort", Int(port, "hostPort"));
    RequiredOneOf(e, at / "protocol", Text(port, "protocol"), {"SCTP", "TCP", "UDP"});
  }
}

void FieldRef(FieldErrors& e, const Path& p, const Value& ref) {
  const absl::string_view path = Text(ref, "fieldPath");
  if (Text(ref, "apiVersion").empty()) return e.Required(p / "apiVersion");
  if (path.empty()) return e.Required(p / "fieldPath");
  if (Text(ref, "apiVersion") != "v1") {
    return e.Invalid(p / "fieldPath", Value(path),
                     absl::StrCat("error converting fieldPath: unsupported pod version: ", Text(ref, "apiVersion")));
  }
  const size_t bracket = path.find("['");
  if (bracket != absl::string_view::npos && absl::EndsWith(path, "']") && bracket > 0) {
    const absl::string_view head = path.substr(0, bracket);
    const std::string key(path.substr(bracket + 2, path.size() - bracket - 4));
    if (head == "metadata.annotations") {
      Named(e, p, absl::AsciiStrToLower(key), apimachinery::IsQualifiedName(absl::AsciiStrToLower(key)));
    } else if (head == "metadata.labels") {
      Named(e, p, key, apimachinery::IsQualifiedName(key));
    } else {
      e.Invalid(p / "fieldPath", Value(path),
                absl::StrCat("error converting fieldPath: field label does not support subscript: ", path));
    }
    return;
  }
  if (In(path, kEnvFields)) return;
  const bool convertible = In(path, {"metadata.annotations", "metadata.labels", "spec.restartPolicy",
                                     "spec.schedulerName", "status.phase", "spec.host"});
  if (convertible) {
    OneOf(e, p / "fieldPath", path, kEnvFields);
  } else {
    e.Invalid(p / "fieldPath", Value(path),
              absl::StrCat("error converting fieldPath: field label not supported: ", path));
  }
}

void ResourceFieldRef(FieldErrors& e, const Path& p, const Value& ref) {
  const absl::string_view name = Text(ref, "resource");
  const bool huge = absl::StartsWith(name, "requests.hugepages-") || absl::StartsWith(name, "limits.hugepages-");
  if (name.empty()) {
    e.Required(p / "resource");
  } else if (!In(name, kResourceFields) && !huge) {
    OneOf(e, p / "resource", name, kResourceFields);
  }
  const Value& divisor = Get(ref, "divisor");
  if (QuantityOf(divisor).IsZero()) return;
  static constexpr Strings kBytes = {"1",  "1k",  "1M",  "1G",  "1T",  "1P", "1E",
                              "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"};
  const absl::string_view text = divisor.as_string();
  const auto only_bytes = [&](absl::string_view what) {
    if (!In(text, kBytes)) {
      e.Invalid(p / "divisor", Value(name),
                absl::StrCat("only divisor's values 1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei are "
                             "supported with the ", what, " resource"));
    }
  };
  if (absl::EndsWith(name, ".cpu") && !In(text, {"1m", "1"})) {
    e.Invalid(p / "divisor", Value(name), "only divisor's values 1m and 1 are supported with the cpu resource");
  }
  if (absl::EndsWith(name, ".memory")) only_bytes("memory");
  if (absl::EndsWith(name, ".ephemeral-storage")) only_bytes("local ephemeral storage");
  if (huge) only_bytes("hugepages");
}

void KeyRef(FieldErrors& e, const Path& p, const Value& ref) {
  Named(e, p / "name", Text(ref, "name"), SubdomainName(Text(ref, "name"), false));
  if (Text(ref, "key").empty()) {
    e.Required(p / "key");
  } else {
    Named(e, p / "key", Text(ref, "key"), apimachinery::IsConfigMapKey(Text(ref, "key")));
  }
}

void FileKeyRef(FieldErrors& e, const Path& p, const Value& ref) {
  const absl::string_view key = Text(ref, "key"), volume = Text(ref, "volumeName"), path = Text(ref, "path");
  if (key.empty()) {
    e.Required(p / "key");
  } else {
    Named(e, p / "key", key, apimachinery::IsRelaxedEnvVarName(key));
  }
  if (volume.empty()) {
    e.Required(p / "volumeName");
  } else {
    Named(e, p / "volumeName", volume, apimachinery::IsDns1123Label(volume));
  }
  if (path.empty()) {
    e.Required(p / "path");
  } else {
    NoBacksteps(e, p / "path", path);
  }
}

void Env(FieldErrors& e, const Path& p, const Array& vars) {
  for (size_t i = 0; i < vars.size(); ++i) {
    const Path at = p[i];
    const absl::string_view name = Text(vars[i], "name");
    if (name.empty()) {
      e.Required(at / "name");
    } else {
      Named(e, at / "name", name, apimachinery::IsRelaxedEnvVarName(name));
    }
    const Value* from = vars[i].Find("valueFrom");
    if (from == nullptr) continue;
    const Path source = at / "valueFrom";
    int count = 0;
    const auto check = [&](const char* key, void (*rule)(FieldErrors&, const Path&, const Value&)) {
      const Value* ref = from->Find(key);
      if (ref == nullptr) return;
      ++count;
      rule(e, source / key, *ref);
    };
    check("fieldRef", FieldRef);
    check("resourceFieldRef", ResourceFieldRef);
    check("configMapKeyRef", KeyRef);
    check("secretKeyRef", KeyRef);
    check("fileKeyRef", FileKeyRef);
    if (count == 0) {
      e.Invalid(source, "",
                "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`");
    } else if (!Text(vars[i], "value").empty()) {
      e.Invalid(source, "", "may not be specified when `value` is not empty");
    } else if (count > 1) {
      e.Invalid(source, "", "may not have more than one field specified at a time");
    }
  }
}

void EnvFrom(FieldErrors& e, const Path& p, const Array& sources) {
  for (size_t i = 0; i < sources.size(); ++i) {
    const Path at = p[i];
    const absl::string_view prefix = Text(sources[i], "prefix");
    if (!prefix.empty()) Named(e, at / "prefix", prefix, apimachinery::IsRelaxedEnvVarName(prefix));
    int count = 0;
    for (const char* key : {"configMapRef", "secretRef"}) {
      const Value* ref = sources[i].Find(key);
      if (ref == nullptr) continue;
      ++count;
      const Path here = at / key;
      const absl::string_view name = Text(*ref, "name");
      if (name.empty()) {
        e.Required(here / "name");
      } else {
        Named(e, here / "name", name, SubdomainName(name, true));
      }
    }
    if (count == 0) e.Invalid(p, "", "must specify one of: `configMapRef` or `secretRef`");
    if (count > 1) e.Invalid(p, "", "may not have more than one field specified at a time");
  }
}

void Mounts(FieldErrors& e, const Path& p, const Value& container, const PodScope& scope) {
  const Array& mounts = Items(container, "volumeMounts");
  const Array& devices = Items(container, "volumeDevices");
  std::set<std::string> points;
  for (size_t i = 0; i < mounts.size(); ++i) {
    const Path at = p[i];
    const Value& mount = mounts[i];
    const absl::string_view name = Text(mount, "name"), path = Text(mount, "mountPath");
    if (name.empty()) e.Required(at / "name");
    if (scope.volumes.find(name) == scope.volumes.end()) e.NotFound(at / "name", Value(name));
    if (path.empty()) e.Required(at / "mountPath");
    if (!points.insert(std::string(path)).second) e.Invalid(at / "mountPath", Value(path), "must be unique");
    bool same_name = false, same_path = false;
    for (const Value& device : devices) {
      same_name = same_name || Text(device, "name") == name;
      same_path = same_path || Text(device, "devicePath") == path;
    }
    if (same_name) e.Invalid(at / "name", Value(name), "must not already exist in volumeDevices");
    if (same_path) e.Invalid(at / "mountPath", Value(path), "must not already exist as a path in volumeDevices");
    const absl::string_view sub = Text(mount, "subPath"), expression = Text(mount, "subPathExpr");
    if (!sub.empty()) RelativePath(e, p / "subPath", sub);
    if (!expression.empty()) {
      if (!sub.empty()) {
        e.Invalid(at / "subPathExpr", Value(expression), "subPathExpr and subPath are mutually exclusive");
      }
      RelativePath(e, p / "subPathExpr", expression);
    }
    const absl::string_view propagation = Text(mount, "mountPropagation");
    if (mount.Has("mountPropagation")) {
      OneOf(e, p / "mountPropagation", propagation, {"Bidirectional", "HostToContainer", "None"});
      if (propagation == "Bidirectional" && !container.GetBool("securityContext.privileged")) {
        e.Forbidden(p / "mountPropagation", "Bidirectional mount propagation is available only to privileged containers");
      }
    }
    if (!mount.Has("recursiveReadOnly")) continue;
    const absl::string_view recursive = Text(mount, "recursiveReadOnly");
    if (In(recursive, {"Enabled", "IfPossible"})) {
      if (!Flag(mount, "readOnly")) {
        e.Forbidden(p / "recursiveReadOnly", "may only be specified when readOnly is true");
      }
      if (mount.Has("mountPropagation") && propagation != "None") {
        e.Forbidden(p / "recursiveReadOnly", "may only be specified when mountPropagation is None or not specified");
      }
    } else {
      OneOf(e, p / "recursiveReadOnly", recursive, {"Disabled", "Enabled", "IfPossible"});
    }
  }
}

void Devices(FieldErrors& e, const Path& p, const Value& container, const PodScope& scope) {
  std::set<std::string> names, paths;
  const Array& devices = Items(container, "volumeDevices");
  for (size_t i = 0; i < devices.size(); ++i) {
    const Path at = p[i];
    const std::string name(Text(devices[i], "name")), path(Text(devices[i], "devicePath"));
    const auto volume = scope.volumes.find(name);
    if (name.empty()) e.Required(at / "name");
    if (names.count(name)) e.Invalid(at / "name", name, "must be unique");
    if (volume == scope.volumes.end()) {
      e.NotFound(at / "name", name);
    } else if (!volume->second->Has("persistentVolumeClaim") && !volume->second->Has("ephemeral")) {
      e.Invalid(at / "name", name,
                "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode");
    }
    if (path.empty()) e.Required(at / "devicePath");
    if (paths.count(path)) e.Invalid(at / "devicePath", path, "must be unique");
    FieldErrors steps;
    NoBacksteps(steps, at, path);
    if (!steps.empty()) {
      e.Invalid(at / "devicePath", path, "can not contain backsteps ('..')");
    } else {
      paths.insert(path);
    }
    for (const Value& mount : Items(container, "volumeMounts")) {
      if (Text(mount, "name") == name) e.Invalid(at / "name", name, "must not already exist in volumeMounts");
      if (Text(mount, "mountPath") == path) {
        e.Invalid(at / "devicePath", path, "must not already exist as a path in volumeMounts");
      }
    }
    if (!name.empty()) names.insert(name);
  }
}

void ResizePolicy(FieldErrors& e, const Path& p, const Array& policies, absl::string_view restart_policy) {
  std::set<std::string> seen;
  for (size_t i = 0; i < policies.size(); ++i) {
    const absl::string_view name = Text(policies[i], "resourceName"), policy = Text(policies[i], "restartPolicy");
    if (!seen.insert(std::string(name)).second) e.Duplicate(p[i], Value(name));
    RequiredOneOf(e, p, name, {"cpu", "memory"});
    RequiredOneOf(e, p, policy, {"NotRequired", "RestartContainer"});
    if (restart_policy == "Never" && policy != "NotRequired") {
      e.Invalid(p, Value(policy), "must be 'NotRequired' when `restartPolicy` is 'Never'");
    }
  }
}

void Common(FieldErrors& e, const Path& p, const Value& c, const PodScope& scope) {
  const absl::string_view name = Text(c, "name");
  if (name.empty()) {
    e.Required(p / "name");
  } else {
    Named(e, p / "name", name, apimachinery::IsDns1123Label(name));
  }
  Required(e, p, c, "image");
  RequiredOneOf(e, p / "terminationMessagePolicy", Text(c, "terminationMessagePolicy"),
                {"File", "FallbackToLogsOnError"});
  Ports(e, p / "ports", Items(c, "ports"));
  Env(e, p / "env", Items(c, "env"));
  EnvFrom(e, p / "envFrom", Items(c, "envFrom"));
  Mounts(e, p / "volumeMounts", c, scope);
  Devices(e, p / "volumeDevices", c, scope);
  RequiredOneOf(e, p / "imagePullPolicy", Text(c, "imagePullPolicy"), {"Always", "IfNotPresent", "Never"});
  ResourceRequirements(e, p / "resources", c.Find("resources"), scope.claims);
  ResizePolicy(e, p / "resizePolicy", Items(c, "resizePolicy"), Text(scope.spec, "restartPolicy"));
  ContainerSecurityContext(e, p / "securityContext", c.Find("securityContext"), scope.host_users);
}

void HttpGet(FieldErrors& e, const Path& p, const Value& get) {
  Required(e, p, get, "path");
  PortNumberOrName(e, p / "port", Get(get, "port"));
  OneOf(e, p / "scheme", Text(get, "scheme"), {"HTTP", "HTTPS"});
  for (const Value& header : Items(get, "httpHeaders")) {
    Named(e, p / "httpHeaders", Text(header, "name"), apimachinery::IsHttpHeaderName(Text(header, "name")));
  }
}

void Handler(FieldErrors& e, const Path& p, const Value& handler, const PodScope& scope, bool probe) {
  int count = 0;
  for (const char* key : {"exec", "httpGet", "tcpSocket", "grpc", "sleep"}) {
    const absl::string_view kind = key;
    if (kind == (probe ? "sleep" : "grpc")) continue;
    const Value* action = handler.Find(key);
    if (action == nullptr) continue;
    const Path at = p / key;
    if (count++ > 0) {
      e.Forbidden(at, "may not specify more than 1 handler type");
    } else if (kind == "exec") {
      if (Items(*action, "command").empty()) e.Required(at / "command");
    } else if (kind == "httpGet") {
      HttpGet(e, at, *action);
    } else if (kind == "tcpSocket") {
      PortNumberOrName(e, at / "port", Get(*action, "port"));
    } else if (kind == "grpc") {
      PortNumber(e, at / "port", Int(*action, "port"));
    } else if (const Value* grace = scope.spec.Find("terminationGracePeriodSeconds")) {
      const int64_t seconds = Int(*action, "seconds");
      if (seconds < 0 || seconds > grace->as_int()) {
        e.Invalid(at, seconds,
                  absl::StrCat("must be non-negative and less than terminationGracePeriodSeconds (", grace->as_int(), ")"));
      }
    }
  }
  if (count == 0) e.Required(p, "must specify a handler type");
}

void Probe(FieldErrors& e, const Path& p, const Value* probe, const PodScope& scope, bool readiness) {
  if (probe == nullptr) return;
  Handler(e, p, *probe, scope, true);
  for (const char* key : {"initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold",
                          "failureThreshold"}) {
    NonNegative(e, p, *probe, key);
  }
  const Value* grace = probe->Find("terminationGracePeriodSeconds");
  if (grace != nullptr && grace->as_int() <= 0) {
    e.Invalid(p / "terminationGracePeriodSeconds", *grace, "must be greater than 0");
  }
  if (readiness) {
    if (grace != nullptr) {
      e.Invalid(p / "terminationGracePeriodSeconds", *grace, "must not be set for readinessProbes");
    }
  } else if (Int(*probe, "successThreshold") != 1) {
    e.Invalid(p / "successThreshold", Int(*probe, "successThreshold"), "must be 1");
  }
}

void LifeCycle(FieldErrors& e, const Path& p, const Value& c, const PodScope& scope) {
  if (const Value* lifecycle = c.Find("lifecycle")) {
    const Path at = p / "lifecycle";
    for (const char* key : {"postStart", "preStop"}) {
      if (const Value* handler = lifecycle->Find(key)) Handler(e, at / key, *handler, scope, false);
    }
  }
  Probe(e, p / "livenessProbe", c.Find("livenessProbe"), scope, false);
  Probe(e, p / "readinessProbe", c.Find("readinessProbe"), scope, true);
  Probe(e, p / "startupProbe", c.Find("startupProbe"), scope, false);
}

void RestartRules(FieldErrors& e, const Path& p, const Value& c) {
  const Array& rules = Items(c, "restartPolicyRules");
  if (!c.Has("restartPolicy")) {
    if (!rules.empty()) e.Required(p / "restartPolicy", "must specify restartPolicy when restart rules are used");
  } else {
    OneOf(e, p / "restartPolicy", Text(c, "restartPolicy"), {"Always", "Never", "OnFailure"});
  }
  const Path rules_path = p / "restartPolicyRules";
  if (rules.size() > 20) e.TooLong(rules_path, 20);
  for (size_t i = 0; i < rules.size(); ++i) {
    const Path at = rules_path[i];
    OneOf(e, at / "action", Text(rules[i], "action"), {"Restart"});
    const Value* codes = rules[i].Find("exitCodes");
    if (codes == nullptr) {
      e.Required(at / "exitCodes", "must be specified");
      continue;
    }
    OneOf(e, at / "exitCodes.operator", Text(*codes, "operator"), {"In", "NotIn"});
    if (Items(*codes, "values").size() > 255) e.TooLong(at / "exitCodes.values", 255);
  }
}

void HostPorts(FieldErrors& e, const Path& p, const Array& containers, size_t first, size_t last) {
  std::set<std::string> seen;
  for (size_t i = first; i < last; ++i) {
    const Path at = p[i - first];
    const Path ports_path = at / "ports";
    const Array& ports = Items(containers[i], "ports");
    for (size_t k = 0; k < ports.size(); ++k) {
      const int64_t port = Int(ports[k], "hostPort");
      if (port == 0) continue;
      const std::string key = absl::StrCat(Text(ports[k], "protocol"), "/", Text(ports[k], "hostIP"), "/", port);
      const Path here = ports_path[k];
      if (!seen.insert(key).second) e.Duplicate(here / "hostPort", key);
    }
  }
}

}  // namespace

void VisitContainers(const Path& spec_path, const Value& spec,
                     absl::FunctionRef<void(const Path& p, const Value& container)> visit) {
  for (const char* key : {"initContainers", "containers", "ephemeralContainers"}) {
    const Path list = spec_path / key;
    const Array& containers = Items(spec, key);
    for (size_t i = 0; i < containers.size(); ++i) visit(list[i], containers[i]);
  }
}

void Containers(FieldErrors& e, const Path& p, const PodScope& scope) {
  const Array& containers = Items(scope.spec, "containers");
  if (containers.empty()) return e.Required(p);
  std::set<std::string> names;
  for (size_t i = 0; i < containers.size(); ++i) {
    const Path at = p[i];
    const Value& c = containers[i];
    Common(e, at, c, scope);
    if (!names.insert(std::string(Text(c, "name"))).second) e.Duplicate(at / "name", Value(Text(c, "name")));
    LifeCycle(e, at, c, scope);
    RestartRules(e, at, c);
  }
  HostPorts(e, p, containers, 0, containers.size());
}

void InitContainers(FieldErrors& e, const Path& p, const PodScope& scope) {
  const Array& containers = Items(scope.spec, "initContainers");
  std::set<std::string> names;
  for (const Value& c : Items(scope.spec, "containers")) names.insert(std::string(Text(c, "name")));
  for (size_t i = 0; i < containers.size(); ++i) {
    const Path at = p[i];
    const Value& c = containers[i];
    const absl::string_view name = Text(c, "name");
    Common(e, at, c, scope);
    const bool sidecar = Text(c, "restartPolicy") == "Always";
    if (sidecar) {
      if (!Items(c, "restartPolicyRules").empty()) {
        e.Forbidden(at / "restartPolicyRules",
                    "restartPolicyRules are not allowed for init containers with restart policy Always");
      }
    } else {
      if (!c.Has("restartPolicy")) {
        if (!Items(c, "restartPolicyRules").empty()) {
          e.Required(at / "restartPolicy", "must specify restartPolicy when restart rules are used");
        }
      } else {
        RestartRules(e, at, c);
      }
    }
    if (names.count(std::string(name))) {
      e.Duplicate(at / "name", Value(name));
    } else if (!name.empty()) {
      names.insert(std::string(name));
    }
    HostPorts(e, p, containers, i, i + 1);
    if (sidecar) {
      LifeCycle(e, at, c, scope);
    } else {
      for (const char* key : {"lifecycle", "livenessProbe", "readinessProbe", "startupProbe"}) {
        if (c.Has(key)) e.Forbidden(at / key, "may not be set for init containers without restartPolicy=Always");
      }
    }
  }
}

void EphemeralContainers(FieldErrors& e, const Path& p, const PodScope& scope) {
  const Array& containers = Items(scope.spec, "ephemeralContainers");
  std::set<std::string> others, names;
  for (const char* key : {"containers", "initContainers"}) {
    for (const Value& c : Items(scope.spec, key)) others.insert(std::string(Text(c, "name")));
  }
  names = others;
  for (size_t i = 0; i < containers.size(); ++i) {
    const Path at = p[i];
    const Value& c = containers[i];
    Common(e, at, c, scope);
    const absl::string_view image = Text(c, "image"), target = Text(c, "targetContainerName");
    if (image != absl::StripAsciiWhitespace(image)) {
      e.Invalid(at / "image", Value(image), "must not have leading or trailing whitespace");
    }
    if (!names.insert(std::string(Text(c, "name"))).second) e.Duplicate(at / "name", Value(Text(c, "name")));
    if (!target.empty() && !others.count(std::string(target))) {
      e.NotFound(at / "targetContainerName", Value(target));
    }
    for (const char* key : {"ports", "resources", "resizePolicy", "restartPolicy", "restartPolicyRules",
                            "livenessProbe", "readinessProbe", "startupProbe", "lifecycle"}) {
      const Value* set = c.FindSet(key);  // an empty list, or resources with an empty map, count
      if (set != nullptr && !(set->is_object() && set->empty() && key == absl::string_view("resources"))) {
        e.Forbidden(at / key, "cannot be set for an Ephemeral Container");
      }
    }
    const Path mounts_path = at / "volumeMounts";
    const Array& mounts = Items(c, "volumeMounts");
    for (size_t k = 0; k < mounts.size(); ++k) {
      const Path here = mounts_path[k];
      for (const char* key : {"subPath", "subPathExpr"}) {
        if (!Text(mounts[k], key).empty()) e.Forbidden(here / key, "cannot be set for an Ephemeral Container");
      }
    }
  }
}

}  // namespace apiserver::validation
