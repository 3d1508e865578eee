// Arithmetic, comparison, membership: one body an operator, decided by the values it meets.
#include <cmath>

#include "absl/strings/str_cat.h"
#include "apimachinery/cel/ast.h"
#include "apimachinery/cel/conversions.h"
#include "apimachinery/cel/function.h"

namespace apimachinery::cel {
namespace {

using Kind = Val::Kind;

constexpr char kNone[] = "no such overload";
constexpr char kDurationOverflow[] = "duration overflow", kIntOverflow[] = "integer overflow",
               kUintOverflow[] = "unsigned integer overflow";
constexpr int64_t kNanos = 1'000'000'000;

// `operation` is a __builtin_*_overflow on two numbers.
#define SKIFF_CEL_CHECKED(TYPE, OPERATION, A, B, MAKE, OVERFLOW) \
  [&] {                                                          \
    TYPE result = 0;                                             \
    const bool overflows = OPERATION(A, B, &result);             \
    return overflows ? Val::Error(OVERFLOW) : MAKE(result);      \
  }()

Val Shift(const Val& time, const Val& by, bool back) {
  __int128 total = static_cast<__int128>(time.seconds()) * kNanos + time.subsecond();
  total += back ? -static_cast<__int128>(by.nanoseconds()) : static_cast<__int128>(by.nanoseconds());
  __int128 seconds = total / kNanos, rest = total % kNanos;
  if (rest < 0) {
    rest += kNanos;
    --seconds;
  }
  return CheckedTimestamp(static_cast<int64_t>(seconds), static_cast<int32_t>(rest), time.zone_offset());
}

Val Unfit(absl::string_view function, const Val& a) {
  if (a.is_error()) return a;
  // Upstream asks some types once more by another way, which has no name to give.
  if (a.is(Kind::kString) || a.is(Kind::kDuration) || a.is(Kind::kTimestamp)) return Val::Error(kNone);
  return Val::Error(absl::StrCat("no such overload: ", function));
}

Val Add(Args args) {
  const Val &a = args[0], &b = args[1];
  switch (a.kind()) {
    case Kind::kInt:
      if (!b.is(Kind::kInt)) return Val::Error(kNone);
      return SKIFF_CEL_CHECKED(int64_t, __builtin_add_overflow, a.as_int(), b.as_int(), Val::Int, kIntOverflow);
    case Kind::kUint:
      if (!b.is(Kind::kUint)) return Val::Error(kNone);
      return SKIFF_CEL_CHECKED(uint64_t, __builtin_add_overflow, a.as_uint(), b.as_uint(), Val::Uint, kUintOverflow);
    case Kind::kDouble: return b.is(Kind::kDouble) ? Val::Double(a.as_double() + b.as_double()) : Val::Error(kNone);
    case Kind::kString: return b.is(Kind::kString) ? Val::String(absl::StrCat(a.text(), b.text())) : Val::Error(kNone);
    case Kind::kBytes: return b.is(Kind::kBytes) ? Val::Bytes(absl::StrCat(a.text(), b.text())) : Val::Error(kNone);
    case Kind::kDuration:
      if (b.is(Kind::kTimestamp)) return Shift(b, a, false);
      if (!b.is(Kind::kDuration)) return Val::Error(kNone);
      return SKIFF_CEL_CHECKED(int64_t, __builtin_add_overflow, a.nanoseconds(), b.nanoseconds(), Val::Duration, kDurationOverflow);
    case Kind::kTimestamp: return b.is(Kind::kDuration) ? Shift(a, b, false) : Val::Error(kNone);
    case Kind::kList: return b.is(Kind::kList) ? a.list().Plus(b.list()) : Val::Error(kNone);
    default: return Unfit(op::kAdd, a);
  }
}

Val Subtract(Args args) {
  const Val &a = args[0], &b = args[1];
  switch (a.kind()) {
    case Kind::kInt:
      if (!b.is(Kind::kInt)) return Val::Error(kNone);
      return SKIFF_CEL_CHECKED(int64_t, __builtin_sub_overflow, a.as_int(), b.as_int(), Val::Int, kIntOverflow);
    case Kind::kUint:
      if (!b.is(Kind::kUint)) return Val::Error(kNone);
      return SKIFF_CEL_CHECKED(uint64_t, __builtin_sub_overflow, a.as_uint(), b.as_uint(), Val::Uint, kUintOverflow);
    case Kind::kDouble: return b.is(Kind::kDouble) ? Val::Double(a.as_double() - b.as_double()) : Val::Error(kNone);
    case Kind::kDuration:
      if (!b.is(Kind::kDuration)) return Val::Error(kNone);
      return SKIFF_CEL_CHECKED(int64_t, __builtin_sub_overflow, a.nanoseconds(), b.nanoseconds(), Val::Duration, kDurationOverflow);
    case Kind::kTimestamp: {
      if (b.is(Kind::kDuration)) return Shift(a, b, true);
      if (!b.is(Kind::kTimestamp)) return Val::Error(kNone);
      const __int128 nanos = (static_cast<__int128>(a.seconds()) - b.seconds()) * kNanos + a.subsecond() - b.subsecond();
      if (nanos > INT64_MAX || nanos < INT64_MIN) return Val::Error(kIntOverflow);
      return Val::Duration(static_cast<int64_t>(nanos));
    }
    default: return Unfit(op::kSubtract, a);
  }
}

Val Multiply(Args args) {
  const Val &a = args[0], &b = args[1];
  switch (a.kind()) {
    case Kind::kInt:
      if (!b.is(Kind::kInt)) return Val::Error(kNone);
      return SKIFF_CEL_CHECKED(int64_t, __builtin_mul_overflow, a.as_int(), b.as_int(), Val::Int, kIntOverflow);
    case Kind::kUint:
      if (!b.is(Kind::kUint)) return Val::Error(kNone);
      return SKIFF_CEL_CHECKED(uint64_t, __builtin_mul_overflow, a.as_uint(), b.as_uint(), Val::Uint, kUintOverflow);
    case Kind::kDouble: return b.is(Kind::kDouble) ? Val::Double(a.as_double() * b.as_double()) : Val::Error(kNone);
    default: return Unfit(op::kMultiply, a);
  }
}

Val Divide(Args args) {
  const Val &a = args[0], &b = args[1];
  switch (a.kind()) {
    case Kind::kInt:
      if (!b.is(Kind::kInt)) return Val::Error(kNone);
      if (b.as_int() == 0) return Val::Error("division by zero");
      if (a.as_int() == INT64_MIN && b.as_int() == -1) return Val::Error(kIntOverflow);
      return Val::Int(a.as_int() / b.as_int());
    case Kind::kUint:
      if (!b.is(Kind::kUint)) return Val::Error(kNone);
      return b.as_uint() == 0 ? Val::Error("division by zero") : Val::Uint(a.as_uint() / b.as_uint());
    case Kind::kDouble: return b.is(Kind::kDouble) ? Val::Double(a.as_double() / b.as_double()) : Val::Error(kNone);
    default: return Unfit(op::kDivide, a);
  }
}

Val Modulo(Args args) {
  const Val &a = args[0], &b = args[1];
  switch (a.kind()) {
    case Kind::kInt:
      if (!b.is(Kind::kInt)) return Val::Error(kNone);
      if (b.as_int() == 0) return Val::Error("modulus by zero");
      if (a.as_int() == INT64_MIN && b.as_int() == -1) return Val::Error(kIntOverflow);
      return Val::Int(a.as_int() % b.as_int());
    case Kind::kUint:
      if (!b.is(Kind::kUint)) return Val::Error(kNone);
      return b.as_uint() == 0 ? Val::Error("modulus by zero") : Val::Uint(a.as_uint() % b.as_uint());
    default: return Unfit(op::kModulo, a);
  }
}

Val Negate(Args args) {
  const Val& a = args[0];
  switch (a.kind()) {
    case Kind::kInt: return a.as_int() == INT64_MIN ? Val::Error(kIntOverflow) : Val::Int(-a.as_int());
    case Kind::kDouble: return Val::Double(-a.as_double());
    case Kind::kDuration: return a.nanoseconds() == INT64_MIN ? Val::Error(kDurationOverflow) : Val::Duration(-a.nanoseconds());
    case Kind::kBool: return Val::Error(kNone);
    default: return Unfit(op::kNegate, a);
  }
}

Val Not(Args args) {
  if (args[0].is(Kind::kBool)) return Val::Bool(!args[0].as_bool());
  return args[0].is_error() ? args[0] : Val::Error(kNone);
}

Val NotStrictlyFalse(Args args) { return args[0].is(Kind::kBool) ? args[0] : Val::Bool(true); }

bool Ordered(const Val& v) {
  switch (v.kind()) {
    case Kind::kBool: case Kind::kInt: case Kind::kUint: case Kind::kDouble: case Kind::kString: case Kind::kBytes:
    case Kind::kDuration: case Kind::kTimestamp:
      return true;
    default:
      return false;
  }
}

Val Ordering(Args args, absl::string_view name, bool (*holds)(int64_t order)) {
  if (!Ordered(args[0])) return Unfit(name, args[0]);
  const Val order = Compare(args[0], args[1]);
  return order.is_error() ? order : Val::Bool(holds(order.as_int()));
}

Val Less(Args args) {
  return Ordering(args, op::kLess, [](int64_t order) { return order < 0; });
}
Val LessEquals(Args args) {
  return Ordering(args, op::kLessEquals, [](int64_t order) { return order <= 0; });
}
Val Greater(Args args) {
  return Ordering(args, op::kGreater, [](int64_t order) { return order > 0; });
}
Val GreaterEquals(Args args) {
  return Ordering(args, op::kGreaterEquals, [](int64_t order) { return order >= 0; });
}

Val In(Args args) {
  if (args[1].is(Kind::kList)) {
    const List& list = args[1].list();
    for (size_t i = 0; i < list.size(); ++i) {
      const Val element = list.at(i);
      if (element.is_error()) return element;
      if (Equals(args[0], element)) return Val::Bool(true);
    }
    return Val::Bool(false);
  }
  if (args[1].is(Kind::kMap)) {
    Val found;
    if (!args[1].map().Find(args[0], &found)) return Val::Bool(false);
    return found.is_error() ? found : Val::Bool(true);
  }
  return args[1].is_error() ? args[1] : Val::Error(kNone);
}

}  // namespace

absl::Span<const OverloadRow> OperatorFunctions() {
  static constexpr OverloadRow kRows[] = {
      {op::kConditional, "conditional", "(bool, A, A) -> A", nullptr},
      {op::kAnd, "logical_and", "(bool, bool) -> bool", nullptr},
      {op::kOr, "logical_or", "(bool, bool) -> bool", nullptr},
      {op::kNot, "logical_not", "(bool) -> bool", Not},
      {op::kNotStrictlyFalse, "not_strictly_false", "(bool) -> bool", NotStrictlyFalse},
      {op::kEquals, "equals", "(A, A) -> bool", nullptr},
      {op::kNotEquals, "not_equals", "(A, A) -> bool", nullptr},
      {op::kAdd, "add_bytes", "(bytes, bytes) -> bytes", Add},
      {op::kAdd, "add_double", "(double, double) -> double", Add},
      {op::kAdd, "add_duration_duration", "(duration, duration) -> duration", Add},
      {op::kAdd, "add_duration_timestamp", "(duration, timestamp) -> timestamp", Add},
      {op::kAdd, "add_timestamp_duration", "(timestamp, duration) -> timestamp", Add},
      {op::kAdd, "add_int64", "(int, int) -> int", Add},
      {op::kAdd, "add_list", "(list(A), list(A)) -> list(A)", Add},
      {op::kAdd, "add_string", "(string, string) -> string", Add},
      {op::kAdd, "add_uint64", "(uint, uint) -> uint", Add},
      {op::kSubtract, "subtract_double", "(double, double) -> double", Subtract},
      {op::kSubtract, "subtract_duration_duration", "(duration, duration) -> duration", Subtract},
      {op::kSubtract, "subtract_int64", "(int, int) -> int", Subtract},
      {op::kSubtract, "subtract_timestamp_duration", "(timestamp, duration) -> timestamp", Subtract},
      {op::kSubtract, "subtract_timestamp_timestamp", "(timestamp, timestamp) -> duration", Subtract},
      {op::kSubtract, "subtract_uint64", "(uint, uint) -> uint", Subtract},
      {op::kMultiply, "multiply_double", "(double, double) -> double", Multiply},
      {op::kMultiply, "multiply_int64", "(int, int) -> int", Multiply},
      {op::kMultiply, "multiply_uint64", "(uint, uint) -> uint", Multiply},
      {op::kDivide, "divide_double", "(double, double) -> double", Divide},
      {op::kDivide, "divide_int64", "(int, int) -> int", Divide},
      {op::kDivide, "divide_uint64", "(uint, uint) -> uint", Divide},
      {op::kModulo, "modulo_int64", "(int, int) -> int", Modulo},
      {op::kModulo, "modulo_uint64", "(uint, uint) -> uint", Modulo},
      {op::kNegate, "negate_double", "(double) -> double", Negate},
      {op::kNegate, "negate_int64", "(int) -> int", Negate},
#define SKIFF_CEL_ORDER(FUNCTION, PREFIX, BODY)                             \
  {FUNCTION, PREFIX "_bool", "(bool, bool) -> bool", BODY},                 \
      {FUNCTION, PREFIX "_int64", "(int, int) -> bool", BODY},              \
      {FUNCTION, PREFIX "_int64_double", "(int, double) -> bool", BODY},    \
      {FUNCTION, PREFIX "_int64_uint64", "(int, uint) -> bool", BODY},      \
      {FUNCTION, PREFIX "_uint64", "(uint, uint) -> bool", BODY},           \
      {FUNCTION, PREFIX "_uint64_double", "(uint, double) -> bool", BODY},  \
      {FUNCTION, PREFIX "_uint64_int64", "(uint, int) -> bool", BODY},      \
      {FUNCTION, PREFIX "_double", "(double, double) -> bool", BODY},       \
      {FUNCTION, PREFIX "_double_int64", "(double, int) -> bool", BODY},    \
      {FUNCTION, PREFIX "_double_uint64", "(double, uint) -> bool", BODY},  \
      {FUNCTION, PREFIX "_string", "(string, string) -> bool", BODY},       \
      {FUNCTION, PREFIX "_bytes", "(bytes, bytes) -> bool", BODY},          \
      {FUNCTION, PREFIX "_timestamp", "(timestamp, timestamp) -> bool", BODY}, \
      {FUNCTION, PREFIX "_duration", "(duration, duration) -> bool", BODY}
      SKIFF_CEL_ORDER(op::kLess, "less", Less),
      SKIFF_CEL_ORDER(op::kLessEquals, "less_equals", LessEquals),
      SKIFF_CEL_ORDER(op::kGreater, "greater", Greater),
      SKIFF_CEL_ORDER(op::kGreaterEquals, "greater_equals", GreaterEquals),
#undef SKIFF_CEL_ORDER
      {op::kIndex, "index_list", "(list(A), int) -> A", nullptr},
      {op::kIndex, "index_map", "(map(A, B), A) -> B", nullptr},
      {op::kIn, "in_list", "(A, list(A)) -> bool", In},
      {op::kIn, "in_map", "(A, map(A, B)) -> bool", In},
  };
  return kRows;
}

}  // namespace apimachinery::cel
