// What the local proxy lets through, and the request head it sends on. Pure.
#pragma once
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "apimachinery/cel/regex.h"
#include "kubectl/rest/kubeconfig.h"

namespace kubectl {

struct RequestHead {
  std::string method, target, version;                        // target: path and query
  std::vector<std::pair<std::string, std::string>> headers;   // as they came

  std::string Path() const { return target.substr(0, target.find('?')); }
  std::string Header(absl::string_view name) const;  // empty when absent; case does not matter
  bool IsUpgrade() const;
};

// `text` ends before the empty line. InvalidArgument when it is no HTTP/1 request head.
absl::StatusOr<RequestHead> ParseRequestHead(absl::string_view text);

// Lists of regular expressions, separated by commas.
class ProxyFilter {
 public:
  struct Rules {
    std::string accept_paths = "^.*", reject_paths = "^/api/.*/pods/.*/exec,^/api/.*/pods/.*/attach";
    std::string accept_hosts = R"(^localhost$,^127\.0\.0\.1$,^\[::1\]$)", reject_methods = "^$";
    bool disabled = false;
  };
  // The error is Go's on the first expression that is none.
  static absl::StatusOr<ProxyFilter> Make(const Rules& rules);
  bool Accepts(const RequestHead& request) const;

 private:
  using List = std::vector<std::shared_ptr<const apimachinery::cel::Regex>>;
  static absl::StatusOr<List> Compile(const std::string& expressions);
  static bool Any(const List& list, const std::string& text);

  bool disabled_ = false;
  List accept_paths_, reject_paths_, accept_hosts_, reject_methods_;
};

// The head to send to the API server: `path` instead of the client's, the server's host, our identity unless the client has
// its own; one exchange a connection.
std::string ForwardedHead(const RequestHead& request, const std::string& path, const Connection& connection);

}  // namespace kubectl
