// Who is it, and may they: the steps before every request, the same for both doors. Thread-safe.
#pragma once
#include "absl/status/status.h"
#include "apiserver/auth/authenticator.h"
#include "apiserver/auth/authorizer.h"
#include "apiserver/flowcontrol/work_estimate.h"
#include "apiserver/pipeline/request.h"

namespace apiserver::registry {

struct Environment;

// Fills in context.user: the caller. Unauthorized (401) as ApiStatus.
absl::Status Authenticate(const auth::Authenticator& authenticator, pipeline::RequestContext& context);
// Puts whom it acts as in place of the caller, if it wants that. Forbidden (403) when it may not.
absl::Status Impersonate(const auth::Authorizer& authorizer, pipeline::RequestContext& context);
// Whether context.user may do what context.info says. Forbidden.
absl::Status Authorize(const auth::Authorizer& authorizer, const pipeline::RequestContext& context);

// The steps that requests pass before they are served, for the metrics.
enum class Filter : uint8_t { kAuthentication, kAudit, kImpersonation, kPriorityAndFairness, kAuthorization };
void TellFilter(Filter filter, absl::Duration took);

// How many watches there are of a request's resource.
size_t WatchersOf(const Environment& environment, const pipeline::RequestInfo& info);
// How much is stored of a request's resource; nothing of what is unknown.
flowcontrol::Stored StoredOf(const Environment& environment, const pipeline::RequestInfo& info);

}  // namespace apiserver::registry
