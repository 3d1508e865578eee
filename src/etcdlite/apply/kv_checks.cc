#include <map>
#include <set>

#include "base/status_macros.h"
#include "etcd/kv.pb.h"
#include "etcdlite/apply/errors.h"
#include "etcdlite/apply/kv_requests.h"

namespace etcdlite::apply {
namespace {

using etcdserverpb::RangeRequest;
using etcdserverpb::RequestOp;
using etcdserverpb::TxnRequest;

mvcc::KeyRange RangeOf(const std::string& key, const std::string& end) { return {key, end}; }

// Keys a branch puts and ranges it deletes: no key may be put twice, nor put and deleted, in one revision.
struct Writes {
  std::set<std::string> puts;
  std::vector<const etcdserverpb::DeleteRangeRequest*> deletes;
};

absl::Status CollectWrites(const google::protobuf::RepeatedPtrField<RequestOp>& ops, Writes* writes) {
  for (const RequestOp& op : ops) {
    if (op.has_request_delete_range()) writes->deletes.push_back(&op.request_delete_range());
  }
  const auto deleted = [&](const std::string& key) {
    for (const auto* range : writes->deletes) {
      if (RangeOf(range->key(), range->range_end()).Contains(key)) return true;
    }
    return false;
  };
  for (const RequestOp& op : ops) {
    if (!op.has_request_txn()) continue;
    // Only one branch of the inner transaction runs, so the two may touch the same keys.
    Writes success, failure;
    RETURN_IF_ERROR(CollectWrites(op.request_txn().success(), &success));
    RETURN_IF_ERROR(CollectWrites(op.request_txn().failure(), &failure));
    for (const Writes* inner : {&success, &failure}) {
      for (const std::string& key : inner->puts) {
        if (writes->puts.contains(key) || deleted(key)) return DuplicateKeyError();
      }
    }
    for (Writes* inner : {&success, &failure}) {
      for (const auto* range : inner->deletes) {
        for (const std::string& key : writes->puts) {
          if (RangeOf(range->key(), range->range_end()).Contains(key)) return DuplicateKeyError();
        }
      }
    }
    for (Writes* inner : {&success, &failure}) {
      writes->puts.insert(inner->puts.begin(), inner->puts.end());
      writes->deletes.insert(writes->deletes.end(), inner->deletes.begin(), inner->deletes.end());
    }
  }
  for (const RequestOp& op : ops) {
    if (!op.has_request_put()) continue;
    const std::string& key = op.request_put().key();
    if (deleted(key) || !writes->puts.insert(key).second) return DuplicateKeyError();
  }
  return absl::OkStatus();
}

absl::Status CheckOps(const TxnRequest& request, size_t max_ops) {
  const size_t ops = std::max({request.compare_size(), request.success_size(), request.failure_size()});
  if (ops > max_ops) return TooManyOpsError();
  for (const etcdserverpb::Compare& compare : request.compare()) {
    if (compare.key().empty()) return EmptyKeyError();
  }
  for (const auto* branch : {&request.success(), &request.failure()}) {
    for (const RequestOp& op : *branch) {
      switch (op.request_case()) {
        case RequestOp::kRequestRange: RETURN_IF_ERROR(CheckRange(op.request_range())); break;
        case RequestOp::kRequestPut: RETURN_IF_ERROR(CheckPut(op.request_put())); break;
        case RequestOp::kRequestDeleteRange: RETURN_IF_ERROR(CheckDelete(op.request_delete_range())); break;
        case RequestOp::kRequestTxn: RETURN_IF_ERROR(CheckOps(op.request_txn(), max_ops - ops)); break;
        default: return EmptyKeyError();  // an operation nobody knows
      }
    }
  }
  return absl::OkStatus();
}

bool AnyOp(const TxnRequest& request, bool (*wanted)(const RequestOp&)) {
  for (const auto* branch : {&request.success(), &request.failure()}) {
    for (const RequestOp& op : *branch) {
      if (wanted(op) || (op.has_request_txn() && AnyOp(op.request_txn(), wanted))) return true;
    }
  }
  return false;
}

}  // namespace

absl::Status CheckRange(const RangeRequest& request) {
  if (request.key().empty()) return EmptyKeyError();
  if (!RangeRequest::SortOrder_IsValid(request.sort_order()) || !RangeRequest::SortTarget_IsValid(request.sort_target())) {
    return InvalidSortError();
  }
  return absl::OkStatus();
}

absl::Status CheckPut(const etcdserverpb::PutRequest& request) {
  if (request.key().empty()) return EmptyKeyError();
  if (request.ignore_value() && !request.value().empty()) return ValueProvidedError();
  if (request.ignore_lease() && request.lease() != 0) return LeaseProvidedError();
  return absl::OkStatus();
}

absl::Status CheckDelete(const etcdserverpb::DeleteRangeRequest& request) {
  return request.key().empty() ? EmptyKeyError() : absl::OkStatus();
}

absl::Status CheckTxn(const TxnRequest& request, size_t max_ops) {
  RETURN_IF_ERROR(CheckOps(request, max_ops));
  Writes success, failure;
  RETURN_IF_ERROR(CollectWrites(request.success(), &success));
  return CollectWrites(request.failure(), &failure);
}

mvcc::RangeQuery ToQuery(const RangeRequest& request) {
  mvcc::RangeQuery query;
  query.range = RangeOf(request.key(), request.range_end());
  query.limit = request.limit();
  query.revision = request.revision();
  query.order = static_cast<mvcc::SortOrder>(request.sort_order());
  query.target = static_cast<mvcc::SortTarget>(request.sort_target());
  query.keys_only = request.keys_only();
  query.count_only = request.count_only();
  query.min_mod = request.min_mod_revision();
  query.max_mod = request.max_mod_revision();
  query.min_create = request.min_create_revision();
  query.max_create = request.max_create_revision();
  return query;
}

bool IsReadOnly(const TxnRequest& request) {
  return !AnyOp(request, [](const RequestOp& op) { return op.has_request_put() || op.has_request_delete_range(); });
}

bool HasPut(const TxnRequest& request) {
  return AnyOp(request, [](const RequestOp& op) { return op.has_request_put(); });
}

bool IsSerializable(const TxnRequest& request) {
  return !AnyOp(request, [](const RequestOp& op) { return !op.has_request_range() || !op.request_range().serializable(); });
}

}  // namespace etcdlite::apply
