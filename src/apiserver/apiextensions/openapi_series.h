// How often a change of a definition made the OpenAPI documents new, by definition and why. Thread-safe.
#pragma once
#include "absl/strings/string_view.h"
#include "apimachinery/structural/definition.h"

namespace apiserver::apiextensions {

// `reason`: "add", "update" or "remove".
void CountRegeneration(const apimachinery::structural::Definition& definition, absl::string_view reason);

}  // namespace apiserver::apiextensions
