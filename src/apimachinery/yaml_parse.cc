#include <yaml.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "apimachinery/go_quote.h"
#include "apimachinery/json.h"
#include "apimachinery/yaml.h"
#include "apimachinery/yaml_core.h"
#include "apimachinery/yaml_scalar.h"

namespace apimachinery {
namespace {

constexpr int kMaxAliasNodes = 200000;  // what a few aliases may blow a small file up to
constexpr size_t kMaxDepth = 10000;
constexpr char kConverting[] = "error converting YAML to JSON: ";
constexpr char kPrefix[] = "error converting YAML to JSON: yaml: ";

int64_t CountNodes(const Value& value) {
  int64_t count = 1;
  std::vector<const Value*> open = {&value};
  while (!open.empty()) {
    const Value* at = open.back();
    open.pop_back();
    count += static_cast<int64_t>(at->size());
    if (at->is_array()) {
      for (const Value& item : at->array()) open.push_back(&item);
    } else if (at->is_object()) {
      for (const Member& member : at->object()) open.push_back(&member.value);
    }
  }
  return count;
}

// The library's parser of one text, and its current event. Not thread-safe; `text` outlives it.
class Events {
 public:
  explicit Events(absl::string_view text) {
    yaml_parser_initialize(&parser_);
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  }
  ~Events() {
    if (have_) yaml_event_delete(&event_);
    yaml_parser_delete(&parser_);
  }
  Events(const Events&) = delete;
  Events& operator=(const Events&) = delete;

  // The next event; nullptr when the text is malformed.
  const yaml_event_t* Next() {
    if (have_) yaml_event_delete(&event_);
    have_ = yaml_parser_parse(&parser_, &event_) != 0;
    return have_ ? &event_ : nullptr;
  }

  // What is wrong, with upstream's notion of the line: none for the first, and only scanners count from one.
  absl::Status Problem() const {
    const bool scanning = parser_.error == YAML_SCANNER_ERROR;
    size_t line = parser_.problem_mark.line;
    if (line != 0) {
      line += scanning ? 1 : 0;
    } else {
      line = parser_.context_mark.line;
    }
    const char* problem = parser_.problem != nullptr ? parser_.problem : "unknown problem parsing YAML content";
    return absl::InvalidArgumentError(line != 0 ? absl::StrCat(kPrefix, "line ", line, ": ", problem) : absl::StrCat(kPrefix, problem));
  }

 private:
  yaml_parser_t parser_;
  yaml_event_t event_;
  bool have_ = false;
};

absl::string_view TextOf(const unsigned char* text) {
  return text == nullptr ? absl::string_view() : absl::string_view(reinterpret_cast<const char*>(text));
}

// Go's %#v of what YAML reads as.
std::string GoSyntax(const Value& value) {
  if (value.is_null()) return "interface {}(nil)";
  if (value.is_string()) return GoQuote(value.as_string());
  if (!value.is_array() && !value.is_object()) return WriteJson(value);
  std::string out = value.is_array() ? "[]interface {}{" : "map[interface {}]interface {}{";
  if (value.is_array()) {
    for (size_t i = 0; i < value.size(); ++i) absl::StrAppend(&out, i > 0 ? ", " : "", GoSyntax(value.array()[i]));
  } else {
    for (size_t i = 0; i < value.size(); ++i) {
      const Member& member = value.object()[i];
      absl::StrAppend(&out, i > 0 ? ", " : "", GoQuote(member.key), ":", GoSyntax(member.value));
    }
  }
  return absl::StrCat(out, "}");
}

// Finds the escapes that the library knows and upstream does not: a slash in double quotes.
class UnknownEscapes {
 public:
  explicit UnknownEscapes(absl::string_view text) : text_(absl::StrContains(text, "\\/") ? text : absl::string_view()) {}

  // The line of one in a double quoted scalar between two marks, counted from one; 0: there is none. REQUIRES: scalars in order
  size_t LineIn(const yaml_mark_t& start, const yaml_mark_t& end) {
    if (text_.empty()) return 0;
    const size_t from = Advance(start.index), to = Advance(end.index);
    size_t line = start.line + 1;
    for (size_t i = from; i < to; ++i) {
      line += text_[i] == '\n' ? 1 : 0;
      if (text_[i] == '\\' && text_[++i] == '/') return line;
    }
    return 0;
  }

 private:
  size_t Advance(size_t character) {  // marks count characters
    for (; character_ < character && byte_ < text_.size(); ++character_) {
      for (++byte_; byte_ < text_.size() && (text_[byte_] & 0xC0) == 0x80;) ++byte_;
    }
    return byte_;
  }

  absl::string_view text_;
  size_t character_ = 0, byte_ = 0;
};

// Builds the tree from the parser's events.
class Builder {
 public:
  // `core`: only true and false are booleans.
  Builder(absl::string_view text, std::vector<std::string>* duplicates, bool core)
      : duplicates_(duplicates), core_(core), unknown_escapes_(text) {}

  // False: status() says why, or there is no more.
  bool Take(const yaml_event_t& event) {
    const size_t line = event.start_mark.line + 1;
    switch (event.type) {
      case YAML_ALIAS_EVENT: Alias(line, std::string(TextOf(event.data.alias.anchor))); break;
      case YAML_SCALAR_EVENT: Scalar(line, event); break;
      case YAML_SEQUENCE_START_EVENT: Start(Value::MakeArray(), line, TextOf(event.data.sequence_start.anchor)); break;
      case YAML_MAPPING_START_EVENT: Start(Value::MakeObject(), line, TextOf(event.data.mapping_start.anchor)); break;
      case YAML_SEQUENCE_END_EVENT:
      case YAML_MAPPING_END_EVENT: Close(); break;
      case YAML_DOCUMENT_END_EVENT:
      case YAML_STREAM_END_EVENT: return false;
      default: break;
    }
    return status_.ok();
  }

  absl::Status status() const { return status_; }
  Value TakeRoot() { return std::move(root_); }

 private:
  struct Open {
    Value value;
    std::string key = {};
    std::string key_text = {};  // as a complaint shows it
    bool has_key = false;
    bool merge = false;  // the key is a plain <<
    bool null_key = false;
    bool merged = false;  // once at least
    std::string anchor = {};
    size_t line = 0;
    absl::flat_hash_set<std::string> keys = {};
  };

  void Fail(absl::string_view why) {
    if (status_.ok()) status_ = absl::InvalidArgumentError(absl::StrCat(kPrefix, why));
  }

  void FailConverting(absl::string_view why) {
    if (status_.ok()) status_ = absl::InvalidArgumentError(absl::StrCat(kConverting, why));
  }

  bool AtKey() const { return !open_.empty() && open_.back().value.is_object() && !open_.back().has_key; }

  void Alias(size_t line, const std::string& anchor) {
    for (const Open& open : open_) {
      if (open.anchor == anchor) return Fail(absl::StrCat("anchor '", anchor, "' value contains itself"));
    }
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) return Fail(absl::StrCat("unknown anchor '", anchor, "' referenced"));
    alias_nodes_ += CountNodes(found->second);
    if (alias_nodes_ > kMaxAliasNodes) return Fail("document contains excessive aliasing");
    Put(line, found->second, "", false);
  }

  void Scalar(size_t line, const yaml_event_t& event) {
    const auto& scalar = event.data.scalar;
    if (scalar.style == YAML_DOUBLE_QUOTED_SCALAR_STYLE) {
      if (const size_t at = unknown_escapes_.LineIn(event.start_mark, event.end_mark); at > 0) {
        return Fail(absl::StrCat(at > 1 ? absl::StrCat("line ", at, ": ") : "", "found unknown escape character"));
      }
    }
    const absl::string_view text(reinterpret_cast<const char*>(scalar.value), scalar.length);
    absl::string_view tag = TextOf(scalar.tag);
    const bool ours = absl::ConsumePrefix(&tag, "tag:yaml.org,2002:");
    const bool plain = scalar.tag == nullptr && scalar.plain_implicit != 0;
    Value value(text);
    if (plain || (ours && (tag == "int" || tag == "float" || tag == "bool" || tag == "null"))) {
      value = ResolvePlainScalar(text);
      if (core_ && value.is_bool() && !absl::EqualsIgnoreCase(text, "true") && !absl::EqualsIgnoreCase(text, "false")) value = text;
      const absl::string_view read = value.is_int() ? "int" : value.is_double() ? "float" : value.is_bool() ? "bool" : value.is_null() ? "null" : "str";
      if (!plain && read != tag && !(tag == "float" && read == "int")) {
        return Fail(absl::StrCat("cannot decode !!", read, " `", text, "` as a !!", tag));
      }
      if (const absl::string_view infinite = Infinite(text); !infinite.empty()) {
        if (!AtKey()) return FailConverting(absl::StrCat("json: unsupported value: ", infinite));
        value = infinite == "NaN" ? ".nan" : infinite == "+Inf" ? ".inf" : "-.inf";
      }
    } else if (ours && tag == "binary") {
      std::string bytes;
      if (!absl::Base64Unescape(text, &bytes)) return Fail("!!binary value contains invalid base64 data");
      value = std::move(bytes);
    }
    Put(line, std::move(value), TextOf(scalar.anchor), plain && text == "<<");
  }

  void Start(Value empty, size_t line, absl::string_view anchor) {
    if (open_.size() >= kMaxDepth) return Fail("exceeded max depth of 10000");
    open_.push_back({std::move(empty)});
    open_.back().line = line;
    open_.back().anchor = std::string(anchor);
  }

  static absl::string_view Infinite(absl::string_view text) {
    if (text == ".inf" || text == ".Inf" || text == ".INF" || text == "+.inf" || text == "+.Inf" || text == "+.INF") return "+Inf";
    if (text == "-.inf" || text == "-.Inf" || text == "-.INF") return "-Inf";
    return text == ".nan" || text == ".NaN" || text == ".NAN" ? "NaN" : "";
  }

  void Close() {
    Open done = std::move(open_.back());
    open_.pop_back();
    Put(done.line, std::move(done.value), done.anchor, false);
  }

  // `merges`: a plain <<, which as a key stands for the members of its value.
  void Put(size_t line, Value value, absl::string_view anchor, bool merges) {
    if (!status_.ok()) return;
    if (!anchor.empty()) anchors_[anchor] = value;
    if (open_.empty()) {
      root_ = std::move(value);
      return;
    }
    Open& top = open_.back();
    if (top.value.is_array()) {
      top.value.Append(std::move(value));
    } else if (!top.has_key) {
      if (value.is_array() || value.is_object()) return Fail(absl::StrCat("invalid map key: ", GoSyntax(value)));
      top.has_key = true;
      top.merge = merges;
      top.null_key = value.is_null();
      top.key = value.is_string() ? value.as_string() : WriteJson(value);
      top.key_text = GoSyntax(value);
    } else {
      top.has_key = false;
      if (top.merge) return Merge(line, top, value);
      if (top.null_key) {
        return FailConverting(absl::StrCat("unsupported map key of type: %!s(<nil>), key: <nil>, value: ",
                                           value.is_null() ? "<nil>" : GoSyntax(value)));
      }
      Set(line, top, std::move(value));
    }
  }

  // The last of several wins. What a merge brought may be written anew, but is told as well.
  void Set(size_t line, Open& top, Value value) {
    const bool written = !top.keys.insert(top.key).second;
    if (!written && (!top.merged || !top.value.Has(top.key))) {
      top.value.object().push_back(Member{std::move(top.key), std::move(value)});
      return;
    }
    if (!Repeated(line, top.key_text, written)) return;
    top.value.Set(top.key, std::move(value));
  }

  bool Repeated(size_t line, absl::string_view key, bool written) {
    const std::string problem = absl::StrCat("line ", line, ": key ", key, " already set in map");
    if (duplicates_ != nullptr) {
      duplicates_->push_back(problem);
    } else if (written) {
      Fail(problem);
    }
    return status_.ok();
  }

  // As if the members stood here.
  void Merge(size_t line, Open& top, const Value& from) {
    top.merged = true;
    if (from.is_array()) {
      for (auto one = from.array().rbegin(); one != from.array().rend(); ++one) {  // the first wins
        if (!one->is_object()) return Fail("map merge requires map or sequence of maps as the value");
        Merge(line, top, *one);
      }
    } else if (from.is_object()) {
      for (const Member& member : from.object()) {
        if (top.value.Has(member.key)) Repeated(line, GoQuote(member.key), false);
        top.value.Set(member.key, member.value);
      }
    } else {
      Fail("map merge requires map or sequence of maps as the value");
    }
  }

  std::vector<std::string>* const duplicates_;
  const bool core_;
  UnknownEscapes unknown_escapes_;
  std::vector<Open> open_;
  absl::flat_hash_map<std::string, Value> anchors_;
  int64_t alias_nodes_ = 0;
  Value root_;
  absl::Status status_;
};

// The library looks at every open bracket again for each token, so their number is bounded before it starts. Brackets count
// wherever they stand, which at worst refuses a text that no one writes.
bool NestsTooDeep(absl::string_view text) {
  constexpr size_t kMost = 1000;
  size_t flow = 0, line_start = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if ((c == '[' || c == '{') && ++flow > kMost) return true;
    if ((c == ']' || c == '}') && flow > 0) --flow;
    if (c != '\n' && i + 1 < text.size()) continue;
    size_t at = line_start, marks = 0;  // "- - - ? x" and deep indentation
    for (; at < i && (text[at] == ' ' || text[at] == '-' || text[at] == '?' || text[at] == ':'); ++at) {
      marks += text[at] != ' ' && at + 1 < text.size() && (text[at + 1] == ' ' || text[at + 1] == '\n');
    }
    if (marks > kMost || at - line_start > 2 * kMost) return true;
    line_start = i + 1;
  }
  return false;
}

absl::StatusOr<Value> Parse(absl::string_view text, std::vector<std::string>* duplicates, bool core) {
  if (NestsTooDeep(text)) return absl::InvalidArgumentError(absl::StrCat(kPrefix, "exceeded max depth of 10000"));
  Events events(text);
  Builder builder(text, duplicates, core);
  for (;;) {
    const yaml_event_t* event = events.Next();
    if (event == nullptr) return events.Problem();
    if (!builder.Take(*event)) break;
  }
  if (!builder.status().ok()) return builder.status();
  return builder.TakeRoot();
}

}  // namespace

absl::StatusOr<Value> ParseYaml(absl::string_view text, std::vector<std::string>* duplicates) {
  return Parse(text, duplicates, false);
}

absl::StatusOr<Value> ParseCoreYaml(absl::string_view text) { return Parse(text, nullptr, true); }

std::vector<absl::string_view> SplitYamlDocuments(absl::string_view text) {
  std::vector<absl::string_view> out;
  size_t from = 0, line = 0;
  while (line < text.size()) {
    size_t end = text.find('\n', line);
    if (end == absl::string_view::npos) end = text.size();
    if (absl::StartsWith(text.substr(line), "---")) {
      if (line > 0) out.push_back(text.substr(from, line - from));
      from = std::min(end + 1, text.size());
      // "--- {a: b}" and "--- # words" carry content on the marker's own line.
      const absl::string_view rest = absl::StripAsciiWhitespace(text.substr(line + 3, end - line - 3));
      if (!rest.empty() && rest[0] != '#' && rest[0] != '-') from = line + 3;
    }
    line = end + 1;
  }
  out.push_back(text.substr(from));
  return out;
}

namespace {

// JSON is read as the YAML that it is.
void WholeFloatsToInts(Value* root) {
  std::vector<Value*> work = {root};
  while (!work.empty()) {
    Value* value = work.back();
    work.pop_back();
    if (value->is_double()) {
      *value = FloatByWayOfJson(value->as_double());
    } else if (value->is_array()) {
      for (Value& item : value->array()) work.push_back(&item);
    } else if (value->is_object()) {
      for (Member& member : value->object()) work.push_back(&member.value);
    }
  }
}

}  // namespace

namespace {

// Whether a text that is JSON means the same when it is read as YAML: no escapes, characters or repeated keys that only one
// of them knows.
bool ReadsAlikeAsYaml(absl::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\t' || text[i] == 0x7f) return false;
    if (text[i] != '\\') continue;
    const char escaped = i + 1 < text.size() ? text[++i] : '/';
    if (escaped == '/' || escaped == 'u') return false;
  }
  return true;
}

}  // namespace

absl::StatusOr<Value> ParseYamlFast(absl::string_view text, std::vector<std::string>* duplicates) {
  if (absl::StartsWith(text, "{") && ReadsAlikeAsYaml(text)) {
    ParseOptions options;
    std::vector<std::string> repeated;
    options.duplicates = &repeated;
    absl::StatusOr<Value> json = ParseJson(text, options);
    if (json.ok() && repeated.empty()) {
      WholeFloatsToInts(&*json);
      return json;
    }
  }
  return ParseYaml(text, duplicates);
}

absl::StatusOr<Value> ParseYamlOrJson(absl::string_view text) {
  const absl::string_view start = absl::StripLeadingAsciiWhitespace(text);
  if (absl::StartsWith(start, "{")) {
    absl::StatusOr<Value> json = ParseJson(text);
    if (json.ok()) {
      WholeFloatsToInts(&*json);
      return json;
    }
    // A flow mapping of YAML starts the same way; the JSON complaint is the better one when both fail.
    absl::StatusOr<Value> yaml = ParseYaml(text);
    return yaml.ok() ? yaml : json;
  }
  return ParseYaml(text);
}

}  // namespace apimachinery
