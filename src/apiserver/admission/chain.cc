#include <algorithm>

#include "apiserver/admission/plugin.h"
#include "base/status_macros.h"

namespace apiserver::admission {
namespace {

class RealChain final : public Chain {
 public:
  RealChain(Config config, const pipeline::ObjectReader& reader, pipeline::ObjectWriter* writer,
            const auth::Authorizer* authorizer, const base::Clock& clock)
      : config_(std::move(config)) {
    const PluginSeams seams{config_, reader, writer, authorizer, clock};
    // Upstream's order. NodeRestriction is the one that is off unless asked for.
    Add(NewNamespaceLifecycle(seams));
    Add(NewLimitRanger(seams));
    Add(NewServiceAccount(seams));
    Add(NewNodeRestriction(seams), false);
    Add(NewTaintNodesByCondition(seams));
    Add(NewPodSecurity(seams));
    Add(NewPriority(seams));
    Add(NewDefaultTolerationSeconds(seams));
    Add(NewDefaultStorageClass(seams));
    Add(NewStorageObjectInUseProtection(seams));
    Add(NewClaimResize(seams));
    Add(NewRuntimeClass(seams));
    Add(NewCertificateApproval(seams));
    Add(NewCertificateSigning(seams));
    Add(NewCertificateSubjectRestriction(seams));
    Add(NewDefaultIngressClass(seams));
    if (writer != nullptr) Add(NewResourceQuota(seams));
  }

  absl::Status Mutate(Attributes& attributes) const override {
    for (const PluginPtr& plugin : plugins_) RETURN_IF_ERROR(plugin->Admit(attributes));
    return absl::OkStatus();
  }

  absl::Status Validate(const Attributes& attributes, std::unique_ptr<Reservation>* reservation) const override {
    for (const PluginPtr& plugin : plugins_) {
      RETURN_IF_ERROR(plugin->Validate(attributes));
      if (reservation != nullptr) RETURN_IF_ERROR(plugin->Reserve(attributes, reservation));
    }
    return absl::OkStatus();
  }

 private:
  void Add(PluginPtr plugin, bool by_default = true) {
    const auto listed = [&](const std::vector<std::string>& names) {
      return std::find(names.begin(), names.end(), plugin->name()) != names.end();
    };
    if ((by_default || listed(config_.enable)) && !listed(config_.disable)) plugins_.push_back(std::move(plugin));
  }

  const Config config_;
  std::vector<PluginPtr> plugins_;
};

}  // namespace

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

pipeline::ObjectPtr Look(const pipeline::ObjectReader& reader, const pipeline::GroupResource& what,
                         absl::string_view ns, absl::string_view name) {
  if (auto found = reader.Get(what, ns, name)) return found;
  auto fresh = reader.GetFresh(what, ns, name);
  return fresh.ok() ? *fresh : nullptr;
}

}  // namespace apiserver::admission
