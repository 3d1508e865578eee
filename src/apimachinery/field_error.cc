#include "apimachinery/field_error.h"

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "apimachinery/go_number.h"
#include "apimachinery/go_quote.h"
#include "apimachinery/json.h"

namespace apimachinery {
namespace {

// A bad value as Go's field.Error prints it.
std::string Show(const Value& value) {
  if (value.is_string()) return GoQuote(value.as_string());
  if (value.is_double()) return GoDouble(value.as_double());
  return WriteJson(value);
}

}  // namespace

FieldPath FieldPath::Child(absl::string_view name) const {
  return FieldPath(text_.empty() ? std::string(name) : absl::StrCat(text_, ".", name));
}
FieldPath FieldPath::Index(size_t index) const { return FieldPath(absl::StrCat(text_, "[", index, "]")); }
FieldPath FieldPath::Key(absl::string_view key) const { return FieldPath(absl::StrCat(text_, "[", key, "]")); }

std::string FieldError::Body() const {
  absl::string_view name;
  bool with_value = true;
  switch (type) {
    case Type::kNotFound: name = "Not found"; break;
    case Type::kRequired: name = "Required value"; with_value = false; break;
    case Type::kDuplicate: name = "Duplicate value"; break;
    case Type::kInvalid: name = "Invalid value"; break;
    case Type::kNotSupported: name = "Unsupported value"; break;
    case Type::kForbidden: name = "Forbidden"; with_value = false; break;
    case Type::kTooLong: name = "Too long"; with_value = false; break;
    case Type::kTooMany: name = "Too many"; break;
    case Type::kInternal: name = "Internal error"; with_value = false; break;
    case Type::kTypeInvalid: name = "Invalid value"; break;
  }
  with_value = with_value && !value.empty();
  with_value = with_value && !value.empty();  // values that are not shown
  return absl::StrCat(name, with_value ? ": " : "", with_value ? value : "", detail.empty() ? "" : ": ", detail);
}

std::string FieldError::ToString() const { return absl::StrCat(field, ": ", Body()); }

absl::string_view FieldError::Reason() const {
  switch (type) {
    case Type::kNotFound: return "FieldValueNotFound";
    case Type::kRequired: return "FieldValueRequired";
    case Type::kDuplicate: return "FieldValueDuplicate";
    case Type::kInvalid: return "FieldValueInvalid";
    case Type::kNotSupported: return "FieldValueNotSupported";
    case Type::kForbidden: return "FieldValueForbidden";
    case Type::kTooLong: return "FieldValueTooLong";
    case Type::kTooMany: return "FieldValueTooMany";
    case Type::kInternal: return "InternalError";
    case Type::kTypeInvalid: return "FieldValueTypeInvalid";
  }
  return "";
}

void FieldErrors::Required(const FieldPath& path, absl::string_view detail) {
  Add({FieldError::Type::kRequired, path.ToString(), "", std::string(detail)});
}
void FieldErrors::Invalid(const FieldPath& path, const Value& value, absl::string_view detail) {
  Add({FieldError::Type::kInvalid, path.ToString(), Show(value), std::string(detail)});
}
void FieldErrors::TypeInvalid(const FieldPath& path, const Value& value, absl::string_view detail) {
  Add({FieldError::Type::kTypeInvalid, path.ToString(), Show(value), std::string(detail)});
}
void FieldErrors::Duplicate(const FieldPath& path, const Value& value) {
  Add({FieldError::Type::kDuplicate, path.ToString(), Show(value), ""});
}
void FieldErrors::NotSupported(const FieldPath& path, const Value& value, absl::Span<const absl::string_view> valid) {
  std::vector<std::string> quoted;
  for (absl::string_view one : valid) quoted.push_back(GoQuote(one));
  Add({FieldError::Type::kNotSupported, path.ToString(), Show(value),
       quoted.empty() ? "" : absl::StrCat("supported values: ", absl::StrJoin(quoted, ", "))});
}
void FieldErrors::Forbidden(const FieldPath& path, absl::string_view detail) {
  Add({FieldError::Type::kForbidden, path.ToString(), "", std::string(detail)});
}
void FieldErrors::TooLong(const FieldPath& path, int max_length) {
  Add({FieldError::Type::kTooLong, path.ToString(), "",
       max_length < 0 ? "value is too long"
                      : absl::StrCat("may not be more than ", max_length, max_length == 1 ? " byte" : " bytes")});
}
void FieldErrors::TooMany(const FieldPath& path, int actual, int max) {
  Add({FieldError::Type::kTooMany, path.ToString(), absl::StrCat(actual),
       max < 0 ? "has too many items"
               : absl::StrCat("must have at most ", max, max == 1 ? " item" : " items")});
}
void FieldErrors::NotFound(const FieldPath& path, const Value& value) {
  Add({FieldError::Type::kNotFound, path.ToString(), Show(value), ""});
}
void FieldErrors::Internal(const FieldPath& path, absl::string_view detail) {
  Add({FieldError::Type::kInternal, path.ToString(), "", std::string(detail)});
}
void FieldErrors::Append(FieldErrors other) {
  for (FieldError& error : other.errors_) errors_.push_back(std::move(error));
}
void FieldErrors::InvalidAll(const FieldPath& path, const Value& value, const std::vector<std::string>& messages) {
  for (const std::string& message : messages) Invalid(path, value, message);
}

std::string FieldErrors::ToString() const {
  std::vector<std::string> texts;
  absl::flat_hash_set<std::string> seen;
  for (const FieldError& error : errors_) {
    std::string text = error.ToString();
    if (seen.insert(text).second) texts.push_back(std::move(text));
  }
  return texts.size() == 1 ? texts[0] : absl::StrCat("[", absl::StrJoin(texts, ", "), "]");
}

}  // namespace apimachinery
