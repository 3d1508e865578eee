#include "apimachinery/go_quote.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "apimachinery/json.h"
#include "apimachinery/json_text.h"

namespace apimachinery {

std::string GoQuote(absl::string_view text) {
  std::string out = "\"";
  for (size_t at = 0; at < text.size();) {
    const unsigned char c = text[at];
    if (c >= 0x80) {
      const size_t length = json_text::Utf8Length(text.substr(at));
      const absl::string_view rune = text.substr(at, length);
      if (length == 0) {
        absl::StrAppendFormat(&out, "\\x%02x", c);
        ++at;
        continue;
      }
      if (rune == "\xe2\x80\xa8" || rune == "\xe2\x80\xa9") {  // not printable
        out += rune[2] == '\xa8' ? "\\u2028" : "\\u2029";
      } else if (length == 2 && c == 0xc2 && (static_cast<unsigned char>(rune[1]) <= 0xa0 || rune[1] == '\xad')) {
        absl::StrAppendFormat(&out, "\\u%04x", static_cast<unsigned char>(rune[1]));
      } else if (rune == "\xef\xbb\xbf") {
        out += "\\ufeff";
      } else {
        out.append(rune.data(), rune.size());
      }
      at += length;
      continue;
    }
    ++at;
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\a': out += "\\a"; break;
      case '\b': out += "\\b"; break;
      case '\f': out += "\\f"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      case '\v': out += "\\v"; break;
      default:
        if (c < 0x20 || c == 0x7f) {
          absl::StrAppendFormat(&out, "\\x%02x", c);
        } else {
          out.push_back(static_cast<char>(c));
        }
    }
  }
  out.push_back('"');
  return out;
}

namespace {

// %v of a float64: shortest, with an exponent of two digits at least from 1e6 on and below 1e-4.
std::string FormatDouble(double d) {
  if (d == 0) return "0";
  const double magnitude = std::fabs(d);
  char text[40];
  if (magnitude >= 1e-4 && magnitude < 1e6) {
    std::string plain;
    AppendJsonDouble(d, &plain);
    if (plain.find('e') == std::string::npos) return plain;
  }
  for (int precision = 0; precision <= 16; ++precision) {
    std::snprintf(text, sizeof text, "%.*e", precision, d);
    if (std::strtod(text, nullptr) == d) break;
  }
  return text;
}

}  // namespace

namespace {

// `text`: by %s instead of %v.
std::string Format(const Value& value, bool text) {
  const auto scalar = [text](absl::string_view type, std::string shown) {
    return text ? absl::StrCat("%!s(", type, "=", shown, ")") : shown;
  };
  switch (value.type()) {
    case Value::Type::kNull: return text ? "%!s(<nil>)" : "<nil>";
    case Value::Type::kBool: return scalar("bool", value.as_bool() ? "true" : "false");
    case Value::Type::kInt: return scalar("int64", absl::StrCat(value.as_int()));
    case Value::Type::kDouble: return scalar("float64", FormatDouble(value.as_double()));
    case Value::Type::kString:
    case Value::Type::kRaw: return value.as_string();
    case Value::Type::kArray: {
      std::string out = "[";
      for (size_t i = 0; i < value.size(); ++i) absl::StrAppend(&out, i > 0 ? " " : "", Format(value.array()[i], text));
      return out + "]";
    }
    case Value::Type::kObject: {
      std::vector<const Member*> members;
      for (const Member& member : value.object()) members.push_back(&member);
      std::sort(members.begin(), members.end(), [](const Member* a, const Member* b) { return a->key < b->key; });
      std::string out = "map[";
      for (size_t i = 0; i < members.size(); ++i) {
        absl::StrAppend(&out, i > 0 ? " " : "", members[i]->key, ":", Format(members[i]->value, text));
      }
      return out + "]";
    }
  }
  return "";
}

}  // namespace

std::string GoFormat(const Value& value) { return Format(value, false); }
std::string GoFormatAsText(const Value& value) { return Format(value, true); }

}  // namespace apimachinery
