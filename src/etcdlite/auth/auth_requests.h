// Changes of access control that go through the log. Numbers are persisted (apply::RequestKind has the same).
#pragma once
#include <cstdint>

namespace etcdlite::auth {

// Payloads are the etcdserverpb messages, but kEnable's is the secret that signs login tokens from then on.
enum class AuthRequest : uint8_t {
  kEnable = 20, kDisable = 21, kUserAdd = 22, kUserDelete = 23, kUserChangePassword = 24, kUserGrantRole = 25,
  kUserRevokeRole = 26, kRoleAdd = 27, kRoleDelete = 28, kRoleGrantPermission = 29, kRoleRevokePermission = 30,
};

}  // namespace etcdlite::auth
