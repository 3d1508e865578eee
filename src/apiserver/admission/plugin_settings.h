// What --admission-control-config-file sets of single plugins.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "apiserver/admission/pod_security_checks.h"

namespace apiserver::admission {

struct PodSecuritySettings {
  SecurityPolicy enforce, audit, warn;  // where a namespace's labels say nothing
  std::vector<std::string> users, namespaces, runtime_classes;  // who is exempt
};

struct EventLimit {
  std::string type;  // Server, Namespace, User, SourceAndObject
  int64_t qps = 0, burst = 0, cache_size = 4096;
};

struct PluginSettings {
  std::optional<PodSecuritySettings> pod_security;
  std::vector<EventLimit> event_limits;
};

// False: neither "latest" nor "v1.N".
bool ParseSecurityVersion(absl::string_view text, int* minor);

// InvalidArgument in upstream's words. Plugins that cannot be set here are refused by name.
absl::StatusOr<std::shared_ptr<const PluginSettings>> ReadPluginSettings(const std::string& path);

}  // namespace apiserver::admission
