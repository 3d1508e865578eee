// Fills in what a client may leave out, as upstream stores it.
#pragma once
#include "apimachinery/value.h"
#include "apiserver/defaults/kind_name.h"

namespace apiserver::defaults {

// Completes a typed tree of a built-in kind in place: once after decoding a request and after each patch. Idempotent.
// Kinds it does not know stay as they are.
void ApplyDefaults(const KindName& kind, apimachinery::Value& object);

}  // namespace apiserver::defaults
