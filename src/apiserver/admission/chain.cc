#include <algorithm>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "apiserver/admission/admission_request.h"
#include "apiserver/admission/plugin.h"
#include "apiserver/pipeline/audit_trail.h"
#include "base/metrics/summary.h"
#include "base/status_macros.h"

namespace apiserver::admission {
namespace {

// A plugin under its flag name. Without a maker it is known, and has nothing to do here: it guards an API or a feature
// that upstream has turned off by default and that this server does not have.
struct Entry {
  const char* name;
  PluginPtr (*make)(const PluginSeams& seams);
  bool by_default;
};

// Upstream's, in upstream's order.
constexpr Entry kEntries[] = {
    {"AlwaysAdmit", NewAlwaysAdmit, false},
    {"NamespaceAutoProvision", NewNamespaceAutoProvision, false},
    {"NamespaceLifecycle", NewNamespaceLifecycle, true},
    {"NamespaceExists", NewNamespaceExists, false},
    {"LimitPodHardAntiAffinityTopology", NewHardAntiAffinityTopology, false},
    {"LimitRanger", NewLimitRanger, true},
    {"ServiceAccount", NewServiceAccount, true},
    {"NodeRestriction", NewNodeRestriction, false},
    {"TaintNodesByCondition", NewTaintNodesByCondition, true},
    {"AlwaysPullImages", NewAlwaysPullImages, false},
    {"PodSecurity", NewPodSecurity, true},
    {"PodNodeSelector", NewPodNodeSelector, false},
    {"Priority", NewPriority, true},
    {"DefaultTolerationSeconds", NewDefaultTolerationSeconds, true},
    {"PodTolerationRestriction", NewPodTolerationRestriction, false},
    {"EventRateLimit", NewEventRateLimit, false},
    {"ExtendedResourceToleration", NewExtendedResourceToleration, false},
    {"DefaultStorageClass", NewDefaultStorageClass, true},
    {"StorageObjectInUseProtection", NewStorageObjectInUseProtection, true},
    {"OwnerReferencesPermissionEnforcement", NewOwnerReferencesPermission, false},
    {"PersistentVolumeClaimResize", NewClaimResize, true},
    {"RuntimeClass", NewRuntimeClass, true},
    {"CertificateApproval", NewCertificateApproval, true},
    {"CertificateSigning", NewCertificateSigning, true},
    {"ClusterTrustBundleAttest", nullptr, true},
    {"CertificateSubjectRestriction", NewCertificateSubjectRestriction, true},
    {"DefaultIngressClass", NewDefaultIngressClass, true},
    {"PodTopologyLabels", NewPodTopologyLabels, true},
    {"NodeDeclaredFeatureValidator", nullptr, true},
    {"DenyServiceExternalIPs", NewDenyServiceExternalIps, false},
    {"MutatingAdmissionPolicy", nullptr, true},
    {"MutatingAdmissionWebhook", NewMutatingWebhooks, true},
    {"ValidatingAdmissionPolicy", NewValidatingAdmissionPolicy, true},
    {"ValidatingAdmissionWebhook", NewValidatingWebhooks, true},
    {"ResourceQuota", NewResourceQuota, true},
    {"AlwaysDeny", NewAlwaysDeny, false},
};
// These work by a configuration file that this server does not read.
constexpr absl::string_view kNeedConfiguration[] = {"ImagePolicyWebhook"};

bool Listed(const std::vector<std::string>& names, absl::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

struct ChainMetrics {
  base::HistogramFamily plugins{"apiserver_admission_controller_admission_duration_seconds",
                                "Time that a plugin took, by operation and step.",
                                {"name", "operation", "rejected", "type"},
                                {0.005, 0.025, 0.1, 0.5, 1, 2.5}};
  base::HistogramFamily steps{"apiserver_admission_step_admission_duration_seconds",
                              "Time that all plugins of a step took, by operation.",
                              {"operation", "rejected", "type"},
                              {0.005, 0.025, 0.1, 0.5, 1, 2.5}};

  base::SummaryFamily recent{"apiserver_admission_step_admission_duration_seconds_summary",
                             "Time that all plugins of a step took lately, by operation.", {"operation", "rejected", "type"}};

  void Plugin(absl::string_view name, absl::string_view type, const Attributes& attributes, bool ok, absl::Duration took) {
    plugins.With({name, OperationName(attributes.operation), ok ? "false" : "true", type})
        .Observe(absl::ToDoubleSeconds(took));
  }
};

ChainMetrics& Metrics() {
  static auto* const metrics = new ChainMetrics;
  return *metrics;
}

class StepTimer {
 public:
  StepTimer(absl::string_view type, const Attributes& attributes) : type_(type), operation_(attributes.operation) {}
  absl::Status Ended(absl::Status status) const {
    const absl::Time now = absl::Now();
    const double seconds = absl::ToDoubleSeconds(now - began_);
    const absl::string_view labels[] = {OperationName(operation_), status.ok() ? "false" : "true", type_};
    Metrics().steps.With(labels).Observe(seconds);
    Metrics().recent.With(labels).Observe(seconds, now);
    return status;
  }

 private:
  const absl::string_view type_;
  const Operation operation_;
  const absl::Time began_ = absl::Now();
};

class RealChain final : public Chain {
 public:
  RealChain(Config config, const pipeline::ObjectReader& reader, pipeline::ObjectWriter* writer,
            const auth::Authorizer* authorizer, const base::Clock& clock)
      : config_(std::move(config)) {
    const PluginSeams seams{config_, reader, writer, authorizer, clock};
    for (const Entry& entry : kEntries) {
      const bool on = (entry.by_default || Listed(config_.enable, entry.name)) && !Listed(config_.disable, entry.name);
      if (!on || entry.make == nullptr) continue;
      if (PluginPtr plugin = entry.make(seams); plugin != nullptr) plugins_.push_back(std::move(plugin));
    }
  }

  absl::Status Mutate(Attributes& attributes) const override {
    const StepTimer step("admit", attributes);
    MutationRound round;
    attributes.round = &round;
    const absl::Cleanup forget = [&] { attributes.round = nullptr; };
    absl::Status status = AdmitAll(attributes);
    if (status.ok() && round.wanted) {
      round.again = true;  // what a webhook changed is seen by all once more
      status = AdmitAll(attributes);
    }
    return step.Ended(status);
  }

  absl::Status Validate(const Attributes& attributes, std::unique_ptr<Reservation>* reservation) const override {
    const StepTimer step("validate", attributes);
    for (const PluginPtr& plugin : plugins_) {
      const absl::Time began = absl::Now();
      absl::Status status = plugin->Validate(attributes);
      if (status.ok() && reservation != nullptr) status = plugin->Reserve(attributes, reservation);
      Metrics().Plugin(plugin->name(), "validate", attributes, status.ok(), absl::Now() - began);
      if (!status.ok()) return step.Ended(status);
    }
    return step.Ended(absl::OkStatus());
  }

 private:
  absl::Status AdmitAll(Attributes& attributes) const {
    for (const PluginPtr& plugin : plugins_) {
      const absl::Time began = absl::Now();
      const absl::Status status = plugin->Admit(attributes);
      Metrics().Plugin(plugin->name(), "admit", attributes, status.ok(), absl::Now() - began);
      RETURN_IF_ERROR(status);
    }
    return absl::OkStatus();
  }

  const Config config_;
  std::vector<PluginPtr> plugins_;
};

}  // namespace

absl::Status CheckPluginNames(const Config& config) {
  const std::pair<const char*, const std::vector<std::string>*> flags[] = {{"enable-admission-plugins", &config.enable},
                                                                           {"disable-admission-plugins", &config.disable}};
  for (const auto& [flag, names] : flags) {
    for (const std::string& name : *names) {
      const bool needs = std::find(std::begin(kNeedConfiguration), std::end(kNeedConfiguration), name) != std::end(kNeedConfiguration);
      const bool known = std::any_of(std::begin(kEntries), std::end(kEntries), [&](const Entry& e) { return e.name == name; });
      if (!known && !needs) return absl::InvalidArgumentError(absl::StrCat(flag, " plugin \"", name, "\" is unknown"));
      if (needs && names == &config.enable) {
        return absl::InvalidArgumentError(absl::StrCat(flag, " plugin \"", name, "\" needs a configuration file, which is not supported"));
      }
    }
  }
  for (const std::string& name : config.enable) {
    if (Listed(config.disable, name)) {
      return absl::InvalidArgumentError(
          absl::StrCat("[", name, "] in enable-admission-plugins and disable-admission-plugins overlapped"));
    }
  }
  return absl::OkStatus();
}

std::unique_ptr<Chain> NewChain(const Config& config, const pipeline::ObjectReader& reader,
                                pipeline::ObjectWriter* writer, const auth::Authorizer* authorizer,
                                const base::Clock& clock) {
  return std::make_unique<RealChain>(config, reader, writer, authorizer, clock);
}

absl::Status Refuse(const Attributes& attributes, absl::string_view why) {
  std::string name = attributes.name;
  if (name.empty() && attributes.object != nullptr) {
    name = attributes.object->GetString("metadata.name");
    if (name.empty()) name = attributes.object->GetString("metadata.generateName");
  }
  if (name.empty()) name = "Unknown";
  return apimachinery::Forbidden(attributes.info->group, attributes.info->resource, name, why);
}

void AddWarning(const Attributes& attributes, std::string text) {
  std::vector<std::string>* warnings = attributes.warnings;
  if (warnings == nullptr || std::find(warnings->begin(), warnings->end(), text) != warnings->end()) return;
  warnings->push_back(std::move(text));
}

void Annotate(const Attributes& attributes, absl::string_view key, absl::string_view value) {
  if (attributes.audit != nullptr) attributes.audit->Annotate(key, value);
}

pipeline::ObjectPtr Look(const pipeline::ObjectReader& reader, const pipeline::GroupResource& what,
                         absl::string_view ns, absl::string_view name) {
  if (auto found = reader.Get(what, ns, name)) return found;
  auto fresh = reader.GetFresh(what, ns, name);
  return fresh.ok() ? *fresh : nullptr;
}

}  // namespace apiserver::admission
