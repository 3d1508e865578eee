#include "apimachinery/value.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace apimachinery {
namespace {

[[noreturn]] void WrongType(const char* wanted, Value::Type got) {
  std::fprintf(stderr, "Value: %s expected, type is %d\n", wanted, static_cast<int>(got));
  std::abort();
}

// Splits the first name off a dotted path.
absl::string_view TakeName(absl::string_view& path) {
  const size_t dot = path.find('.');
  const absl::string_view name = path.substr(0, dot);
  path = dot == absl::string_view::npos ? absl::string_view() : path.substr(dot + 1);
  return name;
}

}  // namespace

static_assert(sizeof(Value) == 16);

Value::Value(std::string s) : type_(Type::kString) { string_ = new std::string(std::move(s)); }
Value::Value(Array a) : type_(Type::kArray) { array_ = new Array(std::move(a)); }
Value::Value(Object o) : type_(Type::kObject) { object_ = new Object(std::move(o)); }

Value Value::Hollow(Type type) {
  if (type != Type::kArray && type != Type::kObject) WrongType("list or map", type);
  Value value;
  value.type_ = type == Type::kArray ? kHollowList : kHollowMap;
  return value;
}

Value Value::Raw(std::string json) {
  Value value(std::move(json));
  value.type_ = Type::kRaw;
  return value;
}

// Trees come from clients and may be thousands of levels deep. Destroy, copy and compare recurse down to kMaxNested
// levels only and put what lies deeper on a work list that the outermost call drains.
constexpr int kMaxNested = 100;

void Value::Destroy() {
  if (type_ < Type::kString) return;
  if (type_ == Type::kString || type_ == Type::kRaw) {
    delete string_;
    return;
  }
  static thread_local int nested = 0;
  static thread_local std::vector<Value>* postponed = nullptr;
  if (nested >= kMaxNested) {
    if (postponed == nullptr) postponed = new std::vector<Value>;
    postponed->push_back(std::move(*this));
    return;
  }
  ++nested;
  type_ == Type::kArray ? delete array_ : delete object_;
  --nested;
  if (nested > 0 || postponed == nullptr) return;
  std::unique_ptr<std::vector<Value>> work(std::exchange(postponed, nullptr));
  while (work != nullptr) {
    work.reset();  // destroys each with a fresh budget; deeper rests are postponed anew
    work.reset(std::exchange(postponed, nullptr));
  }
}

Value::Value(const Value& other) : type_(other.type_) {
  switch (type_) {
    case Type::kString:
    case Type::kRaw: string_ = new std::string(*other.string_); return;
    case Type::kArray:
    case Type::kObject: break;
    default: int_ = other.int_; return;
  }
  struct Copy {
    const Value* from;
    Value* to;
  };
  static thread_local int nested = 0;
  static thread_local std::vector<Copy>* postponed = nullptr;
  if (nested >= kMaxNested) {
    if (postponed == nullptr) postponed = new std::vector<Copy>;
    postponed->push_back({&other, this});  // filled in before the outermost copy returns; `this` does not move till then
    type_ = Type::kNull;
    return;
  }
  ++nested;
  if (type_ == Type::kArray) {
    array_ = new Array(*other.array_);
  } else {
    object_ = new Object(*other.object_);
  }
  --nested;
  if (nested > 0) return;
  while (postponed != nullptr) {
    std::unique_ptr<std::vector<Copy>> work(std::exchange(postponed, nullptr));
    for (const Copy& copy : *work) {
      ++nested;  // keeps the inner constructor from draining
      copy.to->type_ = copy.from->type_;
      if (copy.from->type_ == Type::kArray) {
        copy.to->array_ = new Array(*copy.from->array_);
      } else {
        copy.to->object_ = new Object(*copy.from->object_);
      }
      --nested;
    }
  }
}

Value& Value::operator=(const Value& other) {
  if (this != &other) *this = Value(other);
  return *this;
}

Value& Value::operator=(Value&& other) noexcept {
  if (this != &other) {
    Value old(std::move(*this));  // `other` may live inside this tree: destroy last
    Steal(other);
  }
  return *this;
}

bool Value::as_bool() const {
  if (!is_bool()) WrongType("bool", type_);
  return bool_;
}
int64_t Value::as_int() const {
  if (is_double()) {
    constexpr double kLimit = 9223372036854775808.0;
    return double_ >= -kLimit && double_ < kLimit ? static_cast<int64_t>(double_) : INT64_MIN;  // as Go's conversion
  }
  if (!is_int()) WrongType("int", type_);
  return int_;
}
double Value::as_double() const {
  if (is_int()) return static_cast<double>(int_);
  if (!is_double()) WrongType("double", type_);
  return double_;
}
const std::string& Value::as_string() const {
  if (!is_string() && !is_raw()) WrongType("string", type_);
  return *string_;
}
std::string& Value::as_string() { return const_cast<std::string&>(std::as_const(*this).as_string()); }
const Array& Value::array() const {
  if (!is_array()) WrongType("array", type_);
  return *array_;
}
Array& Value::array() { return const_cast<Array&>(std::as_const(*this).array()); }
const Object& Value::object() const {
  if (!is_object()) WrongType("object", type_);
  return *object_;
}
Object& Value::object() { return const_cast<Object&>(std::as_const(*this).object()); }

const Value* Value::FindSet(absl::string_view key) const {
  if (!is_object()) return nullptr;
  for (const Member& member : *object_) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}
const Value* Value::Find(absl::string_view key) const {
  const Value* found = FindSet(key);
  return found == nullptr || found->is_hollow() ? nullptr : found;
}
Value* Value::Find(absl::string_view key) { return const_cast<Value*>(std::as_const(*this).Find(key)); }

Value& Value::operator[](absl::string_view key) {
  if (is_null()) *this = MakeObject();
  if (const Value* found = FindSet(key)) return const_cast<Value&>(*found);
  return object().emplace_back(Member{std::string(key), Value()}).value;
}

bool Value::Erase(absl::string_view key) {
  if (!is_object()) return false;
  for (auto it = object_->begin(); it != object_->end(); ++it) {
    if (it->key != key) continue;
    object_->erase(it);
    return true;
  }
  return false;
}

void Value::Append(Value value) {
  if (is_null()) *this = MakeArray();
  array().push_back(std::move(value));
}

size_t Value::size() const {
  if (is_array()) return array_->size();
  return is_object() ? object_->size() : 0;
}

const Value* Value::At(absl::string_view dotted) const {
  const Value* at = this;
  while (at != nullptr && !dotted.empty()) at = at->Find(TakeName(dotted));
  return at;
}
Value* Value::At(absl::string_view dotted) { return const_cast<Value*>(std::as_const(*this).At(dotted)); }

Value& Value::Ensure(absl::string_view dotted) {
  Value* at = this;
  while (!dotted.empty()) at = &(*at)[TakeName(dotted)];
  return *at;
}

bool Value::EraseAt(absl::string_view dotted) {
  const size_t dot = dotted.rfind('.');
  if (dot == absl::string_view::npos) return Erase(dotted);
  Value* parent = At(dotted.substr(0, dot));
  return parent != nullptr && parent->Erase(dotted.substr(dot + 1));
}

std::string Value::GetString(absl::string_view dotted, absl::string_view fallback) const {
  const Value* found = At(dotted);
  return std::string(found != nullptr && found->is_string() ? absl::string_view(found->as_string()) : fallback);
}
int64_t Value::GetInt(absl::string_view dotted, int64_t fallback) const {
  const Value* found = At(dotted);
  return found != nullptr && found->is_number() ? found->as_int() : fallback;
}
bool Value::GetBool(absl::string_view dotted, bool fallback) const {
  const Value* found = At(dotted);
  return found != nullptr && found->is_bool() ? found->as_bool() : fallback;
}
const Array& Value::GetArray(absl::string_view dotted) const {
  static const Array* const none = new Array;
  const Value* found = At(dotted);
  return found != nullptr && found->is_array() ? found->array() : *none;
}
const Object& Value::GetObject(absl::string_view dotted) const {
  static const Object* const none = new Object;
  const Value* found = At(dotted);
  return found != nullptr && found->is_object() ? found->object() : *none;
}

void Value::KeepHollow() {
  if (!is_object() || empty() || !SaysNothing(*this)) return;
  Value* at = this;
  while (at->is_object()) at = &at->object_->front().value;
  at->type_ = at->is_hollow_list() ? kKeptList : kKeptMap;
}

// A hollow value, or a struct in which no more was set. Only types that hold themselves could be deeper than this.
bool Value::SaysNothing(const Value& value, int depth) {
  constexpr int kMaxDepth = 32;
  if (value.is_hollow()) return depth == 0 || value.type_ < kKeptList;
  if (!value.is_object() || value.empty() || depth == kMaxDepth) return false;
  for (const Member& member : *value.object_) {
    if (!SaysNothing(member.value, depth + 1)) return false;
  }
  return true;
}

bool Value::Same(const Value& left, const Value& right, bool tell_hollow) {
  std::vector<std::pair<const Value*, const Value*>> work;
  const auto same = [&](const Value& a, const Value& b) {  // containers' members are left to the work list
    if (a.is_number() && b.is_number()) {
      return a.is_int() && b.is_int() ? a.int_ == b.int_ : a.as_double() == b.as_double();
    }
    if (a.type_ != b.type_) {
      if (tell_hollow) return false;
      return (a.is_null() && (b.is_null() || SaysNothing(b))) || (b.is_null() && SaysNothing(a));
    }
    switch (a.type_) {
      case Type::kBool: return a.bool_ == b.bool_;
      case Type::kString:
      case Type::kRaw: return *a.string_ == *b.string_;
      case Type::kArray:
        if (a.size() != b.size()) return false;
        work.emplace_back(&a, &b);
        return true;
      case Type::kObject:
        if (tell_hollow && a.size() != b.size()) return false;
        work.emplace_back(&a, &b);
        return true;
      default: return true;
    }
  };
  if (!same(left, right)) return false;
  while (!work.empty()) {
    const auto [a, b] = work.back();
    work.pop_back();
    if (a->is_array()) {
      for (size_t i = 0; i < a->size(); ++i) {
        if (!same((*a->array_)[i], (*b->array_)[i])) return false;
      }
      continue;
    }
    size_t shared = 0;
    for (size_t i = 0; i < a->size(); ++i) {
      const Member& member = (*a->object_)[i];
      const Value* other = nullptr;
      if (i < b->size() && (*b->object_)[i].key == member.key) {  // trees of the same origin have the same order
        other = &(*b->object_)[i].value;
      } else {
        other = b->FindSet(member.key);
      }
      if (other == nullptr && !tell_hollow && SaysNothing(member.value)) continue;
      if (other == nullptr || !same(member.value, *other)) return false;
      ++shared;
    }
    if (shared == b->size()) continue;
    for (const Member& member : *b->object_) {
      if (a->FindSet(member.key) == nullptr && (tell_hollow || !SaysNothing(member.value))) return false;
    }
  }
  return true;
}

bool operator==(const Value& a, const Value& b) { return Value::Same(a, b, false); }
bool Value::IdenticalTo(const Value& other) const { return Same(*this, other, true); }

}  // namespace apimachinery
