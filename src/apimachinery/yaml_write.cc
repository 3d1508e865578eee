// Writes block YAML the way upstream's emitter does: the same choice of quotes, the same folding at 80 columns, keys in
// its natural order. The rules are those of libyaml's scalar analysis (emitter, YAML 1.1).
#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdio>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "apimachinery/json.h"
#include "apimachinery/yaml.h"
#include "apimachinery/yaml_scalar.h"

namespace apimachinery {
namespace {

constexpr int kBestWidth = 80;

struct Rune {
  uint32_t code;
  size_t width;
};
Rune RuneAt(absl::string_view text, size_t i) {
  const auto byte = [&](size_t k) { return k < text.size() ? static_cast<unsigned char>(text[k]) : 0u; };
  const unsigned c = byte(i);
  if (c < 0x80) return {c, 1};
  if ((c & 0xe0) == 0xc0) return {((c & 0x1f) << 6) | (byte(i + 1) & 0x3f), 2};
  if ((c & 0xf0) == 0xe0) return {((c & 0x0f) << 12) | ((byte(i + 1) & 0x3f) << 6) | (byte(i + 2) & 0x3f), 3};
  return {((c & 0x07) << 18) | ((byte(i + 1) & 0x3f) << 12) | ((byte(i + 2) & 0x3f) << 6) | (byte(i + 3) & 0x3f), 4};
}

bool IsPrintable(uint32_t c) {
  return c == '\n' || (c >= 0x20 && c <= 0x7e) || (c >= 0xa0 && c <= 0xd7ff) || (c >= 0xe000 && c <= 0xfffd && c != 0xfeff);
}
bool IsBreak(uint32_t c) { return c == '\n' || c == '\r' || c == 0x85 || c == 0x2028 || c == 0x2029; }
bool IsBlankOrEnd(absl::string_view text, size_t i) {
  if (i >= text.size()) return true;
  const uint32_t c = RuneAt(text, i).code;
  return c == ' ' || c == '\t' || IsBreak(c);
}

struct Analysis {
  bool plain, single_quoted, literal;  // which styles are allowed
};

Analysis Analyze(absl::string_view text) {
  if (text.empty()) return {true, true, false};
  bool indicators = text.substr(0, 3) == "---" || text.substr(0, 3) == "...";
  bool breaks = false, special = false, leading_space = false, leading_break = false, trailing_space = false,
       trailing_break = false, break_space = false, space_break = false, previous_space = false, previous_break = false;
  bool preceded = true;
  for (size_t i = 0; i < text.size();) {
    const Rune rune = RuneAt(text, i);
    const bool followed = IsBlankOrEnd(text, i + rune.width), last = i + rune.width >= text.size();
    const char c = rune.code < 0x80 ? static_cast<char>(rune.code) : '\0';
    if (i == 0) {
      if (c != '\0' && absl::string_view("#,[]{}&*!|>'\"%@`").find(c) != absl::string_view::npos) indicators = true;
      if ((c == '?' || c == ':' || c == '-') && followed) indicators = true;
    } else {
      if ((c == ':' && followed) || (c == '#' && preceded)) indicators = true;
    }
    if (!IsPrintable(rune.code)) special = true;
    if (c == ' ') {
      leading_space |= i == 0;
      trailing_space |= last;
      break_space |= previous_break;
      previous_space = true;
      previous_break = false;
    } else if (IsBreak(rune.code)) {
      breaks = true;
      leading_break |= i == 0;
      trailing_break |= last;
      space_break |= previous_space;
      previous_break = true;
      previous_space = false;
    } else {
      previous_space = previous_break = false;
    }
    preceded = IsBlankOrEnd(text, i);
    i += rune.width;
  }
  Analysis out = {true, true, true};
  if (leading_space || leading_break || trailing_space || trailing_break || breaks || indicators) out.plain = false;
  if (trailing_space) out.literal = false;
  if (break_space) out.plain = out.single_quoted = false;
  if (space_break || special) out = {false, false, false};
  return out;
}

// Digits compare as numbers, letters before other signs: the order of upstream's mapping keys.
bool KeyLess(const std::string& a, const std::string& b) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto is_letter = [](char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0 || (c & 0x80) != 0; };
  bool digits = false;
  for (size_t i = 0; i < a.size() && i < b.size(); ++i) {
    if (a[i] == b[i]) {
      digits = is_digit(a[i]);
      continue;
    }
    const bool al = is_letter(a[i]), bl = is_letter(b[i]);
    if (al && bl) return static_cast<unsigned char>(a[i]) < static_cast<unsigned char>(b[i]);
    if (al || bl) return digits ? al : bl;
    uint64_t an = 0, bn = 0;
    size_t ai = i, bi = i;
    if (a[i] == '0' || b[i] == '0') {
      for (size_t j = i; j > 0 && is_digit(a[j - 1]); --j) {
        if (a[j - 1] != '0') {
          an = bn = 1;
          break;
        }
      }
    }
    for (; ai < a.size() && is_digit(a[ai]); ++ai) an = an * 10 + static_cast<uint64_t>(a[ai] - '0');
    for (; bi < b.size() && is_digit(b[bi]); ++bi) bn = bn * 10 + static_cast<uint64_t>(b[bi] - '0');
    if (an != bn) return an < bn;
    if (ai != bi) return ai < bi;
    return static_cast<unsigned char>(a[i]) < static_cast<unsigned char>(b[i]);
  }
  return a.size() < b.size();
}

class Emitter {
 public:
  void Document(const Value& value) {
    Node(value, 0, false);
    if (column_ > 0) Break();
  }
  std::string Take() && { return std::move(out_); }

 private:
  void Put(absl::string_view bytes) {
    absl::StrAppend(&out_, bytes);
    for (const char c : bytes) column_ += (c & 0xc0) != 0x80;
  }
  void Break() {
    out_ += '\n';
    column_ = 0;
  }
  void Indent(int indent) {
    if (column_ > 0) Break();
    Put(std::string(static_cast<size_t>(indent), ' '));
  }

  // `inline_start`: the first line is already begun ("- " before it).
  void Node(const Value& value, int indent, bool inline_start) {
    switch (value.type()) {
      case Value::Type::kNull: return Put("null");
      case Value::Type::kBool: return Put(value.as_bool() ? "true" : "false");
      case Value::Type::kInt: return Put(absl::StrCat(value.as_int()));
      case Value::Type::kDouble: return Put(Float(value.as_double()));
      case Value::Type::kString: return Scalar(value.as_string(), indent + 2, false);
      case Value::Type::kRaw: {
        absl::StatusOr<Value> parsed = ParseJson(value.as_string());
        return parsed.ok() ? Node(*parsed, indent, inline_start) : Scalar(value.as_string(), indent + 2, false);
      }
      case Value::Type::kArray: return Sequence(value.array(), indent, inline_start);
      case Value::Type::kObject: return Mapping(value.object(), indent, inline_start);
    }
  }

  static std::string Float(double d) {
    char text[40];
    for (int precision = 1; precision <= 17; ++precision) {
      std::snprintf(text, sizeof text, "%.*g", precision, d);
      if (std::strtod(text, nullptr) == d) break;
    }
    return text;
  }

  void Sequence(const Array& items, int indent, bool inline_start) {
    if (items.empty()) return Put("[]");
    for (const Value& item : items) {
      if (!inline_start) Indent(indent);
      inline_start = false;
      Put("- ");
      if (item.is_string()) {
        Scalar(item.as_string(), indent + 2, false);
      } else {
        Node(item, indent + 2, true);
      }
    }
  }

  void Mapping(const Object& members, int indent, bool inline_start) {
    if (members.empty()) return Put("{}");
    std::vector<const Member*> sorted;
    for (const Member& member : members) sorted.push_back(&member);
    std::sort(sorted.begin(), sorted.end(), [](const Member* a, const Member* b) { return KeyLess(a->key, b->key); });
    for (const Member* member : sorted) {
      if (!inline_start) Indent(indent);
      inline_start = false;
      Scalar(member->key, indent, true);
      Put(":");
      const Value* value = &member->value;
      Value parsed;
      if (value->is_raw()) {
        absl::StatusOr<Value> raw = ParseJson(value->as_string());
        if (raw.ok()) parsed = *std::move(raw);
        value = &parsed;
      }
      if (value->is_array() && !value->empty()) {
        Sequence(value->array(), indent, false);  // not indented below its key
      } else if (value->is_object() && !value->empty()) {
        Mapping(value->object(), indent + 2, false);
      } else {
        Put(" ");
        Node(*value, indent, false);
      }
    }
  }

  void Scalar(const std::string& text, int indent, bool key) {
    const Analysis allowed = Analyze(text);
    if (text.find('\n') != std::string::npos) {
      return allowed.literal && !key ? Literal(text, indent) : DoubleQuoted(text, indent, key);
    }
    if (!ReadsAsString(text)) return DoubleQuoted(text, indent, key);
    if (allowed.plain) return Plain(text, indent, key);
    return allowed.single_quoted ? SingleQuoted(text, indent, key) : DoubleQuoted(text, indent, key);
  }

  static bool SpaceAt(absl::string_view text, size_t i) { return i < text.size() && text[i] == ' '; }

  void Plain(absl::string_view text, int indent, bool key) {
    bool spaces = false;
    for (size_t i = 0; i < text.size(); ++i) {
      if (text[i] != ' ') {
        Put(text.substr(i, 1));
        spaces = false;
        continue;
      }
      if (!key && !spaces && column_ > kBestWidth && !SpaceAt(text, i + 1)) {
        Indent(indent);
      } else {
        Put(" ");
      }
      spaces = true;
    }
  }

  void SingleQuoted(absl::string_view text, int indent, bool key) {
    Put("'");
    bool spaces = false;
    for (size_t i = 0; i < text.size(); ++i) {
      if (text[i] == ' ') {
        if (!key && !spaces && column_ > kBestWidth && i > 0 && i + 1 < text.size() && !SpaceAt(text, i + 1)) {
          Indent(indent);
        } else {
          Put(" ");
        }
        spaces = true;
        continue;
      }
      Put(text[i] == '\'' ? absl::string_view("''") : text.substr(i, 1));
      spaces = false;
    }
    Put("'");
  }

  void DoubleQuoted(absl::string_view text, int indent, bool key) {
    Put("\"");
    bool spaces = false;
    for (size_t i = 0; i < text.size();) {
      const Rune rune = RuneAt(text, i);
      if (!IsPrintable(rune.code) || IsBreak(rune.code) || rune.code == '"' || rune.code == '\\') {
        Escape(rune.code);
        spaces = false;
      } else if (rune.code == ' ') {
        if (!key && !spaces && column_ > kBestWidth && i > 0 && i + 1 < text.size()) {
          Indent(indent);
          if (SpaceAt(text, i + 1)) Put("\\");
        } else {
          Put(" ");
        }
        spaces = true;
      } else {
        Put(text.substr(i, rune.width));
        spaces = false;
      }
      i += rune.width;
    }
    Put("\"");
  }

  void Escape(uint32_t c) {
    static constexpr std::pair<uint32_t, const char*> kShort[] = {
        {0, "\\0"}, {7, "\\a"}, {8, "\\b"}, {9, "\\t"}, {10, "\\n"}, {11, "\\v"}, {12, "\\f"}, {13, "\\r"}, {27, "\\e"},
        {'"', "\\\""}, {'\\', "\\\\"}, {0x85, "\\N"}, {0xa0, "\\_"}, {0x2028, "\\L"}, {0x2029, "\\P"}};
    for (const auto& [code, text] : kShort) {
      if (c == code) return Put(text);
    }
    char text[16];
    std::snprintf(text, sizeof text, c <= 0xff ? "\\x%02X" : c <= 0xffff ? "\\u%04X" : "\\U%08X", c);
    Put(text);
  }

  void Literal(absl::string_view text, int indent) {
    Put("|");
    if (text[0] == ' ' || text[0] == '\n') Put("2");
    if (text.back() != '\n') {
      Put("-");
    } else if (text.size() == 1 || text[text.size() - 2] == '\n') {
      Put("+");
    }
    Break();
    bool start = true;
    for (size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\n') {
        Break();
        start = true;
        continue;
      }
      if (start) Put(std::string(static_cast<size_t>(indent), ' '));
      start = false;
      Put(text.substr(i, 1));
    }
    // What ends in a break is at the start of a line already.
  }

  std::string out_;
  int column_ = 0;
};

}  // namespace

std::string WriteYaml(const Value& value) {
  Emitter emitter;
  emitter.Document(value);
  return std::move(emitter).Take();
}

}  // namespace apimachinery
