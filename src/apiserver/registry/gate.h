// Who is it, and may they: the steps before every request, the same for both doors. Thread-safe.
#pragma once
#include "absl/status/status.h"
#include "apiserver/auth/authenticator.h"
#include "apiserver/auth/authorizer.h"
#include "apiserver/pipeline/request.h"

namespace apiserver::registry {

// Fills in context.user. Unauthorized (401) or Forbidden (403) as ApiStatus.
absl::Status Admit(const auth::Authenticator& authenticator, const auth::Authorizer& authorizer,
                   pipeline::RequestContext& context);

}  // namespace apiserver::registry
