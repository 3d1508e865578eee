// Users, roles and what they may touch, as the log says: a deterministic core without clocks or randomness.
// Off until enabled. The rules are etcd's: a user with role "root" may do everything; others what their roles say.
#pragma once
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "etcdlite/auth/auth_requests.h"
#include "etcdlite/mvcc/key_index.h"

namespace etcdserverpb {
class DeleteRangeRequest;
class PutRequest;
class RangeRequest;
class TxnRequest;
}  // namespace etcdserverpb

namespace etcdlite::auth {

enum class Access : int { kRead = 0, kWrite = 1, kReadWrite = 2 };  // numbers of authpb.Permission.Type

struct Permission {
  std::string key, end;  // as in a range: empty end is one key, "\0" everything from `key`
  Access access = Access::kRead;
};

struct User {
  std::string password_hash;  // empty: cannot log in with a password
  bool no_password = false;
  std::set<std::string> roles;
};

// Not thread-safe. An empty `user` is refused everywhere once access control is on.
class AuthStore {
 public:
  bool enabled() const { return enabled_; }
  uint64_t revision() const { return revision_; }
  const std::string& token_secret() const { return secret_; }  // members sign login tokens with it
  const std::map<std::string, User>& users() const { return users_; }
  const std::map<std::string, std::vector<Permission>>& roles() const { return roles_; }

  // Applies a change and answers it with `header` as its header. `user` must be an administrator when enabled.
  absl::StatusOr<std::string> Apply(AuthRequest kind, absl::string_view user, absl::string_view payload, absl::string_view header);

  bool IsAdmin(absl::string_view user) const;
  absl::Status CheckAdmin(absl::string_view user) const;
  absl::Status CheckAccess(absl::string_view user, const mvcc::KeyRange& range, Access access) const;
  absl::Status CheckRange(absl::string_view user, const etcdserverpb::RangeRequest& request) const;
  absl::Status CheckPut(absl::string_view user, const etcdserverpb::PutRequest& request) const;
  absl::Status CheckDelete(absl::string_view user, const etcdserverpb::DeleteRangeRequest& request) const;
  absl::Status CheckTxn(absl::string_view user, const etcdserverpb::TxnRequest& request) const;

  std::string Encode() const;
  absl::Status Decode(absl::string_view bytes);  // DataLoss: malformed; empty: nothing configured

 private:
  absl::Status Change(AuthRequest kind, absl::string_view payload);
  absl::Status ChangeUser(AuthRequest kind, absl::string_view payload);
  absl::Status ChangeRole(AuthRequest kind, absl::string_view payload);

  bool enabled_ = false;
  uint64_t revision_ = 1;  // of the rules; etcd's starts here too
  std::string secret_;
  std::map<std::string, User> users_;
  std::map<std::string, std::vector<Permission>> roles_;  // permissions ascending by key and end
};

}  // namespace etcdlite::auth
