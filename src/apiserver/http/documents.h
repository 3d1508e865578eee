// The OpenAPI documents over HTTP: media types, versions, caching, compression. Thread-safe.
#pragma once
#include "apiserver/http/static_paths.h"

namespace apiserver::http {

// Whether the path, below /openapi/, is one of theirs. `extensions` may be nullptr.
bool AnswerDocument(const registry::Registry& registry, const Extensions* extensions, const Call& call, StaticAnswer* answer);

}  // namespace apiserver::http
