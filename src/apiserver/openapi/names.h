// Names of types and operations in OpenAPI documents. Pure.
#pragma once
#include <string>

#include "absl/strings/string_view.h"

namespace apiserver::openapi {

// "core.v1.Pod" → "io.k8s.api.core.v1.Pod": where the type lives upstream, which clients know it by.
std::string DefinitionName(absl::string_view message);

// "rbac.authorization.k8s.io", "v1" → "RbacAuthorizationV1": the middle of operation ids.
std::string OperationGroup(absl::string_view group, absl::string_view version);
// "rbacAuthorization_v1": the tag of a group version; without a version that of a group.
std::string Tag(absl::string_view group, absl::string_view version);

std::string Capitalized(absl::string_view word);

}  // namespace apiserver::openapi
