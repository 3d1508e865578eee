// PodSecurity: a namespace's labels say which standard its pods must meet, and which one to warn about.
#include "absl/strings/str_cat.h"
#include "apiserver/admission/plugin.h"
#include "apiserver/admission/pod_security_checks.h"

namespace apiserver::admission {
namespace {

struct Policy {
  std::string level = "privileged", version = "latest";
  std::string Name() const { return absl::StrCat(level, ":", version); }
};

Policy PolicyOf(const Value& ns, absl::string_view mode) {
  Policy policy;
  const Value* labels = ns.At("metadata.labels");
  if (labels == nullptr || !labels->is_object()) return policy;
  const auto label = [&](const std::string& key) {
    const Value* v = labels->Find(key);
    return v != nullptr && v->is_string() ? v->as_string() : std::string();
  };
  const std::string key = absl::StrCat("pod-security.kubernetes.io/", mode);
  const std::string level = label(key), version = label(key + "-version");
  if (level.empty()) return policy;
  // What cannot be read enforces the most, and warns of nothing.
  const bool known = level == "privileged" || level == "baseline" || level == "restricted";
  policy.level = known ? level : mode == "enforce" ? "restricted" : "privileged";
  if (!version.empty()) policy.version = version;
  return policy;
}

// A pod that runs is looked at again only for what it runs.
bool RunsTheSame(const Value& pod, const Value& old) {
  for (const char* list : {"spec.containers", "spec.initContainers", "spec.ephemeralContainers"}) {
    const auto& now = pod.GetArray(list);
    const auto& was = old.GetArray(list);
    if (now.size() != was.size()) return false;
    for (size_t i = 0; i < now.size(); ++i) {
      if (now[i].GetString("image") != was[i].GetString("image")) return false;
    }
  }
  return true;
}

class PodSecurity final : public Plugin {
 public:
  explicit PodSecurity(const PluginSeams& seams) : Plugin("PodSecurity"), reader_(seams.reader) {}

  absl::Status Validate(const Attributes& a) const override {
    if ((a.operation != Operation::kCreate && a.operation != Operation::kUpdate) || a.object == nullptr) {
      return absl::OkStatus();
    }
    const bool pod = a.info->group.empty() && a.info->resource == "pods" &&
                     (a.info->subresource.empty() || a.info->subresource == "ephemeralcontainers");
    const absl::string_view path = pod ? "spec" : TemplatePath(a);
    if (path.empty()) return absl::OkStatus();
    const auto ns = Look(reader_, {"", "namespaces"}, "", a.info->ns);
    if (ns == nullptr) return absl::OkStatus();
    const Policy enforce = PolicyOf(*ns, "enforce"), warn = PolicyOf(*ns, "warn");
    if (pod && a.old != nullptr && RunsTheSame(*a.object, *a.old)) return absl::OkStatus();
    const Value* body = pod ? a.object : a.object->At(path);
    if (body == nullptr || !body->is_object()) return absl::OkStatus();
    static const Value& none = *new Value(Value::MakeObject());
    const Value* metadata = body->Find("metadata");
    const Value* spec = body->Find("spec");
    if (metadata == nullptr) metadata = &none;
    if (spec == nullptr) spec = &none;
    if (pod) {
      const std::string violations = SecurityViolations(enforce.level, *metadata, *spec);
      if (!violations.empty()) {
        return Refuse(a, absl::StrCat("violates PodSecurity \"", enforce.Name(), "\": ", violations));
      }
    }
    const std::string violations = SecurityViolations(warn.level, *metadata, *spec);
    if (!violations.empty() && a.warnings != nullptr) {
      a.warnings->push_back(absl::StrCat("would violate PodSecurity \"", warn.Name(), "\": ", violations));
    }
    return absl::OkStatus();
  }

 private:
  static absl::string_view TemplatePath(const Attributes& a) {
    if (!a.info->subresource.empty()) return "";
    const std::string& resource = a.info->resource;
    if (resource == "podtemplates") return "template";
    if (resource == "cronjobs") return "spec.jobTemplate.spec.template";
    for (absl::string_view known : {"replicationcontrollers", "replicasets", "deployments", "statefulsets",
                                    "daemonsets", "jobs"}) {
      if (resource == known) return "spec.template";
    }
    return "";
  }

  const pipeline::ObjectReader& reader_;
};

}  // namespace

PluginPtr NewPodSecurity(const PluginSeams& seams) { return std::make_unique<PodSecurity>(seams); }

}  // namespace apiserver::admission
