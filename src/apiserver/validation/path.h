// Where in the object a check stands, without building its text until an error needs it.
#pragma once
#include <cstddef>

#include "absl/strings/string_view.h"
#include "apimachinery/field_error.h"

namespace apiserver::validation {

// A link to its parent, which must outlive it: keep each step in a local variable. (Chains of temporaries do not
// compile.) Names may hold dots: spec / "template.metadata".
class Path {
 public:
  Path() = default;  // the object itself
  explicit Path(absl::string_view root) : name_(root) {}

  Path operator/(absl::string_view name) const& { return Path(this, Step::kName, name, 0); }
  Path operator[](size_t index) const& { return Path(this, Step::kIndex, "", index); }
  Path Key(absl::string_view key) const& { return Path(this, Step::kKey, key, 0); }
  Path operator/(absl::string_view) const&& = delete;
  Path operator[](size_t) const&& = delete;
  Path Key(absl::string_view) const&& = delete;

  operator apimachinery::FieldPath() const {  // NOLINT: errors take FieldPath
    if (parent_ == nullptr) return name_.empty() ? apimachinery::FieldPath() : apimachinery::FieldPath(name_);
    const apimachinery::FieldPath base = *parent_;
    if (step_ == Step::kIndex) return base.Index(index_);
    if (step_ == Step::kKey) return base.Key(name_);
    return base.ToString().empty() ? apimachinery::FieldPath(name_) : base.Child(name_);
  }

 private:
  enum class Step { kName, kIndex, kKey };
  Path(const Path* parent, Step step, absl::string_view name, size_t index)
      : parent_(parent), step_(step), name_(name), index_(index) {}

  const Path* parent_ = nullptr;
  Step step_ = Step::kName;
  absl::string_view name_;
  size_t index_ = 0;
};

}  // namespace apiserver::validation
