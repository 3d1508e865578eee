// kubectl apply: client side (three-way patch with the last-applied annotation) and server side.
#include "kubectl/cmd/apply.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status_macros.h"
#include "apimachinery/labels.h"
#include "kubectl/cmd/apply_conflict.h"
#include "kubectl/cmd/apply_migrate.h"
#include "kubectl/cmd/apply_prune.h"
#include "kubectl/cmd/commands.h"
#include "kubectl/cmd/common.h"
#include "kubectl/cmd/delete.h"
#include "kubectl/cmd/waiting.h"

namespace kubectl {
namespace {

constexpr int kMaxRetries = 5;

struct Options {
  WriteOptions write;
  std::string selector, cascade = "background", subresource;
  std::vector<std::string> prune_allowlist;
  bool all = false, force = false, force_conflicts = false, openapi_patch = true, overwrite = true,
       prune = false;
  bool server_side = false, wait = false, manager_changed = false;
  int64_t grace_period = -1;
  absl::Duration timeout;
};

class Apply {
 public:
  Apply(Factory& factory, Options options) : factory_(factory), o_(std::move(options)) {}

  absl::Status Run(const std::vector<std::string>& args) {
    RETURN_IF_ERROR(o_.write.Complete(factory_));
    if (!args.empty())
      return UsageError("kubectl apply",
                        absl::StrCat("Unexpected args: [", absl::StrJoin(args, " "), "]"));
    if (o_.write.files.empty()) return Error("must specify one of -f and -k");
    if (o_.prune && o_.selector.empty() && !o_.all) {
      return Error(
          "all resources selected for prune without explicitly passing --all. To prune all "
          "resources, pass the --all flag. If you did not mean to prune all resources, specify a "
          "label selector");
    }
    if (o_.force_conflicts && !o_.server_side)
      return Error("--force-conflicts only works with --server-side");
    if (o_.write.dry_run == DryRun::kClient && o_.server_side) {
      return Error(
          "--dry-run=client doesn't work with --server-side (did you mean --dry-run=server "
          "instead?)");
    }
    if (o_.force && o_.server_side) return Error("--force cannot be used with --server-side");
    if (o_.force && o_.write.dry_run == DryRun::kServer)
      return Error("--dry-run=server cannot be used with --force");
    RETURN_IF_ERROR(CheckCascade(o_.cascade));
    if (o_.server_side && !o_.manager_changed) o_.write.field_manager = "kubectl";
    ASSIGN_OR_RETURN(client_, factory_.Client());
    std::vector<absl::Status> errors;
    ASSIGN_OR_RETURN(std::vector<Info> infos,
                     ReadFiles(factory_, o_.write.files, o_.write.field_validation, &errors));
    ASSIGN_OR_RETURN(const auto selector, apimachinery::LabelSelector::Parse(o_.selector));
    std::erase_if(infos, [&](const Info& info) {
      return !selector.Matches(info.object.At("metadata.labels"));
    });
    if (infos.empty() && errors.empty()) return Error("no objects passed to apply");
    for (Info& info : infos) {
      if (const std::string prefix = info.object.GetString("metadata.generateName"); info.name.empty() && !prefix.empty()) {
        errors.push_back(Error(absl::StrCat("from ", prefix, ": cannot use generate name with apply")));
        continue;
      }
      if (info.name.empty()) {
        errors.push_back(Error(absl::StrCat("error when applying \"", info.source,
                                            "\": resource name may not be empty")));
        continue;
      }
      absl::Status status = o_.server_side ? ServerSide(info) : ClientSide(info);
      if (!status.ok()) errors.push_back(status);
      if (info.resource.namespaced) pruned_.namespaces.insert(info.ns);
    }
    if (!errors.empty() || !o_.prune) return Aggregate(errors);
    return PruneRest();
  }

 private:
  absl::Status PruneRest() {
    pruned_.selector = o_.selector;
    pruned_.cascade = o_.cascade;
    pruned_.allowlist = o_.prune_allowlist;
    pruned_.grace_period = o_.grace_period;
    ASSIGN_OR_RETURN(const Connection* connection, factory_.Resolved());
    if (o_.prune_allowlist.empty() && connection->ns_explicit) {
      factory_.io.Err(
          "Deprecated: kubectl apply will no longer prune non-namespaced resources by default when "
          "used with the --namespace flag in a future release. To preserve the current behaviour, "
          "list the resources you want to target explicitly in the --prune-allowlist flag.\n");
    }
    return Prune(factory_, pruned_, o_.write);
  }

  absl::Status Say(const Value& object, absl::string_view done) {
    pruned_.applied.insert(object.GetString("metadata.uid"));
    if (object.At("metadata.deletionTimestamp") != nullptr) {
      factory_.io.Err(absl::StrCat("Warning: Detected changes to resource ", object.GetString("metadata.name"),
                                   " which is currently being deleted.\n"));
    }
    return PrintResult(factory_, o_.write.print, o_.write.Operation(done), object);
  }

  absl::Status ServerSide(const Info& info) {
    std::string query = o_.write.Query();
    absl::StrAppend(&query, query.empty() ? "?" : "&",
                    "force=", o_.force_conflicts ? "true" : "false");
    Request request;
    request.method = "PATCH";
    request.path = info.Path(o_.subresource) + query;
    request.content_type = "application/apply-patch+yaml";
    request.body = WriteJson(info.object);
    absl::StatusOr<Value> applied = client_->Json(request);
    if (applied.ok()) {
      if (o_.write.dry_run == DryRun::kNone) applied = Migrate(info, request, *std::move(applied));
      return Say(*applied, "serverside-applied");
    }
    if (!ApiConflict(applied.status())) return applied.status();
    return Error(absl::StrCat(
        applied.status().message(), "\n",
        "Please review the fields above--they currently have other managers. Here\n"
        "are the ways you can resolve this warning:\n"
        "* If you intend to manage all of these fields, please re-run the apply\n"
        "  command with the `--force-conflicts` flag.\n"
        "* If you do not intend to manage all of the fields, please edit your\n"
        "  manifest to remove references to the fields that should keep their\n"
        "  current managers.\n"
        "* You may co-own fields by updating your manifest to match the existing\n"
        "  value; in this case, you'll become the manager if the other manager(s)\n"
        "  stop managing the field (remove it from their configuration).\n"
        "See https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts"));
  }

  // Takes over what kubectl owned as a client, then applies once more. A failure is told and
  // changes nothing.
  Value Migrate(const Info& info, const Request& request, Value applied) {
    if (o_.write.field_manager == "kubectl") {
      if (const Value only = LastAppliedOwnership(applied); !only.is_null()) {
        absl::StatusOr<Value> kept = PatchObject(
            *client_, info.Path() + "?fieldManager=kubectl-last-applied", "apply", WriteJson(only));
        if (kept.ok())
          applied = *std::move(kept);
        else
          factory_.io.Err(absl::StrCat(
              "Warning: failed to migrate kubectl.kubernetes.io/last-applied-configuration for "
              "Server-Side Apply. This is non-fatal and will be retried next time you apply. "
              "Error: ",
              kept.status().message(), "\n"));
      }
    }
    const Value patch = ManagedFieldsMigration(applied, o_.write.field_manager);
    if (patch.is_null()) return applied;
    const absl::StatusOr<Value> moved =
        PatchObject(*client_, info.Path(), "json", WriteJson(patch));
    if (!moved.ok()) {
      factory_.io.Err(
          absl::StrCat("Warning: server rejected managed fields migration to Server-Side Apply. "
                       "This is non-fatal and will be retried next time you apply. Error: ",
                       moved.status().message(), "\n"));
      return applied;
    }
    absl::StatusOr<Value> again = client_->Json(request);
    return again.ok() ? *std::move(again) : applied;
  }

  absl::Status ClientSide(Info& info) {
    Value modified = info.object;
    SetLastApplied(&modified);
    absl::StatusOr<Value> current = client_->Get(info.Path());
    if (!current.ok()) {
      if (!ApiNotFound(current.status())) {
        return AddContext(
            current.status(),
            absl::StrCat("error when retrieving current configuration of:\nResource: \"",
                         info.resource.ApiVersion(), ", Resource=", info.resource.name,
                         "\", GroupVersionKind: \"", info.resource.ApiVersion(), ", Kind=",
                         info.resource.kind, "\"\nName: \"", info.name, "\", Namespace: \"",
                         info.ns, "\"\nfrom server for: \"", info.source, "\": "));
      }
      if (o_.write.dry_run != DryRun::kClient) {
        Request request;
        request.method = "POST";
        request.path = info.resource.Path(info.ns) + o_.write.Query();
        request.body = WriteJson(modified);
        absl::StatusOr<Value> created = client_->Json(request);
        if (!created.ok())
          return AddContext(created.status(),
                            absl::StrCat("error when creating \"", info.source, "\": "));
        return Say(*created, "created");
      }
      return Say(modified, "created");
    }
    const Value* annotations = current->At("metadata.annotations");
    if ((annotations == nullptr || !annotations->Has(kLastApplied)) &&
        o_.write.dry_run != DryRun::kClient) {
      factory_.io.Err(
          absl::StrCat("Warning: resource ", info.resource.name, "/", info.name,
                       " is missing the kubectl.kubernetes.io/last-applied-configuration "
                       "annotation which is required by "
                       "kubectl apply. kubectl apply should only be used on resources created "
                       "declaratively by either "
                       "kubectl create --save-config or kubectl apply. The missing annotation will "
                       "be patched automatically.\n"));
    }
    if (o_.write.dry_run == DryRun::kClient) return Say(*current, "configured");
    bool changed = false;
    absl::StatusOr<Value> patched = Patch(info, *current, modified, &changed);
    for (int retry = 1; !patched.ok() && ApiConflict(patched.status()) && retry <= kMaxRetries;
         ++retry) {
      if (retry > 1) absl::SleepFor(absl::Seconds(1));
      ASSIGN_OR_RETURN(current, client_->Get(info.Path()));
      patched = Patch(info, *current, modified, &changed);
    }
    if (!patched.ok() && o_.force &&
        (ApiConflict(patched.status()) || ApiReason(patched.status()) == "Invalid")) {
      ASSIGN_OR_RETURN(const Value deleted,
                       DeleteObject(*client_, info, {o_.grace_period, o_.cascade, false}));
      RETURN_IF_ERROR(WaitForDeletion(*client_, info, UidOfAnswer(deleted), o_.timeout));
      Request request;
      request.method = "POST";
      request.path = info.resource.Path(info.ns) + o_.write.Query();
      request.body = WriteJson(modified);
      patched = client_->Json(request);
      changed = true;
    }
    if (!patched.ok()) return patched.status();
    return Say(*patched, changed ? "configured" : "unchanged");
  }

  absl::StatusOr<Value> Patch(const Info& info, const Value& current, const Value& modified,
                              bool* changed) {
    absl::StatusOr<ApplyPatch> computed = ComputeApplyPatch(current, modified);
    if (!computed.ok()) {
      return Error(absl::StrCat("error when creating patch with:\noriginal:\n\nmodified:\n",
                                WriteJsonSorted(modified), "\ncurrent:\n", WriteJsonSorted(current),
                                "\nfor: \"", info.source, "\": ", computed.status().message()));
    }
    if (computed->patch.empty()) return current;
    if (!o_.overwrite && computed->strategic) RETURN_IF_ERROR(CheckConflict(info, current, modified, computed->patch));
    const std::string body = WriteJsonSorted(computed->patch);
    absl::StatusOr<Value> patched =
        PatchObject(*client_, info.Path(o_.subresource) + o_.write.Query(),
                    computed->strategic ? "strategic" : "merge", body);
    if (!patched.ok()) return AddContext(patched.status(), PatchContext(info, body));
    *changed = true;
    return patched;
  }

  static std::string PatchContext(const Info& info, absl::string_view body) {
    const std::string version = info.resource.group.empty() ? "/" + info.resource.version : info.resource.ApiVersion();
    return absl::StrCat("error when applying patch:\n", body, "\nto:\nResource: \"", version,
                        ", Resource=", info.resource.name, "\", GroupVersionKind: \"", version,
                        ", Kind=", info.resource.kind, "\"\nName: \"", info.name, "\", Namespace: \"", info.ns,
                        "\"\nfor: \"", info.source, "\": error when patching \"", info.source, "\": ");
  }

  // --overwrite=false: what others changed since the last apply stays.
  absl::Status CheckConflict(const Info& info, const Value& current, const Value& modified, const Value& patch) {
    ASSIGN_OR_RETURN(const std::string conflict, ApplyConflict(current, patch));
    if (conflict.empty()) return absl::OkStatus();
    for (const char* spec : {"openapi v3 spec", "openapi spec"})
      factory_.io.Err(absl::StrCat("warning: error calculating patch from ", spec, ": ", conflict, "\n"));
    return Error(absl::StrCat(PatchContext(info, ""), "creating patch with:\noriginal:\n", LastAppliedOf(current),
                              "\nmodified:\n", WriteJsonSorted(modified), "\n\ncurrent:\n", WriteJsonSorted(current),
                              "\n\nfor: ", conflict));
  }

  Factory& factory_;
  Options o_;
  RestClient* client_ = nullptr;
  PruneRequest pruned_;  // what was applied, and where
};

}  // namespace

CommandPtr MakeApply(Factory& factory) {
  auto command = NewCommand("apply", "Apply a configuration to a resource by file name or stdin",
                            "(-f FILENAME | -k DIRECTORY)",
                            "  # Make the cluster look as the file says\n  kubectl apply -f "
                            "web.yaml\n\n  # Let the server merge\n"
                            "  kubectl apply --server-side -f web.yaml");
  command->about =
      "Apply a configuration to a resource by file name or stdin. What is not there is created; "
      "what is there is changed where the file "
      "differs, and fields that were in the file last time and are gone now are removed.";
  auto o = std::make_shared<Options>();
  FlagSet& f = command->flags;
  AddPrintFlags(&f, &o->write.print);
  AddFileFlags(&f, &o->write.files, "Files, folders or URLs with the objects to apply.");
  o->write.AddDryRun(&f);
  o->write.AddValidate(&f);
  o->write.AddFieldManager(&f, "kubectl-client-side-apply");
  f.String(&o->selector, "selector", "l", "Apply only the objects with these labels.");
  f.String(&o->cascade, "cascade", "", "What becomes of dependents when --force deletes.")
      .no_value = "background";
  f.String(&o->subresource, "subresource", "", "Apply to this subresource.");
  f.Array(&o->prune_allowlist, "prune-allowlist", "", "Kinds that --prune may delete.");
  f.Bool(&o->all, "all", "", "With --prune: all objects of the kinds in the namespace.");
  f.Bool(&o->force, "force", "", "Delete and create again what cannot be changed in place.");
  f.Bool(&o->force_conflicts, "force-conflicts", "",
         "With --server-side: take over fields that others own.");
  f.Bool(&o->openapi_patch, "openapi-patch", "", "Use the schema to merge lists.");
  f.Bool(&o->overwrite, "overwrite", "", "Set back what others changed.");
  f.Bool(&o->prune, "prune", "", "Delete objects that are no longer in the files.");
  f.Bool(&o->server_side, "server-side", "",
         "Merge on the server, which keeps track of who owns each field.");
  f.Bool(&o->wait, "wait", "", "With --force: wait until the old object is gone.");
  f.Int(&o->grace_period, "grace-period", "", "With --force: seconds the old object gets.");
  f.Duration(&o->timeout, "timeout", "", "With --force: how long to wait.");
  AddLastApplied(factory, command.get());
  Command* self = command.get();
  command->run = [&factory, o, self](const FlagSet::Parsed& parsed) {
    o->manager_changed = self->flags.Changed("field-manager");
    return Apply(factory, *o).Run(parsed.args);
  };
  return command;
}

}  // namespace kubectl
