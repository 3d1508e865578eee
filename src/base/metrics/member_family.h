// The bodies of MemberFamily, for those who make families of members of their own.
#pragma once
#include <algorithm>

#include "absl/strings/str_split.h"
#include "base/metrics/metrics.h"

namespace base {

inline constexpr char kLabelSeparator = '\xff';  // in no UTF-8 text

template <typename Member>
Member& MemberFamily<Member>::With(Labels values) {
  thread_local std::string key;
  key.clear();
  for (const absl::string_view value : values) {
    key.append(value.data(), value.size());
    key.push_back(kLabelSeparator);
  }
  const std::lock_guard lock(mu_);
  return FindOrMakeLocked(key);
}

template <typename Member>
Member& MemberFamily<Member>::FindOrMakeLocked(const std::string& key) const {
  const auto found = members_.find(key);
  if (found != members_.end()) return *found->second;
  return *members_.emplace(key, Make()).first->second;
}

template <typename Member>
std::vector<std::pair<std::vector<std::string>, Member*>> MemberFamily<Member>::All() const {
  std::vector<std::pair<std::vector<std::string>, Member*>> list;
  const std::lock_guard lock(mu_);
  if (labels_.empty()) FindOrMakeLocked("");
  for (const auto& [key, member] : members_) {
    std::vector<std::string> values = absl::StrSplit(key, kLabelSeparator);
    values.pop_back();
    list.emplace_back(std::move(values), member.get());
  }
  std::sort(list.begin(), list.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  return list;
}

}  // namespace base
