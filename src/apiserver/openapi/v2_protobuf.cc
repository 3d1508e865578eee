// The OpenAPI v2 document as gnostic's openapi.v2.Document, written from the JSON tree. Field numbers are gnostic's.
#include <string>

#include "apiserver/openapi/document_v2.h"
#include "apiserver/openapi/openapi.h"
#include "apiserver/openapi/wire_message.h"

namespace apiserver::openapi {
namespace {

using apimachinery::Value;
using wire::Any;
using wire::Message;
using wire::Named;


Message Schema(const Value& schema) {  // as deep as our own definitions: a few levels
  Message out;
  out.Member(1, schema, "$ref");
  out.Member(2, schema, "format");
  out.Member(4, schema, "description");
  out.Member(19, schema, "required");
  for (const Value& each : schema.GetArray("enum")) out.Add(20, Any(each));
  if (const Value* additional = schema.Find("additionalProperties"); additional != nullptr) {
    Message item;
    item.Add(1, Schema(*additional));
    out.Add(21, item);
  }
  if (schema.Has("type")) {
    Message type;
    type.Member(1, schema, "type");
    out.Add(22, type);
  }
  if (const Value* items = schema.Find("items"); items != nullptr) {
    Message item;
    item.Add(1, Schema(*items));
    out.Add(23, item);
  }
  if (const Value* properties = schema.Find("properties"); properties != nullptr) {
    Message members;
    for (const auto& [name, property] : properties->object()) members.Add(1, Named(name, Schema(property)));
    out.Add(25, members);
  }
  wire::AddExtensions(31, schema, &out);
  return out;
}

Message Parameter(const Value& parameter) {
  Message out, body;
  if (parameter.GetString("in") == "body") {
    body.Member(2, parameter, "name");
    body.Member(3, parameter, "in");
    body.Flag(4, parameter.GetBool("required"));
    body.Add(5, Schema(*parameter.Find("schema")));
    out.Add(1, body);
    return out;
  }
  const bool in_path = parameter.GetString("in") == "path";
  body.Flag(1, parameter.GetBool("required"));
  body.Member(2, parameter, "in");
  body.Member(3, parameter, "description");
  body.Member(4, parameter, "name");
  body.Member(in_path ? 5 : 6, parameter, "type");
  body.Flag(in_path ? 19 : 20, parameter.GetBool("uniqueItems"));
  Message non_body;
  non_body.Add(in_path ? 4 : 3, body);
  out.Add(2, non_body);
  return out;
}

void AddParameters(int number, const Value& from, Message* to) {
  for (const Value& parameter : from.GetArray("parameters")) {
    Message item;
    if (parameter.Has("$ref")) {
      Message ref;
      ref.Member(1, parameter, "$ref");
      item.Add(2, ref);
    } else {
      item.Add(1, Parameter(parameter));
    }
    to->Add(number, item);
  }
}

Message Responses(const Value& operation) {
  Message out;
  for (const auto& [code, response] : operation.GetObject("responses")) {
    Message body, value;
    body.Member(1, response, "description");
    if (const Value* schema = response.Find("schema"); schema != nullptr) {
      Message item;
      item.Add(1, Schema(*schema));
      body.Add(2, item);
    }
    value.Add(1, body);
    out.Add(1, Named(code, value));
  }
  return out;
}

Message Operation(const Value& operation) {
  Message out;
  out.Member(1, operation, "tags");
  out.Member(3, operation, "description");
  out.Member(5, operation, "operationId");
  out.Member(6, operation, "produces");
  out.Member(7, operation, "consumes");
  AddParameters(8, operation, &out);
  out.Add(9, Responses(operation));
  out.Member(10, operation, "schemes");
  wire::AddExtensions(13, operation, &out);
  return out;
}

Message PathItem(const Value& item) {
  constexpr absl::string_view kMethods[] = {"get", "put", "post", "delete", "options", "head", "patch"};
  Message out;
  int number = 2;
  for (const absl::string_view method : kMethods) {
    if (const Value* operation = item.Find(method); operation != nullptr) out.Add(number, Operation(*operation));
    ++number;
  }
  AddParameters(9, item, &out);
  return out;
}

Message Security(const Value& document, Message* out) {
  Message definitions;
  for (const auto& [name, definition] : document.GetObject("securityDefinitions")) {
    Message key, item, requirement;
    key.Member(1, definition, "type");
    key.Member(2, definition, "name");
    key.Member(3, definition, "in");
    key.Member(4, definition, "description");
    item.Add(2, key);
    definitions.Add(1, Named(name, item));
    requirement.Add(1, Named(name, Message()));
    out->Add(12, requirement);
  }
  return definitions;
}

}  // namespace

std::string WriteV2Protobuf(const Value& document) {
  Message out, info, paths, definitions, parameters;
  out.Member(1, document, "swagger");
  info.Member(1, *document.Find("info"), "title");
  info.Member(2, *document.Find("info"), "version");
  out.Add(2, info);
  for (const auto& [path, item] : document.GetObject("paths")) paths.Add(2, Named(path, PathItem(item)));
  out.Add(8, paths);
  for (const auto& [name, schema] : document.GetObject("definitions")) definitions.Add(1, Named(name, Schema(schema)));
  out.Add(9, definitions);
  for (const auto& [name, each] : document.GetObject("parameters")) parameters.Add(1, Named(name, Parameter(each)));
  out.Add(10, parameters);
  out.Add(13, Security(document, &out));
  return out.bytes();
}

std::shared_ptr<const std::string> V2Protobuf() {
  static const auto* const bytes =
      new std::shared_ptr<const std::string>(std::make_shared<const std::string>(WriteV2Protobuf(DocumentV2(discovery::Builtin(), {}))));
  return *bytes;
}

}  // namespace apiserver::openapi
