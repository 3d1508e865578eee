// Carries a request to another server and its answer back: bodies streamed at the pace of the client, upgrades (WebSocket,
// SPDY) joined byte for byte.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "base/http/client.h"
#include "base/http/server.h"

namespace apiserver::proxy {

// All are called on I/O threads and must not block.
struct RelayHooks {
  // Whether an answer is not for the client as it is; then `withheld` answers, and sees the begin of its body.
  std::function<bool(const base::http::ResponseHead& head)> withhold;
  std::function<void(base::http::ResponseWriter& writer, int status, std::string text)> withheld;
  // There is no answer; OK: the connection ended before one.
  std::function<void(base::http::ResponseWriter& writer, const absl::Status& status)> failed;
  base::http::Headers more;  // of the answer
};

// `client` must outlive the call. Any thread.
void Relay(base::http::Client& client, base::http::ClientRequest request, std::unique_ptr<base::http::ResponseWriter> writer,
           RelayHooks hooks);

bool AsksForUpgrade(const base::http::Headers& headers);
// What of a request's headers goes on: not those of the connection, nor the caller's credentials.
base::http::Headers PassedOn(base::http::Headers headers);
// "10.0.0.1:40312" → "10.0.0.1", for X-Forwarded-For.
std::string HostOf(const std::string& remote_address);

}  // namespace apiserver::proxy
