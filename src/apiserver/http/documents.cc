#include "apiserver/http/documents.h"

#include <memory>
#include <mutex>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "apimachinery/json.h"
#include "apiserver/discovery/discovery.h"
#include "apiserver/http/catalog.h"
#include "apiserver/http/gzip.h"
#include "apiserver/openapi/document_v2.h"
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

// The document of all that is served at this moment; made when it is asked for and something has changed.
Document CurrentV2(const registry::Registry& registry, const Extensions* extensions, bool binary) {
  struct Kept {
    std::shared_ptr<const discovery::Catalog> own;
    std::shared_ptr<const ExtensionsSnapshot> others;
    Document text;
  };
  static std::mutex* const mu = new std::mutex;
  static auto* const kept = new Kept[2];
  const registry::CustomResourcesPtr custom = registry.environment().resources->custom();
  std::vector<const apimachinery::structural::Version*> versions;
  for (const registry::CustomResources::Served& one : custom->served()) {
    for (const auto& version : one.definition->versions) {
      if (one.established && version->served) versions.push_back(version.get());
    }
  }
  const std::shared_ptr<const ExtensionsSnapshot> others = extensions == nullptr ? nullptr : extensions->snapshot();
  const bool extended = others != nullptr && !others->documents_v2.empty();
  if (versions.empty() && !extended) return binary ? openapi::V2Protobuf() : openapi::V2Json();
  const std::shared_ptr<const discovery::Catalog> own = OwnCatalog(registry);
  const std::lock_guard lock(*mu);
  Kept& mine = kept[binary ? 1 : 0];
  if (mine.own == own && (mine.others == others || (!extended && mine.others == nullptr))) return mine.text;
  apimachinery::Value document = openapi::DocumentV2(*own, versions);
  if (extended) {
    for (const auto& other : others->documents_v2) openapi::MergeV2(*other, &document);
  }
  mine.own = own;
  mine.others = extended ? others : nullptr;
  mine.text = std::make_shared<const std::string>(binary ? openapi::WriteV2Protobuf(document) : apimachinery::WriteJson(document));
  return mine.text;
}

void V2(const registry::Registry& registry, const Extensions* extensions, const Call& call, StaticAnswer* answer) {
  constexpr string_view kBinary[] = {"application/com.github.proto-openapi.spec.v2@v1.0+protobuf",
                                     "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"};
  answer->more.push_back({"Vary", "Accept-Encoding"});
  answer->more.push_back({"Vary", "Accept"});
  const std::optional<bool> binary = WantsBinary(call.request.header("accept"), kBinary);
  if (!binary) {
    answer->status = 406;
    return;
  }
  const Document document = CurrentV2(registry, extensions, *binary);
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
  const string_view accept = call.request.header("accept");
  if (!accept.empty() && ParseAccept(accept).empty()) return;  // upstream writes nothing at all
  answer->more.push_back({"Vary", "Accept"});
  const std::optional<bool> binary = WantsBinary(accept, kBinary);
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

bool AnswerDocument(const registry::Registry& registry, const Extensions* extensions, const Call& call, StaticAnswer* answer) {
  string_view path = call.request.path;
  if (path == "/openapi/v2") {
    V2(registry, extensions, call, answer);
    return true;
  }
  if (path == "/openapi/v3") {
    answer->content_type = "text/plain; charset=utf-8";  // as upstream's is sniffed
    answer->more.push_back({"Last-Modified", LastModified()});
    const auto hash = [&registry](string_view document) {
      const std::shared_ptr<const CustomDocument> custom = FindCustomDocument(registry, document);
      return custom == nullptr ? std::string() : custom->hash;
    };
    answer->body = openapi::V3Index(*OwnCatalog(registry), hash,
                                    extensions == nullptr ? std::map<std::string, std::string>() : extensions->snapshot()->documents);
    return true;
  }
  if (!absl::ConsumePrefix(&path, "/openapi/v3/")) return false;
  V3(registry, call, path, answer);
  return true;
}

}  // namespace apiserver::http
