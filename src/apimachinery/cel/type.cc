#include "apimachinery/cel/type.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace apimachinery::cel {
namespace {

TypePtr Make(TypeKind kind, absl::string_view name, std::vector<TypePtr> parameters = {}) {
  return std::make_shared<const Type>(kind, std::string(name), std::move(parameters));
}

struct Simple {
  TypeKind kind;
  absl::string_view declared;  // in declarations and messages
  absl::string_view runtime;
};

constexpr Simple kSimple[] = {
    {TypeKind::kDyn, "dyn", "dyn"},
    {TypeKind::kError, "!error!", "*error*"},
    {TypeKind::kNull, "null", "null_type"},
    {TypeKind::kBool, "bool", "bool"},
    {TypeKind::kInt, "int", "int"},
    {TypeKind::kUint, "uint", "uint"},
    {TypeKind::kDouble, "double", "double"},
    {TypeKind::kString, "string", "string"},
    {TypeKind::kBytes, "bytes", "bytes"},
    {TypeKind::kDuration, "duration", "google.protobuf.Duration"},
    {TypeKind::kTimestamp, "timestamp", "google.protobuf.Timestamp"},
    {TypeKind::kAny, "any", "google.protobuf.Any"},
};

const TypePtr& SimpleType(TypeKind kind) {
  static const std::vector<TypePtr>& types = *[] {
    auto* made = new std::vector<TypePtr>;
    for (const Simple& simple : kSimple) made->push_back(Make(simple.kind, simple.runtime));
    return made;
  }();
  return types[static_cast<size_t>(kind)];
}

// Declarations are ours and short: recursion is bounded by them.
class TypeReader {
 public:
  explicit TypeReader(absl::string_view text) : text_(text) {}

  TypePtr Read() {
    size_t end = at_;
    while (end < text_.size() && text_[end] != '(' && text_[end] != ')' && text_[end] != ',') ++end;
    const absl::string_view name = absl::StripAsciiWhitespace(text_.substr(at_, end - at_));
    at_ = end;
    std::vector<TypePtr> parameters;
    if (at_ < text_.size() && text_[at_] == '(') {
      while (text_[at_] != ')') {
        ++at_;
        parameters.push_back(Read());
      }
      ++at_;
    }
    return Named(name, std::move(parameters));
  }

 private:
  static TypePtr Named(absl::string_view name, std::vector<TypePtr> parameters) {
    for (const Simple& simple : kSimple) {
      if (simple.declared == name) return SimpleType(simple.kind);
    }
    if (name == "list") return ListType(parameters[0]);
    if (name == "map") return MapType(parameters[0], parameters[1]);
    if (name == "optional") return OptionalType(parameters[0]);
    if (name == "type") return TypeType(parameters.empty() ? nullptr : parameters[0]);
    if (name == "net.IP" || name == "net.CIDR") return OpaqueType(name);
    if (name.size() == 1 && absl::ascii_isupper(name[0])) return TypeParam(name);
    return StructType(name);
  }

  const absl::string_view text_;
  size_t at_ = 0;
};

}  // namespace

const TypePtr& DynType() { return SimpleType(TypeKind::kDyn); }
const TypePtr& ErrorType() { return SimpleType(TypeKind::kError); }
const TypePtr& NullType() { return SimpleType(TypeKind::kNull); }
const TypePtr& BoolType() { return SimpleType(TypeKind::kBool); }
const TypePtr& IntType() { return SimpleType(TypeKind::kInt); }
const TypePtr& UintType() { return SimpleType(TypeKind::kUint); }
const TypePtr& DoubleType() { return SimpleType(TypeKind::kDouble); }
const TypePtr& StringType() { return SimpleType(TypeKind::kString); }
const TypePtr& BytesType() { return SimpleType(TypeKind::kBytes); }
const TypePtr& DurationType() { return SimpleType(TypeKind::kDuration); }
const TypePtr& TimestampType() { return SimpleType(TypeKind::kTimestamp); }
const TypePtr& AnyType() { return SimpleType(TypeKind::kAny); }
TypePtr ListType(TypePtr element) { return Make(TypeKind::kList, "list", {std::move(element)}); }
TypePtr MapType(TypePtr key, TypePtr value) { return Make(TypeKind::kMap, "map", {std::move(key), std::move(value)}); }
TypePtr StructType(absl::string_view name) { return Make(TypeKind::kStruct, name); }
TypePtr OpaqueType(absl::string_view name, std::vector<TypePtr> parameters) {
  return Make(TypeKind::kOpaque, name, std::move(parameters));
}
TypePtr OptionalType(TypePtr value) { return Make(TypeKind::kOpaque, "optional_type", {std::move(value)}); }
TypePtr TypeType(TypePtr of) {
  return of == nullptr ? Make(TypeKind::kType, "type") : Make(TypeKind::kType, "type", {std::move(of)});
}
TypePtr TypeParam(absl::string_view name) { return Make(TypeKind::kTypeParam, name); }

TypePtr ParseType(absl::string_view text) { return TypeReader(text).Read(); }

bool Same(const Type& a, const Type& b) {
  if (&a == &b) return true;
  if (a.kind() != b.kind() || a.name() != b.name() || a.parameters().size() != b.parameters().size()) return false;
  for (size_t i = 0; i < a.parameters().size(); ++i) {
    if (!Same(*a.parameter(i), *b.parameter(i))) return false;
  }
  return true;
}

std::string Type::ToString() const {
  if (static_cast<size_t>(kind_) < std::size(kSimple)) return std::string(kSimple[static_cast<size_t>(kind_)].declared);
  if (parameters_.empty()) return name_;
  std::string out = absl::StrCat(name_, "(");
  for (size_t i = 0; i < parameters_.size(); ++i) absl::StrAppend(&out, i == 0 ? "" : ", ", parameters_[i]->ToString());
  out += ')';
  return out;
}

}  // namespace apimachinery::cel
