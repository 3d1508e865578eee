#include "kubectl/printers/kyaml.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "kubectl/cli/codec.h"

namespace kubectl {
namespace {

// Whether a plain word would be read as a boolean, a null or a number by some YAML reader.
bool IsAmbiguous(const std::string& word) {
  const std::string lower = absl::AsciiStrToLower(word);
  for (const char* reserved : {"y", "n", "yes", "no", "on", "off", "t", "f", "true", "false", "null", "~", "inf",
                               "infinity", "nan", ".inf", ".nan"}) {
    if (lower == reserved) return true;
  }
  if (!isdigit(static_cast<unsigned char>(word[0]))) return false;
  double number;
  if (absl::SimpleAtod(word, &number)) return true;
  if (absl::StartsWith(lower, "0x") || absl::StartsWith(lower, "0o") || absl::StartsWith(lower, "0b")) return true;
  // 1_000, 2020-01-01, 1:30.
  return std::all_of(word.begin(), word.end(), [](char c) {
    return isdigit(static_cast<unsigned char>(c)) || c == '_' || c == '-' || c == ':' || c == '.';
  });
}

bool IsPlainKey(const std::string& key) {
  if (key.empty() || IsAmbiguous(key)) return false;
  const auto word = [](char c) { return isalnum(static_cast<unsigned char>(c)) || c == '_' || (c & 0x80) != 0; };
  if (!word(key.front()) || !word(key.back())) return false;
  return std::all_of(key.begin(), key.end(), [&](char c) { return word(c) || c == '-' || c == '.' || c == '/'; });
}

void AppendEscaped(absl::string_view text, std::string* out) {
  for (const char c : text) {
    switch (c) {
      case '"': *out += "\\\""; break;
      case '\\': *out += "\\\\"; break;
      case '\r': *out += "\\r"; break;
      case '\n': *out += "\\n"; break;
      case '\t': *out += c; break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
          absl::StrAppendFormat(out, "\\x%02x", static_cast<unsigned char>(c));
        } else {
          *out += c;
        }
    }
  }
}

// Text of several lines is folded: a line of the value a line here, each break escaped.
void AppendString(const std::string& text, size_t indent, std::string* out) {
  *out += '"';
  if (!absl::StrContains(text, '\n')) {
    AppendEscaped(text, out);
    *out += '"';
    return;
  }
  const std::string margin(indent + 2, ' ');
  *out += "\\\n";
  std::vector<absl::string_view> lines = absl::StrSplit(text, '\n');
  const bool ends = lines.back().empty();
  if (ends) lines.pop_back();
  for (size_t i = 0; i < lines.size(); ++i) {
    const bool blank_first = !lines[i].empty() && (lines[i][0] == ' ' || lines[i][0] == '\t');
    absl::StrAppend(out, margin, blank_first ? "\\" : " ");
    AppendEscaped(lines[i], out);
    absl::StrAppend(out, i + 1 < lines.size() || ends ? "\\n" : "", "\\\n");
  }
  absl::StrAppend(out, margin, "\"");
}

void Append(const Value& value, size_t indent, std::string* out) {
  const std::string margin(indent, ' ');
  if (value.is_object()) {
    if (value.empty()) {
      *out += "{}";
      return;
    }
    *out += "{\n";
    for (const Member& member : value.object()) {
      absl::StrAppend(out, margin, "  ");
      if (IsPlainKey(member.key)) {
        *out += member.key;
      } else {
        *out += '"';
        AppendEscaped(member.key, out);
        *out += '"';
      }
      *out += ": ";
      Append(member.value, indent + 2, out);
      *out += ",\n";
    }
    absl::StrAppend(out, margin, "}");
  } else if (value.is_array()) {
    const Array& items = value.array();
    // Brackets of containers share a line.
    const bool cuddled = std::all_of(items.begin(), items.end(), [](const Value& v) { return v.is_object() || v.is_array(); });
    *out += '[';
    for (size_t i = 0; i < items.size(); ++i) {
      if (cuddled) {
        *out += i == 0 ? "" : ", ";
        Append(items[i], indent, out);
      } else {
        absl::StrAppend(out, i == 0 ? "\n" : "", margin, "  ");
        Append(items[i], indent + 2, out);
        *out += ",\n";
      }
    }
    absl::StrAppend(out, cuddled ? "" : margin, "]");
  } else if (value.is_string()) {
    AppendString(value.as_string(), indent, out);
  } else {
    *out += WriteJson(value);  // numbers, booleans, null
  }
}

}  // namespace

std::string WriteKyaml(const Value& value) {
  std::string text = "---\n";
  Append(value, 0, &text);
  return text + "\n";
}

}  // namespace kubectl
