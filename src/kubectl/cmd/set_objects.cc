// kubectl set serviceaccount, selector and subject: one field of an object.
#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "apimachinery/labels.h"
#include "base/status_macros.h"
#include "kubectl/cmd/common.h"
#include "kubectl/cmd/set.h"

namespace kubectl {
namespace {

struct Options {
  WriteOptions write;
  Selection selection;
  std::vector<std::string> users, groups, accounts;
  std::string resource_version;
  bool all = false, local = false;
};

// Changes each object by `change`, sends what differs and says `done`.
absl::Status ChangeAll(Factory& factory, Options& o, std::vector<std::string> resources,
                       absl::string_view done,
                       const std::function<absl::Status(const Info&, Value*)>& change) {
  o.selection.args = std::move(resources);
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
    if (absl::Status status = change(info, &changed); !status.ok()) {
      errors.push_back(status);
      continue;
    }
    if (!o.local && o.write.dry_run != DryRun::kClient) {
      ASSIGN_OR_RETURN(RestClient * client, factory.Client());
      absl::StatusOr<Value> saved = SaveChange(*client, info, changed, o.write.Query(false));
      if (!saved.ok()) {
        errors.push_back(saved.status());
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

absl::Status SetServiceAccount(Factory& factory, Options& o, std::vector<std::string> args) {
  RETURN_IF_ERROR(o.write.Complete(factory));
  if (args.empty()) return Error("serviceaccount is required");
  const std::string account = args.back();
  args.pop_back();
  if (args.empty() && o.write.files.empty()) return NeedResources();
  return ChangeAll(factory, o, std::move(args), "serviceaccount",
                   [&](const Info& info, Value* object) -> absl::Status {
                     Value* spec = PodSpecOf(object);
                     if (spec == nullptr) return NoPodTemplate(info, o.local);
                     spec->Set("serviceAccountName", account);
                     return absl::OkStatus();
                   });
}

absl::Status SetSelector(Factory& factory, Options& o, std::vector<std::string> args) {
  RETURN_IF_ERROR(o.write.Complete(factory));
  if (args.size() < 2 && o.write.files.empty()) return NeedResources();
  const std::string text = args.empty() ? "" : args.back();
  if (!args.empty()) args.pop_back();
  RETURN_IF_ERROR(apimachinery::LabelSelector::Parse(text).status());
  Value wanted = Value::MakeObject();
  for (const absl::string_view pair : absl::StrSplit(text, ',', absl::SkipEmpty())) {
    const std::vector<std::string> parts = absl::StrSplit(pair, absl::MaxSplits('=', 1));
    if (parts.size() != 2 || absl::EndsWith(parts[0], "!")) {
      const std::vector<std::string> words = absl::StrSplit(text, ' ', absl::SkipEmpty());
      const bool in = words.size() > 2 && words[1] == "in";
      return Error(absl::StrCat(
          "match expression [{", words[0], in ? " In [" : " NotIn [",
          words.size() > 2 ? absl::string_view(words[2]).substr(1, words[2].size() - 2) : "",
          "]}] not supported on this object"));
    }
    wanted.Set(parts[0], absl::StartsWith(parts[1], "=") ? parts[1].substr(1) : parts[1]);
  }
  return ChangeAll(factory, o, std::move(args), "selector",
                   [&](const Info& info, Value* object) -> absl::Status {
                     if (info.resource.kind != "Service")
                       return Error(absl::StrCat("setting a selector is only supported for Services"));
                     object->Ensure("spec").Set("selector", wanted);
                     return absl::OkStatus();
                   });
}

absl::Status SetSubject(Factory& factory, Options& o, std::vector<std::string> args) {
  RETURN_IF_ERROR(o.write.Complete(factory));
  if (o.users.empty() && o.groups.empty() && o.accounts.empty())
    return Error("you must specify at least one value of user, group or serviceaccount");
  if (args.empty() && o.write.files.empty()) return NeedResources();
  std::vector<Value> subjects;
  const auto add = [&](const char* kind, const std::string& name, const std::string& ns) {
    Value subject;
    subject.Set("kind", kind);
    if (ns.empty()) subject.Set("apiGroup", "rbac.authorization.k8s.io");
    subject.Set("name", name);
    if (!ns.empty()) subject.Set("namespace", ns);
    subjects.push_back(std::move(subject));
  };
  for (const std::string& user : o.users) add("User", user, "");
  for (const std::string& group : o.groups) add("Group", group, "");
  for (const std::string& account : o.accounts) {
    const std::vector<std::string> parts = absl::StrSplit(account, ':');
    if (parts.size() != 2 || parts[0].empty() || parts[1].empty())
      return Error("serviceaccount must be <namespace>:<name>");
    add("ServiceAccount", parts[1], parts[0]);
  }
  return ChangeAll(
      factory, o, std::move(args), "subjects", [&](const Info& info, Value* object) -> absl::Status {
        if (info.resource.kind != "RoleBinding" && info.resource.kind != "ClusterRoleBinding")
          return Error("setting subjects is only supported for RoleBinding/ClusterRoleBinding");
        Value& list = (*object)["subjects"];
        if (!list.is_array()) list = Value::MakeArray();
        for (const Value& subject : subjects) {
          if (std::find(list.array().begin(), list.array().end(), subject) == list.array().end())
            list.Append(subject);
        }
        return absl::OkStatus();
      });
}

}  // namespace

void AddSetObjects(Factory& factory, Command* group) {
  using Runner = absl::Status (*)(Factory&, Options&, std::vector<std::string>);
  const auto add = [&](const char* name, std::vector<std::string> aliases, const char* summary,
                       const char* usage, Runner runner) {
    Command& command = group->Add(NewCommand(name, summary, usage));
    command.aliases = std::move(aliases);
    auto o = std::make_shared<Options>();
    FlagSet& f = command.flags;
    AddPrintFlags(&f, &o->write.print);
    AddFileFlags(&f, &o->write.files, "Files, folders or URLs with the objects to change.");
    o->write.AddDryRun(&f);
    o->write.AddFieldManager(&f, "kubectl-set");
    f.Bool(&o->all, "all", "", "All objects of the types in the namespace.");
    f.Bool(&o->local, "local", "", "Change what the file holds, and print it; no server is asked.");
    command.run = [&factory, o, runner](const FlagSet::Parsed& parsed) {
      return runner(factory, *o, parsed.args);
    };
    return std::pair(&command, o);
  };
  add("selector", {}, "Set the selector on a resource", "(-f FILENAME | TYPE NAME) EXPRESSIONS",
      SetSelector);
  add("serviceaccount", {"sa"}, "Update the service account of a resource",
      "(-f FILENAME | TYPE NAME) SERVICE_ACCOUNT", SetServiceAccount);
  auto [command, o] =
      add("subject", {},
          "Update the user, group, or service account in a role binding or cluster role binding",
          "(-f FILENAME | TYPE NAME) [--user=username] [--group=groupname] "
          "[--serviceaccount=namespace:serviceaccountname]",
          SetSubject);
  command->flags.String(&o->selection.selector, "selector", "l",
                        "Label query that chooses the objects.");
  command->flags.List(&o->users, "user", "", "Users to add.");
  command->flags.List(&o->groups, "group", "", "Groups to add.");
  command->flags.List(&o->accounts, "serviceaccount", "", "Service accounts, namespace:name.");
}

}  // namespace kubectl
