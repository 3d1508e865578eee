#include "kubectl/printers/sorter.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "apimachinery/jsonpath.h"
#include "apimachinery/quantity.h"
#include "base/status_macros.h"
#include "kubectl/cli/errors.h"

namespace kubectl {

using apimachinery::JsonPath;
using apimachinery::PlainText;
namespace {

bool NaturalLess(const std::string& a, const std::string& b) {
  size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    if (isdigit(static_cast<unsigned char>(a[i])) && isdigit(static_cast<unsigned char>(b[j]))) {
      size_t i_end = i, j_end = j;
      while (i < a.size() && a[i] == '0') ++i;
      while (j < b.size() && b[j] == '0') ++j;
      for (i_end = i; i_end < a.size() && isdigit(static_cast<unsigned char>(a[i_end]));) ++i_end;
      for (j_end = j; j_end < b.size() && isdigit(static_cast<unsigned char>(b[j_end]));) ++j_end;
      if (i_end - i != j_end - j) return i_end - i < j_end - j;
      const int order = a.compare(i, i_end - i, b, j, j_end - j);
      if (order != 0) return order < 0;
      i = i_end, j = j_end;
    } else {
      if (a[i] != b[j]) return a[i] < b[j];
      ++i, ++j;
    }
  }
  return a.size() - i < b.size() - j;
}

bool Less(const Value& a, const Value& b) {
  if (a.is_null() || b.is_null()) return a.is_null() && !b.is_null();
  if (a.is_number() && b.is_number()) return a.as_double() < b.as_double();
  const std::string left = PlainText(a), right = PlainText(b);
  const auto x = apimachinery::Quantity::Parse(left);
  const auto y = apimachinery::Quantity::Parse(right);
  if (x.ok() && y.ok()) return *x < *y;
  return NaturalLess(left, right);
}

absl::StatusOr<std::vector<size_t>> Order(const std::vector<const Value*>& objects,
                                          const std::string& field) {
  ASSIGN_OR_RETURN(const JsonPath path, JsonPath::ParseRelaxed(field));
  std::vector<Value> keys;
  bool any = false;
  for (const Value* object : objects) {
    Value key;
    if (object != nullptr) {
      ASSIGN_OR_RETURN(const auto results, path.FindResults(*object));
      if (!results.empty() && !results[0].empty()) key = *results[0][0], any = true;
    }
    keys.push_back(std::move(key));
  }
  if (!any && !objects.empty()) {
    std::string shown = field;
    if (shown.front() != '{')
      shown = absl::StrCat("{", shown.front() == '.' ? "" : ".", shown, "}");
    return Error(
        absl::StrCat("couldn't find any field with path \"", shown, "\" in the list of objects"));
  }
  std::vector<size_t> order(objects.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return Less(keys[a], keys[b]); });
  return order;
}

}  // namespace

absl::StatusOr<std::vector<Value>> SortObjects(std::vector<Value> objects,
                                               const std::string& field) {
  std::vector<const Value*> pointers;
  for (const Value& object : objects) pointers.push_back(&object);
  ASSIGN_OR_RETURN(const std::vector<size_t> order, Order(pointers, field));
  std::vector<Value> sorted;
  for (const size_t i : order) sorted.push_back(std::move(objects[i]));
  return sorted;
}

absl::Status SortRows(Value* table, const std::string& field) {
  Value* rows = table->Find("rows");
  if (rows == nullptr || !rows->is_array()) return absl::OkStatus();
  std::vector<const Value*> pointers;
  for (const Value& row : rows->array()) pointers.push_back(row.Find("object"));
  const absl::StatusOr<std::vector<size_t>> found = Order(pointers, field);
  if (!found.ok()) {  // rows that cannot be told apart are not shown
    if (rows->size() > 1) *rows = Value::MakeArray();
    return absl::OkStatus();
  }
  const std::vector<size_t>& order = *found;
  apimachinery::Array sorted;
  for (const size_t i : order) sorted.push_back(std::move(rows->array()[i]));
  *rows = Value(std::move(sorted));
  return absl::OkStatus();
}

}  // namespace kubectl
