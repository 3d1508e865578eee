// Deleting one object, as kubectl delete does it; replace --force, apply --force and run --rm use
// it too.
#pragma once
#include "kubectl/cmd/common.h"

namespace kubectl {

struct DeleteRequest {
  int64_t grace_period = -1;           // seconds; negative leaves it to the server
  std::string cascade = "background";  // background, foreground, orphan
  bool server_dry_run = false;
};

// The server's answer: a Status, or the object while it terminates.
absl::StatusOr<Value> DeleteObject(RestClient& client, const Info& info,
                                   const DeleteRequest& request);
// The uid named by such an answer.
std::string UidOfAnswer(const Value& answer);
absl::Status CheckCascade(const std::string& cascade);
// `pod "x" deleted from default namespace`; `done` is "deleted" or "force deleted".
std::string DeletedText(const Info& info, absl::string_view done, absl::string_view dry_run_suffix);

}  // namespace kubectl
