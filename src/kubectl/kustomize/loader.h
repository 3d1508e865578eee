// Reads files of one kustomization root. Files outside the root are refused; other roots (bases) may lie beside it, but not
// around it. Immutable; blocking I/O.
#pragma once
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace kubectl::kustomize {

class Loader {
 public:
  // `directory` as a person typed it.
  static absl::StatusOr<Loader> Open(const std::string& directory);
  // A base, relative to this root. Refused when it contains this root or one that led here.
  absl::StatusOr<Loader> OpenBase(const std::string& path) const;

  const std::string& root() const { return roots_.back(); }
  // A file below the root.
  absl::StatusOr<std::string> Load(const std::string& path) const;
  bool Has(const std::string& path) const;

 private:
  std::vector<std::string> roots_;  // absolute, links resolved; the outermost first
};

}  // namespace kubectl::kustomize
