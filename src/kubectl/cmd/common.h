// What the verbs share: dry run, field validation, writing an object and saying so.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "kubectl/cli/command.h"
#include "kubectl/cli/errors.h"
#include "kubectl/printers/object.h"
#include "kubectl/rest/factory.h"
#include "kubectl/rest/resources.h"

namespace kubectl {

enum class DryRun { kNone, kClient, kServer };

// The options of a verb that changes objects. Shared by the closures of one Command, hence the
// shared_ptr users.
struct WriteOptions {
  std::string dry_run_text = "none";
  std::string validate = "strict";
  std::string field_manager;
  PrintOptions print;
  FileOptions files;

  DryRun dry_run = DryRun::kNone;  // after Complete
  std::string field_validation;    // Strict, Warn, Ignore; after Complete

  void AddDryRun(FlagSet* flags);
  void AddValidate(FlagSet* flags);
  void AddFieldManager(FlagSet* flags, absl::string_view name);
  absl::Status Complete(Factory& factory);

  // fieldManager, fieldValidation, dryRun as a query with its question mark; empty when there is
  // nothing to say. `validation` false leaves fieldValidation out.
  std::string Query(bool validation = true) const;
  // "created", "created (dry run)", "created (server dry run)".
  std::string Operation(absl::string_view done) const;
};

// A new command bound to its summary and usage.
std::unique_ptr<Command> NewCommand(absl::string_view name, absl::string_view summary,
                                    absl::string_view usage, absl::string_view examples = "");

// Prints `object` as -o says, or "kind/name OPERATION".
absl::Status PrintResult(Factory& factory, PrintOptions options, absl::string_view operation,
                         const Value& object);

// PATCH with the given media type ("merge", "json", "strategic", "apply").
absl::StatusOr<Value> PatchObject(RestClient& client, const std::string& path_with_query,
                                  absl::string_view type, const std::string& body);

// "*v1.ConfigMap", "*unstructured.Unstructured": what Go calls an object's type.
std::string GoType(const ApiResource& resource);

constexpr char kLastApplied[] = "kubectl.kubernetes.io/last-applied-configuration";
// The object as the annotation keeps it: without the annotation itself, sorted, with a newline.
std::string LastAppliedText(const Value& object);
void SetLastApplied(Value* object);

// Kinds whose strategic merge patch the server understands.
bool IsBuiltIn(const ApiResource& resource);

// "kubectl VERB -h" hints need the path; a verb called with too few words.
absl::Status NeedArguments(const Command& command, absl::string_view message);

}  // namespace kubectl
