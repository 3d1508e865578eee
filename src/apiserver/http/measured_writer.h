// Requests counted, timed and weighed on their way out, under upstream's names. Thread-safe.
#pragma once
#include <memory>

#include "apiserver/http/call.h"

namespace apiserver::http {

// A writer that answers as `writer` does and tells the metrics what was asked and what was said.
std::unique_ptr<base::http::ResponseWriter> Measure(const Call& call, std::unique_ptr<base::http::ResponseWriter> writer);

// "resource", "namespace" or "cluster".
absl::string_view RequestScope(const pipeline::RequestInfo& info);

void TellDeprecated(absl::string_view group, absl::string_view version, absl::string_view resource);

}  // namespace apiserver::http
