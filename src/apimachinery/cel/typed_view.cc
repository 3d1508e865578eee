// Trees as values of declared types: formats become timestamps, durations and bytes, sets and maps compare as such.
#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "apimachinery/cel/conversions.h"
#include "apimachinery/cel/decl_type.h"
#include "apimachinery/cel/values.h"

namespace apimachinery::cel {
namespace {

using Shape = DeclType::Shape;

class TypedList final : public List {
 public:
  TypedList(const Value& tree, const DeclType& type) : tree_(tree), type_(type) {}
  size_t size() const override { return tree_.size(); }
  Val at(size_t index) const override { return TypedView(tree_.array()[index], *type_.element); }

  bool particular() const override { return true; }

  Equality Compare(const List& other) const override {
    if (type_.lists == DeclType::Lists::kAtomic) return List::Compare(other);
    if (size() != other.size()) return Equality::kNo;
    for (size_t i = 0; i < size(); ++i) {
      const Val mine = at(i);
      bool found = false;
      for (size_t k = 0; k < other.size() && !found; ++k) found = Equals(mine, other.at(k));
      if (!found) return Equality::kNo;
    }
    return Equality::kYes;
  }

  // Sets: what is not there yet is appended. Maps: an element with the keys of one that is there takes its place.
  Val Plus(const List& other) const override {
    if (type_.lists == DeclType::Lists::kAtomic) return List::Plus(other);
    std::vector<Val> out;
    for (size_t i = 0; i < size(); ++i) out.push_back(at(i));
    const size_t own = out.size();
    for (size_t i = 0; i < other.size(); ++i) {
      Val element = other.at(i);
      size_t k = 0;
      while (k < out.size() && !SameElement(out[k], element)) ++k;
      if (k == out.size()) {
        out.push_back(std::move(element));
      } else if (type_.lists == DeclType::Lists::kMap && k < own) {
        out[k] = std::move(element);
      }
    }
    return Val::ListOf(std::move(out));
  }

 private:
  bool SameElement(const Val& a, const Val& b) const {
    if (type_.lists == DeclType::Lists::kSet) return Equals(a, b);
    if (!a.is(Val::Kind::kMap) || !b.is(Val::Kind::kMap)) return false;
    for (const std::string& key : type_.list_map_keys) {
      std::string escaped;
      if (!EscapeProperty(key, &escaped)) return false;
      Val mine, theirs;
      const bool has = a.map().Find(Val::StringView(escaped), &mine);
      if (has != b.map().Find(Val::StringView(escaped), &theirs) || (has && !Equals(mine, theirs))) return false;
    }
    return true;
  }

  const Value& tree_;
  const DeclType& type_;
};

class TypedMap final : public Map {
 public:
  TypedMap(const Value& tree, const DeclType& type) : tree_(tree), type_(type) {}
  size_t size() const override { return tree_.size(); }

  bool Find(const Val& key, Val* value) const override {
    if (!key.is(Val::Kind::kString)) {
      *value = Val::Error("no such overload");
      return true;
    }
    const Value* found = tree_.Find(key.text());
    if (type_.shape == Shape::kMap) {
      if (found == nullptr) return false;
      *value = TypedView(*found, *type_.element);
      return true;
    }
    std::string name;
    if (!UnescapeProperty(key.text(), &name)) return false;
    found = tree_.Find(name);
    // A null of an optional field is no field.
    if (found == nullptr || found->is_null()) return false;
    const auto property = type_.properties.find(name);
    if (property == type_.properties.end()) return false;
    *value = TypedView(*found, *property->second);
    return true;
  }

  void ForEach(absl::FunctionRef<bool(const Val&)> visit) const override {
    for (const Member& member : tree_.object()) {
      if (member.value.is_hollow()) continue;
      if (type_.shape == Shape::kMap) {
        if (!visit(Val::StringView(member.key))) return;
        continue;
      }
      std::string escaped;
      if (type_.properties.count(member.key) == 0 || !EscapeProperty(member.key, &escaped)) continue;
      if (!visit(Val::String(std::move(escaped)))) return;
    }
  }

  bool particular() const override { return true; }

  Equality Compare(const Map& other) const override {
    const auto* typed = dynamic_cast<const TypedMap*>(&other);
    if (typed == nullptr || type_.shape != Shape::kObject) return Map::Compare(other);
    return SameMembers(*typed) ? Equality::kYes : Equality::kNo;
  }

 private:
  bool SameMembers(const TypedMap& other) const {
    if (tree_.size() != other.tree_.size()) return false;
    for (const Member& member : tree_.object()) {
      const Value* theirs = other.tree_.Find(member.key);
      if (theirs == nullptr) return false;
      const auto property = type_.properties.find(member.key);
      if (property == type_.properties.end() || property->second->shape == Shape::kUnknownFields) {
        if (!(member.value == *theirs)) return false;
      } else if (member.value.is_null() || theirs->is_null()) {
        if (member.value.is_null() != theirs->is_null()) return false;
      } else if (!Equals(TypedView(member.value, *property->second), TypedView(*theirs, *property->second))) {
        return false;
      }
    }
    return true;
  }

  const Value& tree_;
  const DeclType& type_;
};

Val Misfit(absl::string_view wanted) { return Val::Error(absl::StrCat("invalid data, expected ", wanted)); }

Val TypedString(const Value& tree, const DeclType& type) {
  if (!tree.is_string()) return Misfit("a string");
  const std::string& text = tree.as_string();
  if (type.format == "duration") {
    Val parsed = ToDuration(Val::StringView(text));
    return parsed.is_error() ? Val::Error(absl::StrCat("Invalid duration ", text, ": unable to parse duration \"", text, "\""))
                             : parsed;
  }
  if (type.format == "date") {
    Val parsed = ToTimestamp(Val::String(absl::StrCat(text, "T00:00:00Z")));
    return parsed.is_error() ? Val::Error(absl::StrCat("Invalid date formatted string ", text)) : parsed;
  }
  if (type.format == "date-time") {
    Val parsed = ToTimestamp(Val::StringView(text));
    return parsed.is_error() ? Val::Error(absl::StrCat("Invalid date-time formatted string ", text)) : parsed;
  }
  if (type.format == "byte") {
    std::string bytes;
    if (!absl::Base64Unescape(text, &bytes)) return Val::Error(absl::StrCat("Invalid byte formatted string ", text));
    return Val::Bytes(std::move(bytes));
  }
  return Val::StringView(text);
}

}  // namespace

Val TypedView(const Value& tree, const DeclType& type) {
  if (tree.is_null() && type.shape != Shape::kUnknownFields) {
    return type.nullable ? Val::Null() : Val::Error("invalid data, got null for schema with nullable=false");
  }
  switch (type.shape) {
    case Shape::kUnknownFields: return Val::View(tree);
    case Shape::kIntOrString:
      if (tree.is_int() || tree.is_string()) return Val::View(tree);
      return Misfit("XIntOrString value to be either a string or integer");
    case Shape::kList:
      if (!tree.is_array()) return Misfit("an array for the provided schema with type=array");
      return Val::FromList(std::make_shared<const TypedList>(tree, type));
    case Shape::kMap: case Shape::kObject:
      if (!tree.is_object()) return Misfit("a map for the provided schema with type=object");
      return Val::FromMap(std::make_shared<const TypedMap>(tree, type));
    case Shape::kScalar: break;
  }
  switch (type.type->kind()) {
    case TypeKind::kBool: return tree.is_bool() ? Val::Bool(tree.as_bool()) : Misfit("a boolean");
    case TypeKind::kInt:
      if (tree.is_int()) return Val::Int(tree.as_int());
      return tree.is_double() ? Val::Int(static_cast<int64_t>(tree.as_double())) : Misfit("an integer");
    case TypeKind::kDouble: return tree.is_number() ? Val::Double(tree.as_double()) : Misfit("a number");
    case TypeKind::kString: case TypeKind::kBytes: case TypeKind::kDuration: case TypeKind::kTimestamp:
      return TypedString(tree, type);
    default: return Val::View(tree);
  }
}

}  // namespace apimachinery::cel
