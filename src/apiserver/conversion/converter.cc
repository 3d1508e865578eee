#include "apiserver/conversion/converter.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "apimachinery/api_error.h"
#include "apimachinery/json.h"
#include "apimachinery/structural/object_meta.h"
#include "apiserver/admission/webhook_client.h"
#include "apiserver/conversion/review.h"
#include "base/http/worker_pool.h"
#include "base/metrics/metrics.h"
#include "base/rng.h"
#include "base/status_macros.h"

namespace apiserver::conversion {
namespace {

using apimachinery::Value;
using apimachinery::structural::Version;

constexpr absl::Duration kTimeout = absl::Seconds(30);
constexpr size_t kMaxReview = 1 << 20;  // bytes of the objects of one review; a larger object goes alone
constexpr int kThreads = 4;
constexpr size_t kMaxQueued = 4096;

struct ConversionMetrics {
  base::CounterFamily asked{"apiserver_conversion_webhook_request_total", "Calls of conversion webhooks, by how they ended.",
                            {"failure_type", "result"}};
  base::HistogramFamily took{"apiserver_conversion_webhook_duration_seconds", "Time of calls of conversion webhooks.",
                             {"failure_type", "result"}, {0.005, 0.02, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 20, 25, 30, 45, 60, 120, 180}};

  void Count(absl::string_view failure, absl::Duration took_time) {
    const absl::string_view result = failure.empty() ? "success" : "failure";
    asked.With({failure, result}).Add();
    took.With({failure, result}).Observe(absl::ToDoubleSeconds(took_time));
  }
};
ConversionMetrics& Metrics() {
  static auto* const metrics = new ConversionMetrics;
  return *metrics;
}

// An error without a reason, as upstream's codec lets it through.
absl::Status Failed(const Value& object, absl::string_view how) {
  apimachinery::ApiStatus status = apimachinery::InternalError("");
  status.reason.clear();
  status.causes.clear();
  status.message = absl::StrCat("conversion webhook for ", KindText(object), " ", how);
  return status;
}

// As it lies in the store.
std::string Sent(const Value& object) {
  Value copy = object;
  copy.EraseAt("metadata.resourceVersion");
  apimachinery::SortKeys(&copy);
  return apimachinery::WriteJson(copy);
}

class ConverterImpl final : public Converter {
 public:
  explicit ConverterImpl(const pipeline::ObjectReader& services)
      : services_(services), caller_(admission::NewWebhookCaller()), pool_(kThreads, kMaxQueued) {}

  absl::Status Convert(const Version& to, absl::Span<Value* const> objects) override {
    std::vector<Value*> foreign;
    std::vector<Value> done;
    for (Value* object : objects) {
      if (object->GetString("apiVersion") != to.api_version) foreign.push_back(object);
    }
    for (size_t from = 0; from < foreign.size();) {
      std::vector<std::string> sent;
      size_t bytes = 0, i = from;
      for (; i < foreign.size() && (bytes == 0 || bytes < kMaxReview); ++i) {
        sent.push_back(Sent(*foreign[i]));
        bytes += sent.back().size();
      }
      RETURN_IF_ERROR(Ask(to, absl::MakeConstSpan(foreign).subspan(from, i - from), sent, &done));
      from = i;
    }
    for (size_t i = 0; i < foreign.size(); ++i) *foreign[i] = std::move(done[i]);
    return absl::OkStatus();
  }

  bool Run(std::function<void()> task) override { return pool_.Submit(std::move(task)); }
  void Stop() override { pool_.Stop(); }

 private:
  absl::Status Ask(const Version& to, absl::Span<Value* const> objects, const std::vector<std::string>& sent,
                   std::vector<Value>* done) {
    const absl::Time began = absl::Now();
    const auto fail = [&](absl::string_view type, absl::string_view how) {
      Metrics().Count(type, absl::Now() - began);
      return Failed(*objects[0], how);
    };
    const Value& conversion = to.definition->conversion;
    std::vector<std::string> versions;
    for (const Value& version : conversion.GetArray("webhook.conversionReviewVersions")) {
      if (version.is_string()) versions.push_back(version.as_string());
    }
    const absl::StatusOr<std::string> review_version = ChooseReview(versions);
    if (!review_version.ok()) return apimachinery::InternalError(review_version.status().message());
    const Value* config = conversion.At("webhook.clientConfig");
    const admission::WebhookClient client = config == nullptr ? admission::WebhookClient() : admission::ReadWebhookClient(*config);
    const std::string uid = base::NewUid();
    const absl::StatusOr<Value> review =
        admission::PostReview(client, kTimeout, WriteReview(*review_version, uid, to.api_version, sent), services_, *caller_);
    if (!review.ok()) return fail("webhook_call_failure", absl::StrCat("failed: ", review.status().message()));
    absl::StatusOr<std::vector<Value>> converted = ReadReview(*review_version, uid, *review);
    if (!converted.ok()) return fail("malformed_response", converted.status().message());
    if (converted->size() != objects.size()) {
      return fail("partial_response", absl::StrCat("returned ", converted->size(), " objects, expected ", objects.size()));
    }
    for (size_t i = 0; i < objects.size(); ++i) {
      Value& object = (*converted)[i];
      const absl::Status taken = TakeConverted(*objects[i], to.api_version, object);
      if (!taken.ok()) return fail("invalid_converted_object", taken.message());
      (void)apimachinery::structural::CoerceMetadata(&object, /*drop=*/true, nullptr);
      apimachinery::structural::ConvertTo(to, &object);  // what the version does not declare goes
      done->push_back(std::move(object));
    }
    Metrics().Count("", absl::Now() - began);
    return absl::OkStatus();
  }

  const pipeline::ObjectReader& services_;
  const std::unique_ptr<admission::WebhookCaller> caller_;
  base::http::WorkerPool pool_;
};

}  // namespace

std::unique_ptr<Converter> NewConverter(const pipeline::ObjectReader& services) {
  return std::make_unique<ConverterImpl>(services);
}

}  // namespace apiserver::conversion
