// Fills in what a client may leave out, as upstream stores it.
#pragma once
#include "apimachinery/schema.h"
#include "apimachinery/value.h"

namespace apiserver::defaults {

// Completes an object in place (a typed tree, or that of a custom resource): once after decoding a request and after each patch. Idempotent.
void ApplyDefaults(const apimachinery::Kind& kind, apimachinery::Value& object);

// Removes members whose features are off. Part of preparing a write: after field managers were noted, before validation.
void DropSwitchedOff(const apimachinery::Kind& kind, apimachinery::Value& object);

}  // namespace apiserver::defaults
