// kubectl edit: the object in an editor, and what changed as a patch.
#include <unistd.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "apimachinery/patch/patch.h"
#include "apimachinery/schema.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "kubectl/cmd/commands.h"
#include "kubectl/cmd/common.h"
#include "kubectl/cmd/editor.h"

namespace kubectl {
namespace {

struct Options {
  WriteOptions write;
  Selection selection;
  std::string subresource;
  bool save_config = false, windows = false, output_patch = false;
};

constexpr char kIdentityChanged[] = "At least one of apiVersion, kind and name was changed";

class Edit {
 public:
  Edit(Factory& factory, Options options) : factory_(factory), o_(std::move(options)) {}

  absl::Status Run(const std::vector<std::string>& args) {
    RETURN_IF_ERROR(o_.write.Complete(factory_));
    if (args.empty() && o_.write.files.empty()) {
      return Error(
          "You must provide one or more resources by argument or filename.\nExample resource "
          "specifications include:\n   '-f "
          "rsrc.yaml'\n   '--filename=rsrc.json'\n   '<resource> <name>'\n   '<resource>'");
    }
    o_.selection.args = args;
    o_.selection.files = o_.write.files;
    o_.selection.all = true;
    o_.selection.subresource = o_.subresource;
    ASSIGN_OR_RETURN(std::vector<Info> infos, FetchObjects(factory_, o_.selection));
    if (infos.empty()) {
      factory_.io.Err("edit cancelled, no objects found\n");
      return absl::OkStatus();
    }
    const std::string& format = o_.write.print.output;
    json_ = format == "json";
    if (!format.empty() && !json_ && format != "yaml") {
      return Error(absl::StrCat("unable to match a printer suitable for the output format \"", format,
                                "\", allowed formats are: json,kyaml,yaml"));
    }
    Value original = infos[0].object;
    if (infos.size() > 1) {
      original = Value::MakeObject();
      original.Set("apiVersion", "v1");
      original.Set("items", Value::MakeArray());
      for (const Info& info : infos) original["items"].Append(info.object);
      original.Set("kind", "List");
    }
    Value shown = original;
    DropManagedFields(&shown);
    const std::string first = Text(shown);
    std::string content = first, notes;
    const std::string path =
        absl::StrCat("/tmp/kubectl-edit-", getpid(), json_ ? ".json" : ".yaml");
    for (;;) {
      const std::string file = Header(notes) + content;
      RETURN_IF_ERROR(base::WriteFileAtomic(path, file, 0600));
      RETURN_IF_ERROR(OpenEditor(factory_, path));
      ASSIGN_OR_RETURN(const std::string edited, base::ReadFile(path));
      const std::string stripped = StripComments(edited);
      if (!notes.empty() && stripped == StripComments(content)) {
        factory_.io.Err(absl::StrCat("A copy of your changes has been stored to \"", path, "\"\n"));
        return Error("Edit cancelled, no valid changes were saved.");
      }
      if (stripped == StripComments(first)) {
        unlink(path.c_str());
        factory_.io.Err("Edit cancelled, no changes made.\n");
        return absl::OkStatus();
      }
      if (stripped.empty()) {  // an object without anything is none
        factory_.io.Err(absl::StrCat("error: ", infos[0].resource.QualifiedName(), " \"", infos[0].name, "\" is invalid\n",
                                     "A copy of your changes has been stored to \"", path, "\"\n"));
        return Error("Edit cancelled, no valid changes were saved.");
      }
      content = WithoutHeader(edited);
      absl::StatusOr<Value> changed = ParseYaml(content);
      if (!changed.ok()) {
        notes = absl::StrCat("# The edited file had a syntax error: error parsing edited-file: ",
                             changed.status().message(), "\n#\n");
        continue;
      }
      const Array edited_items = infos.size() > 1 ? changed->GetArray("items") : Array{*changed};
      ASSIGN_OR_RETURN(notes, UnknownKinds(edited_items));
      if (!notes.empty()) continue;
      absl::Status failure;
      for (size_t i = 0; i < infos.size() && i < edited_items.size(); ++i) {
        const absl::Status status = Save(infos[i], edited_items[i]);
        if (status.ok()) continue;
        failure = status;
        if (status.message() == kIdentityChanged) {
          factory_.io.Err(absl::StrCat("A copy of your changes has been stored to \"", path, "\"\n"));
          return status;
        }
        absl::StrAppend(&notes, Notes(infos[i], status));
      }
      if (notes.empty()) {
        unlink(path.c_str());
        return failure;
      }
    }
  }

 private:
  std::string Text(const Value& value) const {
    return json_ ? WriteJsonIndented(value) : WriteYaml(value);
  }

  static std::string Header(const std::string& notes) {
    return absl::StrCat(kEditHeader, notes);
  }

  static std::string WithoutHeader(const std::string& text) {
    size_t at = 0;
    while (at < text.size() && text[at] == '#') {
      const size_t end = text.find('\n', at);
      if (end == std::string::npos) return "";
      at = end + 1;
    }
    return text.substr(at);
  }

  // A note for the first object whose kind the server does not have.
  absl::StatusOr<std::string> UnknownKinds(const Array& objects) {
    ASSIGN_OR_RETURN(Discovery * discovery, factory_.Discover());
    for (const Value& object : objects) {
      const absl::Status known = discovery->ForKind(object.GetString("apiVersion"), object.GetString("kind")).status();
      if (known.ok() || o_.subresource == "scale") continue;
      if (!absl::IsNotFound(known)) return known;
      return absl::StrCat("# The edited file had a syntax error: resource mapping not found for name: \"",
                          object.GetString("metadata.name"), "\" namespace: \"", object.GetString("metadata.namespace"),
                          "\" from \"edited-file\": ", known.message(), "\n# ensure CRDs are installed first\n#\n");
    }
    return "";
  }

  absl::Status Save(const Info& info, Value edited) {
    Value original = info.object;
    DropManagedFields(&original);
    if (edited.GetString("metadata.name") != info.name ||
        edited.GetString("apiVersion") != original.GetString("apiVersion")) {
      return Error(kIdentityChanged);
    }
    if (o_.save_config) {
      if (const Value* owners = info.object.At("metadata.managedFields")) edited.Ensure("metadata").Set("managedFields", *owners);
      SetLastApplied(&edited);
      edited["metadata"].Erase("managedFields");
    }
    const auto* message = apimachinery::Schema::Builtin().FindMessage(
        original.GetString("apiVersion"), original.GetString("kind"));
    Value patch;
    if (message != nullptr) {
      ASSIGN_OR_RETURN(patch,
                       apimachinery::patch::CreateTwoWayMergePatch(*message, original, edited));
    } else {
      patch = apimachinery::patch::CreateMergePatch(original, edited);
    }
    if (patch.empty()) {
      return PrintResult(factory_, PrintOptions(), "skipped", original);
    }
    if (o_.output_patch) factory_.io.Out(absl::StrCat("Patch: ", WriteJsonSorted(patch), "\n"));
    ASSIGN_OR_RETURN(RestClient * client, factory_.Client());
    ASSIGN_OR_RETURN(
        const Value saved,
        PatchObject(*client, info.Path(o_.subresource) + o_.write.Query(),
                    message != nullptr ? "strategic" : "merge", WriteJsonSorted(patch)));
    return PrintResult(factory_, o_.write.print, "edited", saved);
  }

  // What the reopened file says at its top.
  std::string Notes(const Info& info, const absl::Status& status) {
    const std::string name = absl::StrCat(info.resource.QualifiedName(), " \"", info.name, "\"");
    const Value details = ApiStatusOf(status);
    std::string text;
    if (ApiReason(status) == "Invalid") {
      factory_.io.Err(absl::StrCat("error: ", name, " is invalid\n"));
      absl::StrAppend(&text, "# ", name, " was not valid:\n");
      for (const Value& cause : details.GetArray("details.causes")) {
        const std::string message =
            absl::StrCat(cause.GetString("field"), ": ", cause.GetString("message"));
        absl::StrAppend(
            &text, "# * ",
            absl::StrJoin(absl::StrSplit(absl::StripTrailingAsciiWhitespace(message), '\n'),
                          "\n#   "),
            "\n");
      }
    } else if (ApiNotFound(status)) {
      factory_.io.Err(absl::StrCat("error: ", name, " could not be found on the server\n"));
      absl::StrAppend(&text, "# ", name, " could not be found on the server:\n");
    } else {
      factory_.io.Err(absl::StrCat("error: ", name, " could not be patched: ", status.message(),
                                   "\n", "You can run `kubectl replace -f /tmp/kubectl-edit-",
                                   getpid(), ".yaml` to try this update again.\n"));
      absl::StrAppend(&text, "# ", status.message(), "\n");
    }
    return text + "#\n";
  }

  Factory& factory_;
  Options o_;
  bool json_ = false;
};

}  // namespace

CommandPtr MakeEdit(Factory& factory) {
  auto command =
      NewCommand("edit", "Edit a resource on the server", "(RESOURCE/NAME | -f FILENAME)",
                 "  # In the editor you like\n  KUBE_EDITOR=nano kubectl edit deployment/web");
  command->about =
      "Edit a resource from the default editor.\n\n The object opens as YAML (or JSON, with -o "
      "json) in the editor that KUBE_EDITOR or EDITOR "
      "names, else vi. When it is saved, what changed is sent to the server; when the server "
      "refuses it, the file opens again with the reasons.";
  auto o = std::make_shared<Options>();
  FlagSet& f = command->flags;
  AddPrintFlags(&f, &o->write.print);
  AddFileFlags(&f, &o->write.files, "Files, folders or URLs with the objects to edit.");
  o->write.AddValidate(&f);
  o->write.AddFieldManager(&f, "kubectl-edit");
  f.String(&o->subresource, "subresource", "", "Edit this subresource of the object.");
  f.Bool(&o->save_config, "save-config", "",
         "Keep the configuration in the object's annotation, as kubectl apply does.");
  f.Bool(&o->windows, "windows-line-endings", "", "End lines as Windows does.");
  f.Bool(&o->output_patch, "output-patch", "", "Print the patch that is sent.");
  command->run = [&factory, o](const FlagSet::Parsed& parsed) {
    return Edit(factory, *o).Run(parsed.args);
  };
  return command;
}

}  // namespace kubectl
