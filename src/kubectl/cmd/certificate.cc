// kubectl certificate approve and deny: a condition on a certificate signing request.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status_macros.h"
#include "kubectl/cmd/commands.h"
#include "kubectl/cmd/common.h"

namespace kubectl {
namespace {

struct Options {
  PrintOptions print;
  FileOptions files;
  bool force = false;
};

// Adds the condition; false when it is there already, Error when the opposite is.
absl::StatusOr<bool> Decide(Value* request, bool approve) {
  const char* wanted = approve ? "Approved" : "Denied";
  for (const Value& condition : request->GetArray("status.conditions")) {
    const std::string type = condition.GetString("type");
    if (type == wanted) return false;
    if (type == "Approved" || type == "Denied")
      return Error(absl::StrCat("certificate signing request \"", request->GetString("metadata.name"),
                                "\" is already ", type));
  }
  Value condition;
  condition.Set("type", wanted);
  condition.Set("status", "True");
  condition.Set("reason", approve ? "KubectlApprove" : "KubectlDeny");
  condition.Set("message", approve ? "This CSR was approved by kubectl certificate approve."
                                   : "This CSR was denied by kubectl certificate deny.");
  condition.Set("lastUpdateTime",
                absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::Now(), absl::UTCTimeZone()));
  request->Ensure("status.conditions").Append(std::move(condition));
  return true;
}

absl::Status Run(Factory& factory, Options& o, bool approve, const std::vector<std::string>& names) {
  if (names.empty() && o.files.empty())
    return Error("one or more CSRs must be specified as <name> or -f <filename>");
  Selection selection;
  selection.files = o.files;
  if (!names.empty()) {
    selection.args = {"certificatesigningrequests.v1.certificates.k8s.io"};
    selection.args.insert(selection.args.end(), names.begin(), names.end());
  }
  std::vector<absl::Status> errors;
  ASSIGN_OR_RETURN(const std::vector<Info> infos, FetchObjects(factory, selection, &errors));
  ASSIGN_OR_RETURN(RestClient * client, factory.Client());
  for (const Info& info : infos) {
    constexpr int kAttempts = 10;
    Value object = info.object;
    absl::Status failure;
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      if (attempt > 0) {
        ASSIGN_OR_RETURN(object, client->Get(info.Path()));
      }
      absl::StatusOr<bool> changed = Decide(&object, approve);
      failure = changed.status();
      if (!changed.ok() || (!*changed && !o.force)) break;
      Request request;
      request.method = "PUT";
      request.path = info.Path("approval");
      request.body = WriteJson(object);
      absl::StatusOr<Value> saved = client->Json(request);
      failure = saved.status();
      if (!saved.ok() && ApiConflict(saved.status())) continue;
      if (saved.ok()) object = *std::move(saved);
      break;
    }
    if (!failure.ok()) {
      errors.push_back(failure);
      continue;
    }
    RETURN_IF_ERROR(PrintResult(factory, o.print, approve ? "approved" : "denied", object));
  }
  return Aggregate(errors);
}

void Add(Factory& factory, Command* group, const char* name, const char* summary, bool approve) {
  Command& command = group->Add(NewCommand(name, summary, "(-f FILENAME | NAME)"));
  auto o = std::make_shared<Options>();
  AddPrintFlags(&command.flags, &o->print);
  AddFileFlags(&command.flags, &o->files, "Files, folders or URLs with the requests.");
  command.flags.Bool(&o->force, "force", "", "Write the decision even if it was made before.");
  command.run = [&factory, o, approve](const FlagSet::Parsed& parsed) {
    return Run(factory, *o, approve, parsed.args);
  };
}

}  // namespace

CommandPtr MakeCertificate(Factory& factory) {
  auto group = NewCommand("certificate", "Modify certificate resources", "SUBCOMMAND");
  group->about = "Modify certificate resources.";
  group->help_answers = true;
  Add(factory, group.get(), "approve", "Approve a certificate signing request", true);
  Add(factory, group.get(), "deny", "Deny a certificate signing request", false);
  return group;
}

}  // namespace kubectl
