// Refusals of access control in etcd's words.
#pragma once
#include "absl/status/status.h"

namespace etcdlite::auth {

inline absl::Status RootUserError() { return absl::FailedPreconditionError("etcdserver: root user does not exist"); }
inline absl::Status RootRoleError() { return absl::FailedPreconditionError("etcdserver: root user does not have root role"); }
inline absl::Status UserExistsError() { return absl::FailedPreconditionError("etcdserver: user name already exists"); }
inline absl::Status UserEmptyError() { return absl::InvalidArgumentError("etcdserver: user name is empty"); }
inline absl::Status UserNotFoundError() { return absl::FailedPreconditionError("etcdserver: user name not found"); }
inline absl::Status RoleExistsError() { return absl::FailedPreconditionError("etcdserver: role name already exists"); }
inline absl::Status RoleNotFoundError() { return absl::FailedPreconditionError("etcdserver: role name not found"); }
inline absl::Status RoleEmptyError() { return absl::InvalidArgumentError("etcdserver: role name is empty"); }
inline absl::Status AuthFailedError() { return absl::InvalidArgumentError("etcdserver: authentication failed, invalid user ID or password"); }
inline absl::Status NoPasswordUserError() { return absl::FailedPreconditionError("etcdserver: authentication failed, password was given for no password user"); }
inline absl::Status PermissionNotGivenError() { return absl::InvalidArgumentError("etcdserver: permission not given"); }
inline absl::Status PermissionDeniedError() { return absl::PermissionDeniedError("etcdserver: permission denied"); }
inline absl::Status RoleNotGrantedError() { return absl::FailedPreconditionError("etcdserver: role is not granted to the user"); }
inline absl::Status PermissionNotGrantedError() { return absl::FailedPreconditionError("etcdserver: permission is not granted to the role"); }
inline absl::Status NotEnabledError() { return absl::FailedPreconditionError("etcdserver: authentication is not enabled"); }
inline absl::Status InvalidTokenError() { return absl::UnauthenticatedError("etcdserver: invalid auth token"); }
inline absl::Status InvalidManagementError() { return absl::InvalidArgumentError("etcdserver: invalid auth management"); }

}  // namespace etcdlite::auth
