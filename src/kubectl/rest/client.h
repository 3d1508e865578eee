// One connection to an API server, by libcurl: HTTP/1.1 kept alive over the requests of a command.
// Not thread-safe: a command that reads several streams at once makes a client per thread.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "apimachinery/value.h"
#include "kubectl/cli/streams.h"
#include "kubectl/rest/kubeconfig.h"

namespace kubectl {

struct Request {
  std::string method = "GET";
  std::string path;  // with query, from the first slash
  std::string body;
  std::string content_type = "application/json";
  std::string accept = "application/json";
};

struct Response {
  int code = 0;
  std::string body;
  std::string content_type;
};

class RestClient {
 public:
  // Warnings of the server go to `io.err`, each text once. verbosity: -v; from 6 on each request is
  // logged.
  RestClient(Connection connection, Streams io, int verbosity = 0);
  ~RestClient();
  RestClient(const RestClient&) = delete;

  const Connection& connection() const { return connection_; }

  // An answer of 400 and above becomes an ApiError; a failed connection the text kubectl has for
  // it.
  absl::StatusOr<Response> Do(const Request& request);
  absl::StatusOr<Value> Json(const Request& request);
  absl::StatusOr<Value> Get(const std::string& path);

  // Hands the body on as it arrives, until it ends or `sink` answers false. OK in both cases.
  absl::Status Stream(const Request& request,
                      const std::function<bool(absl::string_view chunk)>& sink);
  // As Stream, a line at a time (watches).
  absl::Status StreamLines(const Request& request,
                           const std::function<bool(absl::string_view line)>& sink);

 private:
  struct Transfer;
  absl::Status Perform(const Request& request, Transfer* transfer);
  absl::Status HttpError(const Request& request, int code, const std::string& body);
  void Warn(const std::string& header);

  const Connection connection_;
  Streams io_;
  const int verbosity_;
  void* curl_ = nullptr;
  std::vector<std::string> warned_;
};

std::string UrlEscape(absl::string_view text);  // for query values and path segments
constexpr char kUserAgent[] = "kubectl/v1.35.0 (linux/amd64) skiff";

}  // namespace kubectl
