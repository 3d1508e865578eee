#include "kubectl/cmd/waiting.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status_macros.h"
#include "kubectl/cli/codec.h"
#include "kubectl/cli/errors.h"

namespace kubectl {

absl::Status WaitForObject(RestClient& client, const Info& info, absl::Duration timeout,
                           const std::function<absl::StatusOr<bool>(const Value*)>& done) {
  const absl::Time deadline =
      timeout <= absl::ZeroDuration() ? absl::InfiniteFuture() : absl::Now() + timeout;
  const std::string type = info.resource.QualifiedName();
  const std::string selector =
      absl::StrCat("fieldSelector=", UrlEscape(absl::StrCat("metadata.name=", info.name)));
  const std::string path = info.resource.Path(info.ns);
  for (;;) {
    ASSIGN_OR_RETURN(const Value list, client.Get(absl::StrCat(path, "?", selector)));
    Value current;
    for (const Value& item : list.GetArray("items")) current = item;
    ASSIGN_OR_RETURN(bool finished, done(current.is_null() ? nullptr : &current));
    if (finished) return absl::OkStatus();
    const int64_t left =
        deadline == absl::InfiniteFuture()
            ? 300
            : std::max<int64_t>(0, absl::ToInt64Milliseconds(deadline - absl::Now()) + 999) / 1000;
    if (absl::Now() >= deadline) {
      return absl::DeadlineExceededError(
          absl::StrCat("timed out waiting for the condition on ", type, "/", info.name));
    }
    Request request;
    request.path = absl::StrCat(path, "?", selector,
                                "&resourceVersion=", list.GetString("metadata.resourceVersion"),
                                "&timeoutSeconds=", std::max<int64_t>(left, 1), "&watch=true");
    absl::Status failure;
    const absl::Status status = client.StreamLines(request, [&](absl::string_view line) {
      absl::StatusOr<Value> event = ParseJson(line);
      if (!event.ok()) return true;
      const std::string event_type = event->GetString("type");
      if (event_type == "BOOKMARK") return true;
      if (event_type == "ERROR") return false;
      absl::StatusOr<bool> answer = done(event_type == "DELETED" ? nullptr : event->Find("object"));
      if (!answer.ok()) {
        failure = answer.status();
        return false;
      }
      finished = *answer;
      return !finished;
    });
    if (!failure.ok()) return failure;
    if (finished) return absl::OkStatus();
    if (!status.ok() && !absl::IsUnavailable(status) && ApiReason(status) != "Expired")
      return status;
  }
}

absl::Status WaitForDeletion(RestClient& client, const Info& info, const std::string& uid,
                             absl::Duration timeout) {
  return WaitForObject(client, info, timeout, [&](const Value* object) -> absl::StatusOr<bool> {
    return object == nullptr || (!uid.empty() && object->GetString("metadata.uid") != uid);
  });
}

}  // namespace kubectl
