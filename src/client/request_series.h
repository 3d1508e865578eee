// rest_client_*: what the metrics tell of the requests to the API server, under upstream's names. Thread-safe.
#pragma once
#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace client {

class RequestSeries {
 public:
  // `server`: https://host:port[/prefix], or host:port.
  explicit RequestSeries(absl::string_view server);

  // `method`: "GET". `code` 0: there was no answer.
  void Ended(absl::string_view method, int code, absl::Duration took) const;
  void Sent(absl::string_view method, size_t bytes) const;      // of a body
  void Received(absl::string_view method, size_t bytes) const;  // of an answer's body
  // The server asked to come again, and it was done.
  void Retried(absl::string_view method, int code) const;

 private:
  const std::string host_;
};

// The code of an answer that came without one: by what it says.
int CodeOf(absl::string_view method, const absl::Status& status);

}  // namespace client
