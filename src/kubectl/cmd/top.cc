// kubectl top: what nodes and pods use, as the metrics API tells.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "apimachinery/quantity.h"
#include "base/status_macros.h"
#include "kubectl/cli/tabwriter.h"
#include "kubectl/cmd/commands.h"
#include "kubectl/cmd/common.h"

namespace kubectl {
namespace {

using apimachinery::Quantity;

struct Options {
  Selection selection;
  std::string sort_by;
  bool containers = false, no_headers = false, show_capacity = false, sum = false;
};

struct Usage {
  int64_t milli_cpu = 0, memory = 0;
  void Add(const Value& usage) {
    milli_cpu += Quantity::ParseOrZero(usage.GetString("cpu")).MilliValue();
    memory += Quantity::ParseOrZero(usage.GetString("memory")).Value();
  }
  std::string Cpu() const { return absl::StrCat(milli_cpu, "m"); }
  std::string Memory() const { return absl::StrCat(memory / (1 << 20), "Mi"); }
};

struct Row {
  std::string ns, name, container;
  Usage usage;
};

absl::StatusOr<std::vector<Value>> Metrics(Factory& factory, const Options& o,
                                           const std::string& plural, const std::string& ns,
                                           const std::string& name) {
  ASSIGN_OR_RETURN(Discovery * discovery, factory.Discover());
  ASSIGN_OR_RETURN(const std::vector<ApiGroup> groups, discovery->Groups());
  if (std::none_of(groups.begin(), groups.end(),
                   [](const ApiGroup& group) { return group.name == "metrics.k8s.io"; }))
    return Error("Metrics API not available");
  ASSIGN_OR_RETURN(RestClient * client, factory.Client());
  const std::string base =
      absl::StrCat("/apis/metrics.k8s.io/v1beta1/",
                   ns.empty() ? "" : absl::StrCat("namespaces/", ns, "/"), plural);
  if (!name.empty()) {
    ASSIGN_OR_RETURN(Value one, client->Get(absl::StrCat(base, "/", UrlEscape(name))));
    return std::vector<Value>{std::move(one)};
  }
  return ListItems(*client, base, SelectorQuery(o.selection));
}

void Sort(std::vector<Row>* rows, const std::string& by) {
  std::stable_sort(rows->begin(), rows->end(), [&](const Row& a, const Row& b) {
    if (by == "cpu") return a.usage.milli_cpu > b.usage.milli_cpu;
    if (by == "memory") return a.usage.memory > b.usage.memory;
    return std::tie(a.ns, a.name, a.container) < std::tie(b.ns, b.name, b.container);
  });
}

absl::Status CheckArguments(const Options& o, const std::vector<std::string>& args) {
  if (!o.sort_by.empty() && o.sort_by != "cpu" && o.sort_by != "memory")
    return Error("--sort-by accepts only cpu or memory");
  if (!args.empty() && (!o.selection.selector.empty() || !o.selection.field_selector.empty()))
    return Error("only one of NAME or selector can be provided");
  return absl::OkStatus();
}

absl::Status TopPods(Factory& factory, const Options& o, const std::vector<std::string>& args) {
  RETURN_IF_ERROR(CheckArguments(o, args));
  ASSIGN_OR_RETURN(std::string ns, factory.Namespace());
  if (o.selection.all_namespaces) ns.clear();
  ASSIGN_OR_RETURN(const std::vector<Value> pods,
                   Metrics(factory, o, "pods", ns, args.empty() ? "" : args[0]));
  std::vector<Row> rows;
  Usage total;
  for (const Value& pod : pods) {
    Row row{pod.GetString("metadata.namespace"), pod.GetString("metadata.name"), "", {}};
    for (const Value& container : pod.GetArray("containers")) {
      const Value* usage = container.Find("usage");
      if (usage == nullptr) continue;
      row.usage.Add(*usage);
      total.Add(*usage);
      if (!o.containers) continue;
      Row one{row.ns, row.name, container.GetString("name"), {}};
      one.usage.Add(*usage);
      rows.push_back(std::move(one));
    }
    if (!o.containers) rows.push_back(std::move(row));
  }
  if (rows.empty()) {
    factory.io.Err(ns.empty() ? "No resources found\n"
                              : absl::StrCat("No resources found in ", ns, " namespace.\n"));
    return absl::OkStatus();
  }
  Sort(&rows, o.sort_by);
  TabWriter table(factory.io.out, {6, 3, true});
  const bool with_namespace = o.selection.all_namespaces;
  if (!o.no_headers) {
    table.Write(absl::StrCat(with_namespace ? "NAMESPACE\t" : "", o.containers ? "POD\tNAME\t" : "NAME\t",
                             "CPU(cores)\tMEMORY(bytes)\t\n"));
  }
  for (const Row& row : rows) {
    table.Write(absl::StrCat(with_namespace ? row.ns + "\t" : "", row.name, "\t",
                             o.containers ? row.container + "\t" : "", row.usage.Cpu(), "\t",
                             row.usage.Memory(), "\t\n"));
  }
  if (o.sum) {
    const std::string lead = absl::StrCat(with_namespace ? "\t" : "", o.containers ? "\t" : "");
    table.Write(absl::StrCat(lead, "\t________\t________\t\n", lead, "\t", total.Cpu(), "\t",
                             total.Memory(), "\t\n"));
  }
  table.Flush();
  return absl::OkStatus();
}

absl::Status TopNodes(Factory& factory, const Options& o, const std::vector<std::string>& args) {
  RETURN_IF_ERROR(CheckArguments(o, args));
  ASSIGN_OR_RETURN(const std::vector<Value> nodes,
                   Metrics(factory, o, "nodes", "", args.empty() ? "" : args[0]));
  ASSIGN_OR_RETURN(RestClient * client, factory.Client());
  std::vector<Row> rows;
  for (const Value& node : nodes) {
    Row row{"", node.GetString("metadata.name"), "", {}};
    if (const Value* usage = node.Find("usage"); usage != nullptr) row.usage.Add(*usage);
    rows.push_back(std::move(row));
  }
  Sort(&rows, o.sort_by);
  TabWriter table(factory.io.out, {6, 3, true});
  if (!o.no_headers) table.Write("NAME\tCPU(cores)\tCPU(%)\tMEMORY(bytes)\tMEMORY(%)\t\n");
  for (const Row& row : rows) {
    ASSIGN_OR_RETURN(const Value node, client->Get(absl::StrCat("/api/v1/nodes/", UrlEscape(row.name))));
    const std::string where = o.show_capacity ? "status.capacity" : "status.allocatable";
    const auto share = [&](int64_t used, int64_t all) {
      return all == 0 ? std::string("<unknown>") : absl::StrCat(used * 100 / all, "%");
    };
    const Quantity cpu = Quantity::ParseOrZero(node.GetString(where + ".cpu")),
                   memory = Quantity::ParseOrZero(node.GetString(where + ".memory"));
    table.Write(absl::StrCat(row.name, "\t", row.usage.Cpu(), "\t",
                             share(row.usage.milli_cpu, cpu.MilliValue()), "\t", row.usage.Memory(),
                             "\t", share(row.usage.memory, memory.Value()), "\t\n"));
  }
  table.Flush();
  return absl::OkStatus();
}

}  // namespace

CommandPtr MakeTop(Factory& factory) {
  auto group = NewCommand("top", "Display resource (CPU/memory) usage", "[flags]");
  using Runner = absl::Status (*)(Factory&, const Options&, const std::vector<std::string>&);
  const auto add = [&](const char* name, std::vector<std::string> aliases, const char* summary,
                       Runner runner) {
    Command& command = group->Add(NewCommand(name, summary, "[NAME | -l label]"));
    command.aliases = std::move(aliases);
    auto o = std::make_shared<Options>();
    command.flags.String(&o->selection.selector, "selector", "l", "Label query.");
    command.flags.String(&o->sort_by, "sort-by", "", "cpu or memory.");
    command.flags.Bool(&o->no_headers, "no-headers", "", "Leave the line of headings out.");
    command.run = [&factory, &command, o, runner](const FlagSet::Parsed& parsed) -> absl::Status {
      if (parsed.args.size() > 1) return UsageError(command.Path(), absl::StrCat(command.name, " [NAME | -l label]"));
      return runner(factory, *o, parsed.args);
    };
    return std::pair(&command, o);
  };
  {
    auto [command, o] = add("node", {"nodes", "no"}, "Display resource (CPU/memory) usage of nodes",
                            TopNodes);
    command->flags.Bool(&o->show_capacity, "show-capacity", "",
                        "Shares of the capacity instead of what pods may use.");
  }
  auto [command, o] =
      add("pod", {"pods", "po"}, "Display resource (CPU/memory) usage of pods", TopPods);
  command->flags.String(&o->selection.field_selector, "field-selector", "", "Field query.");
  command->flags.Bool(&o->selection.all_namespaces, "all-namespaces", "A", "In all namespaces.");
  command->flags.Bool(&o->containers, "containers", "", "A line for each container.");
  command->flags.Bool(&o->sum, "sum", "", "The total as a last line.");
  return group;
}

}  // namespace kubectl
