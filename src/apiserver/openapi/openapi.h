// OpenAPI documents of the API, made from the schema: v3 per group version, v2 in one piece.
//
// Documents are made at the first request and kept. Thread-safe.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "apimachinery/structural/definition.h"
#include "apiserver/discovery/discovery.h"

namespace apiserver::openapi {

// /openapi/v3: where each document is, with a hash that changes when the document may have changed.
// `custom_hash` answers the hash of a document of custom resources, "" for others.
// `others`: documents of other servers and where they are; ours go first.
std::string V3Index(const discovery::Catalog& catalog, absl::FunctionRef<std::string(absl::string_view path)> custom_hash,
                    const std::map<std::string, std::string>& others = {});

// The document of a group version that has nothing but custom resources; made at each call.
std::string CustomV3Document(const discovery::GroupVersion& at,
                             const std::vector<const apimachinery::structural::Version*>& versions);

// A document by what follows /openapi/v3/: "api/v1", "apis/apps/v1", "apis/apps", "version", ... JSON.
// nullptr: there is none.
std::shared_ptr<const std::string> V3Document(absl::string_view path);
// A document as gnostic's message openapi.v3.Document; made at each call, since few ask.
std::string V3Protobuf(absl::string_view document);
// The hash of the index; the ETag of the document is this in quotes.
std::string V3Hash(absl::string_view path);

// Of the built-in API alone; document_v2.h makes others.
std::shared_ptr<const std::string> V2Json();
// The gnostic message openapi.v2.Document, what clients ask as
// application/com.github.proto-openapi.spec.v2.v1.0+protobuf (or @v1.0).
std::shared_ptr<const std::string> V2Protobuf();

}  // namespace apiserver::openapi
