#include "etcdlite/apply/kv_requests.h"

#include "base/status_macros.h"
#include "etcd/kv.pb.h"
#include "etcdlite/apply/answers.h"
#include "etcdlite/apply/errors.h"
#include "etcdlite/mvcc/kv_codec.h"

namespace etcdlite::apply {
namespace {

using etcdserverpb::Compare;
using etcdserverpb::DeleteRangeRequest;
using etcdserverpb::PutRequest;
using etcdserverpb::RangeRequest;
using etcdserverpb::RequestOp;
using etcdserverpb::TxnRequest;
using mvcc::AppendBool;
using mvcc::AppendInt;
using mvcc::AppendLengthDelimited;
using mvcc::KeyChange;
using mvcc::KvBytes;

bool Holds(Compare::CompareResult wanted, int order) {
  switch (wanted) {
    case Compare::EQUAL: return order == 0;
    case Compare::NOT_EQUAL: return order != 0;
    case Compare::GREATER: return order > 0;
    case Compare::LESS: return order < 0;
    default: return true;  // as etcd: an unknown comparison does not object
  }
}

int Order(int64_t a, int64_t b) { return a < b ? -1 : a > b ? 1 : 0; }

// `change` and `value` are zero and empty for an absent key.
bool HoldsFor(const Compare& compare, const KeyChange& change, absl::string_view value) {
  switch (compare.target()) {
    case Compare::VALUE: {
      const int order = value.compare(compare.value());
      return Holds(compare.result(), order);
    }
    case Compare::CREATE: return Holds(compare.result(), Order(change.create_revision, compare.create_revision()));
    case Compare::MOD: return Holds(compare.result(), Order(change.main, compare.mod_revision()));
    case Compare::VERSION: return Holds(compare.result(), Order(change.version, compare.version()));
    case Compare::LEASE: return Holds(compare.result(), Order(change.lease, compare.lease()));
    default: return true;
  }
}

bool HoldsAll(const Compare& compare, const mvcc::WriteTxn& txn) {
  mvcc::RangeQuery query;
  query.range = {compare.key(), compare.range_end()};
  query.keys_only = compare.target() != Compare::VALUE;
  const absl::StatusOr<mvcc::RangeResult> found = txn.Range(query);
  if (!found.ok()) return false;
  if (found->items.empty()) {
    return compare.target() != Compare::VALUE && HoldsFor(compare, KeyChange{}, {});
  }
  for (const mvcc::RangeItem& item : found->items) {
    absl::string_view value;
    if (compare.target() == Compare::VALUE) {
      const auto kv = mvcc::ParseKeyValue(*item.bytes);
      if (kv.has_value()) value = kv->value;
    }
    if (!HoldsFor(compare, item.change, value)) return false;
  }
  return true;
}

bool HoldsAll(const TxnRequest& request, const mvcc::WriteTxn& txn) {
  for (const Compare& compare : request.compare()) {
    if (!HoldsAll(compare, txn)) return false;
  }
  return true;
}

}  // namespace

std::string KvApplier::HeaderFor(int64_t revision, Nesting nesting) const {
  if (nesting == Nesting::kTop) return (*header_)(revision);
  std::string out;  // inner answers carry the revision alone
  AppendInt(3, revision, &out);
  return out;
}

absl::Status KvApplier::CheckPutState(const PutRequest& request) const {
  if (request.ignore_value() || request.ignore_lease()) {
    mvcc::RangeQuery query;
    query.range = {request.key(), {}};
    query.keys_only = true;
    ASSIGN_OR_RETURN(const mvcc::RangeResult found, txn_.Range(query));
    if (found.items.empty()) return KeyNotFoundError();
  }
  if (request.lease() != 0 && !lessor_.Exists(request.lease())) return LeaseNotFoundError();
  return absl::OkStatus();
}

absl::StatusOr<std::string> KvApplier::Put(const PutRequest& request) {
  RETURN_IF_ERROR(CheckPutState(request));
  return DoPut(request, Nesting::kTop);
}

absl::StatusOr<std::string> KvApplier::DoPut(const PutRequest& request, Nesting nesting) {
  std::string kept_value;
  absl::string_view value = request.value();
  int64_t lease = request.lease();
  if (request.ignore_value() || request.ignore_lease()) {
    mvcc::RangeQuery query;
    query.range = {request.key(), {}};
    ASSIGN_OR_RETURN(const mvcc::RangeResult found, txn_.Range(query));
    if (found.items.empty()) return KeyNotFoundError();
    if (request.ignore_lease()) lease = found.items[0].change.lease;
    if (request.ignore_value()) {
      const auto kv = mvcc::ParseKeyValue(*found.items[0].bytes);
      if (kv.has_value()) kept_value = std::string(kv->value);
      value = kept_value;
    }
  }
  const mvcc::WriteTxn::Replaced replaced = txn_.Put(request.key(), value, lease);
  if (replaced.existed && replaced.before.lease != 0 && replaced.before.lease != lease) {
    lessor_.Detach(replaced.before.lease, request.key());
  }
  if (lease != 0) lessor_.Attach(lease, request.key());
  std::string out;
  if (header_ == nullptr) return out;
  AppendLengthDelimited(1, HeaderFor(txn_.revision(), nesting), &out);
  if (request.prev_kv() && replaced.existed) {
    ASSIGN_OR_RETURN(const KvBytes previous, txn_.Fetch(replaced.before.revision()));
    AppendLengthDelimited(2, *previous, &out);
  }
  return out;
}

absl::StatusOr<std::string> KvApplier::DeleteRange(const DeleteRangeRequest& request) {
  return DoDelete(request, Nesting::kTop);
}

absl::StatusOr<std::string> KvApplier::DoDelete(const DeleteRangeRequest& request, Nesting nesting) {
  const auto deleted = txn_.DeleteRange({request.key(), request.range_end()});
  for (const auto& [key, before] : deleted) {
    if (before.lease != 0) lessor_.Detach(before.lease, key);
  }
  std::string out;
  if (header_ == nullptr) return out;
  AppendLengthDelimited(1, HeaderFor(txn_.revision(), nesting), &out);
  AppendInt(2, static_cast<int64_t>(deleted.size()), &out);
  if (request.prev_kv()) {
    for (const auto& [key, before] : deleted) {
      ASSIGN_OR_RETURN(const KvBytes previous, txn_.Fetch(before.revision()));
      AppendLengthDelimited(3, *previous, &out);
    }
  }
  return out;
}

void KvApplier::DeleteKeys(const std::vector<std::string>& keys) {
  for (const std::string& key : keys) txn_.DeleteRange({key, {}});
}

absl::StatusOr<std::string> KvApplier::DoRange(const RangeRequest& request) {
  if (header_ == nullptr) return std::string();  // a read changes nothing
  ASSIGN_OR_RETURN(const mvcc::RangeResult result, txn_.Range(ToQuery(request)));
  return EncodeRangeAnswer(HeaderFor(txn_.revision(), Nesting::kInner), result);
}

// Conditions of inner transactions are decided before anything runs, in depth-first order.
void KvApplier::ChoosePath(const TxnRequest& request, std::vector<bool>* path) const {
  const bool succeeded = HoldsAll(request, txn_);
  path->push_back(succeeded);
  for (const RequestOp& op : succeeded ? request.success() : request.failure()) {
    if (op.has_request_txn()) ChoosePath(op.request_txn(), path);
  }
}

absl::Status KvApplier::CheckTxnState(const TxnRequest& request, const std::vector<bool>& path, size_t* at) const {
  const bool succeeded = path[(*at)++];
  for (const RequestOp& op : succeeded ? request.success() : request.failure()) {
    if (op.has_request_put()) {
      RETURN_IF_ERROR(CheckPutState(op.request_put()));
    } else if (op.has_request_range()) {
      mvcc::RangeQuery query;  // cheap: only the revision matters
      query.range = {op.request_range().key(), {}};
      query.revision = op.request_range().revision();
      query.count_only = true;
      RETURN_IF_ERROR(txn_.Range(query).status());
    } else if (op.has_request_txn()) {
      RETURN_IF_ERROR(CheckTxnState(op.request_txn(), path, at));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> KvApplier::Txn(const TxnRequest& request) {
  std::vector<bool> path;
  ChoosePath(request, &path);
  size_t at = 0;
  RETURN_IF_ERROR(CheckTxnState(request, path, &at));
  at = 0;
  return DoTxn(request, path, &at, Nesting::kTop);
}

absl::StatusOr<std::string> KvApplier::DoTxn(const TxnRequest& request, const std::vector<bool>& path, size_t* at,
                                             Nesting nesting) {
  enum ResponseOpField { kRange = 1, kPut = 2, kDelete = 3, kTxn = 4 };
  const bool succeeded = path[(*at)++];
  std::string responses;
  for (const RequestOp& op : succeeded ? request.success() : request.failure()) {
    absl::StatusOr<std::string> answer = std::string();
    int field = 0;
    switch (op.request_case()) {
      case RequestOp::kRequestRange: answer = DoRange(op.request_range()); field = kRange; break;
      case RequestOp::kRequestPut: answer = DoPut(op.request_put(), Nesting::kInner); field = kPut; break;
      case RequestOp::kRequestDeleteRange: answer = DoDelete(op.request_delete_range(), Nesting::kInner); field = kDelete; break;
      case RequestOp::kRequestTxn: answer = DoTxn(op.request_txn(), path, at, Nesting::kInner); field = kTxn; break;
      default: continue;
    }
    if (!answer.ok()) return answer;
    if (header_ == nullptr) continue;
    std::string response_op;
    AppendLengthDelimited(field, *answer, &response_op);
    AppendLengthDelimited(3, response_op, &responses);
  }
  std::string out;
  if (header_ == nullptr) return out;
  // Inner transactions' headers are empty in etcd's answers.
  AppendLengthDelimited(1, nesting == Nesting::kTop ? HeaderFor(txn_.revision(), nesting) : std::string(), &out);
  AppendBool(2, succeeded, &out);
  return out + responses;
}

absl::StatusOr<std::string> ReadTxn(const TxnRequest& request, mvcc::Store& store, const KvApplier::Header& header) {
  mvcc::WriteTxn txn(&store);
  lease::Lessor none;
  return KvApplier(txn, none, &header).Txn(request);
}

}  // namespace etcdlite::apply
