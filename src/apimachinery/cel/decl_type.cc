#include "apimachinery/cel/decl_type.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "apimachinery/cel/cel.h"
#include "apimachinery/json.h"
#include "apimachinery/schema.h"

namespace apimachinery::cel {
namespace {

using Shape = DeclType::Shape;

// Bytes of the shortest JSON of a value, and of the longest text of a format.
constexpr int64_t kMinString = 2, kMinBool = 4, kMinNumber = 1, kMinDuration = 3, kDate = 12, kMinDateTime = 21;
constexpr int64_t kMaxDuration = 32, kMaxDateTime = 32;

using DeclPtr = std::shared_ptr<DeclType>;

DeclPtr Scalar(const TypePtr& type, int64_t least, int64_t most = 0) {
  auto made = std::make_shared<DeclType>();
  made->type = type;
  made->min_serialized = least;
  made->max_elements = most;
  return made;
}

DeclTypePtr Key() {
  static const DeclTypePtr& key = *new DeclTypePtr(Scalar(StringType(), kMinString));
  return key;
}

bool Flag(const Value& schema, absl::string_view name) {
  const Value* value = schema.Find(name);
  return value != nullptr && value->is_bool() && value->as_bool();
}

// -1: not set.
int64_t Limit(const Value& schema, absl::string_view name) {
  const Value* value = schema.Find(name);
  return value != nullptr && value->is_number() ? std::max<int64_t>(static_cast<int64_t>(value->as_double()), 0) : -1;
}

absl::string_view Word(const Value& schema, absl::string_view name) {
  const Value* value = schema.Find(name);
  return value != nullptr && value->is_string() ? absl::string_view(value->as_string()) : absl::string_view();
}

int64_t LongestEnum(const Array& values) {
  int64_t longest = 0;
  for (const Value& value : values) {
    std::string text;
    if (value.is_string()) {
      text = value.as_string();
    } else if (value.is_raw()) {
      if (auto parsed = ParseJson(value.as_string()); parsed.ok() && parsed->is_string()) text = parsed->as_string();
    }
    longest = std::max(longest, static_cast<int64_t>(text.size()));
  }
  return longest;
}

DeclPtr StringDecl(const Value& schema) {
  const absl::string_view format = Word(schema, "format");
  const int64_t limit = Limit(schema, "maxLength");
  DeclPtr made;
  if (format == "byte") {
    made = Scalar(BytesType(), kMinString, limit >= 0 ? limit : kMaxRequestBytes - 2);
  } else if (format == "duration") {
    made = Scalar(DurationType(), kMinDuration, kMaxDuration);
  } else if (format == "date") {
    made = Scalar(TimestampType(), kDate, kDate);
  } else if (format == "date-time") {
    made = Scalar(TimestampType(), kMinDateTime, kMaxDateTime);
  } else {
    const Array& values = schema.GetArray("enum");
    // A character may take four bytes.
    made = Scalar(StringType(), kMinString,
                  limit >= 0 ? limit * 4 : !values.empty() ? LongestEnum(values) : kMaxRequestBytes - 2);
  }
  made->format = std::string(format);
  return made;
}

class Builder {
 public:
  DeclPtr Build(const Value& schema, bool resource, const std::string& name) {
    DeclPtr made = BuildBare(schema, resource, name);
    if (made != nullptr) made->nullable = Flag(schema, "nullable");
    return made;
  }

 private:
  DeclPtr BuildBare(const Value& schema, bool resource, const std::string& name) {
    if (Flag(schema, "x-kubernetes-int-or-string")) {
      const int64_t limit = Limit(schema, "maxLength");
      DeclPtr made = Scalar(DynType(), 1, limit >= 0 ? limit * 4 : kMaxRequestBytes - 2);
      made->shape = Shape::kIntOrString;
      return made;
    }
    const absl::string_view type = Word(schema, "type");
    if (type == "array") return ListDecl(schema, name);
    if (type == "object") return ObjectDecl(schema, resource, name);
    if (type == "string") return StringDecl(schema);
    if (type == "boolean") return Scalar(BoolType(), kMinBool);
    if (type == "number") return Scalar(DoubleType(), kMinNumber);
    if (type == "integer") return Scalar(IntType(), kMinNumber);
    return nullptr;
  }

  static bool Embedded(const Value& schema) { return Flag(schema, "x-kubernetes-embedded-resource"); }

  DeclPtr ListDecl(const Value& schema, const std::string& name) {
    const Value* items = schema.Find("items");
    if (items == nullptr) return nullptr;
    auto made = std::make_shared<DeclType>();
    made->shape = Shape::kList;
    made->element = Build(*items, Embedded(*items), absl::StrCat(name, ".@idx"));
    if (made->element == nullptr) return nullptr;
    made->type = ListType(made->element->type);
    made->min_serialized = kMinString;
    const int64_t limit = Limit(schema, "maxItems");
    made->max_elements = limit >= 0 ? limit : (kMaxRequestBytes - 2) / (made->element->min_serialized + 1);
    const absl::string_view list_type = Word(schema, "x-kubernetes-list-type");
    made->lists = list_type == "set" ? DeclType::Lists::kSet : list_type == "map" ? DeclType::Lists::kMap : DeclType::Lists::kAtomic;
    for (const Value& key : schema.GetArray("x-kubernetes-list-map-keys")) {
      if (key.is_string()) made->list_map_keys.push_back(key.as_string());
    }
    return made;
  }

  DeclPtr ObjectDecl(const Value& schema, bool resource, const std::string& name) {
    const Value* more = schema.Find("additionalProperties");
    auto made = std::make_shared<DeclType>();
    if (more != nullptr && more->is_object()) {
      made->shape = Shape::kMap;
      made->key = Key();
      made->element = Build(*more, Embedded(*more), absl::StrCat(name, ".@elem"));
      if (made->element == nullptr) return nullptr;
      made->type = MapType(StringType(), made->element->type);
      made->min_serialized = kMinString;
      const int64_t limit = Limit(schema, "maxProperties");
      made->max_elements = limit >= 0 ? limit : (kMaxRequestBytes - 2) / (made->element->min_serialized + 6);
      return made;
    }
    made->shape = Shape::kObject;
    made->type = StructType(name);
    made->min_serialized = 2;
    static const Value& kNothing = *new Value(Value::MakeObject());
    const Value* properties = schema.Find("properties");
    if (properties == nullptr || !properties->is_object()) properties = &kNothing;
    const bool adds_meta = resource && !HasObjectMeta(*properties);
    for (const Member& member : properties->object()) {
      if (adds_meta && (member.key == "kind" || member.key == "apiVersion" || member.key == "metadata")) continue;
      AddProperty(made.get(), schema, member.key, member.value, name);
    }
    if (adds_meta) {
      static const Value& kText = *new Value(Object{{"type", "string"}});
      static const Value& kMeta = *new Value(Object{
          {"type", "object"},
          {"properties", Object{{"name", kText}, {"generateName", kText}}}});
      AddProperty(made.get(), schema, "kind", kText, name);
      AddProperty(made.get(), schema, "apiVersion", kText, name);
      AddProperty(made.get(), schema, "metadata", kMeta, name);
    }
    return made;
  }

  static bool HasObjectMeta(const Value& properties) {
    const auto is = [&](absl::string_view property, absl::string_view type) {
      const Value* found = properties.Find(property);
      return found != nullptr && Word(*found, "type") == type;
    };
    if (!is("kind", "string") || !is("apiVersion", "string") || !is("metadata", "object")) return false;
    const Value* inner = properties.Find("metadata")->Find("properties");
    if (inner == nullptr) return false;
    for (const absl::string_view property : {"name", "generateName"}) {
      const Value* found = inner->Find(property);
      if (found == nullptr || Word(*found, "type") != "string") return false;
    }
    return true;
  }

  void AddProperty(DeclType* object, const Value& schema, const std::string& name, const Value& property,
                   const std::string& type_name) {
    std::string escaped;
    const bool nameable = EscapeProperty(name, &escaped);
    DeclPtr type = Build(property, Embedded(property), absl::StrCat(type_name, ".", nameable ? escaped : name));
    if (type == nullptr) {
      auto opaque = std::make_shared<DeclType>();
      opaque->shape = Shape::kUnknownFields;
      opaque->type = DynType();
      opaque->nullable = true;
      object->properties[name] = std::move(opaque);
      return;
    }
    const Array& required = schema.GetArray("required");
    const bool needed = std::any_of(required.begin(), required.end(),
                                    [&](const Value& r) { return r.is_string() && r.as_string() == name; });
    if (needed && !property.Has("default")) {
      object->min_serialized += static_cast<int64_t>(name.size()) + type->min_serialized + 4;
    }
    if (nameable) object->fields[escaped] = type;
    object->properties[name] = std::move(type);
  }
};

// Built-in types nest in themselves: where one comes round again nothing is known of it. nullptr: of no single type.
DeclPtr OfMessage(const Message& message, const std::string& name, std::vector<const Message*>* open);

DeclPtr OfField(const Field& field, const std::string& name, std::vector<const Message*>* open) {
  switch (field.type) {
    case FieldType::kBool: return Scalar(BoolType(), kMinBool);
    case FieldType::kInt32: case FieldType::kInt64: return Scalar(IntType(), kMinNumber);
    case FieldType::kDouble: return Scalar(DoubleType(), kMinNumber);
    case FieldType::kString: return Scalar(StringType(), kMinString, kMaxRequestBytes - 2);
    case FieldType::kBytes: return Scalar(BytesType(), kMinString, kMaxRequestBytes - 2);
    case FieldType::kMessage: return OfMessage(*field.message, name, open);
  }
  return nullptr;
}

DeclPtr OfMessage(const Message& message, const std::string& name, std::vector<const Message*>* open) {
  switch (message.shape) {
    case apimachinery::Shape::kTime: case apimachinery::Shape::kMicroTime:
      return Scalar(TimestampType(), kMinDateTime, kMaxDateTime);
    case apimachinery::Shape::kDuration: case apimachinery::Shape::kGroupVersion:
      return Scalar(StringType(), kMinString, kMaxRequestBytes - 2);
    case apimachinery::Shape::kStruct: break;
    case apimachinery::Shape::kStringList: {
      auto list = std::make_shared<DeclType>();
      list->shape = Shape::kList;
      list->element = Scalar(StringType(), kMinString, kMaxRequestBytes - 2);
      list->type = ListType(StringType());
      return list;
    }
    case apimachinery::Shape::kIntOrString: return Scalar(DynType(), 1);
    case apimachinery::Shape::kRawExtension: case apimachinery::Shape::kFieldsV1: case apimachinery::Shape::kUnknown: break;
    default: return nullptr;
  }
  auto made = std::make_shared<DeclType>();
  made->shape = Shape::kObject;
  made->type = StructType(name);
  made->min_serialized = 2;
  if (message.shape != apimachinery::Shape::kStruct) return made;
  if (std::find(open->begin(), open->end(), &message) != open->end()) return made;
  open->push_back(&message);
  for (const Field* field : message.flat) {
    std::string escaped;
    if (!EscapeProperty(field->json, &escaped)) continue;
    const std::string field_name = absl::StrCat(name, ".", escaped);
    DeclPtr type;
    if (field->is_single()) {
      type = OfField(*field, field_name, open);
    } else {
      type = std::make_shared<DeclType>();
      type->shape = field->is_list() ? Shape::kList : Shape::kMap;
      type->element = OfField(*field, absl::StrCat(field_name, field->is_list() ? ".@idx" : ".@elem"), open);
      if (type->element == nullptr) continue;
      type->key = field->is_map() ? Key() : nullptr;
      type->type = field->is_list() ? ListType(type->element->type) : MapType(StringType(), type->element->type);
      type->min_serialized = kMinString;
      type->max_elements = (kMaxRequestBytes - 2) / (type->element->min_serialized + (field->is_list() ? 1 : 6));
    }
    if (type == nullptr) continue;
    made->fields[escaped] = type;
    made->properties[std::string(field->json)] = std::move(type);
  }
  open->pop_back();
  return made;
}

constexpr std::pair<absl::string_view, absl::string_view> kEscapes[] = {
    {"__", "__underscores__"}, {".", "__dot__"}, {"-", "__dash__"}, {"/", "__slash__"}};
constexpr absl::string_view kKeywords[] = {"true", "false", "null", "in", "as", "break", "const", "continue", "else", "for",
                                           "function", "if", "import", "let", "loop", "package", "namespace", "return",
                                           "var", "void", "while"};

bool Identifier(absl::string_view name) {
  if (name.empty() || absl::ascii_isdigit(name[0])) return false;
  return std::all_of(name.begin(), name.end(), [](char c) { return absl::ascii_isalnum(c) || c == '_'; });
}

}  // namespace

DeclTypePtr DeclTypeOf(const Value& schema, bool root, absl::string_view name) {
  return Builder().Build(schema, root, std::string(name));
}

DeclTypePtr DeclTypeOf(const Message& message, absl::string_view name) {
  std::vector<const Message*> open;
  return OfMessage(message, std::string(name), &open);
}

bool EscapeProperty(absl::string_view name, std::string* escaped) {
  escaped->clear();
  if (std::find(std::begin(kKeywords), std::end(kKeywords), name) != std::end(kKeywords)) {
    *escaped = absl::StrCat("__", name, "__");
    return true;
  }
  for (size_t i = 0; i < name.size();) {
    bool replaced = false;
    for (const auto& [from, to] : kEscapes) {
      if (name.substr(i, from.size()) != from) continue;
      escaped->append(to.data(), to.size());
      i += from.size();
      replaced = true;
      break;
    }
    if (!replaced) escaped->push_back(name[i++]);
  }
  return Identifier(*escaped);
}

bool UnescapeProperty(absl::string_view escaped, std::string* name) {
  name->clear();
  for (size_t i = 0; i < escaped.size();) {
    // __word__ without an underscore inside.
    const size_t begin = i + 2;
    const size_t end = escaped.substr(i, 2) == "__" ? escaped.find('_', begin) : absl::string_view::npos;
    if (end == absl::string_view::npos || end == begin || escaped.substr(end, 2) != "__") {
      name->push_back(escaped[i++]);
      continue;
    }
    const absl::string_view word = escaped.substr(begin, end - begin), whole = escaped.substr(i, end + 2 - i);
    const auto* escape = std::find_if(std::begin(kEscapes), std::end(kEscapes), [&](const auto& e) { return e.second == whole; });
    if (escape != std::end(kEscapes)) {
      name->append(escape->first.data(), escape->first.size());
    } else if (std::find(std::begin(kKeywords), std::end(kKeywords), word) != std::end(kKeywords) && whole == escaped) {
      name->append(word.data(), word.size());
    } else {
      return false;
    }
    i = end + 2;
  }
  return true;
}

}  // namespace apimachinery::cel
