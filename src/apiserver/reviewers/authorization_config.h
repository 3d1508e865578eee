// The authorization modes, by --authorization-config or by flags.
#pragma once
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "apiserver/auth/authorizer.h"

namespace base {
class Clock;
}

namespace apiserver::reviewers {

// One entry of the file. `webhook` counts for the type Webhook.
struct AuthorizerEntry {
  std::string type, name;
  struct Webhook {
    absl::Duration timeout, allowed_ttl, refused_ttl;
    std::string version;
    bool deny_on_failure = false, in_cluster = false;
    std::string kubeconfig;
    std::vector<std::string> conditions;  // expressions that compile
  } webhook;
};

// InvalidArgument tells all that is wrong with the file.
absl::StatusOr<std::vector<AuthorizerEntry>> ReadAuthorizationConfig(absl::string_view text);

struct AuthorizationFlags {
  std::vector<std::string> modes;
  std::string config_file;                 // instead of all others
  std::string webhook_config_file, webhook_version = "v1beta1";
  absl::Duration webhook_allowed_ttl = absl::Minutes(5), webhook_refused_ttl = absl::Seconds(30);
};

// `clock` outlives the modes. InvalidArgument in upstream's words.
absl::StatusOr<std::vector<auth::Mode>> MakeModes(const AuthorizationFlags& flags, const base::Clock& clock);

}  // namespace apiserver::reviewers
