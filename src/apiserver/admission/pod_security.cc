// PodSecurity: a namespace's labels say which standard its pods must meet, and which one to warn about.
#include <algorithm>
#include <map>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "apimachinery/field_error.h"
#include "apiserver/admission/plugin.h"
#include "apiserver/admission/plugin_settings.h"
#include "apiserver/admission/pod_security_checks.h"
#include "base/metrics/metrics.h"

namespace apiserver::admission {

std::string SecurityPolicy::Name() const {
  return minor == kLatest ? absl::StrCat(level, ":latest") : absl::StrCat(level, ":v1.", minor);
}

namespace {

constexpr char kPrefix[] = "pod-security.kubernetes.io/";
constexpr size_t kMaxPodsLookedAt = 3000;

int RankOf(absl::string_view level) { return level == "privileged" ? 0 : level == "baseline" ? 1 : 2; }

const std::string* Label(const Value& ns, absl::string_view key) {
  const Value* labels = ns.At("metadata.labels");
  const Value* label = labels == nullptr ? nullptr : labels->Find(absl::StrCat(kPrefix, key));
  return label != nullptr && label->is_string() ? &label->as_string() : nullptr;
}

// `errors` (may be nullptr) gets what cannot be read; that enforces the most, and warns of nothing.
SecurityPolicy PolicyOf(const Value& ns, absl::string_view mode, const SecurityPolicy& by_default, apimachinery::FieldErrors* errors) {
  SecurityPolicy policy = by_default;
  const auto at = [&](absl::string_view key) {
    return apimachinery::FieldPath("metadata").Child("labels").Key(absl::StrCat(kPrefix, key));
  };
  if (const std::string* level = Label(ns, mode)) {
    if (*level == "privileged" || *level == "baseline" || *level == "restricted") {
      policy.level = *level;
    } else {
      policy.level = mode == "enforce" ? "restricted" : "privileged";
      if (errors != nullptr) errors->Invalid(at(mode), *level, "must be one of privileged, baseline, restricted");
    }
  }
  const std::string version_key = absl::StrCat(mode, "-version");
  if (const std::string* version = Label(ns, version_key)) {
    if (!ParseSecurityVersion(*version, &policy.minor)) {
      policy.minor = SecurityPolicy::kLatest;
      if (errors != nullptr) errors->Invalid(at(version_key), *version, "must be \"latest\" or \"v1.x\"");
    }
  }
  return policy;
}

apimachinery::FieldErrors LabelErrors(const Value& ns) {
  apimachinery::FieldErrors errors;
  for (const char* mode : {"enforce", "audit", "warn"}) PolicyOf(ns, mode, {}, &errors);
  return errors;
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

struct SecurityMetrics {
  base::CounterFamily evaluations{"pod_security_evaluations_total", "Decisions on pods, by policy.",
                                  {"decision", "mode", "policy_level", "policy_version", "request_operation", "resource",
                                   "subresource"}};
  base::CounterFamily exemptions{"pod_security_exemptions_total", "Requests that policy did not look at.",
                                 {"request_operation", "resource", "subresource"}};
};

SecurityMetrics& Metrics() {
  static auto* const metrics = [] {
    auto* const made = new SecurityMetrics;
    for (const absl::string_view operation : {"create", "update"}) {
      for (const absl::string_view resource : {"controller", "pod"}) made->exemptions.With({operation, resource, ""});
      made->evaluations.With({"allow", "enforce", "privileged", "latest", operation, "pod", ""});
    }
    return made;
  }();
  return *metrics;
}
// Shown before anything happens.
[[maybe_unused]] const SecurityMetrics& kMetricsFromTheStart = Metrics();

void TellEvaluated(const Attributes& a, absl::string_view mode, const SecurityPolicy& policy, bool allowed, bool pod) {
  const std::string version = policy.minor == SecurityPolicy::kLatest ? "latest" : absl::StrCat("v1.", policy.minor);
  Metrics()
      .evaluations.With({allowed ? "allow" : "deny", mode, policy.level, version, a.operation == Operation::kCreate ? "create" : "update",
             pod ? "pod" : "controller", a.info->subresource})
      .Add();
}

std::vector<SecurityViolation> Violations(const SecurityPolicy& policy, const Value& pod) {
  static const Value& none = *new Value(Value::MakeObject());
  const Value* metadata = pod.Find("metadata");
  const Value* spec = pod.Find("spec");
  return FindSecurityViolations(policy, metadata == nullptr ? none : *metadata, spec == nullptr ? none : *spec);
}

class PodSecurity final : public Plugin {
 public:
  explicit PodSecurity(const PluginSeams& seams) : Plugin("PodSecurity"), reader_(seams.reader) {
    if (seams.config.settings != nullptr && seams.config.settings->pod_security.has_value()) settings_ = *seams.config.settings->pod_security;
  }

  absl::Status Validate(const Attributes& a) const override {
    if ((a.operation != Operation::kCreate && a.operation != Operation::kUpdate) || a.object == nullptr) {
      return absl::OkStatus();
    }
    if (a.Is("", "namespaces")) return Namespace(a);
    const bool pod = a.info->group.empty() && a.info->resource == "pods" &&
                     (a.info->subresource.empty() || a.info->subresource == "ephemeralcontainers");
    const absl::string_view path = pod ? "spec" : TemplatePath(a);
    if (path.empty()) return absl::OkStatus();
    if (In(settings_.namespaces, a.info->ns)) return Exempt(a, "namespace", pod);
    if (a.user != nullptr && In(settings_.users, a.user->name)) return Exempt(a, "user", pod);
    const auto ns = Look(reader_, {"", "namespaces"}, "", a.info->ns);
    if (ns == nullptr) return absl::OkStatus();
    const SecurityPolicy enforce = PolicyOf(*ns, "enforce", settings_.enforce, nullptr), warn = PolicyOf(*ns, "warn", settings_.warn, nullptr);
    if (pod && a.old != nullptr && RunsTheSame(*a.object, *a.old)) return absl::OkStatus();
    const Value* body = pod ? a.object : a.object->At(path);
    if (body == nullptr || !body->is_object()) return absl::OkStatus();
    if (In(settings_.runtime_classes, body->GetString("spec.runtimeClassName"))) return Exempt(a, "runtimeClass", pod);
    if (pod) Annotate(a, absl::StrCat(kPrefix, "enforce-policy"), enforce.Name());
    const SecurityPolicy audit = PolicyOf(*ns, "audit", settings_.audit, nullptr);
    if (a.audit != nullptr) {
      const std::string broken = DescribeViolations(Violations(audit, *body));
      if (!broken.empty()) {
        TellEvaluated(a, "audit", audit, false, pod);
        Annotate(a, absl::StrCat(kPrefix, "audit-violations"),
                 absl::StrCat("would violate PodSecurity \"", audit.Name(), "\": ", broken));
      }
    }
    if (pod) {
      const std::string found = DescribeViolations(Violations(enforce, *body));
      TellEvaluated(a, "enforce", enforce, found.empty(), pod);
      if (!found.empty()) return Refuse(a, absl::StrCat("violates PodSecurity \"", enforce.Name(), "\": ", found));
    }
    const std::string found = DescribeViolations(Violations(warn, *body));
    if (!found.empty()) TellEvaluated(a, "warn", warn, false, pod);
    if (!found.empty() && a.warnings != nullptr) {
      a.warnings->push_back(absl::StrCat("would violate PodSecurity \"", warn.Name(), "\": ", found));
    }
    return absl::OkStatus();
  }

 private:
  static bool In(const std::vector<std::string>& names, absl::string_view name) {
    return !name.empty() && std::find(names.begin(), names.end(), name) != names.end();
  }

  static absl::Status Exempt(const Attributes& a, absl::string_view by, bool pod) {
    Metrics().exemptions.With({a.operation == Operation::kCreate ? "create" : "update", pod ? "pod" : "controller", a.info->subresource}).Add();
    Annotate(a, absl::StrCat(kPrefix, "exempt"), by);
    return absl::OkStatus();
  }

  // Labels of a namespace that is exempt say something that is not done.
  void WarnOfExemption(const Attributes& a) const {
    if (a.warnings == nullptr) return;
    std::string shown;
    bool privileged = true, as_by_default = true;
    const std::pair<const char*, const SecurityPolicy*> modes[] = {{"enforce", &settings_.enforce}, {"audit", &settings_.audit}, {"warn", &settings_.warn}};
    for (const auto& [mode, by_default] : modes) {
      const SecurityPolicy policy = PolicyOf(*a.object, mode, *by_default, nullptr);
      privileged = privileged && policy.level == "privileged";
      as_by_default = as_by_default && policy == *by_default;
      const bool labelled = Label(*a.object, mode) != nullptr || Label(*a.object, absl::StrCat(mode, "-version")) != nullptr;
      if (policy.level != "privileged" && labelled) absl::StrAppend(&shown, shown.empty() ? "" : ", ", mode, "=", policy.Name());
    }
    if (privileged || as_by_default) return;
    a.warnings->push_back(absl::StrCat("namespace \"", a.object->GetString("metadata.name"), "\" is exempt from Pod Security, and the policy (",
                                       shown, ") will be ignored"));
  }

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

  // New labels must be readable; who tightens a namespace is told which of its pods would not get in again.
  absl::Status Namespace(const Attributes& a) const {
    const apimachinery::FieldErrors errors = LabelErrors(*a.object);
    if (!errors.empty()) {
      bool known = false;  // what was wrong before may stay so
      if (a.old != nullptr) known = LabelErrors(*a.old).ToString() == errors.ToString();
      if (!known) return apimachinery::Invalid("", "Namespace", a.object->GetString("metadata.name"), errors);
    }
    const bool exempt = In(settings_.namespaces, a.object->GetString("metadata.name"));
    if (exempt && a.old == nullptr) WarnOfExemption(a);
    if (a.old == nullptr || a.warnings == nullptr) return absl::OkStatus();
    const SecurityPolicy now = PolicyOf(*a.object, "enforce", settings_.enforce, nullptr), was = PolicyOf(*a.old, "enforce", settings_.enforce, nullptr);
    const bool relaxed = now.minor == was.minor && RankOf(now.level) <= RankOf(was.level);
    if (now == was || now.level == "privileged" || relaxed) return absl::OkStatus();
    if (exempt) {
      WarnOfExemption(a);
      return absl::OkStatus();
    }
    struct Group {
      std::string first;
      int count = 0;
    };
    std::map<std::string, Group> by_reasons;
    size_t looked_at = 0;
    const std::string name = a.object->GetString("metadata.name");
    for (const auto& pod : reader_.List({"", "pods"}, name)) {
      if (++looked_at > kMaxPodsLookedAt) break;
      if (In(settings_.runtime_classes, pod->GetString("spec.runtimeClassName"))) continue;
      const std::string reasons = DescribeViolations(Violations(now, *pod), /*details=*/false);
      if (reasons.empty()) continue;
      Group& group = by_reasons[reasons];
      if (group.count++ == 0) group.first = pod->GetString("metadata.name");
    }
    if (by_reasons.empty()) return absl::OkStatus();
    std::vector<std::string> lines;
    for (const auto& [reasons, group] : by_reasons) {
      const int others = group.count - 1;
      const std::string more = others == 0 ? "" : absl::StrCat(" (and ", others, " other pod", others == 1 ? "" : "s", ")");
      lines.push_back(absl::StrCat(group.first, more, ": ", reasons));
    }
    std::sort(lines.begin(), lines.end());
    a.warnings->push_back(absl::StrCat("existing pods in namespace \"", name, "\" violate the new PodSecurity enforce level \"",
                                       now.Name(), "\""));
    if (looked_at > kMaxPodsLookedAt) {
      a.warnings->push_back(absl::StrCat("new PodSecurity enforce level only checked against the first ", kMaxPodsLookedAt,
                                         " of ", reader_.List({"", "pods"}, name).size(), " existing pods"));
    }
    for (std::string& line : lines) a.warnings->push_back(std::move(line));
    return absl::OkStatus();
  }

  const pipeline::ObjectReader& reader_;
  PodSecuritySettings settings_;  // constant after construction
};

}  // namespace

PluginPtr NewPodSecurity(const PluginSeams& seams) { return std::make_unique<PodSecurity>(seams); }

}  // namespace apiserver::admission
