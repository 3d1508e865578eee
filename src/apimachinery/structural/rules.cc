#include "apimachinery/structural/rules.h"

#include <algorithm>
#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "apimachinery/cel/cel.h"
#include "apimachinery/go_quote.h"
#include "apimachinery/json.h"
#include "apimachinery/structural/correlate.h"

namespace apimachinery::structural {
namespace {

constexpr uint64_t kMaxCost = ~uint64_t{0};
constexpr size_t kNamedExpensive = 4;

// One rule, compiled. Without a program `problem` says why.
struct Compiled {
  const Rule* rule = nullptr;
  std::unique_ptr<const cel::Program> program, message;
  std::string problem, message_problem;
  bool uses_old = false;
};

std::unique_ptr<const cel::Program> CompileOne(const std::string& expression, const cel::Env& env, absl::string_view wanted,
                                               absl::string_view what, std::string* problem) {
  cel::TypePtr type;
  absl::StatusOr<cel::Program> program = cel::Compile(expression, env, &type);
  if (type == nullptr) {
    *problem = absl::StrCat(what, "compilation failed: ", program.status().message());
    return nullptr;
  }
  if (type->ToString() != wanted) {
    *problem = what.empty() ? "cel expression must evaluate to a bool" : "messageExpression must evaluate to a string";
    return nullptr;
  }
  if (!program.ok()) {
    *problem = absl::StrCat(what.empty() ? "program " : what, "instantiation failed: ", program.status().message());
    return nullptr;
  }
  return std::make_unique<const cel::Program>(*std::move(program));
}

Compiled CompileRule(const Rule& rule, const cel::DeclTypePtr& type) {
  cel::Env env;
  env.Declare(type);
  env.Variable("self", type->type);
  env.Variable("oldSelf", rule.optional_old_self ? cel::OptionalType(type->type) : type->type);
  Compiled compiled;
  compiled.rule = &rule;
  compiled.program = CompileOne(rule.rule, env, "bool", "", &compiled.problem);
  compiled.uses_old = compiled.program != nullptr && compiled.program->Mentions("oldSelf");
  if (!rule.message_expression.empty()) {
    compiled.message = CompileOne(rule.message_expression, env, "string", "messageExpression ", &compiled.message_problem);
  }
  return compiled;
}

// A schema with rules in or below it.
struct Node {
  const Schema* schema = nullptr;
  cel::DeclTypePtr type;  // where there are rules
  std::vector<Compiled> rules;
  std::map<std::string, std::unique_ptr<Node>, std::less<>> properties;
  std::unique_ptr<Node> items, additional;
};

// `props` and `schema` are the same schema in two forms.
std::unique_ptr<Node> MakeNode(const Value& props, const Schema& schema, bool root) {
  auto node = std::make_unique<Node>();
  node->schema = &schema;
  if (!schema.rules.empty()) {
    node->type = cel::DeclTypeOf(props, root || schema.embedded_resource, "selfType");
    for (const Rule& rule : schema.rules) {
      if (node->type != nullptr) {
        node->rules.push_back(CompileRule(rule, node->type));
      } else {
        node->rules.emplace_back().rule = &rule;
        node->rules.back().problem = "rules need a type";
      }
    }
  }
  const auto below = [](const Value* child, const Schema* child_schema) -> std::unique_ptr<Node> {
    if (child == nullptr || !child->is_object() || child_schema == nullptr || !child_schema->rules_below) return nullptr;
    return MakeNode(*child, *child_schema, false);
  };
  if (const Value* members = props.Find("properties"); members != nullptr && members->is_object()) {
    for (const auto& [name, child] : members->object()) {
      if (auto made = below(&child, schema.FindProperty(name))) node->properties.emplace(name, std::move(made));
    }
  }
  node->items = below(props.Find("items"), schema.items.get());
  node->additional = below(props.Find("additionalProperties"), schema.additional.get());
  return node;
}

// --- judging the rules themselves -----------------------------------------------------------------------------------

// A rule as upstream quotes it.
Value Quoted(const Rule& rule) {
  Value value;
  value.Set("Rule", rule.rule);
  value.Set("Message", rule.message);
  value.Set("MessageExpression", rule.message_expression);
  value.Set("Reason", rule.reason.empty() ? Value() : Value(rule.reason));
  value.Set("FieldPath", rule.field_path);
  value.Set("OptionalOldSelf", rule.says_optional_old_self ? Value(rule.optional_old_self) : Value());
  return value;
}

uint64_t Times(uint64_t a, uint64_t b) { return b != 0 && a > kMaxCost / b ? kMaxCost : a * b; }

std::string TooDear(absl::string_view what, uint64_t cost, uint64_t limit) {
  const double factor = static_cast<double>(cost) / static_cast<double>(limit);
  const std::string text = factor > 100  ? "more than 100x"
                           : factor < 1.5 ? absl::StrFormat("%fx", factor)
                                          : absl::StrFormat("%.1fx", factor);
  return absl::StrCat(what, " exceeds budget by factor of ", text,
                      " (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and "
                      "strings are declared)");
}

class Checker {
 public:
  Checker(const FieldErrors& shape, FieldErrors* errors) : shape_(shape), errors_(*errors) {}

  // `times`: how often the value can occur in one object. `list`: the innermost list around it whose items nobody can tell
  // apart, empty when there is none.
  void Run(const Value& props, const Node& node, const FieldPath& path, uint64_t times, const std::string& list) {
    const bool looks = !node.rules.empty() && !WrongBelow(path);
    if (looks && node.type == nullptr) {
      return errors_.Internal(path.Child("x-kubernetes-validations"),
                              "internal error: failed to construct type information for x-kubernetes-validations rules: unable to "
                              "convert structural schema to CEL declarations");
    }
    for (size_t i = 0; looks && i < node.rules.size(); ++i) {
      One(node, node.rules[i], path.Child("x-kubernetes-validations").Index(i), times, list);
    }
    for (const auto& [name, child] : node.properties) {
      Run(*props.Find("properties")->Find(name), *child, path.Child("properties").Key(name), times, list);
    }
    const auto elements = [&] {
      const cel::DeclTypePtr type = node.type != nullptr ? node.type : cel::DeclTypeOf(props, false, "selfType");
      return type == nullptr ? uint64_t{1} : static_cast<uint64_t>(std::max<int64_t>(type->max_elements, 1));
    };
    if (node.items != nullptr) {
      const bool told_apart = node.schema->list_type == ListType::kMap;
      Run(*props.Find("items"), *node.items, path.Child("items"), Times(times, elements()),
          told_apart || !list.empty() ? list : path.ToString());
    }
    if (node.additional != nullptr) {
      Run(*props.Find("additionalProperties"), *node.additional, path.Child("additionalProperties"), Times(times, elements()),
          list);
    }
  }

  void Finish(const FieldPath& path) {
    if (total_ <= cel::kEstimatedCrdLimit) return;
    std::stable_sort(dear_.begin(), dear_.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
    for (size_t i = 0; i < std::min(dear_.size(), kNamedExpensive); ++i) {
      errors_.Forbidden(dear_[i].second, "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema");
    }
    errors_.Forbidden(path, TooDear("x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema", total_,
                                    cel::kEstimatedCrdLimit));
  }

 private:
  bool WrongBelow(const FieldPath& path) const {
    const std::string text = path.ToString();
    return std::any_of(shape_.errors().begin(), shape_.errors().end(), [&text](const FieldError& error) {
      return absl::StartsWith(error.field, text) && (error.field.size() == text.size() || error.field[text.size()] == '.' ||
                                                     error.field[text.size()] == '[');
    });
  }

  void One(const Node& node, const Compiled& compiled, const FieldPath& path, uint64_t times, const std::string& list) {
    const Rule& rule = *compiled.rule;
    if (compiled.program == nullptr) {
      errors_.Invalid(path.Child("rule"), Quoted(rule), compiled.problem);
    } else {
      Cost(*compiled.program, node, path.Child("rule"), "estimated rule cost", times);
    }
    if (!rule.message_expression.empty()) {
      if (compiled.message == nullptr) {
        errors_.Invalid(path.Child("messageExpression"), Quoted(rule), compiled.message_problem);
      } else {
        Cost(*compiled.message, node, path.Child("messageExpression"), "estimated messageExpression cost", times);
      }
    }
    if (rule.says_optional_old_self && !compiled.uses_old) {
      errors_.Invalid(path.Child("optionalOldSelf"), Value(rule.optional_old_self), "may not be set if oldSelf is not used in rule");
    }
    if (compiled.uses_old && !list.empty()) {
      errors_.Invalid(path.Child("rule"), Value(rule.rule),
                      absl::StrCat("oldSelf cannot be used on the uncorrelatable portion of the schema within ", list));
    }
  }

  void Cost(const cel::Program& program, const Node& node, const FieldPath& path, absl::string_view what, uint64_t times) {
    const uint64_t cost = Times(program.EstimateCost(node.type.get()).max, times);
    if (cost > cel::kEstimatedRuleLimit) errors_.Forbidden(path, TooDear(what, cost, cel::kEstimatedRuleLimit));
    total_ = total_ > kMaxCost - cost ? kMaxCost : total_ + cost;
    if (cost > cel::kEstimatedRuleLimit) dear_.emplace_back(cost, path);
  }

  const FieldErrors& shape_;
  FieldErrors& errors_;
  uint64_t total_ = 0;
  std::vector<std::pair<uint64_t, FieldPath>> dear_;
};

// --- judging values ---------------------------------------------------------------------------------------------------

// What upstream says of a rule in an error: its message, else the rule itself.
std::string Shown(const Rule& rule) {
  return std::string(absl::StripAsciiWhitespace(rule.message.empty() ? rule.rule : rule.message));
}

FieldPath At(const FieldPath& path) { return path.ToString().empty() ? FieldPath("<nil>") : path; }

// A value, what it replaces where that is known, and the nearest such pair above it.
struct Trail {
  const Value *now = nullptr, *before = nullptr, *above_now = nullptr, *above_before = nullptr;

  bool Unchanged() const {
    return before != nullptr ? *now == *before : above_before != nullptr && *above_now == *above_before;
  }
  Trail Down(const Value& value, const Value* old) const {
    if (before == nullptr) return *this;
    return {old == nullptr ? nullptr : &value, old, now, before};
  }
};

class Evaluator {
 public:
  Evaluator(FieldErrors* errors, std::vector<std::string>* tolerated) : errors_(*errors), tolerated_(tolerated) {}

  void Run(const Node& node, const FieldPath& path, const Value& value, const Value* old, const Trail& trail) {
    if (spent_ || value.is_null()) return;
    if (old != nullptr && old->is_null()) old = nullptr;
    for (const Compiled& rule : node.rules) {
      if (spent_) return;
      One(node, rule, path, value, old, trail);
    }
    if (value.is_object()) {
      for (const Member& member : value.object()) {
        const Value* before = old == nullptr || !old->is_object() ? nullptr : old->Find(member.key);
        const Trail down = trail.Down(member.value, before);
        const auto property = node.properties.find(member.key);
        if (property != node.properties.end()) {
          Run(*property->second, path.Child(member.key), member.value, before, down);
        } else if (node.additional != nullptr && node.schema->FindProperty(member.key) == nullptr) {
          Run(*node.additional, path.Key(member.key), member.value, before, down);
        }
      }
    } else if (value.is_array() && node.items != nullptr) {
      const Correlation before(*node.schema, value, old);
      for (size_t i = 0; i < value.size(); ++i) {
        const Value& item = value.array()[i];
        Run(*node.items, path.Index(i), item, before.Item(i), trail.Down(item, before.Item(i)));
      }
    }
  }

 private:
  void TypeError(const Node& node, const FieldPath& path, std::string detail) {
    errors_.Invalid(At(path), Value(node.schema->type), detail);
  }

  cel::Outcome Evaluate(const cel::Program& program, const Node& node, const Compiled& compiled, const Value& value,
                        const Value* old) {
    cel::Bindings bindings;
    bindings.emplace_back("self", cel::TypedView(value, *node.type));
    if (compiled.rule->optional_old_self) {
      bindings.emplace_back("oldSelf", old == nullptr ? cel::Val::None() : cel::Val::Some(cel::TypedView(*old, *node.type)));
    } else if (old != nullptr) {
      bindings.emplace_back("oldSelf", cel::TypedView(*old, *node.type));
    }
    const cel::Outcome outcome = program.Evaluate(bindings, std::min(cel::kPerCallLimit, budget_));
    budget_ -= std::min(budget_, outcome.cost);
    return outcome;
  }

  void One(const Node& node, const Compiled& compiled, const FieldPath& path, const Value& value, const Value* old,
           const Trail& trail) {
    const Rule& rule = *compiled.rule;
    if (compiled.program == nullptr) return TypeError(node, path, absl::StrCat("rule compile error: ", compiled.problem));
    if (compiled.uses_old && old == nullptr && !rule.optional_old_self) return;
    const cel::Outcome outcome = Evaluate(*compiled.program, node, compiled, value, old);
    if (outcome.over_budget) {
      spent_ = true;
      if (budget_ == 0) {
        return TypeError(node, path, "validation failed due to running out of cost budget, no further validation rules will be run");
      }
      return TypeError(node, path, absl::StrCat("'", outcome.error, "': no further validation rules will be run due to call cost "
                                                "exceeds limit for rule: ", Shown(rule)));
    }
    if (!outcome.ok()) {
      if (absl::StartsWith(outcome.error, "no such overload")) {
        return TypeError(node, path, absl::StrCat("'", outcome.error, "': call arguments did not match a supported operator, function "
                                                  "or macro signature for rule: ", Shown(rule)));
      }
      return TypeError(node, path, absl::StrCat(outcome.error, " evaluating rule: ", Shown(rule)));
    }
    // A part that stays as it was may stay; a rule about changes holds for what does not change.
    if (!outcome.value.is_true()) Fail(node, compiled, path, value, old, !compiled.uses_old && trail.Unchanged());
  }

  void Fail(const Node& node, const Compiled& compiled, const FieldPath& path, const Value& value, const Value* old,
            bool tolerated) {
    const Rule& rule = *compiled.rule;
    FieldError error;
    error.type = rule.reason == "FieldValueForbidden"   ? FieldError::Type::kForbidden
                 : rule.reason == "FieldValueRequired"  ? FieldError::Type::kRequired
                 : rule.reason == "FieldValueDuplicate" ? FieldError::Type::kDuplicate
                                                        : FieldError::Type::kInvalid;
    error.field = rule.field_path.empty() ? At(path).ToString()
                                          : path.Child(absl::StripPrefix(rule.field_path, ".")).ToString();
    if (!value.is_object() && !value.is_array()) {  // large values are not shown
      error.value = value.is_string() ? GoQuote(value.as_string()) : WriteJson(value);
    }
    if (error.type != FieldError::Type::kDuplicate) error.detail = Message(node, compiled, value, old);
    if (!tolerated) {
      errors_.Add(std::move(error));
    } else if (tolerated_ != nullptr) {
      tolerated_->push_back(error.ToString());
    }
  }

  std::string Message(const Node& node, const Compiled& compiled, const Value& value, const Value* old) {
    const Rule& rule = *compiled.rule;
    if (compiled.message != nullptr) {
      const cel::Outcome outcome = Evaluate(*compiled.message, node, compiled, value, old);
      if (outcome.ok() && outcome.value.is(cel::Val::Kind::kString)) {
        const std::string text(absl::StripAsciiWhitespace(outcome.value.text()));
        if (!text.empty() && !absl::StrContains(text, "\n")) return text;
      }
    }
    return rule.message.empty() ? absl::StrCat("failed rule: ", Shown(rule)) : Shown(rule);
  }

  FieldErrors& errors_;
  std::vector<std::string>* const tolerated_;
  uint64_t budget_ = cel::kRuntimeBudget;
  bool spent_ = false;
};

class RulesImpl final : public Rules {
 public:
  explicit RulesImpl(std::unique_ptr<Node> root) : root_(std::move(root)) {}

  void Evaluate(absl::string_view at, const Value& value, const Value* old, FieldErrors* errors,
                std::vector<std::string>* tolerated) const override {
    const Node* node = root_.get();
    if (!at.empty()) {
      const auto found = root_->properties.find(at);
      if (found == root_->properties.end()) return;
      node = found->second.get();
    }
    Evaluator(errors, tolerated).Run(*node, FieldPath(at), value, old, old == nullptr ? Trail() : Trail{&value, old});
  }

  void EvaluateDefault(const FieldPath& path, const Value& value, FieldErrors* errors) const override {
    FieldErrors found;
    for (const Value* old : {&value, static_cast<const Value*>(nullptr)}) {
      if (found.empty()) Evaluator(&found, nullptr).Run(*root_, path, value, old, Trail());
    }
    errors->Append(std::move(found));
  }

 private:
  const std::unique_ptr<Node> root_;
};

}  // namespace

void CheckRules(const Value& props, const FieldPath& path, const FieldErrors& shape, FieldErrors* errors) {
  const absl::StatusOr<Schema> schema = Parse(props);
  if (!schema.ok() || !schema->rules_below) return;
  const std::unique_ptr<Node> root = MakeNode(props, *schema, true);
  Checker checker(shape, errors);
  checker.Run(props, *root, path, 1, "");
  checker.Finish(path);
}

std::shared_ptr<const Rules> Rules::Compile(const Value& props, const Schema& schema, bool root) {
  if (!schema.rules_below) return nullptr;
  return std::make_shared<const RulesImpl>(MakeNode(props, schema, root));
}

}  // namespace apimachinery::structural
