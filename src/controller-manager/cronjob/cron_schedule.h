// Cron expressions: "*/5 8-18 * * MON-FRI", "@hourly", "@every 90s". Pure.
#pragma once
#include <bitset>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace controller_manager {

class CronSchedule {
 public:
  // InvalidArgument names the bad field.
  static absl::StatusOr<CronSchedule> Parse(absl::string_view text, absl::TimeZone zone);
  // The first time after `after`; InfiniteFuture when there is none within five years.
  absl::Time Next(absl::Time after) const;

 private:
  absl::TimeZone zone_;
  absl::Duration every_;  // "@every"; zero otherwise
  std::bitset<60> minutes_;
  std::bitset<24> hours_;
  std::bitset<32> days_;    // 1-31
  std::bitset<13> months_;  // 1-12
  std::bitset<7> weekdays_; // 0 is Sunday
  bool any_day_ = false, any_weekday_ = false;  // "*": then the other field decides alone
};

}  // namespace controller_manager
