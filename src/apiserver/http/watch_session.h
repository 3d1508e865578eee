// Watches over HTTP: from the cache's sink to a response that stays open.
#pragma once
#include <memory>

#include "apiserver/registry/registry.h"

namespace apiserver::http {

struct Call;

// Keeps the live watches and ends them on a thread of its own (a ticket may not be dropped inside a sink call).
class WatchHub {
 public:
  WatchHub();
  ~WatchHub();  // ends all watches

  // Starts the watch that `call` asks for, in its negotiated form; answers errors by itself.
  void Serve(registry::Registry& registry, Call& call);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace apiserver::http
