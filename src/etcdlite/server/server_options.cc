#include "etcdlite/server/server_options.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace etcdlite::server {

absl::StatusOr<std::vector<FirstMember>> ParseInitialCluster(const std::string& text) {
  std::vector<FirstMember> members;
  for (const absl::string_view part : absl::StrSplit(text, ',', absl::SkipWhitespace())) {
    const std::pair<std::string, std::string> pair = absl::StrSplit(part, absl::MaxSplits('=', 1));
    if (pair.first.empty() || pair.second.empty()) {
      return absl::InvalidArgumentError(absl::StrCat("--initial-cluster: \"", part, "\" is not name=url"));
    }
    const auto same_name = [&](const FirstMember& member) { return member.name == pair.first; };
    const auto known = std::find_if(members.begin(), members.end(), same_name);
    FirstMember& member = known != members.end() ? *known : members.emplace_back(FirstMember{pair.first, {}});
    member.peer_urls.push_back(pair.second);
  }
  for (FirstMember& member : members) std::sort(member.peer_urls.begin(), member.peer_urls.end());
  return members;
}

absl::StatusOr<Retention> ParseRetention(const std::string& mode, const std::string& text) {
  Retention retention;
  int64_t number = 0;
  const bool plain = text.empty() || absl::SimpleAtoi(text, &number);
  if (mode == "revision") {
    if (!plain || number < 0) return absl::InvalidArgumentError(absl::StrCat("--auto-compaction-retention: \"", text, "\" is not a number"));
    retention.revisions = number;
  } else if (mode == "periodic" || mode.empty()) {
    if (plain) {
      retention.period = absl::Hours(number);
    } else if (!absl::ParseDuration(text, &retention.period) || retention.period < absl::ZeroDuration()) {
      return absl::InvalidArgumentError(absl::StrCat("--auto-compaction-retention: \"", text, "\" is not a duration"));
    }
  } else {
    return absl::InvalidArgumentError(absl::StrCat("--auto-compaction-mode: \"", mode, "\" is neither periodic nor revision"));
  }
  return retention;
}

}  // namespace etcdlite::server
