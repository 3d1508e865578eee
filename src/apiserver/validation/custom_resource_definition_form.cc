// The internal form of a definition's spec, and looking around in schemas.
#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "apiserver/validation/custom_resource_definition.h"

namespace apiserver::validation {
namespace {

// The members of a schema that hold schemas, in upstream's order: one, a list or a map of them.
constexpr const char* kSchemaMembers[] = {"items", "allOf", "anyOf", "oneOf", "not", "properties", "additionalProperties",
                                          "patternProperties", "additionalItems", "definitions", "dependencies"};

bool IsSchemaMap(absl::string_view member) {
  return In(member, {"properties", "patternProperties", "definitions", "dependencies"});
}

// Calls `each` with every schema directly inside `schema` until it answers true.
bool AnyChild(const Value& schema, absl::FunctionRef<bool(const Value&)> each) {
  for (const char* member : kSchemaMembers) {
    const Value* at = schema.Find(member);
    if (at == nullptr) continue;
    if (at->is_array() && std::any_of(at->array().begin(), at->array().end(), each)) return true;
    if (!at->is_object()) continue;
    if (!IsSchemaMap(member)) {
      if (each(*at)) return true;
      continue;
    }
    for (const auto& [name, value] : at->object()) {
      if (value.is_object() && each(value)) return true;
    }
  }
  return false;
}

// Moves `member` of all versions to the spec's `above` when it is the same in all.
void MoveUp(Value& spec, absl::string_view member, absl::string_view above) {
  Value* versions = spec.Find("versions");
  if (versions == nullptr || versions->empty()) return;
  const Value* first = versions->array()[0].FindSet(member);
  for (const Value& version : versions->array()) {
    const Value* own = version.FindSet(member);
    if ((own == nullptr) != (first == nullptr) || (own != nullptr && !(*own == *first))) return;
  }
  if (first == nullptr) return;
  Value common = *first;
  for (Value& version : versions->array()) version.Erase(member);
  spec.Set(above, std::move(common));
}

struct Token {
  absl::string_view text;
  bool end = false;
};

// The next of '.', '[', ']', 'quoted text' or plain text.
Token Next(absl::string_view& rest) {
  if (rest.empty()) return {"", true};
  size_t length = 0;
  if (rest[0] == '\'') {
    for (length = 1; length < rest.size(); ++length) {
      if (rest[length] == '\'' && rest[length - 1] != '\\') break;
    }
    length = std::min(length + 1, rest.size());
  } else {
    length = std::min(rest.find_first_of(".[]"), rest.size());
    length = std::max<size_t>(length, 1);
  }
  const Token token{rest.substr(0, length)};
  rest.remove_prefix(length);
  return token;
}

// The text of a literal in single quotes; false when an escape is not one.
bool Unescape(absl::string_view text, std::string* out) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out->push_back(text[i]);
    } else if (i + 1 < text.size() && (text[i + 1] == '\\' || text[i + 1] == '\'')) {
      out->push_back(text[++i]);
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace

Value InternalSpec(const Value& definition) {
  Value spec = Sub(definition, "spec");
  if (const Array& versions = Items(spec, "versions"); !versions.empty()) {
    const Value name(Text(versions[0], "name"));
    spec.Set("version", name);
  }
  MoveUp(spec, "subresources", "subresources");
  MoveUp(spec, "schema", "validation");
  MoveUp(spec, "additionalPrinterColumns", "additionalPrinterColumns");
  MoveUp(spec, "selectableFields", "selectableFields");
  if (Value* conversion = spec.Find("conversion")) {
    if (const Value* webhook = conversion->Find("webhook")) {
      const Value hook = *webhook;
      conversion->Erase("webhook");
      if (const Value* client = hook.Find("clientConfig")) conversion->Set("webhookClientConfig", *client);
      if (const Value* versions = hook.Find("conversionReviewVersions")) {
        conversion->Set("conversionReviewVersions", *versions);
      }
    }
  }
  return spec;
}

bool TooDeep(const Value& schema, int depth) {
  if (depth > kMaxSchemaDepth) return true;
  return AnyChild(schema, [depth](const Value& child) { return TooDeep(child, depth + 1); });
}

bool AnySchema(const Value* schema, absl::FunctionRef<bool(const Value&)> wanted) {
  if (schema == nullptr) return false;
  return wanted(*schema) || AnyChild(*schema, [&](const Value& child) { return AnySchema(&child, wanted); });
}

const Value* ItemsSchema(const Value& schema) {
  const Value* items = schema.Find("items");
  return items != nullptr && items->is_object() ? items : nullptr;
}
const Value* AdditionalSchema(const Value& schema) {
  const Value* additional = schema.Find("additionalProperties");
  return additional != nullptr && additional->is_object() ? additional : nullptr;
}
bool AllowsAdditional(const Value& schema) {
  return AdditionalSchema(schema) != nullptr || Flag(schema, "additionalProperties");
}

FieldPathResult FindSchemaField(absl::string_view json_path, const Value& schema, bool brackets) {
  FieldPathResult result;
  result.schema = &schema;
  const auto failed = [&](std::string why) {
    result.problem = std::move(why);
    return result;
  };
  constexpr char kNoField[] = "does not refer to a valid field", kEnd[] = "unexpected end of JSON path";
  // One step down; false when there is no such member.
  const auto step = [&](absl::string_view name) {
    if (result.schema == nullptr) return false;
    if (const Value* properties = result.schema->Find("properties"); properties && !properties->empty()) {
      result.schema = properties->Find(name);
      if (result.schema == nullptr) return false;
      if (result.path.empty()) result.root = std::string(name);
      absl::StrAppend(&result.path, result.path.empty() ? "" : ".", name);
      return true;
    }
    if (!result.schema->Has("additionalProperties")) return false;
    result.schema = AdditionalSchema(*result.schema);
    absl::StrAppend(&result.path, "[", name, "]");
    return true;
  };
  absl::string_view rest = json_path;
  for (Token token = Next(rest); !token.end; token = Next(rest)) {
    if (token.text == ".") {
      token = Next(rest);
      if (token.end) return failed(kEnd);
      if (!step(token.text)) return failed(kNoField);
    } else if (token.text == "[") {
      if (!brackets) return failed("array notation is not allowed");
      token = Next(rest);
      if (token.end) return failed(kEnd);
      if (token.text.size() < 2 || token.text.front() != '\'' || token.text.back() != '\'') {
        return failed(absl::StrCat("expected single quoted string but got ", token.text));
      }
      std::string name;
      if (!Unescape(token.text.substr(1, token.text.size() - 2), &name)) return failed("invalid string literal");
      if (!step(name)) return failed(kNoField);
      token = Next(rest);
      if (token.end) return failed(kEnd);
      if (token.text != "]") return failed(absl::StrCat("expected ] but got ", token.text));
    } else {
      return failed(absl::StrCat("expected [ or . but got: ", token.text));
    }
  }
  return result;
}

}  // namespace apiserver::validation
