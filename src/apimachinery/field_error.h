// Problems of an object's fields, collected by validation and told to the user in upstream's words. Pure values.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "apimachinery/value.h"

namespace apimachinery {

// spec.containers[0].ports[2].name, metadata.labels[app]. A small value; Child copies.
class FieldPath {
 public:
  FieldPath() = default;
  explicit FieldPath(absl::string_view root) : text_(root) {}
  FieldPath Child(absl::string_view name) const;
  FieldPath Index(size_t index) const;
  FieldPath Key(absl::string_view key) const;
  const std::string& ToString() const { return text_; }  // "<nil>" never; "" is the object itself

 private:
  std::string text_;
};

struct FieldError {
  enum class Type : uint8_t {
    kNotFound, kRequired, kDuplicate, kInvalid, kNotSupported, kForbidden, kTooLong, kTooMany, kInternal, kTypeInvalid,
  };
  Type type = Type::kInvalid;
  std::string field;
  std::string value;  // as printed: quoted strings, plain numbers, JSON for the rest; unused for some types. "": left out
  std::string detail;

  std::string Body() const;      // `Invalid value: "x": must be ...`
  std::string ToString() const;  // field, ": ", Body()
  absl::string_view Reason() const;  // "FieldValueInvalid"
};

class FieldErrors {
 public:
  void Required(const FieldPath& path, absl::string_view detail = "");
  void Invalid(const FieldPath& path, const Value& value, absl::string_view detail);
  void TypeInvalid(const FieldPath& path, const Value& value, absl::string_view detail);
  void Duplicate(const FieldPath& path, const Value& value);
  void NotSupported(const FieldPath& path, const Value& value, absl::Span<const absl::string_view> valid);
  void Forbidden(const FieldPath& path, absl::string_view detail);
  void TooLong(const FieldPath& path, int max_length);
  void TooMany(const FieldPath& path, int actual, int max);
  void NotFound(const FieldPath& path, const Value& value);
  void Internal(const FieldPath& path, absl::string_view detail);
  void Add(FieldError error) { errors_.push_back(std::move(error)); }
  void Append(FieldErrors other);
  // Invalid for each of a name check's messages.
  void InvalidAll(const FieldPath& path, const Value& value, const std::vector<std::string>& messages);

  bool empty() const { return errors_.empty(); }
  const std::vector<FieldError>& errors() const { return errors_; }
  std::string ToString() const;  // one error as it is, several "[a, b]", equal texts once

 private:
  std::vector<FieldError> errors_;
};

}  // namespace apimachinery
