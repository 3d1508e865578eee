// HTTP messages as plain data, shared by server and client.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace base::http {

struct Header {
  std::string name;  // lower case in received messages; any case to send
  std::string value;
};
using Headers = std::vector<Header>;

// First value of a header, compared without case; "" when absent.
absl::string_view FindHeader(const Headers& headers, absl::string_view name);
// Whether a comma-separated header (Connection, Accept-Encoding) holds `token`, without case.
bool HeaderHasToken(const Headers& headers, absl::string_view name, absl::string_view token);

// The client certificate of a connection.
struct PeerCertificate {
  bool verified = false;  // the chain leads to the configured client CA and is valid now
  bool front_proxy = false;  // likewise, to the CA of front proxies
  std::string common_name;
  std::vector<std::string> organizations;
  std::string uid;          // subject attribute 1.3.6.1.4.1.57683.2
  std::string fingerprint;  // lower-case hex SHA-256 of the DER form
  int64_t not_after = 0;    // when it expires, in seconds since 1970
};

enum class Protocol { kHttp1, kHttp2 };

struct Request {
  std::string method;  // upper case
  std::string target;  // as sent: path and query
  std::string path;    // percent-decoded
  std::string raw_path;
  std::string query;   // raw, without '?'
  Headers headers;
  std::string body;
  Protocol protocol = Protocol::kHttp1;
  bool tls = false;
  std::string remote_address;                   // "10.0.0.1:40312"
  std::shared_ptr<const PeerCertificate> peer;  // nullptr: no certificate

  absl::string_view header(absl::string_view name) const { return FindHeader(headers, name); }
};

// "%2F" to "/"; with `plus_is_space` also '+' to ' ' (query values). Bad escapes stay as they are.
std::string PercentDecode(absl::string_view text, bool plus_is_space = false);
std::string PercentEncode(absl::string_view text);  // everything but unreserved characters

// A query string taken apart, in order, decoded. Parts with a bad escape or a ';' are left out.
using QueryParams = std::vector<std::pair<std::string, std::string>>;
QueryParams ParseQuery(absl::string_view query);
absl::string_view FindParam(const QueryParams& params, absl::string_view name);  // "" when absent

absl::string_view ReasonPhrase(int status);  // "Not Found"

}  // namespace base::http
