#include "apiserver/http/negotiate.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "apimachinery/api_error.h"

namespace apiserver::http {
namespace {

struct Clause {
  std::string type;  // "application/json", "*/*"
  std::string as, group, version;
  double quality = 1;
};

std::vector<Clause> ParseAccept(absl::string_view accept) {
  std::vector<Clause> clauses;
  for (absl::string_view part : absl::StrSplit(accept, ',')) {
    Clause clause;
    bool first = true;
    for (absl::string_view piece : absl::StrSplit(part, ';')) {
      piece = absl::StripAsciiWhitespace(piece);
      if (first) {
        clause.type = absl::AsciiStrToLower(piece);
        first = false;
        continue;
      }
      const std::pair<absl::string_view, absl::string_view> kv = absl::StrSplit(piece, absl::MaxSplits('=', 1));
      if (kv.first == "as") clause.as = std::string(kv.second);
      if (kv.first == "g") clause.group = std::string(kv.second);
      if (kv.first == "v") clause.version = std::string(kv.second);
      if (kv.first == "q" && !absl::SimpleAtod(kv.second, &clause.quality)) clause.quality = 0;
    }
    if (!clause.type.empty()) clauses.push_back(std::move(clause));
  }
  std::stable_sort(clauses.begin(), clauses.end(), [](const Clause& a, const Clause& b) { return a.quality > b.quality; });
  return clauses;
}

bool FormatOf(absl::string_view type, Format* format) {
  if (type == "application/json" || type == "*/*" || type == "application/*") {
    *format = Format::kJson;
  } else if (type == "application/yaml") {
    *format = Format::kYaml;
  } else if (type == "application/vnd.kubernetes.protobuf") {
    *format = Format::kProtobuf;
  } else {
    return false;
  }
  return true;
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

absl::StatusOr<Negotiated> Negotiate(absl::string_view accept, absl::string_view pretty, absl::string_view user_agent) {
  Negotiated result;
  result.pretty = pretty.empty() ? absl::StartsWith(user_agent, "curl") || absl::StartsWith(user_agent, "Wget") ||
                                       absl::StartsWith(user_agent, "Mozilla/5.0")
                                 : !(pretty == "false" || pretty == "0");
  if (absl::StripAsciiWhitespace(accept).empty()) return result;
  for (const Clause& clause : ParseAccept(accept)) {
    if (!FormatOf(clause.type, &result.format)) continue;
    if (clause.as.empty()) return result;
    if (clause.group != "meta.k8s.io" || clause.version != "v1") continue;
    if (clause.as == "Table" && result.format != Format::kProtobuf) {
      result.as = As::kTable;
      return result;
    }
    if (clause.as == "PartialObjectMetadata" || clause.as == "PartialObjectMetadataList") {
      result.as = As::kPartial;
      return result;
    }
  }
  apimachinery::ApiStatus status = apimachinery::NotAcceptable("");
  status.message =
      "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, "
      "application/vnd.kubernetes.protobuf";
  status.always_details = true;
  return status;
}

absl::string_view MediaType(absl::string_view content_type) {
  return absl::StripAsciiWhitespace(content_type.substr(0, content_type.find(';')));
}

absl::StatusOr<registry::BodyFormat> BodyFormatOf(absl::string_view content_type) {
  const absl::string_view type = MediaType(content_type);
  if (type.empty() || type == "application/json") return registry::BodyFormat::kJson;
  if (type == "application/yaml") return registry::BodyFormat::kYaml;
  if (type == "application/vnd.kubernetes.protobuf") return registry::BodyFormat::kProtobuf;
  return apimachinery::UnsupportedMediaType(
      "the body of the request was in an unknown format - accepted media types include: application/json, "
      "application/yaml, application/vnd.kubernetes.protobuf");
}

}  // namespace apiserver::http
