// kubectl: talks to a Kubernetes API server for people.
#include <csignal>
#include <string>
#include <vector>

#include "kubectl/cli/errors.h"
#include "kubectl/cmd/root.h"
#include "kubectl/rest/factory.h"

int main(int argc, char** argv) {
  signal(SIGPIPE, SIG_DFL);  // `kubectl get pods | head` just ends
  kubectl::FdWriter out(1, /*buffered=*/true), err(2, /*buffered=*/false);
  kubectl::Streams io{&out, &err, 0};
  const std::vector<std::string> words(argv + 1, argv + argc);
  absl::Status status;
  {
    kubectl::Factory factory(io);
    status = kubectl::RunKubectl(factory, words);
  }
  out.Flush();
  err.Write(kubectl::RenderError(status));
  return kubectl::ExitCode(status);
}
