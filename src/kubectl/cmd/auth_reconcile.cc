// kubectl auth reconcile: roles and bindings of files get at least the rules and subjects they list.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "kubectl/cmd/auth_reconcile.h"
#include "kubectl/cmd/common.h"
#include "kubectl/describe/parts.h"

namespace kubectl {
namespace {

struct Options {
  WriteOptions write;
  bool remove_permissions = false, remove_subjects = false;
};

// Rules taken apart: one verb on one resource (or URL), so that they can be compared.
std::vector<Value> BreakDown(const Array& rules) {
  std::vector<Value> out;
  const auto one = [](const Value& text) {
    Value list = Value::MakeArray();
    list.Append(text);
    return list;
  };
  const auto each = [](const Array& list, const Value& none) {
    return list.empty() ? Array{none} : list;
  };
  for (const Value& rule : rules) {
    for (const Value& verb : rule.GetArray("verbs")) {
      for (const Value& group : rule.GetArray("apiGroups")) {
        for (const Value& resource : rule.GetArray("resources")) {
          for (const Value& name : each(rule.GetArray("resourceNames"), Value())) {
            Value part;
            part.Set("verbs", one(verb));
            part.Set("apiGroups", one(group));
            part.Set("resources", one(resource));
            if (!name.is_null()) part.Set("resourceNames", one(name));
            out.push_back(std::move(part));
          }
        }
      }
      for (const Value& url : rule.GetArray("nonResourceURLs")) {
        Value part;
        part.Set("verbs", one(verb));
        part.Set("nonResourceURLs", one(url));
        out.push_back(std::move(part));
      }
    }
  }
  return out;
}

bool Holds(const Array& list, const std::string& wanted) {
  return std::any_of(list.begin(), list.end(), [&](const Value& entry) {
    return entry.as_string() == wanted || entry.as_string() == "*";
  });
}

// Whether a rule of `rules` allows what `part`, of one verb on one thing, allows.
bool Covered(const Array& rules, const Value& part) {
  return std::any_of(rules.begin(), rules.end(), [&](const Value& rule) {
    const auto holds = [&](const char* field) {
      const Array& wanted = part.GetArray(field);
      return wanted.empty() || Holds(rule.GetArray(field), wanted[0].as_string());
    };
    const bool any_name = rule.GetArray("resourceNames").empty();
    return holds("verbs") && holds("apiGroups") && holds("resources") && holds("nonResourceURLs") &&
           (any_name || (!part.GetArray("resourceNames").empty() && holds("resourceNames")));
  });
}

std::vector<Value> Missing(const Array& from, const Array& in) {
  std::vector<Value> out;
  for (Value& part : BreakDown(from)) {
    if (!Covered(in, part)) out.push_back(std::move(part));
  }
  return out;
}

std::string RuleText(const Value& rule) {
  const auto list = [&](const char* field) { return JoinStrings(rule.GetArray(field), " "); };
  return absl::StrCat("{Verbs:[", list("verbs"), "] APIGroups:[", list("apiGroups"),
                      "] Resources:[", list("resources"), "] ResourceNames:[", list("resourceNames"),
                      "] NonResourceURLs:[", list("nonResourceURLs"), "]}");
}

std::string SubjectText(const Value& subject) {
  return absl::StrCat("{Kind:", subject.GetString("kind"), " APIGroup:", subject.GetString("apiGroup"),
                      " Name:", subject.GetString("name"), " Namespace:",
                      subject.GetString("namespace"), "}");
}

class Reconcile {
 public:
  Reconcile(Factory& factory, Options& options, RestClient* client)
      : factory_(factory), o_(options), client_(client) {}

  absl::Status One(const Info& info) {
    const bool role = info.resource.kind == "Role" || info.resource.kind == "ClusterRole";
    absl::StatusOr<Value> found = client_->Get(info.Path());
    if (!found.ok() && !ApiNotFound(found.status())) return found.status();
    Value object = found.ok() ? *found : info.object;
    const char* field = role ? "rules" : "subjects";
    const Array& wanted = info.object.GetArray(field);
    std::vector<Value> missing, extra;
    if (!found.ok()) {
      missing.assign(wanted.begin(), wanted.end());
    } else if (role) {
      missing = Missing(wanted, found->GetArray("rules"));
      if (o_.remove_permissions) extra = Missing(found->GetArray("rules"), wanted);
    } else {
      const Array& has = found->GetArray("subjects");
      for (const Value& subject : wanted) {
        if (std::find(has.begin(), has.end(), subject) == has.end()) missing.push_back(subject);
      }
      for (const Value& subject : has) {
        if (o_.remove_subjects &&
            std::find(wanted.begin(), wanted.end(), subject) == wanted.end())
          extra.push_back(subject);
      }
    }
    std::string operation;
    if (!found.ok()) {
      operation = "create";
    } else if (!role && !(*found->At("roleRef") == *info.object.At("roleRef"))) {
      operation = "recreate";
    } else if (!missing.empty() || !extra.empty()) {
      operation = "update";
      Value list = Value::MakeArray();
      for (const Value& entry : found->GetArray(field)) {
        if (extra.empty() || role || std::find(extra.begin(), extra.end(), entry) == extra.end())
          list.Append(entry);
      }
      if (role && !extra.empty()) list = info.object.GetArray(field);
      if (extra.empty() || !role) {
        for (const Value& entry : missing) list.Append(entry);
      }
      object.Set(field, std::move(list));
    }
    if (!operation.empty() && o_.write.dry_run != DryRun::kClient) {
      ASSIGN_OR_RETURN(object, Write(info, operation, object));
    }
    RETURN_IF_ERROR(
        PrintResult(factory_, o_.write.print, o_.write.Operation("reconciled"), object));
    if (operation.empty()) return absl::OkStatus();
    factory_.io.Err(absl::StrCat("\treconciliation required ", operation, "\n"));
    Tell("\tmissing subjects added:\n", role ? std::vector<Value>() : missing, SubjectText);
    Tell("\textra subjects removed:\n", role ? std::vector<Value>() : extra, SubjectText);
    Tell("\tmissing rules added:\n", role ? missing : std::vector<Value>(), RuleText);
    Tell("\textra rules removed:\n", role ? extra : std::vector<Value>(), RuleText);
    return absl::OkStatus();
  }

 private:
  absl::StatusOr<Value> Write(const Info& info, const std::string& operation, const Value& object) {
    Request request;
    const std::string query = o_.write.Query(false);
    if (operation == "recreate") {
      request.method = "DELETE";
      request.path = info.Path() + query;
      RETURN_IF_ERROR(client_->Json(request).status());
    }
    request.method = operation == "update" ? "PUT" : "POST";
    request.path = (operation == "update" ? info.Path() : info.resource.Path(info.ns)) + query;
    request.body = WriteJson(operation == "update" ? object : info.object);
    return client_->Json(request);
  }

  void Tell(absl::string_view heading, const std::vector<Value>& entries,
            std::string (*text)(const Value&)) {
    if (entries.empty()) return;
    factory_.io.Err(heading);
    for (const Value& entry : entries) factory_.io.Err(absl::StrCat("\t\t", text(entry), "\n"));
  }

  Factory& factory_;
  Options& o_;
  RestClient* const client_;
};

absl::Status Run(Factory& factory, Options& o, const std::vector<std::string>& args) {
  RETURN_IF_ERROR(o.write.Complete(factory));
  if (!args.empty()) return Error("no arguments are allowed");
  if (o.write.files.empty()) return Error("must specify one of -f and -k");
  ASSIGN_OR_RETURN(RestClient * client, factory.Client());
  ASSIGN_OR_RETURN(const std::vector<Info> infos, ReadFiles(factory, o.write.files));
  std::vector<absl::Status> errors;
  for (const Info& info : infos) {
    if (info.resource.group != "rbac.authorization.k8s.io") continue;  // others are left alone
    if (absl::Status status = Reconcile(factory, o, client).One(info); !status.ok())
      errors.push_back(status);
  }
  return Aggregate(errors);
}

}  // namespace

void AddReconcile(Factory& factory, Command* group) {
  Command& command = group->Add(NewCommand(
      "reconcile",
      "Reconciles rules for RBAC role, role binding, cluster role, and cluster role binding objects",
      "-f FILENAME"));
  auto o = std::make_shared<Options>();
  AddPrintFlags(&command.flags, &o->write.print);
  AddFileFlags(&command.flags, &o->write.files, "Files, folders or URLs with the roles.");
  o->write.AddDryRun(&command.flags);
  command.flags.Bool(&o->remove_permissions, "remove-extra-permissions", "",
                     "Take away rules that the files do not list.");
  command.flags.Bool(&o->remove_subjects, "remove-extra-subjects", "",
                     "Take away subjects that the files do not list.");
  command.run = [&factory, o](const FlagSet::Parsed& parsed) {
    return Run(factory, *o, parsed.args);
  };
}

}  // namespace kubectl
