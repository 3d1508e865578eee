#include "kubelet/pods/env.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/status_macros.h"
#include "kubelet/pods/pod_util.h"

namespace kubelet {
namespace {

void Set(EnvList* env, const std::string& name, const std::string& value) {
  for (auto& entry : *env) {
    if (entry.first == name) {
      entry.second = value;
      return;
    }
  }
  env->emplace_back(name, value);
}

std::string VariableName(absl::string_view service) {
  return absl::StrReplaceAll(absl::AsciiStrToUpper(service), {{"-", "_"}, {".", "_"}});
}

bool ValidName(const std::string& name) {
  if (name.empty() || name == "." || name == ".." || name.substr(0, 2) == "..") return false;
  return std::all_of(name.begin(), name.end(), [](char c) { return c > 0x20 && c < 0x7f && c != '='; });
}

absl::Status AddFrom(const v1::Pod& pod, const v1::EnvFromSource& from, ApiObjects& objects, EnvList* env) {
  const std::string& ns = pod.metadata().namespace_();
  const bool is_secret = from.has_secretref();
  const std::string& name =
      is_secret ? from.secretref().localobjectreference().name() : from.configmapref().localobjectreference().name();
  const bool optional = is_secret ? from.secretref().optional() : from.configmapref().optional();
  const absl::StatusOr<KeyedData> data = is_secret ? objects.Secret(ns, name) : objects.ConfigMap(ns, name);
  if (!data.ok()) return optional && absl::IsNotFound(data.status()) ? absl::OkStatus() : data.status();
  for (const auto& [key, value] : *data) {
    if (ValidName(from.prefix() + key)) Set(env, from.prefix() + key, value);
  }
  return absl::OkStatus();
}

// nullopt-like: `skip` is set when an optional source is missing.
absl::StatusOr<std::string> ValueFrom(const v1::Pod& pod, const v1::Container& container, const v1::EnvVarSource& from,
                                      const PodContext& context, ApiObjects& objects, bool* skip) {
  const std::string& ns = pod.metadata().namespace_();
  if (from.has_fieldref()) return ResolveField(pod, context, from.fieldref().fieldpath());
  if (from.has_resourcefieldref()) return ResolveResource(pod, context, from.resourcefieldref(), container.name());
  const bool is_secret = from.has_secretkeyref();
  if (!is_secret && !from.has_configmapkeyref()) return absl::InvalidArgumentError("unsupported environment source");
  const std::string& name = is_secret ? from.secretkeyref().localobjectreference().name()
                                      : from.configmapkeyref().localobjectreference().name();
  const std::string& key = is_secret ? from.secretkeyref().key() : from.configmapkeyref().key();
  const bool optional = is_secret ? from.secretkeyref().optional() : from.configmapkeyref().optional();
  const absl::StatusOr<KeyedData> data = is_secret ? objects.Secret(ns, name) : objects.ConfigMap(ns, name);
  if (!data.ok()) {
    *skip = optional && absl::IsNotFound(data.status());
    if (*skip) return std::string();
    return data.status();
  }
  auto found = data->find(key);
  if (found == data->end()) {
    *skip = optional;
    if (optional) return std::string();
    return absl::NotFoundError(absl::StrCat("couldn't find key ", key, " in ", is_secret ? "Secret" : "ConfigMap", " ", ns, "/", name));
  }
  return found->second;
}

}  // namespace

std::string ExpandVariables(absl::string_view text, const EnvList& env, std::string* missing) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '$' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    if (text[i + 1] == '$') {
      out += '$';
      ++i;
      continue;
    }
    const size_t end = text[i + 1] == '(' ? text.find(')', i) : absl::string_view::npos;
    if (end == absl::string_view::npos) {
      out += text[i];
      continue;
    }
    const absl::string_view name = text.substr(i + 2, end - i - 2);
    const auto found = std::find_if(env.rbegin(), env.rend(), [&](const auto& entry) { return entry.first == name; });
    if (found == env.rend() && missing != nullptr && missing->empty()) *missing = std::string(name);
    absl::StrAppend(&out, found == env.rend() ? text.substr(i, end - i + 1) : absl::string_view(found->second));
    i = end;
  }
  return out;
}

EnvList ServiceVariables(const std::vector<ServiceAddress>& services) {
  EnvList env;
  for (const ServiceAddress& s : services) {
    if (s.ports.empty()) continue;
    const std::string base = VariableName(s.name);
    Set(&env, base + "_SERVICE_HOST", s.cluster_ip);
    Set(&env, base + "_SERVICE_PORT", absl::StrCat(s.ports.front().port));
    for (const ServiceAddress::Port& port : s.ports) {
      if (!port.name.empty()) Set(&env, absl::StrCat(base, "_SERVICE_PORT_", VariableName(port.name)), absl::StrCat(port.port));
    }
    bool first = true;
    for (const ServiceAddress::Port& port : s.ports) {
      const std::string protocol = absl::AsciiStrToLower(port.protocol);
      const std::string url = absl::StrCat(protocol, "://", s.cluster_ip, ":", port.port);
      if (first) Set(&env, base + "_PORT", url);
      first = false;
      const std::string prefix = absl::StrCat(base, "_PORT_", port.port, "_", port.protocol);
      Set(&env, prefix, url);
      Set(&env, prefix + "_PROTO", protocol);
      Set(&env, prefix + "_PORT", absl::StrCat(port.port));
      Set(&env, prefix + "_ADDR", s.cluster_ip);
    }
  }
  return env;
}

absl::StatusOr<EnvList> MakeEnvironment(const v1::Pod& pod, const v1::Container& container, const PodContext& context,
                                        ApiObjects& objects) {
  EnvList services;
  const std::string& ns = pod.metadata().namespace_();
  const bool links = !pod.spec().has_enableservicelinks() || pod.spec().enableservicelinks();
  std::vector<ServiceAddress> visible;
  for (ServiceAddress& s : objects.Services(ns == "default" ? "default" : "")) {
    // The API server is visible everywhere, other services in their own namespace.
    if ((s.ns == "default" && s.name == "kubernetes") || (links && s.ns == ns)) visible.push_back(std::move(s));
  }
  services = ServiceVariables(visible);
  EnvList env;
  for (const v1::EnvFromSource& from : container.envfrom()) RETURN_IF_ERROR(AddFrom(pod, from, objects, &env));
  for (const v1::EnvVar& var : container.env()) {
    if (!var.has_valuefrom()) {
      EnvList scope = services;
      for (const auto& [name, value] : env) Set(&scope, name, value);
      Set(&env, var.name(), ExpandVariables(var.value(), scope));
      continue;
    }
    bool skip = false;
    ASSIGN_OR_RETURN(const std::string value, ValueFrom(pod, container, var.valuefrom(), context, objects, &skip));
    if (!skip) Set(&env, var.name(), value);
  }
  for (const auto& [name, value] : env) Set(&services, name, value);
  return services;
}

}  // namespace kubelet
