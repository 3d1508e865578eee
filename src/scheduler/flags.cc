#include <CLI/CLI.hpp>

#include <algorithm>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/daemon.h"

namespace scheduler {
namespace {

// Durations as Go writes them: "40s", "1m30s".
void AddDuration(CLI::App& app, const std::string& name, absl::Duration& value, const std::string& help) {
  app.add_option_function<std::string>(
         name,
         [&value, name](const std::string& text) {
           if (!absl::ParseDuration(text, &value)) throw CLI::ValidationError(name, "invalid duration \"" + text + "\"");
         },
         help)
      ->default_str(absl::FormatDuration(value));
}

}  // namespace

int ParseFlags(int argc, char** argv, Options& o) {
  CLI::App app("Assigns pods to nodes.", "kube-scheduler");
  o.leader_election.name = "kube-scheduler";
  const auto add = [&](const std::string& name, auto& value, const std::string& help) {
    app.add_option(name, value, help)->capture_default_str();
  };
  add("--kubeconfig", o.kubeconfig, "kubeconfig of the API server");
  add("--bind-address", o.bind_address, "address of the health and metrics port");
  add("--secure-port", o.secure_port, "health and metrics over HTTPS; 0 is off");
  add("--tls-cert-file", o.tls_cert_file, "certificate of the health port; self-signed without");
  add("--tls-private-key-file", o.tls_private_key_file, "its key");
  app.add_flag("--leader-elect,!--no-leader-elect", o.leader_election.enabled, "be one active of several");
  AddDuration(app, "--leader-elect-lease-duration", o.leader_election.lease_duration, "others wait this long");
  AddDuration(app, "--leader-elect-renew-deadline", o.leader_election.renew_deadline, "the leader gives up after");
  AddDuration(app, "--leader-elect-retry-period", o.leader_election.retry_period, "between attempts");
  add("--leader-elect-resource-name", o.leader_election.name, "name of the Lease");
  add("--leader-elect-resource-namespace", o.leader_election.ns, "its namespace");
  app.add_option("-v,--v", o.verbosity, "log verbosity");
  static const char* const kIgnored[] = {"--authentication-kubeconfig", "--authorization-kubeconfig", "--profiling",
                                         "--kube-api-qps", "--kube-api-burst", "--feature-gates", "--client-ca-file",
                                         "--requestheader-client-ca-file", "--leader-elect-resource-lock", "--master",
                                         "--cert-dir"};
  std::deque<std::string> ignored;
  for (const char* name : kIgnored) app.add_option(name, ignored.emplace_back(), "accepted, not used")->group("");
  std::vector<std::string> args(argv + 1, argv + argc);
  for (std::string& arg : args) {
    if (arg.rfind("-v=", 0) == 0) arg.insert(0, "-");  // a short name with '=', as Go's flags allow
  }
  std::reverse(args.begin(), args.end());  // as this parser takes them
  try {
    app.parse(std::move(args));
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  }
  return -1;
}

}  // namespace scheduler
