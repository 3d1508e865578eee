// kubectl apply view-, set- and edit-last-applied: the annotation that client-side apply keeps.
#include "absl/strings/str_cat.h"
#include "apimachinery/patch/patch.h"
#include "base/status_macros.h"
#include "kubectl/cmd/apply.h"
#include "kubectl/cmd/common.h"
#include "kubectl/cmd/editor.h"

namespace kubectl {
namespace {

struct Options {
  WriteOptions write;
  Selection selection;
  std::string output = "yaml";
  bool all = false, create_annotation = false;
};

std::string LastApplied(const Value& object) {
  const Value* annotations = object.At("metadata.annotations");
  const Value* text = annotations == nullptr ? nullptr : annotations->Find(kLastApplied);
  return text == nullptr ? "" : text->as_string();
}

// The object as the annotation shall hold it, with nothing added.
std::string ConfigurationText(Value object) {
  if (Value* annotations = object.At("metadata.annotations")) annotations->Erase(kLastApplied);
  return WriteJsonSorted(object) + "\n";
}

absl::Status NoAnnotation(const std::string& name) {
  return Error(absl::StrCat("no last-applied-configuration annotation found on resource: ", name));
}

absl::Status View(Factory& factory, Options& o, const std::vector<std::string>& args) {
  if (o.output != "yaml" && o.output != "json")
    return UsageError("kubectl apply view-last-applied",
                      absl::StrCat("Unexpected -o output mode: ", o.output, ", the flag 'output' must be one of yaml|json"));
  o.selection.args = args;
  o.selection.files = o.write.files;
  o.selection.all = true;
  std::vector<absl::Status> errors;
  ASSIGN_OR_RETURN(const std::vector<Info> infos, FetchObjects(factory, o.selection, &errors));
  for (const Info& info : infos) {
    const std::string text = LastApplied(info.object);
    if (text.empty()) continue;
    ASSIGN_OR_RETURN(const Value value, ParseJson(text));
    factory.io.Out(o.output == "json" ? WriteJsonIndented(value, KeyOrder::kSorted, "  ") : WriteYaml(value));
  }
  return Aggregate(errors);
}

absl::Status Set(Factory& factory, Options& o, const std::vector<std::string>& args) {
  RETURN_IF_ERROR(o.write.Complete(factory));
  if (!args.empty()) return Error("no arguments are allowed");
  if (o.write.files.empty()) return Error("must specify one of -f and -k");
  ASSIGN_OR_RETURN(RestClient * client, factory.Client());
  ASSIGN_OR_RETURN(const std::vector<Info> infos, ReadFiles(factory, o.write.files));
  for (const Info& info : infos) {
    ASSIGN_OR_RETURN(Value live, client->Get(info.Path()));
    const std::string before = LastApplied(live), wanted = ConfigurationText(info.object);
    if (before.empty() && !o.create_annotation) {
      return Error(absl::StrCat("no last-applied-configuration annotation found on resource: ", info.name,
                                ", to create the annotation, run the command with --create-annotation"));
    }
    if (before == wanted) {
      factory.io.Out(absl::StrCat("set-last-applied ", info.name, ": no changes required.\n"));
      continue;
    }
    if (o.write.dry_run != DryRun::kClient) {
      Value patch;
      patch["metadata"]["annotations"].Set(kLastApplied, wanted);
      ASSIGN_OR_RETURN(live, PatchObject(*client, info.Path() + o.write.Query(false), "merge", WriteJson(patch)));
    }
    RETURN_IF_ERROR(PrintResult(factory, o.write.print, o.write.Operation("configured"), live));
  }
  return absl::OkStatus();
}

absl::Status Edit(Factory& factory, Options& o, const std::vector<std::string>& args) {
  RETURN_IF_ERROR(o.write.Complete(factory));
  if (args.empty() && o.write.files.empty()) {
    return Error(
        "You must provide one or more resources by argument or filename.\nExample resource "
        "specifications include:\n   '-f "
        "rsrc.yaml'\n   '--filename=rsrc.json'\n   '<resource> <name>'\n   '<resource>'");
  }
  o.selection.args = args;
  o.selection.files = o.write.files;
  ASSIGN_OR_RETURN(RestClient * client, factory.Client());
  ASSIGN_OR_RETURN(const std::vector<Info> infos, FetchObjects(factory, o.selection));
  for (const Info& info : infos) {
    const std::string before = LastApplied(info.object);
    if (before.empty()) return NoAnnotation(info.name);
    ASSIGN_OR_RETURN(const Value value, ParseJson(before));
    const std::string shown = WriteYaml(value);
    ASSIGN_OR_RETURN(const std::string edited, EditText(factory, absl::StrCat(kEditHeader, shown), ".yaml"));
    if (StripComments(edited) == StripComments(shown)) {
      factory.io.Err("Edit cancelled, no changes made.\n");
      continue;
    }
    ASSIGN_OR_RETURN(const Value changed, ParseYaml(edited));
    Value patch;
    patch["metadata"]["annotations"].Set(kLastApplied, ConfigurationText(changed));
    ASSIGN_OR_RETURN(const Value saved,
                     PatchObject(*client, info.Path() + o.write.Query(false), "merge", WriteJson(patch)));
    RETURN_IF_ERROR(PrintResult(factory, o.write.print, o.write.Operation("edited"), saved));
  }
  return absl::OkStatus();
}

}  // namespace

void AddLastApplied(Factory& factory, Command* apply) {
  auto v = std::make_shared<Options>();
  Command& view = apply->Add(NewCommand(
      "view-last-applied", "View the latest last-applied-configuration annotations of a resource/object",
      "(TYPE [NAME | -l label] | TYPE/NAME | -f FILENAME)"));
  AddFileFlags(&view.flags, &v->write.files, "Files, folders or URLs that name the objects.");
  view.flags.String(&v->output, "output", "o", "yaml or json.");
  view.flags.String(&v->selection.selector, "selector", "l", "Label query.");
  view.flags.Bool(&v->all, "all", "", "All objects of the types in the namespace.");
  view.run = [&factory, v](const FlagSet::Parsed& parsed) { return View(factory, *v, parsed.args); };

  auto s = std::make_shared<Options>();
  Command& set = apply->Add(NewCommand(
      "set-last-applied",
      "Set the last-applied-configuration annotation on a live object to match the contents of a file",
      "-f FILENAME"));
  AddPrintFlags(&set.flags, &s->write.print);
  AddFileFlags(&set.flags, &s->write.files, "Files, folders or URLs with the configuration.");
  s->write.AddDryRun(&set.flags);
  set.flags.Bool(&s->create_annotation, "create-annotation", "", "Set it on objects that have none.");
  set.run = [&factory, s](const FlagSet::Parsed& parsed) { return Set(factory, *s, parsed.args); };

  auto e = std::make_shared<Options>();
  Command& edit = apply->Add(NewCommand(
      "edit-last-applied", "Edit latest last-applied-configuration annotations of a resource/object",
      "(RESOURCE/NAME | -f FILENAME)"));
  AddPrintFlags(&edit.flags, &e->write.print);
  AddFileFlags(&edit.flags, &e->write.files, "Files, folders or URLs that name the objects.");
  e->write.AddFieldManager(&edit.flags, "kubectl-client-side-apply");
  edit.run = [&factory, e](const FlagSet::Parsed& parsed) { return Edit(factory, *e, parsed.args); };
}

}  // namespace kubectl
