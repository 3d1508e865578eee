// The cluster's own roles and bindings, which exist from the first start and are repaired at every one.
#pragma once
#include <vector>

#include "absl/strings/string_view.h"
#include "apimachinery/value.h"

namespace apiserver::auth {

// Every bootstrap ClusterRole, ClusterRoleBinding, Role and RoleBinding, typed by kind and apiVersion, in the order
// to create them. Namespaces kube-system and kube-public must exist before the Roles.
const std::vector<apimachinery::Value>& BootstrapPolicy();

// The bootstrap object merged into what is stored: true when `stored` had to change (missing labels,
// annotations, rules or subjects; additions of an administrator stay). An object that carries
// rbac.authorization.kubernetes.io/autoupdate: "false" is left alone.
bool ReconcilePolicy(const apimachinery::Value& wanted, apimachinery::Value& stored);

}  // namespace apiserver::auth
