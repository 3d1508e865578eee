// quantity("1.5Gi") with its comparisons and sums; semver("1.2.3-rc.1").
#include "absl/strings/str_cat.h"
#include "apimachinery/cel/function.h"
#include "apimachinery/cel/opaque.h"
#include "apimachinery/cel/semver.h"
#include "apimachinery/quantity.h"

namespace apimachinery::cel {
namespace {

// Upstream's sums are pointers to quantities, which equal nothing.
struct QuantityValue {
  Quantity quantity;
  bool sum = false;
};

struct QuantityTraits : BoxDefaults {
  static const TypePtr& Type() {
    static const TypePtr& type = *new TypePtr(StructType("kubernetes.Quantity"));
    return type;
  }
  static bool Equal(const QuantityValue& a, const QuantityValue& b) { return a.quantity == b.quantity; }
  static int64_t Size(const QuantityValue&) { return 1; }
  static absl::string_view GoType(const QuantityValue& q) { return q.sum ? "*cel.Quantity" : "cel.Quantity"; }
  static std::string Native(const QuantityValue& q) { return absl::StrCat("(*resource.Quantity)", q.quantity.ToString()); }
};
using QuantityBox = Boxed<QuantityValue, QuantityTraits>;

Val ToQuantity(Args args) {
  auto parsed = Quantity::Parse(args[0].text());
  return parsed.ok() ? QuantityBox::Box({*parsed}) : Val::Error(std::string(parsed.status().message()));
}

const Quantity& Of(const Val& v) { return QuantityBox::Unbox(v).quantity; }
Quantity Operand(const Val& v) { return v.is(Val::Kind::kInt) ? Quantity::FromInt(v.as_int()) : Of(v); }

Val IsQuantity(Args args) { return Val::Bool(Quantity::Parse(args[0].text()).ok()); }
Val Sign(Args args) { return Val::Int(Of(args[0]).Sign()); }
Val IsGreater(Args args) { return Val::Bool(Of(args[0]).Compare(Of(args[1])) > 0); }
Val IsLess(Args args) { return Val::Bool(Of(args[0]).Compare(Of(args[1])) < 0); }
Val CompareTo(Args args) { return Val::Int(Of(args[0]).Compare(Of(args[1]))); }
Val AsFloat(Args args) { return Val::Double(Of(args[0]).AsDouble()); }
Val IsInteger(Args args) { return Val::Bool(Of(args[0]).IsInteger()); }
Val AsInteger(Args args) {
  if (!Of(args[0]).IsInteger()) return Val::Error("cannot convert value to integer");
  return Val::Int(Of(args[0]).Value());
}
Val Plus(Args args) {
  Quantity sum = Of(args[0]);
  sum.Add(Operand(args[1]));
  return QuantityBox::Box({sum, true});
}
Val Minus(Args args) {
  Quantity difference = Of(args[0]);
  difference.Sub(Operand(args[1]));
  return QuantityBox::Box({difference, true});
}

// As it is written, without build metadata.
std::string SemverText(const Semver& v) {
  std::string out = absl::StrCat(v.major, ".", v.minor, ".", v.patch);
  for (size_t i = 0; i < v.pre.size(); ++i) {
    absl::StrAppend(&out, i == 0 ? "-" : ".");
    if (v.pre[i].numeric) {
      absl::StrAppend(&out, v.pre[i].number);
    } else {
      absl::StrAppend(&out, v.pre[i].text);
    }
  }
  return out;
}

struct SemverTraits : BoxDefaults {
  static constexpr bool kHashable = false;
  static const TypePtr& Type() {
    static const TypePtr& type = *new TypePtr(StructType("kubernetes.Semver"));
    return type;
  }
  static bool Equal(const Semver& a, const Semver& b) { return a.Compare(b) == 0; }
  static int64_t Size(const Semver&) { return 1; }
  static absl::string_view GoType(const Semver&) { return "cel.Semver"; }
  static std::string Native(const Semver& v) { return absl::StrCat("(semver.Version)", SemverText(v)); }
};
using SemverBox = Boxed<Semver, SemverTraits>;

std::string Read(Args args, Semver* out) {
  return args.size() > 1 && args[1].as_bool() ? ParseSemverTolerant(args[0].text(), out) : ParseSemver(args[0].text(), out);
}

Val ToSemver(Args args) {
  Semver version;
  std::string problem = Read(args, &version);
  return problem.empty() ? SemverBox::Box(std::move(version)) : Val::Error(std::move(problem));
}
Val IsSemver(Args args) {
  Semver version;
  return Val::Bool(Read(args, &version).empty());
}
int Order(Args args) { return SemverBox::Unbox(args[0]).Compare(SemverBox::Unbox(args[1])); }
Val SemverGreater(Args args) { return Val::Bool(Order(args) > 0); }
Val SemverLess(Args args) { return Val::Bool(Order(args) < 0); }
Val SemverCompare(Args args) { return Val::Int(Order(args)); }
Val Major(Args args) { return Val::Int(static_cast<int64_t>(SemverBox::Unbox(args[0]).major)); }
Val Minor(Args args) { return Val::Int(static_cast<int64_t>(SemverBox::Unbox(args[0]).minor)); }
Val Patch(Args args) { return Val::Int(static_cast<int64_t>(SemverBox::Unbox(args[0]).patch)); }

}  // namespace

#define Q "kubernetes.Quantity"
#define S "kubernetes.Semver"

absl::Span<const OverloadRow> QuantityFunctions() {
  static constexpr OverloadRow kRows[] = {
      {"quantity", "string_to_quantity", "(string) -> " Q, ToQuantity},
      {"isQuantity", "is_quantity_string", "(string) -> bool", IsQuantity},
      {"sign", "quantity_sign", "(" Q ") -> int", Sign},
      {"isGreaterThan", "quantity_is_greater_than", Q ".(" Q ") -> bool", IsGreater},
      {"isLessThan", "quantity_is_less_than", Q ".(" Q ") -> bool", IsLess},
      {"compareTo", "quantity_compare_to", Q ".(" Q ") -> int", CompareTo},
      {"asApproximateFloat", "quantity_get_float", Q ".() -> double", AsFloat},
      {"asInteger", "quantity_get_int", Q ".() -> int", AsInteger},
      {"isInteger", "quantity_is_integer", Q ".() -> bool", IsInteger},
      {"add", "quantity_add", Q ".(" Q ") -> " Q, Plus},
      {"add", "quantity_add_int", Q ".(int) -> " Q, Plus},
      {"sub", "quantity_sub", Q ".(" Q ") -> " Q, Minus},
      {"sub", "quantity_sub_int", Q ".(int) -> " Q, Minus},
  };
  return kRows;
}

absl::Span<const OverloadRow> SemverFunctions() {
  static constexpr OverloadRow kRows[] = {
      {"semver", "string_to_semver", "(string) -> " S, ToSemver},
      {"semver", "string_bool_to_semver", "(string, bool) -> " S, ToSemver},
      {"isSemver", "is_semver_string", "(string) -> bool", IsSemver},
      {"isSemver", "is_semver_string_bool", "(string, bool) -> bool", IsSemver},
      {"isGreaterThan", "semver_is_greater_than", S ".(" S ") -> bool", SemverGreater},
      {"isLessThan", "semver_is_less_than", S ".(" S ") -> bool", SemverLess},
      {"compareTo", "semver_compare_to", S ".(" S ") -> int", SemverCompare},
      {"major", "semver_major", S ".() -> int", Major},
      {"minor", "semver_minor", S ".() -> int", Minor},
      {"patch", "semver_patch", S ".() -> int", Patch},
  };
  return kRows;
}

#undef Q
#undef S

}  // namespace apimachinery::cel
