// /health, /readyz, /livez, /version and /metrics over plain HTTP on --listen-metrics-urls.
#pragma once
#include <memory>

#include "absl/status/statusor.h"
#include "etcdlite/server/service_context.h"

namespace etcdlite::server {

class MetricsHttp {
 public:
  // Null when no address was asked for. Unavailable: an address cannot be bound.
  static absl::StatusOr<std::unique_ptr<MetricsHttp>> Start(ServiceContext& context);
  virtual ~MetricsHttp() = default;  // stops
};

// Pure: status code and body for one path.
struct HttpAnswer {
  int code = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};
HttpAnswer AnswerHttp(ServiceContext& context, absl::string_view path);

}  // namespace etcdlite::server
