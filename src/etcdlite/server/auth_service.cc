// etcdserverpb.Auth: logins are answered here, changes go through the log.
#include "base/clock.h"
#include "etcd/auth.pb.h"
#include "etcdlite/auth/credentials.h"
#include "etcdlite/auth/errors.h"
#include "etcdlite/mvcc/kv_codec.h"
#include "etcdlite/server/service_context.h"

namespace etcdlite::server {
namespace {

using apply::RequestKind;
using rpc::UnaryCall;

constexpr absl::Duration kTokenLife = absl::Minutes(5);  // etcd's default; clients log in again by themselves


void Propose(ServiceContext& context, UnaryCall* call, RequestKind kind, std::string payload) {
  absl::StatusOr<std::string> user = context.UserOf(*call);
  if (!user.ok()) return call->Reply(user.status());
  context.node->Propose(kind, std::move(payload), *std::move(user),
                        [call](absl::StatusOr<std::string> answer) { call->Reply(std::move(answer)); });
}

// Reads the present rules; `answer` fills the response under the lock. Everyone may ask about themselves.
template <typename Request, typename Response, typename Answer>
void Read(ServiceContext& context, UnaryCall* call, bool admin, Answer answer) {
  absl::StatusOr<std::string> user = context.UserOf(*call);
  if (!user.ok()) return call->Reply(user.status());
  context.node->ReadBarrier([&context, call, admin, user = *std::move(user), answer](absl::Status reached) {
    if (!reached.ok()) return call->Reply(reached);
    Request request;
    Response response;
    if (!request.ParseFromString(call->request())) return call->Reply(MalformedError());
    const std::string header = context.Header();
    absl::Status done;
    {
      std::lock_guard<std::mutex> lock(context.state->mu);
      if (admin) done = context.state->auth.CheckAdmin(user);
      if (done.ok()) done = answer(context.state->auth, user, request, &response);
    }
    if (!done.ok()) return call->Reply(done);
    std::string out;
    mvcc::AppendLengthDelimited(1, header, &out);
    call->Reply(out + response.SerializeAsString());
  });
}

void Enable(ServiceContext& context, UnaryCall* call) { Propose(context, call, RequestKind::kAuthEnable, auth::NewSecret()); }

void AuthStatus(ServiceContext& context, UnaryCall* call) {
  Read<etcdserverpb::AuthStatusRequest, etcdserverpb::AuthStatusResponse>(
      context, call, true, [](const auth::AuthStore& store, const std::string&, const auto&, auto* response) {
        response->set_enabled(store.enabled());
        response->set_authrevision(store.revision());
        return absl::OkStatus();
      });
}

void Authenticate(ServiceContext& context, UnaryCall* call) {
  context.reader->Run([&context, call] {  // bcrypt is slow on purpose
    etcdserverpb::AuthenticateRequest request;
    if (!request.ParseFromString(call->request())) return call->Reply(MalformedError());
    std::string hash, secret;
    {
      std::lock_guard<std::mutex> lock(context.state->mu);
      const auth::AuthStore& store = context.state->auth;
      if (!store.enabled()) return call->Reply(auth::NotEnabledError());
      const auto user = store.users().find(request.name());
      if (user == store.users().end()) return call->Reply(auth::AuthFailedError());
      if (user->second.no_password) return call->Reply(auth::NoPasswordUserError());
      hash = user->second.password_hash;
      secret = store.token_secret();
    }
    if (!auth::PasswordMatches(request.password(), hash)) return call->Reply(auth::AuthFailedError());
    std::string out;
    mvcc::AppendLengthDelimited(1, context.Header(), &out);
    mvcc::AppendLengthDelimited(2, auth::SignToken(secret, request.name(), base::SystemClock().Now() + kTokenLife), &out);
    call->Reply(std::move(out));
  });
}

// Passwords enter the log as hashes.
template <typename Request>
void ProposeWithPassword(ServiceContext& context, UnaryCall* call, RequestKind kind) {
  context.reader->Run([&context, call, kind] {
    Request request;
    if (!request.ParseFromString(call->request())) return call->Reply(MalformedError());
    if (!request.password().empty()) request.set_hashedpassword(auth::HashPassword(request.password()));
    request.clear_password();
    Propose(context, call, kind, request.SerializeAsString());
  });
}

void UserAdd(ServiceContext& context, UnaryCall* call) {
  ProposeWithPassword<etcdserverpb::AuthUserAddRequest>(context, call, RequestKind::kUserAdd);
}
void UserChangePassword(ServiceContext& context, UnaryCall* call) {
  ProposeWithPassword<etcdserverpb::AuthUserChangePasswordRequest>(context, call, RequestKind::kUserChangePassword);
}

void UserGet(ServiceContext& context, UnaryCall* call) {
  Read<etcdserverpb::AuthUserGetRequest, etcdserverpb::AuthUserGetResponse>(
      context, call, false, [](const auth::AuthStore& store, const std::string& self, const auto& request, auto* response) {
        if (request.name() != self) {
          if (absl::Status admin = store.CheckAdmin(self); !admin.ok()) return admin;
        }
        const auto user = store.users().find(request.name());
        if (user == store.users().end()) return auth::UserNotFoundError();
        for (const std::string& role : user->second.roles) response->add_roles(role);
        return absl::OkStatus();
      });
}

void UserList(ServiceContext& context, UnaryCall* call) {
  Read<etcdserverpb::AuthUserListRequest, etcdserverpb::AuthUserListResponse>(
      context, call, true, [](const auth::AuthStore& store, const std::string&, const auto&, auto* response) {
        for (const auto& [name, user] : store.users()) response->add_users(name);
        return absl::OkStatus();
      });
}

void RoleGet(ServiceContext& context, UnaryCall* call) {
  Read<etcdserverpb::AuthRoleGetRequest, etcdserverpb::AuthRoleGetResponse>(
      context, call, false, [](const auth::AuthStore& store, const std::string& self, const auto& request, auto* response) {
        const auto user = store.users().find(self);
        if (user == store.users().end() || !user->second.roles.contains(request.role())) {
          if (absl::Status admin = store.CheckAdmin(self); !admin.ok()) return admin;
        }
        const auto role = store.roles().find(request.role());
        if (role == store.roles().end()) return auth::RoleNotFoundError();
        for (const auth::Permission& permission : role->second) {
          authpb::Permission* out = response->add_perm();
          out->set_permtype(static_cast<authpb::Permission::Type>(permission.access));
          out->set_key(permission.key);
          out->set_range_end(permission.end);
        }
        return absl::OkStatus();
      });
}

void RoleList(ServiceContext& context, UnaryCall* call) {
  Read<etcdserverpb::AuthRoleListRequest, etcdserverpb::AuthRoleListResponse>(
      context, call, true, [](const auth::AuthStore& store, const std::string&, const auto&, auto* response) {
        for (const auto& [name, permissions] : store.roles()) response->add_roles(name);
        return absl::OkStatus();
      });
}

template <RequestKind kind>
void Pass(ServiceContext& context, UnaryCall* call) {
  Propose(context, call, kind, call->request());
}

}  // namespace

absl::StatusOr<std::string> ServiceContext::UserFrom(const std::string& token, const std::string& common_name) const {
  std::lock_guard<std::mutex> lock(state->mu);
  if (!state->auth.enabled()) return std::string();
  if (!token.empty()) return auth::VerifyToken(state->auth.token_secret(), token, base::SystemClock().Now());
  // With client certificates the certificate's name is the user, as in etcd.
  if (flags->client_tls.require_client_certificate && !common_name.empty()) return common_name;
  return auth::UserEmptyError();
}

absl::StatusOr<std::string> ServiceContext::UserOf(const UnaryCall& call) const {
  if (!auth_on.load(std::memory_order_relaxed)) return std::string();
  std::string token = call.Metadata("token");
  if (token.empty()) token = call.Metadata("authorization");
  return UserFrom(token, call.PeerCommonName());
}

absl::Status ServiceContext::CheckAdmin(const UnaryCall& call) const {
  const absl::StatusOr<std::string> user = UserOf(call);
  if (!user.ok()) return user.status();
  std::lock_guard<std::mutex> lock(state->mu);
  return state->auth.CheckAdmin(*user);
}

void AddAuthMethods(ServiceContext& context, std::vector<rpc::Method>* methods) {
  const auto add = [&](const char* path, void (*method)(ServiceContext&, UnaryCall*)) {
    methods->push_back({path, [&context, method](UnaryCall* call) { method(context, call); }, nullptr, 1});
  };
  add("/etcdserverpb.Auth/AuthEnable", Enable);
  add("/etcdserverpb.Auth/AuthDisable", Pass<RequestKind::kAuthDisable>);
  add("/etcdserverpb.Auth/AuthStatus", AuthStatus);
  add("/etcdserverpb.Auth/Authenticate", Authenticate);
  add("/etcdserverpb.Auth/UserAdd", UserAdd);
  add("/etcdserverpb.Auth/UserGet", UserGet);
  add("/etcdserverpb.Auth/UserList", UserList);
  add("/etcdserverpb.Auth/UserDelete", Pass<RequestKind::kUserDelete>);
  add("/etcdserverpb.Auth/UserChangePassword", UserChangePassword);
  add("/etcdserverpb.Auth/UserGrantRole", Pass<RequestKind::kUserGrantRole>);
  add("/etcdserverpb.Auth/UserRevokeRole", Pass<RequestKind::kUserRevokeRole>);
  add("/etcdserverpb.Auth/RoleAdd", Pass<RequestKind::kRoleAdd>);
  add("/etcdserverpb.Auth/RoleGet", RoleGet);
  add("/etcdserverpb.Auth/RoleList", RoleList);
  add("/etcdserverpb.Auth/RoleDelete", Pass<RequestKind::kRoleDelete>);
  add("/etcdserverpb.Auth/RoleGrantPermission", Pass<RequestKind::kRoleGrantPermission>);
  add("/etcdserverpb.Auth/RoleRevokePermission", Pass<RequestKind::kRoleRevokePermission>);
}

}  // namespace etcdlite::server
