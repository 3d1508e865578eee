// The pod security standards: what the levels baseline and restricted forbid, version by version.
#pragma once
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "apimachinery/value.h"

namespace apiserver::admission {

struct SecurityPolicy {
  static constexpr int kLatest = 1 << 20;
  std::string level = "privileged";
  int minor = kLatest;  // of the version whose standard is meant: v1.MINOR
  std::string Name() const;  // "restricted:v1.24", "baseline:latest"
  friend bool operator==(const SecurityPolicy&, const SecurityPolicy&) = default;
};

struct SecurityViolation {
  std::string reason, detail;
};

// What of a pod (or template) the policy forbids; nothing when it complies.
std::vector<SecurityViolation> FindSecurityViolations(const SecurityPolicy& policy, const apimachinery::Value& metadata,
                                                      const apimachinery::Value& spec);
// "reason (detail), reason (detail)", or the reasons alone.
std::string DescribeViolations(const std::vector<SecurityViolation>& violations, bool details = true);

}  // namespace apiserver::admission
