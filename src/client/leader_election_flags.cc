#include "client/leader_election_flags.h"

namespace client {

void AddLeaderElectionFlags(base::FlagSet& flags, LeaderElectionConfig& config) {
  flags.Bool(&config.enabled, "leader-elect", "", "be one active of several");
  flags.Duration(&config.lease_duration, "leader-elect-lease-duration", "", "others wait this long");
  flags.Duration(&config.renew_deadline, "leader-elect-renew-deadline", "", "the leader gives up after");
  flags.Duration(&config.retry_period, "leader-elect-retry-period", "", "between attempts");
  flags.String(&config.name, "leader-elect-resource-name", "", "name of the Lease");
  flags.String(&config.ns, "leader-elect-resource-namespace", "", "its namespace");
  flags.NoEffect({"leader-elect-resource-lock"}, "the lock is a Lease");
}

}  // namespace client
