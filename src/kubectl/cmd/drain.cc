// kubectl cordon, uncordon and drain: taking nodes out of service and back.
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "base/status_macros.h"
#include "kubectl/cmd/commands.h"
#include "kubectl/cmd/common.h"
#include "kubectl/cmd/delete.h"
#include "kubectl/cmd/waiting.h"

namespace kubectl {
namespace {

struct Options {
  WriteOptions write;
  std::string selector, pod_selector;
  bool delete_emptydir_data = false, disable_eviction = false, force = false,
       ignore_daemonsets = false;
  int64_t grace_period = -1, chunk_size = 500, skip_wait_seconds = 0;
  absl::Duration timeout;
};

class Drain {
 public:
  Drain(Factory& factory, Options options) : factory_(factory), o_(std::move(options)) {}

  absl::Status Resolve(const std::string& verb, const std::vector<std::string>& args) {
    if (args.empty() && o_.selector.empty()) {
      return UsageError(absl::StrCat("kubectl ", verb),
                        absl::StrCat("USAGE: ", verb, " NODE [flags]"));
    }
    if (!args.empty() && !o_.selector.empty())
      return UsageError(absl::StrCat("kubectl ", verb),
                        "error: cannot specify both a node name and a --selector option");
    RETURN_IF_ERROR(o_.write.Complete(factory_));
    Selection selection;
    selection.selector = o_.selector;
    selection.args = {"nodes"};
    for (const std::string& arg : args) {
      if (arg.find('/') != std::string::npos) selection.args[0] = "";
    }
    if (selection.args[0].empty())
      selection.args = args;
    else
      selection.args.insert(selection.args.end(), args.begin(), args.end());
    ASSIGN_OR_RETURN(nodes_, FetchObjects(factory_, selection));
    ASSIGN_OR_RETURN(client_, factory_.Client());
    return absl::OkStatus();
  }

  absl::Status Cordon(bool cordon) {
    std::vector<absl::Status> errors;
    for (Info& node : nodes_) {
      const char* word = cordon ? "cordoned" : "uncordoned";
      if (node.object.GetBool("spec.unschedulable") == cordon) {
        RETURN_IF_ERROR(Say(node.object, absl::StrCat("already ", o_.write.Operation(word))));
        continue;
      }
      if (o_.write.dry_run != DryRun::kClient) {
        absl::StatusOr<Value> patched = PatchObject(
            *client_, node.Path() + o_.write.Query(false), "strategic",
            cordon ? R"({"spec":{"unschedulable":true}})" : R"({"spec":{"unschedulable":null}})");
        if (!patched.ok()) {
          factory_.io.Err(absl::StrCat("error: unable to ", cordon ? "cordon" : "uncordon",
                                       " node \"", node.name, "\": ", patched.status().message(),
                                       "\n"));
          errors.push_back(patched.status());
          continue;
        }
        node.object = *std::move(patched);
      }
      RETURN_IF_ERROR(Say(node.object, o_.write.Operation(word)));
    }
    return Aggregate(errors);
  }

  absl::Status Run() {
    RETURN_IF_ERROR(Cordon(true));
    std::vector<absl::Status> fatal;
    std::vector<std::string> pending;
    for (const Info& node : nodes_) {
      const absl::Status status = DrainNode(node);
      if (status.ok()) {
        RETURN_IF_ERROR(Say(node.object, o_.write.Operation("drained")));
        continue;
      }
      factory_.io.Err(absl::StrCat("error: unable to drain node \"", node.name, "\" due to error: ",
                                   status.message(), ", continuing command...\n"));
      fatal.push_back(status);
      pending.push_back(node.name);
    }
    if (fatal.empty()) return absl::OkStatus();
    std::string text = "There are pending nodes to be drained:\n";
    for (const std::string& name : pending) absl::StrAppend(&text, " ", name, "\n");
    for (const absl::Status& status : fatal) absl::StrAppend(&text, status.message(), "\n");
    factory_.io.out->Flush();
    return Rendered(text);
  }

 private:
  absl::Status Say(const Value& object, const std::string& operation) {
    const absl::Status status = PrintResult(factory_, PrintOptions(), operation, object);
    factory_.io.out->Flush();
    return status;
  }

  // The pods to evict. FailedPrecondition: some must not be, by the options.
  absl::StatusOr<std::vector<Info>> PodsToEvict(const Info& node) {
    std::string query =
        absl::StrCat("fieldSelector=", UrlEscape(absl::StrCat("spec.nodeName=", node.name)));
    if (!o_.pod_selector.empty())
      absl::StrAppend(&query, "&labelSelector=", UrlEscape(o_.pod_selector));
    ASSIGN_OR_RETURN(const std::vector<Value> pods,
                     ListItems(*client_, "/api/v1/pods", query, o_.chunk_size));
    ASSIGN_OR_RETURN(Discovery * discovery, factory_.Discover());
    ASSIGN_OR_RETURN(const ApiResource resource, discovery->ForKind("v1", "Pod"));
    std::vector<Info> evict;
    std::vector<std::pair<std::string, std::vector<std::string>>> refused, warned;
    const auto note = [](auto& list, const std::string& why, const std::string& who) {
      for (auto& [reason, names] : list) {
        if (reason == why) {
          names.push_back(who);
          return;
        }
      }
      list.push_back({why, {who}});
    };
    for (const Value& pod : pods) {
      const std::string ns = pod.GetString("metadata.namespace"),
                        name = pod.GetString("metadata.name"),
                        phase = pod.GetString("status.phase");
      const std::string who = absl::StrCat(ns, "/", name);
      const bool finished = phase == "Succeeded" || phase == "Failed";
      const Value* annotations = pod.At("metadata.annotations");
      if (annotations != nullptr && annotations->Has("kubernetes.io/config.mirror")) continue;
      std::string controller_kind;
      for (const Value& owner : pod.GetArray("metadata.ownerReferences")) {
        if (owner.GetBool("controller")) controller_kind = owner.GetString("kind");
      }
      if (controller_kind == "DaemonSet" && !finished) {
        if (o_.ignore_daemonsets)
          note(warned, "ignoring DaemonSet-managed Pods", who);
        else
          note(refused, "cannot delete DaemonSet-managed Pods (use --ignore-daemonsets to ignore)",
               who);
        continue;
      }
      bool local = false;
      for (const Value& volume : pod.GetArray("spec.volumes"))
        local = local || volume.Has("emptyDir");
      if (local && !finished) {
        if (!o_.delete_emptydir_data) {
          note(refused,
               "cannot delete Pods with local storage (use --delete-emptydir-data to override)",
               who);
          continue;
        }
      }
      if (controller_kind.empty() && !finished) {
        if (!o_.force) {
          note(refused,
               "cannot delete cannot delete Pods that declare no controller (use --force to "
               "override)",
               who);
          continue;
        }
        note(warned, "deleting Pods that declare no controller", who);
      }
      evict.push_back({resource, ns, name, "", pod});
    }
    const auto text = [](const auto& list) {
      return absl::StrJoin(list, "; ", [](std::string* out, const auto& entry) {
        absl::StrAppend(out, entry.first, ": ", absl::StrJoin(entry.second, ", "));
      });
    };
    if (!refused.empty()) {
      return absl::FailedPreconditionError(
          absl::StrJoin(refused, ", ", [](std::string* out, const auto& entry) {
            absl::StrAppend(out, entry.first, ": ", absl::StrJoin(entry.second, ", "));
          }));
    }
    if (!warned.empty()) factory_.io.Err(absl::StrCat("Warning: ", text(warned), "\n"));
    return evict;
  }

  absl::Status Evict(const Info& pod, absl::Time deadline) {
    for (;;) {
      if (o_.disable_eviction)
        return DeleteObject(*client_, pod,
                            {o_.grace_period, "background", o_.write.dry_run == DryRun::kServer})
            .status();
      Value body;
      body.Set("apiVersion", "policy/v1");
      body.Set("kind", "Eviction");
      body["metadata"].Set("name", pod.name);
      body["metadata"].Set("namespace", pod.ns);
      if (o_.grace_period >= 0) body["deleteOptions"].Set("gracePeriodSeconds", o_.grace_period);
      if (o_.write.dry_run == DryRun::kServer) body["deleteOptions"]["dryRun"].Append("All");
      Request request;
      request.method = "POST";
      request.path = pod.Path("eviction");
      request.body = WriteJson(body);
      const absl::Status status = client_->Do(request).status();
      if (status.ok() || ApiNotFound(status)) return absl::OkStatus();
      if (ApiReason(status) != "TooManyRequests" || absl::Now() > deadline) {
        return Error(absl::StrCat("error when evicting pods/\"", pod.name, "\" -n \"", pod.ns,
                                  "\": ", status.message()));
      }
      factory_.io.Err(absl::StrCat("error when evicting pods/\"", pod.name, "\" -n \"", pod.ns,
                                   "\" (will retry after 5s): ", status.message(), "\n"));
      absl::SleepFor(absl::Seconds(5));
    }
  }

  absl::Status DrainNode(const Info& node) {
    ASSIGN_OR_RETURN(const std::vector<Info> pods, PodsToEvict(node));
    const absl::Time deadline =
        o_.timeout > absl::ZeroDuration() ? absl::Now() + o_.timeout : absl::InfiniteFuture();
    if (o_.write.dry_run == DryRun::kClient) {
      for (const Info& pod : pods)
        factory_.io.Out(absl::StrCat("evicting pod ", pod.ns, "/", pod.name, " (dry run)\n"));
      return absl::OkStatus();
    }
    for (const Info& pod : pods) {
      factory_.io.Err(absl::StrCat(
          o_.disable_eviction ? "deleting" : "evicting", " pod ", pod.ns, "/", pod.name,
          o_.write.dry_run == DryRun::kServer ? " (server dry run)" : "", "\n"));
      RETURN_IF_ERROR(Evict(pod, deadline));
    }
    if (o_.write.dry_run == DryRun::kServer) return absl::OkStatus();
    for (const Info& pod : pods) {
      const absl::Duration left = deadline == absl::InfiniteFuture()
                                      ? absl::ZeroDuration()
                                      : std::max(absl::Milliseconds(1), deadline - absl::Now());
      const absl::Status status =
          WaitForDeletion(*client_, pod, pod.object.GetString("metadata.uid"), left);
      if (absl::IsDeadlineExceeded(status)) {
        const std::string why =
            absl::StrCat("error when waiting for pod \"", pod.name, "\" in namespace \"", pod.ns,
                         "\" to terminate: context deadline exceeded");
        factory_.io.Err(absl::StrCat("There are pending pods in node \"", node.name,
                                     "\" when an error occurred: ", why, "\npod/", pod.name, "\n"));
        return Error(why);
      }
      RETURN_IF_ERROR(status);
      RETURN_IF_ERROR(Say(pod.object, o_.disable_eviction ? "deleted" : "evicted"));
    }
    return absl::OkStatus();
  }

  Factory& factory_;
  Options o_;
  std::vector<Info> nodes_;
  RestClient* client_ = nullptr;
};

}  // namespace

CommandPtr MakeCordon(Factory& factory) {
  auto command = NewCommand("cordon", "Mark node as unschedulable", "NODE",
                            "  # No new pods on this node\n  kubectl cordon n1");
  auto o = std::make_shared<Options>();
  o->write.AddDryRun(&command->flags);
  command->flags.String(&o->selector, "selector", "l", "Label query that chooses the nodes.");
  command->run = [&factory, o](const FlagSet::Parsed& parsed) -> absl::Status {
    Drain drain(factory, *o);
    RETURN_IF_ERROR(drain.Resolve("cordon", parsed.args));
    return drain.Cordon(true);
  };
  return command;
}

CommandPtr MakeUncordon(Factory& factory) {
  auto command = NewCommand("uncordon", "Mark node as schedulable", "NODE",
                            "  # Pods may come again\n  kubectl uncordon n1");
  auto o = std::make_shared<Options>();
  o->write.AddDryRun(&command->flags);
  command->flags.String(&o->selector, "selector", "l", "Label query that chooses the nodes.");
  command->run = [&factory, o](const FlagSet::Parsed& parsed) -> absl::Status {
    Drain drain(factory, *o);
    RETURN_IF_ERROR(drain.Resolve("uncordon", parsed.args));
    return drain.Cordon(false);
  };
  return command;
}

CommandPtr MakeDrain(Factory& factory) {
  auto command = NewCommand(
      "drain", "Drain node in preparation for maintenance", "NODE",
      "  # Move everything off a node but its daemons\n  kubectl drain n1 --ignore-daemonsets");
  command->about =
      "Drain node in preparation for maintenance.\n\n The node is cordoned, then its pods are "
      "evicted, which respects disruption "
      "budgets. Pods of daemon sets, pods without a controller and pods with local data need a "
      "flag each.";
  auto o = std::make_shared<Options>();
  FlagSet& f = command->flags;
  o->write.AddDryRun(&f);
  f.String(&o->selector, "selector", "l", "Label query that chooses the nodes.");
  f.String(&o->pod_selector, "pod-selector", "", "Evict only pods with these labels.");
  f.Bool(&o->delete_emptydir_data, "delete-emptydir-data", "",
         "Go on although pods lose what their emptyDir volumes hold.");
  f.Bool(&o->disable_eviction, "disable-eviction", "",
         "Delete pods without regard to disruption budgets.");
  f.Bool(&o->force, "force", "",
         "Go on although some pods have no controller that would replace them.");
  f.Bool(&o->ignore_daemonsets, "ignore-daemonsets", "", "Leave the pods of daemon sets alone.");
  f.Int(&o->grace_period, "grace-period", "",
        "Seconds pods get to end; negative takes the pod's own.");
  f.Int(&o->chunk_size, "chunk-size", "",
        "Fetch long lists in pages of this size; 0 for all at once.");
  f.Int(&o->skip_wait_seconds, "skip-wait-for-delete-timeout", "",
        "Do not wait for pods that terminate longer than this.");
  f.Duration(&o->timeout, "timeout", "", "How long to try; 0 for ever.");
  command->run = [&factory, o](const FlagSet::Parsed& parsed) -> absl::Status {
    Drain drain(factory, *o);
    RETURN_IF_ERROR(drain.Resolve("drain", parsed.args));
    return drain.Run();
  };
  return command;
}

}  // namespace kubectl
