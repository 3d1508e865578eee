#include "apimachinery/cel/format_string.h"

#include <algorithm>
#include <bitset>
#include <cmath>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/ascii.h"
#include "apimachinery/cel/conversions.h"
#include "apimachinery/go_quote.h"

namespace apimachinery::cel {
namespace {

using Kind = Val::Kind;

// A result, or why there is none.
struct Text {
  std::string text;
  std::string error;
};

Text Misfit(char verb, const Val& v) { return {"", FormatMisfit(verb, v.TypeName())}; }

// As it stands inside a list or map.
std::string QuoteInside(const Val& v, std::string text) {
  switch (v.kind()) {
    case Kind::kString: return GoQuote(text);
    case Kind::kBytes: return absl::StrCat("b", GoQuote(text));
    case Kind::kDouble:
      return std::isinf(v.as_double()) || std::isnan(v.as_double()) ? GoQuote(text) : text;
    default: return text;
  }
}

Text AsString(const Val& v);

// Inside lists and maps all stands as it would be written in an expression.
Text Inside(const Val& v) {
  switch (v.kind()) {
    case Kind::kDouble: {
      const double d = v.as_double();
      if (!std::isfinite(d)) return {std::isnan(d) ? "NaN" : d > 0 ? "+Inf" : "-Inf", ""};
      return {absl::StrFormat("%.6f", d), ""};
    }
    case Kind::kDuration: return {absl::StrCat("duration(", GoQuote(ToText(v).text()), ")"), ""};
    case Kind::kTimestamp: return {absl::StrCat("timestamp(", GoQuote(ToText(v).text()), ")"), ""};
    case Kind::kOptional: case Kind::kOpaque: return {"", absl::StrCat("no formatting function for ", v.TypeName())};
    default: return AsString(v);
  }
}

Text ListText(const List& list) {
  std::string out = "[";
  for (size_t i = 0; i < list.size(); ++i) {
    const Val element = list.at(i);
    Text one = Inside(element);
    if (!one.error.empty()) return one;
    absl::StrAppend(&out, i == 0 ? "" : ", ", QuoteInside(element, std::move(one.text)));
  }
  return {out + "]", ""};
}

Text MapText(const Map& map) {
  std::vector<std::pair<std::string, std::string>> entries;
  std::string error;
  map.ForEach([&](const Val& key) {
    if (!key.is(Kind::kString) && !key.is(Kind::kBool) && !key.is(Kind::kInt) && !key.is(Kind::kUint)) {
      error = absl::StrCat("no formatting function for map key of type ", key.TypeName());
      return false;
    }
    Val value;
    map.Find(key, &value);
    Text text = Inside(value);
    error = text.error;
    entries.emplace_back(QuoteInside(key, std::string(ToText(key).text())), QuoteInside(value, std::move(text.text)));
    return error.empty();
  });
  if (!error.empty()) return {"", error};
  std::stable_sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::string out = "{";
  for (size_t i = 0; i < entries.size(); ++i) {
    absl::StrAppend(&out, i == 0 ? "" : ", ", entries[i].first, ":", entries[i].second);
  }
  return {out + "}", ""};
}

Text AsString(const Val& v) {
  switch (v.kind()) {
    case Kind::kList: return ListText(v.list());
    case Kind::kMap: return v.map().type_name() == "map" ? MapText(v.map()) : Misfit('s', v);
    case Kind::kNull: return {"null", ""};
    case Kind::kOptional: case Kind::kOpaque: return Misfit('s', v);
    case Kind::kError: return {"", std::string(v.text())};
    default: {
      const Val text = ToText(v);
      if (text.is_error()) return {"", absl::StrCat("could not convert argument ", GoQuote(text.text()), " to string")};
      return {std::string(text.text()), ""};
    }
  }
}

// Fixed and scientific notation take doubles and the names of those that are no numbers.
bool AsDouble(const Val& v, double* out) {
  if (v.is(Kind::kDouble)) {
    *out = v.as_double();
    return true;
  }
  if (!v.is(Kind::kString)) return false;
  if (v.text() == "NaN") *out = std::nan("");
  else if (v.text() == "Infinity") *out = HUGE_VAL;
  else if (v.text() == "-Infinity") *out = -HUGE_VAL;
  else return false;
  return true;
}

std::string NotFinite(double d) { return std::isnan(d) ? "NaN" : d > 0 ? "∞" : "-∞"; }

// English: thousands are set apart by commas.
std::string Fixed(double d, int precision) {
  if (!std::isfinite(d)) return NotFinite(d);
  std::string text = absl::StrFormat("%.*f", precision, d);
  size_t point = text.find('.');
  if (point == std::string::npos) point = text.size();
  const size_t first = text[0] == '-' ? 1 : 0;
  std::string grouped;
  for (size_t at = 0; at < text.size(); ++at) {
    if (at > first && at < point && (point - at) % 3 == 0) grouped.push_back(',');
    grouped.push_back(text[at]);
  }
  return grouped;
}

std::string Superscript(absl::string_view digits) {
  static constexpr absl::string_view kDigits[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
  std::string out;
  for (const char c : digits) absl::StrAppend(&out, c == '-' ? "⁻" : c == '+' ? "" : kDigits[c - '0']);
  return out;
}

// English: 1.052033×10⁰³. Upstream takes a precision for the width of the field.
std::string Scientific(double d, int width) {
  if (!std::isfinite(d)) return NotFinite(d);
  const std::string text = absl::StrFormat("%.6e", d == 0 ? 0.0 : d);  // zero has no sign
  const size_t e = text.find('e');
  const std::string out = absl::StrCat(text.substr(0, e), "×10", Superscript(text.substr(e + 1)));
  const size_t length = CodePoints(out);
  return length >= static_cast<size_t>(width) ? out : absl::StrCat(std::string(static_cast<size_t>(width) - length, ' '), out);
}

std::string InBase(uint64_t magnitude, bool negative, int bits) {
  std::string digits;
  do {
    digits.push_back("01234567"[magnitude & ((1u << bits) - 1)]);
    magnitude >>= bits;
  } while (magnitude != 0);
  if (negative) digits.push_back('-');
  std::reverse(digits.begin(), digits.end());
  return digits;
}

uint64_t Magnitude(const Val& v) {
  return v.is(Kind::kInt) && v.as_int() < 0 ? 0 - static_cast<uint64_t>(v.as_int()) : v.as_uint();
}

Text Hex(const Val& v, bool upper) {
  std::string text;
  switch (v.kind()) {
    case Kind::kString: case Kind::kBytes: text = absl::BytesToHexString(v.text()); break;
    case Kind::kInt: case Kind::kUint:
      text = absl::StrCat(v.is(Kind::kInt) && v.as_int() < 0 ? "-" : "", absl::Hex(Magnitude(v)));
      break;
    default: return Misfit('x', v);
  }
  if (upper) text = absl::AsciiStrToUpper(text);
  return {text, ""};
}

Text Apply(const FormatClause& clause, const Val& v) {
  double d = 0;
  const bool whole = v.is(Kind::kInt) || v.is(Kind::kUint);
  const bool negative = v.is(Kind::kInt) && v.as_int() < 0;
  switch (clause.verb) {
    case 's': return AsString(v);
    case 'd': return whole ? Text{std::string(ToText(v).text()), ""} : Misfit('d', v);
    case 'f': return AsDouble(v, &d) ? Text{Fixed(d, clause.precision), ""} : Misfit('f', v);
    case 'e': return AsDouble(v, &d) ? Text{Scientific(d, clause.precision), ""} : Misfit('e', v);
    case 'b':
      if (v.is(Kind::kBool)) return {v.as_bool() ? "1" : "0", ""};
      return whole ? Text{InBase(Magnitude(v), negative, 1), ""} : Misfit('b', v);
    case 'o': return whole ? Text{InBase(Magnitude(v), negative, 3), ""} : Misfit('o', v);
    default: return Hex(v, clause.verb == 'X');
  }
}

}  // namespace

std::string FormatMisfit(char verb, absl::string_view type) {
  absl::string_view rule;
  switch (verb) {
    case 'b': rule = "only integers and bools can be formatted as binary"; break;
    case 'd': rule = "decimal clause can only be used on integers"; break;
    case 'f': rule = "fixed-point clause can only be used on doubles"; break;
    case 'e': rule = "scientific clause can only be used on doubles"; break;
    case 'o': rule = "octal clause can only be used on integers"; break;
    case 'x': case 'X': rule = "only integers, byte buffers, and strings can be formatted as hex"; break;
    default:
      rule = "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and "
             "timestamps";
  }
  return absl::StrCat(rule, ", was given ", type);
}

std::string WalkFormat(absl::string_view format, size_t args,
                       absl::FunctionRef<std::string(size_t index, const FormatClause& clause)> take,
                       absl::FunctionRef<void(absl::string_view)> literal) {
  constexpr int kMaxPrecision = 1000;  // of output per clause; upstream has no bound
  size_t at = 0, index = 0;
  while (at < format.size()) {
    const size_t percent = format.find('%', at);
    if (percent == absl::string_view::npos) {
      literal(format.substr(at));
      break;
    }
    literal(format.substr(at, percent - at));
    at = percent + 1;
    if (at < format.size() && format[at] == '%') {
      literal("%");
      ++at;
      continue;
    }
    if (index >= args) return absl::StrCat("index ", index, " out of range");
    if (at >= format.size()) return "unexpected end of string";
    FormatClause clause;
    if (format[at] == '.') {
      const size_t begin = ++at;
      while (at < format.size() && absl::ascii_isdigit(format[at])) ++at;
      if (at >= format.size()) {
        return "could not parse formatting clause: error while parsing precision: could not find end of precision specifier";
      }
      const absl::string_view digits = format.substr(begin, at - begin);
      if (digits.empty() || digits.size() > 9) {
        return absl::StrCat("could not parse formatting clause: error while parsing precision: error while converting "
                            "precision to integer: strconv.Atoi: parsing \"", digits, "\": ",
                            digits.empty() ? "invalid syntax" : "value out of range");
      }
      (void)absl::SimpleAtoi(digits, &clause.precision);
      clause.precision = std::min(clause.precision, kMaxPrecision);
    }
    clause.verb = format[at++];
    if (absl::string_view("sdfebxXo").find(clause.verb) == absl::string_view::npos) {
      return absl::StrCat("could not parse formatting clause: unrecognized formatting clause \"",
                          std::string(1, clause.verb), "\"");
    }
    if (std::string problem = take(index++, clause); !problem.empty()) {
      return absl::StrCat("error during formatting: ", problem);
    }
  }
  return "";
}

Val FormatString(absl::string_view format, const List& args) {
  std::string out;
  std::string problem = WalkFormat(
      format, args.size(),
      [&](size_t index, const FormatClause& clause) {
        Text text = Apply(clause, args.at(index));
        absl::StrAppend(&out, text.text);
        return text.error;
      },
      [&](absl::string_view text) { absl::StrAppend(&out, text); });
  return problem.empty() ? Val::String(std::move(out)) : Val::Error(std::move(problem));
}

}  // namespace apimachinery::cel
