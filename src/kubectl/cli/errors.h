// What kubectl says when something fails. An absl::Status carries the text; payloads carry what the
// last line of main needs to print it the way people know: an API server's Status object, a text
// that is already complete, an exit code.
#pragma once
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "apimachinery/value.h"

namespace kubectl {

using apimachinery::Value;

// A plain failure: printed as "error: MESSAGE".
absl::Status Error(absl::string_view message);

// The same with a hint: "error: MESSAGE\nSee 'COMMAND -h' for help and examples".
absl::Status UsageError(absl::string_view command_path, absl::string_view message);

// A refusal of the API server; `status` is a meta/v1 Status object.
absl::Status ApiError(const Value& status);
// The Status object of an ApiError; null otherwise.
Value ApiStatusOf(const absl::Status& status);
bool IsApiError(const absl::Status& status);
std::string ApiReason(const absl::Status& status);  // "NotFound", ...; empty when it is no ApiError
bool ApiNotFound(const absl::Status& status);
bool ApiConflict(const absl::Status& status);
bool ApiAlreadyExists(const absl::Status& status);
bool ApiForbidden(const absl::Status& status);

// Puts `prefix` before the message and keeps everything else.
absl::Status AddContext(const absl::Status& status, absl::string_view prefix);

// `text` is printed as it stands. An empty text fails silently with the code.
absl::Status Rendered(absl::string_view text, int exit_code = 1);

// None: OK. One: that one. More: each on a line of its own.
absl::Status Aggregate(const std::vector<absl::Status>& errors);

// What main prints on standard error, ending in a newline unless empty, and the process's exit
// code.
std::string RenderError(const absl::Status& status);
int ExitCode(const absl::Status& status);

}  // namespace kubectl
