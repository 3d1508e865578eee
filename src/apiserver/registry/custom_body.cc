#include "apiserver/registry/custom_body.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "apimachinery/api_error.h"
#include "apimachinery/go_quote.h"
#include "apimachinery/json.h"
#include "apimachinery/structural/definition.h"
#include "apimachinery/structural/object_meta.h"
#include "apimachinery/yaml.h"
#include "apiserver/registry/body_text.h"
#include "base/status_macros.h"

namespace apiserver::registry {
namespace {

using apimachinery::BadRequest;
using apimachinery::Kind;
using apimachinery::Value;
using apimachinery::patch::PatchType;

constexpr size_t kMaxDepth = 1000;  // nothing below us bounds what has no schema

// Brings an object into the shape of what it says it is; an object of something else only its metadata.
absl::StatusOr<std::vector<std::string>> ShapeAsDeclared(const Kind& expected, Value* object) {
  const apimachinery::structural::Definition& definition = *expected.custom->definition;
  const apimachinery::structural::Version* version = definition.FindApiVersion(object->GetString("apiVersion"));
  std::vector<std::string> unknown;
  if (version == nullptr || object->GetString("kind") != expected.kind) {
    RETURN_IF_ERROR(apimachinery::structural::CoerceMetadata(object, /*drop=*/false, &unknown));
  } else {
    ASSIGN_OR_RETURN(apimachinery::structural::Shaped shaped, apimachinery::structural::Shape(*version, object));
    unknown = std::move(shaped.unknown);
  }
  for (std::string& path : unknown) path = absl::StrCat("unknown field \"", path, "\"");
  return unknown;
}

absl::StatusOr<Value> ParseBody(const Kind& expected, const Body& body, std::vector<std::string>* duplicates) {
  const bool yaml = body.format == BodyFormat::kYaml;
  apimachinery::ParseOptions options;
  options.duplicates = duplicates;
  options.max_depth = kMaxDepth;
  absl::StatusOr<Value> parsed =
      yaml ? apimachinery::ParseYaml(body.bytes, duplicates) : apimachinery::ParseJson(body.bytes, options);
  if (!parsed.ok()) {
    const absl::string_view problem = parsed.status().message();
    if (absl::StartsWith(problem, "json: cannot unmarshal number ")) {  // by then upstream knows of what kind it is
      return CannotHandle(expected.kind, expected.version, expected, problem);
    }
    return UnrecognizedText(expected, yaml, problem, body.bytes);
  }
  if (!yaml) {
    for (std::string& path : *duplicates) path = absl::StrCat("duplicate field ", apimachinery::GoQuote(path));
  }
  if (parsed->is_null()) parsed = Value::MakeObject();
  RETURN_IF_ERROR(CheckTypeMembers(expected, *parsed, body.bytes));
  if (parsed->GetString("kind").empty()) {
    return Unrecognized(expected, absl::StrCat("Object 'Kind' is missing in '", body.bytes, "'"), body.bytes);
  }
  return parsed;
}

}  // namespace

absl::StatusOr<Value> DecodeCustomBody(const Kind& expected, const Body& body, pipeline::RequestContext& context) {
  if (body.format == BodyFormat::kProtobuf || body.format == BodyFormat::kBareWire) {
    return apimachinery::UnsupportedMediaType(
        "the body of the request was in an unknown format - accepted media types include: application/json, "
        "application/yaml");
  }
  std::vector<std::string> strict;
  ASSIGN_OR_RETURN(Value object, ParseBody(expected, body, &strict));
  if (const Value* api_version = object.Find("apiVersion"); api_version != nullptr && api_version->is_null()) {
    return CannotHandle(expected.kind, "", expected, ".apiVersion accessor error: <nil> is of the type <nil>, expected string");
  }
  absl::StatusOr<std::vector<std::string>> unknown = ShapeAsDeclared(expected, &object);
  if (!unknown.ok()) return CannotHandle(expected.kind, expected.version, expected, unknown.status().message());
  strict.insert(strict.end(), unknown->begin(), unknown->end());
  RETURN_IF_ERROR(TellStrictErrors(expected, strict, context));
  if (const std::string version = object.GetString("apiVersion"); version != expected.api_version) {
    return BadRequest(absl::StrCat("the API version in the data (", version, ") does not match the expected API version (",
                                   expected.api_version, ")"));
  }
  return object;
}

absl::StatusOr<Value> PatchCustom(const Kind& kind, PatchType type, const Value& current, absl::string_view patch,
                                  pipeline::RequestContext& context) {
  if (type == PatchType::kStrategicMerge) {
    return apimachinery::UnsupportedMediaType(
        "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, "
        "application/merge-patch+json, application/apply-patch+yaml");
  }
  const auto judge = [](const Value& outcome, absl::string_view text) {
    const std::string problem = TypeMembersProblem(outcome);
    if (!problem.empty() || !outcome.GetString("kind").empty()) return problem;
    return absl::StrCat("Object 'Kind' is missing in '", text, "'");
  };
  ASSIGN_OR_RETURN(apimachinery::patch::Patched patched,
                   apimachinery::patch::PatchObject(type, nullptr, current, patch, judge));
  if (patched.object.GetString("apiVersion").empty()) {
    return apimachinery::InternalError("Object 'apiVersion' is missing in 'object has no apiVersion field'");
  }
  const absl::StatusOr<std::vector<std::string>> unknown = ShapeAsDeclared(kind, &patched.object);
  if (!unknown.ok()) {
    apimachinery::FieldErrors errors;
    errors.Invalid(apimachinery::FieldPath("patch"), Value(patched.shown), unknown.status().message());
    return apimachinery::Invalid("", "", "", errors);
  }
  patched.strict_errors.insert(patched.strict_errors.end(), unknown->begin(), unknown->end());
  return TakePatched(std::move(patched), context);
}

}  // namespace apiserver::registry
