#include "client/request_series.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/metrics/metrics.h"
#include "client/api_error.h"

namespace client {
namespace {

struct RequestFamilies {
  base::CounterFamily requests{"rest_client_requests_total", "Requests to the API server, by what they got.", {"code", "host", "method"}};
  base::CounterFamily retries{"rest_client_request_retries_total", "Requests that were sent again since the server said so.",
                              {"code", "host", "verb"}};
  base::HistogramFamily duration{"rest_client_request_duration_seconds", "Time from request to answer.", {"host", "verb"},
                                 {0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60}};
  base::HistogramFamily sent{"rest_client_request_size_bytes", "Bytes of request bodies.", {"host", "verb"}, Bytes()};
  base::HistogramFamily received{"rest_client_response_size_bytes", "Bytes of answers.", {"host", "verb"}, Bytes()};

  static std::vector<double> Bytes() {
    return {64, 256, 512, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216};
  }
};
RequestFamilies& Families() {
  static auto* const all = new RequestFamilies;
  return *all;
}

std::string CodeText(int code) { return code == 0 ? "<error>" : absl::StrCat(code); }

}  // namespace

RequestSeries::RequestSeries(absl::string_view server)
    : host_([server] {
        absl::string_view host = absl::StripPrefix(server, "https://");
        host = absl::StripPrefix(host, "http://");
        return std::string(host.substr(0, host.find('/')));
      }()) {}

void RequestSeries::Ended(absl::string_view method, int code, absl::Duration took) const {
  Families().requests.With({CodeText(code), host_, method}).Add();
  Families().duration.With({host_, method}).Observe(absl::ToDoubleSeconds(took));
}

void RequestSeries::Sent(absl::string_view method, size_t bytes) const {
  Families().sent.With({host_, method}).Observe(static_cast<double>(bytes));
}

void RequestSeries::Received(absl::string_view method, size_t bytes) const {
  Families().received.With({host_, method}).Observe(static_cast<double>(bytes));
}

void RequestSeries::Retried(absl::string_view method, int code) const {
  Families().retries.With({CodeText(code), host_, method}).Add();
}

int CodeOf(absl::string_view method, const absl::Status& status) {
  if (status.ok()) return method == "POST" ? 201 : 200;
  const std::optional<ApiError> error = ApiErrorOf(status);
  return error.has_value() ? error->code : 0;
}

}  // namespace client
