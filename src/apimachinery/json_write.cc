// JSON writing by Go's text rules, without recursion.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "apimachinery/codec_internal.h"
#include "apimachinery/json.h"
#include "apimachinery/json_text.h"

namespace apimachinery {
namespace {

// Bytes that AppendJsonString cannot copy as they are: control characters, quote, backslash, HTML, non-ASCII.
constexpr bool IsPlain(unsigned char c) {
  return c >= 0x20 && c < 0x80 && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&';
}
struct PlainTable {
  bool plain[256];
  constexpr PlainTable() : plain() {
    for (int i = 0; i < 256; ++i) plain[i] = IsPlain(static_cast<unsigned char>(i));
  }
};
constexpr PlainTable kPlain;

// How many bytes from `p` on can be copied.
size_t PlainRun(const char* p, const char* end) {
  const char* at = p;
#ifdef __SSE2__
  while (end - at >= 16) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    __m128i bad = _mm_cmplt_epi8(block, _mm_set1_epi8(0x20));  // signed: non-ASCII too
    bad = _mm_or_si128(bad, _mm_cmpeq_epi8(block, _mm_set1_epi8('"')));
    bad = _mm_or_si128(bad, _mm_cmpeq_epi8(block, _mm_set1_epi8('\\')));
    bad = _mm_or_si128(bad, _mm_cmpeq_epi8(_mm_and_si128(block, _mm_set1_epi8(static_cast<char>(0xfd))),
                                           _mm_set1_epi8('<')));  // '<' and '>' differ in one bit
    bad = _mm_or_si128(bad, _mm_cmpeq_epi8(block, _mm_set1_epi8('&')));
    const int mask = _mm_movemask_epi8(bad);
    if (mask != 0) return at - p + __builtin_ctz(mask);
    at += 16;
  }
#endif
  while (at != end && kPlain.plain[static_cast<unsigned char>(*at)]) ++at;
  return at - p;
}

void AppendEscape(unsigned char c, std::string* out) {
  static constexpr char kHex[] = "0123456789abcdef";
  switch (c) {
    case '"': out->append("\\\"", 2); return;
    case '\\': out->append("\\\\", 2); return;
    case '\n': out->append("\\n", 2); return;
    case '\r': out->append("\\r", 2); return;
    case '\t': out->append("\\t", 2); return;
    case '\b': out->append("\\b", 2); return;
    case '\f': out->append("\\f", 2); return;
    default: {
      const char escape[6] = {'\\', 'u', '0', '0', kHex[c >> 4], kHex[c & 15]};
      out->append(escape, 6);
    }
  }
}

struct Frame {
  const Value* container;
  size_t next = 0;
  bool any = false;  // something is written
};

// The first member from `at` on that is written.
size_t SkipHollow(const Object& object, size_t at) {
  while (at < object.size() && object[at].value.is_hollow()) ++at;
  return at;
}

// One writer for both styles: `indent` empty means compact.
void Write(const Value& root, const absl::string_view* indent, std::string* out) {
  std::vector<Frame> open;
  const auto new_line = [&] {
    if (indent == nullptr) return;
    out->push_back('\n');
    for (size_t i = 0; i < open.size(); ++i) out->append(indent->data(), indent->size());
  };
  const auto scalar_or_open = [&](const Value& value) {
    switch (value.type()) {
      case Value::Type::kNull: out->append(!value.is_hollow() ? "null" : value.is_hollow_list() ? "[]" : "{}"); return;
      case Value::Type::kBool: out->append(value.as_bool() ? "true" : "false"); return;
      case Value::Type::kInt: {
        char digits[24];
        out->append(digits, std::to_chars(digits, digits + sizeof digits, value.as_int()).ptr - digits);
        return;
      }
      case Value::Type::kDouble: AppendJsonDouble(value.as_double(), out); return;
      case Value::Type::kString: AppendJsonString(value.as_string(), out); return;
      case Value::Type::kRaw:
        if (indent == nullptr) {
          AppendRawJson(value.as_string(), out);
        } else if (absl::StatusOr<Value> parsed = ParseJson(value.as_string()); parsed.ok()) {
          std::string nested = WriteJsonIndented(*parsed, *indent);
          std::string prefix = "\n";
          for (size_t i = 0; i < open.size(); ++i) prefix.append(indent->data(), indent->size());
          for (char c : nested) c == '\n' ? out->append(prefix) : out->append(1, c);
        } else {
          out->append(value.as_string());
        }
        return;
      case Value::Type::kArray:
        if (value.empty()) {
          out->append("[]", 2);
        } else {
          out->push_back('[');
          open.push_back({&value});
        }
        return;
      case Value::Type::kObject:
        if (SkipHollow(value.object(), 0) == value.size()) {
          out->append("{}", 2);
        } else {
          out->push_back('{');
          open.push_back({&value});
        }
        return;
    }
  };
  scalar_or_open(root);
  while (!open.empty()) {
    Frame& frame = open.back();
    const Value& container = *frame.container;
    if (container.is_object()) frame.next = SkipHollow(container.object(), frame.next);
    if (frame.next == container.size()) {
      open.pop_back();
      new_line();
      out->push_back(container.is_array() ? ']' : '}');
      continue;
    }
    const size_t i = frame.next++;
    if (frame.any) out->push_back(',');
    frame.any = true;
    new_line();
    if (container.is_array()) {
      scalar_or_open(container.array()[i]);
    } else {
      const Member& member = container.object()[i];
      AppendJsonString(member.key, out);
      out->append(indent == nullptr ? ":" : ": ");
      scalar_or_open(member.value);
    }
  }
}

}  // namespace

void AppendJsonString(absl::string_view text, std::string* out) {
  const char* at = text.data();
  const char* const end = at + text.size();
  out->push_back('"');
  while (true) {
    const size_t run = PlainRun(at, end);
    out->append(at, run);
    at += run;
    if (at == end) break;
    const unsigned char c = *at;
    if (c < 0x80) {
      AppendEscape(c, out);
      ++at;
      continue;
    }
    const absl::string_view rest(at, end - at);
    const size_t length = json_text::Utf8Length(rest);
    if (length == 0) {
      out->append("\\ufffd", 6);
      ++at;
      continue;
    }
    if (length == 3 && (rest.substr(0, 3) == "\xe2\x80\xa8" || rest.substr(0, 3) == "\xe2\x80\xa9")) {
      out->append(rest[2] == '\xa8' ? "\\u2028" : "\\u2029", 6);
    } else {
      out->append(at, length);
    }
    at += length;
  }
  out->push_back('"');
}

void AppendJsonDouble(double number, std::string* out) {
  if (!std::isfinite(number)) {
    out->append("null");
    return;
  }
  const double magnitude = std::fabs(number);
  const bool scientific = magnitude != 0 && (magnitude < 1e-6 || magnitude >= 1e21);
  char text[64];
  if (magnitude >= 9007199254740992.0 && !scientific) {  // the shortest digits, then zeros: not the exact value
    const auto last = std::to_chars(text, text + sizeof text, number, std::chars_format::scientific).ptr;
    const absl::string_view shortest(text, last - text);
    const size_t mark = shortest.find('e');
    size_t zeros = static_cast<size_t>((shortest[mark + 2] - '0') * 10 + (shortest[mark + 3] - '0'));  // e+18
    for (const char c : shortest.substr(0, mark)) {
      if (c != '.') out->push_back(c);
    }
    const size_t point = shortest.find('.');
    if (point < mark) zeros -= mark - point - 1;
    out->append(zeros, '0');
    return;
  }
  const auto end = std::to_chars(text, text + sizeof text, number,
                                 scientific ? std::chars_format::scientific : std::chars_format::fixed).ptr;
  absl::string_view written(text, end - text);
  const size_t e = written.find('e');
  if (e != absl::string_view::npos && written.size() == e + 4 && written[e + 1] == '-' && written[e + 2] == '0') {
    out->append(text, e + 2);  // e-09 is e-9, while e+21 keeps its two digits
    out->push_back(written[e + 3]);
    return;
  }
  out->append(text, written.size());
}

void AppendJson(const Value& value, std::string* out) { Write(value, nullptr, out); }

std::string WriteJson(const Value& value) {
  std::string out;
  Write(value, nullptr, &out);
  return out;
}

std::string WriteJsonIndented(const Value& value, absl::string_view indent) {
  std::string out;
  Write(value, &indent, &out);
  return out;
}

void SortKeys(Value* root) {
  std::vector<Value*> work = {root};
  while (!work.empty()) {
    Value* value = work.back();
    work.pop_back();
    if (value->is_raw()) {
      if (absl::StatusOr<Value> parsed = ParseJson(value->as_string()); parsed.ok()) *value = *std::move(parsed);
    }
    if (value->is_array()) {
      for (Value& item : value->array()) work.push_back(&item);
    } else if (value->is_object()) {
      Object& members = value->object();
      std::sort(members.begin(), members.end(), [](const Member& a, const Member& b) { return a.key < b.key; });
      for (Member& member : members) work.push_back(&member.value);
    }
  }
}

absl::StatusOr<std::string> CompactJson(absl::string_view text) {
  if (std::string problem = json_text::Diagnose(text, 10000); !problem.empty()) {
    return absl::InvalidArgumentError(problem);
  }
  std::string out;
  out.reserve(text.size());
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (!in_string) {
      if (c == ' ' || c == '\n' || c == '\t' || c == '\r') continue;
      in_string = c == '"';
      out.push_back(c);
    } else if (c == '<' || c == '>' || c == '&') {
      AppendEscape(c, &out);
    } else if (c == '\\') {
      out.push_back(c);
      out.push_back(text[++i]);
    } else if (c == '\xe2' && i + 2 < text.size() && text[i + 1] == '\x80' && (text[i + 2] & '\xfe') == '\xa8') {
      out.append(text[i + 2] == '\xa8' ? "\\u2028" : "\\u2029");
      i += 2;
    } else {
      in_string = c != '"';
      out.push_back(c);
    }
  }
  return out;
}

void AppendRawJson(absl::string_view raw, std::string* out) {
  if (codec::IsCleanJson(raw)) {
    out->append(raw.data(), raw.size());
    return;
  }
  absl::StatusOr<std::string> compact = CompactJson(raw);
  out->append(compact.ok() ? *compact : "null");
}

}  // namespace apimachinery
