#include "kubectl/cmd/common.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "apimachinery/schema.h"
#include "base/status_macros.h"

namespace kubectl {

void WriteOptions::AddDryRun(FlagSet* flags) {
  Flag& flag = flags->String(
      &dry_run_text, "dry-run", "",
      "none, server (the server checks but keeps nothing) or client (print what would be sent).");
  flag.no_value = "unchanged";
}

void WriteOptions::AddValidate(FlagSet* flags) {
  Flag& flag = flags->String(
      &validate, "validate", "",
      "strict (or true) refuses unknown and duplicate fields, warn reports them, ignore (or "
      "false) drops them.");
  flag.no_value = "strict";
}

void WriteOptions::AddFieldManager(FlagSet* flags, absl::string_view name) {
  field_manager = std::string(name);
  flags->String(&field_manager, "field-manager", "", "Who to name as owner of the fields.");
}

absl::Status WriteOptions::Complete(Factory& factory) {
  if (dry_run_text == "none")
    dry_run = DryRun::kNone;
  else if (dry_run_text == "client")
    dry_run = DryRun::kClient;
  else if (dry_run_text == "server")
    dry_run = DryRun::kServer;
  else if (dry_run_text == "unchanged") {
    factory.io.Err("--dry-run is deprecated and can be replaced with --dry-run=client.\n");
    dry_run = DryRun::kClient;
  } else {
    return Error(absl::StrCat("Invalid dry-run value (", dry_run_text,
                              "). Must be \"none\", \"server\", or \"client\"."));
  }
  if (validate == "strict" || validate == "true")
    field_validation = "Strict";
  else if (validate == "warn")
    field_validation = "Warn";
  else if (validate == "ignore" || validate == "false")
    field_validation = "Ignore";
  else
    return Error(absl::StrCat("invalid - validate option \"", validate,
                              "\"; must be one of: strict (or true), warn, ignore (or false)"));
  return absl::OkStatus();
}

std::string WriteOptions::Query(bool validation) const {
  std::vector<std::string> parts;
  if (dry_run == DryRun::kServer) parts.push_back("dryRun=All");
  if (!field_manager.empty())
    parts.push_back(absl::StrCat("fieldManager=", UrlEscape(field_manager)));
  if (validation && !field_validation.empty())
    parts.push_back(absl::StrCat("fieldValidation=", field_validation));
  return parts.empty() ? "" : absl::StrCat("?", absl::StrJoin(parts, "&"));
}

std::string WriteOptions::Operation(absl::string_view done) const {
  if (dry_run == DryRun::kClient) return absl::StrCat(done, " (dry run)");
  if (dry_run == DryRun::kServer) return absl::StrCat(done, " (server dry run)");
  return std::string(done);
}

std::unique_ptr<Command> NewCommand(absl::string_view name, absl::string_view summary,
                                    absl::string_view usage, absl::string_view examples) {
  auto command = std::make_unique<Command>();
  command->name = std::string(name);
  command->summary = std::string(summary);
  command->usage = std::string(usage);
  command->examples = std::string(examples);
  return command;
}

absl::Status PrintResult(Factory& factory, PrintOptions options, absl::string_view operation,
                         const Value& object) {
  options.operation = std::string(operation);
  ASSIGN_OR_RETURN(const auto printer, MakeObjectPrinter(options));
  RETURN_IF_ERROR(printer->Print(object, factory.io.out));
  printer->Finish(factory.io.out);
  return absl::OkStatus();
}

std::string GoType(const ApiResource& resource) {
  const bool known = apimachinery::Schema::Builtin().FindMessage(resource.ApiVersion(), resource.kind) != nullptr;
  return known ? absl::StrCat("*", resource.version, ".", resource.kind) : "*unstructured.Unstructured";
}

absl::StatusOr<Value> PatchObject(RestClient& client, const std::string& path_with_query,
                                  absl::string_view type, const std::string& body) {
  Request request;
  request.method = "PATCH";
  request.path = path_with_query;
  request.body = body;
  request.content_type = type == "merge"   ? "application/merge-patch+json"
                         : type == "json"  ? "application/json-patch+json"
                         : type == "apply" ? "application/apply-patch+yaml"
                                           : "application/strategic-merge-patch+json";
  return client.Json(request);
}

std::string LastAppliedText(const Value& object) {
  Value copy = object;
  Value& annotations = copy.Ensure("metadata.annotations");
  if (!annotations.is_object()) annotations = Value::MakeObject();
  annotations.Erase(kLastApplied);
  return WriteJsonSorted(copy) + "\n";
}

void SetLastApplied(Value* object) {
  const std::string text = LastAppliedText(*object);
  Value& annotations = object->Ensure("metadata.annotations");
  if (!annotations.is_object()) annotations = Value::MakeObject();
  annotations.Set(kLastApplied, text);
}

bool IsBuiltIn(const ApiResource& resource) {
  const std::string& g = resource.group;
  return g.empty() || g == "apps" || g == "batch" || g == "autoscaling" || g == "policy" ||
         (absl::EndsWith(g, ".k8s.io") && g != "apiextensions.k8s.io" &&
          g != "apiregistration.k8s.io" && g != "metrics.k8s.io" && g != "custom.metrics.k8s.io" &&
          g != "snapshot.storage.k8s.io" && g != "gateway.networking.k8s.io");
}

absl::Status NeedArguments(const Command& command, absl::string_view message) {
  return UsageError(command.Path(), message);
}

}  // namespace kubectl
