#include "apiserver/registry/body.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "apimachinery/api_error.h"
#include "apimachinery/codec.h"
#include "apimachinery/json.h"
#include "apimachinery/yaml.h"
#include "apiserver/registry/body_text.h"
#include "apiserver/pipeline/audit_trail.h"
#include "apiserver/registry/custom_body.h"
#include "base/status_macros.h"

namespace apiserver::registry {
namespace {

using apimachinery::BadRequest;
using apimachinery::Kind;
using apimachinery::Schema;
using apimachinery::Value;

constexpr absl::string_view kScheme = "pkg/runtime/scheme.go:111";  // where upstream names its scheme

absl::string_view VersionOf(absl::string_view api_version) {
  const size_t slash = api_version.find('/');
  return slash == absl::string_view::npos ? api_version : api_version.substr(slash + 1);
}

std::string InternalPackage(const Kind& kind) {
  if (kind.group.empty()) return "core";
  return std::string(kind.group.substr(0, kind.group.find('.')));
}

// Lists are kinds that nobody stores.
bool IsListKind(absl::string_view api_version, absl::string_view kind) {
  return absl::EndsWith(kind, "List") && Schema::Builtin().FindKind(api_version, kind.substr(0, kind.size() - 4)) != nullptr;
}

// What the body says it is must be what the request is about.
absl::Status CheckKind(const Kind& expected, absl::string_view api_version, absl::string_view kind) {
  const std::string problem = KindProblem(expected, api_version, kind);
  if (!problem.empty()) return CannotHandle(kind, VersionOf(api_version), expected, problem);
  if (api_version == expected.api_version || expected.kind == "Eviction") return absl::OkStatus();
  return BadRequest(absl::StrCat("the API version in the data (", api_version, ") does not match the expected API version (",
                                 expected.api_version, ")"));
}

void SetKind(const Kind& kind, Value& object) {
  object.Set("kind", kind.kind);
  object.Set("apiVersion", kind.api_version);
}

absl::StatusOr<Value> Decode(const Kind& expected, const Body& body, pipeline::RequestContext& context) {
  if (expected.custom != nullptr) return DecodeCustomBody(expected, body, context);
  if (body.format == BodyFormat::kProtobuf) {
    const auto envelope = apimachinery::DecodeEnvelope(body.bytes);
    if (!envelope.ok()) {
      return Unrecognized(expected,
                          "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]",
                          body.bytes);
    }
    const bool unnamed = envelope->kind.empty() && envelope->api_version.empty();
    if (!unnamed) RETURN_IF_ERROR(CheckKind(expected, envelope->api_version, envelope->kind));
    auto value = apimachinery::DecodeWire(*expected.message, envelope->raw);
    if (!value.ok()) return CannotHandle(expected.kind, expected.version, expected, value.status().message());
    SetKind(expected, *value);
    return value;
  }
  if (body.format == BodyFormat::kBareWire) {
    auto value = apimachinery::DecodeWire(*expected.message, body.bytes);
    if (!value.ok()) return CannotHandle(expected.kind, expected.version, expected, value.status().message());
    SetKind(expected, *value);
    return value;
  }
  const bool yaml = body.format == BodyFormat::kYaml;
  std::vector<std::string> repeated;  // YAML keys; those of JSON are the codec's to report
  apimachinery::ParseOptions options;
  options.number_text = true;
  options.keep_duplicates = true;
  options.verbatim = apimachinery::VerbatimMembers(*expected.message);
  absl::StatusOr<Value> parsed = yaml ? apimachinery::ParseYaml(body.bytes, &repeated)
                                      : apimachinery::ParseJson(body.bytes, options);
  if (!parsed.ok()) return UnrecognizedText(expected, yaml, parsed.status().message(), body.bytes);
  if (yaml) apimachinery::SortKeys(&*parsed);  // it is read by way of JSON whose members are sorted: so its problems come up
  if (parsed->is_null()) parsed = Value::MakeObject();
  RETURN_IF_ERROR(CheckTypeMembers(expected, *parsed, body.bytes));
  const std::string kind = parsed->GetString("kind"), api_version = parsed->GetString("apiVersion");
  RETURN_IF_ERROR(CheckKind(expected, api_version.empty() ? absl::string_view(expected.api_version) : api_version,
                            kind.empty() ? expected.kind : absl::string_view(kind)));
  auto decoded = apimachinery::DecodeTree(*expected.message, *std::move(parsed));
  if (!decoded.ok()) {
    return CannotHandle(expected.kind, expected.version, expected, decoded.status().message());
  }
  if (!repeated.empty() && context.options.field_validation == pipeline::FieldValidation::kStrict) {
    repeated = {absl::StrCat("yaml: unmarshal errors:\n  ", absl::StrJoin(repeated, "\n  "))};
  }
  decoded->strict_errors.insert(decoded->strict_errors.begin(), repeated.begin(), repeated.end());
  RETURN_IF_ERROR(TellStrictErrors(expected, decoded->strict_errors, context));
  SetKind(expected, decoded->value);
  return std::move(decoded->value);
}

}  // namespace

std::string KindProblem(const Kind& expected, absl::string_view api_version, absl::string_view kind) {
  if (api_version == expected.api_version && kind == expected.kind) return "";
  if (expected.kind == "Eviction" && kind == "Eviction" && api_version == "policy/v1beta1") return "";  // the same form
  const Kind* actual = Schema::Builtin().FindKind(api_version, kind);
  if (actual == nullptr && !IsListKind(api_version, kind)) {
    return absl::StrCat("no kind \"", kind, "\" is registered for version \"", api_version, "\" in scheme \"", kScheme, "\"");
  }
  if (kind == expected.kind) return "";
  return absl::StrCat("converting (", VersionOf(api_version), ".", kind, ") to (", InternalPackage(expected), ".", expected.kind,
                      "): unknown conversion");
}

absl::StatusOr<Value> DecodeBody(const Kind& expected, const Body& body, pipeline::RequestContext& context) {
  absl::StatusOr<Value> object = Decode(expected, body, context);
  if (object.ok() && context.audit != nullptr) context.audit->RequestObject(expected, *object);
  return object;
}

absl::StatusOr<Value> TakePatched(apimachinery::patch::Patched patched, pipeline::RequestContext& context) {
  if (!patched.strict_errors.empty()) {
    if (context.options.field_validation == pipeline::FieldValidation::kStrict) return patched.StrictError();
    if (context.options.field_validation == pipeline::FieldValidation::kWarn) {
      for (const std::string& e : patched.strict_errors) context.AddWarning(e);
    }
  }
  return std::move(patched.object);
}

}  // namespace apiserver::registry
