// kubectl config: shows and changes kubeconfig files. A change goes to the file that holds the
// entry, a new entry to the default file.
#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "kubectl/cli/tabwriter.h"
#include "kubectl/cmd/commands.h"
#include "kubectl/cmd/common.h"

namespace kubectl {
namespace {

using Args = std::vector<std::string>;

// The named entry of `list` ("contexts") in `document`, made when absent.
Value& Entry(Value* document, const std::string& list, const std::string& inner,
             const std::string& name) {
  Value& entries = (*document)[list];
  if (!entries.is_array()) entries = Value::MakeArray();
  for (Value& entry : entries.array()) {
    if (entry.GetString("name") == name) {
      Value& value = entry[inner];
      if (!value.is_object()) value = Value::MakeObject();
      return value;
    }
  }
  Value entry;
  entry.Set(inner, Value::MakeObject());
  entry.Set("name", name);
  entries.Append(std::move(entry));
  return *entries.array().back().Find(inner);
}

bool RemoveEntry(Value* document, const std::string& list, const std::string& name) {
  Value* entries = document->Find(list);
  if (entries == nullptr || !entries->is_array()) return false;
  Array& array = entries->array();
  const auto gone = std::remove_if(array.begin(), array.end(),
                                   [&](const Value& v) { return v.GetString("name") == name; });
  if (gone == array.end()) return false;
  array.erase(gone, array.end());
  return true;
}

// Reads `file`, applies `change`, writes it back with what every kubeconfig has.
absl::Status Modify(const std::string& file,
                    const std::function<absl::Status(Value* document)>& change) {
  ASSIGN_OR_RETURN(Value document, ReadKubeconfigFile(file));
  const Value before = document;
  RETURN_IF_ERROR(change(&document));
  if (document == before) return absl::OkStatus();
  document.Set("apiVersion", "v1");
  document.Set("kind", "Config");
  for (const char* list : {"clusters", "contexts", "users"}) {
    Value& entries = document[list];
    if (entries.is_array()) {
      std::stable_sort(
          entries.array().begin(), entries.array().end(),
          [](const Value& a, const Value& b) { return a.GetString("name") < b.GetString("name"); });
      if (entries.empty()) entries = Value();
    }
  }
  if (!document.Has("current-context")) document.Set("current-context", "");
  if (const Value* preferences = document.Find("preferences");
      preferences != nullptr && preferences->empty())
    document.Erase("preferences");
  return WriteKubeconfigFile(file, document);
}

std::string FileOf(Factory& factory, const std::map<std::string, KubeconfigEntry>& entries,
                   const std::string& name) {
  const auto it = entries.find(name);
  return it != entries.end() && !it->second.file.empty()
             ? it->second.file
             : DefaultKubeconfigFile(factory.ConfigFiles());
}

std::string CurrentFile(Factory& factory, const Kubeconfig& config) {
  return config.current_context_file.empty() ? DefaultKubeconfigFile(factory.ConfigFiles())
                                             : config.current_context_file;
}

void Redact(Value* document) {
  const auto hide = [](Value* object, absl::string_view key, absl::string_view text) {
    if (Value* value = object->Find(key);
        value != nullptr && value->is_string() && !value->as_string().empty())
      *value = Value(text);
  };
  for (const auto& [list, inner] : {std::pair("clusters", "cluster"), std::pair("users", "user")}) {
    Value* entries = document->Find(list);
    if (entries == nullptr || !entries->is_array()) continue;
    for (Value& entry : entries->array()) {
      Value* value = entry.Find(inner);
      if (value == nullptr) continue;
      for (const char* key :
           {"certificate-authority-data", "client-certificate-data", "client-key-data"})
        hide(value, key, "DATA+OMITTED");
      for (const char* key : {"token", "password"}) hide(value, key, "REDACTED");
    }
  }
}

// The members of a cluster, user or context as the format lists them; what it does not list comes
// last.
Value InFieldOrder(const Value& value) {
  static const char* const kOrder[] = {"server",
                                       "tls-server-name",
                                       "insecure-skip-tls-verify",
                                       "certificate-authority",
                                       "certificate-authority-data",
                                       "proxy-url",
                                       "client-certificate",
                                       "client-certificate-data",
                                       "client-key",
                                       "client-key-data",
                                       "token",
                                       "tokenFile",
                                       "as",
                                       "as-uid",
                                       "as-groups",
                                       "username",
                                       "password",
                                       "cluster",
                                       "user",
                                       "namespace"};
  Value ordered = Value::MakeObject();
  for (const char* key : kOrder) {
    if (const Value* member = value.Find(key); member != nullptr) ordered.Set(key, *member);
  }
  for (const Member& member : value.object()) {
    if (!ordered.Has(member.key)) ordered.Set(member.key, member.value);
  }
  return ordered;
}

// In the order kubectl prints JSON: name before content.
Value NameFirst(const Value& document) {
  Value result = document;
  for (const char* list : {"clusters", "users", "contexts"}) {
    Value* entries = result.Find(list);
    if (entries == nullptr || !entries->is_array()) continue;
    for (Value& entry : entries->array()) {
      Value ordered;
      ordered.Set("name", entry.GetString("name"));
      for (const Member& member : entry.object()) {
        if (member.key != "name") ordered.Set(member.key, InFieldOrder(member.value));
      }
      entry = std::move(ordered);
    }
  }
  return result;
}

struct ViewOptions {
  PrintOptions print;
  bool flatten = false, merge = true, minify = false, raw = false;
};

absl::Status View(Factory& factory, const ViewOptions& o) {
  ASSIGN_OR_RETURN(Kubeconfig config, factory.Config());
  if (o.minify) {
    const std::string name =
        factory.flags.context.empty() ? config.current_context : factory.flags.context;
    const Value* context = config.Context(name);
    if (name.empty()) return Error("current-context must exist in order to minify");
    if (context == nullptr) return Error(absl::StrCat("cannot locate context ", name));
    const std::string cluster = context->GetString("cluster"), user = context->GetString("user");
    const auto keep = [](std::map<std::string, KubeconfigEntry>* entries,
                         const std::string& wanted) {
      for (auto it = entries->begin(); it != entries->end();)
        it = it->first == wanted ? std::next(it) : entries->erase(it);
    };
    keep(&config.contexts, name);
    keep(&config.clusters, cluster);
    keep(&config.users, user);
    config.current_context = name;
  }
  if (o.flatten) {
    for (auto* entries : {&config.clusters, &config.users}) {
      for (auto& [name, entry] : *entries) {
        for (const char* key : {"certificate-authority", "client-certificate", "client-key"}) {
          std::string path = entry.value.GetString(key);
          if (path.empty()) continue;
          if (path[0] != '/')
            path = absl::StrCat(entry.file.substr(0, entry.file.rfind('/') + 1), path);
          ASSIGN_OR_RETURN(const std::string content, base::ReadFile(path));
          entry.value.Erase(key);
          entry.value.Set(absl::StrCat(key, "-data"), absl::Base64Escape(content));
        }
      }
    }
  }
  Value document = config.ToDocument();
  if (!o.raw && !o.flatten) Redact(&document);
  PrintOptions print = o.print;
  print.json_order = KeyOrder::kAsIs;
  if (print.output == "json") document = NameFirst(document);
  return PrintResult(factory, print, "", document);
}

absl::Status GetContexts(Factory& factory, const Args& names, const std::string& output,
                         bool no_headers) {
  if (!output.empty() && output != "name")
    return Error(absl::StrCat("output must be one of '' or 'name': ", output));
  ASSIGN_OR_RETURN(const Kubeconfig config, factory.Config());
  TabWriter table(factory.io.out, {6, 3, true});
  if (output.empty() && !no_headers) table.Write("CURRENT\tNAME\tCLUSTER\tAUTHINFO\tNAMESPACE\n");
  Args wanted = names;
  if (wanted.empty()) {
    for (const auto& [name, entry] : config.contexts) wanted.push_back(name);
  }
  std::vector<absl::Status> errors;
  std::sort(wanted.begin(), wanted.end());
  for (const std::string& name : wanted) {
    const Value* context = config.Context(name);
    if (context == nullptr) {
      errors.push_back(Error(absl::StrCat("context ", name, " not found")));
    } else if (output == "name") {
      table.Write(absl::StrCat(name, "\n"));
    } else {
      table.Write(absl::StrCat(name == config.current_context ? "*" : "", "\t", name, "\t",
                               context->GetString("cluster"), "\t", context->GetString("user"),
                               "\t", context->GetString("namespace"), "\n"));
    }
  }
  table.Flush();
  return Aggregate(errors);
}

// "contexts.name.namespace", names with dots quoted by a backslash or as the longest match.
absl::Status SetProperty(Value* document, const std::string& property, const Value* value) {
  Args parts = absl::StrSplit(property, '.');
  if (parts[0] == "clusters" || parts[0] == "users" || parts[0] == "contexts") {
    if (parts.size() < 2) {
      if (value == nullptr) document->Erase(parts[0]);
      return absl::OkStatus();
    }
    const std::string inner = parts[0].substr(0, parts[0].size() - 1);
    if (parts.size() == 2) {
      if (value == nullptr) RemoveEntry(document, parts[0], parts[1]);
      return absl::OkStatus();
    }
    const std::string name = absl::StrJoin(parts.begin() + 1, parts.end() - 1, ".");
    Value& entry = Entry(document, parts[0], inner, name);
    if (value == nullptr)
      entry.Erase(parts.back());
    else
      entry.Set(parts.back(), *value);
    return absl::OkStatus();
  }
  if (value == nullptr)
    document->EraseAt(property);
  else
    document->Ensure(property) = *value;
  return absl::OkStatus();
}

void AddReaders(Factory& factory, Command* group) {
  auto view_options = std::make_shared<ViewOptions>();
  Command& view = group->Add(NewCommand(
      "view", "Display merged kubeconfig settings or a specified kubeconfig file", "[flags]"));
  view_options->print.output = "yaml";
  AddPrintFlags(&view.flags, &view_options->print);
  view.flags.Bool(&view_options->flatten, "flatten", "",
                  "Put the content of certificate files into the output.");
  view.flags.Bool(&view_options->merge, "merge", "", "Merge the files of the search path.");
  view.flags.Bool(&view_options->minify, "minify", "", "Only what the current context uses.");
  view.flags.Bool(&view_options->raw, "raw", "", "Show certificates and secrets.");
  view.run = [&factory, view_options](const FlagSet::Parsed&) {
    return View(factory, *view_options);
  };

  group->Add(NewCommand("current-context", "Display the current-context", "")).run =
      [&factory](const FlagSet::Parsed&) -> absl::Status {
    ASSIGN_OR_RETURN(const Kubeconfig config, factory.Config());
    if (config.current_context.empty()) return Error("current-context is not set");
    factory.io.Out(config.current_context + "\n");
    return absl::OkStatus();
  };
  auto output = std::make_shared<std::string>();
  auto no_headers = std::make_shared<bool>(false);
  Command& contexts = group->Add(
      NewCommand("get-contexts", "Describe one or many contexts", "[(-o|--output=)name)]"));
  contexts.flags.String(output.get(), "output", "o", "name: print just the names.");
  contexts.flags.Bool(no_headers.get(), "no-headers", "", "Leave the line of headings out.");
  contexts.run = [&factory, output, no_headers](const FlagSet::Parsed& parsed) {
    return GetContexts(factory, parsed.args, *output, *no_headers);
  };
  for (const bool clusters : {true, false}) {
    group
        ->Add(NewCommand(
            clusters ? "get-clusters" : "get-users",
            absl::StrCat("Display ", clusters ? "clusters" : "users", " defined in the kubeconfig"),
            ""))
        .run = [&factory, clusters](const FlagSet::Parsed&) -> absl::Status {
      ASSIGN_OR_RETURN(const Kubeconfig config, factory.Config());
      factory.io.Out("NAME\n");
      for (const auto& [name, entry] : clusters ? config.clusters : config.users)
        factory.io.Out(name + "\n");
      return absl::OkStatus();
    };
  }
}

void AddSetters(Factory& factory, Command* group) {
  struct Options {
    bool current = false, embed = false, insecure = false, insecure_changed = false;
    std::map<std::string, std::string> values;
  };
  const auto string_flags = [](Command& command, Options* o,
                               std::initializer_list<std::pair<const char*, const char*>> flags) {
    for (const auto& [name, help] : flags)
      command.flags.String(&o->values[name], name, std::string(name) == "namespace" ? "n" : "",
                           help);
  };
  const auto copy = [](const Command* command, const Options& o, Value* into,
                       std::initializer_list<const char*> names) {
    for (const char* name : names) {
      if (command->flags.Changed(name)) into->Set(name, o.values.at(name));
    }
  };
  const auto embed = [](const Options& o, Value* into,
                        std::initializer_list<const char*> names) -> absl::Status {
    for (const char* name : names) {
      const std::string path = into->GetString(name);
      if (path.empty() || !o.embed) continue;
      ASSIGN_OR_RETURN(const std::string content, base::ReadFile(path));
      into->Erase(name);
      into->Set(absl::StrCat(name, "-data"), absl::Base64Escape(content));
    }
    return absl::OkStatus();
  };
  {
    auto o = std::make_shared<Options>();
    Command& command = group->Add(NewCommand("set-context", "Set a context entry in kubeconfig",
                                             "[NAME | --current] [--cluster=cluster_nickname] "
                                             "[--user=user_nickname] [--namespace=namespace]"));
    string_flags(
        command, o.get(),
        {{"cluster", "Its cluster."}, {"user", "Its user."}, {"namespace", "Its namespace."}});
    command.flags.Bool(&o->current, "current", "", "Change the current context.");
    command.run = [&factory, &command, o, copy](const FlagSet::Parsed& parsed) -> absl::Status {
      ASSIGN_OR_RETURN(const Kubeconfig config, factory.Config());
      if (parsed.args.empty() && !o->current)
        return Error("you must specify a non-empty context name or --current");
      if (!parsed.args.empty() && o->current)
        return Error("you cannot specify both a context name and --current");
      const std::string name = o->current ? config.current_context : parsed.args[0];
      if (name.empty()) return Error("no current context is set");
      const bool known = config.Context(name) != nullptr;
      RETURN_IF_ERROR(Modify(FileOf(factory, config.contexts, name), [&](Value* document) {
        Value& entry = Entry(document, "contexts", "context", name);
        copy(&command, *o, &entry, {"cluster", "user", "namespace"});
        for (const char* key : {"cluster", "user"}) {
          if (!entry.Has(key)) entry.Set(key, "");
        }
        return absl::OkStatus();
      }));
      factory.io.Out(
          absl::StrCat("Context \"", name, "\" ", known ? "modified" : "created", ".\n"));
      return absl::OkStatus();
    };
  }
  {
    auto o = std::make_shared<Options>();
    Command& command = group->Add(
        NewCommand("set-cluster", "Set a cluster entry in kubeconfig",
                   "NAME [--server=server] [--certificate-authority=path/to/certificate/authority] "
                   "[--insecure-skip-tls-verify=true] [--tls-server-name=example.com]"));
    string_flags(command, o.get(),
                 {{"server", "Its address."},
                  {"certificate-authority", "File with its CA."},
                  {"tls-server-name", "Name in its certificate."},
                  {"proxy-url", "Proxy to reach it."}});
    command.flags.Bool(&o->insecure, "insecure-skip-tls-verify", "", "Accept any certificate.");
    command.flags.Bool(&o->embed, "embed-certs", "",
                       "Keep the certificate itself instead of its path.");
    command.run = [&factory, &command, o, copy,
                   embed](const FlagSet::Parsed& parsed) -> absl::Status {
      if (parsed.args.size() != 1)
        return UsageError(command.Path(),
                          "Unexpected args: [" + absl::StrJoin(parsed.args, " ") + "]");
      ASSIGN_OR_RETURN(const Kubeconfig config, factory.Config());
      RETURN_IF_ERROR(Modify(
          FileOf(factory, config.clusters, parsed.args[0]), [&](Value* document) -> absl::Status {
            Value& entry = Entry(document, "clusters", "cluster", parsed.args[0]);
            copy(&command, *o, &entry,
                 {"server", "certificate-authority", "tls-server-name", "proxy-url"});
            if (command.flags.Changed("insecure-skip-tls-verify")) {
              entry.Set("insecure-skip-tls-verify", o->insecure);
              if (o->insecure)
                entry.Erase("certificate-authority"), entry.Erase("certificate-authority-data");
            }
            if (command.flags.Changed("certificate-authority"))
              entry.Erase("certificate-authority-data");
            return embed(*o, &entry, {"certificate-authority"});
          }));
      factory.io.Out(absl::StrCat("Cluster \"", parsed.args[0], "\" set.\n"));
      return absl::OkStatus();
    };
  }
  {
    auto o = std::make_shared<Options>();
    Command& command =
        group->Add(NewCommand("set-credentials", "Set a user entry in kubeconfig",
                              "NAME [--client-certificate=path/to/certfile] "
                              "[--client-key=path/to/keyfile] [--token=bearer_token] "
                              "[--username=basic_user] [--password=basic_password]"));
    string_flags(command, o.get(),
                 {{"client-certificate", "File with the certificate."},
                  {"client-key", "File with its key."},
                  {"token", "Bearer token."},
                  {"username", "User name."},
                  {"password", "Password."}});
    command.flags.Bool(&o->embed, "embed-certs", "",
                       "Keep certificate and key themselves instead of their paths.");
    command.run = [&factory, &command, o, copy,
                   embed](const FlagSet::Parsed& parsed) -> absl::Status {
      if (parsed.args.size() != 1)
        return UsageError(command.Path(),
                          "Unexpected args: [" + absl::StrJoin(parsed.args, " ") + "]");
      ASSIGN_OR_RETURN(const Kubeconfig config, factory.Config());
      RETURN_IF_ERROR(Modify(
          FileOf(factory, config.users, parsed.args[0]), [&](Value* document) -> absl::Status {
            Value& entry = Entry(document, "users", "user", parsed.args[0]);
            copy(&command, *o, &entry,
                 {"client-certificate", "client-key", "token", "username", "password"});
            for (const char* key : {"client-certificate", "client-key"}) {
              if (command.flags.Changed(key)) entry.Erase(absl::StrCat(key, "-data"));
            }
            return embed(*o, &entry, {"client-certificate", "client-key"});
          }));
      factory.io.Out(absl::StrCat("User \"", parsed.args[0], "\" set.\n"));
      return absl::OkStatus();
    };
  }
  Command& use = group->Add(
      NewCommand("use-context", "Set the current-context in a kubeconfig file", "CONTEXT_NAME"));
  use.aliases = {"use"};
  use.run = [&factory, &use](const FlagSet::Parsed& parsed) -> absl::Status {
    if (parsed.args.size() != 1)
      return UsageError(use.Path(), "Unexpected args: [" + absl::StrJoin(parsed.args, " ") + "]");
    ASSIGN_OR_RETURN(const Kubeconfig config, factory.Config());
    if (config.Context(parsed.args[0]) == nullptr)
      return Error(absl::StrCat("no context exists with the name: \"", parsed.args[0], "\""));
    RETURN_IF_ERROR(Modify(CurrentFile(factory, config), [&](Value* document) {
      document->Set("current-context", parsed.args[0]);
      return absl::OkStatus();
    }));
    factory.io.Out(absl::StrCat("Switched to context \"", parsed.args[0], "\".\n"));
    return absl::OkStatus();
  };
  Command& rename = group->Add(NewCommand(
      "rename-context", "Rename a context from the kubeconfig file", "CONTEXT_NAME NEW_NAME"));
  rename.run = [&factory, &rename](const FlagSet::Parsed& parsed) -> absl::Status {
    if (parsed.args.size() != 2)
      return Error("Unexpected args: [" + absl::StrJoin(parsed.args, " ") + "]");
    ASSIGN_OR_RETURN(const Kubeconfig config, factory.Config());
    const std::string &from = parsed.args[0], &to = parsed.args[1];
    if (config.Context(from) == nullptr) {
      return Error(absl::StrCat("cannot rename the context \"", from, "\", it's not in ",
                                FileOf(factory, config.contexts, from)));
    }
    if (config.Context(to) != nullptr)
      return Error(absl::StrCat("cannot rename the context \"", from, "\", the context \"", to,
                                "\" already exists in ", FileOf(factory, config.contexts, to)));
    RETURN_IF_ERROR(Modify(FileOf(factory, config.contexts, from), [&](Value* document) {
      for (Value& entry : (*document)["contexts"].array()) {
        if (entry.GetString("name") == from) entry.Set("name", to);
      }
      if (document->GetString("current-context") == from) document->Set("current-context", to);
      return absl::OkStatus();
    }));
    factory.io.Out(absl::StrCat("Context \"", from, "\" renamed to \"", to, "\".\n"));
    return absl::OkStatus();
  };
}

void AddRemovers(Factory& factory, Command* group) {
  for (const std::string what : {"cluster", "context", "user"}) {
    Command& command = group->Add(
        NewCommand("delete-" + what,
                   absl::StrCat("Delete the specified ", what, " from the kubeconfig"), "NAME"));
    command.run = [&factory, &command, what](const FlagSet::Parsed& parsed) -> absl::Status {
      if (parsed.args.size() != 1)
        return UsageError(command.Path(),
                          absl::StrCat("you must specify the ", what, " to delete"));
      const std::string& name = parsed.args[0];
      ASSIGN_OR_RETURN(const Kubeconfig config, factory.Config());
      const auto& entries = what == "cluster" ? config.clusters
                            : what == "user"  ? config.users
                                              : config.contexts;
      const std::string file = FileOf(factory, entries, name);
      if (entries.count(name) == 0)
        return Error(absl::StrCat("cannot delete ", what, " ", name, ", not in ", file));
      if (what == "context" && name == config.current_context) {
        factory.io.Err(
            "warning: this removed your active context, use \"kubectl config use-context\" to "
            "select a different one\n");
      }
      RETURN_IF_ERROR(Modify(file, [&](Value* document) {
        RemoveEntry(document, what + "s", name);
        return absl::OkStatus();
      }));
      factory.io.Out(absl::StrCat("deleted ", what, " ", name, " from ", file, "\n"));
      return absl::OkStatus();
    };
  }
  for (const bool set : {true, false}) {
    Command& command = group->Add(
        NewCommand(set ? "set" : "unset",
                   absl::StrCat(set ? "Set" : "Unset", " an individual value in a kubeconfig file"),
                   set ? "PROPERTY_NAME PROPERTY_VALUE" : "PROPERTY_NAME"));
    auto raw = std::make_shared<bool>(false);
    if (set)
      command.flags.Bool(raw.get(), "set-raw-bytes", "",
                         "The value is the bytes themselves, not base64.");
    command.run = [&factory, &command, set, raw](const FlagSet::Parsed& parsed) -> absl::Status {
      if (parsed.args.size() != (set ? 2u : 1u))
        return Error("Unexpected args: [" + absl::StrJoin(parsed.args, " ") + "]");
      const std::string& property = parsed.args[0];
      Value value;
      if (set) {
        value = parsed.args[1];
        if (absl::EndsWith(property, "insecure-skip-tls-verify"))
          value = Value(parsed.args[1] == "true");
        if (absl::EndsWith(property, "-data") && *raw) value = absl::Base64Escape(parsed.args[1]);
      }
      RETURN_IF_ERROR(Modify(DefaultKubeconfigFile(factory.ConfigFiles()), [&](Value* document) {
        return SetProperty(document, property, set ? &value : nullptr);
      }));
      factory.io.Out(absl::StrCat("Property \"", property, "\" ", set ? "set" : "unset", ".\n"));
      return absl::OkStatus();
    };
  }
}

}  // namespace

CommandPtr MakeConfig(Factory& factory) {
  auto group = NewCommand("config", "Modify kubeconfig files", "SUBCOMMAND");
  group->about =
      "Modify kubeconfig files using subcommands like \"kubectl config set current-context "
      "my-context\".\n\n --kubeconfig names the one file "
      "to use; else the files in $KUBECONFIG are merged, the first to say something winning; else "
      "it is ${HOME}/.kube/config. A change goes to "
      "the file that holds the entry.";
  AddReaders(factory, group.get());
  AddSetters(factory, group.get());
  AddRemovers(factory, group.get());
  return group;
}

}  // namespace kubectl
