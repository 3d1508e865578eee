// The OpenAPI v2 document as a tree, made once from the built-in API. Thread-safe.
#pragma once
#include "apimachinery/value.h"

namespace apiserver::openapi {

const apimachinery::Value& DocumentV2();

}  // namespace apiserver::openapi
