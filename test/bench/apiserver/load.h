// The loads: each prints one JSON line with what it measured.
#pragma once
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace bench {

struct LoadOptions {
  std::string kubeconfig;
  std::string ns = "bench";
  int clients = 1;
  int count = 1000;      // requests over all clients; objects for create
  bool protobuf = false;  // of list
  bool scattered = false;  // create: in an order that has nothing to do with the names'
  std::vector<int> pids;  // the server's processes, for CPU seconds
};

absl::Status Prepare(const LoadOptions& options);     // namespace and its service account
absl::Status CreatePods(const LoadOptions& options);  // count pods named bench-N
absl::Status GetPods(const LoadOptions& options);
absl::Status PatchPods(const LoadOptions& options);   // merge patches of a label
absl::Status ListPods(const LoadOptions& options);    // count times the whole collection
absl::Status WatchPods(const LoadOptions& options);   // `clients` watchers see `count` changes each

double CpuSeconds(const std::vector<int>& pids);  // user and system, so far

}  // namespace bench
