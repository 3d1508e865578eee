#include "apiserver/reviewers/review_client.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "apimachinery/api_error.h"
#include "apimachinery/go_quote.h"
#include "apimachinery/json.h"
#include "base/file.h"
#include "base/http/client.h"
#include "base/status_macros.h"

namespace apiserver::reviewers {
namespace {

using apimachinery::Value;

constexpr int kAttempts = 5;
constexpr absl::Duration kFirstWait = absl::Milliseconds(500);  // as upstream's: half as long again each time
constexpr size_t kMaxAnswer = 1 << 20;

class RealClient final : public ReviewClient {
 public:
  RealClient(Endpoint endpoint, absl::Duration timeout, std::unique_ptr<base::http::Client> client,
             std::shared_ptr<const base::http::ClientTls> tls)
      : endpoint_(std::move(endpoint)), timeout_(timeout), client_(std::move(client)), tls_(std::move(tls)) {}

  absl::StatusOr<Value> Ask(const Value& review) override {
    const std::string body = apimachinery::WriteJson(review);
    absl::Duration wait = kFirstWait;
    for (int attempt = 1;; ++attempt) {
      int code = 0;
      absl::StatusOr<Value> answer = Once(body, &code);
      const bool busy = code == 429 || code >= 500;
      if (answer.ok() || !busy || attempt == kAttempts) return answer;
      absl::SleepFor(wait);
      wait *= 1.5;
    }
  }

 private:
  absl::StatusOr<Value> Once(const std::string& body, int* code) const {
    base::http::ClientRequest request;
    request.host = endpoint_.host;
    request.port = endpoint_.port;
    request.method = "POST";
    request.target = absl::StrCat(endpoint_.path, "?timeout=", absl::FormatDuration(timeout_));
    request.headers = {{"Content-Type", "application/json"}, {"Accept", "application/json, */*"}, {"User-Agent", "kube-apiserver"}};
    std::string token = endpoint_.token;
    if (!endpoint_.token_file.empty()) {
      ASSIGN_OR_RETURN(token, base::ReadFile(endpoint_.token_file));
      token = std::string(absl::StripAsciiWhitespace(token));
    }
    if (!token.empty()) {
      request.headers.push_back({"Authorization", absl::StrCat("Bearer ", token)});
    } else if (!endpoint_.user.empty()) {
      request.headers.push_back(
          {"Authorization", absl::StrCat("Basic ", absl::Base64Escape(absl::StrCat(endpoint_.user, ":", endpoint_.password)))});
    }
    request.body = body;
    request.tls = tls_;
    const std::string url = absl::StrCat(endpoint_.tls ? "https" : "http", "://", endpoint_.host, ":", endpoint_.port, request.target);
    absl::StatusOr<base::http::Client::Response> response = client_->Fetch(std::move(request), timeout_, kMaxAnswer);
    if (!response.ok()) {
      const absl::string_view why = absl::IsDeadlineExceeded(response.status()) ? "context deadline exceeded" : response.status().message();
      return absl::UnavailableError(absl::StrCat("Post ", apimachinery::GoQuote(url), ": ", why));
    }
    *code = response->status;
    if (response->status < 200 || response->status > 206) {
      return absl::UnavailableError(apimachinery::GenericStatus(response->status, "POST", "", "", "", "unknown").message);
    }
    absl::StatusOr<Value> review = apimachinery::ParseJson(response->body, {.max_depth = 100});
    if (!review.ok()) return absl::InvalidArgumentError(absl::StrCat("couldn't get version/kind; json parse error: ", review.status().message()));
    if (!review->is_object()) return absl::InvalidArgumentError("couldn't get version/kind; json parse error: json: cannot unmarshal into Go value");
    return review;
  }

  const Endpoint endpoint_;
  const absl::Duration timeout_;
  const std::unique_ptr<base::http::Client> client_;
  const std::shared_ptr<const base::http::ClientTls> tls_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<ReviewClient>> NewReviewClient(Endpoint endpoint, absl::Duration timeout) {
  base::http::ClientOptions options;
  options.tls = endpoint.tls;
  ASSIGN_OR_RETURN(std::unique_ptr<base::http::Client> client, base::http::Client::Create(options));
  std::shared_ptr<const base::http::ClientTls> tls;
  if (endpoint.tls) {
    ASSIGN_OR_RETURN(tls, base::http::MakeClientTls(endpoint.tls_options));
  }
  return std::make_unique<RealClient>(std::move(endpoint), timeout, std::move(client), std::move(tls));
}

}  // namespace apiserver::reviewers
