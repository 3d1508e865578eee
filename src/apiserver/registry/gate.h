// Who is it, and may they: the steps before every request, the same for both doors. Thread-safe.
#pragma once
#include "absl/status/status.h"
#include "apiserver/auth/authenticator.h"
#include "apiserver/auth/authorizer.h"
#include "apiserver/pipeline/request.h"

namespace apiserver::registry {

// Fills in context.user: the caller, or whom it acts as. Unauthorized (401), or Forbidden (403) when it may not act as
// that, as ApiStatus.
absl::Status Identify(const auth::Authenticator& authenticator, const auth::Authorizer& authorizer,
                      pipeline::RequestContext& context);
// Whether context.user may do what context.info says. Forbidden.
absl::Status Authorize(const auth::Authorizer& authorizer, const pipeline::RequestContext& context);
// Both.
absl::Status Admit(const auth::Authenticator& authenticator, const auth::Authorizer& authorizer,
                   pipeline::RequestContext& context);

}  // namespace apiserver::registry
