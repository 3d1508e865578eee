// What the codec's files share: zero values, and the special shapes' small conversions.
#pragma once
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "apimachinery/schema.h"
#include "apimachinery/value.h"

namespace apimachinery::codec {

constexpr int kMaxNesting = 1000;  // messages within messages; only JSON schemas nest by themselves

// A single message that Go holds by value and prints even when empty (a slice type does not count).
inline bool IsPlainStruct(const Field& field) {
  return field.type == FieldType::kMessage && field.is_single() && !field.pointer &&
         field.message->shape != Shape::kStringList;
}

// Whether `value` is the zero value of a field that is no pointer: such members are left out of typed trees.
bool IsZero(const Field& field, const Value& value);
bool IsZero(const Message& message, const Value& value);
// The same for a value whose own members are in normal form already.
inline bool IsZeroNormalized(const Field& field, const Value& value) {
  if (field.type == FieldType::kMessage && field.is_single() && field.message->shape == Shape::kStruct) {
    return value.empty();
  }
  return IsZero(field, value);
}

// Members of a struct in schema order, entries of a map by key: trees print as Go prints.
void SortMembers(const Message& message, Object* object);
void SortKeysOnce(Object* object);  // does nothing when they are sorted

// The entries of a map by key, the order in which every encoding writes them. `map` must outlive it, unchanged.
class KeyOrder {
 public:
  explicit KeyOrder(const Object& map);
  size_t size() const { return size_; }
  const Member& operator[](size_t i) const { return *members_[i]; }

 private:
  static constexpr size_t kInline = 16;  // most maps need no memory of their own
  const size_t size_;
  const Member* few_[kInline];
  std::unique_ptr<const Member*[]> many_;
  const Member** const members_;
};

// What an absent member prints when it is not left out.
void AppendZeroJson(const Field& field, std::string* out);
void AppendZeroJson(const Message& message, std::string* out);  // "{}" with the members that are always printed

// Whether an absent member is left out of JSON.
inline bool OmitAbsent(const Field& field) {
  return field.omitzero || (field.omitempty && !IsPlainStruct(field));
}

// Whether JSON bytes can be printed as they stand: no space, nothing that Go escapes. May say no to some that could.
bool IsCleanJson(absl::string_view raw);

// The text of a Time or MicroTime from its wire form without quotes; "" for the zero time.
bool AppendWireTime(absl::string_view bytes, bool micro, std::string* out);
// The single bytes field `number` of a message; last one wins. False when damaged. *present tells if it was there.
bool ReadBytesField(absl::string_view bytes, uint32_t number, absl::string_view* value, bool* present);
// IntOrString's wire form.
struct IntOrStringWire {
  bool is_string = false;
  int64_t number = 0;
  absl::string_view text;
};
bool ReadIntOrString(absl::string_view bytes, IntOrStringWire* value);
bool ReadDuration(absl::string_view bytes, int64_t* nanoseconds);

}  // namespace apimachinery::codec
