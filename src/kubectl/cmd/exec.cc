// kubectl exec.
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "kubectl/cmd/commands.h"
#include "kubectl/cmd/common.h"
#include "kubectl/cmd/remote.h"

namespace kubectl {
namespace {

struct Options {
  std::string container;
  FileOptions files;
  bool quiet = false, stdin = false, tty = false;
  absl::Duration timeout = absl::Minutes(1);
};

absl::Status Run(Factory& factory, Options o, const FlagSet::Parsed& parsed) {
  std::vector<std::string> words = parsed.args;
  std::string target;
  if (o.files.empty()) {
    if (words.empty() || parsed.dash_at == 0)
      return Error("pod, type/name or --filename must be specified");
    target = words[0];
    words.erase(words.begin());
    if (parsed.dash_at < 0 && !words.empty()) {
      return UsageError(
          "kubectl exec",
          "exec [POD] [COMMAND] is not supported anymore. Use exec [POD] -- [COMMAND] instead");
    }
  }
  if (words.empty()) return Error("you must specify at least one command for the container");
  ASSIGN_OR_RETURN(const Info pod, PodFor(factory, target, o.files, o.timeout));
  const std::string phase = pod.object.GetString("status.phase");
  if (phase == "Succeeded" || phase == "Failed") {
    return Error(
        absl::StrCat("cannot exec into a container in a completed pod; current phase is ", phase));
  }
  std::string container = o.container;  // the server judges a name that was given
  if (container.empty()) {
    ASSIGN_OR_RETURN(container, ContainerFor(factory, pod.object, "", o.quiet));
  }
  if (o.tty && !o.stdin) o.stdin = false;
  if (o.tty && o.stdin && !isatty(factory.io.in_fd)) {
    if (!o.quiet)
      factory.io.Err("Unable to use a TTY - input is not a terminal or the right kind of file\n");
    o.tty = false;
  }
  std::string path = pod.Path("exec") + "?";
  for (const std::string& word : words) absl::StrAppend(&path, "command=", UrlEscape(word), "&");
  absl::StrAppend(&path, "container=", UrlEscape(container));
  if (o.stdin) path += "&stdin=true";
  path += "&stdout=true";
  path += o.tty ? "&tty=true" : "&stderr=true";
  RemoteStreams streams;
  streams.stdin = o.stdin;
  streams.tty = o.tty;
  streams.in_fd = factory.io.in_fd;
  streams.out = [&](absl::string_view bytes) {
    factory.io.Out(bytes);
    factory.io.out->Flush();
  };
  streams.err = [&](absl::string_view bytes) { factory.io.Err(bytes); };
  ASSIGN_OR_RETURN(const Connection* connection, factory.Resolved());
  return RunRemote(*connection, path, streams);
}

}  // namespace

CommandPtr MakeExec(Factory& factory) {
  auto command = NewCommand(
      "exec", "Execute a command in a container",
      "(POD | TYPE/NAME) [-c CONTAINER] [flags] -- COMMAND [args...]",
      "  # One command\n  kubectl exec web-0 -- date\n\n  # A shell in one of several containers\n"
      "  kubectl exec web-0 -c helper -it -- sh");
  command->interspersed = true;
  auto o = std::make_shared<Options>();
  FlagSet& f = command->flags;
  f.String(&o->container, "container", "c",
           "Which container; by default the first or the annotated one.");
  f.List(&o->files.filenames, "filename", "f", "A file that names the object to exec into.");
  f.Bool(&o->quiet, "quiet", "q", "Print only what the command prints.");
  f.Bool(&o->stdin, "stdin", "i", "Pass standard input on.");
  f.Bool(&o->tty, "tty", "t", "Standard input is a terminal.");
  f.Duration(&o->timeout, "pod-running-timeout", "", "How long to wait until a pod runs.");
  command->run = [&factory, o](const FlagSet::Parsed& parsed) { return Run(factory, *o, parsed); };
  return command;
}

}  // namespace kubectl
