#include "apiserver/admission/webhook_series.h"

#include "absl/strings/str_cat.h"
#include "apimachinery/api_error.h"
#include "apiserver/admission/admission_request.h"
#include "base/metrics/metrics.h"

namespace apiserver::admission {
namespace {

struct Families {
  base::HistogramFamily took{"apiserver_admission_webhook_admission_duration_seconds", "Time that webhooks took.",
                             {"name", "operation", "rejected", "type"}, {0.005, 0.025, 0.1, 0.5, 1, 2.5, 10, 25}};
  base::CounterFamily asked{"apiserver_admission_webhook_request_total", "Calls of webhooks, by what the request was answered.",
                            {"code", "name", "operation", "rejected", "type"}};
  base::CounterFamily rejected{"apiserver_admission_webhook_rejection_count", "Requests that webhooks refused.",
                               {"error_type", "name", "operation", "rejection_code", "type"}};
  base::CounterFamily opened{"apiserver_admission_webhook_fail_open_count", "Calls that failed and were gone on without.",
                             {"name", "type"}};
};
Families& All() {
  static auto* const all = new Families;
  return *all;
}

}  // namespace

void TellCalled(const Webhook& hook, bool mutating, const Attributes& a, const Verdict& verdict, absl::Duration took) {
  const absl::string_view type = mutating ? "admit" : "validating", operation = OperationName(a.operation);
  const bool opened = verdict.call_failed && !hook.fail_closed;
  const bool rejected = !verdict.allowed && !opened;
  const absl::string_view rejected_text = rejected ? "true" : "false";
  All().took.With({hook.name, operation, rejected_text, type}).Observe(absl::ToDoubleSeconds(took));
  const int64_t said = verdict.allowed ? 200 : verdict.call_failed ? 503 : apimachinery::ApiStatus::From(verdict.refusal).code;
  All().asked.With({absl::StrCat(said > 600 ? 600 : said), hook.name, operation, rejected_text, type}).Add();
  if (opened) All().opened.With({hook.name, type}).Add();
  if (!rejected) return;
  const absl::string_view error = verdict.call_failed ? "calling_webhook_error" : "no_error";
  const int64_t code = verdict.call_failed ? 0 : said > 600 ? 600 : said;
  All().rejected.With({error, hook.name, operation, absl::StrCat(code), type}).Add();
}

}  // namespace apiserver::admission
