// The OpenAPI v2 document as a tree, made from the built-in API. Ten times the size of its text: do not keep it.
#pragma once
#include "apimachinery/value.h"

namespace apiserver::openapi {

apimachinery::Value DocumentV2();

}  // namespace apiserver::openapi
