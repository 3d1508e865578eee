// kubectl label and annotate: two names for changing a map in metadata.
#include <algorithm>
#include <map>

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
  std::string resource_version;
  bool all = false, list = false, local = false, overwrite = false, labels = true;
};

struct Changes {
  std::map<std::string, std::string> set;
  std::vector<std::string> remove;
};

bool IsPair(const std::string& word) {
  return (absl::StrContains(word, '=') && word[0] != '=') || (!word.empty() && word.back() == '-');
}

absl::StatusOr<Changes> ParseChanges(const std::vector<std::string>& pairs, bool labels) {
  Changes changes;
  const absl::string_view noun = labels ? "label" : "annotation";
  for (const std::string& pair : pairs) {
    const size_t equals = pair.find('=');
    if (equals != std::string::npos && equals > 0) {
      const std::string value = pair.substr(equals + 1);
      if (labels) {
        if (absl::StrContains(value, '=')) return Error(absl::StrCat("invalid label spec: ", pair));
        const apimachinery::Problems problems = apimachinery::IsValidLabelValue(value);
        if (!problems.empty())
          return Error(
              absl::StrCat("invalid label value: \"", pair, "\": ", absl::StrJoin(problems, ";")));
      }
      changes.set[pair.substr(0, equals)] = value;
    } else if (equals == std::string::npos && pair.back() == '-') {
      changes.remove.push_back(pair.substr(0, pair.size() - 1));
    } else {
      return Error(absl::StrCat("unknown ", noun, " spec: ", pair));
    }
  }
  for (const std::string& key : changes.remove) {
    if (changes.set.count(key) == 0) continue;
    return Error(labels ? "can not both modify and remove a label in the same command"
                        : absl::StrCat("can not both modify and remove the following annotation(s) "
                                       "in the same command: ",
                                       key));
  }
  return changes;
}

class Label {
 public:
  Label(Factory& factory, Options options)
      : factory_(factory), o_(std::move(options)), field_(o_.labels ? "labels" : "annotations") {}

  absl::Status Run(const std::vector<std::string>& args) {
    RETURN_IF_ERROR(o_.write.Complete(factory_));
    std::vector<std::string> pairs;
    const absl::string_view noun = o_.labels ? "label" : "annotation";
    for (const std::string& arg : args) {
      if (IsPair(arg))
        pairs.push_back(arg);
      else if (pairs.empty())
        o_.selection.args.push_back(arg);
      else
        return Error(
            absl::StrCat("all resources must be specified before ", noun, " changes: ", arg));
    }
    if (o_.selection.args.empty() && o_.write.files.empty()) {
      return Error(
          "one or more resources must be specified as <resource> <name> or <resource>/<name>");
    }
    if (pairs.empty() && !o_.list)
      return Error(absl::StrCat("at least one ", noun, " update is required"));
    if (o_.all && !o_.selection.selector.empty()) return Error("cannot set --all and --selector at the same time");
    ASSIGN_OR_RETURN(changes_, ParseChanges(pairs, o_.labels));
    o_.selection.files = o_.write.files;
    o_.selection.select_all_param = o_.all;
    std::vector<absl::Status> errors;
    std::vector<Info> infos;
    o_.write.files.local = o_.local;
    if (o_.local) {
      ASSIGN_OR_RETURN(infos, ReadFiles(factory_, o_.write.files));
    } else {
      ASSIGN_OR_RETURN(infos, FetchObjects(factory_, o_.selection, &errors));
    }
    for (const Info& info : infos) {
      const absl::Status status = o_.list ? List(info, infos.size() > 1) : Change(info);
      if (!status.ok()) errors.push_back(status);
    }
    return Aggregate(errors);
  }

 private:
  absl::Status List(const Info& info, bool heading) {
    if (heading)
      factory_.io.Out(absl::StrCat("Listing ", field_, " for ", info.resource.kind, ".",
                                   info.resource.group, "/", info.name, ":\n"));
    std::map<std::string, std::string> sorted;
    if (const Value* map = info.object.At(absl::StrCat("metadata.", field_)); map != nullptr) {
      for (const Member& member : map->object()) sorted[member.key] = member.value.as_string();
    }
    for (const auto& [key, value] : sorted)
      factory_.io.Out(absl::StrCat(heading ? " " : "", key, "=", value, "\n"));
    return absl::OkStatus();
  }

  absl::Status Change(const Info& info) {
    Value patch = Value::MakeObject(), result = info.object;
    Value& entries = result.Ensure(absl::StrCat("metadata.", field_));
    if (!entries.is_object()) entries = Value::MakeObject();
    std::vector<absl::Status> taken;
    std::vector<std::string> taken_text;
    for (const auto& [key, value] : changes_.set) {
      const Value* present = entries.Find(key);
      if (!o_.overwrite && present != nullptr && present->as_string() != value) {
        const std::string text =
            absl::StrCat("'", key, "' already has a value (", present->as_string(), ")");
        taken.push_back(Error(absl::StrCat(text, ", and --overwrite is false")));
        taken_text.push_back(text);
      }
    }
    if (!taken.empty()) {
      if (o_.labels) return Aggregate(taken);
      return Error(
          absl::StrCat("--overwrite is false but found the following declared annotation(s): ",
                       absl::StrJoin(taken_text, "; ")));
    }
    for (const auto& [key, value] : changes_.set) {
      if (const Value* present = entries.Find(key);
          present == nullptr || present->as_string() != value)
        patch["metadata"][field_].Set(key, value);
      entries.Set(key, value);
    }
    for (const std::string& key : changes_.remove) {
      if (!entries.Has(key) && o_.labels)
        factory_.io.Out(absl::StrCat("label \"", key, "\" not found.\n"));
      if (entries.Erase(key)) patch["metadata"][field_].Set(key, Value());
    }
    const size_t before = WriteJson(info.object).size(), after = WriteJson(result).size();
    std::string done = o_.labels ? (patch.empty()                     ? "not labeled"
                                    : !o_.overwrite && after < before ? "unlabeled"
                                                                      : "labeled")
                                 : "annotated";
    if (!o_.resource_version.empty()) patch["metadata"].Set("resourceVersion", o_.resource_version);
    if (o_.write.dry_run != DryRun::kClient && !o_.local && (!patch.empty() || !o_.labels)) {
      ASSIGN_OR_RETURN(RestClient * client, factory_.Client());
      ASSIGN_OR_RETURN(result, PatchObject(*client, info.Path() + o_.write.Query(false), "merge",
                                           WriteJson(patch)));
    }
    return PrintResult(factory_, o_.write.print, o_.write.Operation(done), result);
  }

  Factory& factory_;
  Options o_;
  const std::string field_;
  Changes changes_;
};

CommandPtr Make(Factory& factory, bool labels) {
  const std::string name = labels ? "label" : "annotate", noun = labels ? "labels" : "annotations";
  auto command =
      NewCommand(name, absl::StrCat("Update the ", noun, " on a resource"),
                 "[--overwrite] (-f FILENAME | TYPE NAME) KEY_1=VAL_1 ... KEY_N=VAL_N "
                 "[--resource-version=version]",
                 absl::StrCat("  # Add or change one\n  kubectl ", name,
                              " --overwrite pods web-0 tier=front\n\n  # Remove one\n  kubectl ",
                              name, " pods web-0 tier-"));
  auto o = std::make_shared<Options>();
  o->labels = labels;
  FlagSet& f = command->flags;
  AddPrintFlags(&f, &o->write.print);
  AddFileFlags(&f, &o->write.files, "Files, folders or URLs with the objects to change.");
  o->write.AddDryRun(&f);
  o->write.AddFieldManager(&f, "kubectl-" + name);
  f.String(&o->selection.selector, "selector", "l", "Label query that chooses the objects.");
  f.String(&o->selection.field_selector, "field-selector", "",
           "Field query that chooses the objects.");
  f.String(&o->resource_version, "resource-version", "",
           "Change only if the object has this version.");
  f.Bool(&o->selection.all_namespaces, "all-namespaces", "A", "Across all namespaces.");
  f.Bool(&o->all, "all", "", "All objects of the types in the namespace.");
  f.Bool(&o->list, "list", "", absl::StrCat("Show the ", noun, "."));
  f.Bool(&o->local, "local", "", "Change what the file holds, and print it; no server is asked.");
  f.Bool(&o->overwrite, "overwrite", "", "Allow values to be replaced.");
  command->run = [&factory, o](const FlagSet::Parsed& parsed) {
    return Label(factory, *o).Run(parsed.args);
  };
  return command;
}

}  // namespace

CommandPtr MakeLabel(Factory& factory) { return Make(factory, true); }
CommandPtr MakeAnnotate(Factory& factory) { return Make(factory, false); }

}  // namespace kubectl
