// Which IP families a Service lives in: what the client left open is filled in, what this cluster cannot give is refused.
// Pure.
#pragma once
#include "apimachinery/field_error.h"
#include "apimachinery/value.h"

namespace apiserver::registry {

// Fills in ipFamilyPolicy and ipFamilies of a service on a cluster whose services have IPv4 addresses only. Before
// addresses are given out; `old` is nullptr on create.
apimachinery::FieldErrors FillFamilies(apimachinery::Value& service, const apimachinery::Value* old);

}  // namespace apiserver::registry
