// Cron schedules: "*/5 * * * *", "@daily", "@every 1h30m", each behind an optional TZ=ZONE or CRON_TZ=ZONE.
#pragma once
#include <string>

#include "absl/strings/string_view.h"

namespace apiserver::validation {

// Empty when the schedule is valid, else what is wrong, in the words of the parser that upstream uses.
std::string CheckSchedule(absl::string_view schedule);

}  // namespace apiserver::validation
