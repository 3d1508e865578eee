// Library values in a box of their type.
#pragma once
#include <memory>
#include <string>
#include <utility>

#include "apimachinery/cel/val.h"

namespace apimachinery::cel {

// What most traits have in common.
struct BoxDefaults {
  static constexpr bool kHashable = true;
  template <typename T>
  static std::string Native(const T&) { return ""; }
};

// `Traits` says for a T: `static const TypePtr& Type()`, `static bool Equal(const T&, const T&)`, `static int64_t Size(const T&)`,
// `static absl::string_view GoType(const T&)` and `static std::string Native(const T&)`, see Opaque.
template <typename T, typename Traits>
class Boxed final : public Opaque {
 public:
  explicit Boxed(T value) : value_(std::move(value)) {}
  const TypePtr& type() const override { return Traits::Type(); }
  bool Equals(const Opaque& other) const override {
    return Traits::Equal(value_, static_cast<const Boxed&>(other).value_);
  }
  int64_t cost_size() const override { return Traits::Size(value_); }

  absl::string_view go_type() const override { return Traits::GoType(value_); }
  std::string NativeValue() const override { return Traits::Native(value_); }
  bool hashable() const override { return Traits::kHashable; }

  static Val Box(T value) { return Val::FromOpaque(std::make_shared<const Boxed>(std::move(value))); }
  // REQUIRES: a value of the type.
  static const T& Unbox(const Val& v) { return static_cast<const Boxed&>(v.opaque()).value_; }

 private:
  const T value_;
};

}  // namespace apimachinery::cel
