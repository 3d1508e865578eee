// What the API answers instead of an object: meta.v1.Status with upstream's code, reason, message and details.
//
// Functions that may fail towards a client return absl::Status; an ApiStatus converts to one without loss and back
// by ApiStatus::From. Pure; any thread.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "apimachinery/field_error.h"
#include "apimachinery/value.h"

namespace apimachinery {

struct StatusCause {
  std::string reason, message, field;
};

struct ApiStatus {
  int code = 500;
  std::string reason;
  std::string message;
  bool success = false;  // "Success" instead of "Failure"
  // details; printed when any is set
  std::string name, group, kind, uid;
  std::vector<StatusCause> causes;
  int retry_after_seconds = 0;
  bool always_details = false;  // print an empty details object too

  Value ToValue() const;                  // a meta.v1.Status with kind and apiVersion
  std::string ToJson() const;             // ToValue() encoded
  std::string ToProtobuf() const;         // in the "k8s\0" envelope
  absl::Status ToStatus() const;          // carries this object
  operator absl::Status() const { return ToStatus(); }

  // The ApiStatus that `status` carries, or a fitting one with its message (InternalError when nothing fits better).
  static ApiStatus From(const absl::Status& status);
  static ApiStatus FromValue(const Value& status);
  bool Is(absl::string_view wanted) const { return reason == wanted; }
};

// `resource` is the plural name ("pods"), `group` "" for core. Messages say "pods "x" not found" and
// `deployments.apps "x" not found`.
ApiStatus NotFound(absl::string_view group, absl::string_view resource, absl::string_view name);
ApiStatus AlreadyExists(absl::string_view group, absl::string_view resource, absl::string_view name);
ApiStatus Conflict(absl::string_view group, absl::string_view resource, absl::string_view name,
                   absl::string_view why);
ApiStatus Forbidden(absl::string_view group, absl::string_view resource, absl::string_view name,
                    absl::string_view why);
ApiStatus Invalid(absl::string_view group, absl::string_view kind, absl::string_view name, const FieldErrors& errors);
ApiStatus BadRequest(absl::string_view message);
ApiStatus Unauthorized(absl::string_view message = "");
ApiStatus MethodNotSupported(absl::string_view group, absl::string_view resource, absl::string_view action);
ApiStatus NotAcceptable(absl::string_view message);
ApiStatus UnsupportedMediaType(absl::string_view message);
ApiStatus RequestEntityTooLarge(absl::string_view message);
ApiStatus InternalError(absl::string_view message);  // "Internal error occurred: " is put before
ApiStatus ServiceUnavailable(absl::string_view message);
ApiStatus Timeout(absl::string_view message, int retry_after_seconds);
ApiStatus ServerTimeout(absl::string_view group, absl::string_view resource, absl::string_view operation,
                        int retry_after_seconds);
ApiStatus TooManyRequests(absl::string_view message, int retry_after_seconds);
ApiStatus Gone(absl::string_view message);
ApiStatus Expired(absl::string_view message);  // resourceVersion too old
ApiStatus ApplyConflict(std::vector<StatusCause> causes, absl::string_view message);
// A generic answer for an HTTP code, as for paths that no resource serves.
ApiStatus GenericStatus(int code, absl::string_view verb, absl::string_view group, absl::string_view resource,
                        absl::string_view name, absl::string_view server_message);

}  // namespace apimachinery
