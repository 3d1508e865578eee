#include "client/event_correlator.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace client {
namespace {

constexpr double kBurst = 25;                                      // events per object before the limit ...
constexpr absl::Duration kRefill = absl::Minutes(5);               // ... and one more each five minutes
constexpr size_t kSimilarMessages = 10;                            // from this many on similar events are combined ...
constexpr absl::Duration kSimilarWindow = absl::Minutes(10);       // ... if none was ten minutes apart
constexpr size_t kMaxRemembered = 4096;
constexpr absl::Duration kRememberFor = absl::Hours(1);            // events live that long on the server

}  // namespace

EventDecision EventCorrelator::Decide(absl::string_view subject, absl::string_view type, absl::string_view reason,
                                      absl::string_view message, absl::Time now) {
  Shrink(now);
  EventDecision decision;
  const std::string similar_key = absl::StrCat(subject, "|", type, "|", reason);
  Similar& similar = similar_[similar_key];
  if (now - similar.last > kSimilarWindow) similar.messages.clear();
  similar.last = now;
  similar.messages.emplace(message);
  if (similar.messages.size() >= kSimilarMessages) {
    similar.messages.erase(std::string(message));
    decision.message = absl::StrCat("(combined from similar events): ", message);
    decision.key = similar_key;
  } else {
    decision.message = std::string(message);
    decision.key = absl::StrCat(similar_key, "|", message);
  }

  Seen& seen = seen_[decision.key];
  if (seen.count == 0) seen.first = now;
  decision.count = ++seen.count;
  decision.first_seen = seen.first;
  decision.name = seen.name;
  seen.last = now;

  Bucket& bucket = buckets_[std::string(subject)];
  if (bucket.at == absl::Time()) {
    bucket = {kBurst, now};
  } else {
    bucket.tokens = std::min(kBurst, bucket.tokens + absl::FDivDuration(now - bucket.at, kRefill));
    bucket.at = now;
  }
  if (bucket.tokens < 1) {
    decision.drop = true;
  } else {
    bucket.tokens -= 1;
  }
  return decision;
}

void EventCorrelator::Remember(const EventDecision& decision, const std::string& name) {
  const auto found = seen_.find(decision.key);
  if (found != seen_.end()) found->second.name = name;
}

void EventCorrelator::Shrink(absl::Time now) {
  if (seen_.size() > kMaxRemembered) {
    absl::erase_if(seen_, [&](const auto& e) { return now - e.second.last > kRememberFor; });
    if (seen_.size() > kMaxRemembered) seen_.clear();
  }
  if (similar_.size() > kMaxRemembered) {
    absl::erase_if(similar_, [&](const auto& e) { return now - e.second.last > kSimilarWindow; });
    if (similar_.size() > kMaxRemembered) similar_.clear();
  }
  if (buckets_.size() > kMaxRemembered) buckets_.clear();
}

}  // namespace client
