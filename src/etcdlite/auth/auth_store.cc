#include "etcdlite/auth/auth_store.h"

#include <algorithm>

#include "base/status_macros.h"
#include "etcd/auth.pb.h"
#include "etcd/kv.pb.h"
#include "etcdlite/auth/errors.h"
#include "etcdlite/mvcc/kv_codec.h"
#include "etcdlite/storage/byte_codec.h"

namespace etcdlite::auth {
namespace {

constexpr absl::string_view kRoot = "root";

template <typename Message>
absl::Status Parse(absl::string_view bytes, Message* message) {
  if (message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return absl::OkStatus();
  return absl::InternalError("a log entry does not parse");
}

bool Grants(Access granted, Access wanted) { return granted == Access::kReadWrite || granted == wanted; }

// Whether the union of granted ranges covers [key, end). Granted ranges ascend by key.
bool Covers(const std::vector<const Permission*>& granted, const mvcc::KeyRange& wanted) {
  if (wanted.single()) {
    return std::any_of(granted.begin(), granted.end(), [&](const Permission* p) {
      return mvcc::KeyRange{p->key, p->end}.Contains(wanted.key);
    });
  }
  std::string reached(wanted.key);  // everything before it is covered
  for (const Permission* p : granted) {
    const mvcc::KeyRange range{p->key, p->end};
    if (p->key > reached) continue;  // a gap; ranges after this one begin later still, but the list is by key
    if (range.unbounded()) return true;
    const std::string end = range.single() ? p->key + std::string(1, '\0') : p->end;
    if (end > reached) reached = end;
    if (!wanted.unbounded() && reached >= wanted.end) return true;
  }
  return false;
}

}  // namespace

bool AuthStore::IsAdmin(absl::string_view user) const {
  const auto found = users_.find(std::string(user));
  return found != users_.end() && found->second.roles.contains(std::string(kRoot));
}

absl::Status AuthStore::CheckAdmin(absl::string_view user) const {
  if (!enabled_) return absl::OkStatus();
  if (user.empty()) return UserEmptyError();
  return IsAdmin(user) ? absl::OkStatus() : PermissionDeniedError();
}

absl::Status AuthStore::CheckAccess(absl::string_view user, const mvcc::KeyRange& range, Access access) const {
  if (!enabled_) return absl::OkStatus();
  if (user.empty()) return UserEmptyError();
  const auto found = users_.find(std::string(user));
  if (found == users_.end()) return PermissionDeniedError();
  if (found->second.roles.contains(std::string(kRoot))) return absl::OkStatus();
  std::vector<const Permission*> granted;
  for (const std::string& role : found->second.roles) {
    const auto permissions = roles_.find(role);
    if (permissions == roles_.end()) continue;
    for (const Permission& permission : permissions->second) {
      if (Grants(permission.access, access)) granted.push_back(&permission);
    }
  }
  std::sort(granted.begin(), granted.end(), [](const Permission* a, const Permission* b) { return a->key < b->key; });
  return Covers(granted, range) ? absl::OkStatus() : PermissionDeniedError();
}

absl::Status AuthStore::CheckRange(absl::string_view user, const etcdserverpb::RangeRequest& request) const {
  return CheckAccess(user, {request.key(), request.range_end()}, Access::kRead);
}

absl::Status AuthStore::CheckPut(absl::string_view user, const etcdserverpb::PutRequest& request) const {
  if (!enabled_) return absl::OkStatus();
  RETURN_IF_ERROR(CheckAccess(user, {request.key(), {}}, Access::kWrite));
  return request.prev_kv() ? CheckAccess(user, {request.key(), {}}, Access::kRead) : absl::OkStatus();
}

absl::Status AuthStore::CheckDelete(absl::string_view user, const etcdserverpb::DeleteRangeRequest& request) const {
  if (!enabled_) return absl::OkStatus();
  const mvcc::KeyRange range{request.key(), request.range_end()};
  RETURN_IF_ERROR(CheckAccess(user, range, Access::kWrite));
  return request.prev_kv() ? CheckAccess(user, range, Access::kRead) : absl::OkStatus();
}

absl::Status AuthStore::CheckTxn(absl::string_view user, const etcdserverpb::TxnRequest& request) const {
  if (!enabled_) return absl::OkStatus();
  for (const etcdserverpb::Compare& compare : request.compare()) {
    RETURN_IF_ERROR(CheckAccess(user, {compare.key(), compare.range_end()}, Access::kRead));
  }
  for (const auto* branch : {&request.success(), &request.failure()}) {
    for (const etcdserverpb::RequestOp& op : *branch) {
      if (op.has_request_range()) RETURN_IF_ERROR(CheckRange(user, op.request_range()));
      if (op.has_request_put()) RETURN_IF_ERROR(CheckPut(user, op.request_put()));
      if (op.has_request_delete_range()) RETURN_IF_ERROR(CheckDelete(user, op.request_delete_range()));
      if (op.has_request_txn()) RETURN_IF_ERROR(CheckTxn(user, op.request_txn()));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> AuthStore::Apply(AuthRequest kind, absl::string_view user, absl::string_view payload,
                                             absl::string_view header) {
  RETURN_IF_ERROR(CheckAdmin(user));
  const uint64_t before = revision_;
  const absl::Status changed = Change(kind, payload);
  if (!changed.ok()) {
    revision_ = before;
    return changed;
  }
  std::string out;  // every answer is a header alone
  mvcc::AppendLengthDelimited(1, header, &out);
  return out;
}

absl::Status AuthStore::Change(AuthRequest kind, absl::string_view payload) {
  switch (kind) {
    case AuthRequest::kEnable: {
      if (enabled_) return absl::OkStatus();
      const auto root = users_.find(std::string(kRoot));
      if (root == users_.end()) return RootUserError();
      if (!root->second.roles.contains(std::string(kRoot))) return RootRoleError();
      enabled_ = true;
      secret_ = std::string(payload);
      return absl::OkStatus();
    }
    case AuthRequest::kDisable:
      if (!enabled_) return absl::OkStatus();
      enabled_ = false;
      ++revision_;
      return absl::OkStatus();
    case AuthRequest::kRoleAdd:
    case AuthRequest::kRoleDelete:
    case AuthRequest::kRoleGrantPermission:
    case AuthRequest::kRoleRevokePermission:
      ++revision_;
      return ChangeRole(kind, payload);
    default:
      ++revision_;
      return ChangeUser(kind, payload);
  }
}

absl::Status AuthStore::ChangeUser(AuthRequest kind, absl::string_view payload) {
  if (kind == AuthRequest::kUserAdd) {
    etcdserverpb::AuthUserAddRequest request;
    RETURN_IF_ERROR(Parse(payload, &request));
    if (request.name().empty()) return UserEmptyError();
    const auto [it, added] = users_.try_emplace(request.name());
    if (!added) return UserExistsError();
    it->second.no_password = request.options().no_password();
    it->second.password_hash = request.hashedpassword();
    return absl::OkStatus();
  }
  if (kind == AuthRequest::kUserDelete) {
    etcdserverpb::AuthUserDeleteRequest request;
    RETURN_IF_ERROR(Parse(payload, &request));
    if (enabled_ && request.name() == kRoot) return InvalidManagementError();
    return users_.erase(request.name()) > 0 ? absl::OkStatus() : UserNotFoundError();
  }
  if (kind == AuthRequest::kUserChangePassword) {
    etcdserverpb::AuthUserChangePasswordRequest request;
    RETURN_IF_ERROR(Parse(payload, &request));
    const auto user = users_.find(request.name());
    if (user == users_.end()) return UserNotFoundError();
    user->second.password_hash = request.hashedpassword();
    return absl::OkStatus();
  }
  if (kind == AuthRequest::kUserGrantRole) {
    etcdserverpb::AuthUserGrantRoleRequest request;
    RETURN_IF_ERROR(Parse(payload, &request));
    const auto user = users_.find(request.user());
    if (user == users_.end()) return UserNotFoundError();
    if (request.role() != kRoot && !roles_.contains(request.role())) return RoleNotFoundError();
    if (!user->second.roles.insert(request.role()).second) --revision_;  // nothing changed
    return absl::OkStatus();
  }
  if (kind == AuthRequest::kUserRevokeRole) {
    etcdserverpb::AuthUserRevokeRoleRequest request;
    RETURN_IF_ERROR(Parse(payload, &request));
    if (enabled_ && request.name() == kRoot && request.role() == kRoot) return InvalidManagementError();
    const auto user = users_.find(request.name());
    if (user == users_.end()) return UserNotFoundError();
    return user->second.roles.erase(request.role()) > 0 ? absl::OkStatus() : RoleNotGrantedError();
  }
  return absl::InternalError("a log entry of an unknown kind");
}

absl::Status AuthStore::ChangeRole(AuthRequest kind, absl::string_view payload) {
  if (kind == AuthRequest::kRoleAdd) {
    etcdserverpb::AuthRoleAddRequest request;
    RETURN_IF_ERROR(Parse(payload, &request));
    if (request.name().empty()) return RoleEmptyError();
    return roles_.try_emplace(request.name()).second ? absl::OkStatus() : RoleExistsError();
  }
  if (kind == AuthRequest::kRoleDelete) {
    etcdserverpb::AuthRoleDeleteRequest request;
    RETURN_IF_ERROR(Parse(payload, &request));
    if (enabled_ && request.role() == kRoot) return InvalidManagementError();
    if (roles_.erase(request.role()) == 0) return RoleNotFoundError();
    for (auto& [name, user] : users_) user.roles.erase(request.role());
    return absl::OkStatus();
  }
  const auto before = [](const Permission& a, const Permission& b) { return std::tie(a.key, a.end) < std::tie(b.key, b.end); };
  if (kind == AuthRequest::kRoleGrantPermission) {
    etcdserverpb::AuthRoleGrantPermissionRequest request;
    RETURN_IF_ERROR(Parse(payload, &request));
    if (!request.has_perm()) return PermissionNotGivenError();
    const Permission permission{request.perm().key(), request.perm().range_end(), static_cast<Access>(request.perm().permtype())};
    const mvcc::KeyRange range{permission.key, permission.end};
    if (!range.single() && !range.unbounded() && permission.key >= permission.end) return InvalidManagementError();
    const auto role = roles_.find(request.name());
    if (role == roles_.end()) return RoleNotFoundError();
    const auto at = std::lower_bound(role->second.begin(), role->second.end(), permission, before);
    if (at != role->second.end() && !before(permission, *at)) {
      at->access = permission.access;
    } else {
      role->second.insert(at, permission);
    }
    return absl::OkStatus();
  }
  etcdserverpb::AuthRoleRevokePermissionRequest request;
  RETURN_IF_ERROR(Parse(payload, &request));
  const auto role = roles_.find(request.role());
  if (role == roles_.end()) return RoleNotFoundError();
  const size_t erased = std::erase_if(role->second, [&](const Permission& p) {
    return p.key == request.key() && p.end == request.range_end();
  });
  return erased > 0 ? absl::OkStatus() : PermissionNotGrantedError();
}

std::string AuthStore::Encode() const {
  std::string out;
  storage::AppendVarint(enabled_ ? 1 : 0, &out);
  storage::AppendVarint(revision_, &out);
  storage::AppendBytes(secret_, &out);
  storage::AppendVarint(users_.size(), &out);
  for (const auto& [name, user] : users_) {
    storage::AppendBytes(name, &out);
    storage::AppendBytes(user.password_hash, &out);
    storage::AppendVarint(user.no_password ? 1 : 0, &out);
    storage::AppendVarint(user.roles.size(), &out);
    for (const std::string& role : user.roles) storage::AppendBytes(role, &out);
  }
  storage::AppendVarint(roles_.size(), &out);
  for (const auto& [name, permissions] : roles_) {
    storage::AppendBytes(name, &out);
    storage::AppendVarint(permissions.size(), &out);
    for (const Permission& permission : permissions) {
      storage::AppendBytes(permission.key, &out);
      storage::AppendBytes(permission.end, &out);
      storage::AppendVarint(static_cast<uint64_t>(permission.access), &out);
    }
  }
  return out;
}

absl::Status AuthStore::Decode(absl::string_view bytes) {
  *this = AuthStore();
  if (bytes.empty()) return absl::OkStatus();
  storage::ByteReader in(bytes);
  enabled_ = in.Varint() != 0;
  revision_ = in.Varint();
  secret_ = std::string(in.Bytes());
  for (uint64_t left = in.Varint(); left > 0 && in.ok(); --left) {
    User& user = users_[std::string(in.Bytes())];
    user.password_hash = std::string(in.Bytes());
    user.no_password = in.Varint() != 0;
    for (uint64_t roles = in.Varint(); roles > 0 && in.ok(); --roles) user.roles.insert(std::string(in.Bytes()));
  }
  for (uint64_t left = in.Varint(); left > 0 && in.ok(); --left) {
    std::vector<Permission>& permissions = roles_[std::string(in.Bytes())];
    for (uint64_t count = in.Varint(); count > 0 && in.ok(); --count) {
      Permission permission;
      permission.key = std::string(in.Bytes());
      permission.end = std::string(in.Bytes());
      permission.access = static_cast<Access>(in.Varint());
      permissions.push_back(std::move(permission));
    }
  }
  return in.ok() ? absl::OkStatus() : absl::DataLossError("backend: users and roles do not parse");
}

}  // namespace etcdlite::auth
