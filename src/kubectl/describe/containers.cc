// The containers of a pod or template.
#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "apimachinery/quantity.h"
#include "kubectl/describe/parts.h"

namespace kubectl {
namespace {

std::string Ports(const Array& ports, absl::string_view field) {
  std::vector<std::string> parts;
  for (const Value& port : ports) {
    const std::string name = port.GetString("name");
    parts.push_back(absl::StrCat(port.GetInt(field), "/", port.GetString("protocol", "TCP"),
                                 name.empty() ? "" : absl::StrCat(" (", name, ")")));
  }
  return absl::StrJoin(parts, ", ");
}

void WriteBasics(DescribeWriter& w, const Value& container, const Value* status,
                 absl::string_view space) {
  w.Write(1, space.empty() ? "" : " ", container.GetString("name"), ":\n");
  if (status != nullptr) w.Write(2, "Container ID:\t", status->GetString("containerID"), "\n");
  w.Write(2, "Image:\t", container.GetString("image"), "\n");
  if (status != nullptr) w.Write(2, "Image ID:\t", status->GetString("imageID"), "\n");
  const Array& ports = container.GetArray("ports");
  w.Write(2, ports.size() > 1 ? "Ports" : "Port", ":\t", OrNone(Ports(ports, "containerPort")),
          "\n");
  w.Write(2, ports.size() > 1 ? "Host Ports" : "Host Port", ":\t", OrNone(Ports(ports, "hostPort")),
          "\n");
  if (const Value* profile = container.At("securityContext.seccompProfile"); profile != nullptr) {
    w.Write(2, "SeccompProfile:\t", profile->GetString("type"), "\n");
    if (profile->GetString("type") == "Localhost")
      w.Write(2, "LocalhostProfile:\t", profile->GetString("localhostProfile"), "\n");
  }
  for (const auto& [field, title] : {std::pair("command", "Command"), std::pair("args", "Args")}) {
    const Array& words = container.GetArray(field);
    if (!words.empty()) w.Write(2, title, ":\n");
    for (const Value& word : words) {
      for (const absl::string_view line : absl::StrSplit(word.as_string(), '\n'))
        w.Write(3, line, "\n");
    }
  }
}

void WriteOneState(DescribeWriter& w, absl::string_view title, const Value* state) {
  const Value* running = state == nullptr ? nullptr : state->Find("running");
  const Value* waiting = state == nullptr ? nullptr : state->Find("waiting");
  const Value* terminated = state == nullptr ? nullptr : state->Find("terminated");
  if (running != nullptr) {
    w.Write(2, title, ":\tRunning\n");
    w.Write(3, "Started:\t", TimeText(running->GetString("startedAt")), "\n");
  } else if (terminated != nullptr) {
    w.Write(2, title, ":\tTerminated\n");
    if (terminated->Has("reason")) w.Write(3, "Reason:\t", terminated->GetString("reason"), "\n");
    if (terminated->Has("message"))
      w.Write(3, "Message:\t", terminated->GetString("message"), "\n");
    w.Write(3, "Exit Code:\t", terminated->GetInt("exitCode"), "\n");
    if (terminated->GetInt("signal") > 0)
      w.Write(3, "Signal:\t", terminated->GetInt("signal"), "\n");
    w.Write(3, "Started:\t", TimeText(terminated->GetString("startedAt")), "\n");
    w.Write(3, "Finished:\t", TimeText(terminated->GetString("finishedAt")), "\n");
  } else {
    w.Write(2, title, ":\tWaiting\n");
    if (waiting != nullptr && waiting->Has("reason"))
      w.Write(3, "Reason:\t", waiting->GetString("reason"), "\n");
  }
}

void WriteState(DescribeWriter& w, const Value& status) {
  WriteOneState(w, "State", status.Find("state"));
  const Value* last = status.Find("lastState");
  if (last != nullptr && last->Has("terminated")) WriteOneState(w, "Last State", last);
  w.Write(2, "Ready:\t", BoolText(status.GetBool("ready")), "\n");
  w.Write(2, "Restart Count:\t", status.GetInt("restartCount"), "\n");
}

void WriteResources(DescribeWriter& w, const Value* resources) {
  if (resources == nullptr) return;
  for (const auto& [field, title] :
       {std::pair("limits", "Limits"), std::pair("requests", "Requests")}) {
    const auto members = SortedMembers(resources->Find(field));
    if (!members.empty()) w.Write(2, title, ":\n");
    for (const auto* member : members)
      w.Write(3, member->key, ":\t", member->value.as_string(), "\n");
  }
}

std::string ProbeText(const Value& probe) {
  const std::string timing = absl::StrCat(
      "delay=", probe.GetInt("initialDelaySeconds"), "s timeout=", probe.GetInt("timeoutSeconds"),
      "s period=", probe.GetInt("periodSeconds"), "s #success=", probe.GetInt("successThreshold"),
      " #failure=", probe.GetInt("failureThreshold"));
  if (const Value* exec = probe.Find("exec"); exec != nullptr) {
    return absl::StrCat("exec [", JoinStrings(exec->GetArray("command"), " "), "] ", timing);
  }
  if (const Value* http = probe.Find("httpGet"); http != nullptr) {
    const std::string port = IntOrString(http->Find("port"), "");
    std::string path = http->GetString("path");
    if (!path.empty() && path[0] != '/') path = "/" + path;
    return absl::StrCat("http-get ", absl::AsciiStrToLower(http->GetString("scheme")), "://",
                        http->GetString("host"), ":", port, path, " ", timing);
  }
  if (const Value* tcp = probe.Find("tcpSocket"); tcp != nullptr) {
    return absl::StrCat("tcp-socket ", tcp->GetString("host"), ":",
                        IntOrString(tcp->Find("port"), ""), " ", timing);
  }
  if (const Value* grpc = probe.Find("grpc"); grpc != nullptr) {
    return absl::StrCat("grpc <pod>:", grpc->GetInt("port"), " ", grpc->GetString("service"), " ",
                        timing);
  }
  return absl::StrCat("unknown ", timing);
}

void WriteEnvFrom(DescribeWriter& w, const Array& sources) {
  w.Write(2, "Environment Variables from:", sources.empty() ? "\t<none>" : "", "\n");
  for (const Value& source : sources) {
    const bool is_map = source.Has("configMapRef");
    const Value* reference = source.Find(is_map ? "configMapRef" : "secretRef");
    if (reference == nullptr) continue;
    const std::string prefix = source.GetString("prefix");
    w.Write(3, reference->GetString("name"), "\t", is_map ? "ConfigMap" : "Secret",
            prefix.empty() ? "" : absl::StrCat(" with prefix '", prefix, "'"),
            "\tOptional: ", reference->GetBool("optional") ? "true" : "false", "\n");
  }
}

// What a fieldRef resolves to where the object itself tells.
std::string FieldRefValue(const Value* pod, const std::string& path) {
  if (pod == nullptr) return "";
  for (const char* known : {"metadata.name", "metadata.namespace", "metadata.uid"}) {
    if (path == known) return pod->GetString(path);
  }
  for (const char* map : {"metadata.labels", "metadata.annotations"}) {
    if (path == map) {
      std::vector<std::string> lines;
      for (const auto* member : SortedMembers(pod->At(map)))
        lines.push_back(absl::StrCat(member->key, "=\"", member->value.as_string(), "\""));
      return absl::StrJoin(lines, "\n");
    }
    const std::string prefix = absl::StrCat(map, "['");
    if (absl::StartsWith(path, prefix) && absl::EndsWith(path, "']")) {
      const Value* entries = pod->At(map);
      const Value* value =
          entries == nullptr
              ? nullptr
              : entries->Find(path.substr(prefix.size(), path.size() - prefix.size() - 2));
      return value == nullptr ? "" : value->as_string();
    }
  }
  return "";
}

std::string ResourceFieldValue(const Value& container, const Value& reference) {
  const std::string resource = reference.GetString("resource");
  const apimachinery::Quantity amount = apimachinery::Quantity::ParseOrZero(
      container.GetString(absl::StrCat("resources.", resource)));
  apimachinery::Quantity divisor =
      apimachinery::Quantity::ParseOrZero(reference.GetString("divisor"));
  if (divisor.IsZero()) divisor = apimachinery::Quantity::FromInt(1);
  const bool cpu = absl::EndsWith(resource, ".cpu");
  const double ratio = cpu ? static_cast<double>(amount.MilliValue()) /
                                 static_cast<double>(std::max<int64_t>(1, divisor.MilliValue()))
                           : static_cast<double>(amount.Value()) /
                                 static_cast<double>(std::max<int64_t>(1, divisor.Value()));
  int64_t value = static_cast<int64_t>(ratio);
  if (static_cast<double>(value) < ratio) ++value;
  if (value == 0 && (resource == "limits.cpu" || resource == "limits.memory"))
    return "node allocatable";
  return absl::StrCat(value);
}

void WriteEnv(DescribeWriter& w, const Value& container, const Value* pod) {
  const Array& env = container.GetArray("env");
  w.Write(2, "Environment:", env.empty() ? "\t<none>" : "", "\n");
  for (const Value& e : env) {
    const std::string name = e.GetString("name");
    const Value* from = e.Find("valueFrom");
    if (from == nullptr) {
      bool first = true;
      for (const absl::string_view line : absl::StrSplit(e.GetString("value"), '\n')) {
        w.Write(3, first ? absl::StrCat(name, ":") : "", "\t", line, "\n");
        first = false;
      }
    } else if (const Value* field = from->Find("fieldRef"); field != nullptr) {
      const std::string path = field->GetString("fieldPath");
      w.Write(3, name, ":\t", FieldRefValue(pod, path), " (", field->GetString("apiVersion"), ":",
              path, ")\n");
    } else if (const Value* resource = from->Find("resourceFieldRef"); resource != nullptr) {
      w.Write(3, name, ":\t", ResourceFieldValue(container, *resource), " (",
              resource->GetString("resource"), ")\n");
    } else if (const Value* secret = from->Find("secretKeyRef"); secret != nullptr) {
      w.Write(3, name, ":\t<set to the key '", secret->GetString("key"), "' in secret '",
              secret->GetString("name"),
              "'>\tOptional: ", secret->GetBool("optional") ? "true" : "false", "\n");
    } else if (const Value* map = from->Find("configMapKeyRef"); map != nullptr) {
      w.Write(3, name, ":\t<set to the key '", map->GetString("key"), "' of config map '",
              map->GetString("name"), "'>\tOptional: ", map->GetBool("optional") ? "true" : "false",
              "\n");
    }
  }
}

void WriteMounts(DescribeWriter& w, const Value& container) {
  Array mounts = container.GetArray("volumeMounts");
  w.Write(2, "Mounts:", mounts.empty() ? "\t<none>" : "", "\n");
  std::stable_sort(mounts.begin(), mounts.end(), [](const Value& a, const Value& b) {
    return a.GetString("mountPath") < b.GetString("mountPath");
  });
  for (const Value& mount : mounts) {
    std::string flags = mount.GetBool("readOnly") ? "ro" : "rw";
    const std::string sub = mount.GetString("subPath");
    if (!sub.empty()) absl::StrAppend(&flags, ",path=\"", sub, "\"");
    w.Write(3, mount.GetString("mountPath"), " from ", mount.GetString("name"), " (", flags, ")\n");
  }
  Array devices = container.GetArray("volumeDevices");
  if (devices.empty()) return;
  w.Write(2, "Devices:\n");
  std::stable_sort(devices.begin(), devices.end(), [](const Value& a, const Value& b) {
    return a.GetString("devicePath") < b.GetString("devicePath");
  });
  for (const Value& device : devices)
    w.Write(3, device.GetString("devicePath"), " from ", device.GetString("name"), "\n");
}

}  // namespace

void WriteContainers(DescribeWriter& w, absl::string_view label, const Array& containers,
                     const Array& statuses, const Value* pod, absl::string_view space) {
  w.Write(0, space, label, containers.empty() ? ": <none>\n" : ":\n");
  for (const Value& container : containers) {
    const Value* status = nullptr;
    for (const Value& s : statuses) {
      if (s.GetString("name") == container.GetString("name")) status = &s;
    }
    WriteBasics(w, container, status, space);
    if (status != nullptr) WriteState(w, *status);
    WriteResources(w, container.Find("resources"));
    for (const auto& [field, title] :
         {std::pair("livenessProbe", "Liveness"), std::pair("readinessProbe", "Readiness"),
          std::pair("startupProbe", "Startup")}) {
      if (const Value* probe = container.Find(field); probe != nullptr)
        w.Write(2, title, ":\t", ProbeText(*probe), "\n");
    }
    if (!container.GetArray("envFrom").empty()) WriteEnvFrom(w, container.GetArray("envFrom"));
    WriteEnv(w, container, pod);
    WriteMounts(w, container);
  }
}

}  // namespace kubectl
