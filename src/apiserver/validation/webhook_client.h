// How a server that calls back is addressed: webhooks and conversions.
#pragma once
#include "absl/strings/string_view.h"
#include "apiserver/validation/checks.h"

namespace apiserver::validation {

void WebhookUrl(FieldErrors& e, const Path& p, absl::string_view url);
void WebhookService(FieldErrors& e, const Path& p, const Value& service);
// Certificates in PEM; `base64` is a bytes member of a typed tree, nothing is said of an empty one.
void WebhookCaBundle(FieldErrors& e, const Path& p, absl::string_view base64);

}  // namespace apiserver::validation
