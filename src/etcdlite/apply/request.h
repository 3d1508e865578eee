// What a log entry says: a request as the client sent it, who sent it, and whom to answer.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace etcdlite::apply {

// Persisted in logs: numbers never change meaning. The payload is the named etcdserverpb message.
enum class RequestKind : uint8_t {
  kPut = 1, kDeleteRange = 2, kTxn = 3, kCompaction = 4,
  kLeaseGrant = 5, kLeaseRevoke = 6, kLeaseCheckpoint = 7,
  kAlarm = 8,
  kMemberAttributes = 9,  // etcdserverpb.Member: name and client URLs of a member that started
  kMemberUpdate = 10,     // etcdserverpb.Member: new peer URLs
  kAuthEnable = 20, kAuthDisable = 21, kUserAdd = 22, kUserDelete = 23, kUserChangePassword = 24,
  kUserGrantRole = 25, kUserRevokeRole = 26, kRoleAdd = 27, kRoleDelete = 28, kRoleGrantPermission = 29,
  kRoleRevokePermission = 30,
};

struct Request {
  RequestKind kind = RequestKind::kPut;
  uint64_t id = 0;               // unique among all members; 0: nobody waits
  absl::string_view user;        // empty: none, or access control is off
  uint64_t auth_revision = 0;    // of the rules the proposer checked
  absl::string_view payload;
};

std::string EncodeRequest(const Request& request);
std::optional<Request> DecodeRequest(absl::string_view bytes);  // views into `bytes`; nullopt: malformed

}  // namespace etcdlite::apply
