// Watches over HTTP: from the cache's sink to a response that stays open.
#pragma once
#include <memory>

#include "apiserver/http/negotiate.h"
#include "apiserver/pipeline/request.h"
#include "apiserver/registry/registry.h"
#include "apiserver/tables/table.h"
#include "base/http/server.h"

namespace apiserver::http {

// Keeps the live watches and ends them on a thread of its own (a ticket may not be dropped inside a sink call).
class WatchHub {
 public:
  WatchHub();
  ~WatchHub();  // ends all watches

  // Starts a watch that writes to `writer`; answers errors by itself. `headers` go with the 200.
  void Serve(registry::Registry& registry, pipeline::RequestContext& context, const Negotiated& form,
             tables::IncludeObject include, base::http::Headers headers,
             std::unique_ptr<base::http::ResponseWriter> writer);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace apiserver::http
