#include "apimachinery/labels.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "apimachinery/field_error.h"
#include "apimachinery/go_quote.h"
#include "apimachinery/names.h"

namespace apimachinery {
namespace {

using Op = LabelRequirement::Op;

// strconv.ParseInt(text, 10, 64)
bool ParseInt(absl::string_view text, int64_t* number) {
  if (text.empty() || absl::ascii_isspace(text.front()) || absl::ascii_isspace(text.back())) return false;
  return absl::SimpleAtoi(text, number);
}

const char* OpWord(Op op) {
  switch (op) {
    case Op::kIn: return "in";
    case Op::kNotIn: return "notin";
    case Op::kEquals: return "=";
    case Op::kDoubleEquals: return "==";
    case Op::kNotEquals: return "!=";
    case Op::kExists: return "exists";
    case Op::kNotExists: return "!";
    case Op::kGreater: return "gt";
    case Op::kLess: return "lt";
  }
  return "";
}

// Upstream's NewRequirement: values counted by operator, key and values checked.
void CheckRequirement(const LabelRequirement& requirement, const FieldPath& path, FieldErrors* errors) {
  const std::vector<std::string> key_problems = IsQualifiedName(requirement.key);
  if (!key_problems.empty()) {
    errors->Invalid(FieldPath("<nil>"), Value(requirement.key), absl::StrJoin(key_problems, "; "));
  }
  const FieldPath values = path.Child("values");
  Value shown = Value::MakeArray();
  for (const std::string& value : requirement.values) shown.Append(Value(value));
  switch (requirement.op) {
    case Op::kIn:
    case Op::kNotIn:
      if (requirement.values.empty()) {
        errors->Invalid(values, shown, "for 'in', 'notin' operators, values set can't be empty");
      }
      break;
    case Op::kEquals:
    case Op::kDoubleEquals:
    case Op::kNotEquals:
      if (requirement.values.size() != 1) {
        errors->Invalid(values, shown, "exact-match compatibility requires one single value");
      }
      break;
    case Op::kExists:
    case Op::kNotExists:
      if (!requirement.values.empty()) {
        errors->Invalid(values, shown, "values set must be empty for exists and does not exist");
      }
      break;
    case Op::kGreater:
    case Op::kLess:
      if (requirement.values.size() != 1) {
        errors->Invalid(values, shown, "for 'Gt', 'Lt' operators, exactly one value is required");
      }
      for (size_t i = 0; i < requirement.values.size(); ++i) {
        int64_t number;
        if (!ParseInt(requirement.values[i], &number)) {
          errors->Invalid(values.Index(i), Value(requirement.values[i]),
                          "for 'Gt', 'Lt' operators, the value must be an integer");
        }
      }
      break;
  }
  for (size_t i = 0; i < requirement.values.size(); ++i) {
    const std::vector<std::string> problems = IsValidLabelValue(requirement.values[i]);
    if (!problems.empty()) {
      errors->Invalid(values.Index(i).Key(requirement.key), Value(requirement.values[i]), absl::StrJoin(problems, "; "));
    }
  }
}

enum class Token {
  kError, kEnd, kCloseParen, kComma, kNot, kDoubleEquals, kEquals, kGreater, kIdentifier, kIn, kLess, kNotEquals,
  kNotIn, kOpenParen,
};

class Parser {
 public:
  explicit Parser(absl::string_view text) {
    size_t at = 0;
    while (true) {
      Item item = Scan(text, &at);
      items_.push_back(item);
      if (item.token == Token::kEnd || item.token == Token::kError) break;
    }
  }

  absl::Status Parse(std::vector<LabelRequirement>* requirements) {
    while (true) {
      const Item& next = Peek();
      switch (next.token) {
        case Token::kIdentifier:
        case Token::kIn:
        case Token::kNotIn:
        case Token::kNot: {
          LabelRequirement requirement;
          absl::Status status = Requirement(&requirement);
          if (!status.ok()) return absl::InvalidArgumentError(absl::StrCat("unable to parse requirement: ", status.message()));
          requirements->push_back(std::move(requirement));
          const Item after = Take(false);
          if (after.token == Token::kEnd) return absl::OkStatus();
          if (after.token != Token::kComma) return Found(after, "',' or 'end of string'");
          const Item& following = Peek();
          if (!IsName(following) && following.token != Token::kNot) {
            return Found(following, absl::StrCat("identifier after ','"));
          }
          break;
        }
        case Token::kEnd: return absl::OkStatus();
        default: return Found(next, "!, identifier, or 'end of string'");
      }
    }
  }

 private:
  struct Item {
    Token token;
    std::string text;
  };

  static bool IsSpecial(char c) { return absl::string_view("=!(),><").find(c) != absl::string_view::npos; }
  static bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

  static Item Scan(absl::string_view text, size_t* at) {
    while (*at < text.size() && IsSpace(text[*at])) ++*at;
    if (*at >= text.size()) return {Token::kEnd, ""};
    const size_t begin = *at;
    if (!IsSpecial(text[begin])) {
      while (*at < text.size() && !IsSpecial(text[*at]) && !IsSpace(text[*at])) ++*at;
      const std::string word(text.substr(begin, *at - begin));
      return {word == "in" ? Token::kIn : word == "notin" ? Token::kNotIn : Token::kIdentifier, word};
    }
    // The longest run of special characters that is a token.
    static constexpr std::pair<absl::string_view, Token> kSymbols[] = {
        {")", Token::kCloseParen}, {",", Token::kComma}, {"!", Token::kNot}, {"==", Token::kDoubleEquals},
        {"=", Token::kEquals}, {">", Token::kGreater}, {"<", Token::kLess}, {"!=", Token::kNotEquals},
        {"(", Token::kOpenParen},
    };
    std::string run;
    Item last{Token::kError, ""};
    while (*at < text.size() && IsSpecial(text[*at])) {
      run.push_back(text[*at]);
      const auto* found = std::find_if(std::begin(kSymbols), std::end(kSymbols),
                                       [&](const auto& symbol) { return symbol.first == run; });
      if (found != std::end(kSymbols)) {
        last = {found->second, run};
      } else if (last.token != Token::kError) {
        break;
      }
      ++*at;
    }
    if (last.token == Token::kError) return {Token::kError, absl::StrCat("error expected: keyword found '", run, "'")};
    return last;
  }

  // As a value, "in" and "notin" are plain words.
  const Item& Peek() const { return items_[std::min(at_, items_.size() - 1)]; }
  Item Take(bool as_value) {
    Item item = Peek();
    ++at_;
    if (as_value && (item.token == Token::kIn || item.token == Token::kNotIn)) item.token = Token::kIdentifier;
    return item;
  }
  static bool IsName(const Item& item) {
    return item.token == Token::kIdentifier || item.token == Token::kIn || item.token == Token::kNotIn;
  }
  static absl::Status Found(const Item& item, absl::string_view expected) {
    return absl::InvalidArgumentError(absl::StrCat("found '", item.text, "', expected: ", expected));
  }

  absl::Status Requirement(LabelRequirement* requirement) {
    Item item = Take(true);
    bool negated = false;
    if (item.token == Token::kNot) {
      negated = true;
      item = Take(true);
    }
    if (item.token != Token::kIdentifier) return Found(item, "identifier");
    requirement->key = item.text;
    if (const std::vector<std::string> problems = IsQualifiedName(item.text); !problems.empty()) {
      FieldErrors errors;
      errors.Invalid(FieldPath("<nil>"), Value(item.text), absl::StrJoin(problems, "; "));
      return absl::InvalidArgumentError(errors.errors()[0].ToString());
    }
    if (negated || Peek().token == Token::kEnd || Peek().token == Token::kComma) {
      requirement->op = negated ? Op::kNotExists : Op::kExists;
      return absl::OkStatus();
    }
    const Item op = Take(false);
    switch (op.token) {
      case Token::kIn: requirement->op = Op::kIn; break;
      case Token::kNotIn: requirement->op = Op::kNotIn; break;
      case Token::kEquals: requirement->op = Op::kEquals; break;
      case Token::kDoubleEquals: requirement->op = Op::kDoubleEquals; break;
      case Token::kNotEquals: requirement->op = Op::kNotEquals; break;
      case Token::kGreater: requirement->op = Op::kGreater; break;
      case Token::kLess: requirement->op = Op::kLess; break;
      default: return Found(op, "in, notin, =, ==, !=, gt, lt");
    }
    absl::Status status = op.token == Token::kIn || op.token == Token::kNotIn ? Values(requirement) : ExactValue(requirement);
    if (!status.ok()) return status;
    std::sort(requirement->values.begin(), requirement->values.end());
    requirement->values.erase(std::unique(requirement->values.begin(), requirement->values.end()), requirement->values.end());
    FieldErrors errors;
    CheckRequirement(*requirement, FieldPath(), &errors);
    return errors.empty() ? absl::OkStatus() : absl::InvalidArgumentError(errors.ToString());
  }

  absl::Status ExactValue(LabelRequirement* requirement) {
    if (Peek().token == Token::kEnd || Peek().token == Token::kComma) {
      requirement->values.push_back("");
      return absl::OkStatus();
    }
    const Item item = Take(true);
    if (item.token != Token::kIdentifier) return Found(item, "identifier");
    requirement->values.push_back(item.text);
    return absl::OkStatus();
  }

  absl::Status Values(LabelRequirement* requirement) {
    Item item = Take(true);
    if (item.token != Token::kOpenParen) {
      return absl::InvalidArgumentError(absl::StrCat("found '", item.text, "' expected: '('"));
    }
    item = Peek();
    if (item.token == Token::kCloseParen) {
      Take(true);
      requirement->values.push_back("");
      return absl::OkStatus();
    }
    if (!IsName(item) && item.token != Token::kComma) return Found(item, "',', ')' or identifier");
    // Empty places between commas are empty strings.
    while (true) {
      item = Take(true);
      if (item.token == Token::kIdentifier) {
        requirement->values.push_back(item.text);
        item = Take(true);
        if (item.token == Token::kCloseParen) return absl::OkStatus();
        if (item.token != Token::kComma) return Found(item, "',' or ')'");
        if (Peek().token == Token::kCloseParen) {
          requirement->values.push_back("");
          Take(true);
          return absl::OkStatus();
        }
      } else if (item.token == Token::kComma) {
        requirement->values.push_back("");
        if (Peek().token == Token::kCloseParen) {
          requirement->values.push_back("");
          Take(true);
          return absl::OkStatus();
        }
      } else {
        return Found(item, "',', or identifier");
      }
    }
  }

  std::vector<Item> items_;
  size_t at_ = 0;
};

void SortByKey(std::vector<LabelRequirement>* requirements) {
  std::stable_sort(requirements->begin(), requirements->end(),
                   [](const LabelRequirement& a, const LabelRequirement& b) { return a.key < b.key; });
}

}  // namespace

bool LabelRequirement::Matches(LabelLookup labels) const {
  const absl::string_view label = labels(key);
  const bool present = label.data() != nullptr;
  switch (op) {
    case Op::kIn:
    case Op::kEquals:
    case Op::kDoubleEquals: return present && std::find(values.begin(), values.end(), label) != values.end();
    case Op::kNotIn:
    case Op::kNotEquals: return !present || std::find(values.begin(), values.end(), label) == values.end();
    case Op::kExists: return present;
    case Op::kNotExists: return !present;
    case Op::kGreater:
    case Op::kLess: {
      int64_t has, bound;
      if (!present || values.size() != 1 || !ParseInt(label, &has) || !ParseInt(values[0], &bound)) return false;
      return op == Op::kGreater ? has > bound : has < bound;
    }
  }
  return false;
}

std::string LabelRequirement::ToString() const {
  switch (op) {
    case Op::kExists: return key;
    case Op::kNotExists: return absl::StrCat("!", key);
    case Op::kIn: return absl::StrCat(key, " in (", absl::StrJoin(values, ","), ")");
    case Op::kNotIn: return absl::StrCat(key, " notin (", absl::StrJoin(values, ","), ")");
    case Op::kGreater: return absl::StrCat(key, ">", absl::StrJoin(values, ","));
    case Op::kLess: return absl::StrCat(key, "<", absl::StrJoin(values, ","));
    default: return absl::StrCat(key, OpWord(op), absl::StrJoin(values, ","));
  }
}

LabelSelector LabelSelector::Nothing() {
  LabelSelector selector;
  selector.nothing_ = true;
  return selector;
}

LabelSelector LabelSelector::FromSet(const Object& labels) {
  LabelSelector selector;
  for (const Member& label : labels) {
    selector.requirements_.push_back({label.key, Op::kEquals, {label.value.is_string() ? label.value.as_string() : ""}});
  }
  SortByKey(&selector.requirements_);
  return selector;
}

absl::StatusOr<LabelSelector> LabelSelector::Parse(absl::string_view text) {
  LabelSelector selector;
  absl::Status status = Parser(text).Parse(&selector.requirements_);
  if (!status.ok()) return status;
  SortByKey(&selector.requirements_);
  return selector;
}

absl::StatusOr<LabelSelector> LabelSelector::FromObject(const Value* object) {
  if (object == nullptr || object->is_null()) return Nothing();
  LabelSelector selector;
  FieldErrors errors;
  for (const Member& label : object->GetObject("matchLabels")) {
    LabelRequirement requirement{label.key, Op::kEquals, {label.value.is_string() ? label.value.as_string() : ""}};
    CheckRequirement(requirement, FieldPath(), &errors);
    selector.requirements_.push_back(std::move(requirement));
  }
  for (const Value& expression : object->GetArray("matchExpressions")) {
    LabelRequirement requirement;
    requirement.key = expression.GetString("key");
    const std::string op = expression.GetString("operator");
    if (op == "In") requirement.op = Op::kIn;
    else if (op == "NotIn") requirement.op = Op::kNotIn;
    else if (op == "Exists") requirement.op = Op::kExists;
    else if (op == "DoesNotExist") requirement.op = Op::kNotExists;
    else return absl::InvalidArgumentError(absl::StrCat(GoQuote(op), " is not a valid label selector operator"));
    for (const Value& value : expression.GetArray("values")) {
      if (value.is_string()) requirement.values.push_back(value.as_string());
    }
    std::sort(requirement.values.begin(), requirement.values.end());
    CheckRequirement(requirement, FieldPath(), &errors);
    selector.requirements_.push_back(std::move(requirement));
  }
  if (!errors.empty()) return absl::InvalidArgumentError(errors.ToString());
  SortByKey(&selector.requirements_);
  return selector;
}

bool LabelSelector::Matches(LabelLookup labels) const {
  if (nothing_) return false;
  for (const LabelRequirement& requirement : requirements_) {
    if (!requirement.Matches(labels)) return false;
  }
  return true;
}

bool LabelSelector::Matches(const Object& labels) const {
  return Matches([&labels](absl::string_view key) {
    for (const Member& label : labels) {
      if (label.key == key && label.value.is_string()) return absl::string_view(label.value.as_string());
    }
    return absl::string_view();
  });
}

bool LabelSelector::Matches(const Value* labels) const {
  static const Object* const none = new Object;
  return Matches(labels != nullptr && labels->is_object() ? labels->object() : *none);
}

std::string LabelSelector::ToString() const {
  return absl::StrJoin(requirements_, ",", [](std::string* out, const LabelRequirement& requirement) {
    absl::StrAppend(out, requirement.ToString());
  });
}

}  // namespace apimachinery
