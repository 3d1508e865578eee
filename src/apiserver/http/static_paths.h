// Answers that no stored object is behind: health, version, discovery, OpenAPI, token keys. Thread-safe.
#pragma once
#include <string>

#include "absl/strings/string_view.h"
#include "apiserver/http/call.h"
#include "apiserver/http/extensions.h"
#include "apiserver/registry/registry.h"
#include "base/http/message.h"

namespace apiserver::http {

struct StaticAnswer {
  absl::Status error;  // told as a Status instead of all that follows
  int status = 200;
  std::string content_type;
  std::string cache_control = "no-cache, private";
  std::string etag;
  base::http::Headers more;
  std::string body;
};

struct StaticContext {
  registry::Registry* registry = nullptr;
  const Extensions* extensions = nullptr;  // may be nullptr
  std::string server_address;
  bool ready = false;
};

// The health checks as metrics: /metrics/slis.
std::string HealthMetrics(const StaticContext& context);

// Whether the path is one of theirs; then `answer` holds what it says.
bool AnswerStaticPath(const StaticContext& context, const Call& call, StaticAnswer* answer);

}  // namespace apiserver::http
