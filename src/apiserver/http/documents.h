// The OpenAPI documents over HTTP: media types, versions, caching, compression. Thread-safe.
#pragma once
#include "apiserver/http/static_paths.h"

namespace apiserver::http {

// Whether the path, below /openapi/, is one of theirs.
bool AnswerDocument(const registry::Registry& registry, const Call& call, StaticAnswer* answer);

}  // namespace apiserver::http
