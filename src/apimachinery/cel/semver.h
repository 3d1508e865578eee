// Semantic versions. Pure.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace apimachinery::cel {

struct Semver {
  struct Pre {
    bool numeric = false;
    uint64_t number = 0;
    std::string text;
  };
  uint64_t major = 0, minor = 0, patch = 0;
  std::vector<Pre> pre;  // build metadata plays no part in comparisons

  int Compare(const Semver& other) const;
};

// The problem in upstream's words, "" when `out` is filled.
std::string ParseSemver(absl::string_view text, Semver* out);
// The same after "v", leading zeros and missing parts are put right.
std::string ParseSemverTolerant(absl::string_view text, Semver* out);

}  // namespace apimachinery::cel
