#include "apiserver/reviewers/token_reviewer.h"

#include <openssl/sha.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "apimachinery/go_quote.h"
#include "apiserver/reviewers/answer_memory.h"
#include "base/clock.h"
#include "base/log.h"

namespace apiserver::reviewers {
namespace {

using apimachinery::Value;
using pipeline::UserInfo;

constexpr size_t kRemembered = 8192;

std::string Hash(absl::string_view token) {
  std::string hash(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(token.data()), token.size(), reinterpret_cast<unsigned char*>(hash.data()));
  return hash;
}

class TokenReviewer final : public auth::TokenSource {
 public:
  TokenReviewer(TokenOptions options, std::unique_ptr<ReviewClient> client, const base::Clock& clock)
      : options_(std::move(options)), client_(std::move(client)), clock_(clock), memory_(kRemembered) {}

  absl::StatusOr<std::optional<UserInfo>> Authenticate(absl::string_view token) const override {
    const absl::Time now = clock_.Now();
    std::string key = Hash(token);
    std::optional<Value> status = memory_.Find(key, now);
    if (!status.has_value()) {
      absl::StatusOr<Value> answer = client_->Ask(Review(token));
      if (!answer.ok()) {
        base::LogError("authentication webhook failed error=", answer.status().message());
        return absl::UnauthenticatedError(answer.status().message());
      }
      const Value* found = answer->Find("status");
      status = found != nullptr && found->is_object() ? *found : Value::MakeObject();
      if (options_.ttl > absl::ZeroDuration()) memory_.Keep(std::move(key), *status, clock_.Now() + options_.ttl, now);
    }
    if (!status->GetBool("authenticated")) {
      const std::string error = status->GetString("error");
      if (error.empty()) return std::nullopt;
      return absl::UnauthenticatedError(error);
    }
    // Who says for whom a token is has looked; who does not is taken to have meant us.
    const apimachinery::Array& audiences = status->GetArray("audiences");
    const auto ours = [&](const Value& audience) {
      return audience.is_string() && std::find(options_.audiences.begin(), options_.audiences.end(), audience.as_string()) != options_.audiences.end();
    };
    if (!audiences.empty() && !options_.audiences.empty() && std::none_of(audiences.begin(), audiences.end(), ours)) return std::nullopt;
    UserInfo user{.name = status->GetString("user.username"), .uid = status->GetString("user.uid")};
    for (const Value& group : status->GetArray("user.groups")) {
      if (group.is_string()) user.groups.push_back(group.as_string());
    }
    for (const auto& [name, values] : status->GetObject("user.extra")) {
      if (!values.is_array()) continue;
      for (const Value& value : values.array()) {
        if (value.is_string()) user.extra[name].push_back(value.as_string());
      }
    }
    return user;
  }

 private:
  Value Review(absl::string_view token) const {
    Value review = Value::MakeObject();
    review.Set("kind", "TokenReview");
    review.Set("apiVersion", absl::StrCat("authentication.k8s.io/", options_.version));
    review["metadata"] = Value::MakeObject();
    Value& spec = review["spec"];
    spec = Value::MakeObject();
    spec.Set("token", token);
    for (const std::string& audience : options_.audiences) spec["audiences"].Append(audience);
    Value& status = review["status"];
    status = Value::MakeObject();
    status["user"] = Value::MakeObject();
    return review;
  }

  const TokenOptions options_;
  const std::unique_ptr<ReviewClient> client_;
  const base::Clock& clock_;
  mutable AnswerMemory memory_;
};

}  // namespace

std::shared_ptr<const auth::TokenSource> NewTokenReviewer(TokenOptions options, std::unique_ptr<ReviewClient> client, const base::Clock& clock) {
  return std::make_shared<TokenReviewer>(std::move(options), std::move(client), clock);
}

}  // namespace apiserver::reviewers
