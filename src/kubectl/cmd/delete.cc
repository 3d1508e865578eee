#include "kubectl/cmd/delete.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "kubectl/cmd/commands.h"
#include "kubectl/cmd/waiting.h"

namespace kubectl {

absl::Status CheckCascade(const std::string& cascade) {
  if (cascade == "background" || cascade == "foreground" || cascade == "orphan")
    return absl::OkStatus();
  return Error(absl::StrCat("invalid cascade value (", cascade,
                            "). Must be \"background\", \"foreground\", or \"orphan\""));
}

absl::StatusOr<Value> DeleteObject(RestClient& client, const Info& info,
                                   const DeleteRequest& options) {
  Value body;
  body.Set("kind", "DeleteOptions");
  body.Set("apiVersion", "v1");
  if (options.grace_period >= 0) body.Set("gracePeriodSeconds", options.grace_period);
  body.Set("propagationPolicy", options.cascade == "orphan"       ? "Orphan"
                                : options.cascade == "foreground" ? "Foreground"
                                                                  : "Background");
  if (options.server_dry_run) body["dryRun"].Append("All");
  Request request;
  request.method = "DELETE";
  request.path = info.Path();
  request.body = WriteJson(body);
  return client.Json(request);
}

std::string UidOfAnswer(const Value& answer) {
  return answer.GetString("kind") == "Status" ? answer.GetString("details.uid")
                                              : answer.GetString("metadata.uid");
}

std::string DeletedText(const Info& info, absl::string_view done,
                        absl::string_view dry_run_suffix) {
  std::string kind = absl::AsciiStrToLower(info.resource.kind);
  if (!info.resource.group.empty()) absl::StrAppend(&kind, ".", info.resource.group);
  return absl::StrCat(kind, " \"", info.name, "\" ", done,
                      info.ns.empty() ? "" : absl::StrCat(" from ", info.ns, " namespace"),
                      dry_run_suffix, "\n");
}

namespace {

struct Options {
  WriteOptions write;
  std::string selector, field_selector, cascade = "background", raw, output;
  int64_t grace_period = -1;
  bool all = false, all_namespaces = false, force = false, now = false, ignore_not_found = false,
       wait = true, interactive = false;
  bool ignore_changed = false;
  absl::Duration timeout;
};

absl::Status Run(Factory& factory, Options o, const std::vector<std::string>& args) {
  RETURN_IF_ERROR(o.write.Complete(factory));
  RETURN_IF_ERROR(CheckCascade(o.cascade));
  if (!o.output.empty() && o.output != "name") {
    return Error(
        absl::StrCat("unexpected -o output mode: ", o.output, ". We only support '-o name'"));
  }
  ASSIGN_OR_RETURN(RestClient * client, factory.Client());
  if (!o.raw.empty()) {
    Request request;
    request.method = "DELETE";
    request.path = o.raw;
    ASSIGN_OR_RETURN(const Response response, client->Do(request));
    factory.io.Out(response.body);
    return absl::OkStatus();
  }
  if (args.empty() && o.write.files.empty()) {
    return Error(
        "You must provide one or more resources by argument or filename.\nExample resource "
        "specifications include:\n   '-f "
        "rsrc.yaml'\n   '--filename=rsrc.json'\n   '<resource> <name>'\n   '<resource>'");
  }
  if (!args.empty() && !o.write.files.empty()) {
    return Error(
        "when paths, URLs, or stdin is provided as input, you may not specify resource arguments "
        "as well");
  }
  if (o.all && !o.selector.empty())
    return Error("setting 'all' parameter but found a non empty selector. ");
  if (o.now && o.grace_period != -1)
    return Error("--now and --grace-period cannot be specified together");
  if (o.now) o.grace_period = 1;
  if (o.grace_period == 0 && !o.force) o.grace_period = 1;
  if (o.force && o.grace_period < 0) o.grace_period = 0;
  if (o.force && o.grace_period > 0)
    return Error("--force and --grace-period greater than 0 cannot be specified together");
  if (!o.ignore_changed && (o.all || !o.selector.empty() || !o.field_selector.empty()))
    o.ignore_not_found = true;
  if (o.force) {
    factory.io.Err(
        "Warning: Immediate deletion does not wait for confirmation that the running resource has "
        "been terminated. The "
        "resource may continue to run on the cluster indefinitely.\n");
  }
  // Named objects are not fetched: the DELETE itself tells whether they are there.
  std::vector<Info> infos;
  std::vector<absl::Status> errors;
  if (!o.write.files.empty()) {
    ASSIGN_OR_RETURN(infos, ReadFiles(factory, o.write.files, "", &errors));
  } else {
    Selection selection;
    selection.args = args;
    selection.selector = o.selector;
    selection.field_selector = o.field_selector;
    selection.all_namespaces = o.all_namespaces;
    selection.select_all_param = o.all;
    ASSIGN_OR_RETURN(std::vector<Info> wanted, ResolveArgs(factory, selection, nullptr));
    for (Info& info : wanted) {
      if (!info.name.empty()) {
        infos.push_back(std::move(info));
        continue;
      }
      absl::StatusOr<std::vector<Value>> items =
          ListItems(*client, info.Path(), SelectorQuery(selection));
      if (!items.ok()) {
        if (ApiReason(items.status()) != "MethodNotAllowed") errors.push_back(items.status());
        continue;
      }
      for (const Value& item : *items) {
        infos.push_back(
            {info.resource, item.GetString("metadata.namespace"), item.GetString("metadata.name")});
      }
    }
  }
  if (o.interactive && !infos.empty()) {
    factory.io.Out("You are about to delete the following " + std::to_string(infos.size()) +
                   " resource(s):\n");
    for (const Info& info : infos) factory.io.Out(info.KindSlashName() + "\n");
    factory.io.Out("Do you want to continue? (y/N): ");
    factory.io.out->Flush();
    const std::string answer = ReadAll(factory.io.in_fd);
    if (answer.empty() || (answer[0] != 'y' && answer[0] != 'Y')) {
      factory.io.Out("deletion is cancelled\n");
      return absl::OkStatus();
    }
  }
  const std::string suffix = o.write.Operation("");
  ASSIGN_OR_RETURN(const Connection* connection, factory.Resolved());
  bool warned = !connection->ns_explicit;
  std::vector<std::pair<Info, std::string>> deleted;
  bool found = false;
  for (const Info& info : infos) {
    std::string uid;
    if (!warned && !info.resource.namespaced) {
      factory.io.Err("Warning: deleting cluster-scoped resources, not scoped to the provided namespace\n");
      warned = true;
    }
    if (o.write.dry_run != DryRun::kClient) {
      absl::StatusOr<Value> answer = DeleteObject(
          *client, info, {o.grace_period, o.cascade, o.write.dry_run == DryRun::kServer});
      if (!answer.ok()) {
        if (o.ignore_not_found && ApiNotFound(answer.status())) continue;
        errors.push_back(info.source.empty()
                             ? answer.status()
                             : AddContext(answer.status(), absl::StrCat("error when deleting \"",
                                                                        info.source, "\": ")));
        found = true;
        continue;
      }
      uid = UidOfAnswer(*answer);
    }
    found = true;
    if (o.output == "name")
      factory.io.Out(info.KindSlashName() + "\n");
    else
      factory.io.Out(DeletedText(info, o.grace_period == 0 ? "force deleted" : "deleted", suffix));
    factory.io.out->Flush();
    deleted.emplace_back(info, uid);
  }
  if (!found && errors.empty()) {
    if (!o.ignore_not_found || o.all || !o.selector.empty() || !o.field_selector.empty())
      factory.io.Out("No resources found\n");
    return absl::OkStatus();
  }
  if (!errors.empty()) return Aggregate(errors);  // something failed: the rest is not waited for
  if (o.wait && o.write.dry_run == DryRun::kNone) {
    for (const auto& [info, uid] : deleted) {
      const absl::Status status = WaitForDeletion(*client, info, uid, o.timeout);
      // Whoever may delete but not watch need not wait.
      if (!status.ok() && !ApiForbidden(status) && ApiReason(status) != "MethodNotAllowed" &&
          !ApiNotFound(status))
        errors.push_back(status);
    }
  }
  return Aggregate(errors);
}

}  // namespace

CommandPtr MakeDelete(Factory& factory) {
  auto command = NewCommand("delete",
                            "Delete resources by file names, stdin, resources and names, or by "
                            "resources and label selector",
                            "([-f FILENAME] | [-k DIRECTORY] | TYPE [(NAME | -l label | --all)])",
                            "  # One pod\n  kubectl delete pod web-0\n\n  # What a file "
                            "describes\n  kubectl delete -f web.yaml\n\n"
                            "  # By label\n  kubectl delete pods,services -l app=web");
  command->about =
      "Delete resources by file names, stdin, resources and names, or by resources and label "
      "selector.\n\n Some objects, such as pods, "
      "get time to end by themselves; --now and --grace-period shorten it. --force removes the "
      "object at once: what it stood for may "
      "go on running. By default the command waits until the objects are gone.";
  auto o = std::make_shared<Options>();
  FlagSet& f = command->flags;
  AddFileFlags(&f, &o->write.files, "Files, folders or URLs with the objects to delete.");
  o->write.AddDryRun(&f);
  f.String(&o->selector, "selector", "l", "Label query that chooses the objects.");
  f.String(&o->field_selector, "field-selector", "", "Field query that chooses the objects.");
  f.String(&o->cascade, "cascade", "",
           "What becomes of dependents: background, foreground or orphan.")
      .no_value = "background";
  f.String(&o->raw, "raw", "", "DELETE this path.");
  f.String(&o->output, "output", "o", "name: print just type/name.");
  f.Int(&o->grace_period, "grace-period", "",
        "Seconds the object gets to end; negative leaves it to the server.");
  f.Bool(&o->all, "all", "", "All objects of the types in the namespace.");
  f.Bool(&o->all_namespaces, "all-namespaces", "A", "Across all namespaces.");
  f.Bool(&o->force, "force", "", "Remove the object at once, without waiting for its end.");
  f.Bool(&o->now, "now", "", "The same as --grace-period=1.");
  f.Bool(&o->ignore_not_found, "ignore-not-found", "", "An object that is not there is no error.");
  f.Bool(&o->wait, "wait", "", "Return when the objects are gone.");
  f.Bool(&o->interactive, "interactive", "i", "Ask before deleting.");
  f.Duration(&o->timeout, "timeout", "",
             "How long to wait for the end; 0 takes the grace period's time.");
  Command* self = command.get();
  command->run = [&factory, o, self](const FlagSet::Parsed& parsed) {
    o->ignore_changed = self->flags.Changed("ignore-not-found");
    return Run(factory, *o, parsed.args);
  };
  return command;
}

}  // namespace kubectl
