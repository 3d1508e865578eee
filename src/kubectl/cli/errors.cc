#include "kubectl/cli/errors.h"

#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "kubectl/cli/codec.h"

namespace kubectl {
namespace {

constexpr absl::string_view kStatusUrl = "k8s.io/Status";
constexpr absl::string_view kTextUrl = "kubectl/text";
constexpr absl::string_view kExitUrl = "kubectl/exit";

std::string Payload(const absl::Status& status, absl::string_view url) {
  const auto payload = status.GetPayload(url);
  return payload ? std::string(*payload) : "";
}

std::string WithNewline(std::string text) {
  if (!text.empty() && text.back() != '\n') text += '\n';
  return text;
}

std::string CauseText(const Value& cause) {
  return absl::StrCat(cause.GetString("field"), ": ", cause.GetString("message"));
}

std::string RenderInvalid(const Value& status) {
  const Value* details = status.Find("details");
  const std::string message = status.GetString("message");
  std::string text = "The request is invalid";
  if (details == nullptr) return message.empty() ? text : absl::StrCat(text, ": ", message);
  const std::string kind = details->GetString("kind"), name = details->GetString("name");
  const apimachinery::Array& causes = details->GetArray("causes");
  if (!kind.empty() || !name.empty()) {
    text = absl::StrCat("The ", kind, " \"", name, "\" is invalid");
  } else if (!message.empty() && causes.empty()) {
    absl::StrAppend(&text, ": ", message);
  }
  if (causes.empty()) return text;
  std::vector<std::string> lines;  // the aggregate keeps one of equal texts
  for (const Value& cause : causes) {
    std::string line = CauseText(cause);
    if (std::find(lines.begin(), lines.end(), line) == lines.end()) lines.push_back(std::move(line));
  }
  if (lines.size() == 1) return absl::StrCat(text, ": ", lines[0], "\n");
  absl::StrAppend(&text, ": \n");
  for (const std::string& line : lines) absl::StrAppend(&text, "* ", line, "\n");
  return text;
}

}  // namespace

absl::Status Error(absl::string_view message) { return absl::UnknownError(message); }

absl::Status UsageError(absl::string_view command_path, absl::string_view message) {
  return absl::InvalidArgumentError(
      absl::StrCat(message, "\nSee '", command_path, " -h' for help and examples"));
}

absl::Status ApiError(const Value& status) {
  absl::Status result(absl::StatusCode::kInternal, status.GetString("message"));
  if (result.message().empty()) result = absl::InternalError("unknown");
  result.SetPayload(kStatusUrl, absl::Cord(WriteJson(status)));
  return result;
}

Value ApiStatusOf(const absl::Status& status) {
  const std::string payload = Payload(status, kStatusUrl);
  if (payload.empty()) return Value();
  absl::StatusOr<Value> parsed = ParseJson(payload);
  return parsed.ok() ? *std::move(parsed) : Value();
}

bool IsApiError(const absl::Status& status) { return status.GetPayload(kStatusUrl).has_value(); }
std::string ApiReason(const absl::Status& status) {
  return status.ok() ? "" : ApiStatusOf(status).GetString("reason");
}
bool ApiNotFound(const absl::Status& status) { return ApiReason(status) == "NotFound"; }
bool ApiConflict(const absl::Status& status) { return ApiReason(status) == "Conflict"; }
bool ApiAlreadyExists(const absl::Status& status) { return ApiReason(status) == "AlreadyExists"; }
bool ApiForbidden(const absl::Status& status) { return ApiReason(status) == "Forbidden"; }

absl::Status AddContext(const absl::Status& status, absl::string_view prefix) {
  if (status.ok()) return status;
  if (IsApiError(status)) {
    Value value = ApiStatusOf(status);
    value.Set("message", absl::StrCat(prefix, status.message()));
    return ApiError(value);
  }
  const std::string text = Payload(status, kTextUrl);
  if (!text.empty()) return status;
  absl::Status result(status.code(), absl::StrCat(prefix, status.message()));
  return result;
}

absl::Status Rendered(absl::string_view text, int exit_code) {
  absl::Status status = absl::UnknownError(text.empty() ? "exit" : text);
  status.SetPayload(kTextUrl, absl::Cord(text));
  status.SetPayload(kExitUrl, absl::Cord(absl::StrCat(exit_code)));
  return status;
}

absl::Status Aggregate(const std::vector<absl::Status>& errors) {
  std::vector<absl::Status> failed;
  for (const absl::Status& error : errors) {
    if (!error.ok()) failed.push_back(error);
  }
  if (failed.empty()) return absl::OkStatus();
  if (failed.size() == 1) return failed[0];
  std::string text;
  for (const absl::Status& error : failed) {
    if (ApiReason(error) == "Invalid") {  // inside a list, an invalid object reads like any refusal
      absl::StrAppend(&text, "Error from server (Invalid): ", error.message(), "\n");
    } else if (IsApiError(error) || error.GetPayload(kTextUrl)) {
      absl::StrAppend(&text, RenderError(error));
    } else {
      absl::StrAppend(&text, error.message(), "\n");
    }
  }
  return Rendered(text);
}

std::string RenderError(const absl::Status& status) {
  if (status.ok()) return "";
  if (status.GetPayload(kTextUrl)) return WithNewline(Payload(status, kTextUrl));
  if (IsApiError(status)) {
    const Value value = ApiStatusOf(status);
    const std::string reason = value.GetString("reason");
    if (reason == "Invalid") return WithNewline(RenderInvalid(value));
    if (reason == "Unauthorized") {
      return absl::StrCat("error: You must be logged in to the server (", status.message(), ")\n");
    }
    if (reason.empty()) return WithNewline(absl::StrCat("Error from server: ", status.message()));
    return WithNewline(absl::StrCat("Error from server (", reason, "): ", status.message()));
  }
  const std::string message(status.message());
  return WithNewline(absl::StartsWith(message, "error: ") ? message
                                                          : absl::StrCat("error: ", message));
}

int ExitCode(const absl::Status& status) {
  if (status.ok()) return 0;
  int code = 1;
  const std::string payload = Payload(status, kExitUrl);
  if (!payload.empty() && !absl::SimpleAtoi(payload, &code)) code = 1;
  return code;
}

}  // namespace kubectl
