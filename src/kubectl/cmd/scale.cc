// kubectl scale: sets the number of replicas through the scale subresource.
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "kubectl/cmd/commands.h"
#include "kubectl/cmd/common.h"
#include "kubectl/cmd/waiting.h"

namespace kubectl {
namespace {

struct Options {
  WriteOptions write;
  Selection selection;
  std::string resource_version;
  int64_t replicas = 0, current_replicas = -1;
  bool all = false;
  absl::Duration timeout;
};

absl::Status ScaleOne(RestClient& client, const Options& o, const Info& info) {
  const std::string path = info.Path("scale");
  const std::string query = o.write.dry_run == DryRun::kServer ? "?dryRun=All" : "";
  if (o.current_replicas < 0 && o.resource_version.empty()) {
    return PatchObject(client, path + query, "merge",
                       absl::StrCat("{\"spec\":{\"replicas\":", o.replicas, "}}"))
        .status();
  }
  ASSIGN_OR_RETURN(Value scale, client.Get(path));
  const int64_t current = scale.GetInt("spec.replicas");
  if (o.current_replicas >= 0 && current != o.current_replicas) {
    return Error(absl::StrCat("Expected replicas to be ", o.current_replicas, ", was ", current));
  }
  if (!o.resource_version.empty() &&
      scale.GetString("metadata.resourceVersion") != o.resource_version) {
    return Error(absl::StrCat("Expected resource version to be ", o.resource_version, ", was ",
                              scale.GetString("metadata.resourceVersion")));
  }
  scale.Ensure("spec").Set("replicas", o.replicas);
  Request request;
  request.method = "PUT";
  request.path = path + query;
  request.body = WriteJson(scale);
  return client.Json(request).status();
}

absl::Status Run(Factory& factory, Options& o, const std::vector<std::string>& args) {
  RETURN_IF_ERROR(o.write.Complete(factory));
  if (o.replicas < 0)
    return Error(
        "The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0");
  if (args.empty() && o.write.files.empty()) {
    return Error(
        "You must provide one or more resources by argument or filename.\nExample resource "
        "specifications include:\n   '-f "
        "rsrc.yaml'\n   '--filename=rsrc.json'\n   '<resource> <name>'\n   '<resource>'");
  }
  o.selection.args = args;
  o.selection.files = o.write.files;
  o.selection.select_all_param = o.all;
  std::vector<absl::Status> errors;
  ASSIGN_OR_RETURN(std::vector<Info> infos, FetchObjects(factory, o.selection, &errors));
  if (infos.empty() && errors.empty()) return Error("no objects passed to scale");
  if (!o.resource_version.empty() && infos.size() > 1)
    return Error("cannot use --resource-version with multiple resources");
  ASSIGN_OR_RETURN(RestClient * client, factory.Client());
  for (const Info& info : infos) {
    if (o.write.dry_run != DryRun::kClient) {
      if (const absl::Status status = ScaleOne(*client, o, info); !status.ok()) {
        errors.push_back(status);
        break;
      }
    }
    RETURN_IF_ERROR(PrintResult(factory, o.write.print, o.write.Operation("scaled"), info.object));
    if (o.timeout > absl::ZeroDuration() && o.write.dry_run == DryRun::kNone) {
      RETURN_IF_ERROR(
          WaitForObject(*client, info, o.timeout, [&](const Value* object) -> absl::StatusOr<bool> {
            return object == nullptr || object->GetInt("status.replicas") == o.replicas;
          }));
    }
  }
  return Aggregate(errors);
}

}  // namespace

CommandPtr MakeScale(Factory& factory) {
  auto command =
      NewCommand("scale", "Set a new size for a deployment, replica set, or replication controller",
                 "[--resource-version=version] [--current-replicas=count] --replicas=COUNT (-f "
                 "FILENAME | TYPE NAME)",
                 "  # Three pods for a deployment\n  kubectl scale --replicas=3 deployment/web");
  command->about =
      "Set a new size for a deployment, replica set, replication controller, or stateful set.\n\n "
      "With --current-replicas or "
      "--resource-version the size changes only if the object is as expected.";
  auto o = std::make_shared<Options>();
  FlagSet& f = command->flags;
  AddPrintFlags(&f, &o->write.print);
  AddFileFlags(&f, &o->write.files, "Files, folders or URLs with the objects to scale.");
  o->write.AddDryRun(&f);
  f.Int(&o->replicas, "replicas", "", "The new number of replicas.").required = true;
  f.Int(&o->current_replicas, "current-replicas", "",
        "Scale only if there are this many now; -1 for any.");
  f.String(&o->resource_version, "resource-version", "",
           "Scale only if the object has this version.");
  f.String(&o->selection.selector, "selector", "l", "Label query that chooses the objects.");
  f.Bool(&o->all, "all", "", "All objects of the types in the namespace.");
  f.Duration(&o->timeout, "timeout", "", "Wait this long for the new size; 0 does not wait.");
  command->run = [&factory, o](const FlagSet::Parsed& parsed) {
    return Run(factory, *o, parsed.args);
  };
  return command;
}

}  // namespace kubectl
