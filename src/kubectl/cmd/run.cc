// kubectl run: one pod from the command line.
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "apimachinery/names.h"
#include "apimachinery/patch/patch.h"
#include "apimachinery/schema.h"
#include "base/status_macros.h"
#include "kubectl/cmd/attach.h"
#include "kubectl/cmd/commands.h"
#include "kubectl/cmd/common.h"
#include "kubectl/cmd/create_generators.h"
#include "kubectl/cmd/delete.h"
#include "kubectl/cmd/waiting.h"

namespace kubectl {
namespace {

struct Options {
  WriteOptions write;
  std::string image, pull_policy, labels, overrides, override_type = "merge", port,
                                                     restart = "Always", cascade = "background";
  std::vector<std::string> annotations, env;
  bool attach = false, command = false, expose = false, force = false, leave_stdin_open = false,
       privileged = false, quiet = false;
  bool remove = false, save_config = false, stdin = false, tty = false, wait = false,
       attach_changed = false, recursive = false;
  int64_t grace_period = -1;
  absl::Duration pod_running_timeout = absl::Minutes(1), timeout;
};

absl::StatusOr<Value> ParseLabels(const std::string& text) {
  Value labels = Value::MakeObject();
  for (const absl::string_view pair : absl::StrSplit(text, ',', absl::SkipEmpty())) {
    const std::vector<std::string> parts = absl::StrSplit(pair, '=');
    if (parts.size() != 2) return Error(absl::StrCat("unexpected label spec: ", pair));
    labels.Set(parts[0], parts[1]);
  }
  SortMembers(&labels);
  return labels;
}

absl::StatusOr<Value> MakePod(const Options& o, const std::string& name,
                              const std::vector<std::string>& words) {
  Value pod = NewObject("v1", "Pod", name);
  if (o.labels.empty()) {
    pod["metadata"]["labels"].Set("run", name);
  } else {
    ASSIGN_OR_RETURN(Value labels, ParseLabels(o.labels));
    pod["metadata"].Set("labels", std::move(labels));
  }
  for (const std::string& text : o.annotations) {
    ASSIGN_OR_RETURN(const auto pair, ParseLiteral(text));
    pod["metadata"]["annotations"].Set(pair.first, pair.second);
  }
  Value container;
  container.Set("name", name);
  container.Set("image", o.image);
  if (!words.empty()) container.Set(o.command ? "command" : "args", StringArray(words));
  if (!o.port.empty()) {
    int64_t port = 0;
    if (!absl::SimpleAtoi(o.port, &port))
      return Error(absl::StrCat("strconv.Atoi: parsing \"", o.port, "\": invalid syntax"));
    Value entry;
    entry.Set("containerPort", port);
    container["ports"].Append(std::move(entry));
  }
  for (const std::string& text : o.env) {
    const size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0)
      return Error(absl::StrCat("invalid env: ", text));
    const std::string key = text.substr(0, equals);
    if (!apimachinery::IsRelaxedEnvVarName(key).empty())
      return Error(absl::StrCat("invalid env: ", text));
    Value entry;
    entry.Set("name", key);
    if (equals + 1 < text.size()) entry.Set("value", text.substr(equals + 1));
    container["env"].Append(std::move(entry));
  }
  container.Set("resources", Value::MakeObject());
  if (!o.pull_policy.empty()) container.Set("imagePullPolicy", o.pull_policy);
  if (o.privileged) container["securityContext"].Set("privileged", true);
  if (o.stdin) container.Set("stdin", true);
  if (o.stdin && !o.leave_stdin_open) container.Set("stdinOnce", true);
  if (o.tty) container.Set("tty", true);
  pod["spec"]["containers"].Append(std::move(container));
  pod["spec"].Set("restartPolicy", o.restart);
  pod["spec"].Set("dnsPolicy", "ClusterFirst");
  pod.Set("status", Value::MakeObject());
  return pod;
}

absl::Status Override(const Options& o, Value* object) {
  if (o.overrides.empty()) return absl::OkStatus();
  absl::StatusOr<Value> patch = ParseYaml(o.overrides);
  if (!patch.ok())
    return Error("Invalid JSON Patch");
  if (o.override_type == "merge") {
    apimachinery::patch::ApplyMergePatch(object, *patch);
  } else if (o.override_type == "json") {
    ASSIGN_OR_RETURN(*object, apimachinery::patch::ApplyJsonPatch(std::move(*object), *patch));
  } else if (o.override_type == "strategic") {
    const auto* message = apimachinery::Schema::Builtin().FindMessage("v1", "Pod");
    ASSIGN_OR_RETURN(*object, apimachinery::patch::ApplyStrategicMergePatch(
                                  *message, std::move(*object), &*patch));
  } else {
    return Error(absl::StrCat("invalid override type: ", o.override_type));
  }
  return absl::OkStatus();
}

class RunVerb {
 public:
  RunVerb(Factory& factory, Options options) : factory_(factory), o_(std::move(options)) {}

  absl::Status Run(const FlagSet::Parsed& parsed) {
    const std::vector<std::string>& args = parsed.args;
    if (args.empty() || parsed.dash_at == 0)
      return UsageError("kubectl run", "NAME is required for run");
    RETURN_IF_ERROR(o_.write.Complete(factory_));
    if (o_.timeout < absl::ZeroDuration())
      return UsageError("kubectl run", "--timeout must be greater than or equal to 0");
    if (o_.image.empty()) return Error("--image is required");
    if (absl::string_view(o_.image).find_first_of(" \t\n") != absl::string_view::npos) {
      return Error(absl::StrCat("Invalid image name \"", o_.image, "\": invalid reference format"));
    }
    if (o_.tty && !o_.stdin)
      return UsageError("kubectl run", "-i/--stdin is required for containers with -t/--tty=true");
    if (o_.expose && o_.port.empty()) return UsageError("kubectl run", "--port must be set when exposing a service");
    if (!o_.attach_changed && o_.stdin) o_.attach = true;
    if (o_.attach && o_.write.dry_run != DryRun::kNone) {
      return UsageError("kubectl run",
                        "--dry-run=[server|client] can't be used with attached containers options "
                        "(--attach, --stdin, or --tty)");
    }
    if (o_.remove && !o_.attach)
      return UsageError("kubectl run", "--rm should only be used for attached containers");
    if (o_.restart != "Always" && o_.restart != "OnFailure" && o_.restart != "Never") {
      return UsageError("kubectl run", absl::StrCat("invalid restart policy: ", o_.restart));
    }
    if (!o_.pull_policy.empty() && o_.pull_policy != "Always" && o_.pull_policy != "IfNotPresent" &&
        o_.pull_policy != "Never") {
      return Error(absl::StrCat("invalid image pull policy: ", o_.pull_policy));
    }
    ASSIGN_OR_RETURN(Value pod, MakePod(o_, args[0], {args.begin() + 1, args.end()}));
    RETURN_IF_ERROR(Override(o_, &pod));
    ASSIGN_OR_RETURN(const Connection* connection, factory_.Resolved());
    ns_ = connection->ns;
    if (connection->ns_explicit) SetNamespace(&pod, ns_);
    if (o_.save_config) SetLastApplied(&pod);
    Value service;
    if (o_.expose) service = MakeService(pod, args[0]);
    if (!service.is_null()) {
      ASSIGN_OR_RETURN(service, Send("services", std::move(service)));
    }
    ASSIGN_OR_RETURN(pod, Send("pods", std::move(pod)));
    // -o shows the pod; created objects are named otherwise, the service first.
    absl::Status status;
    if (o_.attach) {
      status = Attach(pod);
    } else {
      if (!service.is_null())
        RETURN_IF_ERROR(
            PrintResult(factory_, o_.write.print, o_.write.Operation("created"), service));
      status = PrintResult(factory_, o_.write.print, o_.write.Operation("created"), pod);
    }
    if (o_.remove) {
      if (!service.is_null()) Remove("services", "Service", args[0]);
      Remove("pods", "Pod", pod.GetString("metadata.name"));
    }
    return status;
  }

 private:
  Value MakeService(const Value& pod, const std::string& name) {
    Value service = NewObject("v1", "Service", name);
    if (!ns_.empty()) service["metadata"].Set("namespace", ns_);
    int64_t port = 0;
    (void)absl::SimpleAtoi(o_.port, &port);
    Value entry;
    entry.Set("protocol", "TCP");
    entry.Set("port", port);
    entry.Set("targetPort", port);
    service["spec"]["ports"].Append(std::move(entry));
    if (const Value* labels = pod.At("metadata.labels")) service["spec"].Set("selector", *labels);
    service["status"].Set("loadBalancer", Value::MakeObject());
    return service;
  }

  absl::StatusOr<Value> Send(const std::string& plural, Value object) {
    if (o_.write.dry_run == DryRun::kClient) return object;
    ASSIGN_OR_RETURN(RestClient * client, factory_.Client());
    Request request;
    request.method = "POST";
    request.path = absl::StrCat("/api/v1/namespaces/", ns_, "/", plural, o_.write.Query(false));
    request.body = WriteJson(object);
    return client->Json(request);
  }

  absl::Status Attach(const Value& pod) {
    AttachOptions attach;
    attach.stdin = o_.stdin;
    attach.tty = o_.tty;
    attach.quiet = o_.quiet;
    attach.pod_running_timeout = o_.pod_running_timeout;
    attach.after_run = true;
    return AttachToPod(factory_, ns_, pod.GetString("metadata.name"), attach);
  }

  void Remove(const std::string& plural, const std::string& kind, const std::string& name) {
    absl::StatusOr<RestClient*> client = factory_.Client();
    if (!client.ok()) return;
    Info info;
    info.resource.version = "v1";
    info.resource.name = plural;
    info.resource.kind = kind;
    info.resource.namespaced = true;
    info.ns = ns_;
    info.name = name;
    absl::StatusOr<Value> answer =
        DeleteObject(**client, info, {o_.grace_period, o_.cascade, false});
    if (answer.ok() && !o_.quiet) factory_.io.Out(DeletedText(info, "deleted", ""));
  }

  Factory& factory_;
  Options o_;
  std::string ns_;
};

}  // namespace

CommandPtr MakeRun(Factory& factory) {
  auto command =
      NewCommand("run", "Run a particular image on the cluster",
                 "NAME --image=image [--env=\"key=value\"] [--port=port] [--dry-run=server|client] "
                 "[--overrides=inline-json] [--command] -- [COMMAND] [args...]",
                 "  # A web server\n  kubectl run web --image=nginx --port=80\n\n  # A shell in a "
                 "pod that goes away with it\n"
                 "  kubectl run -it --rm box --image=busybox:1 --restart=Never -- sh\n\n  # Only "
                 "show the object\n"
                 "  kubectl run web --image=nginx --dry-run=client -o yaml");
  command->about = "Create and run a particular image in a pod.";
  auto o = std::make_shared<Options>();
  FlagSet& f = command->flags;
  AddPrintFlags(&f, &o->write.print);
  o->write.print.json_order = KeyOrder::kAsIs;
  AddFileFlags(&f, &o->write.files, "Not used by run itself.");
  o->write.AddDryRun(&f);
  o->write.AddFieldManager(&f, "kubectl-run");
  f.String(&o->image, "image", "", "Image of the container.").required = true;
  f.String(&o->pull_policy, "image-pull-policy", "",
           "Always, IfNotPresent or Never; empty leaves it to the server.");
  f.String(&o->labels, "labels", "l", "Labels of the pod, key=value by comma.");
  f.Array(&o->annotations, "annotations", "", "Annotation key=value; may be repeated.");
  f.Array(&o->env, "env", "", "Environment variable key=value; may be repeated.");
  f.String(&o->port, "port", "", "Port the container listens on.");
  f.String(&o->restart, "restart", "", "Always, OnFailure or Never.");
  f.String(&o->overrides, "overrides", "", "JSON that changes the generated object.");
  f.String(&o->override_type, "override-type", "", "How to apply it: merge, json or strategic.");
  f.String(&o->cascade, "cascade", "", "What becomes of dependents with --rm.").no_value =
      "background";
  f.Bool(&o->attach, "attach", "", "Wait for the pod and attach to it.");
  f.Bool(&o->command, "command", "",
         "The words after -- are the command instead of its arguments.");
  f.Bool(&o->expose, "expose", "", "Also create a service for the port.");
  f.Bool(&o->force, "force", "", "With --rm: remove the pod at once.");
  f.Bool(&o->leave_stdin_open, "leave-stdin-open", "",
         "Keep stdin open after the first attach ends.");
  f.Bool(&o->privileged, "privileged", "", "Run the container privileged.");
  f.Bool(&o->quiet, "quiet", "q", "No prompts.");
  f.Bool(&o->remove, "rm", "", "Delete the pod when the attached session ends.");
  f.Bool(&o->save_config, "save-config", "",
         "Keep the configuration in the object's annotation, as kubectl apply does.");
  f.Bool(&o->stdin, "stdin", "i", "Keep stdin open.");
  f.Bool(&o->tty, "tty", "t", "Give the container a terminal.");
  f.Bool(&o->wait, "wait", "", "With --rm: return when the pod is gone.");
  f.Int(&o->grace_period, "grace-period", "", "With --rm: seconds the pod gets to end.");
  f.Duration(&o->pod_running_timeout, "pod-running-timeout", "",
             "How long to wait until the pod runs.");
  f.Duration(&o->timeout, "timeout", "", "With --rm: how long to wait for the end.");
  Command* self = command.get();
  command->run = [&factory, o, self](const FlagSet::Parsed& parsed) {
    o->attach_changed = self->flags.Changed("attach");
    return RunVerb(factory, *o).Run(parsed);
  };
  return command;
}

}  // namespace kubectl
