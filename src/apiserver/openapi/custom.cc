#include "apiserver/openapi/custom.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace apiserver::openapi {
namespace {

using apimachinery::Value;
using apimachinery::structural::Version;

// Upstream's words for members that every object has; clients show them.
constexpr char kApiVersion[] =
    "APIVersion defines the versioned schema of this representation of an object. Servers should convert recognized schemas "
    "to the latest internal value, and may reject unrecognized values. More info: "
    "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#resources";
constexpr char kKind[] =
    "Kind is a string value representing the REST resource this object represents. Servers may infer this from the endpoint "
    "the client submits requests to. Cannot be updated. In CamelCase. More info: "
    "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds";
constexpr char kMetadata[] =
    "Standard object's metadata. More info: "
    "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata";
constexpr char kListMetadata[] =
    "Standard list metadata. More info: "
    "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds";
constexpr char kEmbeddedApiVersion[] =
    "apiVersion defines the versioned schema of this representation of an object. More info: "
    "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#resources";
constexpr char kEmbeddedKind[] =
    "kind is a string value representing the type of this object. In CamelCase. More info: "
    "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds";

Value Text(absl::string_view description) {
  Value schema;
  schema["description"] = description;
  schema["type"] = "string";
  return schema;
}

Value Reference(Form form, absl::string_view description, absl::string_view name) {
  Value schema, ref = Ref(form, absl::StrCat("io.k8s.apimachinery.pkg.apis.meta.v1.", name));
  schema["description"] = description;
  if (form == Form::kV2) {
    schema["$ref"] = ref.GetString("$ref");
  } else {
    schema["allOf"].Append(std::move(ref));
  }
  return schema;
}

bool Is(const Value& schema, const char* member) {
  const Value* given = schema.Find(member);
  return given != nullptr && *given == Value(true);
}

void Sort(Value* object) {
  std::sort(object->object().begin(), object->object().end(),
            [](const apimachinery::Member& a, const apimachinery::Member& b) { return a.key < b.key; });
}

void Drop(Value* list, absl::string_view text) {
  if (list == nullptr || !list->is_array()) return;
  std::erase_if(list->array(), [&](const Value& one) { return one.is_string() && one.as_string() == text; });
}

// What OpenAPI v2 cannot say is left out, and what kubectl would misread there: what may be anything has no type and no
// members. Depth is bounded when a definition is made.
void Simplify(Value* schema) {
  if (!schema->is_object()) return;
  for (const char* name : {"allOf", "oneOf", "anyOf", "not", "default"}) schema->Erase(name);
  const bool anything = Is(*schema, "x-kubernetes-preserve-unknown-fields"), nullable = Is(*schema, "nullable");
  if (anything || nullable) {
    schema->Erase("items");
    schema->Erase("properties");
  }
  const std::string type = schema->GetString("type");
  if (nullable || (type == "array" && !schema->Has("items")) || (type == "object" && anything)) schema->Erase("type");
  schema->Erase("nullable");
  Value* required = schema->Find("required");
  if (Value* properties = schema->Find("properties"); properties != nullptr && properties->is_object()) {
    for (const apimachinery::Member& member : properties->object()) {
      if (Is(member.value, "nullable")) Drop(required, member.key);
    }
    for (apimachinery::Member& member : properties->object()) Simplify(&member.value);
  }
  for (const char* name : {"items", "additionalProperties"}) {
    Value* child = schema->Find(name);
    if (child == nullptr) continue;
    if (absl::string_view(name) == "additionalProperties" && Is(*child, "nullable")) schema->Erase("required");
    Simplify(schema->Find(name));
  }
  required = schema->Find("required");
  if (required != nullptr && required->is_array() && required->array().empty()) schema->Erase("required");
}

// What schemas leave to their extensions: the types of int-or-string, the members of embedded resources. Depth is bounded
// when a definition is made.
void Complete(Form form, Value* schema) {
  if (!schema->is_object()) return;
  for (const char* name : {"items", "additionalProperties"}) {
    if (Value* child = schema->Find(name)) Complete(form, child);
  }
  if (Value* properties = schema->Find("properties"); properties != nullptr && properties->is_object()) {
    for (apimachinery::Member& member : properties->object()) Complete(form, &member.value);
  }
  if (form == Form::kV3 && Is(*schema, "x-kubernetes-int-or-string") && !schema->Has("anyOf")) {
    for (const char* type : {"integer", "string"}) {
      Value one;
      one["type"] = type;
      (*schema)["anyOf"].Append(std::move(one));
    }
    Sort(schema);
  }
  if (!Is(*schema, "x-kubernetes-embedded-resource")) return;
  if (form == Form::kV2 && Is(*schema, "x-kubernetes-preserve-unknown-fields")) return;
  Value& properties = (*schema)["properties"];
  if (!properties.Has("apiVersion")) properties["apiVersion"] = Text(kEmbeddedApiVersion);
  if (!properties.Has("kind")) properties["kind"] = Text(kEmbeddedKind);
  properties["metadata"] = Reference(form, kMetadata, "ObjectMeta");
  Sort(&properties);
  if (!schema->Has("required")) {
    (*schema)["required"].Append("kind");
    (*schema)["required"].Append("apiVersion");
  }
}

// The members that upstream prints of both: who they are, and what can be selected.
void AddExtensions(const Version& version, absl::string_view kind, Value* schema) {
  Value gvk;
  gvk["group"] = version.definition->group;
  gvk["version"] = version.name;
  gvk["kind"] = kind;
  (*schema)["x-kubernetes-group-version-kind"].Append(std::move(gvk));
  for (const std::string& field : version.selectable_fields) {
    Value one;
    one["fieldPath"] = field;
    (*schema)["x-kubernetes-selectable-fields"].Append(std::move(one));
  }
}

}  // namespace

std::string CustomDefinitionName(absl::string_view group, absl::string_view version, absl::string_view kind) {
  std::vector<absl::string_view> words = absl::StrSplit(group, '.');
  std::reverse(words.begin(), words.end());
  return absl::StrCat(absl::StrJoin(words, "."), ".", version, ".", kind);
}

namespace {

// The schema of the kind. In OpenAPI v2 a kind that may have any members tells none.
Value KindSchema(Form form, const Version& version) {
  Value schema = version.open_api.is_object() ? version.open_api : Value::MakeObject();
  if (form == Form::kV2 && (!version.open_api.is_object() || Is(schema, "x-kubernetes-preserve-unknown-fields"))) {
    Value any;
    any["type"] = "object";
    return any;
  }
  if (form == Form::kV2) Simplify(&schema);
  if (!schema.Has("type")) schema["type"] = "object";
  Complete(form, &schema);
  Value& properties = schema["properties"];
  properties["apiVersion"] = Text(kApiVersion);
  properties["kind"] = Text(kKind);
  properties["metadata"] = Reference(form, kMetadata, "ObjectMeta");
  Sort(&properties);
  return schema;
}

}  // namespace

void AddCustomDefinitions(Form form, const Version& version, CustomDefinitions* definitions) {
  const apimachinery::structural::Definition& definition = *version.definition;
  Value schema = KindSchema(form, version);
  AddExtensions(version, definition.kind, &schema);
  const std::string name = CustomDefinitionName(definition.group, version.name, definition.kind);
  (*definitions)[name] = std::move(schema);

  Value list;
  list["description"] = absl::StrCat(definition.list_kind, " is a list of ", definition.kind);
  list["type"] = "object";
  list["required"].Append("items");
  Value& members = list["properties"];
  members["apiVersion"] = Text(kApiVersion);
  Value& items = members["items"];
  items["description"] = absl::StrCat("List of ", definition.plural,
                                      ". More info: https://git.k8s.io/community/contributors/devel/sig-architecture/"
                                      "api-conventions.md");
  items["type"] = "array";
  items["items"] = Ref(form, name);
  members["kind"] = Text(kKind);
  members["metadata"] = Reference(form, kListMetadata, "ListMeta");
  AddExtensions(version, definition.list_kind, &list);
  (*definitions)[name + "List"] = std::move(list);
}

}  // namespace apiserver::openapi
