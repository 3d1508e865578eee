// kubectl attach, and what kubectl run does after it made a pod.
#include "kubectl/cmd/attach.h"

#include <unistd.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "kubectl/cmd/commands.h"
#include "kubectl/cmd/common.h"
#include "kubectl/cmd/remote.h"
#include "kubectl/cmd/waiting.h"

namespace kubectl {
namespace {

absl::Status Stream(Factory& factory, const Info& pod, const std::string& container, bool stdin,
                    bool tty) {
  std::string path =
      absl::StrCat(pod.Path("attach"), "?container=", UrlEscape(container),
                   stdin ? "&stdin=true" : "", "&stdout=true", tty ? "&tty=true" : "&stderr=true");
  RemoteStreams streams;
  streams.stdin = stdin;
  streams.tty = tty;
  streams.in_fd = factory.io.in_fd;
  streams.out = [&](absl::string_view bytes) {
    factory.io.Out(bytes);
    factory.io.out->Flush();
  };
  streams.err = [&](absl::string_view bytes) { factory.io.Err(bytes); };
  ASSIGN_OR_RETURN(const Connection* connection, factory.Resolved());
  return RunRemote(*connection, path, streams);
}

bool Finished(const Value& pod) {
  const std::string phase = pod.GetString("status.phase");
  return phase == "Succeeded" || phase == "Failed";
}

absl::Status PrintLog(Factory& factory, RestClient& client, const Info& pod,
                      const std::string& container) {
  Request request;
  request.path = absl::StrCat(pod.Path("log"), "?container=", UrlEscape(container));
  request.accept = "*/*";
  return client.Stream(request, [&](absl::string_view chunk) {
    factory.io.Out(chunk);
    return true;
  });
}

// A pod that was run and ended: its exit code becomes ours.
absl::Status ExitOf(Factory& factory, RestClient& client, const Info& pod,
                    const std::string& container) {
  absl::Status verdict;
  RETURN_IF_ERROR(WaitForObject(
      client, pod, absl::ZeroDuration(), [&](const Value* object) -> absl::StatusOr<bool> {
        if (object == nullptr) return true;
        const std::string restart = object->GetString("spec.restartPolicy");
        if (restart == "Always") {
          factory.io.Out(absl::StrCat("Session ended, resume using 'kubectl attach ", pod.name,
                                      " -c ", container,
                                      " -i -t' command when the pod is running\n"));
          return true;
        }
        if (object->GetString("status.phase") == "Failed") {
          for (const Value& status : object->GetArray("status.containerStatuses")) {
            if (const Value* ended = status.At("state.terminated");
                ended != nullptr && ended->GetInt("exitCode") != 0) {
              verdict = Rendered(absl::StrCat("pod ", pod.ns, "/", pod.name, " terminated (",
                                              ended->GetString("reason"), ")",
                                              ended->GetString("message").empty() ? "" : "\n",
                                              ended->GetString("message")),
                                 static_cast<int>(ended->GetInt("exitCode")));
              return true;
            }
          }
          verdict = Error(absl::StrCat("pod ", pod.ns, "/", pod.name, " failed"));
          return true;
        }
        return object->GetString("status.phase") == "Succeeded";
      }));
  return verdict;
}

// Ready to attach: running, or already over.
absl::Status WaitUntilReady(RestClient& client, absl::Duration timeout, Info* pod) {
  return WaitForObject(client, *pod, timeout, [&](const Value* object) -> absl::StatusOr<bool> {
    if (object == nullptr) return Error(absl::StrCat("pods \"", pod->name, "\" not found"));
    pod->object = *object;
    if (Finished(*object)) return true;
    if (object->GetString("status.phase") != "Running") return false;
    for (const Value& status : object->GetArray("status.containerStatuses")) {
      if (status.At("state.waiting") != nullptr) return false;
    }
    return true;
  });
}

struct Options {
  AttachOptions attach;
};

}  // namespace

absl::Status AttachToPod(Factory& factory, const std::string& ns, const std::string& name,
                         const AttachOptions& options) {
  ASSIGN_OR_RETURN(RestClient * client, factory.Client());
  ASSIGN_OR_RETURN(Discovery * discovery, factory.Discover());
  Info pod;
  ASSIGN_OR_RETURN(pod.resource, discovery->ForKind("v1", "Pod"));
  pod.ns = ns;
  pod.name = name;
  // A pod that was there before is taken as it is.
  if (options.after_run) {
    RETURN_IF_ERROR(WaitUntilReady(*client, options.pod_running_timeout, &pod));
  } else {
    ASSIGN_OR_RETURN(pod.object, client->Get(pod.Path()));
  }
  const absl::StatusOr<std::string> chosen =
      ContainerFor(factory, pod.object, options.container, options.quiet);
  if (!chosen.ok())
    return Error(absl::StrCat("container ", options.container, " not found in pod ", name));
  const std::string& container = *chosen;
  if (Finished(pod.object)) {
    RETURN_IF_ERROR(PrintLog(factory, *client, pod, container));
  } else {
    bool tty = options.tty;
    if (tty && !isatty(factory.io.in_fd)) {
      if (!options.quiet)
        factory.io.Err("Unable to use a TTY - input is not a terminal or the right kind of file\n");
      tty = false;
    }
    if (!options.quiet && (options.stdin || !options.after_run)) {
      factory.io.Err(
          "All commands and output from this session will be recorded in container logs, including "
          "credentials and sensitive "
          "information passed through the command prompt.\nIf you don't see a command prompt, try "
          "pressing enter.\n");
    }
    const absl::Status status = Stream(factory, pod, container, options.stdin, tty);
    if (!status.ok()) {
      if (!options.after_run) return status;
      // It may have ended before we came: its log tells what it said.
      factory.io.Err(absl::StrCat("warning: couldn't attach to pod/", name,
                                  ", falling back to streaming logs: ", status.message(), "\n"));
      RETURN_IF_ERROR(PrintLog(factory, *client, pod, container));
    }
  }
  factory.io.out->Flush();
  return options.after_run ? ExitOf(factory, *client, pod, container) : absl::OkStatus();
}

CommandPtr MakeAttach(Factory& factory) {
  auto command =
      NewCommand("attach", "Attach to a running container", "(POD | TYPE/NAME) -c CONTAINER",
                 "  # The terminal of a container's shell\n  kubectl attach web-0 -it");
  auto o = std::make_shared<Options>();
  FlagSet& f = command->flags;
  f.String(&o->attach.container, "container", "c",
           "Which container; by default the first or the annotated one.");
  f.Bool(&o->attach.quiet, "quiet", "q", "Print only what the session prints.");
  f.Bool(&o->attach.stdin, "stdin", "i", "Pass standard input on.");
  f.Bool(&o->attach.tty, "tty", "t", "Standard input is a terminal.");
  f.Duration(&o->attach.pod_running_timeout, "pod-running-timeout", "",
             "How long to wait until a pod runs.");
  command->run = [&factory, o](const FlagSet::Parsed& parsed) -> absl::Status {
    if (parsed.args.empty())
      return Error("at least 1 argument is required for attach");
    if (parsed.args.size() > 2) {
      return Error(absl::StrCat("expected POD, TYPE/NAME, or TYPE NAME, (at most 2 arguments) saw ", parsed.args.size(), ": [",
                                absl::StrJoin(parsed.args, " "), "]"));
    }
    ASSIGN_OR_RETURN(const Info pod,
                     PodFor(factory, parsed.args[0], {}, o->attach.pod_running_timeout));
    const std::string phase = pod.object.GetString("status.phase");
    if (phase == "Succeeded" || phase == "Failed") {
      return Error(
          absl::StrCat("cannot attach a container in a completed pod; current phase is ", phase));
    }
    return AttachToPod(factory, pod.ns, pod.name, o->attach);
  };
  return command;
}

}  // namespace kubectl
