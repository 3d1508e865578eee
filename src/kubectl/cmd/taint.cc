// kubectl taint: adds and removes taints of nodes.
#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "apimachinery/names.h"
#include "base/status_macros.h"
#include "kubectl/cmd/commands.h"
#include "kubectl/cmd/common.h"

namespace kubectl {
namespace {

struct Options {
  WriteOptions write;
  Selection selection;
  bool all = false, overwrite = false;
};

struct Taint {
  std::string key, value, effect;
};

struct Changes {
  std::vector<Taint> add, remove;
};

absl::StatusOr<Taint> ParseTaint(const std::string& spec) {
  Taint taint;
  const std::vector<std::string> parts = absl::StrSplit(spec, ':');
  if (parts.size() > 2)
    return absl::InvalidArgumentError(absl::StrCat("invalid taint spec: ", spec));
  taint.key = parts[0];
  if (parts.size() == 2) {
    taint.effect = parts[1];
    const std::vector<std::string> pair = absl::StrSplit(parts[0], '=');
    if (pair.size() > 2)
      return absl::InvalidArgumentError(absl::StrCat("invalid taint spec: ", spec));
    taint.key = pair[0];
    if (pair.size() == 2) {
      taint.value = pair[1];
      const auto problems = apimachinery::IsValidLabelValue(taint.value);
      if (!problems.empty())
        return absl::InvalidArgumentError(
            absl::StrCat("invalid taint spec: ", spec, ", ", absl::StrJoin(problems, "; ")));
    }
    if (taint.effect != "NoSchedule" && taint.effect != "PreferNoSchedule" &&
        taint.effect != "NoExecute") {
      return absl::InvalidArgumentError(
          absl::StrCat("invalid taint effect: ", taint.effect, ", unsupported taint effect"));
    }
  }
  const auto problems = apimachinery::IsQualifiedName(taint.key);
  if (!problems.empty())
    return absl::InvalidArgumentError(
        absl::StrCat("invalid taint spec: ", spec, ", ", absl::StrJoin(problems, "; ")));
  return taint;
}

absl::StatusOr<Changes> ParseChanges(const std::vector<std::string>& specs) {
  Changes changes;
  for (const std::string& spec : specs) {
    const bool remove = !spec.empty() && spec.back() == '-';
    ASSIGN_OR_RETURN(Taint taint, ParseTaint(remove ? spec.substr(0, spec.size() - 1) : spec));
    if (!remove && taint.effect.empty())
      return absl::InvalidArgumentError(absl::StrCat("invalid taint spec: ", spec));
    (remove ? changes.remove : changes.add).push_back(taint);
  }
  return changes;
}

absl::Status TaintNode(Factory& factory, const Options& o, const Changes& changes,
                       const Info& info) {
  const Array& old = info.object.GetArray("spec.taints");
  const auto same = [](const Taint& t, const Value& v) {
    return t.key == v.GetString("key") && t.effect == v.GetString("effect");
  };
  std::vector<std::string> clashes;
  for (const Taint& taint : changes.add) {
    for (const Value& v : old) {
      if (same(taint, v)) clashes.push_back(taint.key);
    }
  }
  if (!o.overwrite && !clashes.empty()) {
    return Error(absl::StrCat("node ", info.name, " already has ", absl::StrJoin(clashes, ","),
                              " taint(s) with same effect(s) and --overwrite is false"));
  }
  Array taints;
  for (const Taint& taint : changes.add) {
    Value v;
    v.Set("key", taint.key);
    if (!taint.value.empty()) v.Set("value", taint.value);
    v.Set("effect", taint.effect);
    taints.push_back(std::move(v));
  }
  for (const Value& v : old) {
    if (std::none_of(changes.add.begin(), changes.add.end(),
                     [&](const Taint& t) { return same(t, v); }))
      taints.push_back(v);
  }
  const bool added = taints.size() != old.size();
  bool deleted = false;
  std::vector<absl::Status> errors;
  for (const Taint& taint : changes.remove) {
    const auto gone = std::remove_if(taints.begin(), taints.end(), [&](const Value& v) {
      return v.GetString("key") == taint.key &&
             (taint.effect.empty() || v.GetString("effect") == taint.effect);
    });
    if (gone == taints.end()) {
      errors.push_back(Error(absl::StrCat("taint \"", taint.key, taint.effect.empty() ? "" : ":",
                                          taint.effect, "\" not found")));
    } else {
      deleted = true;
    }
    taints.erase(gone, taints.end());
  }
  if (!errors.empty()) return Aggregate(errors);
  const char* done = (added && deleted) || o.overwrite ? "modified"
                     : added                           ? "tainted"
                                                       : "untainted";
  Value patch, result = info.object;
  patch["spec"].Set("taints", taints.empty() ? Value() : Value(taints));
  if (o.write.dry_run != DryRun::kClient) {
    ASSIGN_OR_RETURN(RestClient * client, factory.Client());
    ASSIGN_OR_RETURN(
        result, PatchObject(*client, info.Path() + o.write.Query(), "merge", WriteJson(patch)));
  } else {
    result.Ensure("spec").Set("taints", Value(taints));
  }
  return PrintResult(factory, o.write.print, done, result);  // a dry run is not told
}

absl::Status Run(Factory& factory, Options& o, const std::vector<std::string>& args) {
  RETURN_IF_ERROR(o.write.Complete(factory));
  if (args.empty()) return Error("one or more resources must be specified as <resource> <name>");
  std::vector<std::string> specs;
  for (const std::string& arg : args) {
    const bool is_taint =
        absl::StrContains(arg, '=') || absl::StrContains(arg, ':') || arg.back() == '-';
    if (is_taint)
      specs.push_back(arg);
    else if (specs.empty())
      o.selection.args.push_back(arg);
    else
      return Error(absl::StrCat("all resources must be specified before taint changes: ", arg));
  }
  if (o.selection.args.empty())
    return Error("one or more resources must be specified as <resource> <name>");
  ASSIGN_OR_RETURN(Discovery * discovery, factory.Discover());
  ASSIGN_OR_RETURN(const ApiResource resource, discovery->ForArgument(std::vector<std::string>(
                                                   absl::StrSplit(o.selection.args[0], '/'))[0]));
  if (resource.kind != "Node") {
    return Error(absl::StrCat("invalid resource type ", o.selection.args[0],
                              ", only node types are supported"));
  }
  if (specs.empty()) return Error("at least one taint update is required");
  const absl::StatusOr<Changes> changes = ParseChanges(specs);
  if (!changes.ok()) return UsageError("kubectl taint", changes.status().message());
  o.selection.select_all_param = o.all;
  std::vector<absl::Status> errors;
  ASSIGN_OR_RETURN(const std::vector<Info> infos, FetchObjects(factory, o.selection, &errors));
  for (const Info& info : infos) {
    if (const absl::Status status = TaintNode(factory, o, *changes, info); !status.ok())
      errors.push_back(status);
  }
  return Aggregate(errors);
}

}  // namespace

CommandPtr MakeTaint(Factory& factory) {
  auto command = NewCommand("taint", "Update the taints on one or more nodes",
                            "NODE NAME KEY_1=VAL_1:TAINT_EFFECT_1 ... KEY_N=VAL_N:TAINT_EFFECT_N",
                            "  # Keep pods away that do not tolerate it\n  kubectl taint nodes n1 "
                            "gpu=true:NoSchedule\n\n  # Remove it\n"
                            "  kubectl taint nodes n1 gpu:NoSchedule-");
  auto o = std::make_shared<Options>();
  FlagSet& f = command->flags;
  AddPrintFlags(&f, &o->write.print);
  o->write.AddDryRun(&f);
  o->write.AddValidate(&f);
  o->write.AddFieldManager(&f, "kubectl-taint");
  f.String(&o->selection.selector, "selector", "l", "Label query that chooses the nodes.");
  f.Bool(&o->all, "all", "", "All nodes.");
  f.Bool(&o->overwrite, "overwrite", "", "Allow taints to be replaced.");
  command->run = [&factory, o](const FlagSet::Parsed& parsed) {
    return Run(factory, *o, parsed.args);
  };
  return command;
}

}  // namespace kubectl
