// Passwords and login tokens: the parts of access control that need randomness, time and much CPU.
#pragma once
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace etcdlite::auth {

std::string HashPassword(const std::string& password);  // bcrypt; takes tens of milliseconds
bool PasswordMatches(const std::string& password, const std::string& hash);

std::string NewSecret();
// "user.expiry.signature", good on every member that knows the secret.
std::string SignToken(absl::string_view secret, absl::string_view user, absl::Time expires);
// The user. Unauthenticated: not signed with this secret, or run out.
absl::StatusOr<std::string> VerifyToken(absl::string_view secret, absl::string_view token, absl::Time now);

}  // namespace etcdlite::auth
