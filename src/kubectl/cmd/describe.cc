// kubectl describe: finds the objects, by name or by the beginning of a name, and prints what is
// known of them.
#include "kubectl/describe/describe.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "kubectl/cmd/commands.h"
#include "kubectl/cmd/common.h"

namespace kubectl {
namespace {

struct Options {
  Selection selection;
  FileOptions files;
  bool show_events = true;
};

absl::Status Run(Factory& factory, Options o, const std::vector<std::string>& args) {
  if (args.empty() && o.files.empty()) {
    return Error(
        "You must specify the type of resource to describe. Use \"kubectl api-resources\" for a "
        "complete list of supported resources.");
  }
  o.selection.args = args;
  o.selection.files = o.files;
  o.selection.all = true;
  ASSIGN_OR_RETURN(RestClient * client, factory.Client());
  const Cluster cluster{[client](const std::string& path) { return client->Get(path); },
                        [client](const std::string& path) -> absl::StatusOr<std::vector<Value>> {
                          const size_t question = path.find('?');
                          return ListItems(
                              *client, path.substr(0, question),
                              question == std::string::npos ? "" : path.substr(question + 1), 0);
                        }};
  std::vector<absl::Status> errors;
  bool by_prefix = false;
  absl::StatusOr<std::vector<Info>> found = FetchObjects(factory, o.selection, &errors);
  if (!found.ok()) return found.status();
  std::vector<Info> infos = *std::move(found);
  // TYPE PREFIX: no object of that very name, but some that begin with it.
  if (infos.empty() && errors.size() == 1 && ApiNotFound(errors[0]) && o.files.empty() &&
      args.size() == 2) {
    Selection by_type = o.selection;
    by_type.args = {args[0]};
    ASSIGN_OR_RETURN(const std::vector<Info> all, FetchObjects(factory, by_type));
    for (const Info& info : all) {
      if (absl::StartsWith(info.name, args[1])) infos.push_back(info);
    }
    by_prefix = !infos.empty();
    if (by_prefix) errors.clear();
  }
  bool first = true;
  for (const Info& info : infos) {
    absl::StatusOr<std::string> text = Describe(info.object, cluster, {o.show_events});
    if (!text.ok()) {
      errors.push_back(text.status());
      continue;
    }
    if (!first && !by_prefix) factory.io.Out("\n\n");
    first = false;
    factory.io.Out(*text);
    if (by_prefix) factory.io.Out("\n");
  }
  if (infos.empty() && errors.empty()) {
    ASSIGN_OR_RETURN(const std::string ns, factory.Namespace());
    const bool all = o.selection.all_namespaces;
    ASSIGN_OR_RETURN(const std::vector<Info> types, ResolveArgs(factory, o.selection, nullptr));
    bool namespaced = !all;
    for (const Info& type : types) namespaced = namespaced && type.resource.namespaced;
    factory.io.Err(namespaced ? absl::StrCat("No resources found in ", ns, " namespace.\n")
                              : "No resources found\n");
  }
  return Aggregate(errors);
}

}  // namespace

CommandPtr MakeDescribe(Factory& factory) {
  auto command = NewCommand("describe", "Show details of a specific resource or group of resources",
                            "(-f FILENAME | TYPE [NAME_PREFIX | -l label] | TYPE/NAME)",
                            "  # A node\n  kubectl describe node node-1\n\n  # All pods of a "
                            "replica set, by the beginning of their names\n"
                            "  kubectl describe pods web");
  command->about =
      "Show details of a specific resource or group of resources, with its events and what belongs "
      "to it. TYPE NAME_PREFIX shows the "
      "object of that name, or else all whose names begin so.";
  auto o = std::make_shared<Options>();
  FlagSet& f = command->flags;
  AddFileFlags(&f, &o->files, "Files, folders or URLs with the objects to describe.");
  f.String(&o->selection.selector, "selector", "l", "Label query that chooses the objects.");
  f.Bool(&o->selection.all_namespaces, "all-namespaces", "A", "Across all namespaces.");
  f.Bool(&o->show_events, "show-events", "", "Show the events about the object.");
  f.Int(&o->selection.chunk_size, "chunk-size", "",
        "Fetch long lists in pages of this size; 0 for all at once.");
  command->run = [&factory, o](const FlagSet::Parsed& parsed) {
    return Run(factory, *o, parsed.args);
  };
  return command;
}

}  // namespace kubectl
