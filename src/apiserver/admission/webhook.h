// The webhooks of Mutating- and ValidatingWebhookConfigurations: which of them a write concerns, and what they say to it.
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "apiserver/admission/expression_input.h"
#include "apiserver/admission/match_rules.h"
#include "apiserver/admission/translated.h"
#include "apiserver/admission/webhook_call.h"
#include "apiserver/admission/webhook_client.h"

namespace apiserver::admission {

// Immutable.
struct Webhook {
  Webhook(const Value& hook, absl::string_view configuration, size_t index);

  const std::string name, uid, configuration;  // uid: unique among all, stable
  const Matcher matcher;
  std::vector<std::unique_ptr<Variable>> match_conditions;
  const bool fail_closed;
  const std::string side_effects, reinvocation;
  const absl::Duration timeout;
  const WebhookClient client;
  std::vector<std::string> review_versions;
};

// Keeps up with the stored configurations of one kind. Thread-safe.
class WebhookStore {
 public:
  WebhookStore(const pipeline::ObjectReader& reader, absl::string_view resource) : reader_(reader), resource_(resource) {}
  std::shared_ptr<const std::vector<std::shared_ptr<const Webhook>>> Current();

 private:
  const pipeline::ObjectReader& reader_;
  const std::string resource_;
  std::mutex mu_;
  std::shared_ptr<const std::vector<std::shared_ptr<const Webhook>>> current_;  // guarded by mu_
  uint64_t generation_ = 0;                                                     // that current_ shows
};

// What a webhook answered. `refusal` is what the client is told.
struct Verdict {
  bool allowed = true;
  bool call_failed = false;      // it could not be asked: failurePolicy decides
  absl::Status refusal;
  std::vector<std::string> warnings;
  std::map<std::string, std::string> annotations;  // for the audit log
  std::string patch, patch_type;  // JSON; empty: none
};

// Does the write concern the webhook? Then `seen` is what it is shown. Errors are refusals.
absl::StatusOr<bool> Concerns(const Webhook& hook, const Attributes& attributes, const pipeline::ObjectReader& reader,
                              const auth::Authorizer* authorizer, std::unique_ptr<Translated>* seen);
Verdict Ask(const Webhook& hook, bool mutating, const Attributes& attributes, const pipeline::ObjectReader& reader,
            WebhookCaller& caller);

}  // namespace apiserver::admission
