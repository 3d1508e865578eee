// Where a webhook lives, and one question to it: what admission and conversion webhooks have in common.
#pragma once
#include <string>

#include "absl/status/statusor.h"
#include "apimachinery/value.h"
#include "apiserver/admission/webhook_call.h"
#include "apiserver/pipeline/objects.h"

namespace apiserver::admission {

struct WebhookClient {
  std::string url;        // empty: the service
  std::string ca_bundle;  // PEM
  std::string service_name, service_namespace, service_path;
  int64_t service_port = 443;
};

// From a `clientConfig`.
WebhookClient ReadWebhookClient(const apimachinery::Value& config);

// Posts a review and reads the JSON object that comes back. The message of an error is what upstream's client says, of the
// call (`Post "https://...": ...`), the code of the answer or its form. Blocks.
absl::StatusOr<apimachinery::Value> PostReview(const WebhookClient& client, absl::Duration timeout, std::string body,
                                               const pipeline::ObjectReader& services, WebhookCaller& caller);

}  // namespace apiserver::admission
