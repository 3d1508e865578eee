// Calls of admission webhooks for the metrics, under upstream's names. Thread-safe.
#pragma once
#include "absl/time/time.h"
#include "apiserver/admission/plugin.h"
#include "apiserver/admission/webhook.h"

namespace apiserver::admission {

// After a webhook was asked. `fail_closed` of it, `took` with the whole call.
void TellCalled(const Webhook& hook, bool mutating, const Attributes& attributes, const Verdict& verdict, absl::Duration took);

}  // namespace apiserver::admission
