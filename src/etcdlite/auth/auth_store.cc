#include "etcdlite/auth/auth_store.h"

namespace etcdlite::auth {

absl::StatusOr<std::string> AuthStore::Apply(int, absl::string_view, absl::string_view) {
  return absl::FailedPreconditionError("etcdserver: not capable");
}
absl::Status AuthStore::CheckPut(absl::string_view, uint64_t, const etcdserverpb::PutRequest&, const mvcc::Store&) const {
  return absl::OkStatus();
}
absl::Status AuthStore::CheckDelete(absl::string_view, uint64_t, const etcdserverpb::DeleteRangeRequest&) const {
  return absl::OkStatus();
}
absl::Status AuthStore::CheckTxn(absl::string_view, uint64_t, const etcdserverpb::TxnRequest&, const mvcc::Store&) const {
  return absl::OkStatus();
}
std::string AuthStore::Encode() const { return {}; }
absl::Status AuthStore::Decode(absl::string_view) { return absl::OkStatus(); }

}  // namespace etcdlite::auth
