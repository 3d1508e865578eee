// The static types of CEL expressions. Immutable, shared, any thread.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace apimachinery::cel {

class Type;
using TypePtr = std::shared_ptr<const Type>;

enum class TypeKind : uint8_t {
  kDyn, kError, kNull, kBool, kInt, kUint, kDouble, kString, kBytes, kDuration, kTimestamp, kAny,
  kList,      // one parameter
  kMap,       // two parameters: key, value
  kStruct,    // declared by name
  kOpaque,    // a name and parameters: optional_type(T), net.IP
  kType,      // the type of types; one parameter or none
  kTypeParam, // a named hole in a declaration, or a variable of the checker
};

class Type {
 public:
  Type(TypeKind kind, std::string name, std::vector<TypePtr> parameters = {})
      : kind_(kind), name_(std::move(name)), parameters_(std::move(parameters)) {
    for (const TypePtr& parameter : parameters_) weight_ += parameter->weight_;
    if (weight_ > kMaxWeight) weight_ = kMaxWeight + 1;
  }

  TypeKind kind() const { return kind_; }
  const std::string& name() const { return name_; }  // as at run time: google.protobuf.Duration, list, net.IP
  const std::vector<TypePtr>& parameters() const { return parameters_; }
  const TypePtr& parameter(size_t i) const { return parameters_[i]; }
  bool Is(TypeKind kind) const { return kind_ == kind; }
  bool IsOptional() const { return kind_ == TypeKind::kOpaque && name_ == "optional_type"; }
  bool IsDyn() const { return kind_ == TypeKind::kDyn || kind_ == TypeKind::kAny; }  // to the checker they are one
  bool IsDynOrError() const { return IsDyn() || kind_ == TypeKind::kError; }

  // Types share their parts, so that a short expression can have one whose printed form is astronomic. The checker
  // refuses those.
  static constexpr uint32_t kMaxWeight = 10'000;
  bool TooHeavy() const { return weight_ > kMaxWeight; }

  std::string ToString() const;  // as upstream prints it in messages: list(map(string, dyn))

 private:
  TypeKind kind_;
  std::string name_;
  std::vector<TypePtr> parameters_;
  uint32_t weight_ = 1;
};

// One shared object for each simple type.
const TypePtr& DynType();
const TypePtr& ErrorType();
const TypePtr& NullType();
const TypePtr& BoolType();
const TypePtr& IntType();
const TypePtr& UintType();
const TypePtr& DoubleType();
const TypePtr& StringType();
const TypePtr& BytesType();
const TypePtr& DurationType();
const TypePtr& TimestampType();
const TypePtr& AnyType();
TypePtr ListType(TypePtr element);
TypePtr MapType(TypePtr key, TypePtr value);
TypePtr StructType(absl::string_view name);
TypePtr OpaqueType(absl::string_view name, std::vector<TypePtr> parameters = {});
TypePtr OptionalType(TypePtr value);
TypePtr TypeType(TypePtr of);  // `of` may be nullptr
TypePtr TypeParam(absl::string_view name);

// The same kind, name and parameters all the way down.
bool Same(const Type& a, const Type& b);

// Reads a type as declarations below write it: `list(A)`, `map(string, int)`, `optional(T)`, `net.IP`. Single upper-case
// letters are type parameters; names with a dot that are not opaque are structs. REQUIRES: well-formed.
TypePtr ParseType(absl::string_view text);

}  // namespace apimachinery::cel
