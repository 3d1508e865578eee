#include "controller-manager/cronjob/cron_schedule.h"

#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/civil_time.h"
#include "base/status_macros.h"

namespace controller_manager {
namespace {

using Names = std::vector<absl::string_view>;

absl::StatusOr<int> ReadNumber(absl::string_view text, const Names& names, int first_name) {
  const std::string lower = absl::AsciiStrToLower(text);
  for (size_t i = 0; i < names.size(); ++i) {
    if (lower == names[i]) return static_cast<int>(i) + first_name;
  }
  int value = 0;
  if (!absl::SimpleAtoi(text, &value) || value < 0) {
    return absl::InvalidArgumentError(absl::StrCat("failed to parse int from ", text));
  }
  return value;
}

// One field: a list of "*", "a", "a-b", each with an optional "/step".
template <size_t N>
absl::Status ReadField(absl::string_view text, int low, int high, const Names& names, int first_name,
                       std::bitset<N>& out, bool* any) {
  for (absl::string_view part : absl::StrSplit(text, ',')) {
    const std::vector<absl::string_view> range_step = absl::StrSplit(part, '/');
    if (range_step.size() > 2) return absl::InvalidArgumentError(absl::StrCat("too many slashes: ", part));
    int first = low, last = high, step = 1;
    if (range_step[0] == "*" || range_step[0] == "?") {
      if (any != nullptr && range_step.size() == 1) *any = true;
    } else {
      const std::vector<absl::string_view> ends = absl::StrSplit(range_step[0], '-');
      if (ends.size() > 2) return absl::InvalidArgumentError(absl::StrCat("too many hyphens: ", part));
      ASSIGN_OR_RETURN(first, ReadNumber(ends[0], names, first_name));
      if (ends.size() == 2) {
        ASSIGN_OR_RETURN(last, ReadNumber(ends[1], names, first_name));
      } else if (range_step.size() == 1) {
        last = first;
      }
    }
    if (range_step.size() == 2) {
      ASSIGN_OR_RETURN(step, ReadNumber(range_step[1], {}, 0));
    }
    if (first < low || last > high || first > last || step == 0) {
      return absl::InvalidArgumentError(absl::StrCat("value out of range: ", part));
    }
    for (int i = first; i <= last; i += step) out.set(i);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<CronSchedule> CronSchedule::Parse(absl::string_view text, absl::TimeZone zone) {
  CronSchedule schedule;
  schedule.zone_ = zone;
  std::string spec(absl::StripAsciiWhitespace(text));
  if (absl::StartsWith(spec, "@every ")) {
    if (!absl::ParseDuration(spec.substr(7), &schedule.every_) || schedule.every_ < absl::Seconds(1)) {
      return absl::InvalidArgumentError(absl::StrCat("failed to parse duration ", spec));
    }
    return schedule;
  }
  static const std::pair<const char*, const char*> kMacros[] = {
      {"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"}, {"@monthly", "0 0 1 * *"}, {"@weekly", "0 0 * * 0"},
      {"@daily", "0 0 * * *"},  {"@midnight", "0 0 * * *"}, {"@hourly", "0 * * * *"}};
  for (const auto& [name, meaning] : kMacros) {
    if (spec == name) spec = meaning;
  }
  const std::vector<absl::string_view> fields = absl::StrSplit(spec, absl::ByAnyChar(" \t"), absl::SkipEmpty());
  if (fields.size() != 5) {
    return absl::InvalidArgumentError(absl::StrCat("expected exactly 5 fields, found ", fields.size(), ": [", spec, "]"));
  }
  RETURN_IF_ERROR(ReadField(fields[0], 0, 59, {}, 0, schedule.minutes_, nullptr));
  RETURN_IF_ERROR(ReadField(fields[1], 0, 23, {}, 0, schedule.hours_, nullptr));
  RETURN_IF_ERROR(ReadField(fields[2], 1, 31, {}, 0, schedule.days_, &schedule.any_day_));
  RETURN_IF_ERROR(ReadField(fields[3], 1, 12,
                            {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}, 1,
                            schedule.months_, nullptr));
  RETURN_IF_ERROR(ReadField(fields[4], 0, 6, {"sun", "mon", "tue", "wed", "thu", "fri", "sat"}, 0, schedule.weekdays_,
                            &schedule.any_weekday_));
  return schedule;
}

absl::Time CronSchedule::Next(absl::Time after) const {
  if (every_ > absl::ZeroDuration()) return absl::FromUnixSeconds(absl::ToUnixSeconds(after + every_));
  absl::CivilMinute minute = absl::ToCivilMinute(after, zone_) + 1;
  const absl::CivilMinute end = minute + 5LL * 366 * 24 * 60;
  while (minute < end) {
    if (!months_[minute.month()]) {
      minute = absl::CivilMinute(absl::CivilMonth(minute) + 1);
      continue;
    }
    const int weekday = (static_cast<int>(absl::GetWeekday(minute)) + 1) % 7;  // absl counts from Monday
    const bool day = days_[minute.day()], week = weekdays_[weekday];
    if (!(any_day_ || any_weekday_ ? day && week : day || week)) {
      minute = absl::CivilMinute(absl::CivilDay(minute) + 1);
      continue;
    }
    if (!hours_[minute.hour()]) {
      minute = absl::CivilMinute(absl::CivilHour(minute) + 1);
      continue;
    }
    if (minutes_[minute.minute()]) {
      const absl::Time time = absl::FromCivil(minute, zone_);
      if (time > after) return time;
    }
    ++minute;
  }
  return absl::InfiniteFuture();
}

}  // namespace controller_manager
