// kubectl patch and replace: changing an object by a patch, or as a whole.
#include "apimachinery/patch/patch.h"

#include "absl/strings/str_cat.h"
#include "apimachinery/schema.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "kubectl/cmd/commands.h"
#include "kubectl/cmd/common.h"
#include "kubectl/cmd/delete.h"
#include "kubectl/cmd/waiting.h"

namespace kubectl {
namespace {

struct PatchOptions {
  WriteOptions write;
  std::string patch, patch_file, type = "strategic", subresource;
  bool local = false;
};

absl::StatusOr<Value> PatchLocally(const PatchOptions& o, const Value& object,
                                   const std::string& body) {
  ASSIGN_OR_RETURN(Value patch, ParseJson(body));
  if (o.type == "json") return apimachinery::patch::ApplyJsonPatch(object, patch);
  const auto* message = apimachinery::Schema::Builtin().FindMessage(object.GetString("apiVersion"),
                                                                    object.GetString("kind"));
  if (o.type == "strategic" && message != nullptr)
    return apimachinery::patch::ApplyStrategicMergePatch(*message, object, &patch);
  Value result = object;
  apimachinery::patch::ApplyMergePatch(&result, patch);
  return result;
}

absl::Status RunPatch(Factory& factory, PatchOptions& o, const std::vector<std::string>& args) {
  RETURN_IF_ERROR(o.write.Complete(factory));
  if (o.patch.empty() == o.patch_file.empty()) {
    return Error(o.patch.empty()
                     ? "must specify --patch or --patch-file containing the contents of the patch"
                     : "cannot specify --patch and --patch-file together");
  }
  if (o.type != "json" && o.type != "merge" && o.type != "strategic") {
    return Error(
        absl::StrCat("--type must be one of [json merge strategic], not \"", o.type, "\""));
  }
  if (!o.patch_file.empty()) {
    absl::StatusOr<std::string> text = base::ReadFile(o.patch_file);
    if (!text.ok()) {
      if (absl::IsNotFound(text.status()))
        return Error(absl::StrCat("unable to read patch file: open ", o.patch_file, ": no such file or directory"));
      return Error(absl::StrCat("unable to read patch file: ", text.status().message()));
    }
    o.patch = *std::move(text);
  }
  absl::StatusOr<Value> parsed = ParseYaml(o.patch);
  if (!parsed.ok())
    return Error(absl::StrCat("unable to parse \"", o.patch, "\": ", parsed.status().message()));
  const std::string body = WriteJson(*parsed);
  if (args.empty() && o.write.files.empty()) {
    return Error(
        "You must provide one or more resources by argument or filename.\nExample resource "
        "specifications include:\n   '-f "
        "rsrc.yaml'\n   '--filename=rsrc.json'\n   '<resource> <name>'\n   '<resource>'");
  }
  std::vector<absl::Status> errors;
  std::vector<Info> infos;
  Selection selection;
  selection.args = args;
  selection.files = o.write.files;
  selection.subresource = o.subresource;
  o.write.files.local = o.local;
  if (o.local) {
    ASSIGN_OR_RETURN(infos, ReadFiles(factory, o.write.files));
  } else {
    ASSIGN_OR_RETURN(infos, FetchObjects(factory, selection, &errors));
  }
  for (const Info& info : infos) {
    absl::StatusOr<Value> patched;
    if (o.local || o.write.dry_run == DryRun::kClient) {
      patched = PatchLocally(o, info.object, body);
    } else {
      ASSIGN_OR_RETURN(RestClient * client, factory.Client());
      patched = PatchObject(*client, info.Path(o.subresource) + o.write.Query(false), o.type, body);
    }
    if (!patched.ok()) {
      errors.push_back(patched.status());
      continue;
    }
    // What comes from a file is never the same as the server's.
    const bool same = selection.files.empty() && *patched == info.object;
    RETURN_IF_ERROR(
        PrintResult(factory, o.write.print, same ? "patched (no change)" : "patched", *patched));
  }
  return Aggregate(errors);
}

struct ReplaceOptions {
  WriteOptions write;
  std::string cascade = "background", raw, subresource;
  int64_t grace_period = -1;
  bool force = false, wait = false, save_config = false;
  absl::Duration timeout;
};

absl::Status Put(RestClient& client, const ReplaceOptions& o, Info* info) {
  Value& metadata = info->object.Ensure("metadata");
  if (metadata.GetString("resourceVersion").empty()) {
    if (absl::StatusOr<Value> current = client.Get(info->Path(o.subresource)); current.ok()) {
      metadata.Set("resourceVersion", current->GetString("metadata.resourceVersion"));
    }
  }
  Request request;
  request.method = "PUT";
  request.path = info->Path(o.subresource) + o.write.Query();
  request.body = WriteJson(info->object);
  ASSIGN_OR_RETURN(info->object, client.Json(request));
  return absl::OkStatus();
}

absl::Status DeleteAndCreate(Factory& factory, RestClient& client, const ReplaceOptions& o,
                             Info* info) {
  absl::StatusOr<Value> deleted = DeleteObject(client, *info, {o.grace_period, o.cascade, false});
  if (deleted.ok()) {
    factory.io.Out(DeletedText(*info, "deleted", ""));
    RETURN_IF_ERROR(WaitForDeletion(client, *info, UidOfAnswer(*deleted), o.timeout));
  } else if (!ApiNotFound(deleted.status())) {
    return deleted.status();
  }
  Request request;
  request.method = "POST";
  request.path = info->resource.Path(info->ns) + o.write.Query();
  request.body = WriteJson(info->object);
  ASSIGN_OR_RETURN(info->object, client.Json(request));
  return absl::OkStatus();
}

absl::Status RunReplace(Factory& factory, ReplaceOptions& o, const std::vector<std::string>& args) {
  RETURN_IF_ERROR(o.write.Complete(factory));
  if (!args.empty())
    return UsageError("kubectl replace",
                      absl::StrCat("Unexpected args: [", absl::StrJoin(args, " "), "]"));
  if (o.write.files.empty() && o.raw.empty()) return Error("must specify one of -f and -k");
  if (o.grace_period >= 0 && !o.force) return Error("--grace-period must have --force specified");
  if (o.timeout != absl::ZeroDuration() && !o.force)
    return Error("--timeout must have --force specified");
  ASSIGN_OR_RETURN(RestClient * client, factory.Client());
  if (!o.raw.empty()) {
    Request request;
    request.method = "PUT";
    request.path = o.raw;
    if (o.write.files.filenames.size() != 1)
      return Error("--raw can only use a single local file or stdin");
    if (o.write.files.filenames[0] == "-")
      request.body = ReadAll(factory.io.in_fd);
    else {
      ASSIGN_OR_RETURN(request.body, base::ReadFile(o.write.files.filenames[0]));
    }
    ASSIGN_OR_RETURN(const Response response, client->Do(request));
    factory.io.Out(response.body);
    return absl::OkStatus();
  }
  std::vector<absl::Status> errors;
  ASSIGN_OR_RETURN(std::vector<Info> infos,
                   ReadFiles(factory, o.write.files, o.write.field_validation, &errors));
  if (infos.empty() && errors.empty()) return Error("no objects passed to replace");
  for (Info& info : infos) {
    if (o.save_config) SetLastApplied(&info.object);
    if (o.write.dry_run != DryRun::kClient) {
      const absl::Status status =
          o.force ? DeleteAndCreate(factory, *client, o, &info) : Put(*client, o, &info);
      if (!status.ok()) {
        errors.push_back(
            AddContext(status, absl::StrCat("error when replacing \"", info.source, "\": ")));
        continue;
      }
    }
    RETURN_IF_ERROR(
        PrintResult(factory, o.write.print, o.write.Operation("replaced"), info.object));
  }
  return Aggregate(errors);
}

}  // namespace

CommandPtr MakePatch(Factory& factory) {
  auto command = NewCommand("patch", "Update fields of a resource",
                            "(-f FILENAME | TYPE NAME) [-p PATCH|--patch-file FILE]",
                            "  # Merge\n  kubectl patch node n1 -p "
                            "'{\"spec\":{\"unschedulable\":true}}'\n\n  # Operations of RFC 6902\n"
                            "  kubectl patch pod web --type=json -p "
                            "'[{\"op\":\"remove\",\"path\":\"/metadata/labels/a\"}]'");
  command->about =
      "Update fields of a resource using strategic merge patch, a JSON merge patch, or a JSON "
      "patch.\n\n JSON and YAML formats are accepted.";
  auto o = std::make_shared<PatchOptions>();
  FlagSet& f = command->flags;
  AddPrintFlags(&f, &o->write.print);
  AddFileFlags(&f, &o->write.files, "Files, folders or URLs with the objects to patch.");
  o->write.AddDryRun(&f);
  o->write.AddFieldManager(&f, "kubectl-patch");
  f.String(&o->patch, "patch", "p", "The patch, in JSON or YAML.");
  f.String(&o->patch_file, "patch-file", "", "A file with the patch.");
  f.String(&o->type, "type", "", "How the patch is meant: json, merge or strategic.");
  f.String(&o->subresource, "subresource", "", "Patch this subresource of the object.");
  f.Bool(&o->local, "local", "", "Patch what the file holds, and print it; no server is asked.");
  command->run = [&factory, o](const FlagSet::Parsed& parsed) {
    return RunPatch(factory, *o, parsed.args);
  };
  return command;
}

CommandPtr MakeReplace(Factory& factory) {
  auto command = NewCommand(
      "replace", "Replace a resource by file name or stdin", "-f FILENAME",
      "  # Put the file's object in place of the server's\n  kubectl replace -f web.yaml");
  auto o = std::make_shared<ReplaceOptions>();
  FlagSet& f = command->flags;
  AddPrintFlags(&f, &o->write.print);
  AddFileFlags(&f, &o->write.files, "Files, folders or URLs with the new objects.");
  o->write.AddDryRun(&f);
  o->write.AddValidate(&f);
  o->write.AddFieldManager(&f, "kubectl-replace");
  f.String(&o->cascade, "cascade", "", "With --force: what becomes of dependents.").no_value =
      "background";
  f.String(&o->raw, "raw", "", "PUT the file to this path.");
  f.String(&o->subresource, "subresource", "", "Replace this subresource.");
  f.Int(&o->grace_period, "grace-period", "", "With --force: seconds the old object gets.");
  f.Bool(&o->force, "force", "", "Delete the object and create it again.");
  f.Bool(&o->wait, "wait", "", "With --force: wait until the old object is gone.");
  f.Bool(&o->save_config, "save-config", "",
         "Keep the configuration in the object's annotation, as kubectl apply does.");
  f.Duration(&o->timeout, "timeout", "", "With --force: how long to wait.");
  command->run = [&factory, o](const FlagSet::Parsed& parsed) {
    return RunReplace(factory, *o, parsed.args);
  };
  return command;
}

}  // namespace kubectl
