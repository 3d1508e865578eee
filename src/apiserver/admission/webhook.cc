#include "apiserver/admission/webhook.h"

#include <algorithm>

#include "absl/time/clock.h"
#include "apiserver/admission/webhook_series.h"
#include "absl/strings/str_cat.h"
#include "apimachinery/codec.h"
#include "apimachinery/go_quote.h"
#include "apimachinery/json.h"
#include "apiserver/admission/admission_request.h"
#include "apiserver/admission/plugin.h"
#include "apimachinery/expressions/expressions.h"
#include "base/rng.h"
#include "base/status_macros.h"

namespace apiserver::admission {
namespace {

namespace cel = apimachinery::cel;
namespace expressions = apimachinery::expressions;
using apimachinery::GoQuote;

constexpr char kGroup[] = "admissionregistration.k8s.io";
constexpr int64_t kDefaultTimeoutSeconds = 10;

Verdict Failed(const Webhook& hook, absl::string_view why) {
  Verdict verdict;
  verdict.allowed = false;
  verdict.call_failed = true;
  verdict.refusal = apimachinery::InternalError(absl::StrCat("failed calling webhook ", GoQuote(hook.name), ": ", why));
  return verdict;
}

// The status a webhook gave with its "no", completed.
absl::Status Denied(const Webhook& hook, const Value* result) {
  apimachinery::ApiStatus status;
  status.code = 0;
  if (result != nullptr) status = apimachinery::ApiStatus::FromValue(*result);
  status.success = false;
  if (result == nullptr || result->GetInt("code") < 400) status.code = 400;
  const std::string by = absl::StrCat("admission webhook ", GoQuote(hook.name), " denied the request");
  const std::string message = result == nullptr ? "" : result->GetString("message");
  const std::string reason = result == nullptr ? "" : result->GetString("reason");
  status.reason = reason;
  status.message = !message.empty()  ? absl::StrCat(by, ": ", message)
                   : !reason.empty() ? absl::StrCat(by, ": ", reason)
                                     : absl::StrCat(by, " without explanation");
  return status;
}

std::string GroupVersionKind(const Value& review) {
  const std::string version = review.GetString("apiVersion");
  return absl::StrCat(version.empty() ? "/" : version, ", Kind=", review.GetString("kind"));
}

// Fills the verdict from a v1 response; "" or what is wrong with it.
std::string Read(const Webhook& hook, bool mutating, absl::string_view version, absl::string_view uid, const Value& review,
                 Verdict* verdict) {
  const Value* response = review.Find("response");
  if (response == nullptr || !response->is_object()) return "webhook response was absent";
  const std::string answered = response->GetString("uid");
  const std::string patch = response->GetString("patch");
  const Value* patch_type = response->Find("patchType");
  if (patch_type != nullptr && patch_type->is_null()) patch_type = nullptr;
  if (version == "v1") {
    if (answered != uid) return absl::StrCat("expected response.uid=", GoQuote(uid), ", got ", GoQuote(answered));
    const std::string got = GroupVersionKind(review);
    constexpr char kWant[] = "admission.k8s.io/v1, Kind=AdmissionReview";
    if (got != kWant) return absl::StrCat("expected webhook response of ", kWant, ", got ", got);
    if (!mutating && !patch.empty()) return "validating webhook may not return response.patch";
    if (!mutating && patch_type != nullptr) return "validating webhook may not return response.patchType";
    if (!patch.empty() && patch_type == nullptr) return "webhook returned response.patch but not response.patchType";
    if (patch.empty() && patch_type != nullptr) return "webhook returned response.patchType but not response.patch";
  }
  for (const Value& warning : response->GetArray("warnings")) {
    if (warning.is_string()) verdict->warnings.push_back(warning.as_string());
  }
  for (const auto& [key, value] : response->GetObject("auditAnnotations")) {
    if (value.is_string()) verdict->annotations[key] = value.as_string();
  }
  verdict->allowed = response->GetBool("allowed");
  if (!verdict->allowed) {
    const Value* result = response->Find("status");
    verdict->refusal = Denied(hook, result != nullptr && result->is_object() ? result : nullptr);
    return "";
  }
  if (mutating && !patch.empty()) {
    if (apimachinery::Base64Decode(patch, &verdict->patch) >= 0) return "illegal base64 data in response.patch";
    verdict->patch_type = version == "v1" && patch_type->is_string() ? patch_type->as_string() : "JSONPatch";
  }
  return "";
}

WebhookClient ClientOf(const Value& hook) {
  const Value* config = hook.Find("clientConfig");
  return config == nullptr ? WebhookClient() : ReadWebhookClient(*config);
}

}  // namespace

Webhook::Webhook(const Value& hook, absl::string_view configuration, size_t index)
    : name(hook.GetString("name")),
      uid(absl::StrCat(configuration, "/", name, "/", index)),
      configuration(configuration),
      matcher(hook, "rules", false),
      fail_closed(hook.GetString("failurePolicy", "Fail") != "Ignore"),
      side_effects(hook.GetString("sideEffects")),
      reinvocation(hook.GetString("reinvocationPolicy", "Never")),
      timeout(absl::Seconds(hook.GetInt("timeoutSeconds", kDefaultTimeoutSeconds))),
      client(ClientOf(hook)) {
  for (const Value& version : hook.GetArray("admissionReviewVersions")) {
    if (version.is_string()) review_versions.push_back(version.as_string());
  }
  const cel::Env env = expressions::AdmissionEnv(false, true);
  for (const Value& condition : hook.GetArray("matchConditions")) {
    std::string text = condition.GetString("expression");
    auto program = expressions::Compile(text, env, expressions::Returns::kBool);
    match_conditions.push_back(std::make_unique<Variable>(
        Variable{condition.GetString("name"), Expression(std::move(text), std::move(program))}));
  }
}

std::shared_ptr<const std::vector<std::shared_ptr<const Webhook>>> WebhookStore::Current() {
  const pipeline::GroupResource what{kGroup, resource_};
  const uint64_t now = reader_.Generation(what);
  {
    const std::lock_guard lock(mu_);
    if (current_ != nullptr && generation_ == now) return current_;
  }
  auto fresh = std::make_shared<std::vector<std::shared_ptr<const Webhook>>>();
  for (const pipeline::ObjectPtr& object : reader_.List(what, "")) {  // by name
    const apimachinery::Array& hooks = object->GetArray("webhooks");
    for (size_t i = 0; i < hooks.size(); ++i) {
      fresh->push_back(std::make_shared<const Webhook>(hooks[i], object->GetString("metadata.name"), i));
    }
  }
  const std::lock_guard lock(mu_);
  current_ = fresh;
  generation_ = now;
  return current_;
}

absl::StatusOr<bool> Concerns(const Webhook& hook, const Attributes& asked, const pipeline::ObjectReader& reader,
                              const auth::Authorizer* authorizer, std::unique_ptr<Translated>* seen) {
  pipeline::KindPtr as;
  absl::StatusOr<bool> matches = hook.matcher.Matches(asked, reader, &as);
  if (!matches.ok() || !*matches) return matches;
  ASSIGN_OR_RETURN(*seen, Translated::Make(asked, std::move(as), reader));
  if (hook.match_conditions.empty()) return matches;
  const Attributes& a = (*seen)->attributes();
  const Value request = RequestValue(a);
  const Oracle oracle(a, authorizer);
  Value object, old_object;
  ExpressionInput::Parts parts;
  const auto named = [&](const Value* tree, Value* into) -> const Value* {
    if (tree == nullptr) return nullptr;
    *into = *tree;
    into->Set("kind", a.kind->kind);
    into->Set("apiVersion", a.kind->api_version);
    return into;
  };
  parts.object = named(a.object, &object);
  parts.old_object = named(a.old, &old_object);
  parts.request = &request;
  parts.oracle = &oracle;
  ExpressionInput input(parts);
  input.SetBudget(cel::kMatchConditionsBudget);
  matches = AllHold(hook.match_conditions, input);
  if (matches.ok()) return matches;
  if (!hook.fail_closed) return false;
  return absl::Status(apimachinery::Forbidden(asked.info->group, asked.info->resource, asked.name, matches.status().message()));
}

namespace {

Verdict Call(const Webhook& hook, bool mutating, const Attributes& a, const pipeline::ObjectReader& reader,
             WebhookCaller& caller) {
  if (a.dry_run && hook.side_effects != "None" && hook.side_effects != "NoneOnDryRun") {
    Verdict verdict;
    verdict.allowed = false;
    verdict.refusal = apimachinery::BadRequest(absl::StrCat("admission webhook ", GoQuote(hook.name), " does not support dry run"));
    return verdict;
  }
  const auto known = std::find_if(hook.review_versions.begin(), hook.review_versions.end(),
                                  [](const std::string& v) { return v == "v1" || v == "v1beta1"; });
  if (known == hook.review_versions.end()) {
    return Failed(hook, "could not create admission objects: webhook does not accept known AdmissionReview versions (v1, v1beta1)");
  }
  const std::string uid = base::NewUid();
  const absl::StatusOr<Value> review = PostReview(hook.client, hook.timeout, ReviewJson(a, *known, uid), reader, caller);
  if (!review.ok()) return Failed(hook, absl::StrCat("failed to call webhook: ", review.status().message()));
  if (const std::string spoken = review->GetString("apiVersion");
      spoken != absl::StrCat("admission.k8s.io/", *known) && (spoken == "admission.k8s.io/v1" || spoken == "admission.k8s.io/v1beta1")) {
    return Failed(hook, absl::StrCat("failed to call webhook: converting (", spoken.substr(spoken.find('/') + 1),
                                     ".AdmissionReview) to (", *known, ".AdmissionReview): unknown conversion"));
  }
  Verdict verdict;
  if (const std::string wrong = Read(hook, mutating, *known, uid, *review, &verdict); !wrong.empty()) {
    Verdict failed = Failed(hook, absl::StrCat("received invalid webhook response: ", wrong));
    failed.warnings = std::move(verdict.warnings);
    return failed;
  }
  return verdict;
}

}  // namespace

Verdict Ask(const Webhook& hook, bool mutating, const Attributes& a, const pipeline::ObjectReader& reader,
            WebhookCaller& caller) {
  const absl::Time began = absl::Now();
  Verdict verdict = Call(hook, mutating, a, reader, caller);
  TellCalled(hook, mutating, a, verdict, absl::Now() - began);
  return verdict;
}

}  // namespace apiserver::admission
