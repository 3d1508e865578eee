// YAML with the booleans of its version 1.2, where yes, no, on, off, y and n are plain words: what kustomize reads objects by.
// Pure; thread-safe.
#pragma once
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "apimachinery/value.h"

namespace apimachinery {

// As ParseYaml in all else.
absl::StatusOr<Value> ParseCoreYaml(absl::string_view text);

}  // namespace apimachinery
