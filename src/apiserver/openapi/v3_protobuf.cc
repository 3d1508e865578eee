// OpenAPI v3 documents as gnostic's openapi.v3.Document, written from their JSON trees. Field numbers are gnostic's.
#include <string>

#include "apimachinery/json.h"
#include "apiserver/openapi/openapi.h"
#include "apiserver/openapi/wire_message.h"

namespace apiserver::openapi {
namespace {

using apimachinery::Value;
using wire::Any;
using wire::Message;
using wire::Named;

Message SchemaOrReference(const Value& schema, int depth);

// Of a schema tree nothing is deeper than this: definitions refer to each other by name.
constexpr int kDeepest = 64;

Message Wrapped(const Message& message) {
  Message out;
  out.Add(1, message);
  return out;
}

void AddSchemas(int number, const Value& from, absl::string_view key, int depth, Message* to) {
  for (const Value& each : from.GetArray(key)) to->Add(number, SchemaOrReference(each, depth));
}

Message Default(const Value& value) {
  Message out;
  if (value.is_bool()) {
    out.Integer(2, value.as_bool() ? 1 : 0);
  } else if (value.is_string()) {
    out.Text(3, value.as_string());
  } else if (value.is_int()) {
    out.Number(1, static_cast<double>(value.as_int()));
  } else if (value.is_double()) {
    out.Number(1, value.as_double());
  }
  return out;
}

void AddNumber(int number, const Value& from, absl::string_view key, Message* to) {
  const Value* found = from.Find(key);
  if (found == nullptr) return;
  if (found->is_int()) to->Number(number, static_cast<double>(found->as_int()));
  if (found->is_double()) to->Number(number, found->as_double());
}

void AddInteger(int number, const Value& from, absl::string_view key, Message* to) {
  if (const Value* found = from.Find(key); found != nullptr && found->is_int()) to->Integer(number, found->as_int());
}

Message Schema(const Value& schema, int depth) {
  Message out;
  out.Flag(1, schema.GetBool("nullable"));
  out.Member(9, schema, "title");
  AddNumber(10, schema, "multipleOf", &out);
  AddNumber(11, schema, "maximum", &out);
  out.Flag(12, schema.GetBool("exclusiveMaximum"));
  AddNumber(13, schema, "minimum", &out);
  out.Flag(14, schema.GetBool("exclusiveMinimum"));
  AddInteger(15, schema, "maxLength", &out);
  AddInteger(16, schema, "minLength", &out);
  out.Member(17, schema, "pattern");
  AddInteger(18, schema, "maxItems", &out);
  AddInteger(19, schema, "minItems", &out);
  out.Flag(20, schema.GetBool("uniqueItems"));
  AddInteger(21, schema, "maxProperties", &out);
  AddInteger(22, schema, "minProperties", &out);
  out.Member(23, schema, "required");
  for (const Value& each : schema.GetArray("enum")) out.Add(24, Any(each));
  out.Member(25, schema, "type");
  AddSchemas(26, schema, "allOf", depth, &out);
  AddSchemas(27, schema, "oneOf", depth, &out);
  AddSchemas(28, schema, "anyOf", depth, &out);
  if (const Value* of = schema.Find("not")) out.Add(29, Schema(*of, depth + 1));
  if (const Value* items = schema.Find("items")) out.Add(30, Wrapped(SchemaOrReference(*items, depth)));
  if (const Value* properties = schema.Find("properties")) {
    Message members;
    for (const auto& [name, property] : properties->object()) members.Add(1, Named(name, SchemaOrReference(property, depth)));
    out.Add(31, members);
  }
  if (const Value* additional = schema.Find("additionalProperties")) {
    Message item;
    if (additional->is_bool()) {
      item.Integer(2, additional->as_bool() ? 1 : 0);
    } else {
      item.Add(1, SchemaOrReference(*additional, depth));
    }
    out.Add(32, item);
  }
  if (const Value* value = schema.Find("default")) out.Add(33, Default(*value));
  out.Member(34, schema, "description");
  out.Member(35, schema, "format");
  wire::AddExtensions(36, schema, &out);
  return out;
}

Message SchemaOrReference(const Value& schema, int depth) {
  Message out;
  if (!schema.is_object() || depth > kDeepest) return out;
  if (schema.Has("$ref")) {
    Message reference;
    reference.Member(1, schema, "$ref");
    out.Add(2, reference);
  } else {
    out.Add(1, Schema(schema, depth + 1));
  }
  return out;
}

Message MediaTypes(const Value& content) {
  Message out;
  for (const auto& [type, media] : content.object()) {
    Message body;
    if (const Value* schema = media.Find("schema")) body.Add(1, SchemaOrReference(*schema, 0));
    out.Add(1, Named(type, body));
  }
  return out;
}

void AddParameters(int number, const Value& from, Message* to) {
  for (const Value& parameter : from.GetArray("parameters")) {
    Message body;
    body.Member(1, parameter, "name");
    body.Member(2, parameter, "in");
    body.Member(3, parameter, "description");
    body.Flag(4, parameter.GetBool("required"));
    if (const Value* schema = parameter.Find("schema")) body.Add(10, SchemaOrReference(*schema, 0));
    to->Add(number, Wrapped(body));
  }
}

Message Operation(const Value& operation) {
  Message out;
  out.Member(1, operation, "tags");
  out.Member(3, operation, "description");
  out.Member(5, operation, "operationId");
  AddParameters(6, operation, &out);
  if (const Value* request = operation.Find("requestBody")) {
    Message body;
    body.Member(1, *request, "description");
    if (const Value* content = request->Find("content")) body.Add(2, MediaTypes(*content));
    body.Flag(3, request->GetBool("required"));
    out.Add(7, Wrapped(body));
  }
  Message responses;
  for (const auto& [code, response] : operation.GetObject("responses")) {
    Message body;
    body.Member(1, response, "description");
    if (const Value* content = response.Find("content")) body.Add(3, MediaTypes(*content));
    responses.Add(2, Named(code, Wrapped(body)));
  }
  out.Add(8, responses);
  wire::AddExtensions(13, operation, &out);
  return out;
}

Message PathItem(const Value& item) {
  constexpr absl::string_view kMethods[] = {"get", "put", "post", "delete", "options", "head", "patch"};
  Message out;
  int number = 4;
  for (const absl::string_view method : kMethods) {
    if (const Value* operation = item.Find(method)) out.Add(number, Operation(*operation));
    ++number;
  }
  AddParameters(13, item, &out);
  return out;
}

std::string Write(const Value& document) {
  Message out, info, paths, components, schemas, schemes;
  out.Member(1, document, "openapi");
  if (const Value* about = document.Find("info")) {
    info.Member(1, *about, "title");
    info.Member(6, *about, "version");
  }
  out.Add(2, info);
  for (const auto& [path, item] : document.GetObject("paths")) paths.Add(1, Named(path, PathItem(item)));
  out.Add(4, paths);
  for (const auto& [name, schema] : document.GetObject("components.schemas")) {
    schemas.Add(1, Named(name, SchemaOrReference(schema, 0)));
  }
  if (!schemas.empty()) components.Add(1, schemas);
  for (const auto& [name, scheme] : document.GetObject("components.securitySchemes")) {
    Message body;
    body.Member(1, scheme, "type");
    body.Member(2, scheme, "description");
    body.Member(3, scheme, "name");
    body.Member(4, scheme, "in");
    schemes.Add(1, Named(name, Wrapped(body)));
  }
  if (!schemes.empty()) components.Add(7, schemes);
  out.Add(5, components);
  return out.bytes();
}

}  // namespace

std::string V3Protobuf(absl::string_view document) {
  const auto tree = apimachinery::ParseJson(document);
  return tree.ok() ? Write(*tree) : "";
}

}  // namespace apiserver::openapi
