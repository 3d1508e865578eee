// A kustomization directory built: the list of objects it stands for.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "apimachinery/value.h"

namespace kubectl::kustomize {

// `warn` is told of deprecated fields, a line each without newline. Reads files at and below the directories involved.
absl::StatusOr<std::vector<apimachinery::Value>> Build(const std::string& directory,
                                                       const std::function<void(const std::string&)>& warn);
// The objects as YAML documents.
std::string ToYaml(const std::vector<apimachinery::Value>& objects);

}  // namespace kubectl::kustomize
