// Network probes with upstream's results and wording. Blocking, thread-safe.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "kubelet/probes/prober.h"

namespace kubelet {

struct HttpProbeRequest {
  bool tls = false;  // the certificate is not checked
  std::string host;
  int port = 80;
  std::string path = "/";
  std::vector<std::pair<std::string, std::string>> headers;
};

// 200 to 399 is success. Redirects to another host end as success, others are followed.
ProbeOutcome ProbeHttp(const HttpProbeRequest& request, absl::Duration timeout);
ProbeOutcome ProbeTcp(const std::string& host, int port, absl::Duration timeout);

}  // namespace kubelet
