// One admission plugin, as the chain runs it.
#pragma once
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "apiserver/admission/admission.h"

namespace apiserver::admission {

// Stateless but for what its constructor took; thread-safe.
class Plugin {
 public:
  explicit Plugin(absl::string_view name) : name_(name) {}
  virtual ~Plugin() = default;
  absl::string_view name() const { return name_; }

  virtual absl::Status Admit(Attributes&) const { return absl::OkStatus(); }
  virtual absl::Status Validate(const Attributes&) const { return absl::OkStatus(); }
  // Takes quota; runs last.
  virtual absl::Status Reserve(const Attributes&, std::unique_ptr<Reservation>*) const { return absl::OkStatus(); }

 private:
  const std::string name_;
};

struct PluginSeams {
  const Config& config;
  const pipeline::ObjectReader& reader;
  pipeline::ObjectWriter* writer;
  const auth::Authorizer* authorizer;
  const base::Clock& clock;
};

using PluginPtr = std::unique_ptr<Plugin>;
PluginPtr NewNamespaceLifecycle(const PluginSeams& seams);
PluginPtr NewLimitRanger(const PluginSeams& seams);
PluginPtr NewServiceAccount(const PluginSeams& seams);
PluginPtr NewNodeRestriction(const PluginSeams& seams);
PluginPtr NewTaintNodesByCondition(const PluginSeams& seams);
PluginPtr NewPodSecurity(const PluginSeams& seams);
PluginPtr NewPriority(const PluginSeams& seams);
PluginPtr NewDefaultTolerationSeconds(const PluginSeams& seams);
PluginPtr NewDefaultStorageClass(const PluginSeams& seams);
PluginPtr NewStorageObjectInUseProtection(const PluginSeams& seams);
PluginPtr NewClaimResize(const PluginSeams& seams);
PluginPtr NewRuntimeClass(const PluginSeams& seams);
PluginPtr NewCertificateApproval(const PluginSeams& seams);
PluginPtr NewCertificateSigning(const PluginSeams& seams);
PluginPtr NewCertificateSubjectRestriction(const PluginSeams& seams);
PluginPtr NewDefaultIngressClass(const PluginSeams& seams);
PluginPtr NewPodTopologyLabels(const PluginSeams& seams);
PluginPtr NewResourceQuota(const PluginSeams& seams);  // nullptr without seams.writer
PluginPtr NewAlwaysAdmit(const PluginSeams& seams);
PluginPtr NewAlwaysDeny(const PluginSeams& seams);
PluginPtr NewAlwaysPullImages(const PluginSeams& seams);
PluginPtr NewDenyServiceExternalIps(const PluginSeams& seams);
PluginPtr NewEventRateLimit(const PluginSeams& seams);
PluginPtr NewExtendedResourceToleration(const PluginSeams& seams);
PluginPtr NewHardAntiAffinityTopology(const PluginSeams& seams);
PluginPtr NewNamespaceAutoProvision(const PluginSeams& seams);
PluginPtr NewNamespaceExists(const PluginSeams& seams);
PluginPtr NewOwnerReferencesPermission(const PluginSeams& seams);
PluginPtr NewPodNodeSelector(const PluginSeams& seams);
PluginPtr NewPodTolerationRestriction(const PluginSeams& seams);
PluginPtr NewMutatingWebhooks(const PluginSeams& seams);
PluginPtr NewValidatingAdmissionPolicy(const PluginSeams& seams);
PluginPtr NewValidatingWebhooks(const PluginSeams& seams);

// `pods "x" is forbidden: WHY`, named as upstream names an object that has no name yet.
absl::Status Refuse(const Attributes& attributes, absl::string_view why);
// Once each.
void AddWarning(const Attributes& attributes, std::string text);
// Into the audit log.
void Annotate(const Attributes& attributes, absl::string_view key, absl::string_view value);
// From the cache, or else from the store.
pipeline::ObjectPtr Look(const pipeline::ObjectReader& reader, const pipeline::GroupResource& what,
                         absl::string_view ns, absl::string_view name);

}  // namespace apiserver::admission
