// A value at run time. Cheap to copy: scalars are inline, the rest is shared and immutable. Thread-safe to read.
//
// Strings, lists and maps may be views into a tree of apimachinery::Value (bindings); the tree outlives the evaluation
// and every Val that comes out of it.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "apimachinery/cel/type.h"
#include "apimachinery/value.h"

namespace apimachinery::cel {

class Val;

// Values of some types can only be compared with their like.
enum class Equality : uint8_t { kNo, kYes, kNoOverload };

// A list. Lists of Kubernetes may be sets or maps: these compare without order, and `+` merges.
class List {
 public:
  virtual ~List() = default;
  virtual size_t size() const = 0;
  virtual Val at(size_t index) const = 0;
  virtual Equality Compare(const List& other) const;
  // Does it refuse to be compared with what is no list?
  virtual bool particular() const { return false; }
  virtual Val Plus(const List& other) const;
};

class Map {
 public:
  virtual ~Map() = default;
  virtual size_t size() const = 0;
  // The value of a key; an error value when the key cannot be looked up; false when absent.
  virtual bool Find(const Val& key, Val* value) const = 0;
  // Stops when `visit` answers false.
  virtual void ForEach(absl::FunctionRef<bool(const Val& key)> visit) const = 0;
  virtual Equality Compare(const Map& other) const;
  // Does it refuse to be compared with what is no map?
  virtual bool particular() const { return false; }
  // The name of the type: "map", or that of an object type.
  virtual absl::string_view type_name() const { return "map"; }
};

// Values of library types: quantities, addresses, authorizers.
class Opaque {
 public:
  virtual ~Opaque() = default;
  virtual const TypePtr& type() const = 0;
  virtual bool Equals(const Opaque& other) const = 0;  // REQUIRES: the same type
  virtual int64_t cost_size() const { return 1; }      // what cost accounting takes for its size
  virtual absl::string_view go_type() const { return type()->name(); }  // the name of upstream's own type
  // What upstream's value holds, as Go prints it with its type; empty when that is a value of expressions as well.
  virtual std::string NativeValue() const { return ""; }
  virtual bool hashable() const { return true; }       // may it be the key of a map?
};

class Val {
 public:
  enum class Kind : uint8_t {
    kError, kNull, kBool, kInt, kUint, kDouble, kString, kBytes, kDuration, kTimestamp, kList, kMap, kOptional, kType, kOpaque,
  };

  Val() : kind_(Kind::kNull) {}
  static Val Error(std::string text);
  static Val Null() { return Val(); }
  static Val Bool(bool b) { Val v(Kind::kBool); v.int_ = b; return v; }
  static Val Int(int64_t i) { Val v(Kind::kInt); v.int_ = i; return v; }
  static Val Uint(uint64_t u) { Val v(Kind::kUint); v.int_ = static_cast<int64_t>(u); return v; }
  static Val Double(double d) { Val v(Kind::kDouble); v.double_ = d; return v; }
  static Val String(std::string text);
  static Val StringView(absl::string_view text);  // not copied
  static Val Bytes(std::string bytes);
  static Val Duration(int64_t nanoseconds) { Val v(Kind::kDuration); v.int_ = nanoseconds; return v; }
  // `offset`: of the zone it was written in, in seconds east of UTC; only printing cares.
  static Val Timestamp(int64_t seconds, int32_t nanoseconds, int32_t offset = 0) {
    Val v(Kind::kTimestamp);
    v.int_ = seconds;
    v.extra_ = static_cast<uint64_t>(static_cast<uint32_t>(offset)) << 32 | static_cast<uint32_t>(nanoseconds);
    return v;
  }
  static Val FromList(std::shared_ptr<const List> list);
  static Val ListOf(std::vector<Val> elements);
  static Val FromMap(std::shared_ptr<const Map> map);
  static Val None() { return Val(Kind::kOptional); }
  static Val Some(Val value);
  static Val OfType(TypePtr type);
  static Val FromOpaque(std::shared_ptr<const Opaque> opaque);
  // Plain JSON (CEL type dyn) as a view; `tree` must outlive the result.
  static Val View(const Value& tree);
  // The same, owning its tree.
  static Val Own(Value tree);

  Kind kind() const { return kind_; }
  bool is(Kind kind) const { return kind_ == kind; }
  bool is_error() const { return kind_ == Kind::kError; }
  bool is_true() const { return kind_ == Kind::kBool && int_ != 0; }
  bool is_false() const { return kind_ == Kind::kBool && int_ == 0; }

  // REQUIRES: the matching kind.
  bool as_bool() const { return int_ != 0; }
  int64_t as_int() const { return int_; }
  uint64_t as_uint() const { return static_cast<uint64_t>(int_); }
  double as_double() const { return double_; }
  absl::string_view text() const { return absl::string_view(chars_, extra_); }  // kString, kBytes, kError
  int64_t nanoseconds() const { return int_; }                                  // kDuration
  int64_t seconds() const { return int_; }                                      // kTimestamp
  int32_t subsecond() const { return static_cast<int32_t>(extra_); }            // kTimestamp, nanoseconds
  int32_t zone_offset() const { return static_cast<int32_t>(extra_ >> 32); }    // kTimestamp, seconds
  const List& list() const { return *static_cast<const List*>(node_.get()); }
  const Map& map() const { return *static_cast<const Map*>(node_.get()); }
  const cel::Opaque& opaque() const { return *static_cast<const cel::Opaque*>(node_.get()); }
  bool has_value() const { return node_ != nullptr; }                           // kOptional
  const Val& optional_value() const { return *static_cast<const Val*>(node_.get()); }
  TypePtr type_value() const { return std::static_pointer_cast<const Type>(node_); }  // kType

  absl::string_view TypeName() const;  // int, list, google.protobuf.Timestamp
  TypePtr RuntimeType() const;         // parameters are dyn
  // A JSON tree, for answers that go into objects. Durations, timestamps and the like become text.
  Value ToValue() const;

 private:
  explicit Val(Kind kind) : kind_(kind) {}

  Kind kind_;
  union {
    int64_t int_ = 0;
    double double_;
    const char* chars_;
  };
  uint64_t extra_ = 0;  // length of text, nanoseconds of a timestamp
  std::shared_ptr<const void> node_;  // what owns the text, the list, the map, ...
};

// CEL equality: numbers compare across types, values of different types are unequal.
Equality CompareEqual(const Val& a, const Val& b);
inline bool Equals(const Val& a, const Val& b) { return CompareEqual(a, b) == Equality::kYes; }
// The name of upstream's own type: types.Int, cel.IP.
absl::string_view GoType(const Val& value);
// -1, 0, 1; an error for values that have no order.
Val Compare(const Val& a, const Val& b);
// `seconds` and the like as Go prints them in messages.
std::string GoPrint(const Val& value);
// Number of elements, bytes or code points: what the function size() and cost accounting count; 1 for scalars.
uint64_t CostSize(const Val& value);
// Code points of UTF-8 text.
size_t CodePoints(absl::string_view text);

}  // namespace apimachinery::cel
