#include "base/daemon_flags.h"

#include "absl/strings/str_cat.h"
#include "base/component_flags.h"
#include "base/version.h"
#include "client/leader_election_flags.h"
#include "scheduler/daemon.h"

namespace scheduler {

int ParseFlags(int argc, char** argv, Options& o) {
  base::FlagSet flags;
  o.leader_election.name = "kube-scheduler";
  flags.String(&o.kubeconfig, "kubeconfig", "", "kubeconfig of the API server");
  flags.String(&o.bind_address, "bind-address", "", "address of the health and metrics port");
  flags.Int(&o.secure_port, "secure-port", "", "health and metrics over HTTPS; 0 is off");
  flags.String(&o.tls_cert_file, "tls-cert-file", "", "certificate of the health port; self-signed without");
  flags.String(&o.tls_private_key_file, "tls-private-key-file", "", "its key");
  client::AddLeaderElectionFlags(flags, o.leader_election);
  flags.Int(&o.verbosity, "v", "v", "log verbosity");
  base::AddComponentFlagsWithoutEffect(flags);
  flags.NoEffect({"pod-max-in-unschedulable-pods-duration"}, "unschedulable pods are tried again after five minutes", base::FlagType::kDuration);
  flags.Refuse({"config"}, "settings are given by flags");
  flags.Refuse({"write-config-to"}, "the configuration is not written");
  int exit_code = 0;
  base::Program program{"kube-scheduler",
                        "Assigns pods to nodes: filters the nodes a pod can run on, scores them, binds it to the best.",
                        absl::StrCat("Kubernetes ", base::kKubernetesVersion)};
  program.examples = "  kube-scheduler --kubeconfig scheduler.conf\n";
  program.groups = {{"Health and metrics", {"bind-", "secure-port", "tls-"}}, {"Leader election", {"leader-elect"}}};
  return base::ParseDaemonFlags(program, flags, argc, argv, &exit_code) ? -1 : exit_code;
}

}  // namespace scheduler
