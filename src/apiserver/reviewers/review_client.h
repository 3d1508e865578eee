// Posts reviews to a webhook and reads what it answers.
#pragma once
#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "apimachinery/value.h"
#include "apiserver/reviewers/endpoint.h"

namespace apiserver::reviewers {

// Thread-safe; blocks.
class ReviewClient {
 public:
  virtual ~ReviewClient() = default;
  // The review with its status. The message of an error is what upstream's client says.
  virtual absl::StatusOr<apimachinery::Value> Ask(const apimachinery::Value& review) = 0;
};

// `timeout`: of one call. A webhook that answers 429 or 5xx is asked up to five times, more slowly each time.
absl::StatusOr<std::unique_ptr<ReviewClient>> NewReviewClient(Endpoint endpoint, absl::Duration timeout);

}  // namespace apiserver::reviewers
