#include "apiserver/openapi/definitions.h"

#include <algorithm>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "apimachinery/json.h"
#include "apiserver/openapi/names.h"

namespace apiserver::openapi {
namespace {

using apimachinery::Array;
using apimachinery::Field;
using apimachinery::FieldType;
using apimachinery::Message;
using apimachinery::Schema;
using apimachinery::Shape;
using apimachinery::Value;

// Every group version upstream has ever registered: options and watch events are declared in all of them.
constexpr absl::string_view kGroupVersions[][2] = {
    {"", "v1"}, {"admission.k8s.io", "v1"}, {"admission.k8s.io", "v1beta1"},
    {"admissionregistration.k8s.io", "v1"}, {"admissionregistration.k8s.io", "v1alpha1"},
    {"admissionregistration.k8s.io", "v1beta1"}, {"apiextensions.k8s.io", "v1"}, {"apiextensions.k8s.io", "v1beta1"},
    {"apiregistration.k8s.io", "v1"}, {"apiregistration.k8s.io", "v1beta1"}, {"apps", "v1"}, {"apps", "v1beta1"},
    {"apps", "v1beta2"}, {"authentication.k8s.io", "v1"}, {"authentication.k8s.io", "v1alpha1"},
    {"authentication.k8s.io", "v1beta1"}, {"authorization.k8s.io", "v1"}, {"authorization.k8s.io", "v1beta1"},
    {"autoscaling", "v1"}, {"autoscaling", "v2"}, {"autoscaling", "v2beta1"}, {"autoscaling", "v2beta2"},
    {"batch", "v1"}, {"batch", "v1beta1"}, {"certificates.k8s.io", "v1"}, {"certificates.k8s.io", "v1alpha1"},
    {"certificates.k8s.io", "v1beta1"}, {"coordination.k8s.io", "v1"}, {"coordination.k8s.io", "v1alpha2"},
    {"coordination.k8s.io", "v1beta1"}, {"discovery.k8s.io", "v1"}, {"discovery.k8s.io", "v1beta1"},
    {"events.k8s.io", "v1"}, {"events.k8s.io", "v1beta1"}, {"extensions", "v1beta1"},
    {"flowcontrol.apiserver.k8s.io", "v1"}, {"flowcontrol.apiserver.k8s.io", "v1beta1"},
    {"flowcontrol.apiserver.k8s.io", "v1beta2"}, {"flowcontrol.apiserver.k8s.io", "v1beta3"},
    {"imagepolicy.k8s.io", "v1alpha1"}, {"internal.apiserver.k8s.io", "v1alpha1"}, {"networking.k8s.io", "v1"},
    {"networking.k8s.io", "v1beta1"}, {"node.k8s.io", "v1"}, {"node.k8s.io", "v1alpha1"}, {"node.k8s.io", "v1beta1"},
    {"policy", "v1"}, {"policy", "v1beta1"}, {"rbac.authorization.k8s.io", "v1"},
    {"rbac.authorization.k8s.io", "v1alpha1"}, {"rbac.authorization.k8s.io", "v1beta1"}, {"resource.k8s.io", "v1"},
    {"resource.k8s.io", "v1alpha3"}, {"resource.k8s.io", "v1beta1"}, {"resource.k8s.io", "v1beta2"},
    {"scheduling.k8s.io", "v1"}, {"scheduling.k8s.io", "v1alpha1"}, {"scheduling.k8s.io", "v1beta1"},
    {"storage.k8s.io", "v1"}, {"storage.k8s.io", "v1alpha1"}, {"storage.k8s.io", "v1beta1"},
    {"storagemigration.k8s.io", "v1beta1"},
};

// Members that upstream declares without a word: in v3 only those refer to their type without `allOf`.
bool IsBare(const Message& owner, const Field& field) {
  static const auto* const bare = new absl::flat_hash_set<std::string>{
      "networking.v1.IngressRule.http",
      "apiextensions.v1.JSONSchemaProps.additionalItems",
      "apiextensions.v1.JSONSchemaProps.additionalProperties",
      "apiextensions.v1.JSONSchemaProps.example",
      "apiextensions.v1.JSONSchemaProps.externalDocs",
      "apiextensions.v1.JSONSchemaProps.items",
      "apiextensions.v1.JSONSchemaProps.not",
  };
  return bare->contains(absl::StrCat(owner.name, ".", field.json));
}

Value Type(absl::string_view type, absl::string_view format = "") {
  Value schema;
  schema["type"] = type;
  if (!format.empty()) schema["format"] = format;
  return schema;
}

Value ScalarType(FieldType type) {
  switch (type) {
    case FieldType::kBool: return Type("boolean");
    case FieldType::kInt32: return Type("integer", "int32");
    case FieldType::kInt64: return Type("integer", "int64");
    case FieldType::kDouble: return Type("number", "double");
    case FieldType::kBytes: return Type("string", "byte");
    default: return Type("string");
  }
}

Value ZeroOf(FieldType type) {
  switch (type) {
    case FieldType::kBool: return Value(false);
    case FieldType::kInt32:
    case FieldType::kInt64:
    case FieldType::kDouble: return Value(0);
    default: return Value("");
  }
}

// Types whose empty value is not written as {}.
bool HasEmptyDefault(const Message& message) {
  return message.shape == Shape::kStruct;
}

void AppendEnum(const Field& field, Value* schema) {
  if (!field.enum_closed) return;
  std::vector<absl::string_view> values(field.enum_values.begin(), field.enum_values.end());
  std::sort(values.begin(), values.end());
  for (const absl::string_view value : values) (*schema)["enum"].Append(value);
}

Value ListOfStrings(Form form) {
  Value schema = Type("array");
  schema["items"] = Type("string");
  if (form == Form::kV3) schema["items"]["default"] = "";
  return schema;
}

// One element of a list or map. Elements are never pointers, so they always have their zero value as default.
Value Element(Form form, const Field& field) {
  if (field.type == FieldType::kMessage) {
    if (field.message->shape == Shape::kStringList) return ListOfStrings(form);
    Value ref = Ref(form, DefinitionName(field.message->name));
    if (form == Form::kV2) return ref;
    if (!HasEmptyDefault(*field.message)) return ref;
    Value schema;
    schema["default"] = Value::MakeObject();
    schema["allOf"].Append(std::move(ref));
    return schema;
  }
  Value schema = ScalarType(field.type);
  if (form == Form::kV3 && field.type != FieldType::kBytes) schema["default"] = ZeroOf(field.type);
  AppendEnum(field, &schema);
  return schema;
}

void AppendExtensions(const Message& owner, const Field& field, Value* schema) {
  if (field.list_type == apimachinery::ListType::kMap) {
    Value& keys = (*schema)["x-kubernetes-list-map-keys"] = Value::MakeArray();
    for (const std::string& key : field.list_map_keys) keys.Append(key);
  }
  switch (field.list_type) {
    case apimachinery::ListType::kUnset: break;
    case apimachinery::ListType::kAtomic:
      (*schema)[field.is_map() ? "x-kubernetes-map-type" : "x-kubernetes-list-type"] = "atomic";
      break;
    case apimachinery::ListType::kSet: (*schema)["x-kubernetes-list-type"] = "set"; break;
    case apimachinery::ListType::kMap: (*schema)["x-kubernetes-list-type"] = "map"; break;
    case apimachinery::ListType::kGranular: (*schema)["x-kubernetes-map-type"] = "granular"; break;
  }
  if (!field.patch_merge_key.empty()) (*schema)["x-kubernetes-patch-merge-key"] = field.patch_merge_key;
  std::vector<absl::string_view> strategies;
  if (field.patch_merge) strategies.push_back("merge");
  if (field.patch_replace) strategies.push_back("replace");
  if (field.patch_retain_keys) strategies.push_back("retainKeys");
  if (!strategies.empty()) {
    std::string text;
    for (const absl::string_view strategy : strategies) absl::StrAppend(&text, text.empty() ? "" : ",", strategy);
    (*schema)["x-kubernetes-patch-strategy"] = text;
  }
}

Value MessageProperty(Form form, const Message& owner, const Field& field, std::string doc) {
  Value schema;
  Value ref = Ref(form, DefinitionName(field.message->name));
  const bool bare = IsBare(owner, field);
  if (!bare) schema["description"] = std::move(doc);
  if (form == Form::kV2) {
    schema["$ref"] = ref.GetString("$ref");
    return schema;
  }
  if (bare) return ref;
  if (!field.pointer && HasEmptyDefault(*field.message)) schema["default"] = Value::MakeObject();
  schema["allOf"].Append(std::move(ref));
  return schema;
}

constexpr absl::string_view kApiVersionDoc = "API group and version that the object is written in, such as apps/v1.";
constexpr absl::string_view kKindDoc = "Kind of the object, such as Pod. Cannot change.";

// The comment of a member, which may belong to a message that is inlined in `owner`.
std::string DocOf(const Message& owner, const Field& field) {
  if (field.type_meta) return std::string(field.json == "kind" ? kKindDoc : kApiVersionDoc);
  std::string doc = Schema::Builtin().Doc(owner, field);
  for (const Field& at : owner.fields) {
    if (!doc.empty()) break;
    if (at.inlined) doc = DocOf(*at.message, field);
  }
  return doc;
}

Value Property(Form form, const Message& owner, const Field& field) {
  std::string doc = DocOf(owner, field);
  Value schema;
  if (field.is_list() || field.is_map()) {
    schema["description"] = std::move(doc);
    schema["type"] = field.is_list() ? "array" : "object";
    schema[field.is_list() ? "items" : "additionalProperties"] = Element(form, field);
  } else if (field.type == FieldType::kMessage && field.message->shape == Shape::kStringList) {
    schema = ListOfStrings(form);
    schema["description"] = std::move(doc);
  } else if (field.type == FieldType::kMessage) {
    schema = MessageProperty(form, owner, field, std::move(doc));
  } else {
    schema["description"] = std::move(doc);
    Value type = ScalarType(field.type);
    for (auto& [key, value] : type.object()) schema[key] = std::move(value);
    if (form == Form::kV3 && !field.default_json.empty()) {
      schema["default"] = apimachinery::ParseJson(field.default_json).value_or(Value());
    } else if (form == Form::kV3 && !field.pointer && !field.omitempty && !field.type_meta &&
               field.type != FieldType::kBytes) {
      schema["default"] = ZeroOf(field.type);
    }
    AppendEnum(field, &schema);
  }
  AppendExtensions(owner, field, &schema);
  return schema;
}

bool IsRequired(const Field& field) {
  if (field.type_meta || field.inlined) return false;
  if (field.required) return true;
  return !field.optional && !field.omitempty && !field.omitzero;
}

Value GroupVersionKind(absl::string_view group, absl::string_view version, absl::string_view kind) {
  Value gvk;
  gvk["group"] = group;
  gvk["kind"] = kind;
  gvk["version"] = version;
  return gvk;
}

// The kinds a message is: its own, as a list, or in all groups.
// Groups that upstream's documents of custom resources do not know of.
bool UnknownToCustom(absl::string_view group) {
  return group == "admission.k8s.io" || group == "apiextensions.k8s.io" || group == "apiregistration.k8s.io" ||
         group == "imagepolicy.k8s.io";
}

Value Kinds(const Message& message) {
  Value kinds;
  if (message.name == "meta.v1.DeleteOptions" || message.name == "meta.v1.WatchEvent") {
    for (const auto& [group, version] : kGroupVersions) {
      kinds.Append(GroupVersionKind(group, version, message.go_name));
    }
    return kinds;
  }
  for (const apimachinery::Kind& kind : Schema::Builtin().kinds()) {
    if (kind.message == &message) kinds.Append(GroupVersionKind(kind.group, kind.version, kind.kind));
    else if (kind.list_message == &message) kinds.Append(GroupVersionKind(kind.group, kind.version, kind.list_kind));
    else continue;
    break;
  }
  return kinds;
}

Value Unions(const Message& message) {
  Value by_discriminator;
  std::string discriminator;
  for (const Field* field : message.flat) {
    if (field->rules != nullptr && field->rules->discriminator) discriminator = std::string(field->json);
  }
  if (discriminator.empty()) return Value();
  Value members = Value::MakeObject();
  for (const Field* field : message.flat) {
    if (field->pointer) members[field->json] = Capitalized(field->json);
  }
  Value entry;
  entry["discriminator"] = discriminator;
  entry["fields-to-discriminateBy"] = std::move(members);
  Value unions;
  unions.Append(std::move(entry));
  return unions;
}

Value OneOf(absl::string_view a, absl::string_view b) {
  Value one_of;
  one_of.Append(Type(a));
  one_of.Append(Type(b));
  return one_of;
}

// Messages with a JSON form of their own.
void FillCustom(Form form, const Message& message, Value* definition) {
  Value& d = *definition;
  switch (message.shape) {
    case Shape::kTime:
    case Shape::kMicroTime: d["type"] = "string", d["format"] = "date-time"; break;
    case Shape::kQuantity:
      if (form == Form::kV3) d["oneOf"] = OneOf("string", "number");
      else d["type"] = "string";
      break;
    case Shape::kIntOrString:
      if (form == Form::kV2) d["type"] = "string";
      d["format"] = "int-or-string";
      if (form == Form::kV3) d["oneOf"] = OneOf("integer", "string");
      break;
    case Shape::kRawExtension:
    case Shape::kFieldsV1: d["type"] = "object"; break;
    case Shape::kDuration:
    case Shape::kGroupVersion: d["type"] = "string"; break;
    default: break;  // any JSON
  }
}

}  // namespace

Value Ref(Form form, absl::string_view definition) {
  Value ref;
  ref["$ref"] = absl::StrCat(form == Form::kV2 ? "#/definitions/" : "#/components/schemas/", definition);
  return ref;
}

std::vector<const Message*> ReferredMessages(const Message& message) {
  std::vector<const Message*> referred;
  if (message.shape != Shape::kStruct) return referred;
  for (const Field* field : message.flat) {
    if (field->type == FieldType::kMessage && field->message->shape != Shape::kStringList) {
      referred.push_back(field->message);
    }
  }
  return referred;
}

Value Definition(Form form, const Message& message) {
  Value definition;
  definition["description"] = Schema::Builtin().Doc(message);
  if (message.shape != Shape::kStruct) {
    FillCustom(form, message, &definition);
    return definition;
  }
  definition["type"] = "object";
  std::vector<const Field*> sorted;
  for (const Field* field : message.flat) {
    if (IsRequired(*field)) definition["required"].Append(field->json);
    sorted.push_back(field);
  }
  std::sort(sorted.begin(), sorted.end(), [](const Field* a, const Field* b) { return a->json < b->json; });
  for (const Field* field : sorted) definition["properties"].Set(field->json, Property(form, message, *field));
  if (Value kinds = Kinds(message); !kinds.is_null()) definition["x-kubernetes-group-version-kind"] = std::move(kinds);
  if (message.atomic) definition["x-kubernetes-map-type"] = "atomic";
  if (Value unions = Unions(message); !unions.is_null()) definition["x-kubernetes-unions"] = std::move(unions);
  return definition;
}

Value VersionInfoDefinition(Form form) {
  constexpr absl::string_view kRequired[] = {"major",        "minor",     "gitVersion", "gitCommit", "gitTreeState",
                                             "buildDate", "goVersion", "compiler",  "platform"};
  constexpr absl::string_view kOptional[] = {"emulationMajor", "emulationMinor", "minCompatibilityMajor",
                                             "minCompatibilityMinor"};
  Value definition;
  definition["description"] = "Info names the release whose API is served.";
  definition["type"] = "object";
  for (const absl::string_view name : kRequired) {
    definition["required"].Append(name);
    Value& property = definition["properties"][name] = Type("string");
    if (form == Form::kV3) property["default"] = "";
  }
  for (const absl::string_view name : kOptional) definition["properties"][name] = Type("string");
  return definition;
}

Value DeleteOptionsOfCustom(Value definition) {
  Value* kinds = definition.Find("x-kubernetes-group-version-kind");
  if (kinds != nullptr && kinds->is_array()) {
    std::erase_if(kinds->array(), [](const Value& kind) { return UnknownToCustom(kind.GetString("group")); });
  }
  return definition;
}

}  // namespace apiserver::openapi
