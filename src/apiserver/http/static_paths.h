// Answers that no stored object is behind: health, version, discovery, OpenAPI, token keys. Thread-safe.
#pragma once
#include <string>

#include "absl/strings/string_view.h"
#include "apiserver/http/negotiate.h"
#include "apiserver/registry/registry.h"
#include "base/http/message.h"

namespace apiserver::http {

struct StaticAnswer {
  int status = 200;
  std::string content_type;
  std::string body;
  std::string etag;
  std::string cache_control;  // empty: the usual one
};

struct StaticContext {
  registry::Registry* registry = nullptr;
  std::string server_address;
  bool ready = false;
};

// Whether it is such a path; then `answer` holds what it says.
bool AnswerStaticPath(const StaticContext& context, const base::http::Request& request, const Negotiated& form,
                      StaticAnswer* answer);

}  // namespace apiserver::http
