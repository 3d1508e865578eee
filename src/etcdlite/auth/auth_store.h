// Users, roles and what they may touch, as the log says. Off until enabled.
#pragma once
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "etcdlite/mvcc/store.h"

namespace etcdserverpb {
class DeleteRangeRequest;
class PutRequest;
class TxnRequest;
}  // namespace etcdserverpb

namespace etcdlite::auth {

// Not thread-safe.
class AuthStore {
 public:
  bool enabled() const { return enabled_; }
  uint64_t revision() const { return revision_; }

  // Applies one authentication request (apply::RequestKind) and answers it with `header` as its header.
  absl::StatusOr<std::string> Apply(int kind, absl::string_view payload, absl::string_view header);

  absl::Status CheckPut(absl::string_view user, uint64_t revision, const etcdserverpb::PutRequest& request,
                        const mvcc::Store& store) const;
  absl::Status CheckDelete(absl::string_view user, uint64_t revision, const etcdserverpb::DeleteRangeRequest& request) const;
  absl::Status CheckTxn(absl::string_view user, uint64_t revision, const etcdserverpb::TxnRequest& request,
                        const mvcc::Store& store) const;

  std::string Encode() const;
  absl::Status Decode(absl::string_view bytes);  // DataLoss: malformed; empty: nothing configured

 private:
  bool enabled_ = false;
  uint64_t revision_ = 1;
};

}  // namespace etcdlite::auth
