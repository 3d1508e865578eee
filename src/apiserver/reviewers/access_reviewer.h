// A webhook that decides what users may do.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "apimachinery/cel/cel.h"
#include "apiserver/auth/authorizer.h"
#include "apiserver/reviewers/review_client.h"

namespace base {
class Clock;
}

namespace apiserver::reviewers {

// What match conditions see: the variable `request`.
const apimachinery::cel::Env& MatchEnv();

struct MatchCondition {
  std::string text;
  std::shared_ptr<const apimachinery::cel::Program> program;
};

struct AccessOptions {
  std::string version = "v1";  // of the SubjectAccessReviews that are sent
  absl::Duration allowed_ttl = absl::Minutes(5), refused_ttl = absl::Seconds(30);  // 0: not remembered
  bool deny_on_failure = false;  // else the webhook has no opinion then
  std::vector<MatchCondition> conditions;  // all must hold for the webhook to be asked
};

// `clock` outlives the result.
std::shared_ptr<const auth::ForeignMode> NewAccessReviewer(AccessOptions options, std::unique_ptr<ReviewClient> client, const base::Clock& clock);

// A question as the `spec` of a SubjectAccessReview (v1). Pure.
apimachinery::Value SpecOf(const auth::Attributes& attributes);

}  // namespace apiserver::reviewers
