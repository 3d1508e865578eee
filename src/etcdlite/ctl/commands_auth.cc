#include <algorithm>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "etcd/auth.pb.h"
#include "etcdlite/ctl/commands.h"

namespace etcdlite::ctl {
namespace {

constexpr char kService[] = "/etcdserverpb.Auth/";

template <typename Response, typename Request>
int Simple(Context& context, const char* method, const Request& request, const std::string& text) {
  Response response;
  const absl::Status done = context.client.Call(absl::StrCat(kService, method), request, &response);
  if (!done.ok()) return FailRpc(done);
  Print(context.style.format == Format::kJson ? ToJson(response) + "\n" : text);
  return kOk;
}

std::string ReadPassword(const Context& context) {
  if (context.args.Has("new-user-password")) return context.args.Get("new-user-password");
  std::string line;
  std::getline(std::cin, line);
  return line;
}

std::string RangeText(const authpb::Permission& permission) {
  const std::string& end = permission.range_end();
  if (end.empty()) return absl::StrCat("\t", permission.key(), "\n");
  if (PrefixEnd(permission.key()) == end) return absl::StrCat("\t[", permission.key(), ", ", end, ") (prefix ", permission.key(), ")\n");
  if (end == std::string(1, '\0')) return absl::StrCat("\t[", permission.key(), ", <open ended>\n");
  return absl::StrCat("\t[", permission.key(), ", ", end, ")\n");
}

int RoleGet(Context& context, const std::string& role) {
  etcdserverpb::AuthRoleGetRequest request;
  request.set_role(role);
  etcdserverpb::AuthRoleGetResponse response;
  const absl::Status got = context.client.Call(absl::StrCat(kService, "RoleGet"), request, &response);
  if (!got.ok()) return FailRpc(got);
  if (context.style.format == Format::kJson) {
    Print(ToJson(response) + "\n");
    return kOk;
  }
  if (role == "root" && response.perm().empty()) {
    Print("Role root\nKV Read:\n\t[, <open ended>\nKV Write:\n\t[, <open ended>\n");
    return kOk;
  }
  std::string out = absl::StrCat("Role ", role, "\nKV Read:\n");
  for (const authpb::Permission& permission : response.perm()) {
    if (permission.permtype() != authpb::Permission::WRITE) out += RangeText(permission);
  }
  out += "KV Write:\n";
  for (const authpb::Permission& permission : response.perm()) {
    if (permission.permtype() != authpb::Permission::READ) out += RangeText(permission);
  }
  Print(out);
  return kOk;
}

void SetRange(const Args& args, size_t first, std::string* key, std::string* end) {
  *key = args.words[first];
  if (args.words.size() > first + 1) *end = args.words[first + 1];
  if (args.Bool("prefix")) *end = PrefixEnd(*key);
  if (args.Bool("from-key")) *end = std::string(1, '\0');
}

}  // namespace

int Auth(Context& context, const std::string& verb) {
  if (verb == "enable") return Simple<etcdserverpb::AuthEnableResponse>(context, "AuthEnable", etcdserverpb::AuthEnableRequest(), "Authentication Enabled\n");
  if (verb == "disable") return Simple<etcdserverpb::AuthDisableResponse>(context, "AuthDisable", etcdserverpb::AuthDisableRequest(), "Authentication Disabled\n");
  etcdserverpb::AuthStatusResponse response;
  const absl::Status got = context.client.Call(absl::StrCat(kService, "AuthStatus"), etcdserverpb::AuthStatusRequest(), &response);
  if (!got.ok()) return FailRpc(got);
  Print(context.style.format == Format::kJson ? ToJson(response) + "\n"
                                              : absl::StrCat("Authentication Status: ", response.enabled() ? "true" : "false",
                                                             "\nAuthRevision: ", response.authrevision(), "\n"));
  return kOk;
}

int User(Context& context, const std::string& verb) {
  const std::vector<std::string>& words = context.args.words;
  if (verb == "list") {
    etcdserverpb::AuthUserListResponse response;
    const absl::Status got = context.client.Call(absl::StrCat(kService, "UserList"), etcdserverpb::AuthUserListRequest(), &response);
    if (!got.ok()) return FailRpc(got);
    if (context.style.format == Format::kJson) Print(ToJson(response) + "\n");
    else for (const std::string& user : response.users()) Print(user + "\n");
    return kOk;
  }
  const bool with_role = verb == "grant-role" || verb == "revoke-role";
  if (words.size() != (with_role ? 2u : 1u)) {
    return Fail(kBadArgs, with_role ? absl::StrCat("user ", verb == "grant-role" ? "grant" : "revoke-role", " command requires user name and role name as its argument")
                                    : absl::StrCat("user ", verb, " command requires user name as its argument"));
  }
  if (verb == "add") {
    etcdserverpb::AuthUserAddRequest request;
    const std::pair<std::string, std::string> parts = absl::StrSplit(words[0], absl::MaxSplits(':', 1));
    request.set_name(parts.first);
    request.mutable_options()->set_no_password(context.args.Bool("no-password"));
    if (!context.args.Bool("no-password")) request.set_password(!parts.second.empty() ? parts.second : ReadPassword(context));
    return Simple<etcdserverpb::AuthUserAddResponse>(context, "UserAdd", request, absl::StrCat("User ", parts.first, " created\n"));
  }
  if (verb == "delete") {
    etcdserverpb::AuthUserDeleteRequest request;
    request.set_name(words[0]);
    return Simple<etcdserverpb::AuthUserDeleteResponse>(context, "UserDelete", request, absl::StrCat("User ", words[0], " deleted\n"));
  }
  if (verb == "passwd") {
    etcdserverpb::AuthUserChangePasswordRequest request;
    request.set_name(words[0]);
    request.set_password(ReadPassword(context));
    return Simple<etcdserverpb::AuthUserChangePasswordResponse>(context, "UserChangePassword", request, "Password updated\n");
  }
  if (verb == "grant-role") {
    etcdserverpb::AuthUserGrantRoleRequest request;
    request.set_user(words[0]);
    request.set_role(words[1]);
    return Simple<etcdserverpb::AuthUserGrantRoleResponse>(context, "UserGrantRole", request, absl::StrCat("Role ", words[1], " is granted to user ", words[0], "\n"));
  }
  if (verb == "revoke-role") {
    etcdserverpb::AuthUserRevokeRoleRequest request;
    request.set_name(words[0]);
    request.set_role(words[1]);
    return Simple<etcdserverpb::AuthUserRevokeRoleResponse>(context, "UserRevokeRole", request, absl::StrCat("Role ", words[1], " is revoked from user ", words[0], "\n"));
  }
  etcdserverpb::AuthUserGetRequest request;
  request.set_name(words[0]);
  etcdserverpb::AuthUserGetResponse response;
  const absl::Status got = context.client.Call(absl::StrCat(kService, "UserGet"), request, &response);
  if (!got.ok()) return FailRpc(got);
  if (context.style.format == Format::kJson) {
    Print(ToJson(response) + "\n");
    return kOk;
  }
  std::string out = absl::StrCat("User: ", words[0], "\nRoles:");
  for (const std::string& role : response.roles()) absl::StrAppend(&out, " ", role);
  Print(out + "\n");
  return kOk;
}

int Role(Context& context, const std::string& verb) {
  const std::vector<std::string>& words = context.args.words;
  if (verb == "list") {
    etcdserverpb::AuthRoleListResponse response;
    const absl::Status got = context.client.Call(absl::StrCat(kService, "RoleList"), etcdserverpb::AuthRoleListRequest(), &response);
    if (!got.ok()) return FailRpc(got);
    if (context.style.format == Format::kJson) Print(ToJson(response) + "\n");
    else for (const std::string& role : response.roles()) Print(role + "\n");
    return kOk;
  }
  if (verb == "grant-permission") {
    if (words.size() < 3) return Fail(kBadArgs, "role grant-permission command requires role name, permission type, and key [endkey] as its argument");
    static const std::map<std::string, authpb::Permission::Type> kTypes = {
        {"read", authpb::Permission::READ}, {"write", authpb::Permission::WRITE}, {"readwrite", authpb::Permission::READWRITE}};
    const auto type = kTypes.find(words[1]);
    if (type == kTypes.end()) return Fail(kBadArgs, absl::StrCat("invalid permission type: ", words[1]));
    etcdserverpb::AuthRoleGrantPermissionRequest request;
    request.set_name(words[0]);
    request.mutable_perm()->set_permtype(type->second);
    SetRange(context.args, 2, request.mutable_perm()->mutable_key(), request.mutable_perm()->mutable_range_end());
    return Simple<etcdserverpb::AuthRoleGrantPermissionResponse>(context, "RoleGrantPermission", request, absl::StrCat("Role ", words[0], " updated\n"));
  }
  if (verb == "revoke-permission") {
    if (words.size() < 2) return Fail(kBadArgs, "role revoke-permission command requires role name and key [endkey] as its argument");
    etcdserverpb::AuthRoleRevokePermissionRequest request;
    request.set_role(words[0]);
    SetRange(context.args, 1, request.mutable_key(), request.mutable_range_end());
    const std::string what = request.range_end().empty() ? absl::StrCat("Permission of key ", request.key())
                                                         : absl::StrCat("Permission of range [", request.key(), ", ", request.range_end(), ")");
    return Simple<etcdserverpb::AuthRoleRevokePermissionResponse>(context, "RoleRevokePermission", request, absl::StrCat(what, " is revoked from role ", words[0], "\n"));
  }
  if (words.size() != 1) return Fail(kBadArgs, absl::StrCat("role ", verb, " command requires role name as its argument"));
  if (verb == "add") {
    etcdserverpb::AuthRoleAddRequest request;
    request.set_name(words[0]);
    return Simple<etcdserverpb::AuthRoleAddResponse>(context, "RoleAdd", request, absl::StrCat("Role ", words[0], " created\n"));
  }
  if (verb == "delete") {
    etcdserverpb::AuthRoleDeleteRequest request;
    request.set_role(words[0]);
    return Simple<etcdserverpb::AuthRoleDeleteResponse>(context, "RoleDelete", request, absl::StrCat("Role ", words[0], " deleted\n"));
  }
  return RoleGet(context, words[0]);
}

}  // namespace etcdlite::ctl
