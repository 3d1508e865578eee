// The environment of a container: service variables, envFrom, env with references and $(NAME) expansion.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "k8s/core/v1/pod.pb.h"
#include "kubelet/pods/api_objects.h"
#include "kubelet/pods/downward.h"

namespace kubelet {

using EnvList = std::vector<std::pair<std::string, std::string>>;

// In order, names unique. Errors have upstream's wording: `secret "x" not found`,
// `couldn't find key k in ConfigMap default/cm`.
absl::StatusOr<EnvList> MakeEnvironment(const k8s::core::v1::Pod& pod, const k8s::core::v1::Container& container,
                                        const PodContext& context, ApiObjects& objects);

// $(NAME) becomes its value; $$ stays one $; what is not set stays as written, and the first such name is told by `missing`.
std::string ExpandVariables(absl::string_view text, const EnvList& env, std::string* missing = nullptr);

// WEB_SERVICE_HOST and its relatives, as for every service of a namespace.
EnvList ServiceVariables(const std::vector<ServiceAddress>& services);

}  // namespace kubelet
