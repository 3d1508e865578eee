#include "client/api_error.h"

#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/wire.h"

namespace client {
namespace {

constexpr char kPayload[] = "k8s.io/meta.v1.Status";

absl::StatusCode CodeOf(int http, absl::string_view reason) {
  if (reason == "AlreadyExists") return absl::StatusCode::kAlreadyExists;
  if (reason == "Expired" || reason == "Gone") return absl::StatusCode::kOutOfRange;
  switch (http) {
    case 400:
    case 413:
    case 415:
    case 422:
      return absl::StatusCode::kInvalidArgument;
    case 401:
      return absl::StatusCode::kUnauthenticated;
    case 403:
      return absl::StatusCode::kPermissionDenied;
    case 404:
      return absl::StatusCode::kNotFound;
    case 405:
    case 406:
      return absl::StatusCode::kUnimplemented;
    case 409:
      return absl::StatusCode::kAborted;
    case 410:
      return absl::StatusCode::kOutOfRange;
    case 429:
      return absl::StatusCode::kResourceExhausted;
    case 502:
    case 503:
      return absl::StatusCode::kUnavailable;
    case 504:
      return absl::StatusCode::kDeadlineExceeded;
    default:
      return absl::StatusCode::kInternal;
  }
}

ApiError Parse(absl::string_view serialized) {
  ApiError error;
  error.serialized = std::string(serialized);
  WireField field;
  while (NextField(serialized, field)) {
    if (field.number == 3) error.message = std::string(field.bytes);
    if (field.number == 4) error.reason = std::string(field.bytes);
    if (field.number == 6) error.code = static_cast<int>(field.varint);
    if (field.number == 5) {
      absl::string_view details = field.bytes;
      WireField detail;
      while (NextField(details, detail)) {
        if (detail.number == 5) error.retry_after_seconds = static_cast<int>(detail.varint);
      }
    }
  }
  return error;
}

}  // namespace

absl::Status StatusFromApi(absl::string_view serialized_status) {
  const ApiError error = Parse(serialized_status);
  absl::Status status(CodeOf(error.code, error.reason), error.message);
  status.SetPayload(kPayload, absl::Cord(serialized_status));
  return status;
}

absl::Status StatusFromHttp(int http_code, absl::string_view text) {
  return absl::Status(CodeOf(http_code, ""), absl::StrCat("the server answered ", http_code, ": ", text.substr(0, 500)));
}

std::optional<ApiError> ApiErrorOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kPayload);
  if (!payload.has_value()) return std::nullopt;
  return Parse(std::string(*payload));
}

bool IsConflict(const absl::Status& status) { return absl::IsAborted(status); }
bool IsGone(const absl::Status& status) { return absl::IsOutOfRange(status); }
bool IsInvalid(const absl::Status& status) { return ReasonOf(status) == "Invalid"; }
bool IsForbidden(const absl::Status& status) { return absl::IsPermissionDenied(status); }
bool IsUnauthorized(const absl::Status& status) { return absl::IsUnauthenticated(status); }
bool IsTooManyRequests(const absl::Status& status) { return absl::IsResourceExhausted(status); }

std::string ReasonOf(const absl::Status& status) {
  const std::optional<ApiError> error = ApiErrorOf(status);
  return error.has_value() ? error->reason : "";
}

bool IsNamespaceTerminating(const absl::Status& status) {
  return IsForbidden(status) && absl::StrContains(status.message(), "because it is being terminated");
}

}  // namespace client
