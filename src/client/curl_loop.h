// One thread that moves the bytes of many HTTPS requests to one server: libcurl's multi interface, HTTP/2 streams
// over shared connections, answers waited for or streamed.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/kubeconfig.h"

namespace client {

struct HttpRequest {
  std::string method = "GET";
  std::string path;  // with query, as it goes on the wire
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  absl::Duration timeout = absl::Seconds(60);  // zero: none
};

struct HttpReply {
  int code = 0;
  std::string content_type;
  std::string retry_after;
  std::string body;
};

// A streamed answer. `data` false ends the stream; `done` is called once, last, unless the stream is destroyed
// first. Both run on the loop's thread and must not block.
struct StreamCallbacks {
  std::function<bool(int code, absl::string_view content_type, absl::string_view bytes)> data;
  std::function<void(absl::Status)> done;  // OK: the server finished its answer
};

class HttpStream {
 public:
  virtual ~HttpStream() = default;  // cancels and waits out a running callback
};

// Thread-safe; destruction cancels what runs.
class CurlLoop {
 public:
  static absl::StatusOr<std::unique_ptr<CurlLoop>> Start(const ClientConfig& config);
  virtual ~CurlLoop() = default;
  // Unavailable: no connection; DeadlineExceeded: it took longer than the timeout. Any HTTP code is OK.
  // Not from the loop's thread.
  virtual absl::StatusOr<HttpReply> Do(HttpRequest request) = 0;
  virtual std::unique_ptr<HttpStream> Stream(HttpRequest request, StreamCallbacks callbacks) = 0;
};

}  // namespace client
