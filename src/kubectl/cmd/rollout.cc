// kubectl rollout: status, history, undo, restart, pause, resume.
#include <algorithm>
#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status_macros.h"
#include "kubectl/cli/tabwriter.h"
#include "kubectl/cmd/commands.h"
#include "kubectl/cmd/common.h"
#include "kubectl/cmd/rollout_status.h"
#include "kubectl/cmd/waiting.h"
#include "kubectl/describe/parts.h"

namespace kubectl {
namespace {

constexpr char kRevision[] = "deployment.kubernetes.io/revision";

struct Options {
  WriteOptions write;
  Selection selection;
  int64_t revision = 0, to_revision = 0;
  bool watch = true;
  absl::Duration timeout;
};

using OptionsPtr = std::shared_ptr<Options>;

std::string Annotation(const Value& object, absl::string_view name) {
  const Value* annotations = object.At("metadata.annotations");
  const Value* value = annotations == nullptr ? nullptr : annotations->Find(name);
  return value == nullptr ? "" : value->as_string();
}

bool OwnedBy(const Value& object, const Value& owner) {
  for (const Value& reference : object.GetArray("metadata.ownerReferences")) {
    if (reference.GetBool("controller") &&
        reference.GetString("uid") == owner.GetString("metadata.uid"))
      return true;
  }
  return false;
}

// Past states by revision: replica sets of a deployment, controller revisions of the others.
absl::StatusOr<std::map<int64_t, Value>> History(Factory& factory, const Info& info) {
  const bool deployment = info.resource.kind == "Deployment";
  ASSIGN_OR_RETURN(RestClient * client, factory.Client());
  ASSIGN_OR_RETURN(
      const std::vector<Value> items,
      ListItems(*client,
                absl::StrCat("/apis/apps/v1/namespaces/", info.ns,
                             deployment ? "/replicasets" : "/controllerrevisions"),
                absl::StrCat("labelSelector=",
                             UrlEscape(SelectorText(info.object.At("spec.selector"))))));
  std::map<int64_t, Value> history;
  for (const Value& item : items) {
    if (!OwnedBy(item, info.object)) continue;
    int64_t revision = item.GetInt("revision");
    if (deployment && !absl::SimpleAtoi(Annotation(item, kRevision), &revision)) continue;
    history[revision] = item;
  }
  return history;
}

const Value* TemplateOf(const Info& info, const Value& past) {
  return past.At(info.resource.kind == "Deployment" ? "spec.template" : "data.spec.template");
}

// With tabs as they are: this text goes through no table.
std::string TemplateText(const Value& pod_template) {
  DescribeWriter w(/*raw=*/true);
  WritePodTemplate(w, pod_template);
  return w.Text();
}

absl::StatusOr<std::vector<Info>> Resolve(Factory& factory, Options& o,
                                          const std::vector<std::string>& args,
                                          absl::string_view verb) {
  if (args.empty() && o.write.files.empty()) return Error("required resource not specified");
  RETURN_IF_ERROR(o.write.Complete(factory));
  o.selection.args = args;
  o.selection.files = o.write.files;
  o.selection.all = true;
  return FetchObjects(factory, o.selection);
}

bool HasHistory(const ApiResource& r) {
  return r.group == "apps" &&
         (r.kind == "Deployment" || r.kind == "DaemonSet" || r.kind == "StatefulSet");
}

// Workloads without history are told apart from kinds that are no workloads.
absl::Status NotImplemented(const ApiResource& r, absl::string_view retrieved,
                            absl::string_view viewer) {
  for (const char* kind : {"Pod", "ReplicaSet", "ReplicationController", "Job", "CronJob"}) {
    if (r.kind == kind)
      return Error(absl::StrCat("no ", viewer, " has been implemented for \"", r.kind, "\""));
  }
  return Error(absl::StrCat("error retrieving ", retrieved, " for \"", r.kind,
                            "\", no visitor method exists for {", r.group, " ", r.kind, "}"));
}

absl::Status ShowHistory(Factory& factory, const Options& o, const Info& info) {
  if (!HasHistory(info.resource)) return NotImplemented(info.resource, "history", "history viewer");
  ASSIGN_OR_RETURN(const auto history, History(factory, info));
  const auto print = [&](const Value& revision) {  // the object as it was then
    Value past = info.resource.kind == "Deployment" ? revision : info.object;
    const Value* pod_template = TemplateOf(info, revision);
    if (info.resource.kind != "Deployment" && pod_template != nullptr)
      past.Ensure("spec").Set("template", *pod_template);
    return PrintResult(factory, o.write.print, "", past);
  };
  if (o.revision > 0) {
    const auto it = history.find(o.revision);
    if (it == history.end()) return Error(absl::StrCat("unable to find the specified revision"));
    if (!o.write.print.output.empty()) return print(it->second);
    const Value* pod_template = TemplateOf(info, it->second);
    factory.io.Out(absl::StrCat(info.KindSlashName(), " with revision #", o.revision, "\n",
                                pod_template == nullptr ? "" : TemplateText(*pod_template), "\n"));
    return absl::OkStatus();
  }
  if (!o.write.print.output.empty()) {
    for (const auto& [revision, past] : history) RETURN_IF_ERROR(print(past));
    return absl::OkStatus();
  }
  StringWriter text;
  TabWriter table(&text, {0, 2, false});
  table.Write("REVISION\tCHANGE-CAUSE\n");
  for (const auto& [revision, past] : history) {
    const std::string cause = Annotation(past, "kubernetes.io/change-cause");
    table.Write(absl::StrCat(revision, "\t", cause.empty() ? "<none>" : cause, "\n"));
  }
  table.Flush();
  factory.io.Out(absl::StrCat(info.KindSlashName(), " \n", text.text(), "\n"));
  return absl::OkStatus();
}

absl::Status RunHistory(Factory& factory, Options& o, const std::vector<std::string>& args) {
  ASSIGN_OR_RETURN(const std::vector<Info> infos, Resolve(factory, o, args, "history"));
  std::vector<absl::Status> errors;
  for (const Info& info : infos) {
    if (const absl::Status status = ShowHistory(factory, o, info); !status.ok()) errors.push_back(status);
  }
  return Aggregate(errors);
}

absl::StatusOr<std::string> UndoDeployment(Factory& factory, const Options& o, const Info& info,
                                           const std::map<int64_t, Value>& history) {
  if (info.object.GetBool("spec.paused")) {
    return Error(
        absl::StrCat("you cannot rollback a paused deployment; resume it first with 'kubectl "
                     "rollout resume' and try again"));
  }
  const Value* target = nullptr;
  if (o.to_revision > 0) {
    const auto it = history.find(o.to_revision);
    if (it == history.end())
      return Error(
          absl::StrCat("unable to find specified revision ", o.to_revision, " in history"));
    target = &it->second;
  } else {
    if (history.size() < 2)
      return Error(absl::StrCat("no rollout history found for deployment \"", info.name, "\""));
    target = &std::next(history.rbegin())->second;
  }
  Value pod_template = *TemplateOf(info, *target);
  if (o.write.dry_run == DryRun::kClient)
    return absl::StrCat(TemplateText(pod_template), " (dry run)");
  if (Value* labels = pod_template.At("metadata.labels"); labels != nullptr)
    labels->Erase("pod-template-hash");
  if (pod_template == *info.object.At("spec.template")) {
    return absl::StrCat("skipped rollback (current template already matches revision ",
                        Annotation(*target, kRevision), ")");
  }
  // The deployment's own bookkeeping stays; the rest of the annotations is the old revision's.
  Value annotations = Value::MakeObject();
  const auto own = [](const std::string& key) {
    return key == kLastApplied || key == kRevision ||
           key == "deployment.kubernetes.io/revision-history" ||
           key == "deployment.kubernetes.io/desired-replicas" ||
           key == "deployment.kubernetes.io/max-replicas" ||
           key == "deprecated.deployment.rollback.to";
  };
  for (const auto& [source, keep_own] : {std::pair(&info.object, true), std::pair(target, false)}) {
    if (const Value* from = source->At("metadata.annotations"); from != nullptr) {
      for (const Member& member : from->object()) {
        if (own(member.key) == keep_own) annotations.Set(member.key, member.value);
      }
    }
  }
  Value patch = Value::MakeArray();
  for (const auto& [path, value] :
       {std::pair<const char*, const Value*>("/spec/template", &pod_template),
        {"/metadata/annotations", &annotations}}) {
    Value operation;
    operation.Set("op", "replace");
    operation.Set("path", path);
    operation.Set("value", *value);
    patch.Append(std::move(operation));
  }
  ASSIGN_OR_RETURN(RestClient * client, factory.Client());
  RETURN_IF_ERROR(
      PatchObject(*client, info.Path() + o.write.Query(false), "json", WriteJson(patch)).status());
  return o.write.Operation("rolled back");
}

absl::StatusOr<std::string> UndoRevision(Factory& factory, const Options& o, const Info& info,
                                         const std::map<int64_t, Value>& history) {
  if (history.size() < 2 && o.to_revision == 0) return Error("no last revision to roll back to");
  const Value* target = nullptr;
  if (o.to_revision > 0) {
    const auto it = history.find(o.to_revision);
    if (it == history.end())
      return Error(
          absl::StrCat("unable to find specified revision ", o.to_revision, " in history"));
    target = &it->second;
  } else {
    target = &std::next(history.rbegin())->second;
  }
  const Value* data = target->Find("data");
  if (data == nullptr) return Error("the revision holds no data");
  if (o.write.dry_run == DryRun::kClient)
    return absl::StrCat(TemplateText(*TemplateOf(info, *target)), " (dry run)");
  ASSIGN_OR_RETURN(RestClient * client, factory.Client());
  RETURN_IF_ERROR(
      PatchObject(*client, info.Path() + o.write.Query(false), "strategic", WriteJson(*data))
          .status());
  return o.write.Operation("rolled back");
}

absl::Status RunUndo(Factory& factory, Options& o, const std::vector<std::string>& args) {
  ASSIGN_OR_RETURN(const std::vector<Info> infos, Resolve(factory, o, args, "undo"));
  for (const Info& info : infos) {
    const std::string& kind = info.resource.kind;
    if (!HasHistory(info.resource))
      return NotImplemented(info.resource, "rollbacker", "rollbacker");
    ASSIGN_OR_RETURN(const auto history, History(factory, info));
    absl::StatusOr<std::string> done = kind == "Deployment"
                                           ? UndoDeployment(factory, o, info, history)
                                           : UndoRevision(factory, o, info, history);
    if (!done.ok()) return done.status();
    RETURN_IF_ERROR(PrintResult(factory, o.write.print, *done, info.object));
  }
  return absl::OkStatus();
}

// restart, pause, resume: a small patch each.
absl::Status RunPatch(Factory& factory, Options& o, const std::vector<std::string>& args,
                      absl::string_view verb) {
  ASSIGN_OR_RETURN(const std::vector<Info> infos, Resolve(factory, o, args, verb));
  std::vector<absl::Status> errors;
  if (infos.empty()) {
    ASSIGN_OR_RETURN(const std::string ns, factory.Namespace());
    factory.io.Err(absl::StrCat("No resources found in ", ns, " namespace.\n"));
  }
  for (const Info& info : infos) {
    const bool paused = info.object.GetBool("spec.paused");
    const std::string name = absl::StrCat(info.resource.QualifiedName(), " \"", info.name, "\"");
    std::string body, done;
    const bool deployment = info.resource.group == "apps" && info.resource.kind == "Deployment";
    if (verb == "restart") {
      if (info.resource.group != "apps" || info.resource.kind == "ReplicaSet") {
        errors.push_back(Error(absl::StrCat(name, " restarting is not supported")));
        continue;
      }
      if (paused) {
        errors.push_back(Error(
            absl::StrCat(name, " can't restart paused deployment (run rollout resume first)")));
        continue;
      }
      const std::string now =
          absl::FormatTime("%Y-%m-%dT%H:%M:%S%Ez", absl::Now(), absl::LocalTimeZone());
      body = absl::StrCat(
          "{\"spec\":{\"template\":{\"metadata\":{\"annotations\":{\"kubectl.kubernetes.io/"
          "restartedAt\":\"",
          absl::EndsWith(now, "+00:00") ? now.substr(0, now.size() - 6) + "Z" : now, "\"}}}}}");
      done = "restarted";
    } else {
      if (!deployment) {
        errors.push_back(Error(
            absl::StrCat(name, verb == "pause" ? " pausing" : " resuming", " is not supported")));
        continue;
      }
      if (paused == (verb == "pause")) {
        errors.push_back(
            Error(absl::StrCat(name, paused ? " is already paused" : " is not paused")));
        continue;
      }
      body = verb == "pause" ? R"({"spec":{"paused":true}})" : R"({"spec":{"paused":null}})";
      done = verb == "pause" ? "paused" : "resumed";
    }
    ASSIGN_OR_RETURN(RestClient * client, factory.Client());
    absl::StatusOr<Value> patched =
        PatchObject(*client, info.Path() + o.write.Query(false), "strategic", body);
    if (!patched.ok()) {
      errors.push_back(AddContext(patched.status(), "failed to patch: "));
      continue;
    }
    RETURN_IF_ERROR(PrintResult(factory, o.write.print, done, *patched));
  }
  return Aggregate(errors);
}

absl::Status RunStatus(Factory& factory, Options& o, const std::vector<std::string>& args) {
  ASSIGN_OR_RETURN(const std::vector<Info> infos, Resolve(factory, o, args, "status"));
  ASSIGN_OR_RETURN(RestClient * client, factory.Client());
  for (const Info& info : infos) {
    absl::Status failure;
    bool shown = false;
    const absl::Status status =
        WaitForObject(*client, info, o.timeout, [&](const Value* object) -> absl::StatusOr<bool> {
          if (object == nullptr) {
            if (shown) return Error("object has been deleted");
            return Error(
                absl::StrCat(info.resource.QualifiedName(), " \"", info.name, "\" not found"));
          }
          shown = true;
          ASSIGN_OR_RETURN(const RolloutState state,
                           RolloutStatus(info.resource.kind, *object, o.revision));
          factory.io.Out(state.message);
          factory.io.out->Flush();
          return state.done || !o.watch;
        });
    if (absl::IsDeadlineExceeded(status)) return Error("timed out waiting for the condition");
    RETURN_IF_ERROR(status);
  }
  return absl::OkStatus();
}

void AddCommon(Command& command, Options* o, bool print) {
  AddFileFlags(&command.flags, &o->write.files, "Files, folders or URLs with the objects.");
  command.flags.String(&o->selection.selector, "selector", "l",
                       "Label query that chooses the objects.");
  if (print) AddPrintFlags(&command.flags, &o->write.print);
}

}  // namespace

CommandPtr MakeRollout(Factory& factory) {
  auto group = NewCommand("rollout", "Manage the rollout of a resource", "SUBCOMMAND",
                          "  # Back to what was before\n  kubectl rollout undo deployment/web\n\n  "
                          "# Wait until it is done\n  kubectl rollout status deployment/web");
  group->about =
      "Manage the rollout of one or many resources.\n\n Valid resource types are deployments, "
      "daemonsets and statefulsets.";
  const auto add = [&](const char* name, const char* summary,
                       const char* usage) -> std::pair<Command*, OptionsPtr> {
    return {&group->Add(NewCommand(name, summary, usage)), std::make_shared<Options>()};
  };
  {
    auto [command, o] = add("history", "View rollout history", "(TYPE NAME | TYPE/NAME) [flags]");
    AddCommon(*command, o.get(), true);
    command->flags.Int(&o->revision, "revision", "", "Show this revision in full.");
    command->run = [&factory, o = o](const FlagSet::Parsed& parsed) {
      return RunHistory(factory, *o, parsed.args);
    };
  }
  for (const auto& [name, summary] : {std::pair("pause", "Mark the provided resource as paused"),
                                      std::pair("restart", "Restart a resource"),
                                      std::pair("resume", "Resume a paused resource")}) {
    auto [command, o] = add(name, summary, "RESOURCE");
    AddCommon(*command, o.get(), true);
    o->write.AddFieldManager(&command->flags, "kubectl-rollout");
    command->run = [&factory, o = o, verb = std::string(name)](const FlagSet::Parsed& parsed) {
      return RunPatch(factory, *o, parsed.args, verb);
    };
  }
  {
    auto [command, o] =
        add("status", "Show the status of the rollout", "(TYPE NAME | TYPE/NAME) [flags]");
    AddCommon(*command, o.get(), false);
    command->flags.Int(&o->revision, "revision", "",
                       "Fail unless this is the revision that is rolled out.");
    command->flags.Bool(&o->watch, "watch", "w", "Wait until the rollout is done.");
    command->flags.Duration(&o->timeout, "timeout", "", "How long to wait; 0 for ever.");
    command->run = [&factory, o = o](const FlagSet::Parsed& parsed) {
      return RunStatus(factory, *o, parsed.args);
    };
  }
  {
    auto [command, o] = add("undo", "Undo a previous rollout", "(TYPE NAME | TYPE/NAME) [flags]");
    AddCommon(*command, o.get(), true);
    o->write.AddDryRun(&command->flags);
    command->flags.Int(&o->to_revision, "to-revision", "",
                       "Which revision to go back to; 0 for the last one.");
    command->run = [&factory, o = o](const FlagSet::Parsed& parsed) {
      return RunUndo(factory, *o, parsed.args);
    };
  }
  return group;
}

}  // namespace kubectl
