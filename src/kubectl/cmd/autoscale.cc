// kubectl autoscale: a HorizontalPodAutoscaler for something that has a scale.
#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "apimachinery/quantity.h"
#include "base/status_macros.h"
#include "kubectl/cmd/commands.h"
#include "kubectl/cmd/common.h"
#include "kubectl/cmd/create_generators.h"

namespace kubectl {
namespace {

struct Options {
  WriteOptions write;
  Selection selection;
  std::string name, cpu, memory;
  int64_t min = -1, max = -1, cpu_percent = -1;
  bool save_config = false;
};

// "70%" is a share of what pods request, everything else an amount a pod.
absl::StatusOr<Value> ResourceMetric(absl::string_view resource, const std::string& text) {
  Value metric;
  metric.Set("type", "Resource");
  metric["resource"].Set("name", resource);
  Value& target = metric["resource"]["target"];
  if (absl::EndsWith(text, "%")) {
    int64_t percent = 0;
    if (!absl::SimpleAtoi(text.substr(0, text.size() - 1), &percent) || percent <= 0)
      return Error(absl::StrCat("invalid ", resource, " value: ", text));
    target.Set("type", "Utilization");
    target.Set("averageUtilization", percent);
    return metric;
  }
  ASSIGN_OR_RETURN(const std::string amount, apimachinery::CanonicalQuantity(text));
  target.Set("type", "AverageValue");
  target.Set("averageValue", amount);
  return metric;
}

absl::StatusOr<Value> MakeAutoscaler(const Options& o, const Info& info) {
  Value hpa = NewObject("autoscaling/v2", "HorizontalPodAutoscaler", o.name.empty() ? info.name : o.name);
  Value& spec = hpa["spec"];
  Value& reference = spec["scaleTargetRef"];
  reference.Set("kind", info.resource.kind);
  reference.Set("name", info.name);
  reference.Set("apiVersion", info.resource.ApiVersion());
  if (o.min > 0) spec.Set("minReplicas", o.min);
  spec.Set("maxReplicas", o.max);
  const std::string cpu = !o.cpu.empty() ? o.cpu
                          : o.cpu_percent >= 0 ? absl::StrCat(o.cpu_percent, "%") : "";
  for (const auto& [resource, text] : {std::pair("cpu", cpu), std::pair("memory", o.memory)}) {
    if (text.empty()) continue;
    ASSIGN_OR_RETURN(Value metric, ResourceMetric(resource, text));
    spec["metrics"].Append(std::move(metric));
  }
  hpa["status"].Set("desiredReplicas", 0);
  hpa["status"].Set("currentMetrics", Value());
  return hpa;
}

// kubectl then tries the older autoscaling/v1, which knows a share of CPU and nothing else.
absl::Status Refused(const Options& o, const absl::Status& status) {
  constexpr char kNoOlder[] = "failed to create autoscaling/v2 HPA and the configuration is incompatible with autoscaling/v1: ";
  if (!o.memory.empty()) return Error(absl::StrCat(kNoOlder, "%!w(<nil>)"));
  if (o.cpu.empty()) return Error(absl::StrCat(kNoOlder, "empty input"));
  if (!absl::EndsWith(o.cpu, "%")) return Error(absl::StrCat(kNoOlder, "%!w(<nil>)"));
  return status;
}

absl::Status Run(Factory& factory, Options& o, const std::vector<std::string>& args) {
  RETURN_IF_ERROR(o.write.Complete(factory));
  if (o.max < 1)
    return Error(absl::StrCat("--max=MAXPODS is required and must be at least 1, max: ", o.max));
  if (o.max < o.min) {
    return Error(absl::StrCat("--max=MAXPODS must be larger or equal to --min=MINPODS, max: ", o.max,
                              ", min: ", o.min));
  }
  o.selection.args = args;
  o.selection.files = o.write.files;
  std::vector<absl::Status> errors;
  std::vector<Info> infos;
  if (o.selection.files.empty()) {
    ASSIGN_OR_RETURN(infos, FetchObjects(factory, o.selection, &errors));
  } else {
    ASSIGN_OR_RETURN(infos, ReadFiles(factory, o.selection.files));
  }
  ASSIGN_OR_RETURN(RestClient * client, factory.Client());
  ASSIGN_OR_RETURN(Discovery * discovery, factory.Discover());
  for (const Info& info : infos) {
    const auto& subresources = info.resource.subresources;
    if (std::find(subresources.begin(), subresources.end(), "scale") == subresources.end()) {
      errors.push_back(Error(absl::StrCat(
          "cannot autoscale a ", info.resource.kind, ": could not find scale subresource for ",
          info.resource.group.empty() ? "/v1" : info.resource.ApiVersion(), ", Resource=",
          info.resource.name, " in discovery information")));
      continue;
    }
    ASSIGN_OR_RETURN(Value hpa, MakeAutoscaler(o, info));
    SetNamespace(&hpa, info.ns);
    if (o.save_config) SetLastApplied(&hpa);
    if (o.write.dry_run != DryRun::kClient) {
      ASSIGN_OR_RETURN(const ApiResource resource,
                       discovery->ForKind("autoscaling/v2", "HorizontalPodAutoscaler"));
      Request request;
      request.method = "POST";
      request.path = resource.Path(info.ns) + o.write.Query(false);
      request.body = WriteJson(hpa);
      absl::StatusOr<Value> created = client->Json(request);
      if (!created.ok()) {
        errors.push_back(Refused(o, created.status()));
        continue;
      }
      hpa = *std::move(created);
    }
    RETURN_IF_ERROR(PrintResult(factory, o.write.print, o.write.Operation("autoscaled"), hpa));
  }
  return Aggregate(errors);
}

}  // namespace

CommandPtr MakeAutoscale(Factory& factory) {
  auto command = NewCommand(
      "autoscale",
      "Auto-scale a deployment, replica set, stateful set, or replication controller",
      "(-f FILENAME | TYPE NAME | TYPE/NAME) [--min=MINPODS] --max=MAXPODS [--cpu=CPU]",
      "  # Between two and ten pods, by their use of CPU\n  kubectl autoscale deployment web --min=2 "
      "--max=10 --cpu=70%");
  auto o = std::make_shared<Options>();
  FlagSet& f = command->flags;
  AddPrintFlags(&f, &o->write.print);
  o->write.print.json_order = KeyOrder::kAsIs;
  AddFileFlags(&f, &o->write.files, "Files, folders or URLs with the objects to scale.");
  o->write.AddDryRun(&f);
  o->write.AddFieldManager(&f, "kubectl-autoscale");
  f.Int(&o->min, "min", "", "The fewest pods; the server decides when it is negative.");
  f.Int(&o->max, "max", "", "The most pods.").required = true;
  f.String(&o->cpu, "cpu", "", "CPU to aim at: a share of the request (70%) or an amount (500m).");
  f.String(&o->memory, "memory", "", "Memory to aim at: a share of the request or an amount.");
  f.Int(&o->cpu_percent, "cpu-percent", "", "Old form of --cpu.").hidden = true;
  f.String(&o->name, "name", "", "Name of the autoscaler; that of the object without.");
  f.Bool(&o->save_config, "save-config", "",
         "Keep the configuration in the object's annotation, as kubectl apply does.");
  Command* self = command.get();
  command->run = [&factory, o, self](const FlagSet::Parsed& parsed) {
    if (self->flags.Changed("cpu-percent")) {
      factory.io.Err(
          "Flag --cpu-percent has been deprecated, Use --cpu with percentage or resource quantity "
          "format (e.g., '70%' for utilization or '500m' for milliCPU).\n");
    }
    return Run(factory, *o, parsed.args);
  };
  return command;
}

}  // namespace kubectl
