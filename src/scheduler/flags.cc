#include <cstdio>

#include "absl/strings/str_cat.h"
#include "base/component_flags.h"
#include "base/daemon_flags.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "base/version.h"
#include "client/leader_election_flags.h"
#include "scheduler/daemon.h"

namespace scheduler {
namespace {

void AddFlags(base::FlagSet& flags, Options& o) {
  flags.String(&o.config_file, "config", "", "a KubeSchedulerConfiguration file; flags win over it");
  flags.String(&o.kubeconfig, "kubeconfig", "", "kubeconfig of the API server");
  flags.String(&o.bind_address, "bind-address", "", "address of the health and metrics port");
  flags.Int(&o.secure_port, "secure-port", "", "health and metrics over HTTPS; 0 is off");
  flags.String(&o.tls_cert_file, "tls-cert-file", "", "certificate of the health port; self-signed without");
  flags.String(&o.tls_private_key_file, "tls-private-key-file", "", "its key");
  client::AddLeaderElectionFlags(flags, o.leader_election);
  flags.Int(&o.verbosity, "v", "v", "log verbosity");
  base::AddComponentFlagsWithoutEffect(flags);
  flags.NoEffect({"pod-max-in-unschedulable-pods-duration"}, "unschedulable pods are tried again after five minutes",
                 base::FlagType::kDuration);
  flags.Refuse({"write-config-to"}, "the configuration is not written");
}

// What the file says, as the defaults of the flags.
absl::Status ApplyFile(const std::string& path, Options& o) {
  const absl::StatusOr<std::string> text = base::ReadFile(path);
  if (!text.ok()) return absl::NotFoundError(absl::StrCat("open ", path, ": no such file or directory"));
  ASSIGN_OR_RETURN(o.config, ParseConfig(*text));
  const SchedulerConfig& c = o.config;
  if (!c.kubeconfig.empty()) o.kubeconfig = c.kubeconfig;
  client::LeaderElectionConfig& election = o.leader_election;
  election.enabled = c.leader_elect.value_or(election.enabled);
  election.lease_duration = c.lease_duration.value_or(election.lease_duration);
  election.renew_deadline = c.renew_deadline.value_or(election.renew_deadline);
  election.retry_period = c.retry_period.value_or(election.retry_period);
  if (!c.lease_name.empty()) election.name = c.lease_name;
  if (!c.lease_namespace.empty()) election.ns = c.lease_namespace;
  return absl::OkStatus();
}

Options Defaults() {
  Options o;
  o.leader_election.name = "kube-scheduler";
  o.config = DefaultConfig();
  return o;
}

}  // namespace

int ParseFlags(int argc, char** argv, Options& o) {
  int exit_code = 0;
  base::Program program{"kube-scheduler",
                        "Assigns pods to nodes: filters the nodes a pod can run on, scores them, binds it to the best.",
                        absl::StrCat("Kubernetes ", base::kKubernetesVersion)};
  program.examples = "  kube-scheduler --kubeconfig scheduler.conf\n";
  program.groups = {{"Health and metrics", {"bind-", "secure-port", "tls-"}}, {"Leader election", {"leader-elect"}}};
  o = Defaults();
  {
    base::FlagSet flags;
    AddFlags(flags, o);
    if (!base::ParseDaemonFlags(program, flags, argc, argv, &exit_code)) return exit_code;
  }
  if (o.config_file.empty()) return -1;
  const std::string file = o.config_file;
  o = Defaults();
  if (const absl::Status read = ApplyFile(file, o); !read.ok()) {
    std::fprintf(stderr, "kube-scheduler: %s\n", std::string(read.message()).c_str());
    return 1;
  }
  for (const std::string& warning : o.config.warnings) std::fprintf(stderr, "%s\n", warning.c_str());
  base::FlagSet again;  // flags win over the file
  AddFlags(again, o);
  std::vector<std::string> words(argv + 1, argv + argc);
  base::FlagSet::Parsed parsed;
  bool version = false;
  again.Bool(&version, "version", "", "");
  return again.Parse(words, nullptr, &parsed).ok() ? -1 : 1;
}

}  // namespace scheduler
