#include "controller-manager/admissionpolicy/policy_status.h"

#include "client/api_error.h"
#include "controller-manager/admissionpolicy/type_check.h"
#include "controller-manager/framework/metadata.h"

namespace controller_manager {
namespace {

using PolicyPtr = std::shared_ptr<const ValidatingAdmissionPolicy>;

class PolicyStatus final : public Controller {
 public:
  PolicyStatus(const Context& context, int workers)
      : Controller("validatingadmissionpolicy-status-controller", workers), api_(context.api),
        policies_(context.informers.For<ValidatingAdmissionPolicy>()) {
    policies_.OnChange([this](const ValidatingAdmissionPolicy& policy) { queue().Add(policy.metadata().name()); });
  }
  ~PolicyStatus() override { Stop(); }

  absl::Status Reconcile(const std::string& name) override {
    const PolicyPtr policy = policies_.Get(name);
    if (policy == nullptr || policy->metadata().generation() <= policy->status().observedgeneration()) return absl::OkStatus();
    ValidatingAdmissionPolicy next = *policy;
    next.mutable_status()->set_observedgeneration(policy->metadata().generation());
    *next.mutable_status()->mutable_typechecking() = CheckTypes(*policy);
    const absl::Status written = api_.UpdateStatus(next).status();
    return IsNotFound(written) ? absl::OkStatus() : written;
  }

 private:
  const client::ApiClient& api_;
  client::Informer<ValidatingAdmissionPolicy>& policies_;
};

}  // namespace

std::unique_ptr<Controller> NewPolicyStatusController(const Context& context, int workers) {
  return std::make_unique<PolicyStatus>(context, workers);
}

}  // namespace controller_manager
