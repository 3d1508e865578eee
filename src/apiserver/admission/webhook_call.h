// One HTTPS call of a webhook, with errors in the words of upstream's client.
#pragma once
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace apiserver::admission {

struct WebhookCall {
  std::string url;          // https://host:port/path, without query
  std::string connect_to;   // "address:port" when it is not what the URL says
  std::string ca_bundle;    // PEM; empty: the system's authorities
  absl::Duration timeout;
  std::string body;
};

struct WebhookAnswer {
  int code = 0;
  bool text = false;  // by its content type: what it says may be shown
  std::string body;
};

// Connections are kept for the next call. Thread-safe; calls block.
class WebhookCaller {
 public:
  virtual ~WebhookCaller() = default;
  // Unavailable: `Post "https://...?timeout=10s": dial tcp 127.0.0.1:1: connect: connection refused`.
  virtual absl::StatusOr<WebhookAnswer> Call(const WebhookCall& call) = 0;
};

std::unique_ptr<WebhookCaller> NewWebhookCaller();

}  // namespace apiserver::admission
