#include "apimachinery/apply/field_set.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "apimachinery/go_quote.h"
#include "apimachinery/json.h"

namespace apimachinery::apply {
namespace {

int Rank(const Value& value) {
  switch (value.type()) {
    case Value::Type::kDouble:
    case Value::Type::kInt: return 1;
    case Value::Type::kString: return 2;
    case Value::Type::kBool: return 3;
    case Value::Type::kArray: return 4;
    case Value::Type::kObject: return 5;
    default: return 6;
  }
}

constexpr int kMaxDepth = 500;

bool ParseInto(const Value& json, int depth, FieldSet* set) {
  if (!json.is_object() || depth > kMaxDepth) return false;
  for (const Member& entry : json.object()) {
    if (entry.key == ".") {
      set->member = true;
      continue;
    }
    PathElement element;
    if (!PathElement::Parse(entry.key, &element)) return false;
    FieldSet& child = set->children[std::move(element)];
    if (entry.value.is_object() && entry.value.empty()) {
      child.member = true;
    } else if (!ParseInto(entry.value, depth + 1, &child)) {
      return false;
    }
  }
  return true;
}

void EncodeInto(const FieldSet& set, bool root, std::string* out) {
  out->push_back('{');
  bool first = true;
  if (set.member && !set.children.empty() && !root) {
    out->append("\".\":{}");
    first = false;
  }
  for (const auto& [element, child] : set.children) {
    if (!first) out->push_back(',');
    first = false;
    AppendJsonString(element.Encode(), out);
    out->push_back(':');
    EncodeInto(child, false, out);
  }
  out->push_back('}');
}

void Visit(const FieldSet& set, Path* path, absl::FunctionRef<void(const Path&)> visit) {
  for (const auto& [element, child] : set.children) {  // upstream's order: a level's members before what lies deeper
    if (!child.member) continue;
    path->push_back(element);
    visit(*path);
    path->pop_back();
  }
  for (const auto& [element, child] : set.children) {
    path->push_back(element);
    Visit(child, path, visit);
    path->pop_back();
  }
}

}  // namespace

int CompareValues(const Value& a, const Value& b) {
  if (Rank(a) != Rank(b)) return Rank(a) < Rank(b) ? -1 : 1;
  if (a.is_int() && b.is_int()) return a.as_int() < b.as_int() ? -1 : a.as_int() > b.as_int();
  if (a.is_number()) return a.as_double() < b.as_double() ? -1 : a.as_double() > b.as_double();
  if (a.is_string()) return a.as_string().compare(b.as_string());
  if (a.is_bool()) return static_cast<int>(a.as_bool()) - static_cast<int>(b.as_bool());
  if (a.is_array()) {
    for (size_t i = 0; i < a.size() && i < b.size(); ++i) {
      if (const int order = CompareValues(a.array()[i], b.array()[i]); order != 0) return order;
    }
    return a.size() < b.size() ? -1 : a.size() > b.size();
  }
  if (a.is_object()) {
    for (size_t i = 0; i < a.size() && i < b.size(); ++i) {
      const Member& left = a.object()[i];
      const Member& right = b.object()[i];
      if (const int order = left.key.compare(right.key); order != 0) return order;
      if (const int order = CompareValues(left.value, right.value); order != 0) return order;
    }
    return a.size() < b.size() ? -1 : a.size() > b.size();
  }
  return 0;
}

int PathElement::Compare(const PathElement& a, const PathElement& b) {
  if (a.kind != b.kind) return a.kind < b.kind ? -1 : 1;
  if (a.kind == Kind::kName) return a.name.compare(b.name);
  return CompareValues(a.value, b.value);
}

PathElement PathElement::Name(absl::string_view name) {
  PathElement element;
  element.name = std::string(name);
  return element;
}

PathElement PathElement::Of(Kind kind, Value value) {
  PathElement element;
  element.kind = kind;
  element.value = std::move(value);
  return element;
}

bool PathElement::Parse(absl::string_view text, PathElement* element) {
  if (text.size() < 2 || text[1] != ':') return false;
  const absl::string_view rest = text.substr(2);
  if (text[0] == 'f') {
    *element = Name(rest);
    return true;
  }
  if (text[0] == 'i') {
    int64_t index;
    if (!absl::SimpleAtoi(rest, &index)) return false;
    *element = Of(Kind::kIndex, Value(index));
    return true;
  }
  if (text[0] != 'k' && text[0] != 'v') return false;
  absl::StatusOr<Value> value = ParseJson(rest);
  if (!value.ok() || (text[0] == 'k' && !value->is_object())) return false;
  if (text[0] == 'k') SortKeys(&*value);
  *element = Of(text[0] == 'k' ? Kind::kKey : Kind::kValue, *std::move(value));
  return true;
}

std::string PathElement::Encode() const {
  switch (kind) {
    case Kind::kName: return absl::StrCat("f:", name);
    case Kind::kKey: return absl::StrCat("k:", WriteJson(value));
    case Kind::kValue: return absl::StrCat("v:", WriteJson(value));
    case Kind::kIndex: return absl::StrCat("i:", value.as_int());
  }
  return "";
}

namespace {

// A value in a path, for people.
std::string Show(const Value& value) {
  if (value.is_string()) return GoQuote(value.as_string());
  if (value.is_array()) {
    return absl::StrCat("[", absl::StrJoin(value.array(), ",", [](std::string* out, const Value& item) { out->append(Show(item)); }), "]");
  }
  if (!value.is_object()) return value.is_double() ? GoFormat(value) : WriteJson(value);
  return absl::StrJoin(value.object(), "", [](std::string* out, const Member& m) { absl::StrAppend(out, m.key, "=", Show(m.value)); });
}

}  // namespace

std::string PathElement::ToString() const {
  switch (kind) {
    case Kind::kName: return absl::StrCat(".", name);
    case Kind::kKey: {
      std::string out = "[";
      for (const Member& member : value.object()) {
        absl::StrAppend(&out, out.size() > 1 ? "," : "", member.key, "=", Show(member.value));
      }
      return out + "]";
    }
    case Kind::kValue: return absl::StrCat("[=", Show(value), "]");
    case Kind::kIndex: return absl::StrCat("[", value.as_int(), "]");
  }
  return "";
}

std::string PathText(const Path& path) {
  std::string out;
  for (const PathElement& element : path) out += element.ToString();
  return out;
}

absl::StatusOr<FieldSet> FieldSet::Parse(absl::string_view fields_v1) {
  FieldSet set;
  absl::StatusOr<Value> json = ParseJson(fields_v1);
  if (!json.ok() || !ParseInto(*json, 0, &set)) return absl::InvalidArgumentError("invalid FieldsV1");
  set.member = false;
  return set;
}

FieldSet FieldSet::OfDotted(absl::string_view path) {
  FieldSet set;
  Path elements;
  for (absl::string_view name : absl::StrSplit(path, '.')) elements.push_back(PathElement::Name(name));
  set.Insert(elements);
  return set;
}

std::string FieldSet::Encode() const {
  std::string out;
  EncodeInto(*this, true, &out);
  return out;
}

void FieldSet::Insert(const Path& path) {
  FieldSet* at = this;
  for (const PathElement& element : path) at = &at->children[element];
  at->member = true;
}

void FieldSet::Unite(const FieldSet& other) {
  member |= other.member;
  for (const auto& [element, child] : other.children) children[element].Unite(child);
}

FieldSet FieldSet::Minus(const FieldSet& other) const {
  FieldSet result;
  result.member = member && !other.member;
  for (const auto& [element, child] : children) {
    const auto found = other.children.find(element);
    if (found == other.children.end()) {
      result.children.emplace(element, child);
      continue;
    }
    FieldSet rest = child.Minus(found->second);
    if (!rest.Empty()) result.children.emplace(element, std::move(rest));
  }
  return result;
}

void FieldSet::Subtract(const FieldSet& other) {
  member = member && !other.member;
  for (const auto& [element, gone] : other.children) {
    const auto found = children.find(element);
    if (found == children.end()) continue;
    found->second.Subtract(gone);
    if (found->second.Empty()) children.erase(found);
  }
}

void FieldSet::SubtractRecursively(const FieldSet& other) {
  if (other.member) {
    member = false;
    children.clear();
    return;
  }
  for (const auto& [element, gone] : other.children) {
    const auto found = children.find(element);
    if (found == children.end()) continue;
    found->second.SubtractRecursively(gone);
    if (found->second.Empty()) children.erase(found);
  }
}

FieldSet FieldSet::Intersect(const FieldSet& other) const {
  FieldSet result;
  result.member = member && other.member;
  for (const auto& [element, child] : children) {
    const auto found = other.children.find(element);
    if (found == other.children.end()) continue;
    FieldSet common = child.Intersect(found->second);
    if (!common.Empty()) result.children.emplace(element, std::move(common));
  }
  return result;
}

void FieldSet::ForEach(absl::FunctionRef<void(const Path&)> visit) const {
  Path path;
  Visit(*this, &path, visit);
}

}  // namespace apimachinery::apply
