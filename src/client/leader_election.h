// One active process of several: upstream's Lease protocol, so that ours and upstream's daemons exclude each other.
#pragma once
#include <functional>
#include <string>

#include "absl/time/time.h"
#include "client/api_client.h"

namespace client {

class EventRecorder;

// Defaults are upstream's; flags are --leader-elect and --leader-elect-<name>.
struct LeaderElectionConfig {
  bool enabled = true;
  absl::Duration lease_duration = absl::Seconds(15);  // others wait this long for a silent leader
  absl::Duration renew_deadline = absl::Seconds(10);  // the leader gives up when it cannot renew for this long
  absl::Duration retry_period = absl::Seconds(2);
  std::string ns = "kube-system";
  std::string name;      // of the Lease
  std::string identity;  // "" becomes <host name>_<uuid>
};

// What a candidate does on seeing the lease. Pure, so that tests need no clock and no server.
struct LeaseView {
  bool exists = false;
  std::string holder;
  absl::Time renewed;  // as stored by the holder's clock
  int transitions = 0;
};
// `observed`: when, by our own clock, the record last changed; clocks of different hosts are never compared.
bool MayTakeLease(const LeaseView& view, const std::string& identity, absl::Time observed,
                  absl::Duration lease_duration, absl::Time now);

// Blocks until this process leads (returns true) or `stopped` says so (false). With election disabled leads at once.
// While leading a thread renews the lease; when that fails for renew_deadline it calls `lost`, once.
class LeaderElector {
 public:
  LeaderElector(const ApiClient& client, LeaderElectionConfig config, EventRecorder* events = nullptr);
  ~LeaderElector();  // stops renewing and gives the lease up
  bool Acquire(const std::function<bool()>& stopped);
  void KeepRenewing(std::function<void()> lost);
  const std::string& identity() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace client
