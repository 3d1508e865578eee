// Values that may be missing: optional.of(x), a.?b, list[?0], orValue.
#include "absl/strings/str_cat.h"
#include "apimachinery/cel/ast.h"
#include "apimachinery/cel/function.h"

namespace apimachinery::cel {
namespace {

using Kind = Val::Kind;

Val Of(Args args) { return Val::Some(args[0]); }
Val NoneOf(Args) { return Val::None(); }

bool IsZero(const Val& v) {
  switch (v.kind()) {
    case Kind::kNull: return true;
    case Kind::kBool: return !v.as_bool();
    case Kind::kInt: case Kind::kUint: case Kind::kDuration: return v.as_int() == 0;
    case Kind::kDouble: return v.as_double() == 0;
    case Kind::kString: case Kind::kBytes: return v.text().empty();
    case Kind::kList: return v.list().size() == 0;
    case Kind::kMap: return v.map().size() == 0;
    case Kind::kTimestamp: return v.seconds() == -62135596800 && v.subsecond() == 0;
    default: return false;
  }
}

Val OfNonZero(Args args) { return IsZero(args[0]) ? Val::None() : Val::Some(args[0]); }
Val Value(Args args) { return args[0].has_value() ? args[0].optional_value() : Val::Error("optional.none() dereference"); }
Val HasValue(Args args) { return Val::Bool(args[0].has_value()); }

Val First(Args args) { return args[0].list().size() == 0 ? Val::None() : Val::Some(args[0].list().at(0)); }
Val Last(Args args) {
  const size_t size = args[0].list().size();
  return size == 0 ? Val::None() : Val::Some(args[0].list().at(size - 1));
}

Val Unwrap(Args args) {
  std::vector<Val> out;
  for (size_t i = 0; i < args[0].list().size(); ++i) {
    const Val element = args[0].list().at(i);
    if (!element.is(Kind::kOptional)) return Val::Error(absl::StrCat("value ", GoPrint(element), " is not optional"));
    if (element.has_value()) out.push_back(element.optional_value());
  }
  return Val::ListOf(std::move(out));
}

}  // namespace

absl::Span<const OverloadRow> OptionalFunctions() {
  static constexpr OverloadRow kRows[] = {
      {"optional.of", "optional_of", "(V) -> optional(V)", Of},
      {"optional.ofNonZeroValue", "optional_ofNonZeroValue", "(V) -> optional(V)", OfNonZero},
      {"optional.none", "optional_none", "() -> optional(V)", NoneOf},
      {"value", "optional_value", "optional(V).() -> V", Value},
      {"hasValue", "optional_hasValue", "optional(V).() -> bool", HasValue},
      {"or", "optional_or_optional", "optional(V).(optional(V)) -> optional(V)", nullptr},
      {"orValue", "optional_orValue_value", "optional(V).(V) -> V", nullptr},
      {op::kOptSelect, "select_optional_field", "(dyn, string) -> optional(V)", nullptr},
      {op::kOptIndex, "list_optindex_optional_int", "(list(V), int) -> optional(V)", nullptr},
      {op::kOptIndex, "optional_list_optindex_optional_int", "(optional(list(V)), int) -> optional(V)", nullptr},
      {op::kOptIndex, "map_optindex_optional_value", "(map(K, V), K) -> optional(V)", nullptr},
      {op::kOptIndex, "optional_map_optindex_optional_value", "(optional(map(K, V)), K) -> optional(V)", nullptr},
      {op::kIndex, "optional_list_index_int", "(optional(list(V)), int) -> optional(V)", nullptr},
      {op::kIndex, "optional_map_index_value", "(optional(map(K, V)), K) -> optional(V)", nullptr},
      {"last", "list_last", "list(V).() -> optional(V)", Last},
      {"first", "list_first", "list(V).() -> optional(V)", First},
      {"optional.unwrap", "optional_unwrap", "(list(optional(V))) -> list(V)", Unwrap},
      {"unwrapOpt", "optional_unwrapOpt", "list(optional(V)).() -> list(V)", Unwrap},
  };
  return kRows;
}

}  // namespace apimachinery::cel
