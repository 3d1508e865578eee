// Who may ask the kubelet what: client certificates and bearer tokens; system:masters may everything, others what the API
// server's SubjectAccessReview allows on the node (verb by method; subresource proxy, log, stats or metrics).
#pragma once
#include <map>
#include <string>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "base/http/message.h"
#include "client/api_client.h"

namespace kubelet {

struct AccessVerdict {
  int status = 200;      // or 401, 403
  std::string message;
};

// Thread-safe.
class Access {
 public:
  Access(std::string node_name, bool anonymous, bool always_allow, const client::ApiClient& api)
      : node_name_(std::move(node_name)), anonymous_(anonymous), always_allow_(always_allow), api_(api) {}
  AccessVerdict Check(const base::http::Request& request);

 private:
  struct User {
    std::string name;
    std::vector<std::string> groups;
  };
  absl::StatusOr<bool> Review(const User& user, const std::string& verb, const std::string& subresource);

  const std::string node_name_;
  const bool anonymous_, always_allow_;
  const client::ApiClient& api_;
  absl::Mutex mu_;
  std::map<std::string, std::pair<bool, absl::Time>> cache_ ABSL_GUARDED_BY(mu_);  // verdict and when it ends
};

}  // namespace kubelet
