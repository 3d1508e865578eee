// Which endpoint slices a service should have: the pure half of the EndpointSlice controller.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "controller-manager/endpointslice/pod_endpoints.h"
#include "k8s/discovery/v1/endpointslice.pb.h"

namespace controller_manager {

using k8s::discovery::v1::EndpointSlice;
using SlicePtr = std::shared_ptr<const EndpointSlice>;

struct SlicePlan {
  std::vector<EndpointSlice> create;
  std::vector<EndpointSlice> update;
  std::vector<SlicePtr> remove;
};

struct SliceInput {
  const Service* service = nullptr;
  std::vector<PodPtr> pods;                    // those the selector matches
  std::vector<SlicePtr> existing;              // managed by us, of this service
  std::map<std::string, std::string> zone_of;  // node name -> zone
  int max_endpoints = 100;
};

// Changes as few slices as it can: endpoints stay where they are, new ones fill slices that have room.
SlicePlan PlanSlices(const SliceInput& input);

inline constexpr char kServiceName[] = "kubernetes.io/service-name";
inline constexpr char kManagedBy[] = "endpointslice.kubernetes.io/managed-by";
inline constexpr char kSliceManager[] = "endpointslice-controller.k8s.io";

}  // namespace controller_manager
