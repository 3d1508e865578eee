// kubectl diff: what apply would change, told by diff(1) on the live and the merged objects.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "kubectl/cmd/apply.h"
#include "kubectl/cmd/commands.h"
#include "kubectl/cmd/common.h"

namespace kubectl {
namespace {

struct Options {
  WriteOptions write;
  std::string selector;
  std::vector<std::string> allowlist;
  bool force_conflicts = false, prune = false, server_side = false, managed = false,
       manager_changed = false;
  int64_t concurrency = 1;
};

// The object as the server would store it; nothing is kept.
absl::StatusOr<Value> Merged(RestClient& client, const Options& o, const Info& info,
                             const Value* live) {
  Request request;
  request.path =
      absl::StrCat(info.Path(), "?dryRun=All&fieldManager=", UrlEscape(o.write.field_manager));
  if (o.server_side) {
    request.method = "PATCH";
    request.content_type = "application/apply-patch+yaml";
    absl::StrAppend(&request.path, "&force=", o.force_conflicts ? "true" : "false");
    request.body = WriteJson(info.object);
    return client.Json(request);
  }
  // The annotation is apply's own and no difference.
  ASSIGN_OR_RETURN(const Value modified, ParseJson(LastAppliedText(info.object)));
  if (live == nullptr) {
    request.method = "POST";
    request.path = absl::StrCat(info.resource.Path(info.ns),
                                "?dryRun=All&fieldManager=", UrlEscape(o.write.field_manager));
    request.body = WriteJson(modified);
    return client.Json(request);
  }
  ASSIGN_OR_RETURN(const ApplyPatch computed, ComputeApplyPatch(*live, modified));
  if (computed.patch.empty()) return *live;
  return PatchObject(client, request.path, computed.strategic ? "strategic" : "merge",
                     WriteJsonSorted(computed.patch));
}

// Secret values do not go to the screen; what differs says so.
void HideSecret(Value* live, Value* merged) {
  Value* before = live == nullptr ? nullptr : live->Find("data");
  Value* after = merged->Find("data");
  if (after != nullptr && after->is_object()) {
    for (Member& member : after->object()) {
      Value* old = before == nullptr ? nullptr : before->Find(member.key);
      const bool same = old != nullptr && *old == member.value;
      member.value = same ? Value("***") : old == nullptr ? Value("***") : Value("*** (after)");
      if (old != nullptr) *old = same ? Value("***") : Value("*** (before)");
    }
  }
  if (before == nullptr || !before->is_object()) return;
  for (Member& member : before->object()) {
    if (!member.value.is_string() || member.value.as_string().compare(0, 3, "***") != 0)
      member.value = Value("***");
  }
}

absl::Status Run(Factory& factory, Options& o, const std::vector<std::string>& args) {
  if (!args.empty())
    return UsageError("kubectl diff",
                      absl::StrCat("Unexpected args: [", absl::StrJoin(args, " "), "]"));
  if (o.write.files.empty()) return Error("must specify one of -f and -k");
  if (o.server_side && !o.manager_changed) o.write.field_manager = "kubectl";
  ASSIGN_OR_RETURN(const std::vector<Info> infos, ReadFiles(factory, o.write.files));
  ASSIGN_OR_RETURN(RestClient * client, factory.Client());
  char live_dir[] = "/tmp/LIVE-XXXXXX", merged_dir[] = "/tmp/MERGED-XXXXXX";
  if (mkdtemp(live_dir) == nullptr || mkdtemp(merged_dir) == nullptr)
    return Error("no temporary folder");
  absl::Status failure;
  std::vector<std::string> files;
  for (const Info& info : infos) {
    absl::StatusOr<Value> live = client->Get(info.Path());
    if (!live.ok() && !ApiNotFound(live.status())) {
      failure = live.status();
      break;
    }
    absl::StatusOr<Value> merged = Merged(*client, o, info, live.ok() ? &*live : nullptr);
    if (!merged.ok()) {
      failure = merged.status();
      break;
    }
    const std::string group = info.resource.group.empty()
                                  ? info.resource.version
                                  : absl::StrCat(info.resource.group, ".", info.resource.version);
    const std::string name =
        absl::StrCat(group, ".", info.resource.kind, ".", info.ns, ".", info.name);
    for (Value* object : {live.ok() ? &*live : nullptr, &*merged}) {
      if (object == nullptr) continue;
      if (!o.managed) DropManagedFields(object);
    }
    if (info.resource.kind == "Secret") HideSecret(live.ok() ? &*live : nullptr, &*merged);
    if (live.ok())
      failure.Update(base::WriteFileAtomic(absl::StrCat(live_dir, "/", name), WriteYaml(*live)));
    failure.Update(base::WriteFileAtomic(absl::StrCat(merged_dir, "/", name), WriteYaml(*merged)));
    files.push_back(name);
  }
  int code = 0;
  if (failure.ok()) {
    factory.io.out->Flush();
    const char* program = getenv("KUBECTL_EXTERNAL_DIFF");
    const std::string command =
        absl::StrCat(program == nullptr || *program == '\0' ? "diff -u -N" : program, " ", live_dir,
                     " ", merged_dir);
    const int status = system(command.c_str());
    code = WIFEXITED(status) ? WEXITSTATUS(status) : 2;
  }
  for (const std::string& name : files) {
    unlink(absl::StrCat(live_dir, "/", name).c_str());
    unlink(absl::StrCat(merged_dir, "/", name).c_str());
  }
  rmdir(live_dir);
  rmdir(merged_dir);
  if (!failure.ok()) return failure;
  if (code == 1) return Rendered("", 1);
  return code == 0
             ? absl::OkStatus()
             : Rendered(absl::StrCat("error: failed to run the diff program, exit code ", code),
                        code);
}

}  // namespace

CommandPtr MakeDiff(Factory& factory) {
  auto command =
      NewCommand("diff", "Diff the live version against a would-be applied version", "-f FILENAME",
                 "  # What would apply change?\n  kubectl diff -f web.yaml");
  command->about =
      "Diff configurations specified by file name or stdin between the current online "
      "configuration, and the configuration as it would be if "
      "applied.\n\n Exit status: 0 nothing differs, 1 something differs, above 1 an error. "
      "KUBECTL_EXTERNAL_DIFF names another diff program.";
  auto o = std::make_shared<Options>();
  FlagSet& f = command->flags;
  AddFileFlags(&f, &o->write.files, "Files, folders or URLs with the objects to compare.");
  o->write.AddFieldManager(&f, "kubectl-client-side-apply");
  f.String(&o->selector, "selector", "l", "Compare only the objects with these labels.");
  f.Array(&o->allowlist, "prune-allowlist", "", "Kinds that --prune may delete.");
  f.Bool(&o->force_conflicts, "force-conflicts", "",
         "With --server-side: take over fields that others own.");
  f.Bool(&o->prune, "prune", "", "Also show objects that are no longer in the files.");
  f.Bool(&o->server_side, "server-side", "", "As apply --server-side would.");
  f.Bool(&o->managed, "show-managed-fields", "", "Compare metadata.managedFields too.");
  f.Int(&o->concurrency, "concurrency", "", "How many objects to ask for at once.");
  Command* self = command.get();
  command->run = [&factory, o, self](const FlagSet::Parsed& parsed) -> absl::Status {
    o->manager_changed = self->flags.Changed("field-manager");
    const absl::Status status = Run(factory, *o, parsed.args);
    // 1 says that something differs: failures are above it.
    if (status.ok() || RenderError(status).empty()) return status;
    return Rendered(RenderError(status), std::max(2, ExitCode(status)));
  };
  return command;
}

}  // namespace kubectl
