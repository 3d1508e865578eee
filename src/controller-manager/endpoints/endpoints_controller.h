// Keeps the Endpoints object of every service with a selector in step with its pods.
#pragma once
#include <memory>
#include <vector>

#include "controller-manager/endpointslice/pod_endpoints.h"
#include "controller-manager/framework/controller.h"
#include "k8s/core/v1/endpoints.pb.h"

namespace controller_manager {

// The subsets `service` should show: addresses with equal ports together, sorted, so that equal inputs give equal
// bytes. At most 1000 addresses; `truncated` tells when there were more. Pure.
std::vector<k8s::core::v1::EndpointSubset> PlanSubsets(const Service& service, const std::vector<PodPtr>& pods,
                                                       bool& truncated);

std::unique_ptr<Controller> NewEndpointsController(const Context& context, int workers);

}  // namespace controller_manager
