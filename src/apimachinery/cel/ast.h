// The tree of an expression. Owned by its Ast; nodes point to each other, never up.
#pragma once
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "apimachinery/cel/source.h"
#include "apimachinery/cel/type.h"
#include "apimachinery/cel/val.h"

namespace apimachinery::cel {

struct Overload;

enum class ExprKind : uint8_t { kUnspecified, kLiteral, kIdent, kSelect, kCall, kList, kMap, kStruct, kComprehension };

struct Expr {
  int id = 0;
  ExprKind kind = ExprKind::kUnspecified;
  Val literal;
  std::string name;         // identifier, field, function, type of a struct
  Expr* target = nullptr;   // operand of a select; receiver of a call, or nullptr
  bool test_only = false;   // select: has(target.name)
  std::vector<Expr*> args;  // arguments, elements; key and value by turns; values of struct fields
  std::vector<std::string> fields;  // kStruct
  std::vector<int> entry_ids;       // kMap, kStruct
  std::vector<bool> optional;       // of elements and entries; empty when none is
  // kComprehension: for iter_var[, iter_var2] in range: while condition: accu = step; then result
  std::string iter_var, iter_var2, accu_var;
  Expr *range = nullptr, *init = nullptr, *condition = nullptr, *step = nullptr, *result = nullptr;

  bool Optional(size_t i) const { return i < optional.size() && optional[i]; }
};

// What the parser made and the checker found out. Ids start at 1.
struct Ast {
  explicit Ast(absl::string_view text) : source(text) {}

  Source source;
  bool bindings = false;  // the macro cel.bind is known
  std::deque<Expr> nodes;
  Expr* root = nullptr;
  std::vector<int> offsets{kNowhere};                    // by id
  std::vector<TypePtr> types;                            // by id
  std::vector<std::vector<const Overload*>> overloads;   // by id: candidates of a call; empty: none
  std::vector<std::string> idents;                       // by id: the variable a node stands for

  int NewId(int offset) {
    offsets.push_back(offset);
    return static_cast<int>(offsets.size()) - 1;
  }
  Expr* New(ExprKind kind, int offset) {
    nodes.emplace_back();
    nodes.back().id = NewId(offset);
    nodes.back().kind = kind;
    return &nodes.back();
  }
};

// a.b.c as "a.b.c"; "" for anything else.
std::string QualifiedName(const Expr& expr);

// Names of the operators, as functions.
namespace op {
constexpr char kConditional[] = "_?_:_", kAnd[] = "_&&_", kOr[] = "_||_", kNot[] = "!_", kEquals[] = "_==_",
               kNotEquals[] = "_!=_", kLess[] = "_<_", kLessEquals[] = "_<=_", kGreater[] = "_>_",
               kGreaterEquals[] = "_>=_", kIn[] = "@in", kAdd[] = "_+_", kSubtract[] = "_-_", kMultiply[] = "_*_",
               kDivide[] = "_/_", kModulo[] = "_%_", kNegate[] = "-_", kIndex[] = "_[_]", kOptIndex[] = "_[?_]",
               kOptSelect[] = "_?._", kNotStrictlyFalse[] = "@not_strictly_false";
}  // namespace op

constexpr char kAccumulator[] = "@result";  // no name a user can write

}  // namespace apimachinery::cel
