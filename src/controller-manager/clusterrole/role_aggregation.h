// ClusterRoles that are the sum of others (aggregationRule): admin, edit, view.
#pragma once
#include <memory>
#include <vector>

#include "controller-manager/framework/controller.h"
#include "k8s/rbac/v1/role.pb.h"

namespace controller_manager {

using k8s::rbac::v1::ClusterRole;

// The rules of all roles that `role` selects, by name of the role, each rule once. Pure.
std::vector<k8s::rbac::v1::PolicyRule> AggregateRules(const ClusterRole& role,
                                                      std::vector<std::shared_ptr<const ClusterRole>> all);

std::unique_ptr<Controller> NewClusterRoleAggregationController(const Context& context, int workers);

}  // namespace controller_manager
