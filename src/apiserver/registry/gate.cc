#include "apiserver/registry/gate.h"

#include "apimachinery/api_error.h"
#include "base/status_macros.h"

namespace apiserver::registry {
namespace {

apimachinery::ApiStatus Refusal(const pipeline::RequestInfo& info, std::string message) {
  apimachinery::ApiStatus status;
  status.code = 403;
  status.reason = "Forbidden";
  status.message = std::move(message);
  if (!info.is_resource_request) {
    status.always_details = true;
    return status;
  }
  status.name = info.name;
  status.group = info.group;
  status.kind = info.resource;
  return status;
}

}  // namespace

absl::Status Identify(const auth::Authenticator& authenticator, const auth::Authorizer& authorizer,
                      pipeline::RequestContext& context) {
  absl::StatusOr<pipeline::UserInfo> user = authenticator.Authenticate(context.credentials);
  if (!user.ok()) {
    apimachinery::ApiStatus status = apimachinery::Unauthorized();
    status.message = "Unauthorized";
    return status;
  }
  context.user = *std::move(user);
  const absl::StatusOr<auth::Impersonation> act = auth::ParseImpersonation(context.credentials);
  if (!act.ok()) return apimachinery::BadRequest(act.status().message());
  if (act->requested) {
    std::string no = auth::CheckImpersonation(authorizer, context.user, act->user);
    if (!no.empty()) return Refusal(context.info, std::move(no));
    context.user = act->user;
  }
  return absl::OkStatus();
}

absl::Status Authorize(const auth::Authorizer& authorizer, const pipeline::RequestContext& context) {
  const auth::Attributes attributes{context.user, context.info};
  const auth::Decision decision = authorizer.Authorize(attributes);
  if (decision.allowed()) return absl::OkStatus();
  return Refusal(context.info, auth::ForbiddenMessage(attributes, decision.reason));
}

absl::Status Admit(const auth::Authenticator& authenticator, const auth::Authorizer& authorizer,
                   pipeline::RequestContext& context) {
  RETURN_IF_ERROR(Identify(authenticator, authorizer, context));
  return Authorize(authorizer, context);
}

}  // namespace apiserver::registry
