// Finds out who sends a request: client certificate, bearer token, or nobody in particular.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "apiserver/pipeline/objects.h"
#include "apiserver/pipeline/request.h"

namespace base {
class Clock;
}

namespace apiserver {

namespace auth {

inline constexpr char kAuthenticatedGroup[] = "system:authenticated";
inline constexpr char kUnauthenticatedGroup[] = "system:unauthenticated";
inline constexpr char kAnonymousUser[] = "system:anonymous";
inline constexpr char kMastersGroup[] = "system:masters";

using pipeline::Credentials;
using pipeline::ObjectReader;
using pipeline::UserInfo;

// Whose tokens others issue: JSON Web Tokens of identity providers, webhooks. Thread-safe; may take as long as a call does.
class TokenSource {
 public:
  virtual ~TokenSource() = default;
  // nullopt: it is none of this source. Unauthenticated: it is, and why it is not good.
  virtual absl::StatusOr<std::optional<UserInfo>> Authenticate(absl::string_view token) const = 0;
};

struct AuthenticatorConfig {
  std::vector<std::string> service_account_keys;  // PEM public (or private) keys; RSA or EC
  std::vector<std::string> service_account_issuers;  // the first one mints
  std::vector<std::string> api_audiences;         // empty: the issuers
  std::string token_auth_csv;                     // static tokens: token,user,uid,"group1,group2"
  bool bootstrap_tokens = false;                  // secrets of kube-system
  bool anonymous = true;
  std::vector<std::string> anonymous_paths;       // where nobody may ask, when not everywhere
  std::vector<std::shared_ptr<const TokenSource>> sources;  // asked last, in order
  std::vector<std::string> front_proxy_names;     // common names of front proxies; empty: any that verifies
};

// A token that was accepted, and the audiences of the question it is good for.
struct TokenAnswer {
  UserInfo user;
  std::vector<std::string> audiences;
};

// Thread-safe. `reader` and `clock` must outlive it; `reader` may be nullptr (no look-ups of bound objects).
class Authenticator {
 public:
  virtual ~Authenticator() = default;

  // Unauthenticated: answer 401 (UnauthorizedBody). The groups include system:authenticated, or
  // system:unauthenticated for system:anonymous.
  virtual absl::StatusOr<UserInfo> Authenticate(const Credentials& credentials) const = 0;

  // A bearer token by itself, for TokenReview. `audiences` empty: the server's own. Unauthenticated carries the
  // text for status.error, which is empty when the token is simply nobody's.
  virtual absl::StatusOr<TokenAnswer> AuthenticateToken(absl::string_view token,
                                                        absl::Span<const std::string> audiences) const = 0;
};

// InvalidArgument names the unreadable key, certificate or line.
absl::StatusOr<std::unique_ptr<Authenticator>> NewAuthenticator(AuthenticatorConfig config,
                                                                const ObjectReader* reader,
                                                                const base::Clock& clock);

// What the Impersonate-* headers ask for.
struct Impersonation {
  bool requested = false;
  UserInfo user;  // complete: system:authenticated or the groups of a service account are in
};

// Whether `credentials` ask to act as somebody else. InvalidArgument: groups, uid or extras without a user. Does not
// authorize: the caller asks CheckImpersonation (authorizer.h) before it takes on `user`.
absl::StatusOr<Impersonation> ParseImpersonation(const Credentials& credentials);

}  // namespace auth
}  // namespace apiserver
