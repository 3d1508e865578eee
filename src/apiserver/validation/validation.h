// Judges objects, built-in and custom ones: every problem with its path, in upstream's words and order.
#pragma once
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "apimachinery/field_error.h"
#include "apimachinery/schema.h"
#include "apimachinery/value.h"

namespace apiserver::validation {

using apimachinery::FieldErrors;
using apimachinery::Kind;
using apimachinery::Value;

// All take typed trees that have had their defaults and their strategy's preparation (strategy.h), metadata complete
// (name generated, namespace set). Pure; any thread.
FieldErrors ValidateCreate(const Kind& kind, const Value& object);

// `object` replaces `old`. `subresource` is "" or "status", "scale" objects are not judged here; others that have
// rules: "resize", "ephemeralcontainers" (pods), "approval" (certificatesigningrequests), "finalize" (namespaces).
// `tolerated` (may be nullptr) is set to warnings of what would be refused if it had not been there before.
FieldErrors ValidateUpdate(const Kind& kind, const Value& object, const Value& old, absl::string_view subresource = "",
                           std::vector<std::string>* tolerated = nullptr);

// Where the object asks for devices with an administrator's rights, which takes a label of its namespace
// (resource.kubernetes.io/admin-access: "true"); empty when it does not.
std::string AdminAccessPath(const Kind& kind, const Value& object, const Value* old, absl::string_view subresource = "");

// What the server tells about a valid object in Warning headers.
std::vector<std::string> Warnings(const Kind& kind, const Value& object, const Value* old,
                                  absl::string_view subresource = "");

// clusterIP, clusterIPs, ipFamilies and ipFamilyPolicy of a Service, which are judged before addresses are given out too.
FieldErrors ValidateServiceAddresses(const Value& service);

}  // namespace apiserver::validation
