#include "apimachinery/apply/structure.h"

#include <algorithm>
#include <map>

#include "absl/container/inlined_vector.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "apimachinery/codec.h"
#include "apimachinery/codec_internal.h"
#include "apimachinery/go_quote.h"
#include "apimachinery/json.h"
#include "apimachinery/structural/correlate.h"
#include "apimachinery/structural/object_meta.h"

namespace apimachinery::apply {
namespace {

using Kind = Structure::Kind;

const Value& Null() {
  static const Value* const null = new Value;
  return *null;
}

// What JSON prints for a member of a typed struct; nullptr when it prints nothing.
const Value* Printed(const Field& field, const Value* value) {
  if (value != nullptr) return value;
  if (codec::OmitAbsent(field)) return nullptr;
  static const Value* const object = new Value(Value::MakeObject());
  static const Value* const empty = new Value("");
  static const Value* const zero = new Value(0);
  static const Value* const no = new Value(false);
  if (!field.is_single() || field.pointer) return &Null();
  switch (field.type) {
    case FieldType::kBool: return no;
    case FieldType::kString: return empty;
    case FieldType::kMessage: return field.message->shape == Shape::kStruct ? object : &Null();
    case FieldType::kBytes: return &Null();
    default: return zero;
  }
}

Structure SchemaMember(const Structure& type, absl::string_view name, bool* known) {
  const structural::Schema& schema = *type.schema;
  if (type.root || schema.embedded_resource) {
    *known = name == "metadata" || name == "apiVersion" || name == "kind";
    if (name == "metadata") return Structure::OfObject(&structural::ObjectMetaMessage());
    if (*known) return Structure();  // a leaf
  }
  const structural::Schema* property = schema.FindProperty(name);
  *known = property != nullptr;
  if (property == nullptr) property = schema.additional.get();
  return property != nullptr ? Structure::OfSchema(*property, type.preserving) : Structure::OfObject(nullptr);
}

// Whether an object of a schema may have members that it does not declare.
bool IsOpen(const Structure& type) {
  const structural::Schema& schema = *type.schema;
  if (schema.HasAdditional()) return true;
  return type.preserving || (schema.properties.empty() && !type.root && !schema.embedded_resource);
}

Structure ChildType(const Structure& type, absl::string_view name, bool* known) {
  *known = false;
  if (type.schema != nullptr) return SchemaMember(type, name, known);
  if (type.kind == Kind::kStruct) {
    const Field* field = type.message->FindJson(name);
    *known = field != nullptr;
    return field != nullptr ? Structure::OfField(*field) : Structure::OfObject(nullptr);
  }
  if (type.kind == Kind::kMap) return Structure::OfElement(*type.field);
  return Structure::OfObject(nullptr);
}

// An untyped value is taken for what it is.
Structure Resolve(const Structure& type, const Value& value) {
  if (type.kind != Kind::kUntyped) return type;
  Structure resolved = type;
  if (value.is_array()) {
    resolved.kind = Kind::kList;
    resolved.atomic = true;
  } else if (!value.is_object()) {
    resolved.kind = Kind::kLeaf;
  } else {
    resolved.kind = Kind::kMap;
  }
  return resolved;
}
bool IsMap(const Structure& type) { return type.kind == Kind::kStruct || type.kind == Kind::kMap; }
// The element type of a map that was resolved from an untyped value has no field.
Structure MemberType(const Structure& type, absl::string_view name, bool* known) {
  if (type.kind == Kind::kMap && type.field == nullptr && type.schema == nullptr) {
    *known = false;
    return Structure::OfObject(nullptr);
  }
  return ChildType(type, name, known);
}

// Of an item of a list by its schema: keys that are left out count with their defaults.
PathElement ElementOf(const structural::Schema& list, const Value& item) {
  if (list.list_type == ListType::kSet) return PathElement::Of(PathElement::Kind::kValue, item);
  Value keys = Value::MakeObject();
  structural::ItemKey(list, item, &keys);
  return PathElement::Of(PathElement::Kind::kKey, std::move(keys));
}

PathElement ElementOf(const Field& list, const Value& item) {
  if (list.list_type == ListType::kSet) return PathElement::Of(PathElement::Kind::kValue, item);
  Value key = Value::MakeObject();
  for (const std::string& name : list.list_map_keys) {
    if (const Value* value = item.Find(name)) {
      key.Set(name, *value);
      continue;
    }
    const Field* field = list.message != nullptr ? list.message->FindJson(name) : nullptr;
    if (field == nullptr) continue;
    if (field->default_json.empty()) {  // JSON prints a member that is always printed: then it is part of the key
      if (const Value* printed = Printed(*field, nullptr); printed != nullptr && !printed->is_null()) key.Set(name, *printed);
      continue;
    }
    if (absl::StatusOr<Value> fallback = ParseJson(field->default_json); fallback.ok()) key.Set(name, *std::move(fallback));
  }
  std::sort(key.object().begin(), key.object().end(), [](const Member& a, const Member& b) { return a.key < b.key; });
  return PathElement::Of(PathElement::Kind::kKey, std::move(key));
}

PathElement ElementOf(const Structure& list, const Value& item) {
  return list.schema != nullptr ? ElementOf(*list.schema, item) : ElementOf(*list.field, item);
}

std::vector<PathElement> ElementsOf(const Structure& list, const Value& value) {
  std::vector<PathElement> elements;
  if (!value.is_array()) return elements;
  for (const Value& item : value.array()) elements.push_back(ElementOf(list, item));
  return elements;
}

// What JSON prints for a hollow member, nullptr when it prints nothing.
const Value* PrintedHollow(const Structure& type, const Member& member) {
  static const Value* const list = new Value(Value::MakeArray());
  static const Value* const map = new Value(Value::MakeObject());
  const Field* field = type.kind == Kind::kStruct && type.message != nullptr ? type.message->FindJson(member.key) : nullptr;
  if (field == nullptr || codec::OmitAbsent(*field)) return nullptr;
  return member.value.is_hollow_list() ? list : map;
}

// Bytes that are set to none: the store tells them from unset ones, JSON does not.
bool AreNoBytes(const Structure& type, const Member& member) {
  if (!member.value.is_string() || !member.value.as_string().empty()) return false;
  if (type.kind != Kind::kStruct || type.message == nullptr) return false;
  const Field* field = type.message->FindJson(member.key);
  return field != nullptr && field->is_single() && field->type == FieldType::kBytes && codec::OmitAbsent(*field);
}

// Members sorted by name, of a typed struct with those that are printed without being set.
using Members = absl::InlinedVector<std::pair<absl::string_view, const Value*>, 16>;
Members MembersOf(const Structure& type, const Value* value) {
  Members members;
  if (value == nullptr || !value->is_object()) return members;
  for (const Member& member : value->object()) {
    const Value* printed = member.value.is_hollow() ? PrintedHollow(type, member) : AreNoBytes(type, member) ? nullptr : &member.value;
    if (printed != nullptr) members.emplace_back(member.key, printed);
  }
  if (type.kind == Kind::kStruct && type.message != nullptr) {
    for (const Field* field : type.message->flat) {
      if (codec::OmitAbsent(*field) || value->FindSet(field->json) != nullptr) continue;
      members.emplace_back(field->json, Printed(*field, nullptr));
    }
  }
  std::sort(members.begin(), members.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  return members;
}

bool EmptyOrNull(const Structure& type, const Value* value) {
  if (value == nullptr || !value->empty()) return value == nullptr;
  if (type.kind != Kind::kStruct || !value->is_object()) return true;
  if (type.message == nullptr) return true;
  return std::all_of(type.message->flat.begin(), type.message->flat.end(),
                     [](const Field* field) { return codec::OmitAbsent(*field); });
}

class Comparer {
 public:
  explicit Comparer(Comparison* result) : result_(*result) {}

  void Run(const Structure& declared, const Value* before, const Value* after) {
    // What did not change has no differences inside; to see so costs nothing beside looking for them.
    if (before == after || (before != nullptr && after != nullptr && before->IdenticalTo(*after))) return;
    const bool both = before != nullptr && after != nullptr && !before->is_null() && !after->is_null();
    const Structure type = Resolve(declared, after != nullptr && !after->is_null() ? *after : before != nullptr ? *before : Null());
    if (both && declared.kind == Kind::kUntyped) {  // as what it was, then as what it is
      if (const Structure was = Resolve(declared, *before); was.kind != type.kind) RunAs(was, before, after);
    }
    RunAs(type, before, after);
  }

 private:
  void RunAs(const Structure& type, const Value* before, const Value* after) {
    if (type.kind == Kind::kLeaf || type.atomic || (EmptyOrNull(type, before) && EmptyOrNull(type, after))) {
      Leaf(before, after);
      return;
    }
    if (IsMap(type)) {
      Map(type, before, after);
    } else {
      List(type, before, after);
    }
    if (before == nullptr) {
      result_.added.Insert(path_);
    } else if (after == nullptr) {
      result_.removed.Insert(path_);
    }
  }

  void Leaf(const Value* before, const Value* after) {
    if (before == nullptr) {
      result_.added.Insert(path_);
    } else if (after == nullptr) {
      result_.removed.Insert(path_);
    } else if (!(*before == *after)) {
      result_.modified.Insert(path_);
    }
  }

  void Map(const Structure& type, const Value* before, const Value* after) {
    const auto left = MembersOf(type, before), right = MembersOf(type, after);
    for (auto l = left.begin(), r = right.begin(); l != left.end() || r != right.end();) {
      const bool take_left = l != left.end() && (r == right.end() || l->first <= r->first);
      const bool take_right = r != right.end() && (l == left.end() || r->first <= l->first);
      const absl::string_view name = take_left ? l->first : r->first;
      bool known;
      path_.push_back(PathElement::Name(name));
      Run(MemberType(type, name, &known), take_left ? l->second : nullptr, take_right ? r->second : nullptr);
      path_.pop_back();
      if (take_left) ++l;
      if (take_right) ++r;
    }
  }

  void List(const Structure& type, const Value* before, const Value* after) {
    // Equal elements are compared as groups when there are several.
    std::map<PathElement, std::pair<std::vector<const Value*>, std::vector<const Value*>>> groups;
    if (before != nullptr && before->is_array()) {
      for (const Value& item : before->array()) groups[ElementOf(type, item)].first.push_back(&item);
    }
    if (after != nullptr && after->is_array()) {
      for (const Value& item : after->array()) groups[ElementOf(type, item)].second.push_back(&item);
    }
    for (const auto& [element, group] : groups) {
      result_.keyless |= element.kind == PathElement::Kind::kKey && element.value.empty();
      path_.push_back(element);
      if (group.first.size() < 2 && group.second.size() < 2) {
        Run(type.Element(), group.first.empty() ? nullptr : group.first[0],
            group.second.empty() ? nullptr : group.second[0]);
      } else if (group.first.empty()) {
        result_.added.Insert(path_);
      } else if (group.second.empty()) {
        result_.removed.Insert(path_);
      } else {
        bool same = group.first.size() == group.second.size();
        for (size_t i = 0; same && i < group.first.size(); ++i) same = *group.first[i] == *group.second[i];
        if (!same) result_.modified.Insert(path_);
      }
      path_.pop_back();
    }
  }

  Comparison& result_;
  Path path_;
};

void CollectFields(const Structure& declared, const Value& value, Path* path, FieldSet* set) {
  const Structure type = Resolve(declared, value);
  if (type.kind == Kind::kLeaf || type.atomic) {
    set->Insert(*path);
    return;
  }
  if (IsMap(type)) {
    if (!value.is_object()) return;
    for (const Member& member : value.object()) {
      bool known;
      const Structure child = MemberType(type, member.key, &known);
      path->push_back(PathElement::Name(member.key));
      CollectFields(child, member.value, path, set);
      if (member.value.is_null() || (member.value.is_object() && member.value.empty()) || !known) set->Insert(*path);
      path->pop_back();
    }
    return;
  }
  if (!value.is_array()) return;
  const std::vector<PathElement> elements = ElementsOf(type, value);
  for (size_t i = 0; i < elements.size(); ++i) {
    path->push_back(elements[i]);
    const bool twice = std::count(elements.begin(), elements.end(), elements[i]) > 1;
    if (!twice) CollectFields(type.Element(), value.array()[i], path, set);
    set->Insert(*path);
    path->pop_back();
  }
}

Value MergeLists(const Structure& type, const Value& live, const Value& applied) {
  const std::vector<PathElement> left = ElementsOf(type, live), right = ElementsOf(type, applied);
  std::map<PathElement, const Value*> left_items, right_items;
  for (size_t i = 0; i < left.size(); ++i) left_items.emplace(left[i], &live.array()[i]);
  for (size_t i = 0; i < right.size(); ++i) right_items.emplace(right[i], &applied.array()[i]);
  std::vector<const PathElement*> shared;  // in the applied order
  for (const PathElement& element : right) {
    if (left_items.count(element) > 0) shared.push_back(&element);
  }
  size_t next_shared = 0;
  const auto is_next_shared = [&](const PathElement& element) {
    return next_shared < shared.size() && *shared[next_shared] == element;
  };
  std::map<PathElement, bool> merged;
  Value out = Value::MakeArray();
  const Structure item_type = type.Element();
  const auto merge_right = [&](const PathElement& element) {
    merged[element] = true;
    const auto mine = left_items.find(element);
    const Value& theirs = *right_items.at(element);
    out.Append(mine == left_items.end() ? theirs : Merge(item_type, *mine->second, theirs));
  };
  for (size_t l = 0, r = 0; l < left.size() || r < right.size();) {
    if (l < left.size() && r < right.size()) {
      if (left[l] == right[r]) {
        merge_right(right[r]);
        ++l;
        ++r;
        ++next_shared;
        continue;
      }
      if (right_items.count(left[l]) > 0 && next_shared < shared.size() && !is_next_shared(left[l])) {
        ++l;  // shared, but not its turn
        continue;
      }
    }
    if (l < left.size()) {
      if (right_items.count(left[l]) == 0) {
        out.Append(live.array()[l++]);
        continue;
      }
      if (merged.count(left[l]) > 0) ++l;
    }
    if (r < right.size()) {
      const bool advance = is_next_shared(right[r]);
      merge_right(right[r++]);
      if (advance) ++next_shared;
    }
  }
  return out;
}

class Checker {
 public:
  explicit Checker(bool repeats) : repeats_(repeats) {}
  void Run(const Structure& type, const Value& value) {
    if (value.is_null() || type.kind == Kind::kUntyped) return;
    switch (type.kind) {
      case Kind::kLeaf: Scalar(type, value); return;
      case Kind::kStruct:
      case Kind::kMap: Map(type, value); return;
      default: List(type, value);
    }
  }
  std::vector<std::string> Take() { return std::move(problems_); }

 private:
  // Go's %#v and %T.
  static std::string Show(const Value& value) {
    if (value.is_string()) return GoQuote(value.as_string());
    if (value.is_null()) return "interface {}(nil)";
    std::string out;
    if (value.is_array()) {
      out = "[]interface {}{";
      for (const Value& item : value.array()) absl::StrAppend(&out, out.back() == '{' ? "" : ", ", Show(item));
      return out + "}";
    }
    if (!value.is_object()) return GoFormat(value);
    std::map<absl::string_view, const Value*> members;
    for (const Member& member : value.object()) members.emplace(member.key, &member.value);
    out = "map[string]interface {}{";
    for (const auto& [name, member] : members) {
      absl::StrAppend(&out, name == members.begin()->first ? "" : ", ", GoQuote(name), ":", Show(*member));
    }
    return out + "}";
  }
  static absl::string_view TypeWord(const Value& value) {
    return value.is_string() ? "string" : value.is_bool() ? "bool" : value.is_array() ? "[]interface {}" : "map[string]interface {}";
  }
  void Problem(absl::string_view what) { problems_.push_back(absl::StrCat(PathText(path_), ": ", what)); }

  // By the type of a schema. Upstream knows integers and numbers as the same.
  void SchemaScalar(const structural::Schema& schema, const Value& value) {
    if (schema.type == "string" && !schema.format.empty() && schema.format != "byte") {  // any scalar will do
      if (value.is_object() || value.is_array()) Problem(absl::StrCat("expected any scalar, got &{", GoFormat(value), "}"));
    } else if (schema.type == "string" && !value.is_string()) {
      Problem(absl::StrCat("expected string, got &value.valueUnstructured{Value:", Show(value), "}"));
    } else if (schema.type == "boolean" && !value.is_bool()) {
      Problem(absl::StrCat("expected boolean, got &{", GoFormat(value), "}"));
    } else if ((schema.type == "integer" || schema.type == "number") && !value.is_number()) {
      Problem(absl::StrCat("expected numeric (int or float), got ", TypeWord(value)));
    }
  }

  void Scalar(const Structure& type, const Value& value) {
    if (type.schema != nullptr) return SchemaScalar(*type.schema, value);
    if (type.message != nullptr) return Special(type.message->shape, value);
    if (type.field == nullptr) return;  // any value will do
    switch (type.field->type) {
      case FieldType::kString:
      case FieldType::kBytes:
        if (!value.is_string()) Problem(absl::StrCat("expected string, got &value.valueUnstructured{Value:", Show(value), "}"));
        return;
      case FieldType::kBool:
        if (!value.is_bool()) Problem(absl::StrCat("expected boolean, got &{", GoFormat(value), "}"));
        return;
      case FieldType::kInt32:
      case FieldType::kInt64:
      case FieldType::kDouble:
        if (!value.is_number()) Problem(absl::StrCat("expected numeric (int or float), got ", TypeWord(value)));
        return;
      case FieldType::kMessage: return;
    }
  }
  void Special(Shape shape, const Value& value) {
    const bool container = value.is_object() || value.is_array();
    if (shape == Shape::kFieldsV1 && !value.is_object() && !value.is_raw()) {  // raw: of a typed tree
      Problem(absl::StrCat("expected map, got &{", GoFormat(value), "}"));
    } else if ((shape == Shape::kTime || shape == Shape::kMicroTime || shape == Shape::kQuantity ||
                shape == Shape::kIntOrString) && container) {
      Problem(absl::StrCat("expected any scalar, got &{", GoFormat(value), "}"));
    } else if (shape == Shape::kStringList && !value.is_array() && !value.is_null()) {
      Problem(absl::StrCat("expected list, got &{", GoFormat(value), "}"));
    } else if (shape == Shape::kStringList && value.is_array()) {
      for (size_t i = 0; i < value.size(); ++i) {
        const Value& item = value.array()[i];
        if (item.is_string() || item.is_null()) continue;
        path_.push_back(PathElement::Of(PathElement::Kind::kIndex, Value(static_cast<int64_t>(i))));
        Problem(absl::StrCat("expected string, got &value.valueUnstructured{Value:", Show(item), "}"));
        path_.pop_back();
      }
    }
  }
  void Map(const Structure& type, const Value& value) {
    if (!value.is_object()) {
      Problem(absl::StrCat("expected map, got &{", GoFormat(value), "}"));
      return;
    }
    std::map<absl::string_view, const Value*> members;
    for (const Member& member : value.object()) members.emplace(member.key, &member.value);
    for (const auto& [name, member] : members) {
      bool known;
      const Structure child = MemberType(type, name, &known);
      path_.push_back(PathElement::Name(name));
      const bool closed = type.schema != nullptr ? !IsOpen(type) : type.kind == Kind::kStruct;
      if (closed && !known) {
        Problem("field not declared in schema");
      } else {
        Run(child, *member);
      }
      path_.pop_back();
      if (closed && !known) return;  // upstream looks at no more of the map, which it walks in any order
    }
  }
  void List(const Structure& type, const Value& value) {
    if (!value.is_array()) {
      Problem(absl::StrCat("expected list, got &{", GoFormat(value), "}"));
      return;
    }
    std::map<PathElement, bool> seen;
    for (size_t i = 0; i < value.size(); ++i) {
      const Value& item = value.array()[i];
      const bool typed = type.field != nullptr || type.schema != nullptr;
      if (!type.atomic && typed) {
        const ListType list = type.schema != nullptr ? type.schema->list_type : type.field->list_type;
        if (list == ListType::kMap && item.is_null()) {
          Problem(absl::StrCat("element ", i, ": associative list with keys may not have a null element"));
          continue;
        }
        if (list == ListType::kSet && (item.is_object() || item.is_array())) {
          Problem(absl::StrCat("element ", i, item.is_object() ? ": associative list without keys has an element that's a map type"
                                                               : ": not supported: associative list with lists as elements"));
          continue;
        }
        if (list == ListType::kMap && !item.is_object()) {
          Problem(absl::StrCat("element ", i, ": associative list with keys may not have non-map elements"));
          continue;
        }
        if (list == ListType::kMap && ElementOf(type, item).value.empty()) {
          std::vector<std::string> keys;
          for (const std::string& key : (type.schema != nullptr ? type.schema->list_map_keys : type.field->list_map_keys)) keys.push_back(GoQuote(key));
          Problem(absl::StrCat("element ", i, ": associative list with keys has an element that omits all key fields [",
                               absl::StrJoin(keys, " "), "] (and doesn't have default values for any key fields)"));
          continue;
        }
        const PathElement element = ElementOf(type, item);
        if (!seen.emplace(element, true).second && !repeats_) {
          Problem(absl::StrCat("duplicate entries for key ", element.ToString()));
          continue;
        }
        path_.push_back(element);
      } else {
        path_.push_back(PathElement::Of(PathElement::Kind::kIndex, Value(static_cast<int64_t>(i))));
      }
      if (typed) Run(type.Element(), item);
      path_.pop_back();
    }
  }

  const bool repeats_;
  Path path_;
  std::vector<std::string> problems_;
};

}  // namespace

Structure Structure::OfObject(const Message* message) {
  Structure type;
  if (message == nullptr) {
    type.kind = Kind::kUntyped;
  } else if (message->shape == Shape::kStruct) {
    type.kind = Kind::kStruct;
    type.message = message;
    type.atomic = message->atomic;
  } else {
    type.message = message;  // the special shapes are leaves
  }
  return type;
}

Structure Structure::OfRoot(const ObjectType& type) {
  if (type.schema == nullptr) return OfObject(type.message);
  Structure root = OfSchema(*type.schema, false);
  root.kind = Kind::kStruct;
  root.atomic = false;
  root.root = true;
  return root;
}

// As upstream makes types of schemas (kube-openapi's schemaconv): what has no type is taken for what it is, lists are
// owned as a whole unless they are sets or maps.
Structure Structure::OfSchema(const structural::Schema& schema, bool preserving) {
  Structure type;
  type.schema = &schema;
  type.preserving = preserving || schema.preserve_unknown_fields;
  if (schema.type == "object") {
    type.kind = schema.properties.empty() && !schema.embedded_resource ? Kind::kMap : Kind::kStruct;
    type.atomic = schema.atomic_map;
  } else if (schema.type == "array") {
    type.kind = Kind::kList;
    type.atomic = schema.list_type != ListType::kSet && schema.list_type != ListType::kMap;
  } else if (schema.type.empty() && !schema.int_or_string) {
    return OfObject(nullptr);
  }
  return type;
}

Structure Structure::Element() const {
  if (schema == nullptr) return OfElement(*field);
  return schema->items != nullptr ? OfSchema(*schema->items, preserving) : OfObject(nullptr);
}

Structure Structure::OfElement(const Field& field) {
  if (field.type == FieldType::kMessage) return OfObject(field.message);
  Structure type;
  type.field = &field;
  return type;
}

Structure Structure::OfField(const Field& field) {
  if (field.is_single()) {
    Structure type = OfElement(field);
    if (type.kind == Kind::kStruct) {
      type.atomic = (type.atomic || field.struct_atomic) && field.list_type != ListType::kGranular;
    }
    return type;
  }
  Structure type;
  type.field = &field;
  type.kind = field.is_list() ? Kind::kList : Kind::kMap;
  type.atomic = field.is_list() ? field.list_type != ListType::kMap && field.list_type != ListType::kSet
                                : field.list_type == ListType::kAtomic;
  return type;
}

Comparison Compare(const Structure& type, const Value& before, const Value& after) {
  Comparison result;
  Comparer(&result).Run(type, &before, &after);
  return result;
}

namespace {

// A typed value with everything that JSON prints of it.
Value AsPrinted(const Structure& type, const Value& value) {
  if (type.kind == Kind::kStruct && type.message != nullptr && value.is_object()) return ToPlain(*type.message, value);
  if (type.kind != Kind::kList || !value.is_array()) return value;
  const Structure element = type.Element();
  Value list = Value::MakeArray();
  for (const Value& item : value.array()) list.Append(AsPrinted(element, item));
  return list;
}

void CollectUnsaid(const Structure& declared, const Value& live, const Value& applied, Path* path, FieldSet* modified) {
  const Structure type = Resolve(declared, applied);
  if (type.kind == Kind::kLeaf) return;
  if (type.atomic) {
    if (type.kind != Kind::kMap && live.IdenticalTo(applied) && !AsPrinted(type, live).IdenticalTo(applied)) modified->Insert(*path);
    return;
  }
  if (IsMap(type)) {
    if (!applied.is_object() || !live.is_object()) return;
    for (const Member& member : applied.object()) {
      const Value* mine = live.Find(member.key);
      if (mine == nullptr) continue;
      bool known;
      path->push_back(PathElement::Name(member.key));
      CollectUnsaid(MemberType(type, member.key, &known), *mine, member.value, path, modified);
      path->pop_back();
    }
    return;
  }
  if (!applied.is_array() || !live.is_array()) return;
  const std::vector<PathElement> elements = ElementsOf(type, applied), mine = ElementsOf(type, live);
  for (size_t i = 0; i < elements.size(); ++i) {
    const auto found = std::find(mine.begin(), mine.end(), elements[i]);
    if (found == mine.end()) continue;
    path->push_back(elements[i]);
    CollectUnsaid(type.Element(), live.array()[static_cast<size_t>(found - mine.begin())], applied.array()[i], path, modified);
    path->pop_back();
  }
}

}  // namespace

void AddUnsaid(const Structure& type, const Value& live, const Value& applied, FieldSet* modified) {
  if (type.message == nullptr) return;
  Path path;
  CollectUnsaid(type, live, applied, &path, modified);
}

FieldSet FieldsOf(const Structure& type, const Value& value) {
  FieldSet set;
  Path path;
  CollectFields(type, value, &path, &set);
  return set;
}

Value Merge(const Structure& declared, const Value& live, const Value& applied) {
  const Structure type = Resolve(declared, applied.is_null() ? live : applied);  // null takes any form
  if (type.kind == Kind::kLeaf || type.atomic) return applied;
  if (applied.is_null() && !applied.is_hollow() && !live.empty()) return live;  // says nothing of the members
  if (IsMap(type)) {
    if (!applied.is_object() || !live.is_object()) return applied;
    Value out = live;
    for (const Member& member : applied.object()) {
      bool known;
      const Structure child = MemberType(type, member.key, &known);
      Value* mine = out.Find(member.key);
      if (mine == nullptr) {
        out.object().push_back(member);
      } else {
        *mine = Merge(child, *mine, member.value);
      }
    }
    return out;
  }
  if (!applied.is_array() || !live.is_array()) return applied;
  return MergeLists(type, live, applied);
}

void Remove(const Structure& declared, const FieldSet& fields, Value* value) {
  const Structure type = Resolve(declared, *value);
  if (type.kind == Kind::kLeaf || type.atomic || fields.children.empty()) return;
  if (IsMap(type) && value->is_object()) {
    Object kept;
    for (Member& member : value->object()) {
      const auto found = fields.children.find(PathElement::Name(member.key));
      if (found != fields.children.end()) {
        if (found->second.member) continue;
        bool known;
        Remove(MemberType(type, member.key, &known), found->second, &member.value);
      }
      kept.push_back(std::move(member));
    }
    value->object() = std::move(kept);
  } else if (type.kind == Kind::kList && value->is_array()) {
    Array kept;
    for (Value& item : value->array()) {
      const auto found = fields.children.find(ElementOf(type, item));
      if (found != fields.children.end()) {
        if (found->second.member) continue;
        Remove(type.Element(), found->second, &item);
      }
      kept.push_back(std::move(item));
    }
    value->array() = std::move(kept);
  }
}

FieldSet WithNamedParents(const Structure& type, const FieldSet& fields) {
  FieldSet result;
  result.member = fields.member;
  for (const auto& [element, child] : fields.children) {
    bool known = false;
    Structure child_type = Structure::OfObject(nullptr);
    if (element.kind == PathElement::Kind::kName && IsMap(type)) {
      child_type = MemberType(type, element.name, &known);
    } else if (type.kind == Kind::kList && (type.field != nullptr || type.schema != nullptr)) {
      child_type = type.Element();
    }
    FieldSet whole = WithNamedParents(child_type, child);
    whole.member |= known && !child.children.empty();
    result.children.emplace(element, std::move(whole));
  }
  return result;
}

std::vector<std::string> Check(const Structure& type, const Value& value, bool repeats) {
  Checker checker(repeats);
  checker.Run(type, value);
  return checker.Take();
}

}  // namespace apimachinery::apply
