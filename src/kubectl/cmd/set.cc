// kubectl set image, env and resources: changes to a pod template.
#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "apimachinery/codec.h"
#include "apimachinery/names.h"
#include "apimachinery/patch/patch.h"
#include "apimachinery/quantity.h"
#include "apimachinery/schema.h"
#include "base/status_macros.h"
#include "kubectl/cmd/commands.h"
#include "kubectl/cmd/common.h"
#include "kubectl/cmd/set.h"

namespace kubectl {

Value* PodSpecOf(Value* object) {
  const std::string kind = object->GetString("kind");
  if (kind == "Pod") return object->At("spec");
  if (kind == "CronJob") return object->At("spec.jobTemplate.spec.template.spec");
  return object->At("spec.template.spec");
}

absl::StatusOr<Value> SaveChange(RestClient& client, const Info& info, const Value& changed, const std::string& query) {
  const auto* message = apimachinery::Schema::Builtin().FindMessage(changed.GetString("apiVersion"), changed.GetString("kind"));
  Value patch;
  if (message != nullptr) {
    ASSIGN_OR_RETURN(patch, apimachinery::patch::CreateTwoWayMergePatch(*message, info.object, changed));
  } else {
    patch = apimachinery::patch::CreateMergePatch(info.object, changed);
  }
  return PatchObject(client, info.Path() + query, message != nullptr ? "strategic" : "merge", WriteJson(patch));
}

absl::Status NeedResources() {
  return Error(
      "You must provide one or more resources by argument or filename.\nExample resource "
      "specifications include:\n   '-f "
      "rsrc.yaml'\n   '--filename=rsrc.json'\n   '<resource> <name>'\n   '<resource>'");
}

absl::Status NoPodTemplate(const Info& info, bool local) {
  return Error(absl::StrCat("error: ", local ? info.KindSlashName() : absl::StrCat(info.resource.QualifiedName(), "/", info.name),
                            " the object is not a pod or does not have a pod template: ",
                            GoType(info.resource), "\n"));
}

Value Typed(Value object) {
  const auto* message =
      apimachinery::Schema::Builtin().FindMessage(object.GetString("apiVersion"), object.GetString("kind"));
  if (message == nullptr) return object;
  absl::StatusOr<apimachinery::Decoded> decoded = apimachinery::DecodeTree(*message, object);
  if (!decoded.ok()) return object;
  std::string json;
  apimachinery::EncodeJson(*message, decoded->value, &json);
  absl::StatusOr<Value> typed = ParseJson(json);
  if (!typed.ok()) return object;
  // An object of the API begins with its kind.
  Value named;
  named.Set("kind", object.GetString("kind"));
  named.Set("apiVersion", object.GetString("apiVersion"));
  for (Member& member : typed->object()) named.Set(member.key, std::move(member.value));
  return named;
}

namespace {

struct Options {
  WriteOptions write;
  Selection selection;
  std::string containers = "*", from, prefix, limits, requests;
  std::vector<std::string> env, keys;
  bool all = false, local = false, list = false, overwrite = true, resolve = false;
};

constexpr char kNoContainers[] = "does not have any containers matching";

using OptionsPtr = std::shared_ptr<Options>;
// Changes the pod spec; answers false when nothing changed.
using Change = std::function<absl::StatusOr<bool>(Value* pod_spec)>;

bool Matches(const std::string& pattern, const std::string& name) {
  if (pattern == "*") return true;
  const size_t star = pattern.find('*');
  if (star == std::string::npos) return pattern == name;
  return absl::StartsWith(name, pattern.substr(0, star)) &&
         absl::EndsWith(name, pattern.substr(star + 1));
}

// Resources first, then words with '=' (or a final '-' where `removals`).
void Split(const std::vector<std::string>& args, bool removals, std::vector<std::string>* resources,
           std::vector<std::string>* pairs) {
  for (const std::string& arg : args) {
    if (absl::StrContains(arg, '=') || (removals && absl::EndsWith(arg, "-")))
      pairs->push_back(arg);
    else
      resources->push_back(arg);
  }
}

absl::Status ApplyToAll(Factory& factory, Options& o, const std::vector<std::string>& resources,
                        absl::string_view done, const Change& change) {
  o.selection.args = resources;
  o.selection.files = o.write.files;
  o.selection.select_all_param = o.all;
  o.write.files.local = o.local;
  std::vector<absl::Status> errors;
  std::vector<Info> infos;
  if (o.local) {
    ASSIGN_OR_RETURN(infos, ReadFiles(factory, o.write.files));
  } else {
    ASSIGN_OR_RETURN(infos, FetchObjects(factory, o.selection, &errors));
  }
  for (const Info& info : infos) {
    Value changed = info.object;
    Value* spec = PodSpecOf(&changed);
    if (spec == nullptr) {
      errors.push_back(NoPodTemplate(info, o.local));
      continue;
    }
    absl::StatusOr<bool> any = change(spec);
    if (!any.ok() && absl::StartsWith(any.status().message(), kNoContainers)) {
      factory.io.Err(absl::StrCat("Warning: ", info.resource.kind, "/", info.name, " ", any.status().message(), "\n"));
      continue;
    }
    if (!any.ok()) {
      errors.push_back(done == "env" ? Error(absl::StrCat(info.resource.name, "/", info.name, " ",
                                                          any.status().message()))
                                     : any.status());
      continue;
    }
    if (!*any || changed == info.object) continue;
    if (!o.local && o.write.dry_run != DryRun::kClient) {
      ASSIGN_OR_RETURN(RestClient * client, factory.Client());
      absl::StatusOr<Value> saved = SaveChange(*client, info, changed, o.write.Query(false));
      if (!saved.ok()) {
        errors.push_back(AddContext(
            saved.status(), absl::StrCat("failed to patch ", done, " update to pod template: ")));
        continue;
      }
      changed = *std::move(saved);
    }
    if (o.local) changed = Typed(std::move(changed));
    RETURN_IF_ERROR(PrintResult(factory, o.write.print,
                                o.write.Operation(absl::StrCat(done, " updated")), changed));
  }
  return Aggregate(errors);
}

absl::Status NeedResources(const std::vector<std::string>& resources, const Options& o) {
  return resources.empty() && o.write.files.empty() ? kubectl::NeedResources() : absl::OkStatus();
}

absl::Status SetImage(Factory& factory, Options& o, const std::vector<std::string>& args) {
  RETURN_IF_ERROR(o.write.Complete(factory));
  std::vector<std::string> resources, pairs;
  Split(args, false, &resources, &pairs);
  RETURN_IF_ERROR(NeedResources(resources, o));
  if (pairs.empty()) return Error("at least one image update is required");
  return ApplyToAll(factory, o, resources, "image", [&](Value* spec) -> absl::StatusOr<bool> {
    for (const std::string& pair : pairs) {
      const size_t equals = pair.find('=');
      const std::string name = pair.substr(0, equals), image = pair.substr(equals + 1);
      bool found = false;
      for (const char* list : {"initContainers", "containers"}) {
        Value* containers = spec->Find(list);
        if (containers == nullptr || !containers->is_array()) continue;
        for (Value& container : containers->array()) {
          if (name != "*" && container.GetString("name") != name) continue;
          container.Set("image", image);
          found = true;
        }
      }
      if (!found) return Error(absl::StrCat("unable to find container named \"", name, "\""));
    }
    return true;
  });
}

// The value that a reference to a secret or config map stands for; nullopt for other sources.
absl::StatusOr<std::optional<std::string>> Resolved(Factory& factory, const std::string& ns,
                                                    const Value& from) {
  ASSIGN_OR_RETURN(RestClient * client, factory.Client());
  for (const auto& [field, plural] :
       {std::pair("secretKeyRef", "secrets"), std::pair("configMapKeyRef", "configmaps")}) {
    const Value* reference = from.Find(field);
    if (reference == nullptr) continue;
    ASSIGN_OR_RETURN(const Value source,
                     client->Get(absl::StrCat("/api/v1/namespaces/", ns, "/", plural, "/",
                                              UrlEscape(reference->GetString("name")))));
    const Value* data = source.Find("data");
    const Value* found = data == nullptr ? nullptr : data->Find(reference->GetString("key"));
    if (found == nullptr) return std::optional<std::string>("");
    std::string text = found->as_string();
    if (plural == absl::string_view("secrets")) absl::Base64Unescape(found->as_string(), &text);
    return std::optional<std::string>(text);
  }
  return std::optional<std::string>();
}

absl::Status ListEnv(Factory& factory, Options& o, const std::vector<std::string>& resources) {
  o.selection.args = resources;
  o.selection.files = o.write.files;
  o.selection.select_all_param = o.all;
  ASSIGN_OR_RETURN(std::vector<Info> infos, FetchObjects(factory, o.selection));
  for (Info& info : infos) {
    Value* spec = PodSpecOf(&info.object);
    if (spec == nullptr) continue;
    for (const char* list : {"initContainers", "containers"}) {
      for (const Value& container : spec->GetArray(list)) {
        if (!Matches(o.containers, container.GetString("name"))) continue;
        factory.io.Out(absl::StrCat("# ", info.resource.kind, " ", info.name, ", container ",
                                    container.GetString("name"), "\n"));
        for (const Value& e : container.GetArray("env")) {
          const Value* from = e.Find("valueFrom");
          if (from != nullptr && o.resolve) {
            ASSIGN_OR_RETURN(const std::optional<std::string> value, Resolved(factory, info.ns, *from));
            if (value.has_value()) {
              factory.io.Out(absl::StrCat(e.GetString("name"), "=", *value, "\n"));
              continue;
            }
          }
          if (from == nullptr)
            factory.io.Out(absl::StrCat(e.GetString("name"), "=", e.GetString("value"), "\n"));
          else if (const Value* s = from->Find("secretKeyRef"))
            factory.io.Out(absl::StrCat("# ", e.GetString("name"), " from secret ",
                                        s->GetString("name"), ", key ", s->GetString("key"), "\n"));
          else if (const Value* m = from->Find("configMapKeyRef"))
            factory.io.Out(absl::StrCat("# ", e.GetString("name"), " from configmap ",
                                        m->GetString("name"), ", key ", m->GetString("key"), "\n"));
          else if (const Value* f = from->Find("fieldRef"))
            factory.io.Out(absl::StrCat("# ", e.GetString("name"), " from field path ",
                                        f->GetString("fieldPath"), "\n"));
          else
            factory.io.Out(absl::StrCat("# ", e.GetString("name"), " from a resource field\n"));
        }
      }
    }
  }
  return absl::OkStatus();
}

absl::Status SetEnv(Factory& factory, Options& o, const std::vector<std::string>& args) {
  RETURN_IF_ERROR(o.write.Complete(factory));
  std::vector<std::string> resources, pairs = o.env;
  Split(args, true, &resources, &pairs);
  RETURN_IF_ERROR(NeedResources(resources, o));
  if (std::erase(pairs, "-") > 0) {  // NAME=VALUE lines on standard input
    for (const absl::string_view line : absl::StrSplit(ReadAll(factory.io.in_fd), '\n', absl::SkipWhitespace()))
      pairs.emplace_back(absl::StripAsciiWhitespace(line));
  }
  if (o.list) return ListEnv(factory, o, resources);
  std::vector<std::pair<std::string, Value>> sets;
  std::vector<std::string> removes;
  for (const std::string& pair : pairs) {
    const size_t equals = pair.find('=');
    if (equals == std::string::npos) {
      removes.push_back(pair.substr(0, pair.size() - 1));
      continue;
    }
    if (const apimachinery::Problems problems = apimachinery::IsEnvVarName(pair.substr(0, equals)); !problems.empty()) {
      return Error(absl::StrCat("\"", pair.substr(0, equals), "\" is not a valid key name: ", absl::StrJoin(problems, ";")));
    }
    Value entry;
    entry.Set("name", o.prefix + pair.substr(0, equals));
    if (equals + 1 < pair.size()) entry.Set("value", pair.substr(equals + 1));
    sets.emplace_back(o.prefix + pair.substr(0, equals), std::move(entry));
  }
  if (!o.from.empty()) {
    Selection selection;
    selection.args = {o.from};
    ASSIGN_OR_RETURN(const std::vector<Info> sources, FetchObjects(factory, selection));
    for (const Info& source : sources) {
      const bool secret = source.resource.kind == "Secret";
      if (!secret && source.resource.kind != "ConfigMap")
        return Error(absl::StrCat("unsupported resource specified in --from"));
      const Value* data = source.object.Find("data");
      if (data == nullptr) continue;
      Value sorted = *data;
      SortMembers(&sorted);
      for (const Member& member : sorted.object()) {
        if (!o.keys.empty() && std::find(o.keys.begin(), o.keys.end(), member.key) == o.keys.end())
          continue;
        std::string name = o.prefix;
        for (const char c : member.key)
          name += isalnum(static_cast<unsigned char>(c)) ? static_cast<char>(toupper(c)) : '_';
        if (name != o.prefix + member.key)
          factory.io.Err(absl::StrCat("Warning: key ", member.key, " transferred to ", name, "\n"));
        Value entry;
        entry.Set("name", name);
        Value& reference = entry["valueFrom"][secret ? "secretKeyRef" : "configMapKeyRef"];
        reference.Set("name", source.name);
        reference.Set("key", member.key);
        sets.emplace_back(name, std::move(entry));
      }
    }
  }
  return ApplyToAll(factory, o, resources, "env", [&](Value* spec) -> absl::StatusOr<bool> {
    bool found = false;
    for (const char* list : {"initContainers", "containers"}) {
      Value* containers = spec->Find(list);
      if (containers == nullptr || !containers->is_array()) continue;
      for (Value& container : containers->array()) {
        if (!Matches(o.containers, container.GetString("name"))) continue;
        found = true;
        Value& env = container["env"];
        if (!env.is_array()) env = Value::MakeArray();
        for (const auto& [name, entry] : sets) {
          auto it =
              std::find_if(env.array().begin(), env.array().end(),
                           [&name = name](const Value& e) { return e.GetString("name") == name; });
          if (it == env.array().end())
            env.Append(entry);
          else if (!o.overwrite && !(*it == entry))
            return Error(absl::StrCat("'", name, "' already has a value (", it->GetString("value"),
                                      "), and --overwrite is false"));
          else
            *it = entry;
        }
        for (const std::string& name : removes) {
          Array& entries = env.array();
          entries.erase(std::remove_if(entries.begin(), entries.end(),
                                       [&](const Value& e) { return e.GetString("name") == name; }),
                        entries.end());
        }
        if (env.empty()) container.Erase("env");
      }
    }
    if (!found)
      return Error(absl::StrCat(kNoContainers, " \"", o.containers, "\""));
    return true;
  });
}

absl::StatusOr<Value> ParseAmounts(const std::string& text) {
  Value amounts = Value::MakeObject();
  for (const absl::string_view pair : absl::StrSplit(text, ',', absl::SkipEmpty())) {
    const std::vector<std::string> parts = absl::StrSplit(pair, '=');
    if (parts.size() != 2)
      return Error(absl::StrCat("Invalid argument syntax ", pair, ", expected <resource>=<value>"));
    ASSIGN_OR_RETURN(const std::string canonical, apimachinery::CanonicalQuantity(parts[1]));
    amounts.Set(parts[0], canonical);
  }
  return amounts;
}

absl::Status SetResources(Factory& factory, Options& o, const std::vector<std::string>& args) {
  RETURN_IF_ERROR(o.write.Complete(factory));
  RETURN_IF_ERROR(NeedResources(args, o));
  if (o.limits.empty() && o.requests.empty())
    return Error(
        "you must specify an update to requests or limits (in the form of --requests/--limits)");
  ASSIGN_OR_RETURN(const Value limits, ParseAmounts(o.limits));
  ASSIGN_OR_RETURN(const Value requests, ParseAmounts(o.requests));
  return ApplyToAll(
      factory, o, args, "resource requirements", [&](Value* spec) -> absl::StatusOr<bool> {
        bool found = false;
        for (const char* list : {"initContainers", "containers"}) {
          Value* containers = spec->Find(list);
          if (containers == nullptr || !containers->is_array()) continue;
          for (Value& container : containers->array()) {
            if (!Matches(o.containers, container.GetString("name"))) continue;
            found = true;
            for (const auto& [field, amounts] :
                 {std::pair("limits", &limits), std::pair("requests", &requests)}) {
              for (const Member& member : amounts->object()) {
                container.Ensure(absl::StrCat("resources.", field)).Set(member.key, member.value);
              }
            }
          }
        }
        if (!found) return Error(absl::StrCat("unable to find container named ", o.containers));
        return true;
      });
}

}  // namespace

CommandPtr MakeSet(Factory& factory) {
  auto group = NewCommand("set", "Set specific features on objects", "SUBCOMMAND");
  group->about =
      "Configure application resources.\n\n These commands help you make changes to existing "
      "application resources.";
  using Runner = absl::Status (*)(Factory&, Options&, const std::vector<std::string>&);
  const auto add = [&](const char* name, const char* summary, const char* usage,
                       Runner runner) -> std::pair<Command*, OptionsPtr> {
    auto o = std::make_shared<Options>();
    Command& command = group->Add(NewCommand(name, summary, usage));
    FlagSet& f = command.flags;
    AddPrintFlags(&f, &o->write.print);
    AddFileFlags(&f, &o->write.files, "Files, folders or URLs with the objects to change.");
    o->write.AddDryRun(&f);
    o->write.AddFieldManager(&f, "kubectl-set");
    f.String(&o->selection.selector, "selector", "l", "Label query that chooses the objects.");
    f.Bool(&o->all, "all", "", "All objects of the types in the namespace.");
    f.Bool(&o->local, "local", "", "Change what the file holds, and print it; no server is asked.");
    command.run = [&factory, o, runner](const FlagSet::Parsed& parsed) {
      return runner(factory, *o, parsed.args);
    };
    return {&command, o};
  };
  {
    auto [command, o] = add("env", "Update environment variables on a pod template",
                            "RESOURCE/NAME KEY_1=VAL_1 ... KEY_N=VAL_N", SetEnv);
    command->flags.String(&o->containers, "containers", "c",
                          "Which containers, with * for any text.");
    command->flags.List(&o->env, "env", "e", "KEY=VALUE; may be repeated.");
    command->flags.String(&o->from, "from", "",
                          "A config map or secret whose keys become variables.");
    command->flags.List(&o->keys, "keys", "", "Only these keys of it.");
    command->flags.String(&o->prefix, "prefix", "", "Put before each name.");
    command->flags.Bool(&o->list, "list", "", "Show the variables.");
    command->flags.Bool(&o->overwrite, "overwrite", "", "Allow values to be replaced.");
    command->flags.Bool(&o->resolve, "resolve", "", "With --list: follow references.");
  }
  add("image", "Update the image of a pod template",
      "(-f FILENAME | TYPE NAME) CONTAINER_NAME_1=CONTAINER_IMAGE_1 ... "
      "CONTAINER_NAME_N=CONTAINER_IMAGE_N",
      SetImage);
  {
    auto [command, o] =
        add("resources", "Update resource requests/limits on objects with pod templates",
            "(-f FILENAME | TYPE NAME)  ([--limits=LIMITS & --requests=REQUESTS]", SetResources);
    command->flags.String(&o->containers, "containers", "c",
                          "Which containers, with * for any text.");
    command->flags.String(&o->limits, "limits", "", "Limits, such as cpu=1,memory=512Mi.");
    command->flags.String(&o->requests, "requests", "", "Requests, such as cpu=100m,memory=256Mi.");
  }
  AddSetObjects(factory, group.get());
  return group;
}

}  // namespace kubectl
