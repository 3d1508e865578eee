// From the checked tree to steps. Constants are folded where upstream folds them: what is folded costs nothing.
#include "absl/strings/str_cat.h"
#include "apimachinery/cel/checker.h"
#include "apimachinery/cel/conversions.h"
#include "apimachinery/cel/regex.h"
#include "apimachinery/cel/steps.h"
#include "apimachinery/cel/values.h"
#include "base/status_macros.h"

namespace apimachinery::cel {
namespace {

using Kind = Val::Kind;

constexpr absl::string_view kConversions[] = {"bool", "bytes", "double", "dyn", "duration", "int", "list", "map",
                                              "null_type", "string", "timestamp", "type", "uint"};

bool IsConversion(absl::string_view function) {
  for (const absl::string_view name : kConversions) {
    if (name == function) return true;
  }
  return false;
}

class Planner {
 public:
  explicit Planner(const Ast& ast) : ast_(ast) {}

  absl::StatusOr<Plan> Run() {
    Plan plan;
    ASSIGN_OR_RETURN(plan.root, Visit(*ast_.root));
    plan.slots = slots_;
    return plan;
  }

 private:
  absl::StatusOr<StepPtr> Visit(const Expr& e) {
    switch (e.kind) {
      case ExprKind::kLiteral: return ConstantStep(e.literal);
      case ExprKind::kIdent: return Name(e);
      case ExprKind::kSelect: return Select(e);
      case ExprKind::kCall: return Call(e);
      case ExprKind::kList: return List(e);
      case ExprKind::kMap: return Map(e);
      case ExprKind::kComprehension: return Fold(e);
      case ExprKind::kStruct: return absl::FailedPreconditionError(absl::StrCat("unknown type: ", e.name));
      case ExprKind::kUnspecified: break;
    }
    return absl::FailedPreconditionError("unspecified expression");
  }

  absl::StatusOr<StepPtr> Name(const Expr& e) {
    const std::string& name = ast_.idents[e.id];
    // Upstream takes whatever is of the type of types for the name of one.
    const TypePtr& type = ast_.types[e.id];
    if (type->Is(TypeKind::kType)) {
      if (!IsTypeName(name)) return absl::FailedPreconditionError(absl::StrCat("reference to undefined type: ", name));
      if (!type->parameters().empty()) return ConstantStep(Val::OfType(type->parameter(0)));
    }
    for (auto it = scope_.rbegin(); it != scope_.rend(); ++it) {
      if (it->first == name) return StepPtr(std::make_unique<AttributeStep>(Attribute::OfLocal(it->second)));
    }
    return StepPtr(std::make_unique<AttributeStep>(Attribute::OfVariable(name)));
  }

  // The attribute that a step is, or one around it.
  static std::shared_ptr<Attribute> AttributeOf(StepPtr step) {
    if (const auto* attribute = dynamic_cast<const AttributeStep*>(step.get())) return attribute->attribute();
    return Attribute::OfStep(std::move(step));
  }

  absl::StatusOr<StepPtr> Select(const Expr& e) {
    if (!ast_.idents[e.id].empty()) return Name(e);
    ASSIGN_OR_RETURN(StepPtr operand, Visit(*e.target));
    std::shared_ptr<Attribute> attribute = AttributeOf(std::move(operand));
    if (attribute->is_test()) attribute = Attribute::OfStep(std::make_unique<AttributeStep>(attribute));
    auto qualifier = std::make_shared<Attribute::Qualifier>();
    qualifier->key = Val::String(e.name);
    qualifier->test_only = e.test_only;
    attribute->Add(std::move(qualifier));
    return std::make_unique<AttributeStep>(std::move(attribute));
  }

  absl::StatusOr<StepPtr> Index(StepPtr operand, StepPtr index, bool optional) {
    std::shared_ptr<Attribute> attribute = AttributeOf(std::move(operand));
    if (attribute->is_test()) attribute = Attribute::OfStep(std::make_unique<AttributeStep>(attribute));
    auto qualifier = std::make_shared<Attribute::Qualifier>();
    qualifier->optional = optional;
    if (const Val* key = index->constant()) {
      qualifier->key = *key;
      if (std::string problem = QualifierProblem(*key); !problem.empty()) return absl::FailedPreconditionError(problem);
    } else if (const auto* of = dynamic_cast<const AttributeStep*>(index.get()); of != nullptr && !of->attribute()->is_test()) {
      qualifier->attribute = of->attribute();
    } else {
      qualifier->step = std::move(index);
    }
    attribute->Add(std::move(qualifier));
    return StepPtr(std::make_unique<AttributeStep>(std::move(attribute)));
  }

  absl::StatusOr<StepPtr> Call(const Expr& e) {
    std::vector<StepPtr> args;
    if (e.target != nullptr) {
      ASSIGN_OR_RETURN(StepPtr target, Visit(*e.target));
      args.push_back(std::move(target));
    }
    for (const Expr* arg : e.args) {
      ASSIGN_OR_RETURN(StepPtr step, Visit(*arg));
      args.push_back(std::move(step));
    }
    const std::string& name = e.name;
    if (name == op::kAnd || name == op::kOr) return LogicStep(name == op::kOr, std::move(args[0]), std::move(args[1]));
    if (name == op::kEquals || name == op::kNotEquals) {
      return EqualityStep(name == op::kNotEquals, std::move(args[0]), std::move(args[1]));
    }
    if (name == op::kConditional) {
      auto yes = AttributeOf(std::move(args[1])), no = AttributeOf(std::move(args[2]));
      return std::make_unique<AttributeStep>(Attribute::Conditional(std::move(args[0]), Whole(std::move(yes)), Whole(std::move(no))));
    }
    if (name == op::kIndex || name == op::kOptIndex || name == op::kOptSelect) {
      return Index(std::move(args[0]), std::move(args[1]), name != op::kIndex);
    }
    const std::vector<const Overload*>& candidates = ast_.overloads[e.id];
    const Overload* overload = candidates.size() == 1 ? candidates[0] : nullptr;
    if (e.target != nullptr && args.size() == 2 && (name == "or" || name == "orValue")) {
      return OrElseStep(name == "orValue", std::move(args[0]), std::move(args[1]));
    }
    if (overload != nullptr && overload->id == "in_list") {
      if (const Val* list = args[1]->constant(); list != nullptr && Hashable(*list)) {
        if (list->list().size() == 0) return ConstantStep(Val::Bool(false));
        return MembershipStep(std::move(args[0]), *list);
      }
    }
    if (name == "find" || name == "findAll" || name == "matches") RETURN_IF_ERROR(CheckPattern(*args[1]));
    const bool folds = args.size() == 1 && args[0]->constant() != nullptr && IsConversion(name);
    const Function& function = *FindFunction(name);
    StepPtr call = CallStep(function, overload, e.target != nullptr, std::move(args));
    if (!folds) return call;
    Frame frame([](absl::string_view, Val*) { return false; }, UINT64_MAX, 0);
    Val value = call->Eval(frame);
    if (value.is_error()) return absl::FailedPreconditionError(value.text());
    return ConstantStep(std::move(value));
  }

  // A branch is resolved, not evaluated; has() in it must stay a test of its own.
  static std::shared_ptr<Attribute> Whole(std::shared_ptr<Attribute> attribute) {
    if (!attribute->is_test()) return attribute;
    return Attribute::OfStep(std::make_unique<AttributeStep>(std::move(attribute)));
  }

  static bool Hashable(const Val& list) {
    if (!list.is(Kind::kList)) return false;
    for (size_t i = 0; i < list.list().size(); ++i) {
      const Val element = list.list().at(i);
      if (element.is(Kind::kNull) || KeyOf(element).empty()) return false;
    }
    return true;
  }

  static absl::Status CheckPattern(const Step& pattern) {
    const Val* text = pattern.constant();
    std::string error;
    if (text == nullptr || !text->is(Kind::kString) || CompileRegex(text->text(), &error) != nullptr) return absl::OkStatus();
    return absl::FailedPreconditionError(error);
  }

  absl::StatusOr<StepPtr> Folded(StepPtr step, const std::vector<const Val*>& parts) {
    for (const Val* part : parts) {
      if (part == nullptr) return step;
    }
    Frame frame([](absl::string_view, Val*) { return false; }, UINT64_MAX, 0);
    return ConstantStep(step->Eval(frame));
  }

  absl::StatusOr<StepPtr> List(const Expr& e) {
    std::vector<StepPtr> elements;
    std::vector<const Val*> constants;
    for (const Expr* arg : e.args) {
      ASSIGN_OR_RETURN(StepPtr element, Visit(*arg));
      constants.push_back(element->constant());
      elements.push_back(std::move(element));
    }
    return Folded(ListStep(std::move(elements), e.optional), constants);
  }

  absl::StatusOr<StepPtr> Map(const Expr& e) {
    std::vector<StepPtr> parts;
    std::vector<const Val*> constants;
    for (const Expr* arg : e.args) {
      ASSIGN_OR_RETURN(StepPtr part, Visit(*arg));
      constants.push_back(part->constant());
      parts.push_back(std::move(part));
    }
    return Folded(MapStep(std::move(parts), e.optional), constants);
  }

  absl::StatusOr<StepPtr> Fold(const Expr& e) {
    FoldParts parts;
    ASSIGN_OR_RETURN(parts.init, Visit(*e.init));
    ASSIGN_OR_RETURN(parts.range, Visit(*e.range));
    const size_t outer = scope_.size();
    parts.accu = slots_++;
    scope_.emplace_back(e.accu_var, parts.accu);
    parts.first = slots_++;
    scope_.emplace_back(e.iter_var, parts.first);
    parts.two = !e.iter_var2.empty();
    if (parts.two) {
      parts.second = slots_++;
      scope_.emplace_back(e.iter_var2, parts.second);
    }
    ASSIGN_OR_RETURN(parts.condition, Visit(*e.condition));
    ASSIGN_OR_RETURN(parts.step, Visit(*e.step));
    scope_.resize(outer + 1);
    ASSIGN_OR_RETURN(parts.result, Visit(*e.result));
    scope_.resize(outer);
    return FoldStep(std::move(parts));
  }

  const Ast& ast_;
  std::vector<std::pair<std::string, size_t>> scope_;  // innermost last
  size_t slots_ = 0;
};

}  // namespace

absl::StatusOr<Plan> MakePlan(const Ast& ast) { return Planner(ast).Run(); }

}  // namespace apimachinery::cel
