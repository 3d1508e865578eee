#include "apimachinery/api_error.h"

#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "apimachinery/codec.h"
#include "apimachinery/go_quote.h"
#include "apimachinery/json.h"
#include "apimachinery/schema.h"

namespace apimachinery {
namespace {

constexpr char kPayload[] = "skiff.dev/meta.v1.Status";

ApiStatus Make(int code, absl::string_view reason, std::string message) {
  ApiStatus status;
  status.code = code;
  status.reason = std::string(reason);
  status.message = std::move(message);
  return status;
}

ApiStatus About(ApiStatus status, absl::string_view group, absl::string_view kind, absl::string_view name) {
  status.group = std::string(group);
  status.kind = std::string(kind);
  status.name = std::string(name);
  return status;
}

// schema.GroupResource's text: "pods", "deployments.apps".
std::string Qualified(absl::string_view group, absl::string_view resource) {
  return group.empty() ? std::string(resource) : absl::StrCat(resource, ".", group);
}

absl::StatusCode CodeFor(int http) {
  switch (http) {
    case 400:
    case 413:
    case 415:
    case 422: return absl::StatusCode::kInvalidArgument;
    case 401: return absl::StatusCode::kUnauthenticated;
    case 403: return absl::StatusCode::kPermissionDenied;
    case 404: return absl::StatusCode::kNotFound;
    case 409: return absl::StatusCode::kAborted;
    case 410: return absl::StatusCode::kOutOfRange;
    case 429: return absl::StatusCode::kResourceExhausted;
    case 503: return absl::StatusCode::kUnavailable;
    case 504: return absl::StatusCode::kDeadlineExceeded;
    case 405:
    case 406: return absl::StatusCode::kUnimplemented;
    default: return absl::StatusCode::kInternal;
  }
}

const Message& StatusMessage() {
  static const Message* const message = Schema::Builtin().FindMessage("meta.v1.Status");
  return *message;
}

}  // namespace

Value ApiStatus::ToValue() const {
  Value value = Value::MakeObject();
  value.Set("kind", "Status");
  value.Set("apiVersion", "v1");
  value.Set("metadata", Value::MakeObject());
  value.Set("status", success ? "Success" : "Failure");
  if (!message.empty()) value.Set("message", message);
  if (!reason.empty()) value.Set("reason", reason);
  Value details = Value::MakeObject();
  if (!name.empty()) details.Set("name", name);
  if (!group.empty()) details.Set("group", group);
  if (!kind.empty()) details.Set("kind", kind);
  if (!uid.empty()) details.Set("uid", uid);
  for (const StatusCause& cause : causes) {
    Value one = Value::MakeObject();
    if (!cause.reason.empty()) one.Set("reason", cause.reason);
    if (!cause.message.empty()) one.Set("message", cause.message);
    if (!cause.field.empty()) one.Set("field", cause.field);
    details["causes"].Append(std::move(one));
  }
  if (retry_after_seconds != 0) details.Set("retryAfterSeconds", retry_after_seconds);
  if (!details.empty() || always_details) value.Set("details", std::move(details));
  if (code != 0) value.Set("code", code);
  return value;
}

std::string ApiStatus::ToJson() const {
  std::string json;
  EncodeJson(StatusMessage(), ToValue(), &json);
  return json;
}

std::string ApiStatus::ToProtobuf() const { return EncodeObject(StatusMessage(), ToValue()); }

absl::Status ApiStatus::ToStatus() const {
  absl::StatusCode status_code = CodeFor(code);
  if (reason == "AlreadyExists") status_code = absl::StatusCode::kAlreadyExists;
  absl::Status status(status_code, message);
  status.SetPayload(kPayload, absl::Cord(WriteJson(ToValue())));
  return status;
}

ApiStatus ApiStatus::FromValue(const Value& value) {
  ApiStatus status;
  status.code = static_cast<int>(value.GetInt("code"));
  status.reason = value.GetString("reason");
  status.message = value.GetString("message");
  status.success = value.GetString("status") == "Success";
  status.name = value.GetString("details.name");
  status.group = value.GetString("details.group");
  status.kind = value.GetString("details.kind");
  status.uid = value.GetString("details.uid");
  status.retry_after_seconds = static_cast<int>(value.GetInt("details.retryAfterSeconds"));
  status.always_details = value.At("details") != nullptr;
  for (const Value& cause : value.GetArray("details.causes")) {
    status.causes.push_back({cause.GetString("reason"), cause.GetString("message"), cause.GetString("field")});
  }
  return status;
}

ApiStatus ApiStatus::From(const absl::Status& status) {
  if (const auto payload = status.GetPayload(kPayload)) {
    absl::StatusOr<Value> value = ParseJson(std::string(*payload));
    if (value.ok()) return FromValue(*value);
  }
  const absl::string_view message = status.message();
  switch (status.code()) {
    case absl::StatusCode::kOk: {
      ApiStatus ok = Make(200, "", "");
      ok.success = true;
      return ok;
    }
    case absl::StatusCode::kInvalidArgument: return BadRequest(message);
    case absl::StatusCode::kNotFound: return Make(404, "NotFound", std::string(message));
    case absl::StatusCode::kAlreadyExists: return Make(409, "AlreadyExists", std::string(message));
    case absl::StatusCode::kAborted: return Make(409, "Conflict", std::string(message));
    case absl::StatusCode::kPermissionDenied: return Make(403, "Forbidden", std::string(message));
    case absl::StatusCode::kUnauthenticated: return Unauthorized(message);
    case absl::StatusCode::kOutOfRange: return Expired(message);
    case absl::StatusCode::kUnavailable: return ServiceUnavailable(message);
    case absl::StatusCode::kDeadlineExceeded: return Timeout(message, 0);
    case absl::StatusCode::kResourceExhausted: return TooManyRequests(message, 1);
    default: return apimachinery::InternalError(message);
  }
}

ApiStatus NotFound(absl::string_view group, absl::string_view resource, absl::string_view name) {
  return About(Make(404, "NotFound", absl::StrCat(Qualified(group, resource), " ", GoQuote(name), " not found")), group,
               resource, name);
}
ApiStatus AlreadyExists(absl::string_view group, absl::string_view resource, absl::string_view name) {
  return About(Make(409, "AlreadyExists",
                    absl::StrCat(Qualified(group, resource), " ", GoQuote(name), " already exists")),
               group, resource, name);
}
ApiStatus Conflict(absl::string_view group, absl::string_view resource, absl::string_view name, absl::string_view why) {
  return About(Make(409, "Conflict", absl::StrCat("Operation cannot be fulfilled on ", Qualified(group, resource), " ",
                                                  GoQuote(name), ": ", why)),
               group, resource, name);
}
ApiStatus Forbidden(absl::string_view group, absl::string_view resource, absl::string_view name, absl::string_view why) {
  std::string message;
  if (resource.empty()) {
    message = absl::StrCat("forbidden: ", why);
  } else if (name.empty()) {
    message = absl::StrCat(Qualified(group, resource), " is forbidden: ", why);
  } else {
    message = absl::StrCat(Qualified(group, resource), " ", GoQuote(name), " is forbidden: ", why);
  }
  ApiStatus status = About(Make(403, "Forbidden", std::move(message)), group, resource, name);
  status.always_details = true;
  return status;
}
ApiStatus Invalid(absl::string_view group, absl::string_view kind, absl::string_view name, const FieldErrors& errors) {
  std::string message = absl::StrCat(Qualified(group, kind), " ", GoQuote(name), " is invalid");
  if (!errors.empty()) absl::StrAppend(&message, ": ", errors.ToString());
  ApiStatus status = About(Make(422, "Invalid", std::move(message)), group, kind, name);
  for (const FieldError& error : errors.errors()) {
    status.causes.push_back({std::string(error.Reason()), error.Body(), error.field});
  }
  return status;
}
ApiStatus BadRequest(absl::string_view message) { return Make(400, "BadRequest", std::string(message)); }
ApiStatus Unauthorized(absl::string_view message) {
  return Make(401, "Unauthorized", message.empty() ? "not authorized" : std::string(message));
}
ApiStatus MethodNotSupported(absl::string_view group, absl::string_view resource, absl::string_view action) {
  ApiStatus status = About(Make(405, "MethodNotAllowed", absl::StrCat(action, " is not supported on resources of kind ",
                                                                      GoQuote(Qualified(group, resource)))),
                           group, resource, "");
  status.always_details = true;
  return status;
}
ApiStatus NotAcceptable(absl::string_view message) { return Make(406, "NotAcceptable", std::string(message)); }
ApiStatus UnsupportedMediaType(absl::string_view message) {
  return Make(415, "UnsupportedMediaType", std::string(message));
}
ApiStatus RequestEntityTooLarge(absl::string_view message) {
  return Make(413, "RequestEntityTooLarge", absl::StrCat("Request entity too large: ", message));
}
ApiStatus InternalError(absl::string_view message) {
  ApiStatus status = Make(500, "InternalError", absl::StrCat("Internal error occurred: ", message));
  status.causes.push_back({"", std::string(message), ""});
  return status;
}
ApiStatus ServiceUnavailable(absl::string_view message) {
  return Make(503, "ServiceUnavailable", std::string(message));
}
ApiStatus Timeout(absl::string_view message, int retry_after_seconds) {
  ApiStatus status = Make(504, "Timeout", absl::StrCat("Timeout: ", message));
  status.retry_after_seconds = retry_after_seconds;
  status.always_details = true;
  return status;
}
ApiStatus ServerTimeout(absl::string_view group, absl::string_view resource, absl::string_view operation,
                        int retry_after_seconds) {
  ApiStatus status = About(Make(500, "ServerTimeout", absl::StrCat("The ", operation, " operation against ",
                                                                   Qualified(group, resource),
                                                                   " could not be completed at this time, please try again.")),
                           group, resource, operation);
  status.retry_after_seconds = retry_after_seconds;
  return status;
}
ApiStatus TooManyRequests(absl::string_view message, int retry_after_seconds) {
  ApiStatus status = Make(429, "TooManyRequests", std::string(message));
  status.retry_after_seconds = retry_after_seconds;
  status.always_details = true;
  return status;
}
ApiStatus Gone(absl::string_view message) { return Make(410, "Gone", std::string(message)); }
ApiStatus Expired(absl::string_view message) { return Make(410, "Expired", std::string(message)); }
ApiStatus ApplyConflict(std::vector<StatusCause> causes, absl::string_view message) {
  ApiStatus status = Make(409, "Conflict", std::string(message));
  status.causes = std::move(causes);
  status.always_details = true;
  return status;
}

ApiStatus GenericStatus(int code, absl::string_view verb, absl::string_view group, absl::string_view resource,
                        absl::string_view name, absl::string_view server_message) {
  std::string reason = "Unknown";
  std::string message = absl::StrCat("the server responded with the status code ", code, " but did not return more information");
  switch (code) {
    case 409:
      reason = verb == "POST" ? "AlreadyExists" : "Conflict";
      message = "the server reported a conflict";
      break;
    case 404:
      reason = "NotFound";
      message = "the server could not find the requested resource";
      break;
    case 400:
      reason = "BadRequest";
      message = "the server rejected our request for an unknown reason";
      break;
    case 401:
      reason = "Unauthorized";
      message = "the server has asked for the client to provide credentials";
      break;
    case 403:
      reason = "Forbidden";
      message = server_message.empty() ? "forbidden" : std::string(server_message);
      break;
    case 406:
      reason = "NotAcceptable";
      message = server_message.empty() ? "unknown" : std::string(server_message);
      break;
    case 415:
      reason = "UnsupportedMediaType";
      message = server_message.empty() ? "unknown" : std::string(server_message);
      break;
    case 405:
      reason = "MethodNotAllowed";
      message = "the server does not allow this method on the requested resource";
      break;
    case 422:
      reason = "Invalid";
      message = "the server rejected our request due to an error in our request";
      break;
    case 503:
      reason = "ServiceUnavailable";
      message = "the server is currently unable to handle the request";
      break;
    case 504:
      reason = "Timeout";
      message = "the server was unable to return a response in the time allotted, but may still be processing the request";
      break;
    case 429:
      reason = "TooManyRequests";
      message = "the server has received too many requests and has asked us to try again later";
      break;
    default:
      if (code >= 500) {
        reason = "InternalError";
        message = absl::StrCat("an error on the server (", GoQuote(server_message),
                               ") has prevented the request from succeeding");
      }
  }
  if (!resource.empty()) {
    std::string verb_lower(verb);
    for (char& c : verb_lower) c = static_cast<char>(tolower(c));
    absl::StrAppend(&message, " (", verb_lower, " ", Qualified(group, resource), name.empty() ? "" : " ", name, ")");
  }
  ApiStatus status = About(Make(code, reason, std::move(message)), group, resource, name);
  status.always_details = true;
  return status;
}

}  // namespace apimachinery
