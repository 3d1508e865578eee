#include "apiserver/registry/delete_options.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "apimachinery/api_error.h"
#include "apimachinery/codec.h"
#include "apimachinery/json.h"
#include "apimachinery/yaml.h"
#include "apiserver/pipeline/go_numbers.h"
#include "base/status_macros.h"

namespace apiserver::registry {
namespace {

using absl::string_view;
using apimachinery::BadRequest;
using apimachinery::Kind;
using apimachinery::Value;

constexpr char kScheme[] = "pkg/runtime/scheme.go:111";  // where upstream names its scheme

const Kind& DeleteOptionsKind() {
  static const Kind* const kind = apimachinery::Schema::Builtin().FindKind("v1", "DeleteOptions");
  return *kind;
}

// Kinds that upstream's decoder of options knows beside DeleteOptions, and so refuses in other words.
bool KnownKind(string_view api_version, string_view kind) {
  static constexpr string_view kEverywhere[] = {"Status",          "APIVersions",   "APIGroup",     "APIGroupList",
                                                "APIResourceList", "CreateOptions", "UpdateOptions", "PatchOptions"};
  static constexpr string_view kMeta[] = {"Table",     "TableOptions", "PartialObjectMetadata", "PartialObjectMetadataList",
                                          "GetOptions", "ListOptions"};
  if (std::find(std::begin(kEverywhere), std::end(kEverywhere), kind) != std::end(kEverywhere)) return true;
  return api_version == "meta.k8s.io/v1" && std::find(std::begin(kMeta), std::end(kMeta), kind) != std::end(kMeta);
}

absl::Status CheckKind(string_view api_version, string_view kind) {
  if (std::count(api_version.begin(), api_version.end(), '/') > 1) {
    return BadRequest(absl::StrCat("unexpected GroupVersion string: ", api_version));
  }
  if (kind.empty() || kind == "DeleteOptions") return absl::OkStatus();
  if (api_version.empty()) api_version = "meta.k8s.io/v1";
  if (KnownKind(api_version, kind)) {
    return BadRequest(absl::StrCat("converting (v1.", kind, ") to (v1.DeleteOptions): unknown conversion"));
  }
  return BadRequest(absl::StrCat("no kind \"", kind, "\" is registered for version \"", api_version, "\" in scheme \"",
                                 kScheme, "\""));
}

absl::Status NotReadable(string_view problem) {
  return BadRequest(absl::StrCat("couldn't get version/kind; json parse error: ", problem));
}

string_view JsonWord(const Value& value) {
  return value.is_array() ? "array" : value.is_string() ? "string" : value.is_bool() ? "bool" : "number";
}

absl::StatusOr<Value> FromWire(string_view wire) {
  auto value = apimachinery::DecodeWire(*DeleteOptionsKind().message, wire);
  if (!value.ok()) return BadRequest(value.status().message());
  return value;
}

absl::StatusOr<Value> FromProtobuf(string_view bytes) {
  constexpr string_view kMagic("k8s\0", 4);
  if (bytes.substr(0, kMagic.size()) != kMagic) {
    return BadRequest("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]");
  }
  if (bytes.size() == kMagic.size()) return BadRequest("empty body");
  const auto envelope = apimachinery::DecodeEnvelope(bytes);
  if (!envelope.ok()) return BadRequest(envelope.status().message());
  RETURN_IF_ERROR(CheckKind(envelope->api_version, envelope->kind));
  return FromWire(envelope->raw);
}

absl::StatusOr<Value> FromText(const Body& body) {
  const bool yaml = body.format == BodyFormat::kYaml;
  absl::StatusOr<Value> parsed = yaml ? apimachinery::ParseYaml(body.bytes) : apimachinery::ParseJson(body.bytes);
  if (!parsed.ok()) {
    string_view problem = parsed.status().message();
    const bool conversion = absl::ConsumePrefix(&problem, "error converting YAML to JSON: ");
    return conversion ? BadRequest(problem).ToStatus() : NotReadable(problem);
  }
  if (parsed->is_null()) parsed = Value::MakeObject();
  if (!parsed->is_object()) {
    return NotReadable(absl::StrCat("json: cannot unmarshal ", JsonWord(*parsed),
                                    " into Go value of type struct { APIVersion string "
                                    "\"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }"));
  }
  RETURN_IF_ERROR(CheckKind(parsed->GetString("apiVersion"), parsed->GetString("kind")));
  parsed->Set("kind", DeleteOptionsKind().kind);
  parsed->Set("apiVersion", DeleteOptionsKind().api_version);
  auto decoded = apimachinery::DecodeTree(*DeleteOptionsKind().message, *std::move(parsed));
  if (!decoded.ok()) return BadRequest(decoded.status().message());
  return std::move(decoded->value);
}

}  // namespace

absl::StatusOr<Value> DeleteOptionsFromQuery(const pipeline::Query& query) {
  Value options = Value::MakeObject();
  for (const auto& [name, text] : query) {
    if (name == "dryRun") {
      options["dryRun"].Append(text);
      continue;
    }
    if (options.Has(name)) continue;  // the first one counts
    if (name == "gracePeriodSeconds") {
      const absl::StatusOr<int64_t> seconds = pipeline::ParseInt(text);
      if (!seconds.ok()) return BadRequest(seconds.status().message());
      options.Set(name, *seconds);
    } else if (name == "orphanDependents" || name == "ignoreStoreReadErrorWithClusterBreakingPotential") {
      options.Set(name, pipeline::IsTrue(text));
    } else if (name == "propagationPolicy") {
      options.Set(name, text);
    } else if (name == "uid" || name == "resourceVersion") {
      Value& preconditions = options.Ensure("preconditions");
      if (!preconditions.Has(name)) preconditions.Set(name, text);
    }
  }
  return options;
}

absl::StatusOr<Value> DecodeDeleteOptions(const Body& body) {
  if (body.bytes.empty()) return Value::MakeObject();
  switch (body.format) {
    case BodyFormat::kProtobuf: return FromProtobuf(body.bytes);
    case BodyFormat::kBareWire: return FromWire(body.bytes);
    case BodyFormat::kJson:
    case BodyFormat::kYaml: return FromText(body);
  }
  return Value::MakeObject();
}

absl::Status CheckDeleteOptions(const Value& options) {
  apimachinery::FieldErrors errors;
  const Value* orphan = options.Find("orphanDependents");
  const Value* policy = options.Find("propagationPolicy");
  if (orphan != nullptr && policy != nullptr) {
    errors.Invalid(apimachinery::FieldPath("propagationPolicy"), *policy,
                   "orphanDependents and deletionPropagation cannot be both set");
  }
  if (policy != nullptr && policy->is_string() && policy->as_string() != "Foreground" &&
             policy->as_string() != "Background" && policy->as_string() != "Orphan") {
    static constexpr string_view kValid[] = {"Foreground", "Background", "Orphan", "nil"};
    errors.NotSupported(apimachinery::FieldPath("propagationPolicy"), *policy, kValid);
  }
  const Value* dry_run = options.Find("dryRun");
  for (const Value& v : options.GetArray("dryRun")) {
    if (v.is_string() && v.as_string() == "All") continue;
    static constexpr string_view kValid[] = {"All"};
    errors.NotSupported(apimachinery::FieldPath("dryRun"), *dry_run, kValid);
    break;
  }
  if (errors.empty()) return absl::OkStatus();
  return apimachinery::Invalid("meta.k8s.io", "DeleteOptions", "", errors);
}

bool IsDryRun(const Value& options) { return !options.GetArray("dryRun").empty(); }

}  // namespace apiserver::registry
