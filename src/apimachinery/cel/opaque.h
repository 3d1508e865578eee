// Library values in a box of their type.
#pragma once
#include <memory>
#include <utility>

#include "apimachinery/cel/val.h"

namespace apimachinery::cel {

// `Traits` says for a T: `static const TypePtr& Type()`, `static bool Equal(const T&, const T&)`, `static int64_t Size(const T&)`.
template <typename T, typename Traits>
class Boxed final : public Opaque {
 public:
  explicit Boxed(T value) : value_(std::move(value)) {}
  const TypePtr& type() const override { return Traits::Type(); }
  bool Equals(const Opaque& other) const override {
    return Traits::Equal(value_, static_cast<const Boxed&>(other).value_);
  }
  int64_t cost_size() const override { return Traits::Size(value_); }

  static Val Box(T value) { return Val::FromOpaque(std::make_shared<const Boxed>(std::move(value))); }
  // REQUIRES: a value of the type.
  static const T& Unbox(const Val& v) { return static_cast<const Boxed&>(v.opaque()).value_; }

 private:
  const T value_;
};

}  // namespace apimachinery::cel
