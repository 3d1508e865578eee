#include "controller-manager/framework/expectations.h"

namespace controller_manager {
namespace {

constexpr absl::Duration kGiveUp = absl::Minutes(5);

}  // namespace

void Expectations::ExpectCreations(const std::string& key, int count, absl::Time now) {
  absl::MutexLock lock(&mu_);
  Entry& entry = entries_[key];
  entry.creations += count;
  entry.since = now;
}

void Expectations::ExpectDeletions(const std::string& key, const std::vector<std::string>& children, absl::Time now) {
  absl::MutexLock lock(&mu_);
  Entry& entry = entries_[key];
  entry.deletions.insert(children.begin(), children.end());
  entry.since = now;
}

void Expectations::CreationObserved(const std::string& key) {
  absl::MutexLock lock(&mu_);
  const auto found = entries_.find(key);
  if (found != entries_.end() && found->second.creations > 0) --found->second.creations;
}

void Expectations::DeletionObserved(const std::string& key, const std::string& child) {
  absl::MutexLock lock(&mu_);
  const auto found = entries_.find(key);
  if (found != entries_.end()) found->second.deletions.erase(child);
}

bool Expectations::Satisfied(const std::string& key, absl::Time now) const {
  absl::MutexLock lock(&mu_);
  const auto found = entries_.find(key);
  if (found == entries_.end()) return true;
  const Entry& entry = found->second;
  return (entry.creations <= 0 && entry.deletions.empty()) || now - entry.since > kGiveUp;
}

void Expectations::Forget(const std::string& key) {
  absl::MutexLock lock(&mu_);
  entries_.erase(key);
}

}  // namespace controller_manager
