#include "kubectl/kustomize/patches.h"

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "apimachinery/cel/regex.h"
#include "apimachinery/go_quote.h"
#include "apimachinery/labels.h"
#include "apimachinery/patch/patch.h"
#include "apimachinery/schema.h"
#include "base/status_macros.h"
#include "kubectl/cli/codec.h"
#include "kubectl/cli/errors.h"
#include "kubectl/kustomize/merge.h"

namespace kubectl::kustomize {
namespace {

struct Pattern {
  std::shared_ptr<const apimachinery::cel::Regex> regex;  // null: anything

  static absl::StatusOr<Pattern> Make(const std::string& text) {
    if (text.empty()) return Pattern{};
    std::string error;
    const std::string anchored = absl::StartsWith(text, "^") && absl::EndsWith(text, "$") ? text : absl::StrCat("^(?:", text, ")$");
    Pattern made{apimachinery::cel::CompileRegex(anchored, &error)};
    if (made.regex == nullptr) return Error(error);
    return made;
  }
  bool Matches(const std::string& text) const { return regex == nullptr || regex->Matches(text); }
};

absl::StatusOr<std::vector<Resource*>> Select(const Value& target, Resources* resources) {
  const auto pattern = [&](absl::string_view name) { return Pattern::Make(target.GetString(name)); };
  ASSIGN_OR_RETURN(const Pattern group, pattern("group"));
  ASSIGN_OR_RETURN(const Pattern version, pattern("version"));
  ASSIGN_OR_RETURN(const Pattern kind, pattern("kind"));
  ASSIGN_OR_RETURN(const Pattern name, pattern("name"));
  ASSIGN_OR_RETURN(const Pattern ns, pattern("namespace"));
  ASSIGN_OR_RETURN(const auto labels, apimachinery::LabelSelector::Parse(target.GetString("labelSelector")));
  ASSIGN_OR_RETURN(const auto annotations, apimachinery::LabelSelector::Parse(target.GetString("annotationSelector")));
  std::vector<Resource*> selected;
  for (Resource& resource : *resources) {
    const ResourceId now = resource.Id(), first = resource.OriginalId();
    if (!group.Matches(now.group) || !version.Matches(now.version) || !kind.Matches(now.kind)) continue;
    if (!name.Matches(first.name) && !name.Matches(now.name)) continue;
    if (!ns.Matches(first.EffectiveNs()) && !ns.Matches(now.EffectiveNs())) continue;
    if (!labels.Matches(resource.object.At("metadata.labels"))) continue;
    if (!annotations.Matches(resource.object.At("metadata.annotations"))) continue;
    selected.push_back(&resource);
  }
  return selected;
}

// A JSON patch: an array, strict JSON when it starts with a bracket, else YAML.
absl::StatusOr<Value> ParseJsonPatch(const std::string& text) {
  if (absl::StripAsciiWhitespace(text).empty()) return Value::MakeArray();  // an empty file does nothing
  absl::StatusOr<Value> parsed = text[0] == '[' ? ParseJson(text) : ParseYaml(text);
  if (!parsed.ok()) return parsed.status();
  if (!parsed->is_array()) return Error("a JSON patch is a list of operations");
  for (const Value& operation : parsed->array()) {
    if (!operation.is_object()) return Error("an operation of a JSON patch is an object");
  }
  return parsed;
}

// Why an operation cannot be carried out, in the words of kustomize's JSON patch library.
std::string Refusal(const Value& object, const Value& operation) {
  const std::string op = operation.GetString("op"), path = operation.GetString("path"), from = operation.GetString("from");
  if (op != "add" && op != "remove" && op != "replace" && op != "test" && op != "move" && op != "copy")
    return absl::StrCat("Unexpected kind: ", op);
  if (op == "test") return absl::StrCat("testing value ", path, " failed: test failed");
  const std::string& place = op == "move" || op == "copy" ? from : path;
  const std::vector<std::string> names = absl::StrSplit(place, '/');
  const Value* parent = &object;
  for (size_t i = 1; i + 1 < names.size() && parent != nullptr; ++i) {
    const std::string name = absl::StrReplaceAll(names[i], {{"~1", "/"}, {"~0", "~"}});
    size_t index = 0;
    if (parent->is_array()) {
      parent = absl::SimpleAtoi(name, &index) && index < parent->size() ? &parent->array()[index] : nullptr;
    } else {
      parent = parent->Find(name);
    }
  }
  const std::string last = names.back();
  if (parent == nullptr || !(parent->is_object() || parent->is_array())) {
    if (op == "add") return absl::StrCat("add operation does not apply: doc is missing path: \"", path, "\": missing value");
    return absl::StrCat(op, " operation does not apply: doc is missing path: ", place, ": missing value");
  }
  if (parent->is_array())
    return absl::StrCat("error in ", op, " for path: '", place, "': Unable to access invalid index: ", last,
                        ": invalid index referenced");
  if (op == "remove") return absl::StrCat("error in remove for path: '", path, "': Unable to remove nonexistent key: ", last, ": missing value");
  if (op == "move") return absl::StrCat("error in move for path: '", last, "': Unable to remove nonexistent key: ", last, ": missing value");
  return absl::StrCat(op, " operation does not apply: doc is missing path: ", place, ": missing value");
}

absl::Status ApplyOperations(const Value& operations, Resource* resource) {
  resource->RememberId();
  for (const Value& operation : operations.array()) {
    Value one = Value::MakeArray();
    one.Append(operation);
    absl::StatusOr<Value> changed = apimachinery::patch::ApplyJsonPatch(resource->object, one);
    if (!changed.ok()) return Error(Refusal(resource->object, operation));
    resource->object = *std::move(changed);
  }
  return absl::OkStatus();
}

struct MergeRights {
  bool name_change = false, kind_change = false;
};

// True: the object is gone.
bool ApplyMerge(const Value& patch, const MergeRights& rights, Resource* resource) {
  const ResourceId id = resource->Id();
  if (rights.name_change || rights.kind_change) resource->RememberId();
  const apimachinery::Message* message = apimachinery::Schema::Builtin().FindMessage(
      resource->object.GetString("apiVersion"), id.kind);
  if (!MergeInto(&resource->object, patch, message) || resource->object.empty()) return true;
  if (!rights.kind_change) {
    resource->object.Set("kind", id.kind);
    resource->object.Set("apiVersion", id.group.empty() ? id.version : absl::StrCat(id.group, "/", id.version));
  }
  Value& metadata = resource->object.Ensure("metadata");
  if (!rights.name_change) metadata.Set("name", id.name);
  if (!id.ns.empty()) {
    metadata.Set("namespace", id.ns);
  } else {
    metadata.Erase("namespace");
  }
  return false;
}

void Remove(const std::vector<Resource*>& gone, Resources* resources) {
  if (gone.empty()) return;
  Resources rest;
  for (Resource& resource : *resources) {
    if (std::find(gone.begin(), gone.end(), &resource) == gone.end()) rest.push_back(std::move(resource));
  }
  *resources = std::move(rest);
}

absl::Status MergeByIds(const Resources& patches, const MergeRights& rights, Resources* resources) {
  for (const Resource& patch : patches) {
    const std::string id = patch.Id().ToString();
    absl::StatusOr<Resource*> target = FindById(*resources, patch.Id());
    if (!target.ok()) {
      return Error(absl::StrCat("no resource matches strategic merge patch \"", id, "\": ", target.status().message(),
                                "; failed to find unique target for patch ", id));
    }
    if (ApplyMerge(patch.object, rights, *target)) Remove({*target}, resources);
  }
  return absl::OkStatus();
}

// `plugin` and `config` are how kustomize's errors call a broken entry.
absl::Status Broken(absl::string_view plugin, const Value& config, absl::string_view why) {
  return Error(absl::StrCat("trouble configuring builtin ", plugin, " with config: `\n", WriteYaml(config), "`: ", why));
}

absl::Status ApplyPatch(const Value& entry, const Loader& loader, Resources* resources) {
  const std::string path = entry.GetString("path");
  std::string text(absl::StripAsciiWhitespace(entry.GetString("patch")));
  const auto broken = [&](absl::string_view why) { return Broken("PatchTransformer", entry, why); };
  if (text.empty() && path.empty())
    return broken(absl::StrCat("must specify one of patch and path in\n", absl::StripSuffix(WriteYaml(entry), "\n")));
  if (!text.empty() && !path.empty())
    return broken(absl::StrCat("patch and path can't be set at the same time\n", absl::StripSuffix(WriteYaml(entry), "\n")));
  std::string source = absl::StrCat("[patch: ", apimachinery::GoQuote(text), "]");
  if (!path.empty()) {
    absl::StatusOr<std::string> loaded = loader.Load(path);
    if (!loaded.ok())
      return broken(absl::StrCat("failed to get the patch file from path(", path, "): ", loaded.status().message()));
    text = *std::move(loaded);
    source = absl::StrCat("[path: ", apimachinery::GoQuote(path), "]");
  }
  const absl::StatusOr<Resources> merges = ParseResources(text, path);
  const absl::StatusOr<Value> operations = ParseJsonPatch(text);
  const bool is_merge = merges.ok() && !merges->empty();
  if (is_merge && operations.ok()) return broken(absl::StrCat("illegally qualifies as both an SM and JSON patch: ", source));
  if (!is_merge && !operations.ok()) return broken(absl::StrCat("unable to parse SM or JSON patch from ", source));
  const Value* target = entry.Find("target");
  const Value* options = entry.Find("options");
  const MergeRights rights{options != nullptr && options->GetBool("allowNameChange"),
                           options != nullptr && options->GetBool("allowKindChange")};
  if (target == nullptr) {
    if (is_merge) return MergeByIds(*merges, rights, resources);
    return Error(absl::StrCat("must specify a target for JSON patch ", source));
  }
  if (is_merge && merges->size() > 1) {
    return Error(absl::StrCat("Multiple Strategic-Merge Patches in one `patches` entry is not allowed to set "
                              "`patches.target` field: ", source));
  }
  ASSIGN_OR_RETURN(const std::vector<Resource*> selected, Select(*target, resources));
  std::vector<Resource*> gone;
  for (Resource* resource : selected) {
    if (!is_merge) {
      RETURN_IF_ERROR(ApplyOperations(*operations, resource));
    } else if (ApplyMerge(merges->front().object, rights, resource)) {
      gone.push_back(resource);
    }
  }
  Remove(gone, resources);
  return absl::OkStatus();
}

}  // namespace

absl::Status ApplyPatches(const Kustomization& kustomization, const Loader& loader, Resources* resources) {
  const Array& merges = kustomization.fields.GetArray("patchesStrategicMerge");
  for (const Value& entry : merges) {
    const std::string& text = entry.as_string();
    const absl::StatusOr<std::string> file = loader.Load(text);
    absl::StatusOr<Resources> patches = ParseResources(file.ok() ? *file : text, text);
    if (!patches.ok() || patches->empty()) {
      Value config;
      config.Set("paths", Value(merges));
      return Broken("PatchStrategicMergeTransformer", config,
                    file.ok() ? absl::string_view(patches.status().message()) : absl::string_view(file.status().message()));
    }
    RETURN_IF_ERROR(MergeByIds(*patches, {}, resources));
  }
  for (const Value& entry : kustomization.fields.GetArray("patches"))
    RETURN_IF_ERROR(ApplyPatch(entry, loader, resources));
  return absl::OkStatus();
}

absl::Status ApplyJson6902(const Kustomization& kustomization, const Loader& loader, Resources* resources) {
  for (const Value& entry : kustomization.fields.GetArray("patchesJson6902")) {
    const std::string path = entry.GetString("path");
    std::string text = entry.GetString("patch");
    Value config;
    if (const Value* target = entry.Find("target")) config.Set("target", *target);
    if (!path.empty()) config.Set("path", path);
    if (!text.empty()) config.Set("jsonOp", text);
    const auto broken = [&](absl::string_view why) { return Broken("PatchJson6902Transformer", config, why); };
    const Value* target = entry.Find("target");
    if (target == nullptr || target->GetString("name").empty()) return broken("must specify the target name");
    if (path.empty() == text.empty()) {
      return broken(path.empty() ? "must specify a json patch file path or in-line jsonOp"
                                 : "must specify only one of path and jsonOp");
    }
    if (!path.empty()) {
      ASSIGN_OR_RETURN(text, loader.Load(path));
    }
    const absl::StatusOr<Value> operations = ParseJsonPatch(text);
    if (!operations.ok()) return broken(absl::StrCat("decoding ", text, ": ", operations.status().message()));
    ResourceId id{target->GetString("group"), target->GetString("version"), target->GetString("kind"),
                  target->GetString("name"), target->GetString("namespace")};
    ASSIGN_OR_RETURN(Resource * resource, FindById(*resources, id));
    RETURN_IF_ERROR(ApplyOperations(*operations, resource));
  }
  return absl::OkStatus();
}

}  // namespace kubectl::kustomize
