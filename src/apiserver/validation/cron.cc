#include "apiserver/validation/cron.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "apimachinery/go_quote.h"
#include "apimachinery/time.h"

namespace apiserver::validation {
namespace {

struct Bounds {
  int min, max;
  std::vector<absl::string_view> names;  // of min, min + 1, ...
};

const std::vector<Bounds>& Fields() {
  static const auto& fields = *new std::vector<Bounds>{
      {0, 59, {}},
      {0, 23, {}},
      {1, 31, {}},
      {1, 12, {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}},
      {0, 6, {"sun", "mon", "tue", "wed", "thu", "fri", "sat"}}};
  return fields;
}

std::string Number(absl::string_view text, int* out) {
  int64_t n = 0;
  if (text.empty() || !absl::SimpleAtoi(text, &n)) {
    return absl::StrCat("failed to parse int from ", text, ": strconv.Atoi: parsing ", apimachinery::GoQuote(text),
                        ": invalid syntax");
  }
  if (n < 0) return absl::StrCat("negative number (", n, ") not allowed: ", text);
  *out = static_cast<int>(std::min<int64_t>(n, 1 << 30));
  return "";
}

std::string NumberOrName(absl::string_view text, const Bounds& bounds, int* out) {
  const auto it = std::find(bounds.names.begin(), bounds.names.end(), absl::AsciiStrToLower(text));
  if (it != bounds.names.end()) {
    *out = bounds.min + static_cast<int>(it - bounds.names.begin());
    return "";
  }
  return Number(text, out);
}

// number | number "-" number [ "/" number ] | * | ?
std::string Range(absl::string_view text, const Bounds& bounds) {
  const std::vector<absl::string_view> step_parts = absl::StrSplit(text, '/');
  const std::vector<absl::string_view> ends = absl::StrSplit(step_parts[0], '-');
  int start = bounds.min, end = bounds.max, step = 1;
  const bool single = ends.size() == 1;
  if (ends[0] != "*" && ends[0] != "?") {
    if (std::string error = NumberOrName(ends[0], bounds, &start); !error.empty()) return error;
    if (single) {
      end = start;
    } else if (ends.size() == 2) {
      if (std::string error = NumberOrName(ends[1], bounds, &end); !error.empty()) return error;
    } else {
      return absl::StrCat("too many hyphens: ", text);
    }
  }
  if (step_parts.size() == 2) {
    if (std::string error = Number(step_parts[1], &step); !error.empty()) return error;
    if (single) end = bounds.max;  // "N/step" means "N-max/step"
  } else if (step_parts.size() > 2) {
    return absl::StrCat("too many slashes: ", text);
  }
  if (start < bounds.min) {
    return absl::StrCat("beginning of range (", start, ") below minimum (", bounds.min, "): ", text);
  }
  if (end > bounds.max) return absl::StrCat("end of range (", end, ") above maximum (", bounds.max, "): ", text);
  if (start > end) return absl::StrCat("beginning of range (", start, ") beyond end of range (", end, "): ", text);
  if (step == 0) return absl::StrCat("step of range should be a positive number: ", text);
  return "";
}

}  // namespace

std::string CheckSchedule(absl::string_view spec) {
  if (spec.empty()) return "empty spec string";
  if (absl::StartsWith(spec, "TZ=") || absl::StartsWith(spec, "CRON_TZ=")) {
    const size_t space = spec.find(' '), equals = spec.find('=');
    if (space == absl::string_view::npos) {
      return "panic parsing schedule: runtime error: slice bounds out of range [:-1]";
    }
    const std::string zone(spec.substr(equals + 1, space - equals - 1));
    absl::TimeZone loaded;
    if (!zone.empty() && zone != "Local" && !absl::LoadTimeZone(zone, &loaded)) {
      return absl::StrCat("provided bad location ", zone, ": unknown time zone ", zone);
    }
    spec = absl::StripAsciiWhitespace(spec.substr(space));
  }
  if (absl::StartsWith(spec, "@")) {
    for (absl::string_view known : {"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"}) {
      if (spec == known) return "";
    }
    absl::string_view every = spec;
    if (absl::ConsumePrefix(&every, "@every ")) {
      const auto parsed = apimachinery::ParseDuration(every);
      if (parsed.ok()) return "";
      return absl::StrCat("failed to parse duration ", spec, ": ", parsed.status().message());
    }
    return absl::StrCat("unrecognized descriptor: ", spec);
  }
  const std::vector<absl::string_view> fields = absl::StrSplit(spec, absl::ByAnyChar(" \t\n\v\f\r"), absl::SkipEmpty());
  if (fields.size() != 5) {
    return absl::StrCat("expected exactly 5 fields, found ", fields.size(), ": [", absl::StrJoin(fields, " "), "]");
  }
  for (size_t i = 0; i < fields.size(); ++i) {
    for (absl::string_view range : absl::StrSplit(fields[i], ',', absl::SkipEmpty())) {
      if (std::string error = Range(range, Fields()[i]); !error.empty()) return error;
    }
  }
  return "";
}

}  // namespace apiserver::validation
