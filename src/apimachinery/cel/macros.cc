#include "apimachinery/cel/macros.h"

#include "absl/strings/str_cat.h"

namespace apimachinery::cel {
namespace {

constexpr char kOldAccumulator[] = "__result__";
constexpr char kUnusedVariable[] = "#unused";
constexpr size_t kMaxNodes = 1'000'000;  // macros that copy their target can multiply

// Builds nodes at the place of the macro's call.
class Builder {
 public:
  Builder(Ast* ast, Errors* errors, int offset) : ast_(ast), errors_(errors), offset_(offset) {}

  Expr* Literal(Val value) {
    Expr* e = New(ExprKind::kLiteral);
    e->literal = std::move(value);
    return e;
  }
  Expr* Ident(absl::string_view name) {
    Expr* e = New(ExprKind::kIdent);
    e->name = std::string(name);
    return e;
  }
  Expr* Accu() { return Ident(kAccumulator); }
  Expr* List(std::vector<Expr*> elements = {}) {
    Expr* e = New(ExprKind::kList);
    e->args = std::move(elements);
    return e;
  }
  Expr* EmptyMap() { return New(ExprKind::kMap); }
  Expr* Call(absl::string_view function, std::vector<Expr*> args, Expr* target = nullptr) {
    Expr* e = New(ExprKind::kCall);
    e->name = std::string(function);
    e->args = std::move(args);
    e->target = target;
    return e;
  }
  Expr* Fold(Expr* range, absl::string_view var, absl::string_view var2, absl::string_view accu, Expr* init,
             Expr* condition, Expr* step, Expr* result) {
    Expr* e = New(ExprKind::kComprehension);
    e->range = range;
    e->iter_var = std::string(var);
    e->iter_var2 = std::string(var2);
    e->accu_var = std::string(accu);
    e->init = init;
    e->condition = condition;
    e->step = step;
    e->result = result;
    return e;
  }
  Expr* New(ExprKind kind) { return ast_->New(kind, offset_); }

  Expr* Copy(const Expr* from) {
    if (ast_->nodes.size() > kMaxNodes) return New(ExprKind::kUnspecified);
    Expr* e = ast_->New(from->kind, ast_->offsets[from->id]);
    const int id = e->id;
    *e = *from;
    e->id = id;
    for (Expr** child : {&e->target, &e->range, &e->init, &e->condition, &e->step, &e->result}) {
      if (*child != nullptr) *child = Copy(*child);
    }
    for (Expr*& arg : e->args) arg = Copy(arg);
    for (int& entry : e->entry_ids) entry = ast_->NewId(ast_->offsets[entry]);
    return e;
  }

  Expr* Fail(const Expr* where, std::string message) {
    const int offset = ast_->offsets[where->id];
    errors_->Add(offset, std::move(message));
    return ast_->New(ExprKind::kUnspecified, offset);
  }

  // Reports and answers false when the argument cannot be a variable.
  bool Variable(const Expr* arg, absl::string_view otherwise, Expr** failed) {
    if (arg->kind != ExprKind::kIdent) {
      *failed = Fail(arg, std::string(otherwise));
      return false;
    }
    if (arg->name == kAccumulator || arg->name == kOldAccumulator) {
      *failed = Fail(arg, "iteration variable overwrites accumulator variable");
      return false;
    }
    return true;
  }

 private:
  Ast* ast_;
  Errors* errors_;
  const int offset_;
};

struct Use {  // of a macro
  Expr* target;
  std::vector<Expr*> args;
};

using Expander = Expr* (*)(Builder&, Use&);

Expr* Has(Builder& b, Use& use) {
  const Expr* arg = use.args[0];
  if (arg->kind != ExprKind::kSelect || arg->test_only) return b.Fail(arg, "invalid argument to has() macro");
  Expr* test = b.New(ExprKind::kSelect);
  test->target = arg->target;
  test->name = arg->name;
  test->test_only = true;
  return test;
}

enum class Quantifier { kAll, kExists, kExistsOne };

// One or two variables before the predicate.
Expr* Quantify(Builder& b, Use& use, Quantifier what, absl::string_view var, absl::string_view var2, Expr* predicate) {
  switch (what) {
    case Quantifier::kAll: {
      Expr* init = b.Literal(Val::Bool(true));
      Expr* condition = b.Call(op::kNotStrictlyFalse, {b.Accu()});
      Expr* step = b.Call(op::kAnd, {b.Accu(), predicate});
      return b.Fold(use.target, var, var2, kAccumulator, init, condition, step, b.Accu());
    }
    case Quantifier::kExists: {
      Expr* init = b.Literal(Val::Bool(false));
      Expr* condition = b.Call(op::kNotStrictlyFalse, {b.Call(op::kNot, {b.Accu()})});
      Expr* step = b.Call(op::kOr, {b.Accu(), predicate});
      return b.Fold(use.target, var, var2, kAccumulator, init, condition, step, b.Accu());
    }
    case Quantifier::kExistsOne:
      break;
  }
  Expr* init = b.Literal(Val::Int(0));
  Expr* condition = b.Literal(Val::Bool(true));
  Expr* next = b.Call(op::kAdd, {b.Accu(), b.Literal(Val::Int(1))});
  Expr* step = b.Call(op::kConditional, {predicate, next, b.Accu()});
  Expr* result = b.Call(op::kEquals, {b.Accu(), b.Literal(Val::Int(1))});
  return b.Fold(use.target, var, var2, kAccumulator, init, condition, step, result);
}

template <Quantifier kWhat>
Expr* QuantifyOne(Builder& b, Use& use) {
  Expr* failed = nullptr;
  if (!b.Variable(use.args[0], "argument must be a simple name", &failed)) return failed;
  return Quantify(b, use, kWhat, use.args[0]->name, "", use.args[1]);
}

// The two variables of a comprehension; nullptr when they are fit.
Expr* TwoVariables(Builder& b, Use& use) {
  for (int i : {0, 1}) {
    if (use.args[i]->kind != ExprKind::kIdent) return b.Fail(use.args[i], "argument must be a simple name");
  }
  if (use.args[0]->name == use.args[1]->name) {
    return b.Fail(use.args[1], absl::StrCat("duplicate variable name: ", use.args[0]->name));
  }
  Expr* failed = nullptr;
  for (int i : {0, 1}) {
    if (!b.Variable(use.args[i], "", &failed)) return failed;
  }
  return nullptr;
}

template <Quantifier kWhat>
Expr* QuantifyTwo(Builder& b, Use& use) {
  if (Expr* failed = TwoVariables(b, use)) return failed;
  return Quantify(b, use, kWhat, use.args[0]->name, use.args[1]->name, use.args[2]);
}

Expr* Filtered(Builder& b, Expr* filter, Expr* step) {
  return filter == nullptr ? step : b.Call(op::kConditional, {filter, step, b.Accu()});
}

Expr* Map(Builder& b, Use& use) {
  Expr* failed = nullptr;
  if (!b.Variable(use.args[0], "argument is not an identifier", &failed)) return failed;
  Expr* init = b.List();
  Expr* condition = b.Literal(Val::Bool(true));
  Expr* step = b.Call(op::kAdd, {b.Accu(), b.List({use.args.back()})});
  step = Filtered(b, use.args.size() == 3 ? use.args[1] : nullptr, step);
  return b.Fold(use.target, use.args[0]->name, "", kAccumulator, init, condition, step, b.Accu());
}

Expr* Filter(Builder& b, Use& use) {
  Expr* failed = nullptr;
  if (!b.Variable(use.args[0], "argument is not an identifier", &failed)) return failed;
  Expr* init = b.List();
  Expr* condition = b.Literal(Val::Bool(true));
  Expr* step = b.Call(op::kAdd, {b.Accu(), b.List({use.args[0]})});
  step = Filtered(b, use.args[1], step);
  return b.Fold(use.target, use.args[0]->name, "", kAccumulator, init, condition, step, b.Accu());
}

Expr* TransformList(Builder& b, Use& use) {
  if (Expr* failed = TwoVariables(b, use)) return failed;
  Expr* step = b.Call(op::kAdd, {b.Accu(), b.List({use.args.back()})});
  step = Filtered(b, use.args.size() == 4 ? use.args[2] : nullptr, step);
  return b.Fold(use.target, use.args[0]->name, use.args[1]->name, kAccumulator, b.List(), b.Literal(Val::Bool(true)),
                step, b.Accu());
}

Expr* TransformMap(Builder& b, Use& use) {
  if (Expr* failed = TwoVariables(b, use)) return failed;
  Expr* step = b.Call("cel.@mapInsert", {b.Accu(), b.Ident(use.args[0]->name), use.args.back()});
  step = Filtered(b, use.args.size() == 4 ? use.args[2] : nullptr, step);
  return b.Fold(use.target, use.args[0]->name, use.args[1]->name, kAccumulator, b.EmptyMap(),
                b.Literal(Val::Bool(true)), step, b.Accu());
}

Expr* TransformMapEntry(Builder& b, Use& use) {
  if (Expr* failed = TwoVariables(b, use)) return failed;
  Expr* step = b.Call("cel.@mapInsert", {b.Accu(), use.args.back()});
  step = Filtered(b, use.args.size() == 4 ? use.args[2] : nullptr, step);
  return b.Fold(use.target, use.args[0]->name, use.args[1]->name, kAccumulator, b.EmptyMap(),
                b.Literal(Val::Bool(true)), step, b.Accu());
}

// The value of an optional bound to a name, for one expression.
Expr* BindValue(Builder& b, Use& use) {
  const std::string& name = use.args[0]->name;
  return b.Fold(b.List(), kUnusedVariable, "", name, b.Call("value", {}, b.Copy(use.target)),
                b.Literal(Val::Bool(false)), b.Ident(name), use.args[1]);
}

Expr* OptMap(Builder& b, Use& use) {
  if (use.args[0]->kind != ExprKind::kIdent) {
    return b.Fail(use.args[0], "optMap() variable name must be a simple identifier");
  }
  return b.Call(op::kConditional, {b.Call("hasValue", {}, use.target), b.Call("optional.of", {BindValue(b, use)}),
                                   b.Call("optional.none", {})});
}

Expr* OptFlatMap(Builder& b, Use& use) {
  if (use.args[0]->kind != ExprKind::kIdent) {
    return b.Fail(use.args[0], "optFlatMap() variable name must be a simple identifier");
  }
  return b.Call(op::kConditional,
                {b.Call("hasValue", {}, use.target), BindValue(b, use), b.Call("optional.none", {})});
}

// list.sortBy(e, key): the keys are computed first, the list is bound so that it is evaluated once.
Expr* SortBy(Builder& b, Use& use) {
  constexpr char kInput[] = "@__sortBy_input__";
  switch (use.target->kind) {
    case ExprKind::kSelect: case ExprKind::kList: case ExprKind::kIdent: case ExprKind::kComprehension: case ExprKind::kCall:
      break;
    default:
      return b.Fail(use.target,
                    "sortBy can only be applied to a list, identifier, comprehension, call or select expression");
  }
  Use keys{b.Ident(kInput), use.args};
  Expr* mapped = Map(b, keys);
  if (mapped->kind != ExprKind::kComprehension) return mapped;
  Expr* sorted = b.Call("@sortByAssociatedKeys", {mapped}, b.Ident(kInput));
  return b.Fold(b.List(), kUnusedVariable, "", kInput, use.target, b.Literal(Val::Bool(false)), b.Ident(kInput), sorted);
}

Expr* Bind(Builder& b, Use& use) {
  if (use.args[0]->kind != ExprKind::kIdent) {
    return b.Fail(use.args[0], "cel.bind() variable names must be simple identifiers");
  }
  const std::string& name = use.args[0]->name;
  return b.Fold(b.List(), kUnusedVariable, "", name, use.args[1], b.Literal(Val::Bool(false)), b.Ident(name), use.args[2]);
}

struct Macro {
  absl::string_view name;
  size_t args;
  bool receiver;
  Expander expand;
};

constexpr Macro kMacros[] = {
    {"has", 1, false, Has},
    {"all", 2, true, QuantifyOne<Quantifier::kAll>},
    {"all", 3, true, QuantifyTwo<Quantifier::kAll>},
    {"exists", 2, true, QuantifyOne<Quantifier::kExists>},
    {"exists", 3, true, QuantifyTwo<Quantifier::kExists>},
    {"exists_one", 2, true, QuantifyOne<Quantifier::kExistsOne>},
    {"exists_one", 3, true, QuantifyTwo<Quantifier::kExistsOne>},
    {"existsOne", 3, true, QuantifyTwo<Quantifier::kExistsOne>},
    {"map", 2, true, Map},
    {"map", 3, true, Map},
    {"filter", 2, true, Filter},
    {"transformList", 3, true, TransformList},
    {"transformList", 4, true, TransformList},
    {"transformMap", 3, true, TransformMap},
    {"transformMap", 4, true, TransformMap},
    {"transformMapEntry", 3, true, TransformMapEntry},
    {"transformMapEntry", 4, true, TransformMapEntry},
    {"optMap", 2, true, OptMap},
    {"optFlatMap", 2, true, OptFlatMap},
    {"sortBy", 2, true, SortBy},
};

}  // namespace

Expr* ExpandMacro(Ast* ast, Errors* errors, absl::string_view name, Expr* target, std::vector<Expr*> args, int offset) {
  const bool in_cel = ast->bindings && target != nullptr && target->kind == ExprKind::kIdent && target->name == "cel";
  if (in_cel && name == "bind" && args.size() == 3) {
    Builder builder(ast, errors, offset);
    Use use{target, std::move(args)};
    return Bind(builder, use);
  }
  for (const Macro& macro : kMacros) {
    if (macro.name != name || macro.args != args.size() || macro.receiver != (target != nullptr)) continue;
    Builder builder(ast, errors, offset);
    Use use{target, std::move(args)};
    Expr* out = macro.expand(builder, use);
    if (ast->nodes.size() > kMaxNodes) errors->Add(kNowhere, "expression recursion limit exceeded: 250");
    return out;
  }
  return nullptr;
}

}  // namespace apimachinery::cel
