#include "apimachinery/cel/checker.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "apimachinery/cel/function.h"
#include "apimachinery/cel/unify.h"

namespace apimachinery::cel {
namespace {

// (int, string), int.(string): as upstream prints what a function was applied to.
std::string Signature(const std::vector<TypePtr>& args, bool member) {
  std::string out;
  for (size_t i = 0; i < args.size(); ++i) {
    if (member && i == 0) {
      absl::StrAppend(&out, args[0]->ToString(), ".(");
      continue;
    }
    absl::StrAppend(&out, i == 0 ? "(" : i == 1 && member ? "" : ", ", args[i]->ToString());
  }
  if (args.empty()) out += '(';
  return out + ")";
}

TypePtr Unwrapped(const TypePtr& type, bool* optional) {
  *optional = type->IsOptional();
  return *optional ? type->parameter(0) : type;
}

// Names of types are variables of the type of types.
const TypePtr* FindTypeName(absl::string_view name) {
  static const std::map<std::string, TypePtr, std::less<>>& names = *[] {
    auto* made = new std::map<std::string, TypePtr, std::less<>>;
    const TypePtr all[] = {BoolType(), BytesType(), DoubleType(), IntType(), UintType(), StringType(), DurationType(),
                           TimestampType(), ListType(TypeParam("A")), MapType(TypeParam("A"), TypeParam("B")), NullType(),
                           OptionalType(TypeParam("V")), TypeType(nullptr)};
    for (const TypePtr& type : all) (*made)[type->name()] = TypeType(type);
    return made;
  }();
  const auto found = names.find(std::string(name));
  return found == names.end() ? nullptr : &found->second;
}

class Checker {
 public:
  Checker(Ast* ast, const Env& env, Errors* errors) : ast_(*ast), env_(env), errors_(*errors) {}

  void Run() {
    const size_t count = ast_.offsets.size();
    ast_.types.assign(count, nullptr);
    ast_.overloads.assign(count, {});
    ast_.idents.assign(count, "");
    Visit(ast_.root);
    for (TypePtr& type : ast_.types) {
      if (type != nullptr) type = mapping_.Substitute(type, true);
    }
  }

 private:
  int At(const Expr* e) const { return ast_.offsets[e->id]; }
  const TypePtr& TypeOf(const Expr* e) const { return ast_.types[e->id]; }
  void SetType(const Expr* e, TypePtr type) {
    if (type->TooHeavy()) {
      errors_.Add(At(e), "type is too complex");
      type = ErrorType();
    }
    ast_.types[e->id] = std::move(type);
  }
  TypePtr Fresh() { return TypeParam(absl::StrCat("_var", variables_++)); }

  void Mismatch(const Expr* e, const TypePtr& want, const TypePtr& got) {
    errors_.Add(At(e), absl::StrCat("expected type '", want->ToString(), "' but found '", got->ToString(), "'"));
  }
  void Undeclared(const Expr* e, absl::string_view name) {
    errors_.Add(At(e), absl::StrCat("undeclared reference to '", name, "' (in container '')"));
    SetType(e, ErrorType());
  }

  // A variable of the environment or of a comprehension, or a type's name.
  const TypePtr* FindIdent(absl::string_view name) const {
    if (!name.empty() && name[0] == '.') name.remove_prefix(1);
    for (auto it = scope_.rbegin(); it != scope_.rend(); ++it) {
      if (it->first == name) return &it->second;
    }
    if (const TypePtr* type = FindTypeName(name)) return type;
    if (const TypePtr* type = env_.FindVariable(name)) return type;
    // Where there are declared types, these two have a name that no program can be made of.
    if (env_.has_structs() && (name == "duration" || name == "timestamp")) {
      struct_types_.push_back(TypeType(name == "duration" ? DurationType() : TimestampType()));
      return &struct_types_.back();
    }
    if (env_.HasStruct(name)) {
      struct_types_.push_back(TypeType(StructType(name)));
      return &struct_types_.back();
    }
    return nullptr;
  }

  void Visit(Expr* e) {
    switch (e->kind) {
      case ExprKind::kUnspecified: return SetType(e, ErrorType());
      case ExprKind::kLiteral: return SetType(e, e->literal.RuntimeType());
      case ExprKind::kIdent: {
        const TypePtr* type = FindIdent(e->name);
        if (type == nullptr) return Undeclared(e, e->name);
        ast_.idents[e->id] = Plain(e->name);
        return SetType(e, *type);
      }
      case ExprKind::kSelect: return VisitSelect(e);
      case ExprKind::kCall: return VisitCall(e);
      case ExprKind::kList: return VisitList(e);
      case ExprKind::kMap: return VisitMap(e);
      case ExprKind::kStruct: return VisitStruct(e);
      case ExprKind::kComprehension: return VisitComprehension(e);
    }
  }

  static std::string Plain(const std::string& name) { return name.empty() || name[0] != '.' ? name : name.substr(1); }

  void VisitSelect(Expr* e) {
    if (const std::string name = e->test_only ? "" : QualifiedName(*e); !name.empty()) {
      if (const TypePtr* type = FindIdent(name)) {
        ast_.idents[e->id] = Plain(name);
        return SetType(e, *type);
      }
    }
    const TypePtr type = Select(e, e->target, e->name, false);
    SetType(e, e->test_only ? BoolType() : mapping_.Substitute(type, false));
  }

  TypePtr Select(const Expr* e, Expr* operand, const std::string& field, bool optional) {
    Visit(operand);
    const TypePtr operand_type = mapping_.Substitute(TypeOf(operand), false);
    bool wrapped = false;
    const TypePtr target = Unwrapped(operand_type, &wrapped);
    TypePtr result = ErrorType();
    switch (target->kind()) {
      case TypeKind::kMap: result = target->parameter(1); break;
      case TypeKind::kStruct: result = Field(At(e), target->name(), field); break;
      case TypeKind::kTypeParam:
        mapping_.Assignable(DynType(), target);
        result = DynType();
        break;
      default:
        if (!target->IsDynOrError()) {
          errors_.Add(At(e), absl::StrCat("type '", target->ToString(), "' does not support field selection"));
        }
        result = DynType();
    }
    return wrapped || optional ? OptionalType(result) : result;
  }

  TypePtr Field(int offset, absl::string_view type, absl::string_view field) {
    if (!env_.HasStruct(type)) {
      errors_.Add(offset, absl::StrCat("unexpected failed resolution of '", type, "'"));
      return ErrorType();
    }
    if (const TypePtr* found = env_.FindField(type, field)) return *found;
    errors_.Add(offset, absl::StrCat("undefined field '", field, "'"));
    return ErrorType();
  }

  void VisitCall(Expr* e) {
    if (e->name == op::kOptSelect) {
      const TypePtr type = Select(e, e->args[0], std::string(e->args[1]->literal.text()), true);
      SetType(e, mapping_.Substitute(type, false));
      SetType(e->args[1], StringType());
      ast_.overloads[e->id] = {&FindFunction(op::kOptSelect)->overloads.front()};
      return;
    }
    for (Expr* arg : e->args) Visit(arg);
    if (e->target == nullptr) {
      const Function* function = FindFunction(Plain(e->name));
      if (function == nullptr) return Undeclared(e, e->name);
      e->name = function->name;
      return Resolve(e, *function);
    }
    if (const std::string prefix = QualifiedName(*e->target); !prefix.empty()) {
      if (const Function* function = FindFunction(absl::StrCat(Plain(prefix), ".", e->name))) {
        e->target = nullptr;
        e->name = function->name;
        return Resolve(e, *function);
      }
    }
    Visit(e->target);
    const Function* function = FindFunction(e->name);
    if (function == nullptr) return Undeclared(e, e->name);
    Resolve(e, *function);
  }

  void Resolve(Expr* e, const Function& function) {
    std::vector<TypePtr> types;
    if (e->target != nullptr) types.push_back(TypeOf(e->target));
    for (const Expr* arg : e->args) types.push_back(TypeOf(arg));
    if (function.name == op::kAnd || function.name == op::kOr) return ResolveLogic(e, function, types);
    TypePtr result;
    for (const Overload& overload : function.overloads) {
      if (overload.member != (e->target != nullptr)) continue;
      std::vector<TypePtr> wanted = overload.args;
      TypePtr gives = overload.result;
      if (!overload.type_params.empty()) {
        Mapping fresh;
        for (const std::string& parameter : overload.type_params) fresh.Assignable(Fresh(), TypeParam(parameter));
        for (TypePtr& type : wanted) type = fresh.Substitute(type, false);
        gives = fresh.Substitute(gives, false);
      }
      if (!mapping_.Assignable(types, wanted)) continue;
      ast_.overloads[e->id].push_back(&overload);
      gives = mapping_.Substitute(gives, false);
      if (result == nullptr) {
        result = gives;
      } else if (!result->IsDyn() && !Same(*gives, *result)) {
        result = DynType();
      }
    }
    if (result != nullptr) return SetType(e, result);
    for (TypePtr& type : types) type = mapping_.Substitute(type, true);
    errors_.Add(At(e), absl::StrCat("found no matching overload for '", function.name, "' applied to '",
                                    Signature(types, e->target != nullptr), "'"));
    SetType(e, ErrorType());
  }

  void ResolveLogic(Expr* e, const Function& function, const std::vector<TypePtr>& types) {
    bool wrong = false;
    for (size_t i = 0; i < types.size(); ++i) {
      if (mapping_.Assignable(types[i], BoolType())) continue;
      Mismatch(e->args[i], BoolType(), types[i]);
      wrong = true;
    }
    ast_.overloads[e->id] = {&function.overloads.front()};
    SetType(e, wrong ? ErrorType() : BoolType());
  }

  // The type of an element or entry that may be optional.
  TypePtr ElementType(const Expr* e, bool optional) {
    if (!optional) return TypeOf(e);
    bool is_optional = false;
    TypePtr type = Unwrapped(TypeOf(e), &is_optional);
    if (!is_optional && !type->IsDyn()) Mismatch(e, OptionalType(type), type);
    return type;
  }

  // What elements have in common; CheckLiterals insists on one type later.
  TypePtr Join(const TypePtr& previous, const TypePtr& current) {
    if (previous == nullptr) return current;
    return mapping_.Assignable(previous, current) ? MostGeneral(previous, current) : DynType();
  }

  void VisitList(Expr* e) {
    TypePtr element;
    for (size_t i = 0; i < e->args.size(); ++i) {
      Visit(e->args[i]);
      element = Join(element, ElementType(e->args[i], e->Optional(i)));
    }
    SetType(e, ListType(element == nullptr ? Fresh() : element));
  }

  void VisitMap(Expr* e) {
    TypePtr key, value;
    for (size_t i = 0; i < e->entry_ids.size(); ++i) {
      Expr* k = e->args[2 * i];
      Expr* v = e->args[2 * i + 1];
      Visit(k);
      key = Join(key, TypeOf(k));
      Visit(v);
      value = Join(value, ElementType(v, e->Optional(i)));
    }
    SetType(e, MapType(key == nullptr ? Fresh() : key, value == nullptr ? Fresh() : value));
  }

  void VisitStruct(Expr* e) {
    const TypePtr* type = FindIdent(e->name);
    if (type == nullptr) return Undeclared(e, e->name);
    TypePtr result = ErrorType();
    std::string name = Plain(e->name);
    if (!(*type)->Is(TypeKind::kError)) {
      if (!(*type)->Is(TypeKind::kType)) {
        errors_.Add(At(e), absl::StrCat("'", (*type)->ToString(), "' is not a type"));
      } else if ((*type)->parameters().empty() || !(*type)->parameter(0)->Is(TypeKind::kStruct)) {
        errors_.Add(At(e), absl::StrCat("'", (*type)->parameters().empty() ? name : (*type)->parameter(0)->ToString(),
                                        "' is not a message type"));
      } else {
        result = (*type)->parameter(0);
      }
    }
    SetType(e, result);
    for (size_t i = 0; i < e->fields.size(); ++i) {
      Visit(e->args[i]);
      const int offset = ast_.offsets[e->entry_ids[i]];
      const TypePtr field = Field(offset, name, e->fields[i]);
      const TypePtr value = ElementType(e->args[i], e->Optional(i));
      if (!mapping_.Assignable(field, value)) {
        errors_.Add(offset, absl::StrCat("expected type of field '", e->fields[i], "' is '", field->ToString(),
                                         "' but provided type is '", value->ToString(), "'"));
      }
    }
  }

  void VisitComprehension(Expr* e) {
    Visit(e->range);
    Visit(e->init);
    const TypePtr range = mapping_.Substitute(TypeOf(e->range), false);
    const TypePtr accu = TypeOf(e->init);
    const size_t outer = scope_.size();
    scope_.emplace_back(e->accu_var, accu);
    TypePtr first, second;
    switch (range->kind()) {
      case TypeKind::kList:
        first = e->iter_var2.empty() ? range->parameter(0) : IntType();
        second = range->parameter(0);
        break;
      case TypeKind::kMap:
        first = range->parameter(0);
        second = range->parameter(1);
        break;
      case TypeKind::kDyn: case TypeKind::kError: case TypeKind::kTypeParam:
        mapping_.Assignable(DynType(), range);
        first = second = DynType();
        break;
      default:
        errors_.Add(At(e->range), absl::StrCat("expression of type '", range->ToString(),
                                               "' cannot be range of a comprehension (must be list, map, or dynamic)"));
        first = second = ErrorType();
    }
    scope_.emplace_back(e->iter_var, first);
    if (!e->iter_var2.empty()) scope_.emplace_back(e->iter_var2, second);
    Visit(e->condition);
    MustBe(e->condition, BoolType());
    Visit(e->step);
    MustBe(e->step, accu);
    scope_.resize(outer + 1);
    Visit(e->result);
    scope_.resize(outer);
    SetType(e, mapping_.Substitute(TypeOf(e->result), false));
  }

  void MustBe(const Expr* e, const TypePtr& type) {
    if (!mapping_.Assignable(type, TypeOf(e))) Mismatch(e, type, TypeOf(e));
  }

  Ast& ast_;
  const Env& env_;
  Errors& errors_;
  Mapping mapping_;
  std::vector<std::pair<std::string, TypePtr>> scope_;  // innermost last
  mutable std::deque<TypePtr> struct_types_;
  int variables_ = 0;
};

}  // namespace

bool IsTypeName(absl::string_view name) { return FindTypeName(name) != nullptr; }

std::string QualifiedName(const Expr& expr) {
  std::string name;
  for (const Expr* e = &expr;; e = e->target) {
    if (e->kind == ExprKind::kIdent) return name.empty() ? e->name : absl::StrCat(e->name, ".", name);
    if (e->kind != ExprKind::kSelect || e->test_only) return "";
    name = name.empty() ? e->name : absl::StrCat(e->name, ".", name);
  }
}

bool Check(Ast* ast, const Env& env, Errors* errors) {
  Checker(ast, env, errors).Run();
  return errors->empty();
}

}  // namespace apimachinery::cel
