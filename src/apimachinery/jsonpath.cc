#include "apimachinery/jsonpath.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "apimachinery/go_quote.h"
#include "apimachinery/json.h"
#include "base/status_macros.h"

namespace apimachinery {

struct JsonPath::Node {
  enum Type {
    kText,
    kField,
    kSlice,
    kWildcard,
    kRecursive,
    kFilter,
    kUnion,
    kRange,
    kEnd,
    kList,
    kLiteral
  };
  Type type = kText;
  std::string text;                                   // kText, kField: the name
  std::vector<std::shared_ptr<const Node>> children;  // kList
  std::vector<std::vector<std::shared_ptr<const Node>>>
      parts;                            // kUnion: alternatives; kFilter: left and right
  std::string op;                       // kFilter
  bool has[3] = {false, false, false};  // kSlice
  int64_t at[3] = {0, 0, 1};
  bool single = false;  // kSlice: one index
  Value literal;        // kLiteral
};

namespace {

using Node = JsonPath::Node;
using NodePtr = std::shared_ptr<const Node>;
using Nodes = std::vector<NodePtr>;
using Pointers = std::vector<const Value*>;

class Parser {
 public:
  explicit Parser(absl::string_view text) : text_(text) {}

  absl::StatusOr<Nodes> Template() {
    Nodes nodes;
    while (at_ < text_.size()) {
      const size_t open = text_.find('{', at_);
      const size_t end = open == absl::string_view::npos ? text_.size() : open;
      if (end > at_) {
        auto node = std::make_shared<Node>();
        node->text = std::string(text_.substr(at_, end - at_));
        nodes.push_back(node);
      }
      at_ = end;
      if (at_ == text_.size()) break;
      ++at_;
      auto list = std::make_shared<Node>();
      list->type = Node::kList;
      ASSIGN_OR_RETURN(list->children, Action());
      nodes.push_back(list);
    }
    return nodes;
  }

  // Everything up to the end of the text: the inside of a filter or union.
  absl::StatusOr<Nodes> Whole() {
    Nodes nodes;
    while (at_ < text_.size()) RETURN_IF_ERROR(Step(&nodes));
    return nodes;
  }

 private:
  static absl::Status Fail(absl::string_view why) { return absl::InvalidArgumentError(why); }
  static bool EndsName(char c) {
    return isspace(static_cast<unsigned char>(c)) || strchr(".,[]$@{}\"'()=<>!|&", c) != nullptr;
  }

  absl::StatusOr<Nodes> Action() {
    Nodes nodes;
    for (;;) {
      if (at_ >= text_.size()) return Fail("unclosed action");
      if (text_[at_] == '}') {
        ++at_;
        return nodes;
      }
      RETURN_IF_ERROR(Step(&nodes));
    }
  }

  absl::Status Step(Nodes* nodes) {
    const char c = text_[at_];
    if (isspace(static_cast<unsigned char>(c)) || c == '$' || c == '@') {
      if ((c == '$' || c == '@') && at_ + 1 < text_.size() && text_[at_ + 1] == '$')
        return Fail("unrecognized character in action: U+0024 '$'");
      ++at_;
      return absl::OkStatus();
    }
    if (c == '.') return Field(nodes);
    if (c == '[') return Bracket(nodes);
    if (c == '"' || c == '\'') return Quote(nodes);
    if (isdigit(static_cast<unsigned char>(c)) || c == '-' || c == '+') return Number(nodes);
    if (isalpha(static_cast<unsigned char>(c)) || c == '_') return Identifier(nodes);
    return Fail(absl::StrCat("unrecognized character in action: ", absl::StrFormat("U+%04X", c),
                             " '", std::string(1, c), "'"));
  }

  absl::Status Field(Nodes* nodes) {
    ++at_;
    if (at_ < text_.size() && text_[at_] == '.') {
      ++at_;
      auto node = std::make_shared<Node>();
      node->type = Node::kRecursive;
      nodes->push_back(node);
      if (at_ < text_.size() && text_[at_] == '.') return Fail("unexpected '.'");
      if (at_ < text_.size() && (isalnum(static_cast<unsigned char>(text_[at_])) ||
                                 text_[at_] == '*' || text_[at_] == '_'))
        return Name(nodes);
      return absl::OkStatus();
    }
    return Name(nodes);
  }

  absl::Status Name(Nodes* nodes) {
    std::string name;
    while (at_ < text_.size() && !EndsName(text_[at_])) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      name += text_[at_++];
    }
    auto node = std::make_shared<Node>();
    node->type = name == "*" ? Node::kWildcard : Node::kField;
    node->text = name;
    if (!name.empty()) nodes->push_back(node);
    return absl::OkStatus();
  }

  absl::Status Quote(Nodes* nodes) {
    const char quote = text_[at_];
    const size_t begin = ++at_;
    while (at_ < text_.size() && text_[at_] != quote) at_ += text_[at_] == '\\' ? 2 : 1;
    if (at_ >= text_.size()) return Fail("unterminated quoted string");
    auto node = std::make_shared<Node>();
    node->type = Node::kLiteral;
    std::string out, error;
    if (!absl::CUnescape(text_.substr(begin, at_ - begin), &out, &error))
      return Fail("invalid syntax");
    node->literal = out;
    node->text = out;
    ++at_;
    nodes->push_back(node);
    return absl::OkStatus();
  }

  absl::Status Number(Nodes* nodes) {
    const size_t begin = at_++;
    while (at_ < text_.size() &&
           (isdigit(static_cast<unsigned char>(text_[at_])) || text_[at_] == '.'))
      ++at_;
    const absl::string_view digits = text_.substr(begin, at_ - begin);
    auto node = std::make_shared<Node>();
    node->type = Node::kLiteral;
    int64_t whole = 0;
    double real = 0;
    if (absl::SimpleAtoi(digits, &whole))
      node->literal = whole;
    else if (absl::SimpleAtod(digits, &real))
      node->literal = real;
    else
      return Fail(absl::StrCat("cannot parse number ", digits));
    node->text = std::string(digits);
    nodes->push_back(node);
    return absl::OkStatus();
  }

  absl::Status Identifier(Nodes* nodes) {
    const size_t begin = at_;
    while (at_ < text_.size() && !EndsName(text_[at_])) ++at_;
    const absl::string_view word = text_.substr(begin, at_ - begin);
    auto node = std::make_shared<Node>();
    if (word == "range")
      node->type = Node::kRange;
    else if (word == "end")
      node->type = Node::kEnd;
    else if (word == "true" || word == "false")
      node->type = Node::kLiteral, node->literal = word == "true";
    else
      return Fail(absl::StrCat("unrecognized identifier ", word));
    nodes->push_back(node);
    return absl::OkStatus();
  }

  absl::Status Bracket(Nodes* nodes) {
    size_t end = at_ + 1;
    int depth = 1;
    char quote = 0;
    for (; end < text_.size(); ++end) {
      const char c = text_[end];
      if (quote != 0) {
        if (c == '\\')
          ++end;
        else if (c == quote)
          quote = 0;
      } else if (c == '"' || c == '\'') {
        quote = c;
      } else if (c == '[') {
        ++depth;
      } else if (c == ']' && --depth == 0) {
        break;
      }
    }
    if (end >= text_.size()) return Fail("unterminated array");
    const absl::string_view inside =
        absl::StripAsciiWhitespace(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    auto node = std::make_shared<Node>();
    if (inside == "*") {
      node->type = Node::kWildcard;
      node->single = true;  // elements alone, no members
    } else if (absl::StartsWith(inside, "?(") && !absl::EndsWith(inside, ")")) {
      return Fail("unterminated filter");
    } else if (absl::StartsWith(inside, "?(")) {
      node->type = Node::kFilter;
      RETURN_IF_ERROR(Filter(inside.substr(2, inside.size() - 3), node.get()));
    } else if (SplitUnion(inside).size() > 1) {
      node->type = Node::kUnion;
      for (const std::string& part : SplitUnion(inside)) {
        const std::string wrapped = absl::StrCat("[", absl::StripAsciiWhitespace(part), "]");
        Parser inner(wrapped);
        ASSIGN_OR_RETURN(Nodes parsed, inner.Whole());
        node->parts.push_back(std::move(parsed));
      }
    } else if (inside.size() >= 2 && inside[0] == '\'' && inside.back() == '\'') {
      node->type = Node::kField;
      const absl::string_view name = inside.substr(1, inside.size() - 2);
      for (size_t i = 0; i < name.size(); ++i) {
        if (name[i] == '\\' && i + 1 < name.size()) ++i;
        node->text += name[i];
      }
    } else {
      node->type = Node::kSlice;
      const std::vector<absl::string_view> parts = absl::StrSplit(inside, ':');
      if (parts.size() > 3) return Fail(absl::StrCat("invalid array index ", inside));
      for (size_t i = 0; i < parts.size(); ++i) {
        if (parts[i].empty()) {
          if (parts.size() == 1) return Fail(absl::StrCat("invalid array index ", inside));
          continue;
        }
        if (!absl::SimpleAtoi(parts[i], &node->at[i]))
          return Fail(absl::StrCat("invalid array index ", inside));
        node->has[i] = true;
      }
      node->single = parts.size() == 1;
    }
    nodes->push_back(node);
    return absl::OkStatus();
  }

  static std::vector<std::string> SplitUnion(absl::string_view text) {
    std::vector<std::string> parts(1);
    char quote = 0;
    for (size_t i = 0; i < text.size(); ++i) {
      const char c = text[i];
      if (quote == 0 && c == ',') {
        parts.emplace_back();
        continue;
      }
      if (quote == 0 && (c == '\'' || c == '"'))
        quote = c;
      else if (c == quote)
        quote = 0;
      parts.back() += c;
    }
    return parts;
  }

  static absl::Status Filter(absl::string_view text, Node* node) {
    char quote = 0;
    size_t at = absl::string_view::npos, length = 0;
    for (size_t i = 0; i < text.size() && at == absl::string_view::npos; ++i) {
      const char c = text[i];
      if (quote != 0) {
        if (c == '\\')
          ++i;
        else if (c == quote)
          quote = 0;
      } else if (c == '\'' || c == '"') {
        quote = c;
      } else {
        for (const absl::string_view op : {"==", "!=", "<=", ">=", "<", ">"}) {
          if (absl::StartsWith(text.substr(i), op)) {
            at = i, length = op.size();
            break;
          }
        }
      }
    }
    node->op = at == absl::string_view::npos ? "exists" : std::string(text.substr(at, length));
    const std::string left(text.substr(0, at));
    Parser left_parser(left);
    ASSIGN_OR_RETURN(Nodes left_nodes, left_parser.Whole());
    node->parts.push_back(std::move(left_nodes));
    if (at != absl::string_view::npos) {
      const std::string right(text.substr(at + length));
      Parser right_parser(right);
      ASSIGN_OR_RETURN(Nodes right_nodes, right_parser.Whole());
      node->parts.push_back(std::move(right_nodes));
    }
    return absl::OkStatus();
  }

  const absl::string_view text_;
  size_t at_ = 0;
};

bool Compare(const Value& a, const Value& b, const std::string& op, bool* ok) {
  int order = 0;
  *ok = true;
  if (a.is_number() && b.is_number()) {
    order = a.as_double() < b.as_double() ? -1 : a.as_double() > b.as_double();
  } else if (a.is_string() && b.is_string()) {
    order = a.as_string().compare(b.as_string());
  } else if (op == "==" || op == "!=") {
    return (a == b) == (op == "==");
  } else {
    *ok = false;
    return false;
  }
  if (op == "==") return order == 0;
  if (op == "!=") return order != 0;
  if (op == "<") return order < 0;
  if (op == ">") return order > 0;
  if (op == "<=") return order <= 0;
  return order >= 0;
}

// Members by key, as Go walks a map it prints.
Pointers Children(const Value& value) {
  Pointers children;
  if (value.is_array()) {
    for (const Value& item : value.array()) children.push_back(&item);
  } else if (value.is_object()) {
    std::vector<const apimachinery::Member*> members;
    for (const apimachinery::Member& member : value.object()) members.push_back(&member);
    std::sort(members.begin(), members.end(),
              [](const auto* a, const auto* b) { return a->key < b->key; });
    for (const auto* member : members) children.push_back(&member->value);
  }
  return children;
}

class Evaluator {
 public:
  explicit Evaluator(bool allow_missing) : allow_missing_(allow_missing) {}

  absl::StatusOr<Pointers> Walk(const Nodes& nodes, Pointers current) {
    for (const NodePtr& node : nodes) {
      ASSIGN_OR_RETURN(current, Apply(*node, current));
    }
    return current;
  }

  absl::StatusOr<Pointers> Apply(const Node& node, const Pointers& input) {
    Pointers output;
    if (node.type == Node::kLiteral) return Pointers{&node.literal};
    if (node.type == Node::kList) return Walk(node.children, input);
    for (const Value* value : input) {
      switch (node.type) {
        case Node::kField: {
          if (const Value* member = value->Find(node.text); member != nullptr) {
            output.push_back(member);
          } else if (!allow_missing_ && value->is_object()) {
            return absl::NotFoundError(absl::StrCat(node.text, " is not found"));
          }
          break;
        }
        case Node::kWildcard: {
          if (node.single && value->is_object())
            return absl::InvalidArgumentError("map[string]interface {} is not array or slice");
          const Pointers children = Children(*value);
          output.insert(output.end(), children.begin(), children.end());
          break;
        }
        case Node::kRecursive:
          Descend(*value, &output);
          break;
        case Node::kSlice:
          RETURN_IF_ERROR(Slice(node, *value, &output));
          break;
        case Node::kUnion:
          for (const Nodes& part : node.parts) {
            ASSIGN_OR_RETURN(const Pointers found, Walk(part, {value}));
            output.insert(output.end(), found.begin(), found.end());
          }
          break;
        case Node::kFilter:
          RETURN_IF_ERROR(Filter(node, *value, &output));
          break;
        default:
          break;
      }
    }
    return output;
  }

 private:
  static void Descend(const Value& value, Pointers* output) {
    output->push_back(&value);
    for (const Value* child : Children(value)) {
      if (child->is_array() || child->is_object()) Descend(*child, output);
    }
  }

  absl::Status Slice(const Node& node, const Value& value, Pointers* output) {
    if (value.is_null()) return absl::OkStatus();
    if (!value.is_array())
      return absl::InvalidArgumentError(absl::StrCat(PlainText(value), " is not array or slice"));
    const int64_t size = static_cast<int64_t>(value.array().size());
    int64_t begin = node.has[0] ? node.at[0] : 0;
    if (begin < 0) begin += size;
    if (node.single) {
      if (begin < 0 || begin >= size) {
        return absl::OutOfRangeError(
            absl::StrCat("array index out of bounds: index ", node.at[0], ", length ", size));
      }
      output->push_back(&value.array()[begin]);
      return absl::OkStatus();
    }
    int64_t end = node.has[1] ? node.at[1] : size;
    if (end < 0) end += size;
    end = std::min(end, size);
    const int64_t step = node.has[2] ? std::max<int64_t>(node.at[2], 1) : 1;
    for (int64_t i = std::max<int64_t>(begin, 0); i < end; i += step)
      output->push_back(&value.array()[i]);
    return absl::OkStatus();
  }

  absl::Status Filter(const Node& node, const Value& value, Pointers* output) {
    Pointers candidates;
    if (value.is_array())
      candidates = Children(value);
    else
      return absl::OkStatus();
    const bool saved = allow_missing_;
    allow_missing_ = true;
    absl::Status status;
    for (const Value* candidate : candidates) {
      absl::StatusOr<Pointers> left = Walk(node.parts[0], {candidate});
      if (!left.ok()) {
        if (absl::IsOutOfRange(left.status())) continue;
        status = left.status();
        break;
      }
      if (node.op == "exists") {
        if (!left->empty()) output->push_back(candidate);
        continue;
      }
      if (left->empty()) continue;
      absl::StatusOr<Pointers> right = Walk(node.parts[1], {candidate});
      if (!right.ok() || right->empty()) continue;
      bool comparable = false;
      if (Compare(*left->front(), *right->front(), node.op, &comparable))
        output->push_back(candidate);
    }
    allow_missing_ = saved;
    return status;
  }

  bool allow_missing_;
};

const Node* SpecialOf(const NodePtr& node, Node::Type type) {
  if (node->type != Node::kList || node->children.empty()) return nullptr;
  return node->children[0]->type == type ? node->children[0].get() : nullptr;
}

// Runs the template; `each` receives what every text or expression yields.
absl::Status RunNodes(const Nodes& nodes, const Value& root, Evaluator& evaluator,
                      const std::function<void(const Node* text, const Pointers& found)>& each) {
  for (size_t i = 0; i < nodes.size(); ++i) {
    const NodePtr& node = nodes[i];
    if (node->type == Node::kText) {
      each(node.get(), {});
      continue;
    }
    if (SpecialOf(node, Node::kEnd) != nullptr)
      return absl::InvalidArgumentError("not in range, nothing to end");
    if (SpecialOf(node, Node::kRange) == nullptr) {
      ASSIGN_OR_RETURN(const Pointers found, evaluator.Walk(node->children, {&root}));
      each(nullptr, found);
      continue;
    }
    size_t end = i + 1;
    for (int depth = 1; end < nodes.size(); ++end) {
      if (SpecialOf(nodes[end], Node::kRange) != nullptr) ++depth;
      if (SpecialOf(nodes[end], Node::kEnd) != nullptr && --depth == 0) break;
    }
    const Nodes expression(node->children.begin() + 1, node->children.end());
    ASSIGN_OR_RETURN(const Pointers found, evaluator.Walk(expression, {&root}));
    const Nodes body(nodes.begin() + i + 1, nodes.begin() + std::min(end, nodes.size()));
    for (const Value* item : found) RETURN_IF_ERROR(RunNodes(body, *item, evaluator, each));
    i = end;
  }
  return absl::OkStatus();
}

}  // namespace

std::string PlainText(const Value& value) {
  if (value.is_string()) return value.as_string();
  if (value.is_null()) return "";
  if (!value.is_object() && !value.is_array()) return WriteJson(value);
  Value sorted = value;
  SortKeys(&sorted);
  return WriteJson(sorted);
}

std::string GoSyntax(const Value& value) {
  if (value.is_object()) {
    std::vector<std::pair<absl::string_view, std::string>> members;
    for (const auto& [key, member] : value.object()) {
      members.emplace_back(key, absl::StrCat(apimachinery::GoQuote(key), ":", GoSyntax(member)));
    }
    std::sort(members.begin(), members.end());
    return absl::StrCat(
        "map[string]interface {}{",
        absl::StrJoin(members, ", ",
                      [](std::string* out, const auto& m) { out->append(m.second); }),
        "}");
  }
  if (value.is_array()) {
    std::vector<std::string> parts;
    for (const Value& item : value.array()) parts.push_back(GoSyntax(item));
    return absl::StrCat("[]interface {}{", absl::StrJoin(parts, ", "), "}");
  }
  if (value.is_string()) return apimachinery::GoQuote(value.as_string());
  if (value.is_null()) return "interface {}(nil)";
  return WriteJson(value);
}

absl::StatusOr<JsonPath> JsonPath::Parse(absl::string_view text) {
  Parser parser(text);
  JsonPath path;
  ASSIGN_OR_RETURN(path.nodes_, parser.Template());
  return path;
}

absl::StatusOr<JsonPath> JsonPath::ParseRelaxed(absl::string_view text) {
  if (text.empty()) return Parse("");
  const bool open = text.front() == '{', close = text.back() == '}';
  if (open != close) {
    return absl::InvalidArgumentError(
        absl::StrCat("unexpected path string, expected a 'name1.name2' or '.name1.name2' or "
                     "'{name1.name2}' or '{.name1.name2}'"));
  }
  absl::string_view inside = open ? text.substr(1, text.size() - 2) : text;
  if (!inside.empty() && inside.front() == '.') inside.remove_prefix(1);
  return Parse(absl::StrCat("{.", inside, "}"));
}

absl::StatusOr<std::string> JsonPath::Execute(const Value& data, bool allow_missing) const {
  std::string out;
  Evaluator evaluator(allow_missing);
  RETURN_IF_ERROR(RunNodes(nodes_, data, evaluator, [&](const Node* text, const Pointers& found) {
    if (text != nullptr) {
      out += text->text;
      return;
    }
    for (size_t i = 0; i < found.size(); ++i)
      absl::StrAppend(&out, i == 0 ? "" : " ", PlainText(*found[i]));
  }));
  return out;
}

absl::StatusOr<std::vector<std::vector<const Value*>>> JsonPath::FindResults(
    const Value& data, bool allow_missing) const {
  std::vector<Pointers> results;
  Evaluator evaluator(allow_missing);
  RETURN_IF_ERROR(RunNodes(nodes_, data, evaluator, [&](const Node* text, const Pointers& found) {
    if (text == nullptr) results.push_back(found);
  }));
  return results;
}

}  // namespace apimachinery
