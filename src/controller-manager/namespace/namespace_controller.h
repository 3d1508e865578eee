// Empties namespaces that are being deleted, then lets them go.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "controller-manager/framework/controller.h"

namespace k8s::core::v1 {
class Namespace;
}

namespace controller_manager {

// What is left in a namespace, and what went wrong, after one pass over its content.
struct NamespaceContent {
  std::map<std::string, int> remaining;   // "pods." or "deployments.apps" -> objects
  std::map<std::string, int> finalizers;  // finalizer -> objects
  std::vector<std::string> discovery_failures;
  std::vector<std::string> deletion_failures;
};
// Sets the five conditions of a terminating namespace. Returns whether anything changed. Pure.
bool SetDeletionConditions(const NamespaceContent& content, absl::Time now, k8s::core::v1::Namespace& ns);

std::unique_ptr<Controller> NewNamespaceController(const Context& context, int workers);

}  // namespace controller_manager
