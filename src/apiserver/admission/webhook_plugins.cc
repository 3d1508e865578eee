// MutatingAdmissionWebhook and ValidatingAdmissionWebhook.
#include <thread>

#include "absl/strings/str_cat.h"
#include "apimachinery/codec.h"
#include "apimachinery/go_quote.h"
#include "apimachinery/json.h"
#include "apimachinery/patch/patch.h"
#include "apiserver/admission/admission_request.h"
#include "apiserver/admission/plugin.h"
#include "apiserver/admission/webhook.h"
#include "apiserver/pipeline/audit_trail.h"
#include "base/log.h"
#include "base/status_macros.h"

namespace apiserver::admission {
namespace {

using Hooks = std::vector<std::shared_ptr<const Webhook>>;

void Warn(const Attributes& a, const std::vector<std::string>& warnings) {
  for (const std::string& warning : warnings) AddWarning(a, warning);
}

void TellAnnotations(const Attributes& a, const Webhook& hook, const Verdict& verdict) {
  for (const auto& [key, value] : verdict.annotations) Annotate(a, absl::StrCat(hook.name, "/", key), value);
}

Value NameOf(const Webhook& hook) {
  Value out = Value::MakeObject();
  out.Set("configuration", hook.configuration);
  out.Set("webhook", hook.name);
  return out;
}

std::string RoundKey(absl::string_view subject, bool again, size_t index) {
  return absl::StrCat(subject, ".webhook.admission.k8s.io/round_", again ? 1 : 0, "_index_", index);
}

void TellFailedOpen(const Attributes& a, const Webhook& hook, absl::string_view kind, bool again, size_t index) {
  if (a.audit != nullptr) Annotate(a, RoundKey(absl::StrCat("failed-open.", kind), again, index), hook.name);
}

void TellMutation(const Attributes& a, const Webhook& hook, const Verdict& verdict, bool again, size_t index, bool changed) {
  if (a.audit == nullptr) return;
  Value told = NameOf(hook);
  told.Set("mutated", changed);
  Annotate(a, RoundKey("mutation", again, index), apimachinery::WriteJson(told));
  if (!changed || !a.audit->wants_request()) return;
  Value patch = NameOf(hook);
  patch.Set("patch", Value::Raw(verdict.patch));
  patch.Set("patchType", "JSONPatch");
  Annotate(a, RoundKey("patch", again, index), apimachinery::WriteJson(patch));
}

// The object after a webhook's patch. `changed`: it is another one.
absl::Status Patch(const Webhook& hook, const Verdict& verdict, Attributes& a, bool* changed) {
  const auto misspoken = [&](absl::string_view what, absl::string_view why) {
    return absl::Status(apimachinery::InternalError(
        absl::StrCat("failed calling webhook ", apimachinery::GoQuote(hook.name), ": ", what, why)));
  };
  constexpr char kUndecodable[] = "received undecodable patch in webhook response: ";
  auto operations = apimachinery::ParseJson(verdict.patch);
  if (!operations.ok()) return misspoken(kUndecodable, operations.status().message());
  if (!operations->is_array()) {
    return misspoken(kUndecodable, "json: cannot unmarshal object into Go value of type jsonpatch.Patch");
  }
  if (operations->empty()) return absl::OkStatus();
  if (verdict.patch_type != "JSONPatch") return misspoken("unsupported patch type ", apimachinery::GoQuote(verdict.patch_type));
  if (a.object == nullptr) {
    return apimachinery::InternalError(absl::StrCat("admission webhook ", apimachinery::GoQuote(hook.name),
                                                    " attempted to modify the object, which is not supported for this operation"));
  }
  ASSIGN_OR_RETURN(Value plain, apimachinery::ParseJson(ObjectJson(*a.kind, a.object)));
  auto patched = apimachinery::patch::ApplyJsonPatch(std::move(plain), *operations);
  if (!patched.ok()) return apimachinery::InternalError(patched.status().message());
  Value fresh = *std::move(patched);
  if (a.kind->message != nullptr && a.kind->custom == nullptr) {
    auto decoded = apimachinery::DecodeTree(*a.kind->message, std::move(fresh), {.strict = false});
    if (!decoded.ok()) return apimachinery::InternalError(decoded.status().message());
    fresh = std::move(decoded->value);
  }
  *changed = !(fresh == *a.object);
  *a.object = std::move(fresh);
  return absl::OkStatus();
}

class MutatingWebhooks final : public Plugin {
 public:
  explicit MutatingWebhooks(const PluginSeams& seams)
      : Plugin("MutatingAdmissionWebhook"), reader_(seams.reader), authorizer_(seams.authorizer),
        store_(std::make_unique<WebhookStore>(seams.reader, "mutatingwebhookconfigurations")), caller_(NewWebhookCaller()) {}

  absl::Status Admit(Attributes& a) const override {
    if (IsAdmissionConfiguration(a)) return absl::OkStatus();
    const auto hooks = store_->Current();
    if (hooks->empty()) return absl::OkStatus();
    MutationRound unused;
    MutationRound& round = a.round == nullptr ? unused : *a.round;
    // Another plugin changed what the webhooks left: those that want to know are asked again.
    if (round.again && a.object != nullptr && !(round.left == *a.object)) round.CallAgain();
    for (const auto& hook : *hooks) {
      if (round.again && round.to_call.count(hook->uid) == 0) continue;
      const size_t index = static_cast<size_t>(&hook - hooks->data());
      std::unique_ptr<Translated> seen;
      ASSIGN_OR_RETURN(const bool concerned, Concerns(*hook, a, reader_, authorizer_, &seen));
      if (!concerned) continue;
      bool changed = false;
      RETURN_IF_ERROR(Call(*hook, seen->attributes(), round, index, &changed));
      if (changed) RETURN_IF_ERROR(seen->TakeBack(a, reader_));
    }
    if (a.object != nullptr) round.left = *a.object;
    return absl::OkStatus();
  }

 private:
  absl::Status Call(const Webhook& hook, Attributes& a, MutationRound& round, size_t index, bool* changed) const {
    const Verdict verdict = Ask(hook, true, a, reader_, *caller_);
    Warn(a, verdict.warnings);
    TellAnnotations(a, hook, verdict);
    if (!verdict.allowed) {
      if (verdict.call_failed && !hook.fail_closed) TellFailedOpen(a, hook, "mutation", round.again, index);
      if (!verdict.call_failed || hook.fail_closed) return verdict.refusal;
      base::LogWarning("webhook failed, going on without it name=", hook.name, " error=", verdict.refusal.message());
    }
    if (!verdict.patch.empty()) RETURN_IF_ERROR(Patch(hook, verdict, a, changed));
    if (verdict.allowed) TellMutation(a, hook, verdict, round.again, index, *changed);
    if (*changed) {
      round.CallAgain();
      round.wanted = true;
    }
    if (hook.reinvocation == "IfNeeded") round.called.insert(hook.uid);
    return absl::OkStatus();
  }

  const pipeline::ObjectReader& reader_;
  const auth::Authorizer* authorizer_;
  const std::unique_ptr<WebhookStore> store_;
  const std::unique_ptr<WebhookCaller> caller_;
};

class ValidatingWebhooks final : public Plugin {
 public:
  explicit ValidatingWebhooks(const PluginSeams& seams)
      : Plugin("ValidatingAdmissionWebhook"), reader_(seams.reader), authorizer_(seams.authorizer),
        store_(std::make_unique<WebhookStore>(seams.reader, "validatingwebhookconfigurations")), caller_(NewWebhookCaller()) {}

  absl::Status Validate(const Attributes& a) const override {
    if (IsAdmissionConfiguration(a)) return absl::OkStatus();
    const auto hooks = store_->Current();
    if (hooks->empty()) return absl::OkStatus();
    Hooks concerned;
    std::vector<std::unique_ptr<Translated>> seen;
    for (const auto& hook : *hooks) {
      std::unique_ptr<Translated> one;
      ASSIGN_OR_RETURN(const bool yes, Concerns(*hook, a, reader_, authorizer_, &one));
      if (!yes) continue;
      concerned.push_back(hook);
      seen.push_back(std::move(one));
    }
    std::vector<Verdict> verdicts(concerned.size());
    {
      // All at once: the slowest says how long it takes.
      std::vector<std::thread> others;
      for (size_t i = 1; i < concerned.size(); ++i) {
        others.emplace_back([&, i] { verdicts[i] = Ask(*concerned[i], false, seen[i]->attributes(), reader_, *caller_); });
      }
      if (!concerned.empty()) verdicts[0] = Ask(*concerned[0], false, seen[0]->attributes(), reader_, *caller_);
      for (std::thread& other : others) other.join();
    }
    absl::Status refusal;
    for (size_t i = 0; i < concerned.size(); ++i) {
      Warn(a, verdicts[i].warnings);
      TellAnnotations(a, *concerned[i], verdicts[i]);
      if (verdicts[i].call_failed && !concerned[i]->fail_closed) TellFailedOpen(a, *concerned[i], "validating", false, i);
      if (verdicts[i].allowed || !refusal.ok()) continue;
      if (!verdicts[i].call_failed || concerned[i]->fail_closed) {
        refusal = verdicts[i].refusal;
      } else {
        base::LogWarning("webhook failed, going on without it name=", concerned[i]->name, " error=", verdicts[i].refusal.message());
      }
    }
    return refusal;
  }

 private:
  const pipeline::ObjectReader& reader_;
  const auth::Authorizer* authorizer_;
  const std::unique_ptr<WebhookStore> store_;
  const std::unique_ptr<WebhookCaller> caller_;
};

}  // namespace

PluginPtr NewMutatingWebhooks(const PluginSeams& seams) { return std::make_unique<MutatingWebhooks>(seams); }
PluginPtr NewValidatingWebhooks(const PluginSeams& seams) { return std::make_unique<ValidatingWebhooks>(seams); }

}  // namespace apiserver::admission
