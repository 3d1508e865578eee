// kubectl create: from files; create_generators.cc adds the subcommands.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "apimachinery/labels.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "kubectl/cmd/commands.h"
#include "kubectl/cmd/common.h"
#include "kubectl/cmd/create_generators.h"
#include "kubectl/cmd/editor.h"

namespace kubectl {
namespace {

struct Options {
  WriteOptions write;
  std::string raw, selector;
  bool edit = false, save_config = false, windows = false;
};

// The objects as they come out of the editor; none when it left them alone or empty.
absl::StatusOr<std::vector<Info>> Edited(Factory& factory, const std::vector<Info>& infos, bool json) {
  Value shown = Value::MakeObject();
  if (infos.size() == 1) {
    shown = infos[0].object;
  } else {
    shown.Set("apiVersion", "v1");
    shown.Set("kind", "List");
    shown.Set("items", Value::MakeArray());
    for (const Info& info : infos) shown["items"].Append(info.object);
  }
  const std::string text = json ? WriteJsonIndented(shown) : WriteYaml(shown);
  ASSIGN_OR_RETURN(const std::string edited,
                   EditText(factory, absl::StrCat(kEditHeader, text), json ? ".json" : ".yaml"));
  if (StripComments(edited).empty()) return Error("Edit cancelled, saved file was empty.");
  ASSIGN_OR_RETURN(const Value changed, ParseYaml(edited));
  std::vector<Info> out = infos;
  const Array items = infos.size() == 1 ? Array{changed} : changed.GetArray("items");
  out.resize(std::min(out.size(), items.size()));
  for (size_t i = 0; i < out.size(); ++i) {
    out[i].object = items[i];
    out[i].name = items[i].GetString("metadata.name");
  }
  return out;
}

absl::Status Run(Factory& factory, Options& options, const std::vector<std::string>& args) {
  RETURN_IF_ERROR(options.write.Complete(factory));
  if (!args.empty())
    return UsageError("kubectl create",
                      absl::StrCat("Unexpected args: [", absl::StrJoin(args, " "), "]"));
  if (options.write.files.empty() && options.raw.empty())
    return Error("must specify one of -f and -k");
  ASSIGN_OR_RETURN(RestClient * client, factory.Client());
  if (!options.raw.empty()) {
    if (options.write.files.empty()) return Error("must specify one of -f and -k");
    if (!options.write.print.output.empty()) return Error("--raw and --output are mutually exclusive");
    if (options.write.files.filenames.size() != 1)
      return Error("--raw can only use a single local file or stdin");
    const std::string& file = options.write.files.filenames[0];
    Request request;
    request.method = "POST";
    request.path = options.raw;
    if (file == "-")
      request.body = ReadAll(factory.io.in_fd);
    else {
      ASSIGN_OR_RETURN(request.body, base::ReadFile(file));
    }
    ASSIGN_OR_RETURN(const Response response, client->Do(request));
    factory.io.Out(response.body);
    return absl::OkStatus();
  }
  std::vector<absl::Status> errors;
  ASSIGN_OR_RETURN(std::vector<Info> infos,
                   ReadFiles(factory, options.write.files, options.write.field_validation, &errors));
  if (options.edit) {
    ASSIGN_OR_RETURN(infos, Edited(factory, infos, options.write.print.output == "json"));
    options.write.dry_run = DryRun::kNone;  // what was edited is created, as stock kubectl does
  }
  ASSIGN_OR_RETURN(const auto selector, apimachinery::LabelSelector::Parse(options.selector));
  std::erase_if(infos, [&](const Info& info) {
    return !selector.Matches(info.object.At("metadata.labels"));
  });
  if (infos.empty() && errors.empty()) return Error("no objects passed to create");
  PrintOptions print = options.write.print;
  print.operation = options.write.Operation("created");
  ASSIGN_OR_RETURN(const auto printer, MakeObjectPrinter(print));
  for (Info& info : infos) {
    if (options.save_config) SetLastApplied(&info.object);
    if (options.write.dry_run != DryRun::kClient) {
      Request request;
      request.method = "POST";
      request.path = info.resource.Path(info.ns) + options.write.Query();
      request.body = WriteJson(info.object);
      absl::StatusOr<Value> created = client->Json(request);
      if (!created.ok()) {
        errors.push_back(AddContext(created.status(),
                                    absl::StrCat("error when creating \"", info.source, "\": ")));
        continue;
      }
      info.object = *std::move(created);
    }
    RETURN_IF_ERROR(printer->Print(info.object, factory.io.out));
  }
  printer->Finish(factory.io.out);
  return Aggregate(errors);
}

}  // namespace

CommandPtr MakeCreate(Factory& factory) {
  auto command = NewCommand("create", "Create a resource from a file or from stdin", "-f FILENAME",
                            "  # From a file\n  kubectl create -f pod.yaml\n\n  # From standard "
                            "input\n  cat pod.json | kubectl create -f -");
  command->about =
      "Create a resource from a file or from stdin.\n\n JSON and YAML formats are accepted.";
  auto o = std::make_shared<Options>();
  FlagSet& f = command->flags;
  AddPrintFlags(&f, &o->write.print);
  AddFileFlags(&f, &o->write.files, "Files, folders or URLs with the objects to create.");
  o->write.AddDryRun(&f);
  o->write.AddValidate(&f);
  o->write.AddFieldManager(&f, "kubectl-create");
  f.Bool(&o->edit, "edit", "", "Edit the object before it is created.");
  f.Bool(&o->save_config, "save-config", "",
         "Keep the configuration in the object's annotation, as kubectl apply does.");
  f.Bool(&o->windows, "windows-line-endings", "", "Only relevant with --edit.");
  f.String(&o->raw, "raw", "", "POST the file to this path.");
  f.String(&o->selector, "selector", "l", "Create only the objects with these labels.");
  command->run = [&factory, o](const FlagSet::Parsed& parsed) {
    return Run(factory, *o, parsed.args);
  };
  AddGenerators(factory, command.get());
  return command;
}

}  // namespace kubectl
