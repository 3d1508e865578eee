#include "apimachinery/time.h"

#include <cinttypes>
#include <cstdio>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "apimachinery/rfc3339.h"

namespace apimachinery {
namespace {

// Days since 1970-01-01 of a proleptic Gregorian date, and back (Hinnant's algorithms).
int64_t DaysFromCivil(int64_t year, int month, int day) {
  year -= month <= 2;
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const int64_t year_of_era = year - era * 400;
  const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

void CivilFromDays(int64_t days, int64_t* year, int* month, int* day) {
  days += 719468;
  const int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  const int64_t day_of_era = days - era * 146097;
  const int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t shifted = (5 * day_of_year + 2) / 153;
  *day = static_cast<int>(day_of_year - (153 * shifted + 2) / 5 + 1);
  *month = static_cast<int>(shifted < 10 ? shifted + 3 : shifted - 9);
  *year = year_of_era + era * 400 + (*month <= 2);
}

int DaysInMonth(int64_t year, int month) {
  static constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return month == 2 && leap ? 29 : kDays[month - 1];
}

// Go's package time has a quote of its own: bytes that are no printable ASCII in hexadecimal.
std::string TimeQuote(absl::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const unsigned char byte = static_cast<unsigned char>(c);
    if (byte >= 0x80 || byte < 0x20) {
      absl::StrAppendFormat(&out, "\\x%02x", byte);
      continue;
    }
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  out.push_back('"');
  return out;
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Reads by the elements of Go's layout and complains as Go's time.Parse does.
class TimeReader {
 public:
  TimeReader(absl::string_view text, bool micro) : text_(text), rest_(text), micro_(micro) {}

  absl::StatusOr<Instant> Read() {
    int year, month, day, hour, minute, second;
    if (!Number(4, 4, &year)) return Cannot("2006");
    if (!Literal('-')) return Cannot("-");
    if (!Number(2, 2, &month)) return Cannot("01");
    if (month < 1 || month > 12) return OutOfRange("month");
    if (!Literal('-')) return Cannot("-");
    if (!Number(2, 2, &day)) return Cannot("02");
    if (!Literal('T')) return Cannot("T");
    if (!Number(1, 2, &hour)) return Cannot("15");
    if (hour > 23) return OutOfRange("hour");
    if (!Literal(':')) return Cannot(":");
    if (!Number(2, 2, &minute)) return Cannot("04");
    if (minute > 59) return OutOfRange("minute");
    if (!Literal(':')) return Cannot(":");
    if (!Number(2, 2, &second)) return Cannot("05");
    if (second > 59) return OutOfRange("second");
    int nanos = 0;
    if (micro_) {
      if (rest_.size() < 7 || rest_[0] != '.') return Cannot(".000000");
      for (int i = 1; i <= 6; ++i) {
        if (!IsDigit(rest_[i])) return Cannot(".000000");
        nanos = nanos * 10 + (rest_[i] - '0');
      }
      nanos *= 1000;
      rest_.remove_prefix(7);
    } else if (rest_.size() > 1 && (rest_[0] == '.' || rest_[0] == ',') && IsDigit(rest_[1])) {
      int scale = 100000000;
      size_t at = 1;
      for (; at < rest_.size() && IsDigit(rest_[at]); ++at, scale /= 10) nanos += (rest_[at] - '0') * scale;
      rest_.remove_prefix(at);
    }
    int offset = 0;
    if (!Zone(&offset)) return Cannot("Z07:00");
    if (!rest_.empty()) return Error(absl::StrCat(": extra text: ", TimeQuote(rest_)));
    if (day < 1 || day > DaysInMonth(year, month)) return OutOfRange("day");
    return Instant{DaysFromCivil(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - offset, nanos};
  }

 private:
  bool Literal(char c) {
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool Number(size_t least, size_t most, int* value) {
    size_t digits = 0;
    *value = 0;
    while (digits < most && digits < rest_.size() && IsDigit(rest_[digits])) *value = *value * 10 + (rest_[digits++] - '0');
    if (digits < least) return false;
    rest_.remove_prefix(digits);
    return true;
  }
  bool Zone(int* offset) {
    if (Literal('Z')) return true;
    if (rest_.size() < 6 || (rest_[0] != '+' && rest_[0] != '-') || rest_[3] != ':') return false;
    for (int i : {1, 2, 4, 5}) {
      if (!IsDigit(rest_[i])) return false;
    }
    const int hours = (rest_[1] - '0') * 10 + (rest_[2] - '0');
    const int minutes = (rest_[4] - '0') * 10 + (rest_[5] - '0');
    if (hours > 24 || minutes > 60) return false;
    *offset = (hours * 60 + minutes) * (rest_[0] == '-' ? -60 : 60);
    rest_.remove_prefix(6);
    return true;
  }
  absl::Status Error(absl::string_view what) const {
    if (what[0] == ':' && what[1] == ' ' && what.find("cannot") == absl::string_view::npos) {
      return absl::InvalidArgumentError(absl::StrCat("parsing time ", TimeQuote(text_), what));
    }
    return absl::InvalidArgumentError(absl::StrCat("parsing time ", TimeQuote(text_), " as \"2006-01-02T15:04:05",
                                                   micro_ ? ".000000" : "", "Z07:00\"", what));
  }
  absl::Status Cannot(absl::string_view element) const {
    return Error(absl::StrCat(": cannot parse ", TimeQuote(rest_), " as ", TimeQuote(element)));
  }
  absl::Status OutOfRange(absl::string_view what) const { return Error(absl::StrCat(": ", what, " out of range")); }

  absl::string_view text_, rest_;
  bool micro_;
};

}  // namespace

absl::StatusOr<Instant> ParseRfc3339(absl::string_view text, bool micro) { return TimeReader(text, micro).Read(); }

void AppendRfc3339(int64_t seconds, int micros, std::string* out) {
  int64_t days = seconds / 86400;
  int64_t rest = seconds % 86400;
  if (rest < 0) {
    rest += 86400;
    --days;
  }
  int64_t year;
  int month, day;
  CivilFromDays(days, &year, &month, &day);
  char text[40];
  char* at = text;
  const auto two = [&at](int64_t n) {
    *at++ = static_cast<char>('0' + n / 10);
    *at++ = static_cast<char>('0' + n % 10);
  };
  if (year < 0 || year > 9999) {
    at += std::snprintf(text, 24, "%" PRId64, year);
  } else {
    two(year / 100);
    two(year % 100);
  }
  *at++ = '-';
  two(month);
  *at++ = '-';
  two(day);
  *at++ = 'T';
  two(rest / 3600);
  *at++ = ':';
  two(rest / 60 % 60);
  *at++ = ':';
  two(rest % 60);
  if (micros >= 0) {
    *at++ = '.';
    two(micros / 10000 % 100);
    two(micros / 100 % 100);
    two(micros % 100);
  }
  *at++ = 'Z';
  out->append(text, at - text);
}

std::string FormatTime(absl::Time time) {
  std::string out;
  AppendRfc3339(absl::ToUnixSeconds(time), -1, &out);
  return out;
}

std::string FormatMicroTime(absl::Time time) {
  const int64_t seconds = absl::ToUnixSeconds(time);
  std::string out;
  AppendRfc3339(seconds, static_cast<int>(absl::ToInt64Microseconds(time - absl::FromUnixSeconds(seconds))), &out);
  return out;
}

absl::StatusOr<absl::Time> ParseTime(absl::string_view text) {
  absl::StatusOr<Instant> instant = ParseRfc3339(text, false);
  if (!instant.ok()) return instant.status();
  return absl::FromUnixSeconds(instant->seconds);
}

absl::StatusOr<absl::Time> ParseMicroTime(absl::string_view text) {
  absl::StatusOr<Instant> instant = ParseRfc3339(text, true);
  if (!instant.ok()) return instant.status();
  return absl::FromUnixSeconds(instant->seconds) + absl::Nanoseconds(instant->nanos);
}

std::string FormatDuration(int64_t nanoseconds) {
  if (nanoseconds == 0) return "0s";
  const bool negative = nanoseconds < 0;
  uint64_t rest = negative ? 0 - static_cast<uint64_t>(nanoseconds) : static_cast<uint64_t>(nanoseconds);
  const auto fraction = [](uint64_t value, uint64_t unit, int digits) {
    std::string text = absl::StrCat(value / unit);
    if (value % unit != 0) {
      std::string part = absl::StrFormat("%0*d", digits, value % unit);
      part.erase(part.find_last_not_of('0') + 1);
      absl::StrAppend(&text, ".", part);
    }
    return text;
  };
  std::string out = negative ? "-" : "";
  if (rest < 1000) return absl::StrCat(out, rest, "ns");
  if (rest < 1000000) return absl::StrCat(out, fraction(rest, 1000, 3), "µs");
  if (rest < 1000000000) return absl::StrCat(out, fraction(rest, 1000000, 6), "ms");
  const uint64_t minute = 60000000000u;
  const uint64_t hours = rest / (60 * minute);
  const uint64_t minutes = rest / minute % 60;
  if (hours > 0) absl::StrAppend(&out, hours, "h");
  if (hours > 0 || minutes > 0) absl::StrAppend(&out, minutes, "m");
  return absl::StrCat(out, fraction(rest % minute, 1000000000, 9), "s");
}

absl::StatusOr<int64_t> ParseDuration(absl::string_view text) {
  const auto bad = [&](absl::string_view what) {
    return absl::InvalidArgumentError(absl::StrCat("time: ", what, "duration ", TimeQuote(text)));
  };
  absl::string_view rest = text;
  bool negative = false;
  if (!rest.empty() && (rest[0] == '-' || rest[0] == '+')) {
    negative = rest[0] == '-';
    rest.remove_prefix(1);
  }
  if (rest == "0") return 0;
  if (rest.empty()) return bad("invalid ");
  constexpr uint64_t kLimit = uint64_t{1} << 63;
  uint64_t total = 0;
  while (!rest.empty()) {
    if (rest[0] != '.' && !IsDigit(rest[0])) return bad("invalid ");
    uint64_t whole = 0, part = 0, scale = 1;
    size_t at = 0;
    for (; at < rest.size() && IsDigit(rest[at]); ++at) {
      if (whole > kLimit / 10) return bad("invalid ");
      whole = whole * 10 + (rest[at] - '0');
      if (whole > kLimit) return bad("invalid ");
    }
    bool digits = at > 0;
    rest.remove_prefix(at);
    if (!rest.empty() && rest[0] == '.') {
      rest.remove_prefix(1);
      for (at = 0; at < rest.size() && IsDigit(rest[at]); ++at) {
        if (scale > 100000000000000000u) continue;  // finer than any unit here can show
        part = part * 10 + (rest[at] - '0');
        scale *= 10;
      }
      digits |= at > 0;
      rest.remove_prefix(at);
    }
    if (!digits) return bad("invalid ");
    for (at = 0; at < rest.size() && rest[at] != '.' && !IsDigit(rest[at]);) ++at;
    if (at == 0) return bad("missing unit in ");
    const absl::string_view name = rest.substr(0, at);
    rest.remove_prefix(at);
    uint64_t unit;
    if (name == "ns") unit = 1;
    else if (name == "us" || name == "µs" || name == "μs") unit = 1000;
    else if (name == "ms") unit = 1000000;
    else if (name == "s") unit = 1000000000;
    else if (name == "m") unit = 60000000000u;
    else if (name == "h") unit = 3600000000000u;
    else return bad(absl::StrCat("unknown unit ", TimeQuote(name), " in "));
    if (whole > kLimit / unit) return bad("invalid ");
    uint64_t value = whole * unit;
    if (part > 0) value += static_cast<uint64_t>(static_cast<double>(part) * (static_cast<double>(unit) / static_cast<double>(scale)));
    if (value > kLimit || (total += value) > kLimit) return bad("invalid ");
  }
  if (negative) return static_cast<int64_t>(0 - total);
  if (total > kLimit - 1) return bad("invalid ");
  return static_cast<int64_t>(total);
}

std::string HumanDuration(absl::Duration age) {
  const int64_t seconds = absl::ToInt64Seconds(age);
  if (seconds < -1) return "<invalid>";
  if (seconds < 0) return "0s";
  if (seconds < 60 * 2) return absl::StrCat(seconds, "s");
  const int64_t minutes = seconds / 60;
  if (minutes < 10) {
    const int64_t rest = seconds % 60;
    return rest == 0 ? absl::StrCat(minutes, "m") : absl::StrCat(minutes, "m", rest, "s");
  }
  if (minutes < 60 * 3) return absl::StrCat(minutes, "m");
  const int64_t hours = seconds / 3600;
  if (hours < 8) {
    const int64_t rest = minutes % 60;
    return rest == 0 ? absl::StrCat(hours, "h") : absl::StrCat(hours, "h", rest, "m");
  }
  if (hours < 48) return absl::StrCat(hours, "h");
  if (hours < 24 * 8) {
    const int64_t rest = hours % 24;
    return rest == 0 ? absl::StrCat(hours / 24, "d") : absl::StrCat(hours / 24, "d", rest, "h");
  }
  if (hours < 24 * 365 * 2) return absl::StrCat(hours / 24, "d");
  if (hours < 24 * 365 * 8) {
    const int64_t rest = hours / 24 % 365;
    return rest == 0 ? absl::StrCat(hours / 24 / 365, "y") : absl::StrCat(hours / 24 / 365, "y", rest, "d");
  }
  return absl::StrCat(hours / 24 / 365, "y");
}

}  // namespace apimachinery
