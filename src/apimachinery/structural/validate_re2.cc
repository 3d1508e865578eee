// The rules of OpenAPI v3 as upstream's validator applies them: every problem of a value is told, alternatives (anyOf,
// oneOf) tell those of the schema that fits best, by the count of checks that passed.
#include <re2/re2.h>

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "apimachinery/go_number.h"
#include "apimachinery/go_quote.h"
#include "apimachinery/json.h"
#include "apimachinery/structural/correlate.h"
#include "apimachinery/structural/validate.h"

namespace apimachinery::structural {
namespace {

// What checking one value by one schema gave.
struct Result {
  std::vector<FieldError> errors;
  int passed = 0;

  bool valid() const { return errors.empty(); }
  void Merge(Result other) {
    for (FieldError& e : other.errors) Add(std::move(e));
    passed += other.passed;
  }
  void Add(FieldError error) {
    const bool known = std::any_of(errors.begin(), errors.end(), [&](const FieldError& e) {
      return e.field == error.field && e.Body() == error.Body();
    });
    if (!known) errors.push_back(std::move(error));
  }
  void Add(FieldErrors one) {
    for (const FieldError& e : one.errors()) Add(e);
  }
};

absl::string_view TypeOf(const Value& value) {
  switch (value.type()) {
    case Value::Type::kBool: return "boolean";
    case Value::Type::kInt: return "integer";
    case Value::Type::kDouble: return "number";
    case Value::Type::kString: return "string";
    case Value::Type::kArray: return "array";
    case Value::Type::kObject: return "object";
    default: return "null";
  }
}

bool IsWhole(double number) {
  if (std::isnan(number) || std::isinf(number) || std::abs(number) >= 9007199254740992.0) return false;
  // Within an epsilon of what is left when the fraction is cut off; of zero nothing is.
  const double whole = std::trunc(std::abs(number)), rest = std::abs(number) - whole;
  return rest == 0 || (number > 1 && rest / (std::abs(number) + whole) < 1e-9);
}

std::string Utf8(char32_t c) {
  const auto byte = [](char32_t bits) { return static_cast<char>(bits); };
  if (c < 0x80) return {byte(c)};
  if (c < 0x800) return {byte(0xc0 | c >> 6), byte(0x80 | (c & 0x3f))};
  if (c < 0x10000) return {byte(0xe0 | c >> 12), byte(0x80 | (c >> 6 & 0x3f)), byte(0x80 | (c & 0x3f))};
  return {byte(0xf0 | c >> 18), byte(0x80 | (c >> 12 & 0x3f)), byte(0x80 | (c >> 6 & 0x3f)), byte(0x80 | (c & 0x3f))};
}

// Whether a value is one of an enumeration. Upstream converts it to the element's type as Go does: a fraction is cut off, an
// integer is the character of that number.
bool IsEnumElement(const Value& value, const Value& element) {
  if (value == element) return true;
  if (value.is_double() && element.is_int()) {
    const double whole = std::trunc(value.as_double());
    return std::abs(whole) < 9007199254740992.0 && static_cast<int64_t>(whole) == element.as_int();
  }
  if (!value.is_int() || !element.is_string()) return false;
  const int64_t number = value.as_int();
  const bool valid = number >= 0 && number <= 0x10ffff && (number < 0xd800 || number > 0xdfff);
  return element.as_string() == Utf8(valid ? static_cast<char32_t>(number) : char32_t{0xfffd});
}

size_t Characters(absl::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

// The format that upstream finds in a value.
absl::string_view FormatOf(const Value& value) { return value.is_int() ? "int64" : value.is_double() ? "float64" : ""; }

// A bound as upstream has it beside an integer: what is behind the point is cut off, what is too large wraps around.
int64_t WholeBound(double limit) {
  constexpr double kTooLarge = 9223372036854775808.0;
  return limit >= -kTooLarge && limit < kTooLarge ? static_cast<int64_t>(limit) : INT64_MIN;
}

class Validator {
 public:
  Validator(std::string root, FieldPath base) : root_(std::move(root)), base_(std::move(base)) {}

  // `path` is how messages call the value; the error's field stands below base_.
  Result Run(const Schema& schema, const std::string& path, const Value& value, const Value* old) {
    Result result = Checks(schema, path, value, old);
    if (!result.valid() && old != nullptr && *old == value) result.errors.clear();
    return result;
  }

 private:
  FieldPath Field(absl::string_view path) const {
    if (!path.empty() && path[0] == '.') path.remove_prefix(1);
    return path.empty() ? base_ : base_.Child(path);
  }

  template <typename... Parts>
  void Invalid(Result* result, const std::string& path, const Value& value, const Parts&... parts) const {
    FieldErrors one;
    one.Invalid(Field(path), value, absl::StrCat(path, " in body ", parts...));
    result->Add(std::move(one));
  }

  void WrongType(Result* result, const std::string& path, absl::string_view wanted, absl::string_view found) const {
    FieldErrors one;
    one.TypeInvalid(Field(path), Value(found),
                    absl::StrCat(path, " in body must be of type ", wanted, ": ", GoQuote(found)));
    result->Add(std::move(one));
  }

  // Problems of a choice between schemas have no field of their own.
  void Choice(Result* result, const std::string& path, absl::string_view what) const {
    result->Add(FieldError{FieldError::Type::kInvalid, root_, "\"\"", absl::StrCat(GoQuote(path), " ", what)});
  }

  Result Checks(const Schema& schema, const std::string& path, const Value& value, const Value* old) {
    Result result;
    Type(schema, path, value, &result);
    if (value.is_null()) {
      Enum(schema, path, value, &result);
      return result;
    }
    Choices(schema, path, value, old, &result);
    if (value.is_string()) {
      Text(schema, path, value, &result);
    } else if (value.is_number()) {
      Number(schema, path, value, &result);
    } else if (value.is_array()) {
      List(schema, path, value, old, &result);
    }
    Enum(schema, path, value, &result);
    if (value.is_object()) Members(schema, path, value, old, &result);
    ++result.passed;
    return result;
  }

  void Type(const Schema& schema, const std::string& path, const Value& value, Result* result) const {
    const absl::string_view wanted = schema.int_or_string ? absl::string_view("integer,string") : schema.type;
    const bool formatted = KnownFormat(schema.format);
    if (wanted.empty() && !formatted) return;
    const absl::string_view found = TypeOf(value);
    if (value.is_null()) {
      if (!wanted.empty() && !schema.nullable) return WrongType(result, path, wanted, "null");
      ++result->passed;
      return;
    }
    const auto takes = [&](absl::string_view type) {
      return schema.type == type || (schema.int_or_string && (type == "integer" || type == "string"));
    };
    const bool fits = takes(found) || (value.is_double() && takes("integer") && IsWhole(value.as_double())) ||
                      (value.is_int() && takes("number"));
    // With a format, upstream compares formats, and asks no more of strings and lists that are to be no numbers.
    if (formatted) {
      if (value.is_string() || value.is_array()) {
        if (!takes("number") && !takes("integer")) {
          result->passed += 2;
          return;
        }
      } else if (const absl::string_view format = FormatOf(value); !fits && format != schema.format) {
        return WrongType(result, path, schema.format, format);
      }
    }
    if (!fits) return WrongType(result, path, wanted, found);
    result->passed += 2;
  }

  void Enum(const Schema& schema, const std::string& path, const Value& value, Result* result) const {
    if (schema.enum_values.empty()) return;
    for (const Value& one : schema.enum_values) {
      if (!value.is_null() && IsEnumElement(value, one)) {  // upstream looks for no null
        ++result->passed;
        return;
      }
    }
    std::vector<std::string> texts;
    for (const Value& one : schema.enum_values) texts.push_back(one.is_string() ? one.as_string() : WriteJson(one));
    const std::vector<absl::string_view> views(texts.begin(), texts.end());
    FieldErrors error;
    error.NotSupported(Field(path), value, views);
    result->Add(std::move(error));
  }

  void Text(const Schema& schema, const std::string& path, const Value& value, Result* result) const {
    const std::string& text = value.as_string();
    const auto length = static_cast<int64_t>(schema.max_length || schema.min_length ? Characters(text) : 0);
    if (schema.max_length && length > *schema.max_length) {
      FieldErrors error;
      error.TooLong(Field(path), static_cast<int>(*schema.max_length));
      result->Add(std::move(error));
    } else if (schema.min_length && length < *schema.min_length) {
      Invalid(result, path, value, "should be at least ", *schema.min_length, " chars long");
    } else if (schema.pattern_regex != nullptr && !RE2::PartialMatch(text, *schema.pattern_regex)) {
      Invalid(result, path, value, "should match '", schema.pattern, "'");
    } else {
      ++result->passed;
    }
    if (!HasFormat(schema.format, text)) {
      WrongType(result, path, schema.format, text);
    } else if (KnownFormat(schema.format)) {
      ++result->passed;
    }
  }

  void Number(const Schema& schema, const std::string& path, const Value& value, Result* result) const {
    if (value.is_int()) {
      const auto bound = [](const std::optional<double>& limit) {
        return limit ? std::optional<int64_t>(WholeBound(*limit)) : std::nullopt;
      };
      const int64_t number = value.as_int();
      Factor(path, value, result, bound(schema.multiple_of), [number](int64_t factor) { return number % factor == 0; },
             [](int64_t n) { return absl::StrCat(n); });
      Range(schema, path, value, result, number, bound(schema.minimum), bound(schema.maximum), [](int64_t n) { return absl::StrCat(n); });
    } else {
      const double number = value.as_double();
      Factor(path, value, result, schema.multiple_of,
             [number](double factor) { return IsWhole(factor < 1 ? 1 / factor * number : number / factor); }, GoDouble);
      Range(schema, path, value, result, number, schema.minimum, schema.maximum, GoDouble);
    }
    result->passed += 2;
  }

  // `factor` as a number of the value's type, which a fraction may leave nothing of.
  template <typename T, typename Fits, typename Text>
  void Factor(const std::string& path, const Value& value, Result* result, const std::optional<T>& factor, Fits fits, Text text) const {
    if (!factor) return;
    if (*factor > 0) {
      if (!fits(*factor)) Invalid(result, path, value, "should be a multiple of ", text(*factor));
      return;
    }
    FieldErrors one;
    one.Invalid(Field(path), Value(*factor), absl::StrCat("factor MultipleOf declared for ", path, " must be positive: ", text(*factor)));
    result->Add(std::move(one));
  }

  template <typename T, typename Text>
  void Range(const Schema& schema, const std::string& path, const Value& value, Result* result, T number,
             const std::optional<T>& minimum, const std::optional<T>& maximum, Text text) const {
    if (maximum && (schema.exclusive_maximum ? number >= *maximum : number > *maximum)) {
      Invalid(result, path, value, "should be less than ", schema.exclusive_maximum ? "" : "or equal to ", text(*maximum));
    }
    if (minimum && (schema.exclusive_minimum ? number <= *minimum : number < *minimum)) {
      Invalid(result, path, value, "should be greater than ", schema.exclusive_minimum ? "" : "or equal to ", text(*minimum));
    }
  }

  void List(const Schema& schema, const std::string& path, const Value& value, const Value* old, Result* result) {
    const Array& items = value.array();
    if (schema.items != nullptr) {
      const Correlation before(schema, value, old);
      for (size_t i = 0; i < items.size(); ++i) {
        result->Merge(Run(*schema.items, absl::StrCat(path, "[", i, "]"), items[i], before.Item(i)));
      }
    }
    const auto size = static_cast<int64_t>(items.size());
    if (schema.min_items && size < *schema.min_items) {
      Invalid(result, path, Value(size), "should have at least ", *schema.min_items, " items");
    }
    if (schema.max_items && size > *schema.max_items) TooMany(result, path, size, *schema.max_items);
    if (schema.unique_items) {
      for (size_t i = 1; i < items.size(); ++i) {
        if (std::find(items.begin(), items.begin() + static_cast<long>(i), items[i]) == items.begin() + static_cast<long>(i)) continue;
        Invalid(result, path, Value(""), "shouldn't contain duplicates");
        break;
      }
    }
    result->passed += 2;
  }

  void TooMany(Result* result, const std::string& path, int64_t size, int64_t limit) const {
    FieldErrors error;
    error.TooMany(Field(path), static_cast<int>(size), static_cast<int>(limit));
    result->Add(std::move(error));
  }

  void Members(const Schema& schema, const std::string& path, const Value& value, const Value* old, Result* result) {
    const auto size = static_cast<int64_t>(value.size());
    if (schema.min_properties && size < *schema.min_properties) {
      return Invalid(result, path, Value(size), "should have at least ", *schema.min_properties, " properties");
    }
    if (schema.max_properties && size > *schema.max_properties) return TooMany(result, path, size, *schema.max_properties);
    const auto before = [&](absl::string_view name) { return old == nullptr ? nullptr : old->Find(name); };
    if (schema.additional != nullptr) {
      for (const auto& [name, member] : value.object()) {
        if (schema.FindProperty(name) != nullptr) continue;
        result->Merge(Run(*schema.additional, absl::StrCat(path, ".", name), member, before(name)));
      }
    }
    for (const Property& property : schema.properties) {
      const Value* member = value.Find(property.name);
      if (member == nullptr) continue;
      result->Merge(Run(property.schema, path.empty() ? property.name : absl::StrCat(path, ".", property.name), *member,
                        before(property.name)));
    }
    for (const std::string& name : schema.required) {
      if (value.Has(name)) continue;
      FieldErrors error;
      error.Required(Field(absl::StrCat(path, ".", name)));
      result->Add(std::move(error));
    }
    ++result->passed;
  }

  void Choices(const Schema& schema, const std::string& path, const Value& value, const Value* old, Result* result) {
    if (!schema.any_of.empty()) {
      Result best;
      bool found = false, first = true;
      for (const Schema& one : schema.any_of) {
        Result tried = Run(one, path, value, old);
        found = tried.valid();
        if (found || first || tried.passed > best.passed) best = std::move(tried);
        first = false;
        if (found) break;
      }
      if (!found) Choice(result, path, "must validate at least one schema (anyOf)");
      result->Merge(std::move(best));
    }
    if (!schema.one_of.empty()) {
      Result best;
      int valid = 0;
      bool first = true;
      for (const Schema& one : schema.one_of) {
        Result tried = Run(one, path, value, old);
        if (tried.valid()) {
          if (++valid == 1) best = std::move(tried);
        } else if (valid == 0 && (first || tried.passed > best.passed)) {
          best = std::move(tried);
        }
        first = false;
      }
      if (valid != 1) {
        Choice(result, path,
               absl::StrCat("must validate one and only one schema (oneOf). Found ",
                            valid == 0 ? "none valid" : absl::StrCat(valid, " valid alternatives")));
        if (valid > 1) best = Result();
      }
      result->Merge(std::move(best));
    }
    if (!schema.all_of.empty()) {
      size_t valid = 0;
      for (const Schema& one : schema.all_of) {
        Result tried = Run(one, path, value, old);
        valid += tried.valid();
        result->Merge(std::move(tried));
      }
      if (valid != schema.all_of.size()) {
        Choice(result, path, absl::StrCat("must validate all the schemas (allOf)", valid == 0 ? ". None validated" : ""));
      }
    }
    if (schema.not_schema != nullptr && Run(*schema.not_schema, path, value, old).valid()) {
      Choice(result, path, "must not validate the schema (not)");
    }
    result->passed += 2;
  }

  const std::string root_;  // the field of problems that have none: Go's nil path, or what is validated
  const FieldPath base_;
};

}  // namespace

void Validate(const Schema& schema, absl::string_view at, const Value& value, const Value* old, FieldErrors* errors) {
  Validator validator(at.empty() ? "<nil>" : std::string(at), FieldPath(at));
  Result result = validator.Run(schema, "", value, old);
  for (FieldError& error : result.errors) errors->Add(std::move(error));
}

}  // namespace apimachinery::structural
