#include "apiserver/admission/plugin_settings.h"

#include <algorithm>
#include <set>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "apimachinery/field_error.h"
#include "apimachinery/names.h"
#include "apimachinery/yaml.h"
#include "apiserver/config_files/config_file.h"
#include "base/file.h"
#include "base/status_macros.h"

namespace apiserver::admission {
namespace {

using apimachinery::FieldErrors;
using apimachinery::FieldPath;
using apimachinery::Value;
namespace files = config_files;

const std::vector<files::FileKind>& OuterKinds() {
  static const auto& kinds = *new std::vector<files::FileKind>{
      {"AdmissionConfiguration",
       {"apiserver.config.k8s.io/v1", "apiserver.k8s.io/v1alpha1"},
       {files::List("plugins", "v1.AdmissionPluginConfiguration", {files::Text("name"), files::Text("path"), files::Anything("configuration")})}}};
  return kinds;
}

const std::vector<files::FileKind>& PodSecurityKinds() {
  static const auto& kinds = *new std::vector<files::FileKind>{
      {"PodSecurityConfiguration",
       {"pod-security.admission.config.k8s.io/v1", "pod-security.admission.config.k8s.io/v1beta1", "pod-security.admission.config.k8s.io/v1alpha1"},
       {files::Object("defaults", "v1.PodSecurityDefaults",
                      {files::Text("enforce"), files::Text("enforce-version"), files::Text("audit"), files::Text("audit-version"),
                       files::Text("warn"), files::Text("warn-version")}),
        files::Object("exemptions", "v1.PodSecurityExemptions",
                      {files::Texts("usernames"), files::Texts("namespaces"), files::Texts("runtimeClasses")})}}};
  return kinds;
}

const std::vector<files::FileKind>& EventLimitKinds() {
  static const auto& kinds = *new std::vector<files::FileKind>{
      {"Configuration",
       {"eventratelimit.admission.k8s.io/v1alpha1"},
       {files::List("limits", "v1alpha1.Limit", {files::Text("type"), files::Number("qps"), files::Number("burst"), files::Number("cacheSize")})}}};
  return kinds;
}

SecurityPolicy ReadPolicy(const Value& file, const char* mode, FieldErrors& errors) {
  SecurityPolicy policy;
  const std::string version_key = absl::StrCat(mode, "-version");
  const std::string level = file.GetString(absl::StrCat("defaults.", mode)), version = file.GetString(absl::StrCat("defaults.", version_key));
  if (!level.empty()) policy.level = level;
  if (policy.level != "privileged" && policy.level != "baseline" && policy.level != "restricted") {
    errors.Invalid(FieldPath("defaults").Child(mode), Value(level), "must be one of privileged, baseline, restricted");
  }
  if (!version.empty() && !ParseSecurityVersion(version, &policy.minor)) {
    errors.Invalid(FieldPath("defaults").Child(version_key), Value(version), "must be \"latest\" or \"v1.x\"");
  }
  return policy;
}

template <typename Check>
std::vector<std::string> ReadExempt(const Value& file, const char* member, FieldErrors& errors, Check check) {
  std::vector<std::string> names;
  std::set<std::string> seen;
  const apimachinery::Array& list = file.GetArray(absl::StrCat("exemptions.", member));
  for (size_t i = 0; i < list.size(); ++i) {
    const FieldPath path = FieldPath("exemptions").Child(member).Index(i);
    const std::string& name = list[i].as_string();
    if (const std::string problem = check(name); !problem.empty()) {
      errors.Invalid(path, list[i], problem);
    } else if (!seen.insert(name).second) {
      errors.Duplicate(path, list[i]);
    }
    names.push_back(name);
  }
  return names;
}

absl::StatusOr<PodSecuritySettings> ReadPodSecurity(const std::string& text) {
  const absl::StatusOr<Value> file = files::DecodeConfigFile(text, PodSecurityKinds());
  if (!file.ok()) return absl::InvalidArgumentError(absl::StrCat("PodSecurity configuration error: ", file.status().message()));
  PodSecuritySettings settings;
  FieldErrors errors;
  settings.enforce = ReadPolicy(*file, "enforce", errors);
  settings.warn = ReadPolicy(*file, "warn", errors);
  settings.audit = ReadPolicy(*file, "audit", errors);
  settings.namespaces = ReadExempt(*file, "namespaces", errors, [](const std::string& name) {
    return absl::StrJoin(apimachinery::IsDns1123Label(name), ", ");
  });
  settings.runtime_classes = ReadExempt(*file, "runtimeClasses", errors, [](const std::string& name) {
    return absl::StrJoin(apimachinery::IsDns1123Subdomain(name), ", ");
  });
  settings.users = ReadExempt(*file, "usernames", errors, [](const std::string& name) {
    return std::string(name.empty() ? "username must not be empty" : "");
  });
  if (!errors.empty()) return absl::InvalidArgumentError(absl::StrCat("PodSecurity invalid: ", errors.ToString()));
  return settings;
}

absl::StatusOr<std::vector<EventLimit>> ReadEventLimits(const std::string& text) {
  static constexpr absl::string_view kTypes[] = {"Namespace", "Server", "SourceAndObject", "User"};
  ASSIGN_OR_RETURN(const Value file, files::DecodeConfigFile(text, EventLimitKinds()));
  std::vector<EventLimit> limits;
  FieldErrors errors;
  const apimachinery::Array& list = file.GetArray("limits");
  if (list.empty()) errors.Invalid(FieldPath("limits"), Value("limits"), "must not be empty");
  for (size_t i = 0; i < list.size(); ++i) {
    const FieldPath path = FieldPath("limits").Index(i);
    EventLimit limit{list[i].GetString("type"), list[i].GetInt("qps"), list[i].GetInt("burst"), list[i].GetInt("cacheSize", 4096)};
    if (std::find(std::begin(kTypes), std::end(kTypes), limit.type) == std::end(kTypes)) {
      errors.NotSupported(path.Child("type"), Value(limit.type), kTypes);
    }
    if (limit.burst <= 0) errors.Invalid(path.Child("burst"), Value(limit.burst), "must be positive");
    if (limit.qps <= 0) errors.Invalid(path.Child("qps"), Value(limit.qps), "must be positive");
    if (limit.cache_size < 0) errors.Invalid(path.Child("cacheSize"), Value(limit.cache_size), "must not be negative");
    if (limit.cache_size == 0) limit.cache_size = 4096;
    limits.push_back(std::move(limit));
  }
  if (!errors.empty()) return absl::InvalidArgumentError(errors.ToString());
  return limits;
}

}  // namespace

bool ParseSecurityVersion(absl::string_view text, int* minor) {
  if (text == "latest") {
    *minor = SecurityPolicy::kLatest;
    return true;
  }
  if (!absl::ConsumePrefix(&text, "v1.") || text.empty() || (text.size() > 1 && text[0] == '0') || text.size() > 4) return false;
  return absl::SimpleAtoi(text, minor) && *minor >= 0 && text[0] != '+' && text[0] != '-';
}

absl::StatusOr<std::shared_ptr<const PluginSettings>> ReadPluginSettings(const std::string& path) {
  const absl::StatusOr<std::string> text = base::ReadFile(path);
  if (!text.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("unable to read admission control configuration from \"", path, "\" [", text.status().message(), "]"));
  }
  ASSIGN_OR_RETURN(const Value file, files::DecodeConfigFile(*text, OuterKinds()));
  auto settings = std::make_shared<PluginSettings>();
  for (const Value& plugin : file.GetArray("plugins")) {
    const std::string name = plugin.GetString("name");
    std::string own = plugin.GetString("path");
    std::string body;
    if (const Value* inside = plugin.Find("configuration"); inside != nullptr && inside->is_object()) {
      body = apimachinery::WriteYaml(*inside);
    } else if (!own.empty()) {
      if (own[0] != '/') own = absl::StrCat(path.substr(0, path.rfind('/') + 1), own);
      ASSIGN_OR_RETURN(body, base::ReadFile(own));
    } else {
      continue;
    }
    if (name == "PodSecurity") {
      ASSIGN_OR_RETURN(settings->pod_security, ReadPodSecurity(body));
    } else if (name == "EventRateLimit") {
      ASSIGN_OR_RETURN(settings->event_limits, ReadEventLimits(body));
    } else {
      return absl::InvalidArgumentError(absl::StrCat("admission plugin \"", name, "\" cannot be configured here"));
    }
  }
  return std::shared_ptr<const PluginSettings>(std::move(settings));
}

}  // namespace apiserver::admission
