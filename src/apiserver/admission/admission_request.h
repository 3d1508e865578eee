// A write as upstream's AdmissionRequest: the variable `request` of expressions and what webhooks are sent.
#pragma once
#include <string>

#include "apiserver/admission/admission.h"

namespace apiserver::admission {

// Without uid, object and oldObject; members as JSON has them, absent ones left out.
Value RequestValue(const Attributes& attributes);

// A whole admission.k8s.io AdmissionReview as JSON. `version`: v1 or v1beta1.
std::string ReviewJson(const Attributes& attributes, absl::string_view version, absl::string_view uid);

// An object as JSON clients see it; "null" for nullptr. Custom resources have no message and are written as they are.
std::string ObjectJson(const apimachinery::Kind& kind, const Value* object);

absl::string_view OperationName(Operation operation);  // CREATE, UPDATE, DELETE, CONNECT

// CreateOptions, UpdateOptions (of patches too) or DeleteOptions of the request.
Value OptionsValue(const Attributes& attributes);

}  // namespace apiserver::admission
