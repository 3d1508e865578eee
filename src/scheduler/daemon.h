// kube-scheduler as a whole: flags, connection, leadership, the loop until told to stop.
#pragma once
#include <string>

#include "absl/status/status.h"
#include "client/leader_election.h"
#include "scheduler/config.h"

namespace scheduler {

struct Options {
  std::string kubeconfig;
  std::string bind_address = "0.0.0.0";
  int secure_port = 10259;
  std::string tls_cert_file, tls_private_key_file;
  client::LeaderElectionConfig leader_election;
  std::string config_file;  // flags win over it
  SchedulerConfig config;
  int verbosity = 0;
};

// Reads the command line. Returns -1 to go on, else the exit code (already printed).
int ParseFlags(int argc, char** argv, Options& options);

// Returns on SIGTERM or SIGINT (OK), when leadership is lost, or when a file is wrong.
absl::Status RunScheduler(const Options& options);

}  // namespace scheduler
