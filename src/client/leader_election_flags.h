// The flags of leader election, the same for every daemon that has them.
#pragma once
#include "base/flags.h"
#include "client/leader_election.h"

namespace client {

// Binds --leader-elect and its companions to `config`, whose present values are the defaults.
void AddLeaderElectionFlags(base::FlagSet& flags, LeaderElectionConfig& config);

}  // namespace client
