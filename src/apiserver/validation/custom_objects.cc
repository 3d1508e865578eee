#include "apiserver/validation/custom_objects.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "apimachinery/codec.h"
#include "apimachinery/go_quote.h"
#include "apimachinery/structural/object_meta.h"
#include "apimachinery/structural/validate.h"

namespace apiserver::validation {
namespace {

using apimachinery::FieldPath;
using apimachinery::structural::Schema;

bool TypeMembers(FieldErrors& e, const Version& version, const Value& object) {
  const absl::string_view kind = Text(object, "kind"), api_version = Text(object, "apiVersion");
  if (kind != version.kind.kind) e.Invalid(FieldPath("kind"), Value(kind), absl::StrCat("must be ", version.kind.kind));
  if (api_version != version.api_version) {
    e.Invalid(FieldPath("apiVersion"), Value(api_version), absl::StrCat("must be ", version.api_version));
  }
  return e.empty();
}

absl::string_view GoType(const Value& value) {
  switch (value.type()) {
    case Value::Type::kBool: return "bool";
    case Value::Type::kInt: return "int64";
    case Value::Type::kDouble: return "float64";
    case Value::Type::kString: return "string";
    case Value::Type::kArray: return "[]interface {}";
    case Value::Type::kObject: return "map[string]interface {}";
    default: return "<nil>";
  }
}

// What a path like ".spec.replicas" leads to. nullptr when it leads nowhere, with the reason in `error` when something
// of another type is in the way.
const Value* Follow(const Value& object, absl::string_view path, absl::string_view wanted, bool (Value::*is)() const,
                    std::string* error) {
  const Value* at = &object;
  std::string walked;
  const auto refuse = [&](absl::string_view type) {
    *error = absl::StrCat(".", absl::StripPrefix(path, "."), " accessor error: ", apimachinery::GoFormat(*at),
                          " is of the type ", GoType(*at), ", expected ", type);
    return nullptr;
  };
  for (absl::string_view step : absl::StrSplit(absl::StripPrefix(path, "."), '.')) {
    if (!at->is_object()) return refuse("map[string]interface{}");
    at = at->Find(step);
    if (at == nullptr) return nullptr;
    absl::StrAppend(&walked, ".", step);
  }
  return (at->*is)() ? at : refuse(wanted);
}

void Replicas(FieldErrors& e, const Value& object, const std::string& path) {
  std::string error;
  const Value* replicas = Follow(object, path, "int64", &Value::is_int, &error);
  const FieldPath field(path);
  if (!error.empty()) {
    e.Invalid(field, Value(int64_t{0}), error);
  } else if (replicas != nullptr && replicas->as_int() < 0) {
    e.Invalid(field, *replicas, "should be a non-negative integer");
  } else if (replicas != nullptr && replicas->as_int() > INT32_MAX) {
    e.Invalid(field, *replicas, "should be less than or equal to 2147483647");
  }
}

void ScaleSpec(FieldErrors& e, const Version& version, const Value& object) {
  if (version.scale) Replicas(e, object, version.scale->spec_replicas);
}

void ScaleStatus(FieldErrors& e, const Version& version, const Value& object) {
  if (!version.scale) return;
  Replicas(e, object, version.scale->status_replicas);
  if (version.scale->label_selector.empty()) return;
  std::string error;
  Follow(object, version.scale->label_selector, "string", &Value::is_string, &error);
  if (!error.empty()) e.Invalid(FieldPath(version.scale->label_selector), Value(""), error);
}

// --- resources embedded in others ---------------------------------------------------------------------------------

void EmbeddedTypes(FieldErrors& e, const FieldPath& path, const Value& object) {
  if (const Value* version = object.Find("apiVersion"); version != nullptr) {
    const FieldPath at = path.Child("apiVersion");
    if (!version->is_string()) {
      e.Invalid(at, *version, "must be a string");
    } else if (version->as_string().empty()) {
      e.Invalid(at, *version, "must not be empty");
    } else if (std::count(version->as_string().begin(), version->as_string().end(), '/') > 1) {
      e.Invalid(at, *version, absl::StrCat("unexpected GroupVersion string: ", version->as_string()));
    }
  }
  if (const Value* kind = object.Find("kind"); kind != nullptr) {
    const FieldPath at = path.Child("kind");
    if (!kind->is_string()) {
      e.Invalid(at, *kind, "must be a string");
    } else if (kind->as_string().empty()) {
      e.Invalid(at, *kind, "must not be empty");
    } else if (const auto problems = apimachinery::IsDns1035Label(absl::AsciiStrToLower(kind->as_string())); !problems.empty()) {
      e.Invalid(at, *kind, absl::StrCat("may have mixed case, but should otherwise match: ", absl::StrJoin(problems, ",")));
    }
  }
}

void EmbeddedObject(FieldErrors& e, const FieldPath& path, const Value& object) {
  for (const char* member : {"apiVersion", "kind"}) {
    if (!object.Has(member)) e.Required(path.Child(member));
  }
  EmbeddedTypes(e, path, object);
  const Value* metadata = object.Find("metadata");
  if (metadata == nullptr) return;
  auto typed = apimachinery::DecodeTree(apimachinery::structural::ObjectMetaMessage(), *metadata);
  if (!typed.ok()) return e.Invalid(path.Child("metadata"), *metadata, typed.status().message());
  Value holder = Value::MakeObject();
  if (typed->value.GetString("name").empty()) typed->value.Set("name", "fakename");  // embedded ones need none
  const bool namespaced = !typed->value.GetString("namespace").empty();
  holder.Set("metadata", std::move(typed->value));
  const std::string at = path.Child("metadata").ToString();
  AnyMetadata(e, holder, namespaced, PathSegmentName, Path(at));
}

FieldErrors EmbeddedProblems(const Schema& schema, const Value& object) {
  FieldErrors e;
  EmbeddedObjects(e, schema, FieldPath(), object);
  return e;
}

FieldErrors ListProblems(const Schema& schema, const Value& object) {
  FieldErrors e;
  apimachinery::structural::ValidateLists(schema, FieldPath(), object, &e);
  return e;
}

// Rules look at values that have the right shape only.
bool ShapeIsWrong(const FieldErrors& e) {
  using Type = apimachinery::FieldError::Type;
  return std::any_of(e.errors().begin(), e.errors().end(), [](const apimachinery::FieldError& error) {
    return error.type == Type::kNotSupported || error.type == Type::kRequired || error.type == Type::kTooLong || error.type == Type::kTooMany ||
           error.type == Type::kTypeInvalid;
  });
}

void RunRules(FieldErrors& e, const Version& version, const Value& value, const Value* old, std::vector<std::string>* tolerated) {
  if (version.rules == nullptr) return;
  if (!ShapeIsWrong(e)) return version.rules->Evaluate("", value, old, &e, tolerated);
  e.Invalid(FieldPath("<nil>"), Value(),
            "some validation rules were not checked because the object was invalid; correct the existing errors to complete "
            "validation");
}

}  // namespace

void EmbeddedObjects(FieldErrors& e, const Schema& schema, const FieldPath& path, const Value& value) {
  if (value.is_array()) {
    if (schema.items == nullptr) return;
    for (size_t i = 0; i < value.size(); ++i) EmbeddedObjects(e, *schema.items, path.Index(i), value.array()[i]);
    return;
  }
  if (!value.is_object()) return;
  if (schema.embedded_resource) EmbeddedObject(e, path, value);
  for (const apimachinery::Member& member : value.object()) {
    if (const Schema* property = schema.FindProperty(member.key); property != nullptr) {
      EmbeddedObjects(e, *property, path.Child(member.key), member.value);
    } else if (schema.additional != nullptr) {
      EmbeddedObjects(e, *schema.additional, path.Key(member.key), member.value);
    }
  }
}

void CustomCreate(FieldErrors& e, const Version& version, const Value& object) {
  if (!TypeMembers(e, version, object)) return;
  AnyMetadata(e, object, version.kind.namespaced, SubdomainName);
  apimachinery::structural::Validate(version.schema, "", object, nullptr, &e);
  ScaleSpec(e, version, object);
  ScaleStatus(e, version, object);
  e.Append(EmbeddedProblems(version.schema, object));
  e.Append(ListProblems(version.schema, object));
  RunRules(e, version, object, nullptr, nullptr);
}

void CustomUpdate(FieldErrors& e, const Version& version, const Value& object, const Value& old, absl::string_view subresource,
                  std::vector<std::string>* tolerated) {
  FieldErrors own;
  if (!TypeMembers(own, version, object)) {
    e = std::move(own);
    return;
  }
  AnyMetadataUpdate(e, object, old);
  if (subresource == "status") {
    const Schema* schema = version.schema.FindProperty("status");
    const Value* status = object.Find("status");
    if (status != nullptr && schema != nullptr) {
      apimachinery::structural::Validate(*schema, "status", *status, old.Find("status"), &e);
    }
    ScaleStatus(e, version, object);
  } else {
    apimachinery::structural::Validate(version.schema, "", object, &old, &e);
    ScaleSpec(e, version, object);
    ScaleStatus(e, version, object);
  }
  if (EmbeddedProblems(version.schema, old).empty()) e.Append(EmbeddedProblems(version.schema, object));
  if (ListProblems(version.schema, old).empty()) e.Append(ListProblems(version.schema, object));
  RunRules(e, version, object, &old, tolerated);
}

std::vector<std::string> CustomWarnings(const Value& object, const Value* old) {
  std::set<std::string> before, fresh;
  if (old != nullptr) {
    for (const Value& item : old->GetArray("metadata.finalizers")) before.insert(item.is_string() ? item.as_string() : "");
  }
  for (const Value& item : object.GetArray("metadata.finalizers")) {
    if (!item.is_string() || before.count(item.as_string()) > 0) continue;
    const std::string& name = item.as_string();
    if (absl::StrContains(name, "/") || In(name, {"kubernetes", "orphan", "foregroundDeletion"})) continue;
    fresh.insert(name);
  }
  std::vector<std::string> warnings;
  for (const std::string& name : fresh) {
    warnings.push_back(absl::StrCat("metadata.finalizers: ", apimachinery::GoQuote(name),
                                    ": prefer a domain-qualified finalizer name ",
                                    absl::StrContains(name, ".") ? "including a path (/) " : "",
                                    "to avoid accidental conflicts with other finalizer writers"));
  }
  return warnings;
}

}  // namespace apiserver::validation
