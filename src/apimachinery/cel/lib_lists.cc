// Lists: Kubernetes' library (isSorted, sum, max, min, indexOf), the lists extension (slice, flatten, sort, distinct,
// range, reverse) and the sets extension.
#include <algorithm>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "apimachinery/cel/ast.h"
#include "apimachinery/cel/function.h"
#include "apimachinery/cel/values.h"

namespace apimachinery::cel {
namespace {

using Kind = Val::Kind;

Val IsSorted(Args args) {
  const List& list = args[0].list();
  for (size_t i = 1; i < list.size(); ++i) {
    const Val order = Compare(list.at(i - 1), list.at(i));
    if (order.is_error()) return order;
    if (order.as_int() > 0) return Val::Bool(false);
  }
  return Val::Bool(true);
}

Val SumFrom(Val total, const List& list) {
  const Function* add = FindFunction(op::kAdd);
  for (size_t i = 0; i < list.size(); ++i) {
    const Val terms[] = {total, list.at(i)};
    total = add->singleton(Args(terms));
    if (total.is_error()) return total;
  }
  return total;
}

template <int kKind>
Val Sum(Args args) {
  constexpr auto kZero = static_cast<Kind>(kKind);
  Val zero = kZero == Kind::kInt    ? Val::Int(0)
             : kZero == Kind::kUint ? Val::Uint(0)
             : kZero == Kind::kDouble ? Val::Double(0)
                                      : Val::Duration(0);
  return SumFrom(zero, args[0].list());
}

template <int kSign>
Val Extreme(Args args) {
  const List& list = args[0].list();
  if (list.size() == 0) return Val::Error(absl::StrCat(kSign > 0 ? "max" : "min", " called on empty list"));
  Val best = list.at(0);
  if (best.is_error()) return best;
  for (size_t i = 1; i < list.size(); ++i) {
    const Val order = Compare(list.at(i), best);
    if (order.is_error()) return order;
    if (order.as_int() == kSign) best = list.at(i);
  }
  return best;
}

Val IndexOf(Args args) {
  const List& list = args[0].list();
  for (size_t i = 0; i < list.size(); ++i) {
    if (Equals(list.at(i), args[1])) return Val::Int(static_cast<int64_t>(i));
  }
  return Val::Int(-1);
}

Val LastIndexOf(Args args) {
  const List& list = args[0].list();
  for (size_t i = list.size(); i > 0; --i) {
    if (Equals(list.at(i - 1), args[1])) return Val::Int(static_cast<int64_t>(i) - 1);
  }
  return Val::Int(-1);
}

Val Slice(Args args) {
  const List& list = args[0].list();
  const int64_t start = args[1].as_int(), end = args[2].as_int();
  const auto fail = [&](absl::string_view why) {
    return Val::Error(absl::StrCat("cannot slice(", start, ", ", end, "), ", why));
  };
  if (start < 0 || end < 0) return fail("negative indexes not supported");
  if (start > end) return fail("start index must be less than or equal to end index");
  if (static_cast<int64_t>(list.size()) < end) return fail(absl::StrCat("list is length ", list.size()));
  std::vector<Val> out;
  for (int64_t i = start; i < end; ++i) out.push_back(list.at(static_cast<size_t>(i)));
  return Val::ListOf(std::move(out));
}

// Depth is bounded by that of the data and of the expression that made it.
void FlattenInto(const List& list, int64_t depth, std::vector<Val>* out) {
  for (size_t i = 0; i < list.size(); ++i) {
    Val element = list.at(i);
    if (depth > 0 && element.is(Kind::kList)) {
      FlattenInto(element.list(), depth - 1, out);
    } else {
      out->push_back(std::move(element));
    }
  }
}

Val Flatten(Args args) {
  if (!args[0].is(Kind::kList)) return Val::Error(absl::StrCat("no such overload: ", args[0].TypeName(), ".flatten()"));
  if (args.size() > 1 && !args[1].is(Kind::kInt)) {
    return Val::Error(absl::StrCat("no such overload: ", args[0].TypeName(), ".flatten(", args[1].TypeName(), ")"));
  }
  const int64_t depth = args.size() > 1 ? args[1].as_int() : 1;
  if (depth < 0) return Val::Error("level must be non-negative");
  std::vector<Val> out;
  FlattenInto(args[0].list(), depth, &out);
  return Val::ListOf(std::move(out));
}

Val SortByKeys(const List& list, const List& keys) {
  const size_t size = list.size();
  if (size != keys.size()) {
    return Val::Error(absl::StrCat("@sortByAssociatedKeys() expected a list of the same size as the associated keys list, "
                                   "but got ", size, " and ", keys.size(), " elements respectively"));
  }
  std::vector<Val> key;
  for (size_t i = 0; i < size; ++i) key.push_back(keys.at(i));
  if (size > 0 && Compare(key[0], key[0]).is_error() && !key[0].is(Kind::kDouble)) {
    return Val::Error("list elements must be comparable");
  }
  for (const Val& one : key) {
    if (one.kind() != key[0].kind()) return Val::Error("list elements must have the same type");
  }
  std::vector<size_t> order(size);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    const Val compared = Compare(key[a], key[b]);
    return !compared.is_error() && compared.as_int() < 0;
  });
  std::vector<Val> out;
  for (const size_t i : order) out.push_back(list.at(i));
  return Val::ListOf(std::move(out));
}

Val Sort(Args args) {
  if (!args[0].is(Kind::kList)) return Val::Error("no such overload: sort");
  return SortByKeys(args[0].list(), args[0].list());
}

Val SortBy(Args args) {
  if (!args[0].is(Kind::kList) || !args[1].is(Kind::kList)) return Val::Error("no such overload: @sortByAssociatedKeys");
  return SortByKeys(args[0].list(), args[1].list());
}

// 0, 1, 2, ...: takes no memory however long it is.
class Counting final : public List {
 public:
  explicit Counting(size_t size) : size_(size) {}
  size_t size() const override { return size_; }
  Val at(size_t index) const override { return Val::Int(static_cast<int64_t>(index)); }

 private:
  const size_t size_;
};

Val Range(Args args) {
  return Val::FromList(std::make_shared<const Counting>(static_cast<size_t>(std::max<int64_t>(args[0].as_int(), 0))));
}

Val Reverse(Args args) {
  const List& list = args[0].list();
  std::vector<Val> out;
  for (size_t i = list.size(); i > 0; --i) out.push_back(list.at(i - 1));
  return Val::ListOf(std::move(out));
}

Val Distinct(Args args) {
  const List& list = args[0].list();
  // Twice the square is what it costs: no need to do what cannot be paid.
  if (list.size() > 2048) return args[0];
  std::vector<Val> out;
  for (size_t i = 0; i < list.size(); ++i) {
    Val element = list.at(i);
    if (std::none_of(out.begin(), out.end(), [&](const Val& seen) { return Equals(seen, element); })) {
      out.push_back(std::move(element));
    }
  }
  return Val::ListOf(std::move(out));
}

bool Holds(const List& list, const Val& wanted) {
  for (size_t i = 0; i < list.size(); ++i) {
    if (Equals(list.at(i), wanted)) return true;
  }
  return false;
}

bool HoldsAll(const List& list, const List& wanted) {
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (!Holds(list, wanted.at(i))) return false;
  }
  return true;
}

Val SetsContains(Args args) { return Val::Bool(HoldsAll(args[0].list(), args[1].list())); }
Val SetsEquivalent(Args args) {
  return Val::Bool(HoldsAll(args[0].list(), args[1].list()) && HoldsAll(args[1].list(), args[0].list()));
}
Val SetsIntersects(Args args) {
  for (size_t i = 0; i < args[0].list().size(); ++i) {
    if (Holds(args[1].list(), args[0].list().at(i))) return Val::Bool(true);
  }
  return Val::Bool(false);
}

Val MapInsertEntry(Args args) {
  MapBuilder builder(args[0].map());
  if (!builder.Insert(args[1], args[2])) {
    return Val::Error(absl::StrCat("insert failed: key ", GoPrint(args[1]), " already exists"));
  }
  return std::move(builder).Build();
}

Val MapInsertMap(Args args) {
  MapBuilder builder(args[0].map());
  Val failed;
  args[1].map().ForEach([&](const Val& key) {
    Val value;
    args[1].map().Find(key, &value);
    if (builder.Insert(key, std::move(value))) return true;
    failed = Val::Error(absl::StrCat("insert failed: key ", GoPrint(key), " already exists"));
    return false;
  });
  return failed.is_error() ? failed : std::move(builder).Build();
}

constexpr int kOfInt = static_cast<int>(Kind::kInt), kOfUint = static_cast<int>(Kind::kUint),
              kOfDouble = static_cast<int>(Kind::kDouble), kOfDuration = static_cast<int>(Kind::kDuration);

}  // namespace

// Once for each type whose values have an order. Names of overloads carry the type's name at run time.
#define SKIFF_CEL_COMPARABLE(ROW) \
  ROW("int", "int"), ROW("uint", "uint"), ROW("double", "double"), ROW("bool", "bool"), ROW("duration", "duration"), \
      ROW("timestamp", "timestamp"), ROW("string", "string"), ROW("bytes", "bytes")
// The extension names durations and timestamps in full.
#define SKIFF_CEL_SORTABLE(ROW)                                                                    \
  ROW("int", "int"), ROW("uint", "uint"), ROW("double", "double"), ROW("bool", "bool"),            \
      ROW("google.protobuf.Duration", "duration"), ROW("google.protobuf.Timestamp", "timestamp"), \
      ROW("string", "string"), ROW("bytes", "bytes")

absl::Span<const OverloadRow> ListFunctions() {
#define SKIFF_CEL_IS_SORTED(NAME, TYPE) {"isSorted", "list_" NAME "_is_sorted_bool", "list(" TYPE ").() -> bool", IsSorted}
#define SKIFF_CEL_MAX(NAME, TYPE) {"max", "list_" NAME "_max_" NAME, "list(" TYPE ").() -> " TYPE, Extreme<1>}
#define SKIFF_CEL_MIN(NAME, TYPE) {"min", "list_" NAME "_min_" NAME, "list(" TYPE ").() -> " TYPE, Extreme<-1>}
#define SKIFF_CEL_SORT(NAME, TYPE) {"sort", "list_" NAME "_sort", "list(" TYPE ").() -> list(" TYPE ")", Sort}
#define SKIFF_CEL_SORT_BY(NAME, TYPE) \
  {"@sortByAssociatedKeys", "list_" NAME "_sortByAssociatedKeys", "list(T).(list(" TYPE ")) -> list(T)", SortBy}
  static constexpr OverloadRow kRows[] = {
      SKIFF_CEL_COMPARABLE(SKIFF_CEL_IS_SORTED),
      {"sum", "list_int_sum_int", "list(int).() -> int", Sum<kOfInt>},
      {"sum", "list_uint_sum_uint", "list(uint).() -> uint", Sum<kOfUint>},
      {"sum", "list_double_sum_double", "list(double).() -> double", Sum<kOfDouble>},
      {"sum", "list_duration_sum_duration", "list(duration).() -> duration", Sum<kOfDuration>},
      SKIFF_CEL_COMPARABLE(SKIFF_CEL_MAX),
      SKIFF_CEL_COMPARABLE(SKIFF_CEL_MIN),
      {"indexOf", "list_a_index_of_int", "list(A).(A) -> int", IndexOf},
      {"lastIndexOf", "list_a_last_index_of_int", "list(A).(A) -> int", LastIndexOf},
      {"slice", "list_slice", "list(T).(int, int) -> list(T)", Slice},
      {"flatten", "list_flatten", "list(list(T)).() -> list(T)", Flatten},
      {"flatten", "list_flatten_int", "list(dyn).(int) -> list(dyn)", Flatten},
      SKIFF_CEL_SORTABLE(SKIFF_CEL_SORT),
      SKIFF_CEL_SORTABLE(SKIFF_CEL_SORT_BY),
      {"lists.range", "lists_range", "(int) -> list(int)", Range},
      {"reverse", "list_reverse", "list(T).() -> list(T)", Reverse},
      {"distinct", "list_distinct", "list(T).() -> list(T)", Distinct},
  };
  return kRows;
}

absl::Span<const OverloadRow> SetFunctions() {
  static constexpr OverloadRow kRows[] = {
      {"sets.contains", "list_sets_contains_list", "(list(T), list(T)) -> bool", SetsContains},
      {"sets.equivalent", "list_sets_equivalent_list", "(list(T), list(T)) -> bool", SetsEquivalent},
      {"sets.intersects", "list_sets_intersects_list", "(list(T), list(T)) -> bool", SetsIntersects},
      {"cel.@mapInsert", "@mapInsert_map_key_value", "(map(K, V), K, V) -> map(K, V)", MapInsertEntry},
      {"cel.@mapInsert", "@mapInsert_map_map", "(map(K, V), map(K, V)) -> map(K, V)", MapInsertMap},
  };
  return kRows;
}

}  // namespace apimachinery::cel
