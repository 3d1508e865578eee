// KV requests: what is checked before they enter the log, and what they do when applied.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "etcdlite/lease/lessor.h"
#include "etcdlite/mvcc/store.h"

namespace etcdserverpb {
class DeleteRangeRequest;
class PutRequest;
class RangeRequest;
class TxnRequest;
}  // namespace etcdserverpb

namespace etcdlite::apply {

// Shape checks that need no state; texts as etcd's.
absl::Status CheckRange(const etcdserverpb::RangeRequest& request);
absl::Status CheckPut(const etcdserverpb::PutRequest& request);
absl::Status CheckDelete(const etcdserverpb::DeleteRangeRequest& request);
absl::Status CheckTxn(const etcdserverpb::TxnRequest& request, size_t max_ops);

// Views into `request`.
mvcc::RangeQuery ToQuery(const etcdserverpb::RangeRequest& request);
bool IsReadOnly(const etcdserverpb::TxnRequest& request);   // no branch writes
bool HasPut(const etcdserverpb::TxnRequest& request);       // some branch puts
// A read-only transaction that need not see the latest state.
bool IsSerializable(const etcdserverpb::TxnRequest& request);

// Applies one request to the store. All changes of a request share one revision.
class KvApplier {
 public:
  // The answer's header for a revision; empty: nobody on this member waits, so answers need not be built.
  using Header = std::function<std::string(int64_t revision)>;

  KvApplier(mvcc::WriteTxn& txn, lease::Lessor& lessor, const Header* header)
      : txn_(txn), lessor_(lessor), header_(header) {}

  absl::StatusOr<std::string> Put(const etcdserverpb::PutRequest& request);
  absl::StatusOr<std::string> DeleteRange(const etcdserverpb::DeleteRangeRequest& request);
  absl::StatusOr<std::string> Txn(const etcdserverpb::TxnRequest& request);
  // Deletes keys whose lease ended.
  void DeleteKeys(const std::vector<std::string>& keys);

 private:
  enum class Nesting { kTop, kInner };
  absl::Status CheckPutState(const etcdserverpb::PutRequest& request) const;
  absl::Status CheckTxnState(const etcdserverpb::TxnRequest& request, const std::vector<bool>& path, size_t* at) const;
  void ChoosePath(const etcdserverpb::TxnRequest& request, std::vector<bool>* path) const;
  absl::StatusOr<std::string> DoPut(const etcdserverpb::PutRequest& request, Nesting nesting);
  absl::StatusOr<std::string> DoDelete(const etcdserverpb::DeleteRangeRequest& request, Nesting nesting);
  absl::StatusOr<std::string> DoRange(const etcdserverpb::RangeRequest& request);
  absl::StatusOr<std::string> DoTxn(const etcdserverpb::TxnRequest& request, const std::vector<bool>& path, size_t* at,
                                    Nesting nesting);
  std::string HeaderFor(int64_t revision, Nesting nesting) const;

  mvcc::WriteTxn& txn_;
  lease::Lessor& lessor_;
  const Header* header_;  // null: no answers wanted
};

// A read-only transaction on any thread, against one consistent state. REQUIRES: IsReadOnly.
absl::StatusOr<std::string> ReadTxn(const etcdserverpb::TxnRequest& request, mvcc::Store& store, const KvApplier::Header& header);

}  // namespace etcdlite::apply
