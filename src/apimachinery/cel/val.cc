#include "apimachinery/cel/val.h"

#include <cmath>
#include <map>

#include "absl/strings/str_cat.h"
#include "apimachinery/cel/conversions.h"
#include "apimachinery/cel/values.h"
#include "apimachinery/go_quote.h"
#include "apimachinery/json.h"

namespace apimachinery::cel {
namespace {

using Kind = Val::Kind;

// A plain JSON list or map as a view into its tree.
class TreeList final : public List {
 public:
  explicit TreeList(const Value& tree) : elements_(tree.array()) {}
  size_t size() const override { return elements_.size(); }
  Val at(size_t index) const override { return Val::View(elements_[index]); }

 private:
  const Array& elements_;
};

class TreeMap final : public Map {
 public:
  explicit TreeMap(const Value& tree) : tree_(tree) {}
  size_t size() const override { return tree_.size(); }
  bool Find(const Val& key, Val* value) const override {
    if (!key.is(Kind::kString)) return false;
    const Value* found = tree_.Find(key.text());
    if (found == nullptr) return false;
    *value = Val::View(*found);
    return true;
  }
  void ForEach(absl::FunctionRef<bool(const Val&)> visit) const override {
    for (const Member& member : tree_.object()) {
      if (member.value.is_hollow()) continue;
      if (!visit(Val::StringView(member.key))) return;
    }
  }

 private:
  const Value& tree_;
};

class OwnedList final : public List {
 public:
  explicit OwnedList(std::vector<Val> elements) : elements_(std::move(elements)) {}
  size_t size() const override { return elements_.size(); }
  Val at(size_t index) const override { return elements_[index]; }

 private:
  const std::vector<Val> elements_;
};

// Keeps a tree alive below a view of it.
class HeldList final : public List {
 public:
  HeldList(std::shared_ptr<const Value> tree, Val view) : tree_(std::move(tree)), view_(std::move(view)) {}
  size_t size() const override { return view_.list().size(); }
  Val at(size_t index) const override { return view_.list().at(index); }

 private:
  const std::shared_ptr<const Value> tree_;
  const Val view_;
};

class HeldMap final : public Map {
 public:
  HeldMap(std::shared_ptr<const Value> tree, Val view) : tree_(std::move(tree)), view_(std::move(view)) {}
  size_t size() const override { return view_.map().size(); }
  bool Find(const Val& key, Val* value) const override { return view_.map().Find(key, value); }
  void ForEach(absl::FunctionRef<bool(const Val&)> visit) const override { view_.map().ForEach(visit); }

 private:
  const std::shared_ptr<const Value> tree_;
  const Val view_;
};

bool IsNumber(const Val& v) { return v.is(Kind::kInt) || v.is(Kind::kUint) || v.is(Kind::kDouble); }

constexpr double kTwo63 = 9223372036854775808.0, kTwo64 = 18446744073709551616.0;

template <typename T>
int Order(T a, T b) { return a < b ? -1 : a > b ? 1 : 0; }

int CompareIntDouble(int64_t i, double d) {
  if (d < -kTwo63) return 1;
  if (d >= kTwo63) return -1;
  return Order(static_cast<double>(i), d);
}

int CompareUintDouble(uint64_t u, double d) {
  if (d < 0) return 1;
  if (d >= kTwo64) return -1;
  return Order(static_cast<double>(u), d);
}

int CompareIntUint(int64_t i, uint64_t u) { return i < 0 ? -1 : Order(static_cast<uint64_t>(i), u); }

// REQUIRES: numbers, none of them NaN.
int CompareNumbers(const Val& a, const Val& b) {
  switch (a.kind()) {
    case Kind::kInt:
      if (b.is(Kind::kInt)) return Order(a.as_int(), b.as_int());
      return b.is(Kind::kUint) ? CompareIntUint(a.as_int(), b.as_uint()) : CompareIntDouble(a.as_int(), b.as_double());
    case Kind::kUint:
      if (b.is(Kind::kInt)) return -CompareIntUint(b.as_int(), a.as_uint());
      return b.is(Kind::kUint) ? Order(a.as_uint(), b.as_uint()) : CompareUintDouble(a.as_uint(), b.as_double());
    default:
      if (b.is(Kind::kInt)) return -CompareIntDouble(b.as_int(), a.as_double());
      return b.is(Kind::kUint) ? -CompareUintDouble(b.as_uint(), a.as_double()) : Order(a.as_double(), b.as_double());
  }
}

bool IsNan(const Val& v) { return v.is(Kind::kDouble) && std::isnan(v.as_double()); }

}  // namespace

Val Val::Error(std::string text) {
  Val v = String(std::move(text));
  v.kind_ = Kind::kError;
  return v;
}

Val Val::String(std::string text) {
  Val v(Kind::kString);
  auto owned = std::make_shared<const std::string>(std::move(text));
  v.chars_ = owned->data();
  v.extra_ = owned->size();
  v.node_ = std::move(owned);
  return v;
}

Val Val::StringView(absl::string_view text) {
  Val v(Kind::kString);
  v.chars_ = text.data();
  v.extra_ = text.size();
  return v;
}

Val Val::Bytes(std::string bytes) {
  Val v = String(std::move(bytes));
  v.kind_ = Kind::kBytes;
  return v;
}

Val Val::FromList(std::shared_ptr<const List> list) {
  Val v(Kind::kList);
  v.node_ = std::move(list);
  return v;
}

Val Val::ListOf(std::vector<Val> elements) { return FromList(std::make_shared<const OwnedList>(std::move(elements))); }

Val Val::FromMap(std::shared_ptr<const Map> map) {
  Val v(Kind::kMap);
  v.node_ = std::move(map);
  return v;
}

Val Val::Some(Val value) {
  Val v(Kind::kOptional);
  v.node_ = std::make_shared<const Val>(std::move(value));
  return v;
}

Val Val::OfType(TypePtr type) {
  Val v(Kind::kType);
  v.node_ = std::move(type);
  return v;
}

Val Val::FromOpaque(std::shared_ptr<const cel::Opaque> opaque) {
  Val v(Kind::kOpaque);
  v.node_ = std::move(opaque);
  return v;
}

Val Val::View(const Value& tree) {
  switch (tree.type()) {
    case Value::Type::kNull: return Null();
    case Value::Type::kBool: return Bool(tree.as_bool());
    case Value::Type::kInt: return Int(tree.as_int());
    case Value::Type::kDouble: return Double(tree.as_double());
    case Value::Type::kString: return StringView(tree.as_string());
    case Value::Type::kRaw: {
      auto parsed = ParseJson(tree.as_string());
      return parsed.ok() ? Own(*std::move(parsed)) : Error(std::string(parsed.status().message()));
    }
    case Value::Type::kArray: return FromList(std::make_shared<const TreeList>(tree));
    case Value::Type::kObject: return FromMap(std::make_shared<const TreeMap>(tree));
  }
  return Null();
}

Val Val::Own(Value tree) {
  if (tree.is_string()) return String(std::move(tree.as_string()));
  if (!tree.is_array() && !tree.is_object()) return View(tree);
  auto held = std::make_shared<const Value>(std::move(tree));
  Val view = View(*held);
  if (view.is(Kind::kList)) return FromList(std::make_shared<const HeldList>(std::move(held), std::move(view)));
  return FromMap(std::make_shared<const HeldMap>(std::move(held), std::move(view)));
}

absl::string_view Val::TypeName() const {
  switch (kind_) {
    case Kind::kError: return "*error*";
    case Kind::kNull: return "null_type";
    case Kind::kBool: return "bool";
    case Kind::kInt: return "int";
    case Kind::kUint: return "uint";
    case Kind::kDouble: return "double";
    case Kind::kString: return "string";
    case Kind::kBytes: return "bytes";
    case Kind::kDuration: return "google.protobuf.Duration";
    case Kind::kTimestamp: return "google.protobuf.Timestamp";
    case Kind::kList: return "list";
    case Kind::kMap: return map().type_name();
    case Kind::kOptional: return "optional_type";
    case Kind::kType: return "type";
    case Kind::kOpaque: return opaque().type()->name();
  }
  return "";
}

TypePtr Val::RuntimeType() const {
  switch (kind_) {
    case Kind::kError: return ErrorType();
    case Kind::kNull: return NullType();
    case Kind::kBool: return BoolType();
    case Kind::kInt: return IntType();
    case Kind::kUint: return UintType();
    case Kind::kDouble: return DoubleType();
    case Kind::kString: return StringType();
    case Kind::kBytes: return BytesType();
    case Kind::kDuration: return DurationType();
    case Kind::kTimestamp: return TimestampType();
    case Kind::kList: return ListType(DynType());
    case Kind::kMap: return map().type_name() == "map" ? MapType(DynType(), DynType()) : StructType(map().type_name());
    case Kind::kOptional: return OptionalType(DynType());
    case Kind::kType: return TypeType(nullptr);
    case Kind::kOpaque: return opaque().type();
  }
  return DynType();
}

// Depth is bounded by that of the bindings' trees and of the expression.
Value Val::ToValue() const {
  switch (kind_) {
    case Kind::kBool: return Value(as_bool());
    case Kind::kInt: return Value(as_int());
    case Kind::kUint: return as_uint() > static_cast<uint64_t>(INT64_MAX) ? Value(static_cast<double>(as_uint()))
                                                                         : Value(static_cast<int64_t>(as_uint()));
    case Kind::kDouble: return Value(as_double());
    case Kind::kString: case Kind::kBytes: return Value(text());
    case Kind::kList: {
      Value out = Value::MakeArray();
      for (size_t i = 0; i < list().size(); ++i) out.Append(list().at(i).ToValue());
      return out;
    }
    case Kind::kMap: {
      Value out = Value::MakeObject();
      map().ForEach([&](const Val& key) {
        Val value;
        if (map().Find(key, &value)) out.Set(ToText(key).text(), value.ToValue());
        return true;
      });
      return out;
    }
    case Kind::kOptional: return has_value() ? optional_value().ToValue() : Value();
    case Kind::kDuration: case Kind::kTimestamp: return Value(ToText(*this).text());
    default: return Value();
  }
}

// As upstream: what cannot be compared inside a list or map does not make it unequal.
Equality List::Compare(const List& other) const {
  if (size() != other.size()) return Equality::kNo;
  for (size_t i = 0; i < size(); ++i) {
    if (CompareEqual(at(i), other.at(i)) == Equality::kNo) return Equality::kNo;
  }
  return Equality::kYes;
}

Val List::Plus(const List& other) const {
  std::vector<Val> all;
  all.reserve(size() + other.size());
  for (size_t i = 0; i < size(); ++i) all.push_back(at(i));
  for (size_t i = 0; i < other.size(); ++i) all.push_back(other.at(i));
  return Val::ListOf(std::move(all));
}

Equality Map::Compare(const Map& other) const {
  if (size() != other.size()) return Equality::kNo;
  Equality equality = Equality::kYes;
  ForEach([&](const Val& key) {
    Val a, b;
    if (!Find(key, &a) || !other.Find(key, &b) || CompareEqual(a, b) == Equality::kNo) equality = Equality::kNo;
    return equality == Equality::kYes;
  });
  return equality;
}

Equality CompareEqual(const Val& a, const Val& b) {
  const auto judge = [](bool equal) { return equal ? Equality::kYes : Equality::kNo; };
  if (IsNumber(a) && IsNumber(b)) return judge(!IsNan(a) && !IsNan(b) && CompareNumbers(a, b) == 0);
  if (a.kind() != b.kind()) {
    if (a.is(Kind::kNull) || b.is(Kind::kNull)) return Equality::kNo;
    const bool particular = a.is(Kind::kOpaque) || (a.is(Kind::kList) && a.list().particular()) ||
                            (a.is(Kind::kMap) && a.map().particular());
    return particular ? Equality::kNoOverload : Equality::kNo;
  }
  switch (a.kind()) {
    case Kind::kNull: return Equality::kYes;
    case Kind::kBool: return judge(a.as_bool() == b.as_bool());
    case Kind::kString: case Kind::kBytes: return judge(a.text() == b.text());
    case Kind::kDuration: return judge(a.nanoseconds() == b.nanoseconds());
    case Kind::kTimestamp: return judge(a.seconds() == b.seconds() && a.subsecond() == b.subsecond());
    case Kind::kList: return a.list().Compare(b.list());
    case Kind::kMap: return a.map().Compare(b.map());
    case Kind::kOptional:
      if (!a.has_value() || !b.has_value()) return judge(a.has_value() == b.has_value());
      return CompareEqual(a.optional_value(), b.optional_value());
    case Kind::kType: return judge(a.type_value()->name() == b.type_value()->name());
    case Kind::kOpaque:
      // Upstream compares with values, never with pointers to them.
      if (b.opaque().go_type()[0] == '*' || a.opaque().type()->name() != b.opaque().type()->name()) return Equality::kNoOverload;
      return judge(a.opaque().Equals(b.opaque()));
    default: return Equality::kNo;
  }
}

absl::string_view GoType(const Val& v) {
  switch (v.kind()) {
    case Kind::kError: return "*types.Err";
    case Kind::kNull: return "types.Null";
    case Kind::kBool: return "types.Bool";
    case Kind::kInt: return "types.Int";
    case Kind::kUint: return "types.Uint";
    case Kind::kDouble: return "types.Double";
    case Kind::kString: return "types.String";
    case Kind::kBytes: return "types.Bytes";
    case Kind::kDuration: return "types.Duration";
    case Kind::kTimestamp: return "types.Timestamp";
    case Kind::kOptional: return "*types.Optional";
    case Kind::kType: return "*types.Type";
    case Kind::kOpaque: return v.opaque().go_type();
    default: return v.TypeName();
  }
}

Val Compare(const Val& a, const Val& b) {
  if (a.is_error()) return a;
  if (b.is_error()) return b;
  if (IsNumber(a) && IsNumber(b)) {
    if (IsNan(a) || IsNan(b)) return Val::Error("NaN values cannot be ordered");
    return Val::Int(CompareNumbers(a, b));
  }
  if (a.kind() != b.kind()) return Val::Error("no such overload");
  switch (a.kind()) {
    case Kind::kBool: return Val::Int(Order(a.as_bool(), b.as_bool()));
    case Kind::kString: case Kind::kBytes: return Val::Int(Order(a.text(), b.text()));
    case Kind::kDuration: return Val::Int(Order(a.nanoseconds(), b.nanoseconds()));
    case Kind::kTimestamp:
      return Val::Int(Order(std::make_pair(a.seconds(), a.subsecond()), std::make_pair(b.seconds(), b.subsecond())));
    default: return Val::Error("no such overload");
  }
}

size_t CodePoints(absl::string_view text) {
  size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return count;
}

uint64_t CostSize(const Val& value) {
  switch (value.kind()) {
    case Kind::kString: return CodePoints(value.text());
    case Kind::kBytes: return value.text().size();
    case Kind::kList: return value.list().size();
    case Kind::kMap: return value.map().size();
    case Kind::kOpaque: return static_cast<uint64_t>(value.opaque().cost_size());
    case Kind::kOptional: return value.has_value() ? CostSize(value.optional_value()) : 1;
    default: return 1;
  }
}

std::string GoPrint(const Val& value) {
  switch (value.kind()) {
    case Kind::kNull: return "<nil>";
    case Kind::kString: return std::string(value.text());
    case Kind::kError: return std::string(value.text());
    case Kind::kList: {
      std::string out = "[";
      for (size_t i = 0; i < value.list().size(); ++i) absl::StrAppend(&out, i == 0 ? "" : ", ", GoPrint(value.list().at(i)));
      return out + "]";
    }
    case Kind::kType: return value.type_value()->name();
    default: {
      const Val text = ToText(value);
      return text.is_error() ? std::string(value.TypeName()) : std::string(text.text());
    }
  }
}

}  // namespace apimachinery::cel
