// A webhook that knows whose a token is.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "apiserver/auth/authenticator.h"
#include "apiserver/reviewers/review_client.h"

namespace base {
class Clock;
}

namespace apiserver::reviewers {

struct TokenOptions {
  std::string version = "v1beta1";  // of the TokenReviews that are sent
  absl::Duration ttl = absl::Minutes(2);
  std::vector<std::string> audiences;  // of this server
};

// `clock` outlives the result. Tokens are not kept in memory, but what they hash to.
std::shared_ptr<const auth::TokenSource> NewTokenReviewer(TokenOptions options, std::unique_ptr<ReviewClient> client, const base::Clock& clock);

}  // namespace apiserver::reviewers
