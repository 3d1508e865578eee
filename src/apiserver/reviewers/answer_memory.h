// Answers of a webhook that are good for a while. Thread-safe, bounded.
#pragma once
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "apimachinery/value.h"

namespace apiserver::reviewers {

class AnswerMemory {
 public:
  explicit AnswerMemory(size_t most) : most_(most) {}

  std::optional<apimachinery::Value> Find(absl::string_view question, absl::Time now) {
    const std::lock_guard lock(mu_);
    const auto it = answers_.find(question);
    if (it == answers_.end()) return std::nullopt;
    if (it->second.second > now) return it->second.first;
    answers_.erase(it);
    return std::nullopt;
  }

  void Keep(std::string question, apimachinery::Value answer, absl::Time until, absl::Time now) {
    const std::lock_guard lock(mu_);
    if (answers_.size() >= most_) absl::erase_if(answers_, [now](const auto& entry) { return entry.second.second <= now; });
    if (answers_.size() >= most_) answers_.clear();  // rarely: everything is asked once more
    answers_[std::move(question)] = {std::move(answer), until};
  }

 private:
  const size_t most_;
  std::mutex mu_;
  absl::flat_hash_map<std::string, std::pair<apimachinery::Value, absl::Time>> answers_;  // under mu_
};

}  // namespace apiserver::reviewers
