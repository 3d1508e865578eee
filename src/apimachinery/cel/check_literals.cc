// What can be told of constants before anything runs.
#include "absl/strings/str_cat.h"
#include "apimachinery/cel/checker.h"
#include "apimachinery/cel/conversions.h"
#include "apimachinery/cel/format_string.h"
#include "apimachinery/cel/regex.h"

namespace apimachinery::cel {
namespace {

using Kind = Val::Kind;

class LiteralChecker {
 public:
  LiteralChecker(const Ast& ast, Errors* errors) : ast_(ast), errors_(*errors) {}

  void Run() {
    // Upstream runs one check after the other over the whole tree.
    Walk(*ast_.root, [&](const Expr& e) { Argument(e, "duration", [](const Val& v) {
        return v.is(Kind::kString) && !ToDuration(v).is_error();  // numbers are refused too
      }); });
    Walk(*ast_.root, [&](const Expr& e) { Argument(e, "timestamp", [](const Val& v) { return !ToTimestamp(v).is_error(); }); });
    Walk(*ast_.root, [&](const Expr& e) {
      Argument(e, "matches", [](const Val& v) {
        std::string error;
        return v.is(Kind::kString) && CompileRegex(v.text(), &error) != nullptr;
      });
    });
    Homogeneous(*ast_.root, false);
    Walk(*ast_.root, [&](const Expr& e) { Format(e); });
  }

 private:
  template <typename Visit>
  void Walk(const Expr& e, Visit visit) {
    visit(e);
    for (const Expr* child : {e.target, e.range, e.init, e.condition, e.step, e.result}) {
      if (child != nullptr) Walk(*child, visit);
    }
    for (const Expr* arg : e.args) Walk(*arg, visit);
  }

  int At(const Expr& e) const { return ast_.offsets[e.id]; }

  template <typename Valid>
  void Argument(const Expr& e, absl::string_view function, Valid valid) {
    if (e.kind != ExprKind::kCall || e.name != function || e.args.empty()) return;
    const Expr& literal = *e.args[0];
    if (literal.kind != ExprKind::kLiteral || valid(literal.literal)) return;
    errors_.Add(At(literal), absl::StrCat("invalid ", function, " argument"));
  }

  // Lists and maps hold one type; arguments of format() are free.
  void Homogeneous(const Expr& e, bool exempt) {
    exempt = exempt || (e.kind == ExprKind::kCall && e.name == "format");
    if (!exempt && e.kind == ExprKind::kList) Elements(e);
    if (!exempt && e.kind == ExprKind::kMap) Entries(e);
    for (const Expr* child : {e.target, e.range, e.init, e.condition, e.step, e.result}) {
      if (child != nullptr) Homogeneous(*child, exempt);
    }
    for (const Expr* arg : e.args) Homogeneous(*arg, exempt);
  }

  // False: reported. The first element's type is what the others are measured by.
  bool Fits(const Expr& e, bool optional, TypePtr* first) {
    TypePtr type = ast_.types[e.id];
    if (optional && !type->parameters().empty()) type = type->parameter(0);
    if (*first == nullptr) *first = type;
    if (Same(**first, *type)) return true;
    errors_.Add(At(e), absl::StrCat("expected type '", (*first)->ToString(), "' but found '", type->ToString(), "'"));
    return false;
  }

  void Entries(const Expr& e) {
    TypePtr key, value;
    for (size_t i = 0; i < e.entry_ids.size(); ++i) {
      Fits(*e.args[2 * i], false, &key);
      Fits(*e.args[2 * i + 1], e.Optional(i), &value);
    }
  }

  void Elements(const Expr& e) {
    TypePtr first;
    for (size_t i = 0; i < e.args.size(); ++i) {
      if (!Fits(*e.args[i], e.Optional(i), &first)) return;
    }
  }

  void Format(const Expr& e) {
    if (e.kind != ExprKind::kCall || e.name != "format" || e.target == nullptr || e.args.size() != 1) return;
    if (e.target->kind != ExprKind::kLiteral || !e.target->literal.is(Kind::kString) || e.args[0]->kind != ExprKind::kList) return;
    const std::vector<Expr*>& args = e.args[0]->args;
    size_t used = 0;
    const Expr* where = &e;
    const std::string problem = WalkFormat(
        e.target->literal.text(), args.size(),
        [&](size_t index, const FormatClause& clause) {
          ++used;
          std::string misfit = Misfit(*args[index], clause.verb, &where);
          return misfit;
        },
        [](absl::string_view) {});
    if (!problem.empty()) {
      errors_.Add(At(*where), problem);
    } else if (args.size() > used) {
      errors_.Add(At(e), absl::StrCat("too many arguments supplied to string.format (expected ", used, ", got ", args.size(), ")"));
    }
  }

  std::string Misfit(const Expr& arg, char verb, const Expr** where) {
    const Type& type = *ast_.types[arg.id];
    bool fits = type.Is(TypeKind::kDyn);
    const auto any = [&](std::initializer_list<TypeKind> kinds) {
      for (const TypeKind kind : kinds) fits = fits || type.Is(kind);
    };
    switch (verb) {
      case 'd': case 'o': any({TypeKind::kInt, TypeKind::kUint}); break;
      case 'f': case 'e': any({TypeKind::kDouble, TypeKind::kString}); break;
      case 'b': any({TypeKind::kInt, TypeKind::kUint, TypeKind::kBool}); break;
      case 'x': case 'X': any({TypeKind::kInt, TypeKind::kUint, TypeKind::kString, TypeKind::kBytes}); break;
      default:
        any({TypeKind::kList, TypeKind::kMap, TypeKind::kInt, TypeKind::kUint, TypeKind::kDouble, TypeKind::kBool,
             TypeKind::kString, TypeKind::kTimestamp, TypeKind::kBytes, TypeKind::kDuration, TypeKind::kType, TypeKind::kNull});
        if (fits && (arg.kind == ExprKind::kList || arg.kind == ExprKind::kMap)) {
          for (const Expr* inner : arg.args) {
            if (std::string misfit = Misfit(*inner, verb, where); !misfit.empty()) return misfit;
          }
        }
    }
    if (fits) return "";
    *where = &arg;
    return FormatMisfit(verb, type.name());
  }

  const Ast& ast_;
  Errors& errors_;
};

}  // namespace

bool CheckLiterals(const Ast& ast, Errors* errors) {
  LiteralChecker(ast, errors).Run();
  return errors->empty();
}

}  // namespace apimachinery::cel
