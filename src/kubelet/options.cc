#include "kubelet/options.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <limits.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "apimachinery/json.h"
#include "apimachinery/quantity.h"
#include "apimachinery/value.h"
#include "apimachinery/yaml.h"
#include "base/file.h"
#include "base/flags.h"
#include "base/status_macros.h"
#include "kubelet/absent_flags.h"

namespace kubelet {
namespace {

using apimachinery::Value;

absl::Status Duration(const Value& config, absl::string_view name, absl::Duration* out) {
  const std::string text = config.GetString(name);
  if (text.empty() || text == "0s") return absl::OkStatus();
  if (!absl::ParseDuration(text, out)) {
    return absl::InvalidArgumentError(absl::StrCat(name, ": invalid duration \"", text, "\""));
  }
  return absl::OkStatus();
}

void String(const Value& config, absl::string_view name, std::string* out) { *out = config.GetString(name, *out); }

// The address of the interface that the default route leaves by; else the first that is up and no loopback.
std::string DefaultAddress() {
  std::string device;
  std::ifstream routes("/proc/net/route");
  for (std::string line; std::getline(routes, line);) {
    const std::vector<std::string> words = absl::StrSplit(line, '\t');
    if (words.size() > 7 && words[1] == "00000000" && words[7] == "00000000") device = words[0];
  }
  ifaddrs* all = nullptr;
  if (getifaddrs(&all) != 0) return "";
  std::string found;
  for (ifaddrs* a = all; a != nullptr; a = a->ifa_next) {
    if (a->ifa_addr == nullptr || a->ifa_addr->sa_family != AF_INET || (a->ifa_flags & IFF_LOOPBACK) || !(a->ifa_flags & IFF_UP)) continue;
    char text[INET_ADDRSTRLEN];
    inet_ntop(AF_INET, &reinterpret_cast<sockaddr_in*>(a->ifa_addr)->sin_addr, text, sizeof text);
    if (found.empty() || device == a->ifa_name) found = text;
  }
  freeifaddrs(all);
  return found;
}

// What ApplyConfigFile reads.
constexpr absl::string_view kRead[] = {
    "apiVersion", "kind", "staticPodPath", "podLogsDir", "containerRuntimeEndpoint", "address", "port", "tlsCertFile",
    "tlsPrivateKeyFile", "authentication", "authorization", "clusterDomain", "clusterDNS", "syncFrequency",
    "nodeStatusUpdateFrequency", "nodeStatusReportFrequency", "nodeLeaseDurationSeconds", "maxPods", "podPidsLimit",
    "resolvConf", "cgroupRoot", "allowedUnsafeSysctls", "seccompDefault", "registerNode", "containerLogMaxFiles",
    "containerLogMaxSize", "evictionHard", "registerWithTaints"};

// "cpuManagerPolicy" as the flag is called: "cpu-manager-policy".
std::string FlagName(absl::string_view field) {
  std::string name;
  for (const char c : field) {
    if (absl::ascii_isupper(c)) name.push_back('-');
    name.push_back(absl::ascii_tolower(c));
  }
  return name;
}

// A value as a flag would have it; "" says nothing.
std::string FlagText(const Value& value) {
  if (value.is_string()) return value.as_string() == "0s" ? "" : value.as_string();
  if (value.is_array()) {
    std::vector<std::string> items;
    for (const Value& item : value.array()) items.push_back(FlagText(item));
    return absl::StrJoin(items, ",");
  }
  const std::string text = apimachinery::WriteJson(value);
  return text == "null" || text == "false" || text == "0" || text == "{}" ? "" : text;
}

// Fields that are not read are judged as the flags of their names are: some must not be overlooked.
absl::Status JudgeUnread(const Value& config, std::vector<std::string>* warnings) {
  base::FlagSet absent;
  AddAbsentFlags(absent);
  for (const auto& [name, value] : config.object()) {
    if (absl::c_linear_search(kRead, name)) continue;
    const std::string text = FlagText(value);
    if (text.empty()) continue;
    const base::Flag* flag = absent.Find(FlagName(name));
    if (flag != nullptr) {
      if (const absl::Status judged = flag->set(text); !judged.ok()) {
        return absl::InvalidArgumentError(absl::StrCat(name, ": ", judged.message()));
      }
      if (flag->no_effect.empty()) continue;  // what is refused otherwise says nothing here
    }
    const absl::string_view why = flag != nullptr ? absl::string_view(flag->no_effect) : "it is not known here";
    warnings->push_back(absl::StrCat("Setting ", name, " has no effect: ", why));
  }
  if (const Value* hard = config.Find("evictionHard"); hard != nullptr && hard->is_object()) {
    for (const auto& [signal, value] : hard->object()) {
      if (signal == "memory.available") continue;
      warnings->push_back(absl::StrCat("Setting evictionHard[", signal, "] has no effect: only memory.available is kept back"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ApplyConfigFile(const std::string& path, KubeletOptions* o, std::vector<std::string>* warnings) {
  ASSIGN_OR_RETURN(const std::string text, base::ReadFile(path));
  absl::StatusOr<Value> parsed = apimachinery::ParseYamlOrJson(text);
  if (!parsed.ok()) return absl::InvalidArgumentError(absl::StrCat(path, ": ", parsed.status().message()));
  const Value& c = *parsed;
  if (!c.is_object()) return absl::InvalidArgumentError(absl::StrCat(path, ": there is no KubeletConfiguration in it"));
  if (c.GetString("kind", "KubeletConfiguration") != "KubeletConfiguration") {
    return absl::InvalidArgumentError(absl::StrCat(path, ": kind \"", c.GetString("kind"), "\" is not KubeletConfiguration"));
  }
  if (const absl::Status unread = JudgeUnread(c, warnings); !unread.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": ", unread.message()));
  }
  String(c, "staticPodPath", &o->manifest_path);
  String(c, "podLogsDir", &o->pod_logs_dir);
  String(c, "containerRuntimeEndpoint", &o->runtime_endpoint);
  String(c, "address", &o->address);
  o->port = static_cast<int>(c.GetInt("port", o->port));
  String(c, "tlsCertFile", &o->tls_cert_file);
  String(c, "tlsPrivateKeyFile", &o->tls_key_file);
  String(c, "authentication.x509.clientCAFile", &o->client_ca_file);
  o->anonymous = c.GetBool("authentication.anonymous.enabled", o->anonymous);
  String(c, "authorization.mode", &o->authorization_mode);
  String(c, "clusterDomain", &o->cluster_domain);
  if (!c.GetArray("clusterDNS").empty()) o->cluster_dns.clear();
  for (const Value& server : c.GetArray("clusterDNS")) {
    if (server.is_string()) o->cluster_dns.push_back(server.as_string());
  }
  RETURN_IF_ERROR(Duration(c, "syncFrequency", &o->sync_frequency));
  RETURN_IF_ERROR(Duration(c, "nodeStatusUpdateFrequency", &o->status_update));
  RETURN_IF_ERROR(Duration(c, "nodeStatusReportFrequency", &o->status_report));
  o->lease_seconds = static_cast<int>(c.GetInt("nodeLeaseDurationSeconds", o->lease_seconds));
  o->max_pods = static_cast<int>(c.GetInt("maxPods", o->max_pods));
  o->pod_pids_limit = c.GetInt("podPidsLimit", o->pod_pids_limit);
  String(c, "resolvConf", &o->resolv_conf);
  String(c, "cgroupRoot", &o->cgroup_root);
  if (!c.GetArray("allowedUnsafeSysctls").empty()) o->allowed_unsafe_sysctls.clear();
  for (const Value& sysctl : c.GetArray("allowedUnsafeSysctls")) {
    if (sysctl.is_string()) o->allowed_unsafe_sysctls.push_back(sysctl.as_string());
  }
  o->seccomp_default = c.GetBool("seccompDefault", o->seccomp_default);
  o->register_node = c.GetBool("registerNode", o->register_node);
  o->log_max_files = static_cast<int>(c.GetInt("containerLogMaxFiles", o->log_max_files));
  if (const std::string size = c.GetString("containerLogMaxSize"); !size.empty()) {
    ASSIGN_OR_RETURN(const apimachinery::Quantity quantity, apimachinery::Quantity::Parse(size));
    o->log_max_bytes = quantity.Value();
  }
  if (const Value* hard = c.Find("evictionHard"); hard != nullptr && hard->Find("memory.available") != nullptr) {
    const Value* memory = hard->Find("memory.available");
    if (memory->is_string() && !absl::EndsWith(memory->as_string(), "%")) {
      ASSIGN_OR_RETURN(const apimachinery::Quantity quantity, apimachinery::Quantity::Parse(memory->as_string()));
      o->memory_reserved = quantity.Value();
    }
  }
  for (const Value& taint : c.GetArray("registerWithTaints")) {
    absl::StrAppend(&o->taints, o->taints.empty() ? "" : ",", taint.GetString("key"), "=", taint.GetString("value"), ":",
                    taint.GetString("effect"));
  }
  return absl::OkStatus();
}

absl::Status CompleteOptions(KubeletOptions* o) {
  if (o->hostname.empty()) {
    char name[HOST_NAME_MAX + 1] = {};
    gethostname(name, sizeof name - 1);
    o->hostname = name;
  }
  o->hostname = absl::AsciiStrToLower(absl::StripAsciiWhitespace(o->hostname));
  RETURN_IF_ERROR(base::MakeDirs(o->root_dir, 0711));
  char* real = realpath(o->root_dir.c_str(), nullptr);
  if (real == nullptr) return base::ErrnoStatus(absl::StrCat("open ", o->root_dir));
  o->root_dir = real;
  free(real);
  if (o->node_ip.empty()) o->node_ip = DefaultAddress();
  if (o->cgroup_root.empty() || o->cgroup_root == "/") {
    // Several kubelets may share a machine: the parent is its own, and the same after a restart.
    uint32_t hash = 2166136261u;
    for (unsigned char c : o->root_dir) hash = (hash ^ c) * 16777619u;
    o->cgroup_root = o->root_dir == "/var/lib/kubelet" ? "/kubelet" : absl::StrCat("/kubelet-", absl::Hex(hash, absl::kZeroPad8));
  }
  if (!o->runtime_endpoint.empty()) o->runtime = "cri";
  if (o->cgroup_root.front() != '/') o->cgroup_root = "/" + o->cgroup_root;
  if (o->pod_logs_dir.empty()) o->pod_logs_dir = o->root_dir == "/var/lib/kubelet" ? "/var/log/pods" : o->root_dir + "/log/pods";
  if (o->image_dir.empty()) o->image_dir = o->root_dir + "/image-archives";
  return absl::OkStatus();
}

}  // namespace kubelet
