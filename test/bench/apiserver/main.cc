// apiserver-load: puts one kind of load on an API server and prints what it measured as a JSON line.
#include <signal.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "load.h"

int main(int argc, char** argv) {
  signal(SIGPIPE, SIG_IGN);
  bench::LoadOptions options;
  CLI::App app{"Puts one kind of load on an API server (loopback only) and prints a JSON line."};
  app.require_subcommand(1);
  app.add_option("--kubeconfig", options.kubeconfig, "Which server, with which certificate")->required();
  app.add_option("--namespace", options.ns, "Where the pods are")->capture_default_str();
  app.add_option("--clients", options.clients, "Connections at work at once")->check(CLI::Range(1, 4096));
  app.add_option("--count", options.count, "Requests over all clients")->check(CLI::Range(1, 10000000));
  app.add_option("--pid", options.pids, "Processes of the server, for its CPU seconds");
  app.add_flag("--protobuf", options.protobuf, "List as protobuf instead of JSON");
  app.add_flag("--scattered", options.scattered, "Create in an order that has nothing to do with the names'");
  absl::Status (*load)(const bench::LoadOptions&) = nullptr;
  const auto verb = [&](const char* name, const char* help, absl::Status (*run)(const bench::LoadOptions&)) {
    app.add_subcommand(name, help)->fallthrough()->callback([&load, run] { load = run; });
  };
  verb("prepare", "Make the namespace and its service account", bench::Prepare);
  verb("create", "Create pods", bench::CreatePods);
  verb("get", "Read single pods", bench::GetPods);
  verb("patch", "Merge-patch pods", bench::PatchPods);
  verb("list", "Read the whole collection", bench::ListPods);
  verb("watch", "Clients watch while pods change; counts events delivered", bench::WatchPods);
  CLI11_PARSE(app, argc, argv);
  if (const absl::Status status = load(options); !status.ok()) {
    std::fprintf(stderr, "apiserver-load: %s\n", std::string(status.message()).c_str());
    return 1;
  }
  return 0;
}
