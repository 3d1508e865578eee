#include "apiserver/conversion/review.h"

#include "absl/strings/str_cat.h"
#include "apimachinery/field_error.h"
#include "apimachinery/go_quote.h"
#include "apimachinery/json.h"
#include "apiserver/validation/checks.h"
#include "base/status_macros.h"

namespace apiserver::conversion {
namespace {

using apimachinery::Value;

absl::Status Wrong(absl::string_view why) { return absl::InvalidArgumentError(why); }

// How Go names what JSON decodes to.
absl::string_view GoTypeOf(const Value& value) {
  if (value.is_null()) return "<nil>";
  if (value.is_bool()) return "bool";
  if (value.is_int()) return "int64";
  if (value.is_string()) return "string";
  if (value.is_array()) return "[]interface {}";
  return value.is_object() ? "map[string]interface {}" : "float64";
}

absl::Status Same(absl::string_view what, absl::string_view path, const Value& original, const Value& converted) {
  const std::string is = original.GetString(path), got = converted.GetString(path);
  if (is == got) return absl::OkStatus();
  return Wrong(absl::StrCat("returned invalid object: must have the same ", what, ": ", is, " != ", got));
}

// Labels or annotations of the answer in place of the original's.
absl::Status TakeNotes(absl::string_view member, const Value& answered, Value& metadata) {
  const Value* notes = answered.Find(member);
  if (notes == nullptr || notes->is_null()) {
    metadata.Erase(member);
    return absl::OkStatus();
  }
  const auto invalid = [&](absl::string_view why) { return Wrong(absl::StrCat("returned invalid metadata: ", why)); };
  if (!notes->is_object()) {
    return invalid(absl::StrCat("invalid metadata.", member, " of type ", GoTypeOf(*notes), " in converted object"));
  }
  for (const auto& [key, value] : notes->object()) {
    if (value.is_string()) continue;
    return invalid(absl::StrCat("metadata.", member, "[", key, "] must be a string, but is ", GoTypeOf(value),
                                " in converted object"));
  }
  const Value* before = metadata.Find(member);
  if (before == nullptr || !(*before == *notes)) {
    apimachinery::FieldErrors errors;
    if (member == "labels") {
      validation::Labels(errors, validation::Path("metadata.labels"), notes);
    } else {
      validation::Annotations(errors, validation::Path("metadata.annotation"), notes);
    }
    if (!errors.empty()) return invalid(errors.ToString());
  }
  Value copy = *notes;
  metadata.Set(member, std::move(copy));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> ChooseReview(absl::Span<const std::string> versions) {
  for (const std::string& version : versions) {
    if (version == "v1" || version == "v1beta1") return version;
  }
  return Wrong("no supported conversion review versions");
}

std::string KindText(const Value& object) {
  const std::string version = object.GetString("apiVersion");
  return absl::StrCat(version.empty() ? "/" : version, ", Kind=", object.GetString("kind"));
}

std::string WriteReview(absl::string_view review_version, absl::string_view uid, absl::string_view desired,
                        absl::Span<const std::string> objects) {
  std::string out = absl::StrCat("{\"kind\":\"ConversionReview\",\"apiVersion\":\"apiextensions.k8s.io/", review_version,
                                 "\",\"request\":{\"uid\":\"", uid, "\",\"desiredAPIVersion\":\"", desired, "\",\"objects\":[");
  for (size_t i = 0; i < objects.size(); ++i) absl::StrAppend(&out, i == 0 ? "" : ",", objects[i]);
  out += "]},\"response\":{\"uid\":\"\",\"convertedObjects\":null,\"result\":{\"metadata\":{}}}}";
  return out;
}

absl::StatusOr<std::vector<Value>> ReadReview(absl::string_view review_version, absl::string_view uid, const Value& review) {
  const std::string want = absl::StrCat("apiextensions.k8s.io/", review_version, ", Kind=ConversionReview");
  const std::string got = KindText(review);
  const std::string version = review.GetString("apiVersion"), kind = review.GetString("kind");
  const bool known = kind == "ConversionReview" && (version == "apiextensions.k8s.io/v1" || version == "apiextensions.k8s.io/v1beta1");
  if (!kind.empty() && !version.empty() && !known) {
    return Wrong(absl::StrCat("failed: no kind ", apimachinery::GoQuote(kind), " is registered for version ",
                              apimachinery::GoQuote(version), " in scheme \"pkg/runtime/scheme.go:111\""));
  }
  if (review_version == "v1" && got != want) {
    return Wrong(absl::StrCat("failed: expected webhook response of ", want, ", got ", got));
  }
  const Value* response = review.Find("response");
  if (response == nullptr || !response->is_object()) return Wrong("failed: no response provided");
  if (const std::string answered = response->GetString("uid"); review_version == "v1" && answered != uid) {
    return Wrong(absl::StrCat("failed: expected response.uid=", apimachinery::GoQuote(uid), ", got ",
                              apimachinery::GoQuote(answered)));
  }
  if (const std::string status = response->GetString("result.status"); status != "Success") {
    const std::string message = response->GetString("result.message");
    if (!message.empty()) return Wrong(absl::StrCat("failed: ", message));
    return Wrong(absl::StrCat("failed: response.result.status was '", status, "', not 'Success'"));
  }
  const apimachinery::Array& objects = response->GetArray("convertedObjects");
  return std::vector<Value>(objects.begin(), objects.end());
}

absl::Status TakeConverted(const Value& original, absl::string_view desired, Value& converted) {
  const auto refuse = [](absl::string_view what, absl::string_view expected, absl::string_view received) {
    return Wrong(absl::StrCat("returned invalid object at index 0: invalid ", what, " (expected ", expected, ", received ",
                              received, ")"));
  };
  if (!converted.is_object()) return Wrong("returned invalid object: not an object");
  if (const std::string version = converted.GetString("apiVersion"); version != desired) {
    return refuse("groupVersion", desired, version);
  }
  const std::string kind = original.GetString("kind");
  if (const std::string got = converted.GetString("kind"); got != kind) return refuse("kind", kind, got);
  RETURN_IF_ERROR(Same("name", "metadata.name", original, converted));
  RETURN_IF_ERROR(Same("namespace", "metadata.namespace", original, converted));
  RETURN_IF_ERROR(Same("UID", "metadata.uid", original, converted));
  const Value* answered = converted.Find("metadata");
  if (answered == nullptr) return Wrong("returned invalid metadata: missing metadata in converted object");
  if (!answered->is_object()) {
    return Wrong(absl::StrCat("returned invalid metadata: invalid metadata of type ", GoTypeOf(*answered), " in converted object"));
  }
  const Value* kept = original.Find("metadata");
  Value metadata = kept == nullptr ? Value::MakeObject() : *kept;
  for (const char* member : {"labels", "annotations"}) RETURN_IF_ERROR(TakeNotes(member, *answered, metadata));
  converted.Set("metadata", std::move(metadata));
  return absl::OkStatus();
}

}  // namespace apiserver::conversion
