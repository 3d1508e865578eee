// kubectl logs: of one container, or of many at once.
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/mutex.h"
#include "apimachinery/labels.h"
#include "base/status_macros.h"
#include "kubectl/cmd/commands.h"
#include "kubectl/cmd/common.h"
#include "kubectl/cmd/remote.h"

namespace kubectl {
namespace {

struct Options {
  std::string container, selector, since_time;
  bool all_containers = false, all_pods = false, follow = false, ignore_errors = false,
       insecure = false, prefix = false, previous = false, timestamps = false;
  bool tail_changed = false;
  int64_t limit_bytes = 0, max_log_requests = 5, tail = -1;
  absl::Duration since, timeout = absl::Seconds(20);
};

struct Source {
  Info pod;
  std::string container;
};

class Logs {
 public:
  Logs(Factory& factory, Options options) : factory_(factory), o_(std::move(options)) {}

  absl::Status Run(const std::vector<std::string>& args) {
    const char* usage =
        "expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\nPOD or TYPE/NAME is a "
        "required argument for the logs command";
    std::string target;
    if (args.size() > 2 || (args.empty() && o_.selector.empty()))
      return UsageError("kubectl logs", usage);
    if (!args.empty() && !o_.selector.empty())
      return UsageError("kubectl logs", "only a selector (-l) or a POD name is allowed");
    if (!args.empty()) target = args[0];
    if (args.size() == 2) {
      if (!o_.container.empty())
        return UsageError("kubectl logs", "only one of -c or an inline [CONTAINER] arg is allowed");
      o_.container = args[1];
    }
    if (o_.tail < -1) return Error("--tail must be greater than or equal to -1");
    if (o_.limit_bytes < 0) return Error("--limit-bytes must be greater than 0");
    if (!o_.selector.empty() && !o_.tail_changed) o_.tail = 10;
    RETURN_IF_ERROR(Resolve(target));
    if (!o_.since_time.empty() && o_.since != absl::ZeroDuration())
      return Error("at most one of `sinceTime` or `sinceSeconds` may be specified");
    if (o_.all_containers && !o_.container.empty())
      return Error("--all-containers=true should not be specified with container name " +
                   o_.container);
    if (o_.follow && sources_.size() > 1) {
      if (static_cast<int64_t>(sources_.size()) > o_.max_log_requests) {
        return Error(absl::StrCat("you are attempting to follow ", sources_.size(),
                                  " log streams, but maximum allowed concurrency is ",
                                  o_.max_log_requests,
                                  ", use --max-log-requests to increase the limit"));
      }
      return Together();
    }
    ASSIGN_OR_RETURN(RestClient * client, factory_.Client());
    for (const Source& source : sources_) {
      const absl::Status status = Copy(*client, source);
      if (status.ok()) continue;
      if (!o_.ignore_errors) return status;
      factory_.io.Out(absl::StrCat("error: ", status.message(), "\n"));
    }
    return absl::OkStatus();
  }

 private:
  absl::Status Resolve(const std::string& target) {
    std::vector<Info> pods;
    ASSIGN_OR_RETURN(RestClient * client, factory_.Client());
    if (!o_.selector.empty()) {
      Selection selection;
      selection.args = {"pods"};
      selection.selector = o_.selector;
      ASSIGN_OR_RETURN(pods, FetchObjects(factory_, selection));
      if (pods.empty()) {
        ASSIGN_OR_RETURN(const std::string ns, factory_.Namespace());
        factory_.io.Err(absl::StrCat("No resources found in ", ns, " namespace.\n"));
        return absl::OkStatus();
      }
    } else if (absl::StrContains(target, '/') && !absl::StartsWith(target, "pod/") &&
               !absl::StartsWith(target, "pods/") && !absl::StartsWith(target, "po/")) {
      RETURN_IF_ERROR(PodsOf(*client, target, &pods));
    } else {
      absl::StatusOr<Info> pod = PodFor(factory_, target, {}, o_.timeout);
      if (ApiNotFound(pod.status())) {
        ASSIGN_OR_RETURN(const std::string ns, factory_.Namespace());
        return Error(absl::StrCat("error from server (NotFound): ", pod.status().message(),
                                  " in namespace \"", ns, "\""));
      }
      RETURN_IF_ERROR(pod.status());
      pods.push_back(*std::move(pod));
    }
    const bool all = o_.all_containers || (!o_.selector.empty() && o_.all_containers);
    for (const Info& pod : pods) {
      if (!all) {
        ASSIGN_OR_RETURN(std::string container,
                         ContainerFor(factory_, pod.object, o_.container, false));
        sources_.push_back({pod, std::move(container)});
        continue;
      }
      for (const char* list :
           {"spec.initContainers", "spec.containers", "spec.ephemeralContainers"}) {
        for (const Value& container : pod.object.GetArray(list))
          sources_.push_back({pod, container.GetString("name")});
      }
    }
    return absl::OkStatus();
  }

  // A controller's pods: the first of them, or all with --all-pods.
  absl::Status PodsOf(RestClient& client, const std::string& target, std::vector<Info>* pods) {
    Selection selection;
    selection.args = {target};
    const absl::StatusOr<std::vector<Info>> owners = FetchObjects(factory_, selection);
    if (!owners.ok() && ApiNotFound(owners.status())) {
      ASSIGN_OR_RETURN(const std::string ns, factory_.Namespace());
      return Error(absl::StrCat("error from server (NotFound): ", owners.status().message(),
                                " in namespace \"", ns, "\""));
    }
    RETURN_IF_ERROR(owners.status());
    const std::vector<Info>& infos = *owners;
    const Info& info = infos[0];
    const Value* selector = info.object.At("spec.selector");
    Value wrapped;
    if (selector != nullptr &&
        (info.resource.kind == "Service" || info.resource.kind == "ReplicationController")) {
      wrapped.Set("matchLabels", *selector);
      selector = &wrapped;
    }
    if (selector == nullptr)
      return Error(
          absl::StrCat("cannot get the logs from ", GoType(info.resource), ": selector for ", GoType(info.resource),
                       " not implemented"));
    ASSIGN_OR_RETURN(const auto parsed, apimachinery::LabelSelector::FromObject(selector));
    ASSIGN_OR_RETURN(Discovery * discovery, factory_.Discover());
    ASSIGN_OR_RETURN(const ApiResource resource, discovery->ForKind("v1", "Pod"));
    ASSIGN_OR_RETURN(std::vector<Value> found,
                     ListItems(client, resource.Path(info.ns),
                               absl::StrCat("labelSelector=", UrlEscape(parsed.ToString()))));
    if (found.empty()) return Error("timed out waiting for the condition");
    // The oldest ready one speaks for all.
    std::stable_sort(found.begin(), found.end(), [](const Value& a, const Value& b) {
      const auto rank = [](const Value& pod) {
        return pod.GetString("status.phase") == "Running" ? 0 : 1;
      };
      if (rank(a) != rank(b)) return rank(a) < rank(b);
      return a.GetString("metadata.creationTimestamp") < b.GetString("metadata.creationTimestamp");
    });
    for (Value& pod : found) {
      pods->push_back({resource, info.ns, pod.GetString("metadata.name"), "", std::move(pod)});
      if (!o_.all_pods) break;
    }
    if (!o_.all_pods && found.size() > 1) {
      factory_.io.Err(
          absl::StrCat("Found ", found.size(), " pods, using pod/", pods->front().name, "\n"));
    }
    return absl::OkStatus();
  }

  std::string Path(const Source& source) const {
    std::vector<std::string> query = {absl::StrCat("container=", UrlEscape(source.container))};
    if (o_.follow) query.push_back("follow=true");
    if (o_.insecure) query.push_back("insecureSkipTLSVerifyBackend=true");
    if (o_.limit_bytes > 0) query.push_back(absl::StrCat("limitBytes=", o_.limit_bytes));
    if (o_.previous) query.push_back("previous=true");
    if (o_.since > absl::ZeroDuration())
      query.push_back(absl::StrCat("sinceSeconds=",
                                   static_cast<int64_t>(absl::ToDoubleSeconds(o_.since) + 0.999)));
    if (!o_.since_time.empty())
      query.push_back(absl::StrCat("sinceTime=", UrlEscape(o_.since_time)));
    if (o_.tail >= 0) query.push_back(absl::StrCat("tailLines=", o_.tail));
    if (o_.timestamps) query.push_back("timestamps=true");
    return absl::StrCat(source.pod.Path("log"), "?", absl::StrJoin(query, "&"));
  }

  // Whole lines, so that streams running together do not mix within one.
  absl::Status Copy(RestClient& client, const Source& source) {
    Request request;
    request.path = Path(source);
    request.accept = "application/json, */*";
    const std::string prefix =
        o_.prefix ? absl::StrCat("[pod/", source.pod.name, "/", source.container, "] ") : "";
    std::string pending;
    const absl::Status status = client.Stream(request, [&](absl::string_view chunk) {
      pending.append(chunk.data(), chunk.size());
      const size_t end = pending.rfind('\n');
      if (end == std::string::npos) return true;
      Emit(prefix, absl::string_view(pending).substr(0, end + 1));
      pending.erase(0, end + 1);
      return true;
    });
    if (!pending.empty()) Emit(prefix, pending);
    return absl::IsUnavailable(status) ? absl::OkStatus() : status;
  }

  void Emit(const std::string& prefix, absl::string_view lines) {
    absl::MutexLock lock(&mu_);
    if (prefix.empty()) {
      factory_.io.Out(lines);
    } else {
      for (const absl::string_view line : absl::StrSplit(lines, '\n')) {
        if (!line.empty() || line.data() != lines.data() + lines.size())
          factory_.io.Out(absl::StrCat(prefix, line, "\n"));
      }
    }
    if (o_.follow) factory_.io.out->Flush();
  }

  absl::Status Together() {
    std::vector<std::thread> threads;
    std::vector<absl::Status> statuses(sources_.size());
    std::vector<std::unique_ptr<RestClient>> clients;
    for (size_t i = 0; i < sources_.size(); ++i) {
      ASSIGN_OR_RETURN(std::unique_ptr<RestClient> client, factory_.NewClient());
      clients.push_back(std::move(client));
    }
    for (size_t i = 0; i < sources_.size(); ++i) {
      threads.emplace_back(
          [this, i, &statuses, &clients] { statuses[i] = Copy(*clients[i], sources_[i]); });
    }
    for (std::thread& thread : threads) thread.join();
    return Aggregate(statuses);
  }

  Factory& factory_;
  Options o_;
  std::vector<Source> sources_;
  absl::Mutex mu_;  // guards standard output
};

}  // namespace

CommandPtr MakeLogs(Factory& factory) {
  auto command = NewCommand("logs", "Print the logs for a container in a pod",
                            "[-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]",
                            "  # A pod's log\n  kubectl logs web-0\n\n  # The last lines of one "
                            "container, and what comes\n"
                            "  kubectl logs -f --tail=20 web-0 -c helper\n\n  # All pods with a "
                            "label\n  kubectl logs -l app=web --all-containers --prefix");
  command->about =
      "Print the logs for a container in a pod or specified resource. If the pod has only one "
      "container, the container name is optional.";
  auto o = std::make_shared<Options>();
  FlagSet& f = command->flags;
  f.String(&o->container, "container", "c", "Which container's log.");
  f.String(&o->selector, "selector", "l", "Label query that chooses the pods.");
  f.String(&o->since_time, "since-time", "", "Only lines after this RFC 3339 time.");
  f.Bool(&o->all_containers, "all-containers", "", "The logs of all containers.");
  f.Bool(&o->all_pods, "all-pods", "", "The logs of all pods of a controller; sets --prefix.");
  f.Bool(&o->follow, "follow", "f", "Keep printing what comes.");
  f.Bool(&o->ignore_errors, "ignore-errors", "", "Go on with the other logs when one fails.");
  f.Bool(&o->insecure, "insecure-skip-tls-verify-backend", "",
         "Let the server trust any kubelet certificate for this log.");
  f.Bool(&o->prefix, "prefix", "", "Begin each line with the pod and container it is of.");
  f.Bool(&o->previous, "previous", "p", "The log of the container's previous run.");
  f.Bool(&o->timestamps, "timestamps", "", "Begin each line with its time.");
  f.Int(&o->limit_bytes, "limit-bytes", "", "At most this many bytes.");
  f.Int(&o->max_log_requests, "max-log-requests", "", "How many logs to follow at once.");
  f.Int(&o->tail, "tail", "", "Only the last lines; -1 for all, or 10 with a selector.");
  f.Duration(&o->since, "since", "", "Only lines younger than this.");
  f.Duration(&o->timeout, "pod-running-timeout", "", "How long to wait until a pod runs.");
  Command* self = command.get();
  command->run = [&factory, o, self](const FlagSet::Parsed& parsed) {
    o->tail_changed = self->flags.Changed("tail");
    if (o->all_pods) o->prefix = true;
    return Logs(factory, *o).Run(parsed.args);
  };
  return command;
}

}  // namespace kubectl
