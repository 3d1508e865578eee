// kubeproxy_*: what the metrics tell of changes and of writing them to the kernel, under upstream's names. Thread-safe.
#pragma once
#include <vector>

#include "absl/time/time.h"
#include "kube-proxy/rules/service_state.h"

namespace kube_proxy::sync {

enum class Changed { kService, kEndpoints };

class SyncSeries {
 public:
  static SyncSeries& Get();

  void Queued(Changed what, absl::Time now);  // a change that the kernel does not know of
  void Taken();  // all that was queued is looked at
  // Something was written to the kernel, all or what differs.
  void Wrote(rules::Family family, bool all, bool done, absl::Duration took);
  // The kernel holds what it should.
  void UpToDate(rules::Family family, absl::Time now);
  // `causes`: when that happened of which the kernel knows now.
  void Programmed(const std::vector<absl::Time>& causes, absl::Time now);

 private:
  SyncSeries();
  struct Families;
  Families& families_;
};

}  // namespace kube_proxy::sync
