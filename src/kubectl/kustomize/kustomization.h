// A kustomization file as a checked value tree: every field is one that kustomize knows, has the right type and is one that
// we build. Pure.
#pragma once
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "apimachinery/value.h"

namespace kubectl::kustomize {

struct Kustomization {
  apimachinery::Value fields;          // deprecated names already moved to their successors
  std::vector<std::string> warnings;   // about deprecated fields, for standard error
  bool is_component = false;

  bool HasField(absl::string_view name) const { return fields.Has(name); }
};

// `root` is named in errors. The field types are kustomize's, in Go's words:
// `invalid Kustomization: json: unknown field "foo"`.
absl::StatusOr<Kustomization> ParseKustomization(absl::string_view text, const std::string& root);

}  // namespace kubectl::kustomize
