#include "controller-manager/clusterrole/role_aggregation.h"

#include <algorithm>
#include <set>

#include "client/api_error.h"
#include "controller-manager/framework/metadata.h"

namespace controller_manager {
namespace {

using RolePtr = std::shared_ptr<const ClusterRole>;

class RoleAggregation final : public Controller {
 public:
  RoleAggregation(const Context& context, int workers)
      : Controller("clusterrole-aggregation-controller", workers), api_(context.api),
        roles_(context.informers.For<ClusterRole>()) {
    // Any role may be a part of any aggregate: there are few of those.
    roles_.OnChange([this](const ClusterRole&) {
      for (const RolePtr& role : roles_.List()) {
        if (role->has_aggregationrule()) queue().Add(role->metadata().name());
      }
    });
  }
  ~RoleAggregation() override { Stop(); }

  absl::Status Reconcile(const std::string& name) override {
    const RolePtr role = roles_.Get(name);
    if (role == nullptr || !role->has_aggregationrule() || IsDeleting(role->metadata())) return absl::OkStatus();
    const auto rules = AggregateRules(*role, roles_.List());
    const bool same = std::equal(rules.begin(), rules.end(), role->rules().begin(), role->rules().end(),
                                 [](const auto& a, const auto& b) {
                                   return a.SerializePartialAsString() == b.SerializePartialAsString();
                                 });
    if (same) return absl::OkStatus();
    ClusterRole next = *role;
    next.clear_rules();
    for (const auto& rule : rules) *next.add_rules() = rule;
    const absl::Status written = api_.Update(next).status();
    return IsNotFound(written) ? absl::OkStatus() : written;
  }

 private:
  const client::ApiClient& api_;
  client::Informer<ClusterRole>& roles_;
};

}  // namespace

std::vector<k8s::rbac::v1::PolicyRule> AggregateRules(const ClusterRole& role, std::vector<RolePtr> all) {
  std::sort(all.begin(), all.end(),
            [](const RolePtr& a, const RolePtr& b) { return a->metadata().name() < b->metadata().name(); });
  std::vector<k8s::rbac::v1::PolicyRule> rules;
  std::set<std::string> seen;
  for (const auto& selector : role.aggregationrule().clusterroleselectors()) {
    for (const RolePtr& part : all) {
      if (part->metadata().name() == role.metadata().name() || !Matches(selector, part->metadata().labels())) continue;
      for (const auto& rule : part->rules()) {
        if (seen.insert(rule.SerializePartialAsString()).second) rules.push_back(rule);
      }
    }
  }
  return rules;
}

std::unique_ptr<Controller> NewClusterRoleAggregationController(const Context& context, int workers) {
  return std::make_unique<RoleAggregation>(context, workers);
}

}  // namespace controller_manager
