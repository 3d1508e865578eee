// A tree of JSON values: what the API server and kubectl compute on. Schema-free; codec.h ties it to API types.
//
// A tree decoded by the codec is *typed*: integers are kInt, quantities and times are their canonical
// strings, bytes are standard base64 strings, IntOrString is kInt or kString, RawExtension is kRaw, an unset
// field is absent (never null; see Hollow). Trees of custom resources are plain JSON.
//
// Regular value type: copies deeply, moves in O(1). Not thread-safe for writing; const access is.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include "absl/strings/string_view.h"
#include <utility>
#include <vector>

namespace apimachinery {

class Value;
struct Member;
using Array = std::vector<Value>;
using Object = std::vector<Member>;  // in insertion order; keys are unique

class Value {
 public:
  enum class Type : uint8_t { kNull = 4, kBool, kInt, kDouble, kString, kRaw, kArray, kObject };  // below: hollow

  Value() = default;  // null
  Value(bool b) : type_(Type::kBool) { bool_ = b; }
  Value(int i) : type_(Type::kInt) { int_ = i; }
  Value(int64_t i) : type_(Type::kInt) { int_ = i; }
  Value(double d) : type_(Type::kDouble) { double_ = d; }
  Value(const char* s) : Value(std::string(s)) {}
  Value(absl::string_view s) : Value(std::string(s)) {}
  Value(std::string s);
  Value(Array a);
  Value(Object o);
  static Value MakeArray();
  static Value MakeObject();
  static Value Raw(std::string json);  // verbatim compact JSON text, written as it is
  // A member of a typed tree that was set to an empty list (kArray) or map (kObject). Upstream's rules hardly ever tell that
  // from unset, so to all who look it is null, Find does not see it, and comparing takes it for absent. What shows an object
  // as Go prints it, or records who set a field, asks for it by FindSet. REQUIRES: kArray or kObject
  static Value Hollow(Type type);
  // An object with nothing but hollow members counts as absent, too, unless it is kept: upstream holds it by a pointer,
  // which is set. Does nothing to other objects.
  void KeepHollow();
  ~Value() { Destroy(); }
  Value(const Value& other);
  Value(Value&& other) noexcept { Steal(other); }
  Value& operator=(const Value& other);
  Value& operator=(Value&& other) noexcept;

  Type type() const { return type_ < Type::kNull ? Type::kNull : type_; }
  bool is_null() const { return type_ <= Type::kNull; }
  bool is_hollow() const { return type_ < Type::kNull; }
  bool is_hollow_list() const { return type_ == kHollowList || type_ == kKeptList; }
  bool is_bool() const { return type_ == Type::kBool; }
  bool is_int() const { return type_ == Type::kInt; }
  bool is_double() const { return type_ == Type::kDouble; }
  bool is_number() const { return is_int() || is_double(); }
  bool is_string() const { return type_ == Type::kString; }
  bool is_raw() const { return type_ == Type::kRaw; }
  bool is_array() const { return type_ == Type::kArray; }
  bool is_object() const { return type_ == Type::kObject; }

  // REQUIRES: the matching type (checked).
  bool as_bool() const;
  int64_t as_int() const;      // kInt, or a kDouble cut off; the least number when it is beyond int64
  double as_double() const;    // kInt or kDouble
  const std::string& as_string() const;  // kString or kRaw
  std::string& as_string();
  const Array& array() const;
  Array& array();
  const Object& object() const;
  Object& object();

  // Members of an object, hollow ones are not found. On any other type Find answers nullptr, Erase false.
  const Value* Find(absl::string_view key) const;
  Value* Find(absl::string_view key);
  const Value* FindSet(absl::string_view key) const;  // hollow ones too
  bool Has(absl::string_view key) const { return Find(key) != nullptr; }
  // The member, added as null when absent; null turns into an object. REQUIRES: object or null.
  Value& operator[](absl::string_view key);
  Value& Set(absl::string_view key, Value value) { return (*this)[key] = std::move(value); }
  bool Erase(absl::string_view key);
  void Append(Value value);  // null turns into an array. REQUIRES: array or null
  size_t size() const;       // elements or members; 0 for scalars
  bool empty() const { return size() == 0; }

  // Members of members by a dotted path of plain names: At("spec.template.spec"). nullptr when absent.
  // Keys that contain dots (labels) need Find. No array indexes.
  const Value* At(absl::string_view dotted) const;
  Value* At(absl::string_view dotted);
  // As At, making objects on the way.
  Value& Ensure(absl::string_view dotted);
  bool EraseAt(absl::string_view dotted);

  // The value at a dotted path, or the fallback when it is absent or of another type.
  std::string GetString(absl::string_view dotted, absl::string_view fallback = "") const;
  int64_t GetInt(absl::string_view dotted, int64_t fallback = 0) const;
  bool GetBool(absl::string_view dotted, bool fallback = false) const;
  // The elements at a path; an empty list when absent.
  const Array& GetArray(absl::string_view dotted) const;
  const Object& GetObject(absl::string_view dotted) const;

  // Deep. Member order does not matter; 1 and 1.0 are equal; raw values compare by text.
  // Hollow members, and objects with nothing else in them that are not kept, count as absent.
  friend bool operator==(const Value& a, const Value& b);
  // The same, but hollow members are told from absent ones.
  bool IdenticalTo(const Value& other) const;

 private:
  static constexpr Type kHollowList = Type(0), kHollowMap = Type(1), kKeptList = Type(2), kKeptMap = Type(3);
  static bool Same(const Value& left, const Value& right, bool tell_hollow);
  static bool SaysNothing(const Value& value, int depth = 0);
  void Destroy();
  void Steal(Value& other) {
    type_ = other.type_;
    int_ = other.int_;  // the widest member
    other.type_ = Type::kNull;
  }

  Type type_ = Type::kNull;
  union {
    bool bool_;
    int64_t int_ = 0;
    double double_;
    std::string* string_;  // owned; kString and kRaw
    Array* array_;         // owned
    Object* object_;       // owned
  };
};

struct Member {
  std::string key;
  Value value;
};

inline Value Value::MakeArray() { return Value(Array{}); }
inline Value Value::MakeObject() { return Value(Object{}); }

}  // namespace apimachinery
