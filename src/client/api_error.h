// Failures of API requests: an absl::Status whose code is the nearest one, whose message is the server's message,
// and which carries the server's meta.v1.Status.
#pragma once
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace client {

// The parts of meta.v1.Status that callers decide on.
struct ApiError {
  int code = 0;         // HTTP status
  std::string reason;   // "NotFound", "Conflict", ...
  std::string message;  // for people
  int retry_after_seconds = 0;
  std::string serialized;  // the whole meta.v1.Status
};

// From a serialized meta.v1.Status (no envelope), or from an HTTP code and text when the server sent none.
absl::Status StatusFromApi(absl::string_view serialized_status);
absl::Status StatusFromHttp(int http_code, absl::string_view text);

// nullopt: `status` did not come from an API server (connection refused, ...).
std::optional<ApiError> ApiErrorOf(const absl::Status& status);

// absl::IsNotFound and absl::IsAlreadyExists mean what they say.
bool IsConflict(const absl::Status& status);  // the object changed since it was read
bool IsGone(const absl::Status& status);      // resource version or continue token expired
bool IsInvalid(const absl::Status& status);
bool IsForbidden(const absl::Status& status);
bool IsUnauthorized(const absl::Status& status);
bool IsTooManyRequests(const absl::Status& status);
// The reason, or "" when the status did not come from an API server.
std::string ReasonOf(const absl::Status& status);
// The namespace is on its way out: creating content in it is pointless.
bool IsNamespaceTerminating(const absl::Status& status);

}  // namespace client
