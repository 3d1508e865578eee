#include "apiserver/http/negotiate.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace apiserver::http {
namespace {

using absl::string_view;

constexpr std::pair<string_view, Format> kFormats[] = {{"application/json", Format::kJson},
                                                       {"application/yaml", Format::kYaml},
                                                       {"application/vnd.kubernetes.protobuf", Format::kProtobuf}};

// Whether an answer of `format` can be turned into what the clause asks for; then `form` says so.
bool Transforms(const AcceptClause& clause, Endpoint endpoint, Negotiated* form) {
  const string_view as = clause.Param("as"), group = clause.Param("g"), version = clause.Param("v");
  if (as.empty() && group.empty() && version.empty()) return true;
  if (endpoint == Endpoint::kPlain || group != "meta.k8s.io" || (version != "v1" && version != "v1beta1")) return false;
  form->beta = version == "v1beta1";
  if (as == "Table") {
    form->as = As::kTable;
    return form->format != Format::kProtobuf;
  }
  if (as == "PartialObjectMetadata") {
    form->as = As::kPartial;
    return true;
  }
  form->as = As::kPartialList;
  return as == "PartialObjectMetadataList";
}

bool StreamFits(const AcceptClause& clause, Format format) {
  const string_view stream = clause.Param("stream");
  return stream.empty() || (stream == "watch" && format != Format::kYaml);
}

}  // namespace

std::string Negotiated::ContentType() const {
  switch (format) {
    case Format::kYaml: return "application/yaml";
    case Format::kProtobuf: return "application/vnd.kubernetes.protobuf";
    case Format::kJson: return "application/json";
  }
  return "";
}

std::optional<Negotiated> Negotiate(string_view accept, Endpoint endpoint, bool pretty) {
  Negotiated plain;
  plain.pretty = pretty;
  if (accept.empty() || accept == "*/*") return plain;
  for (const auto& [type, format] : kFormats) {  // what nearly everybody sends
    if (accept != type || (endpoint == Endpoint::kCustom && format == Format::kProtobuf)) continue;
    plain.format = format;
    return plain;
  }
  for (const AcceptClause& clause : ParseAccept(accept)) {
    for (const auto& [type, format] : kFormats) {
      if (!clause.Matches(type)) continue;
      Negotiated form;
      form.format = format;
      form.pretty = pretty || clause.Param("pretty") == "1";
      const bool fits = StreamFits(clause, format) && Transforms(clause, endpoint, &form);
      const bool whole_protobuf = form.format == Format::kProtobuf && form.as == As::kObject;
      if (fits && !(endpoint == Endpoint::kCustom && whole_protobuf)) return form;
    }
  }
  return std::nullopt;
}

std::optional<Negotiated> NegotiateAggregated(string_view accept, bool pretty) {
  for (const AcceptClause& clause : ParseAccept(accept)) {
    for (const auto& [type, format] : kFormats) {
      if (!clause.Matches(type) || !StreamFits(clause, format)) continue;
      if (clause.Param("as") != "APIGroupDiscoveryList" || clause.Param("g") != "apidiscovery.k8s.io" ||
          clause.Param("v") != "v2") {
        continue;
      }
      Negotiated form;
      form.format = format;
      form.pretty = pretty || clause.Param("pretty") == "1";
      return form;
    }
  }
  return std::nullopt;
}

bool WantsPretty(std::optional<string_view> pretty, string_view user_agent) {
  if (pretty && !pretty->empty()) {
    for (const string_view yes : {"1", "t", "T", "true", "TRUE", "True"}) {
      if (*pretty == yes) return true;
    }
    return false;
  }
  return absl::StartsWith(user_agent, "curl") || absl::StartsWith(user_agent, "Wget") ||
         absl::StartsWith(user_agent, "Mozilla/5.0");
}

apimachinery::ApiStatus NoFormAccepted(bool stream) {
  return apimachinery::NotAcceptable(absl::StrCat(
      "only the following media types are accepted: ",
      stream ? "application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch"
             : "application/json, application/yaml, application/vnd.kubernetes.protobuf"));
}

apimachinery::ApiStatus NoRouteAccepted(absl::Span<const string_view> produces) {
  apimachinery::ApiStatus status = apimachinery::NotAcceptable(
      absl::StrCat("406: Not Acceptable\n\nAvailable representations: ", absl::StrJoin(produces, ", ")));
  status.always_details = true;
  return status;
}

absl::StatusOr<registry::BodyFormat> BodyFormatOf(string_view content_type) {
  const string_view type = MediaType(content_type);
  if (type.empty() || type == "application/json") return registry::BodyFormat::kJson;
  if (type == "application/yaml") return registry::BodyFormat::kYaml;
  if (type == "application/vnd.kubernetes.protobuf") return registry::BodyFormat::kProtobuf;
  return apimachinery::UnsupportedMediaType(
      "the body of the request was in an unknown format - accepted media types include: application/json, "
      "application/yaml, application/vnd.kubernetes.protobuf");
}

}  // namespace apiserver::http
