// Parts of timestamps and durations: getHours() and its like, in UTC or a named zone.
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "apimachinery/cel/function.h"

namespace apimachinery::cel {
namespace {

using Kind = Val::Kind;

// Go's strconv.Atoi and its complaint.
bool Atoi(absl::string_view text, int* out, std::string* error) {
  size_t i = !text.empty() && (text[0] == '+' || text[0] == '-') ? 1 : 0;
  bool ok = i < text.size() && text.size() < 9;
  int value = 0;
  for (; ok && i < text.size(); ++i) {
    ok = text[i] >= '0' && text[i] <= '9';
    value = value * 10 + (text[i] - '0');
  }
  if (!ok) {
    *error = absl::StrCat("strconv.Atoi: parsing \"", text, "\": invalid syntax");
    return false;
  }
  *out = text[0] == '-' ? -value : value;
  return true;
}

// "Europe/Berlin", "+01:30", "-02:00".
bool ZoneOf(absl::string_view name, absl::TimeZone* zone, std::string* error) {
  const size_t colon = name.find(':');
  if (colon == absl::string_view::npos) {
    if (name.empty() || name == "UTC") {
      *zone = absl::UTCTimeZone();
      return true;
    }
    if (name == "Local") {
      *zone = absl::LocalTimeZone();
      return true;
    }
    if (absl::LoadTimeZone(std::string(name), zone)) return true;
    *error = absl::StrCat("unknown time zone ", name);
    return false;
  }
  int hours = 0, minutes = 0;
  if (!Atoi(name.substr(0, colon), &hours, error) || !Atoi(name.substr(colon + 1), &minutes, error)) return false;
  const int64_t offset = name[0] == '-' ? int64_t{hours} * 60 - minutes : int64_t{hours} * 60 + minutes;
  *zone = absl::FixedTimeZone(static_cast<int>(std::max<int64_t>(std::min<int64_t>(offset * 60, 86400), -86400)));
  return true;
}

using Part = int64_t (*)(const absl::TimeZone::CivilInfo&, int32_t nanoseconds);

template <Part kPart>
Val OfTimestamp(Args args) {
  absl::TimeZone zone = absl::UTCTimeZone();
  std::string error;
  if (args.size() > 1 && !ZoneOf(args[1].text(), &zone, &error)) return Val::Error(std::move(error));
  return Val::Int(kPart(zone.At(absl::FromUnixSeconds(args[0].seconds())), args[0].subsecond()));
}

template <int64_t kUnit>
Val OfDuration(Args args) { return Val::Int(args[0].nanoseconds() / kUnit); }

using Info = absl::TimeZone::CivilInfo;
int64_t Year(const Info& i, int32_t) { return i.cs.year(); }
int64_t Month(const Info& i, int32_t) { return i.cs.month() - 1; }
int64_t DayOfYear(const Info& i, int32_t) { return absl::GetYearDay(absl::CivilDay(i.cs)) - 1; }
int64_t DayOfMonth(const Info& i, int32_t) { return i.cs.day() - 1; }
int64_t Date(const Info& i, int32_t) { return i.cs.day(); }
int64_t DayOfWeek(const Info& i, int32_t) { return (static_cast<int64_t>(absl::GetWeekday(i.cs)) + 1) % 7; }
int64_t Hours(const Info& i, int32_t) { return i.cs.hour(); }
int64_t Minutes(const Info& i, int32_t) { return i.cs.minute(); }
int64_t Seconds(const Info& i, int32_t) { return i.cs.second(); }
int64_t Milliseconds(const Info&, int32_t nanoseconds) { return nanoseconds / 1'000'000; }

}  // namespace

absl::Span<const OverloadRow> TimeFunctions() {
  static constexpr OverloadRow kRows[] = {
      {"getFullYear", "timestamp_to_year", "timestamp.() -> int", OfTimestamp<Year>},
      {"getFullYear", "timestamp_to_year_with_tz", "timestamp.(string) -> int", OfTimestamp<Year>},
      {"getMonth", "timestamp_to_month", "timestamp.() -> int", OfTimestamp<Month>},
      {"getMonth", "timestamp_to_month_with_tz", "timestamp.(string) -> int", OfTimestamp<Month>},
      {"getDayOfYear", "timestamp_to_day_of_year", "timestamp.() -> int", OfTimestamp<DayOfYear>},
      {"getDayOfYear", "timestamp_to_day_of_year_with_tz", "timestamp.(string) -> int", OfTimestamp<DayOfYear>},
      {"getDayOfMonth", "timestamp_to_day_of_month", "timestamp.() -> int", OfTimestamp<DayOfMonth>},
      {"getDayOfMonth", "timestamp_to_day_of_month_with_tz", "timestamp.(string) -> int", OfTimestamp<DayOfMonth>},
      {"getDate", "timestamp_to_day_of_month_1_based", "timestamp.() -> int", OfTimestamp<Date>},
      {"getDate", "timestamp_to_day_of_month_1_based_with_tz", "timestamp.(string) -> int", OfTimestamp<Date>},
      {"getDayOfWeek", "timestamp_to_day_of_week", "timestamp.() -> int", OfTimestamp<DayOfWeek>},
      {"getDayOfWeek", "timestamp_to_day_of_week_with_tz", "timestamp.(string) -> int", OfTimestamp<DayOfWeek>},
      {"getHours", "timestamp_to_hours", "timestamp.() -> int", OfTimestamp<Hours>},
      {"getHours", "timestamp_to_hours_with_tz", "timestamp.(string) -> int", OfTimestamp<Hours>},
      {"getHours", "duration_to_hours", "duration.() -> int", OfDuration<3'600'000'000'000>},
      {"getMinutes", "timestamp_to_minutes", "timestamp.() -> int", OfTimestamp<Minutes>},
      {"getMinutes", "timestamp_to_minutes_with_tz", "timestamp.(string) -> int", OfTimestamp<Minutes>},
      {"getMinutes", "duration_to_minutes", "duration.() -> int", OfDuration<60'000'000'000>},
      {"getSeconds", "timestamp_to_seconds", "timestamp.() -> int", OfTimestamp<Seconds>},
      {"getSeconds", "timestamp_to_seconds_tz", "timestamp.(string) -> int", OfTimestamp<Seconds>},
      {"getSeconds", "duration_to_seconds", "duration.() -> int", OfDuration<1'000'000'000>},
      {"getMilliseconds", "timestamp_to_milliseconds", "timestamp.() -> int", OfTimestamp<Milliseconds>},
      {"getMilliseconds", "timestamp_to_milliseconds_with_tz", "timestamp.(string) -> int", OfTimestamp<Milliseconds>},
      {"getMilliseconds", "duration_to_milliseconds", "duration.() -> int", OfDuration<1'000'000>},
  };
  return kRows;
}

}  // namespace apimachinery::cel
