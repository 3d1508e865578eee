#include "apiserver/http/documents.h"

#include <memory>
#include <mutex>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "apiserver/discovery/discovery.h"
#include "apiserver/http/catalog.h"
#include "apiserver/http/gzip.h"
#include "apiserver/openapi/openapi.h"

namespace apiserver::http {
namespace {

using absl::string_view;

using Document = std::shared_ptr<const std::string>;

// Documents are functions of the schema: they are as old as the process.
std::string LastModified() {
  static const std::string* const text = new std::string(
      absl::FormatTime("%a, %d %b %E4Y %H:%M:%S GMT", absl::Now(), absl::UTCTimeZone()));
  return *text;
}

// The best of two forms that `accept` names; nullopt: neither. JSON wins where both are as welcome.
std::optional<bool> WantsBinary(string_view accept, absl::Span<const string_view> binary) {
  if (accept.empty()) return false;
  for (const AcceptClause& clause : ParseAccept(accept)) {
    if (clause.Matches("application/json")) return false;
    for (const string_view type : binary) {
      if (clause.Matches(type)) return true;
    }
  }
  return std::nullopt;
}

// The compressed form of the newest document of its kind.
std::string Compressed(const Document& document) {
  static std::mutex* const mu = new std::mutex;
  static auto* const kept = new std::pair<Document, std::string>;
  const std::lock_guard lock(*mu);
  if (kept->first != document) *kept = {document, Gzip(*document, kUsualGzip)};
  return kept->second;
}

void V2(const Call& call, StaticAnswer* answer) {
  constexpr string_view kBinary[] = {"application/com.github.proto-openapi.spec.v2@v1.0+protobuf",
                                     "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"};
  answer->more.push_back({"Vary", "Accept-Encoding"});
  answer->more.push_back({"Vary", "Accept"});
  const std::optional<bool> binary = WantsBinary(call.request.header("accept"), kBinary);
  if (!binary) {
    answer->status = 406;
    return;
  }
  const Document document = *binary ? openapi::V2Protobuf() : openapi::V2Json();
  answer->content_type = *binary ? std::string(kBinary[1]) : "application/json";
  answer->etag = discovery::Etag(*document);
  answer->more.push_back({"Last-Modified", LastModified()});
  if (WantsGzip(call.request.header("accept-encoding"))) {
    answer->more.push_back({"Content-Encoding", "gzip"});
    answer->body = Compressed(document);
  } else {
    answer->body = *document;
  }
}

void V3(const registry::Registry& registry, const Call& call, string_view below, StaticAnswer* answer) {
  constexpr string_view kBinary[] = {"application/com.github.proto-openapi.spec.v3@v1.0+protobuf",
                                     "application/com.github.proto-openapi.spec.v3.v1.0+protobuf"};
  const std::shared_ptr<const CustomDocument> custom = FindCustomDocument(registry, below);
  const Document document = custom != nullptr ? custom->text : openapi::V3Document(below);
  if (document == nullptr) {
    answer->status = 404;
    return;
  }
  answer->more.push_back({"Vary", "Accept"});
  const std::optional<bool> binary = WantsBinary(call.request.header("accept"), kBinary);
  if (!binary) {
    answer->status = 406;
    return;
  }
  const std::string hash = custom != nullptr ? custom->hash : openapi::V3Hash(below);
  answer->content_type = *binary ? std::string(kBinary[1]) : "application/json";
  answer->etag = absl::StrCat("\"", hash, "\"");
  const string_view asked = base::http::FindParam(call.query, "hash");
  if (!asked.empty() && asked != hash) {  // an old index: the document is elsewhere now
    answer->status = 301;
    answer->more.push_back({"Location", absl::StrCat("/openapi/v3/", below, "?hash=", hash)});
    return;
  }
  if (!asked.empty()) {
    answer->cache_control = "public, immutable";
    answer->more.push_back({"Expires", absl::FormatTime("%a, %d %b %E4Y %H:%M:%S GMT",
                                                        absl::Now() + absl::Hours(24 * 365), absl::UTCTimeZone())});
  }
  answer->more.push_back({"Last-Modified", LastModified()});
  answer->body = *binary ? openapi::V3Protobuf(*document) : *document;
}

}  // namespace

bool AnswerDocument(const registry::Registry& registry, const Call& call, StaticAnswer* answer) {
  string_view path = call.request.path;
  if (path == "/openapi/v2") {
    V2(call, answer);
    return true;
  }
  if (path == "/openapi/v3") {
    answer->content_type = "text/plain; charset=utf-8";  // as upstream's is sniffed
    answer->more.push_back({"Last-Modified", LastModified()});
    answer->body = openapi::V3Index(*CurrentCatalog(registry), [&registry](string_view document) {
      const std::shared_ptr<const CustomDocument> custom = FindCustomDocument(registry, document);
      return custom == nullptr ? std::string() : custom->hash;
    });
    return true;
  }
  if (!absl::ConsumePrefix(&path, "/openapi/v3/")) return false;
  V3(registry, call, path, answer);
  return true;
}

}  // namespace apiserver::http
