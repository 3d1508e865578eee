#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <sstream>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "apimachinery/json.h"
#include "apimachinery/yaml.h"
#include "apimachinery/yaml_core.h"
#include "apimachinery/yaml_scalar.h"

namespace apimachinery {
namespace {

constexpr int kMaxAliasNodes = 200000;  // what a few aliases may blow a small file up to
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

// Builds the tree from the parser's events.
class Builder final : public YAML::EventHandler {
 public:
  // `core`: only true and false are booleans.
  Builder(std::vector<std::string>* duplicates, bool core) : duplicates_(duplicates), core_(core) {}
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { Put(mark, Value(), anchor, true); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) return Fail(mark, "unknown anchor referenced");
    alias_nodes_ += CountNodes(found->second);
    if (alias_nodes_ > kMaxAliasNodes) return Fail(mark, "document contains excessive aliasing");
    Put(mark, found->second, 0, false);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, const std::string& text) override {
    const bool plain = tag == "?" || tag.empty();
    if (tag == "tag:yaml.org,2002:int" || tag == "tag:yaml.org,2002:float" || tag == "tag:yaml.org,2002:bool" ||
        tag == "tag:yaml.org,2002:null") {
      return Put(mark, ResolvePlainScalar(text), anchor, true);
    }
    if (plain && IsInfinite(text)) return Fail(mark, "infinities and NaN have no JSON form");
    Value value = plain ? ResolvePlainScalar(text) : Value(text);
    if (core_ && value.is_bool() && !absl::EqualsIgnoreCase(text, "true") && !absl::EqualsIgnoreCase(text, "false")) value = text;
    Put(mark, std::move(value), anchor, plain, text);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    open_.push_back({Value::MakeArray(), "", false, false, anchor, mark});
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    open_.push_back({Value::MakeObject(), "", false, false, anchor, mark});
  }
  void OnMapEnd() override { Close(); }

  absl::Status status() const { return status_; }
  Value Take() { return std::move(root_); }

 private:
  struct Open {
    Value value;
    std::string key;
    bool has_key;
    bool merge;  // the key is a plain <<
    YAML::anchor_t anchor;
    YAML::Mark mark;
    bool merged = false;
    absl::flat_hash_set<std::string> keys = {};  // those that were written out, not merged
  };

  static bool IsInfinite(const std::string& text) {
    const std::string lower = absl::AsciiStrToLower(text);
    return lower == ".inf" || lower == "+.inf" || lower == "-.inf" || lower == ".nan";
  }

  void Fail(const YAML::Mark& mark, absl::string_view why) {
    if (status_.ok()) status_ = absl::InvalidArgumentError(absl::StrCat(kPrefix, "line ", mark.line + 1, ": ", why));
  }

  void Close() {
    Open done = std::move(open_.back());
    open_.pop_back();
    Put(done.mark, std::move(done.value), done.anchor, false);
  }

  void Put(const YAML::Mark& mark, Value value, YAML::anchor_t anchor, bool plain, absl::string_view text = "") {
    if (!status_.ok()) return;
    if (anchor != 0) anchors_[anchor] = value;
    if (open_.empty()) {
      root_ = std::move(value);
      return;
    }
    Open& top = open_.back();
    if (top.value.is_array()) {
      top.value.Append(std::move(value));
    } else if (!top.has_key) {
      if (value.is_array() || value.is_object()) return Fail(mark, "invalid map key");
      top.has_key = true;
      top.merge = plain && text == "<<";
      top.key = value.is_string() ? value.as_string() : value.is_null() ? "null" : WriteJson(value);
    } else {
      top.has_key = false;
      if (top.merge) {
        top.merged = true;
        return Merge(mark, top.value, value);
      }
      const bool again = !top.keys.insert(top.key).second;
      if (again) {
        const std::string problem = absl::StrCat("key \"", top.key, "\" already set in map");
        if (duplicates_ == nullptr) return Fail(mark, problem);
        duplicates_->push_back(absl::StrCat("line ", mark.line + 1, ": ", problem));
      }
      if (top.merged || again) {
        top.value.Set(top.key, std::move(value));
      } else {
        top.value.object().push_back(Member{std::move(top.key), std::move(value)});
      }
    }
  }

  // Keys that are already there win (merge key language-independent type, 1.1).
  void Merge(const YAML::Mark& mark, Value& into, const Value& from) {
    if (from.is_array()) {
      for (const Value& one : from.array()) Merge(mark, into, one);
    } else if (from.is_object()) {
      for (const Member& member : from.object()) {
        if (!into.Has(member.key)) into.Set(member.key, member.value);
      }
    } else {
      Fail(mark, "map merge requires map or sequence of maps as the value");
    }
  }

  std::vector<std::string>* const duplicates_;
  const bool core_;
  std::vector<Open> open_;
  absl::flat_hash_map<YAML::anchor_t, Value> anchors_;
  int64_t alias_nodes_ = 0;
  Value root_;
  absl::Status status_;
};

// The library's complaint in upstream's words, where they have a common meaning.
absl::string_view Reword(absl::string_view message) {
  if (absl::StrContains(message, "illegal map value")) return "mapping values are not allowed in this context";
  if (absl::StrContains(message, "end of map not found")) return "did not find expected key";
  if (absl::StrContains(message, "end of map flow not found")) return "did not find expected ',' or '}'";
  if (absl::StrContains(message, "end of sequence flow not found")) return "did not find expected ',' or ']'";
  if (absl::StrContains(message, "end of sequence not found")) return "did not find expected '-' indicator";
  if (absl::StrContains(message, "illegal tab")) return "found a tab character that violates indentation";
  if (absl::StrContains(message, "unknown token")) return "found character that cannot start any token";
  if (absl::StrContains(message, "illegal EOF in scalar")) return "found unexpected end of stream";
  return message;
}

// The library recurses with the nesting of the text, so that is bounded before it starts. Brackets count wherever they
// stand, which at worst refuses a text that no one writes.
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

}  // namespace

namespace {

absl::StatusOr<Value> Parse(absl::string_view text, std::vector<std::string>* duplicates, bool core) {
  if (NestsTooDeep(text)) return absl::InvalidArgumentError(absl::StrCat(kPrefix, "exceeded max depth of 10000"));
  std::istringstream stream{std::string(text)};
  Builder builder(duplicates, core);
  try {
    YAML::Parser parser(stream);
    parser.HandleNextDocument(builder);
  } catch (const YAML::Exception& error) {
    return absl::InvalidArgumentError(absl::StrCat(kPrefix, "line ", error.mark.line + 1, ": ", Reword(error.msg)));
  }
  if (!builder.status().ok()) return builder.status();
  return builder.Take();
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
