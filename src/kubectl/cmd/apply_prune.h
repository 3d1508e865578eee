// kubectl apply --prune: deletes what was applied before and is in no file any more.
#pragma once
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "kubectl/cmd/common.h"

namespace kubectl {

struct PruneRequest {
  std::string selector, cascade;
  std::vector<std::string> allowlist;  // "group/version/Kind", "core/v1/ConfigMap"; empty: the usual kinds
  std::set<std::string> namespaces;    // where objects were applied
  std::set<std::string> applied;       // their uids
  int64_t grace_period = -1;
};

absl::Status Prune(Factory& factory, const PruneRequest& request, const WriteOptions& write);

}  // namespace kubectl
