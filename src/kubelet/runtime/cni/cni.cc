#include "kubelet/runtime/cni/cni.h"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "apimachinery/json.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "kubelet/runtime/shim/record.h"
#include "kubelet/runtime/subprocess.h"

namespace kubelet {

using apimachinery::Value;

namespace {

bool HasCapability(const Value& plugin, absl::string_view name) {
  const Value* capabilities = plugin.Find("capabilities");
  const Value* found = capabilities == nullptr ? nullptr : capabilities->Find(name);
  return found != nullptr && found->is_bool() && found->as_bool();
}

}  // namespace

absl::StatusOr<Value> Cni::LoadConfig() const {
  std::vector<std::string> names;
  if (DIR* dir = opendir(options_.conf_dir.c_str())) {
    while (dirent* entry = readdir(dir)) {
      const absl::string_view name = entry->d_name;
      if (absl::EndsWith(name, ".conflist") || absl::EndsWith(name, ".conf") || absl::EndsWith(name, ".json")) {
        names.emplace_back(name);
      }
    }
    closedir(dir);
  }
  if (names.empty()) {
    return absl::UnavailableError("Network plugin returns error: cni plugin not initialized");
  }
  const std::string path = absl::StrCat(options_.conf_dir, "/", *std::min_element(names.begin(), names.end()));
  ASSIGN_OR_RETURN(const std::string text, base::ReadFile(path));
  absl::StatusOr<Value> config = apimachinery::ParseJson(text);
  if (!config.ok()) return absl::InvalidArgumentError(absl::StrCat(path, ": ", config.status().message()));
  if (config->Has("plugins")) return config;
  Value list;  // a single plugin's configuration
  list.Set("cniVersion", config->GetString("cniVersion", "1.0.0"));
  list.Set("name", config->GetString("name"));
  list["plugins"].Append(*config);
  return list;
}

absl::Status Cni::Ready() const { return LoadConfig().status(); }

absl::StatusOr<std::string> Cni::FindPlugin(const std::string& type) const {
  if (!absl::StrContains(type, '/')) {
    for (const std::string& dir : options_.bin_dirs) {
      const std::string path = absl::StrCat(dir, "/", type);
      if (access(path.c_str(), X_OK) == 0) return path;
    }
  }
  return absl::NotFoundError(absl::StrCat("failed to find plugin \"", type, "\" in path [",
                                          absl::StrJoin(options_.bin_dirs, " "), "]"));
}

absl::StatusOr<Value> Cni::Call(const Value& list, const Value& plugin, const char* command,
                                const CniAttachment& a, const Value& previous) const {
  const std::string type = plugin.GetString("type");
  ASSIGN_OR_RETURN(const std::string program, FindPlugin(type));
  Value config = plugin;
  config.Set("cniVersion", list.GetString("cniVersion", "1.0.0"));
  config.Set("name", list.GetString("name"));
  config.Erase("capabilities");
  if (HasCapability(plugin, "portMappings") && !a.ports.empty()) {
    Value mappings = Value::MakeArray();
    for (const PortMapping& port : a.ports) {
      Value m;
      m.Set("hostPort", port.host_port);
      m.Set("containerPort", port.container_port);
      m.Set("protocol", port.protocol);
      if (!port.host_ip.empty()) m.Set("hostIP", port.host_ip);
      mappings.Append(std::move(m));
    }
    config["runtimeConfig"].Set("portMappings", std::move(mappings));
  }
  if (!previous.is_null()) config.Set("prevResult", previous);
  ASSIGN_OR_RETURN(
      const SubprocessResult result,
      RunSubprocess({.args = {program},
                     .env = {absl::StrCat("CNI_COMMAND=", command), absl::StrCat("CNI_CONTAINERID=", a.container_id),
                             absl::StrCat("CNI_NETNS=", a.netns), "CNI_IFNAME=eth0",
                             absl::StrCat("CNI_ARGS=IgnoreUnknown=1;K8S_POD_NAMESPACE=", a.pod_namespace, ";K8S_POD_NAME=",
                                          a.pod_name, ";K8S_POD_INFRA_CONTAINER_ID=", a.container_id, ";K8S_POD_UID=", a.pod_uid),
                             absl::StrCat("CNI_PATH=", absl::StrJoin(options_.bin_dirs, ":"))},
                     .input = apimachinery::WriteJson(config)}));
  absl::StatusOr<Value> answer = apimachinery::ParseJson(result.out.empty() ? "{}" : result.out);
  if (result.exit_code != 0) {
    std::string why = answer.ok() ? answer->GetString("msg") : "";
    if (answer.ok() && !answer->GetString("details").empty()) absl::StrAppend(&why, "; ", answer->GetString("details"));
    if (why.empty()) why = absl::StrCat("netplugin failed: ", result.err);
    return absl::InternalError(absl::StrCat("plugin type=\"", type, "\" failed (",
                                            absl::AsciiStrToLower(command), "): ", why));
  }
  return answer;
}

absl::StatusOr<std::vector<std::string>> Cni::Add(const CniAttachment& attachment) const {
  ASSIGN_OR_RETURN(const Value list, LoadConfig());
  Value result;
  for (const Value& plugin : list.GetArray("plugins")) {
    // Nothing to map: starting the plugin would only cost time.
    if (plugin.GetString("type") == "portmap" && attachment.ports.empty()) continue;
    absl::StatusOr<Value> next = Call(list, plugin, "ADD", attachment, result);
    if (!next.ok()) {
      (void)Del(attachment);
      return next.status();
    }
    result = *std::move(next);
  }
  RETURN_IF_ERROR(base::MakeDirs(options_.result_dir, 0700));
  ReplaceFile(ResultPath(attachment.container_id), apimachinery::WriteJson(result));
  std::vector<std::string> ips;
  for (const Value& ip : result.GetArray("ips")) {
    const std::string address = ip.GetString("address");
    ips.push_back(address.substr(0, address.find('/')));
  }
  if (ips.empty()) return absl::InternalError("CNI plugins gave the pod no address");
  return ips;
}

absl::Status Cni::Del(const CniAttachment& attachment) const {
  ASSIGN_OR_RETURN(const Value list, LoadConfig());
  Value previous;
  if (absl::StatusOr<std::string> text = base::ReadFile(ResultPath(attachment.container_id)); text.ok()) {
    if (absl::StatusOr<Value> parsed = apimachinery::ParseJson(*text); parsed.ok()) previous = *std::move(parsed);
  }
  const apimachinery::Array& plugins = list.GetArray("plugins");
  absl::Status first;
  for (auto plugin = plugins.rbegin(); plugin != plugins.rend(); ++plugin) {
    if (plugin->GetString("type") == "portmap" && attachment.ports.empty()) continue;
    first.Update(Call(list, *plugin, "DEL", attachment, previous).status());
  }
  if (first.ok()) unlink(ResultPath(attachment.container_id).c_str());
  return first;
}

absl::Status WriteBridgeConfig(const std::string& conf_dir, const std::string& pod_cidr, const std::string& bridge,
                               const std::string& data_dir) {
  Value range;
  range.Set("subnet", pod_cidr);
  Value ranges = Value::MakeArray(), inner = Value::MakeArray();
  inner.Append(range);
  ranges.Append(inner);
  Value route;
  route.Set("dst", absl::StrContains(pod_cidr, ':') ? "::/0" : "0.0.0.0/0");
  Value ipam;
  ipam.Set("type", "host-local");
  ipam.Set("ranges", ranges);
  ipam["routes"].Append(route);
  ipam.Set("dataDir", data_dir);
  Value first;
  first.Set("type", "bridge");
  first.Set("bridge", bridge);
  first.Set("isGateway", true);
  first.Set("ipMasq", false);  // the node's own rule masquerades, and only what leaves the cluster
  first.Set("hairpinMode", true);
  first.Set("ipam", ipam);
  Value second;
  second.Set("type", "portmap");
  second["capabilities"].Set("portMappings", true);
  Value list;
  list.Set("cniVersion", "1.0.0");
  list.Set("name", "skiff");
  list["plugins"].Append(first);
  list["plugins"].Append(second);
  const std::string text = apimachinery::WriteJsonIndented(list, "  ") + "\n";
  RETURN_IF_ERROR(base::MakeDirs(conf_dir));
  const std::string path = conf_dir + "/10-skiff.conflist";
  if (absl::StatusOr<std::string> old = base::ReadFile(path); old.ok() && *old == text) return absl::OkStatus();
  return base::WriteFileAtomic(path, text, 0644);
}

}  // namespace kubelet
