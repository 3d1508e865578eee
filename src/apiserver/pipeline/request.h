// What a request asks for, independent of the door it came through. Plain data; the vocabulary of
// authentication, authorization, admission and registry.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace apiserver::pipeline {

// Who asks. Filled by the authenticator (and replaced by impersonation).
struct UserInfo {
  std::string name;
  std::string uid;
  std::vector<std::string> groups;
  std::map<std::string, std::vector<std::string>> extra;
};

// What is asked, as upstream's RequestInfo: the input of authorization.
struct RequestInfo {
  bool is_resource_request = false;  // false: only `path` and `verb` (lower-case method) count
  std::string path;
  // get, list, watch, create, update, patch, delete, deletecollection, proxy; or the lower-case method.
  std::string verb;
  std::string api_prefix;  // "api" or "apis"
  std::string group;       // "" is the core group
  std::string version;
  std::string ns;  // for requests on a Namespace object: its name, as upstream
  std::string resource;
  std::string subresource;
  std::string name;
  std::vector<std::string> parts;  // path segments from the resource on
  std::string label_selector;      // raw query values, for authorization by selector
  std::string field_selector;
};

// Credentials as a door saw them: the input of authentication.
struct Credentials {
  // Client certificate that the TLS layer verified against --client-ca-file.
  bool has_certificate = false;
  bool refused_certificate = false;  // one was shown, but it has expired or is not of our authority
  std::string common_name;
  std::vector<std::string> organizations;
  std::string certificate_uid;                    // subject attribute 1.3.6.1.4.1.57683.2, if any
  std::string certificate_fingerprint;            // lower-case hex SHA-256, for credential-id
  int64_t certificate_expires = 0;                // in seconds since 1970
  // The TLS layer verified the certificate against --requestheader-client-ca-file: it may speak for `asserted`.
  bool front_proxy = false;
  std::string front_proxy_name;                   // its common name
  UserInfo asserted;                              // name empty: it does not
  std::string authorization;                      // value of the Authorization header
  std::string path;                               // that is asked for; empty behind the internal API
  std::vector<std::string> websocket_protocols;   // may carry base64url.bearer.authorization.k8s.io.*
  // Impersonate-User, -Uid, -Group (repeatable) and -Extra-KEY (key lower case), as sent.
  std::string impersonate_user;
  std::string impersonate_uid;
  std::vector<std::string> impersonate_groups;
  std::map<std::string, std::vector<std::string>> impersonate_extra;
};

class AuditTrail;

enum class FieldValidation { kIgnore, kWarn, kStrict };

// Options of one request (query parameters, or the message fields of the gRPC door).
struct RequestOptions {
  bool dry_run = false;
  std::string field_manager;  // as sent; DefaultFieldManager() of the user agent fills the gap
  FieldValidation field_validation = FieldValidation::kWarn;
  std::string field_validation_text;  // as sent
  bool force = false;  // server-side apply

  std::string label_selector;
  std::string field_selector;
  std::string resource_version;
  std::string resource_version_match;
  std::string continue_token;
  int64_t limit = 0;
  int64_t timeout_seconds = 0;  // 0: none asked
  bool watch = false;  // said by a parameter: watches of the older paths are held to the rules of lists
  bool allow_bookmarks = false;
  bool send_initial_events = false;
  bool has_send_initial_events = false;
};

// Everything a request carries through the pipeline besides its body. One thread at a time.
struct RequestContext {
  RequestInfo info;
  RequestOptions options;
  Credentials credentials;
  UserInfo user;
  std::string user_agent;
  std::string remote_address;
  std::string audit_id;
  absl::Time received;
  absl::Time deadline = absl::InfiniteFuture();  // when the client, or the server for it, gives up waiting
  bool fresh = false;  // the cache is known to show all that was committed before the request came
  std::shared_ptr<AuditTrail> audit;  // what the audit log is told; nullptr: nothing
  std::vector<std::string> warnings;  // become Warning: 299 headers, in order, without repeats

  void AddWarning(absl::string_view text);
};

}  // namespace apiserver::pipeline
