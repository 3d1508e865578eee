// What is wrong with the expressions of a ValidatingAdmissionPolicy, by the types of the objects it is about. Pure.
//
// Upstream refuses what is wrong whatever the object is, and only warns of what is wrong of the types it finds: they may
// be served in other shapes one day. Custom resources have no types here.
#pragma once
#include "client/resource.h"
#include "k8s/admissionregistration/v1/policy.pb.h"

namespace client {
template <>
inline constexpr ResourceInfo kResource<k8s::admissionregistration::v1::ValidatingAdmissionPolicy>{
    "admissionregistration.k8s.io", "v1", "validatingadmissionpolicies", "ValidatingAdmissionPolicy", false};
}

namespace controller_manager {

using k8s::admissionregistration::v1::ValidatingAdmissionPolicy;

// Warnings of the expressions of `policy`, one an expression, in upstream's words.
k8s::admissionregistration::v1::TypeChecking CheckTypes(const ValidatingAdmissionPolicy& policy);

}  // namespace controller_manager
