// kubectl api-resources, api-versions and cluster-info.
#include <algorithm>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "kubectl/cli/tabwriter.h"
#include "kubectl/cmd/commands.h"
#include "kubectl/cmd/common.h"

namespace kubectl {
namespace {

struct Options {
  std::string api_group, output, sort_by, ignored_template;
  std::vector<std::string> categories, verbs;
  bool cached = false, namespaced = true, no_headers = false, managed = false,
       group_changed = false, namespaced_changed = false;
};

bool HasAll(const std::vector<std::string>& have, const std::vector<std::string>& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const std::string& w) {
    return std::find(have.begin(), have.end(), w) != have.end();
  });
}

absl::Status Run(Factory& factory, const Options& o, const std::vector<std::string>& args) {
  if (!args.empty())
    return UsageError("kubectl api-resources",
                      absl::StrCat("unexpected arguments: [", absl::StrJoin(args, " "), "]"));
  if (!o.output.empty() && o.output != "wide" && o.output != "name" && o.output != "json" &&
      o.output != "yaml") {
    return Error(absl::StrCat("unable to match a printer suitable for the output format \"", o.output,
                              "\", allowed formats are: json,kyaml,name,wide,yaml"));
  }
  if (!o.sort_by.empty() && o.sort_by != "name" && o.sort_by != "kind")
    return Error("--sort-by accepts only name or kind");
  ASSIGN_OR_RETURN(Discovery * discovery, factory.Discover());
  if (!o.cached) discovery->Invalidate();
  ASSIGN_OR_RETURN(const std::vector<ApiResource>* all, discovery->Resources());
  std::vector<const ApiResource*> shown;
  for (const ApiResource& r : *all) {
    if (!r.preferred || r.verbs.empty()) continue;
    if (o.group_changed && r.group != o.api_group) continue;
    if (o.namespaced_changed && r.namespaced != o.namespaced) continue;
    if (!HasAll(r.verbs, o.verbs) || !HasAll(r.categories, o.categories)) continue;
    shown.push_back(&r);
  }
  std::stable_sort(shown.begin(), shown.end(), [&](const ApiResource* a, const ApiResource* b) {
    if (o.sort_by == "name") return a->name < b->name;
    if (o.sort_by == "kind") return a->kind < b->kind;
    return a->group != b->group ? a->group < b->group : a->name < b->name;
  });
  if (o.output == "json" || o.output == "yaml") {
    Value list;
    list.Set("kind", "APIResourceList");
    list.Set("apiVersion", "v1");
    list.Set("groupVersion", "");
    list["resources"] = Value::MakeArray();
    const auto strings = [](const std::vector<std::string>& from) {
      Value array = Value::MakeArray();
      for (const std::string& s : from) array.Append(s);
      return array;
    };
    for (const ApiResource* r : shown) {
      Value item;
      item.Set("name", r->name);
      item.Set("singularName", r->singular);
      item.Set("namespaced", r->namespaced);
      if (!r->group.empty()) item.Set("group", r->group);
      item.Set("version", r->version);
      item.Set("kind", r->kind);
      item.Set("verbs", strings(r->verbs));
      if (!r->short_names.empty()) item.Set("shortNames", strings(r->short_names));
      if (!r->categories.empty()) item.Set("categories", strings(r->categories));
      list["resources"].Append(std::move(item));
    }
    factory.io.Out(o.output == "json" ? WriteJsonIndented(list, KeyOrder::kAsIs) : WriteYaml(list));
    return absl::OkStatus();
  }
  TabWriter table(factory.io.out, {6, 3, true});
  const bool wide = o.output == "wide";
  if (!o.no_headers && o.output != "name")
    table.Write(absl::StrCat("NAME\tSHORTNAMES\tAPIVERSION\tNAMESPACED\tKIND",
                             wide ? "\tVERBS\tCATEGORIES" : "", "\n"));
  for (const ApiResource* r : shown) {
    if (o.output == "name") {
      table.Write(absl::StrCat(r->QualifiedName(), "\n"));
      continue;
    }
    table.Write(absl::StrCat(r->name, "\t", absl::StrJoin(r->short_names, ","), "\t",
                             r->ApiVersion(), "\t", r->namespaced ? "true" : "false", "\t",
                             r->kind));
    if (wide)
      table.Write(absl::StrCat("\t", absl::StrJoin(r->verbs, ","), "\t",
                               absl::StrJoin(r->categories, ",")));
    table.Write("\n");
  }
  table.Flush();
  return absl::OkStatus();
}

}  // namespace

CommandPtr MakeApiResources(Factory& factory) {
  auto command =
      NewCommand("api-resources", "Print the supported API resources on the server", "[flags]");
  auto o = std::make_shared<Options>();
  FlagSet& f = command->flags;
  f.String(&o->api_group, "api-group", "", "Only this API group.");
  f.String(&o->output, "output", "o", "wide, name, json or yaml.");
  f.String(&o->sort_by, "sort-by", "", "name or kind.");
  f.List(&o->categories, "categories", "", "Only resources in all these categories.");
  f.List(&o->verbs, "verbs", "", "Only resources that know all these verbs.");
  f.Bool(&o->cached, "cached", "", "Use what was learned before, if that is fresh.");
  f.Bool(&o->namespaced, "namespaced", "",
         "Only resources with (or, when false, without) a namespace.");
  f.Bool(&o->no_headers, "no-headers", "", "Leave the line of headings out.");
  f.Bool(&o->managed, "show-managed-fields", "", "Keep metadata.managedFields in JSON and YAML.");
  Command* self = command.get();
  command->run = [&factory, o, self](const FlagSet::Parsed& parsed) {
    o->group_changed = self->flags.Changed("api-group");
    o->namespaced_changed = self->flags.Changed("namespaced");
    return Run(factory, *o, parsed.args);
  };
  return command;
}

CommandPtr MakeApiVersions(Factory& factory) {
  auto command = NewCommand(
      "api-versions",
      "Print the supported API versions on the server, in the form of \"group/version\"", "");
  command->run = [&factory](const FlagSet::Parsed& parsed) -> absl::Status {
    if (!parsed.args.empty()) {
      return UsageError("kubectl api-versions", absl::StrCat("unexpected arguments: [", absl::StrJoin(parsed.args, " "), "]"));
    }
    ASSIGN_OR_RETURN(Discovery * discovery, factory.Discover());
    discovery->Invalidate();
    ASSIGN_OR_RETURN(const std::vector<ApiResource>* all, discovery->Resources());
    std::set<std::string> versions;
    for (const ApiResource& r : *all) versions.insert(r.ApiVersion());
    for (const std::string& version : versions) factory.io.Out(version + "\n");
    return absl::OkStatus();
  };
  return command;
}

}  // namespace kubectl
