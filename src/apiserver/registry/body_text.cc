#include "apiserver/registry/body_text.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "apimachinery/api_error.h"

namespace apiserver::registry {
namespace {

using apimachinery::BadRequest;
using apimachinery::Kind;
using apimachinery::Value;

std::string Summary(absl::string_view data) {
  if (data.empty()) return "<empty>";
  const std::string head(data.substr(0, 30));
  return absl::StrCat(data[0] == '{' ? head : absl::BytesToHexString(head), data.size() > 30 ? " ..." : "");
}

// Go's word for what stands in JSON.
absl::string_view JsonWord(const Value& value) {
  return value.is_object() ? "object" : value.is_array() ? "array" : value.is_string() ? "string" : value.is_bool() ? "bool"
                                                                                                                    : "number";
}

}  // namespace

absl::Status Unrecognized(const Kind& expected, absl::string_view error, absl::string_view bytes) {
  return BadRequest(absl::StrCat("the object provided is unrecognized (must be of type ", expected.kind, "): ", error,
                                 " (", Summary(bytes), ")"));
}

absl::Status UnrecognizedText(const Kind& expected, bool yaml, absl::string_view problem, absl::string_view bytes) {
  absl::ConsumePrefix(&problem, "error converting YAML to JSON: ");
  return Unrecognized(expected, absl::StrCat(yaml ? "" : "couldn't get version/kind; json parse error: ", problem), bytes);
}

absl::Status CannotHandle(absl::string_view kind, absl::string_view version, const Kind& expected,
                          absl::string_view error) {
  return BadRequest(absl::StrCat(kind, " in version \"", version, "\" cannot be handled as a ", expected.kind, ": ", error));
}

std::string TypeMembersProblem(const Value& parsed) {
  constexpr absl::string_view kProblem = "couldn't get version/kind; json parse error: json: cannot unmarshal ";
  if (!parsed.is_object()) {
    return absl::StrCat(kProblem, JsonWord(parsed),
                        " into Go value of type struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; "
                        "Kind string \"json:\\\"kind,omitempty\\\"\" }");
  }
  for (const apimachinery::Member& member : parsed.object()) {
    if ((member.key != "kind" && member.key != "apiVersion") || member.value.is_string() || member.value.is_null()) continue;
    return absl::StrCat(kProblem, JsonWord(member.value), " into Go struct field .", member.key, " of type string");
  }
  const std::string api_version = parsed.GetString("apiVersion");
  if (std::count(api_version.begin(), api_version.end(), '/') < 2) return "";
  return absl::StrCat("unexpected GroupVersion string: ", api_version);
}

absl::Status CheckTypeMembers(const Kind& expected, const Value& parsed, absl::string_view bytes) {
  const std::string problem = TypeMembersProblem(parsed);
  return problem.empty() ? absl::OkStatus() : Unrecognized(expected, problem, bytes);
}

absl::Status TellStrictErrors(const Kind& kind, const std::vector<std::string>& errors,
                              pipeline::RequestContext& context) {
  if (errors.empty()) return absl::OkStatus();
  switch (context.options.field_validation) {
    case pipeline::FieldValidation::kIgnore: break;
    case pipeline::FieldValidation::kWarn:
      for (const std::string& e : errors) context.AddWarning(e);
      break;
    case pipeline::FieldValidation::kStrict:
      return CannotHandle(kind.kind, kind.version, kind,
                          absl::StrCat("strict decoding error: ", absl::StrJoin(errors, ", ")));
  }
  return absl::OkStatus();
}

}  // namespace apiserver::registry
