#include "kubectl/printers/gotemplate.h"

#include <algorithm>
#include <map>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "kubectl/cli/codec.h"

namespace kubectl {

struct GoTemplate::Node {
  enum Type { kList, kText, kAction, kRange, kIf, kWith };
  Type type = kList;
  std::string text;  // literal text, or the pipeline
  std::vector<std::unique_ptr<Node>> body, otherwise;
};

GoTemplate::GoTemplate() = default;
GoTemplate::~GoTemplate() = default;

namespace {

using Node = GoTemplate::Node;
using Body = std::vector<std::unique_ptr<Node>>;

absl::Status Fail(absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("template: output:1: ", why));
}

// Where the action that starts at `at` ends; quotes protect braces.
size_t EndOfAction(absl::string_view text, size_t at) {
  for (; at < text.size(); ++at) {
    if (text[at] == '"' || text[at] == '`') {
      const char quote = text[at++];
      while (at < text.size() && text[at] != quote) at += quote == '"' && text[at] == '\\' ? 2 : 1;
    } else if (absl::StartsWith(text.substr(at), "}}")) {
      return at;
    }
  }
  return absl::string_view::npos;
}

constexpr const char* kFunctions[] = {
    "printf", "print",        "println", "len", "index",    "eq",   "ne",
    "lt",     "le",           "gt",      "ge",  "and",      "or",   "not",
    "exists", "base64decode", "html",    "js",  "urlquery", "slice"};

// A word of a pipeline that stands for nothing but a function must be one.
absl::Status CheckFunctions(absl::string_view pipeline) {
  char quote = 0;
  for (size_t i = 0; i < pipeline.size(); ++i) {
    const char c = pipeline[i];
    if (quote != 0) {
      if (c == '\\' && quote == '"') ++i;
      if (c == quote) quote = 0;
      continue;
    }
    if (c == '"' || c == '`' || c == '\'') {
      quote = c;
      continue;
    }
    const bool starts = (absl::ascii_isalpha(c) || c == '_') &&
                        (i == 0 || absl::ascii_isspace(pipeline[i - 1]) || pipeline[i - 1] == '(' || pipeline[i - 1] == '|');
    if (!starts) continue;
    size_t end = i;
    while (end < pipeline.size() && (absl::ascii_isalnum(pipeline[end]) || pipeline[end] == '_')) ++end;
    const absl::string_view word = pipeline.substr(i, end - i);
    i = end - 1;
    if (word == "true" || word == "false" || word == "nil") continue;
    if (std::find(std::begin(kFunctions), std::end(kFunctions), word) == std::end(kFunctions))
      return Fail(absl::StrCat("function \"", word, "\" not defined"));
  }
  return absl::OkStatus();
}

absl::Status ParseBody(absl::string_view text, size_t* at, Body* body, std::string* stopped_by) {
  bool trim_next = false;
  while (*at < text.size()) {
    const size_t open = text.find("{{", *at);
    std::string literal(text.substr(*at, open == absl::string_view::npos ? open : open - *at));
    if (trim_next) literal = std::string(absl::StripLeadingAsciiWhitespace(literal));
    trim_next = false;
    const bool trim_left =
        open != absl::string_view::npos && absl::StartsWith(text.substr(open), "{{- ");
    if (trim_left) literal = std::string(absl::StripTrailingAsciiWhitespace(literal));
    if (!literal.empty()) {
      body->push_back(std::make_unique<Node>());
      body->back()->type = Node::kText;
      body->back()->text = literal;
    }
    if (open == absl::string_view::npos) {
      *at = text.size();
      break;
    }
    const size_t begin = open + (trim_left ? 3 : 2);
    const size_t close = EndOfAction(text, begin);
    if (close == absl::string_view::npos) return Fail("unclosed action");
    absl::string_view inside = text.substr(begin, close - begin);
    *at = close + 2;
    if (absl::EndsWith(inside, " -")) {
      inside.remove_suffix(2);
      trim_next = true;
      size_t next = *at;
      while (next < text.size() && absl::ascii_isspace(text[next])) ++next;
      *at = next;
      trim_next = false;
    }
    inside = absl::StripAsciiWhitespace(inside);
    if (absl::StartsWith(inside, "/*")) continue;
    const std::string word(inside.substr(0, inside.find_first_of(" \t\n")));
    const std::string rest(absl::StripAsciiWhitespace(inside.substr(word.size())));
    if (word == "end" || word == "else") {
      *stopped_by = std::string(inside);
      return absl::OkStatus();
    }
    auto node = std::make_unique<Node>();
    if (word == "range" || word == "if" || word == "with") {
      node->type = word == "range" ? Node::kRange : word == "if" ? Node::kIf : Node::kWith;
      node->text = rest;
      if (rest.empty()) return Fail(absl::StrCat("missing value for ", word));
      RETURN_IF_ERROR(CheckFunctions(rest));
      std::string stop;
      RETURN_IF_ERROR(ParseBody(text, at, &node->body, &stop));
      Node* owner = node.get();
      while (absl::StartsWith(stop, "else ")) {  // else if ...
        auto nested = std::make_unique<Node>();
        nested->type = absl::StartsWith(stop, "else with") ? Node::kWith : Node::kIf;
        nested->text = stop.substr(nested->type == Node::kWith ? 9 : 7);
        stop.clear();
        RETURN_IF_ERROR(ParseBody(text, at, &nested->body, &stop));
        Node* next = nested.get();
        owner->otherwise.push_back(std::move(nested));
        owner = next;
      }
      if (stop == "else") RETURN_IF_ERROR(ParseBody(text, at, &owner->otherwise, &stop));
      if (stop != "end") return Fail("unexpected EOF");
    } else {
      node->type = Node::kAction;
      node->text = std::string(inside);
      if (node->text.empty()) return Fail("missing value for command");
      RETURN_IF_ERROR(CheckFunctions(node->text));
    }
    body->push_back(std::move(node));
  }
  return absl::OkStatus();
}

std::vector<std::string> Words(absl::string_view text) {
  std::vector<std::string> words;
  for (size_t i = 0; i < text.size();) {
    if (absl::ascii_isspace(text[i])) {
      ++i;
    } else if (text[i] == '"' || text[i] == '`') {
      const char quote = text[i];
      size_t end = i + 1;
      while (end < text.size() && text[end] != quote)
        end += quote == '"' && text[end] == '\\' ? 2 : 1;
      words.emplace_back(text.substr(i, end + 1 - i));
      i = end + 1;
    } else if (text[i] == '(') {
      int depth = 0;
      size_t end = i;
      do {
        depth += text[end] == '(' ? 1 : text[end] == ')' ? -1 : 0;
        ++end;
      } while (end < text.size() && depth > 0);
      while (end < text.size() && !absl::ascii_isspace(text[end]) && text[end] != '|')
        ++end;  // (x).field
      words.emplace_back(text.substr(i, end - i));
      i = end;
    } else if (text[i] == '|' || text[i] == ',') {
      words.emplace_back(1, text[i++]);
    } else {
      size_t end = i;
      while (end < text.size() && !absl::ascii_isspace(text[end]) && text[end] != '|' &&
             text[end] != ',' && text[end] != ')')
        ++end;
      words.emplace_back(text.substr(i, std::max<size_t>(end - i, 1)));
      i += words.back().size();
    }
  }
  return words;
}

bool Truth(const Value& value) {
  switch (value.type()) {
    case Value::Type::kNull:
      return false;
    case Value::Type::kBool:
      return value.as_bool();
    case Value::Type::kInt:
      return value.as_int() != 0;
    case Value::Type::kDouble:
      return value.as_double() != 0;
    case Value::Type::kString:
      return !value.as_string().empty();
    default:
      return !value.empty();
  }
}

std::string Text(const Value& value) {
  if (value.is_null()) return "<no value>";
  if (value.is_string()) return value.as_string();
  if (value.is_array()) {
    return absl::StrCat("[",
                        absl::StrJoin(value.array(), " ",
                                      [](std::string* out, const Value& v) {
                                        out->append(v.is_null() ? "<nil>" : Text(v));
                                      }),
                        "]");
  }
  if (value.is_object()) {
    std::vector<std::string> parts;
    for (const auto& [key, member] : value.object())
      parts.push_back(absl::StrCat(key, ":", member.is_null() ? "<nil>" : Text(member)));
    std::sort(parts.begin(), parts.end());
    return absl::StrCat("map[", absl::StrJoin(parts, " "), "]");
  }
  return WriteJson(value);
}

class Run {
 public:
  Run(const Value& root, bool allow_missing) : allow_missing_(allow_missing) {
    variables_["$"] = root;
  }

  absl::Status Execute(const Body& body, const Value& dot, std::string* out) {
    for (const auto& node : body) {
      switch (node->type) {
        case Node::kText:
          *out += node->text;
          break;
        case Node::kAction: {
          std::string variable;
          ASSIGN_OR_RETURN(const Value value, Assign(node->text, dot, &variable));
          if (variable.empty()) *out += Text(value);
          break;
        }
        case Node::kRange:
          RETURN_IF_ERROR(Range(*node, dot, out));
          break;
        case Node::kIf:
        case Node::kWith: {
          std::string variable;
          ASSIGN_OR_RETURN(const Value value, Assign(node->text, dot, &variable));
          if (Truth(value))
            RETURN_IF_ERROR(Execute(node->body, node->type == Node::kWith ? value : dot, out));
          else
            RETURN_IF_ERROR(Execute(node->otherwise, dot, out));
          break;
        }
        default:
          break;
      }
    }
    return absl::OkStatus();
  }

 private:
  absl::StatusOr<Value> Assign(const std::string& text, const Value& dot, std::string* variable) {
    std::vector<std::string> words = Words(text);
    if (words.size() > 2 && words[0][0] == '$' && (words[1] == ":=" || words[1] == "=")) {
      *variable = words[0];
      words.erase(words.begin(), words.begin() + 2);
      ASSIGN_OR_RETURN(const Value value, Pipeline(words, dot));
      variables_[*variable] = value;
      return value;
    }
    return Pipeline(words, dot);
  }

  absl::Status Range(const Node& node, const Value& dot, std::string* out) {
    std::vector<std::string> words = Words(node.text);
    std::vector<std::string> names;
    const auto define = std::find(words.begin(), words.end(), ":=");
    if (define != words.end()) {
      for (auto it = words.begin(); it != define; ++it) {
        if (*it != ",") names.push_back(*it);
      }
      words.erase(words.begin(), define + 1);
    }
    ASSIGN_OR_RETURN(const Value value, Pipeline(words, dot));
    if (!Truth(value)) return Execute(node.otherwise, dot, out);
    const auto item = [&](const Value& key, const Value& element) {
      if (names.size() == 1) variables_[names[0]] = element;
      if (names.size() == 2) variables_[names[0]] = key, variables_[names[1]] = element;
      return Execute(node.body, element, out);
    };
    if (value.is_array()) {
      int64_t i = 0;
      for (const Value& element : value.array()) RETURN_IF_ERROR(item(Value(i++), element));
    } else if (value.is_object()) {
      Object members = value.object();
      std::sort(members.begin(), members.end(),
                [](const Member& a, const Member& b) { return a.key < b.key; });
      for (const Member& member : members) RETURN_IF_ERROR(item(Value(member.key), member.value));
    } else {
      return Fail(absl::StrCat("range can't iterate over ", Text(value)));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<Value> Pipeline(const std::vector<std::string>& words, const Value& dot) {
    Value result;
    bool have = false;
    size_t begin = 0;
    while (begin <= words.size()) {
      const size_t end = std::find(words.begin() + begin, words.end(), "|") - words.begin();
      std::vector<std::string> command(words.begin() + begin, words.begin() + end);
      if (command.empty()) return Fail("missing value for command");
      ASSIGN_OR_RETURN(result, Call(command, dot, have ? &result : nullptr));
      have = true;
      begin = end + 1;
    }
    return result;
  }

  absl::StatusOr<Value> Path(Value value, absl::string_view path) {
    while (!path.empty()) {
      path.remove_prefix(1);
      const absl::string_view name = path.substr(0, path.find('.'));
      path.remove_prefix(name.size());
      if (name.empty()) continue;
      const Value* member = value.Find(name);
      if (member == nullptr) {
        if (!allow_missing_) return Fail(absl::StrCat("map has no entry for key \"", name, "\""));
        return Value();
      }
      Value next = *member;
      value = std::move(next);
    }
    return value;
  }

  absl::StatusOr<Value> Operand(const std::string& word, const Value& dot) {
    if (word == ".") return dot;
    if (word[0] == '.') return Path(dot, word);
    if (word[0] == '$') {
      const size_t period = word.find('.');
      const auto it = variables_.find(word.substr(0, period));
      if (it == variables_.end()) return Fail(absl::StrCat("undefined variable \"", word, "\""));
      return period == std::string::npos ? it->second : Path(it->second, word.substr(period));
    }
    if (word[0] == '"') {
      std::string out;
      if (word.size() < 2 ||
          !absl::CUnescape(absl::string_view(word).substr(1, word.size() - 2), &out))
        return Fail("unterminated quoted string");
      return Value(out);
    }
    if (word[0] == '`') return Value(word.substr(1, word.size() - 2));
    if (word[0] == '(') {
      const size_t close = word.rfind(')');
      ASSIGN_OR_RETURN(Value value,
                       Pipeline(Words(absl::string_view(word).substr(1, close - 1)), dot));
      return close + 1 < word.size() ? Path(std::move(value), word.substr(close + 1)) : value;
    }
    if (word == "true" || word == "false") return Value(word == "true");
    if (word == "nil") return Value();
    int64_t whole = 0;
    double real = 0;
    if (absl::SimpleAtoi(word, &whole)) return Value(whole);
    if (absl::SimpleAtod(word, &real)) return Value(real);
    return Fail(absl::StrCat("function \"", word, "\" not defined"));
  }

  absl::StatusOr<Value> Call(const std::vector<std::string>& command, const Value& dot,
                             const Value* piped) {
    const std::string& name = command[0];
    if (std::find(std::begin(kFunctions), std::end(kFunctions), name) == std::end(kFunctions)) {
      return Operand(name, dot);
    }
    std::vector<Value> args;
    for (size_t i = 1; i < command.size(); ++i) {
      ASSIGN_OR_RETURN(Value arg, Operand(command[i], dot));
      args.push_back(std::move(arg));
    }
    if (piped != nullptr) args.push_back(*piped);
    if (name == "print")
      return Value(
          absl::StrJoin(args, "", [](std::string* o, const Value& v) { o->append(Text(v)); }));
    if (name == "println")
      return Value(absl::StrCat(
          absl::StrJoin(args, " ", [](std::string* o, const Value& v) { o->append(Text(v)); }),
          "\n"));
    if (args.empty()) return Fail(absl::StrCat("wrong number of args for ", name));
    if (name == "printf") return Value(Printf(args));
    if (name == "len")
      return Value(
          static_cast<int64_t>(args[0].is_string() ? args[0].as_string().size() : args[0].size()));
    if (name == "not") return Value(!Truth(args[0]));
    if (name == "and" || name == "or") {
      for (const Value& arg : args) {
        if (Truth(arg) == (name == "or")) return arg;
      }
      return args.back();
    }
    if (name == "index" || name == "exists") {
      const Value* at = &args[0];
      for (size_t i = 1; i < args.size() && at != nullptr; ++i) {
        if (at->is_array() && args[i].is_int()) {
          const int64_t n = args[i].as_int();
          if (n < 0 || n >= static_cast<int64_t>(at->size())) {
            if (name == "exists") return Value(false);
            return Fail(absl::StrCat("error calling index: reflect: slice index out of range"));
          }
          at = &at->array()[n];
        } else {
          at = args[i].is_string() ? at->Find(args[i].as_string()) : nullptr;
        }
      }
      if (name == "exists") return Value(at != nullptr);
      return at == nullptr ? Value() : *at;
    }
    if (name == "base64decode") {
      std::string out;
      if (!absl::Base64Unescape(Text(args[0]), &out))
        return Fail("error calling base64decode: illegal base64 data");
      return Value(out);
    }
    if (args.size() < 2) return Fail(absl::StrCat("wrong number of args for ", name));
    if (name == "eq") {
      for (size_t i = 1; i < args.size(); ++i) {
        if (args[0] == args[i]) return Value(true);
      }
      return Value(false);
    }
    if (name == "ne") return Value(!(args[0] == args[1]));
    int order = 0;
    if (args[0].is_number() && args[1].is_number())
      order = args[0].as_double() < args[1].as_double() ? -1
                                                        : args[0].as_double() > args[1].as_double();
    else
      order = Text(args[0]).compare(Text(args[1]));
    if (name == "lt") return Value(order < 0);
    if (name == "le") return Value(order <= 0);
    if (name == "gt") return Value(order > 0);
    return Value(order >= 0);
  }

  static std::string Printf(const std::vector<Value>& args) {
    const std::string format = Text(args[0]);
    std::string out;
    size_t next = 1;
    for (size_t i = 0; i < format.size(); ++i) {
      if (format[i] != '%' || i + 1 >= format.size()) {
        out += format[i];
        continue;
      }
      size_t end = i + 1;
      while (end < format.size() && strchr("-+ 0123456789.", format[end]) != nullptr) ++end;
      const char verb = end < format.size() ? format[end] : '%';
      const std::string flags = format.substr(i + 1, end - i - 1);
      i = end;
      if (verb == '%') {
        out += '%';
        continue;
      }
      if (next >= args.size()) {
        absl::StrAppend(&out, "%!", std::string(1, verb), "(MISSING)");
        continue;
      }
      const Value& arg = args[next++];
      std::string text =
          verb == 'q' ? absl::StrCat("\"", absl::CEscape(Text(arg)), "\"") : Text(arg);
      int width = 0;
      const bool left = !flags.empty() && flags[0] == '-';
      if (absl::SimpleAtoi(left ? flags.substr(1) : flags, &width)) {
        const std::string pad(std::max<int>(0, width - static_cast<int>(text.size())), ' ');
        text = left ? text + pad : pad + text;
      }
      out += text;
    }
    return out;
  }

  const bool allow_missing_;
  std::map<std::string, Value> variables_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<GoTemplate>> GoTemplate::Parse(absl::string_view text) {
  auto result = std::unique_ptr<GoTemplate>(new GoTemplate());
  result->root_ = std::make_unique<Node>();
  size_t at = 0;
  std::string stopped_by;
  RETURN_IF_ERROR(ParseBody(text, &at, &result->root_->body, &stopped_by));
  if (!stopped_by.empty()) return Fail(absl::StrCat("unexpected {{", stopped_by, "}}"));
  return result;
}

absl::StatusOr<std::string> GoTemplate::Execute(const Value& data, bool allow_missing) const {
  std::string out;
  Run run(data, allow_missing);
  RETURN_IF_ERROR(run.Execute(root_->body, data, &out));
  return out;
}

}  // namespace kubectl
