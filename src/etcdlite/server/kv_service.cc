// etcdserverpb.KV: reads from the store, writes through the log.
#include "etcd/kv.pb.h"
#include "etcdlite/apply/errors.h"
#include "etcdlite/apply/kv_requests.h"
#include "etcdlite/server/service_context.h"

namespace etcdlite::server {
namespace {

using apply::RequestKind;
using rpc::UnaryCall;


constexpr int64_t kSmallRead = 64;  // keys a polling thread serves itself

// A read in progress: owns the request the query points into.
struct PendingRange {
  UnaryCall* call;
  etcdserverpb::RangeRequest request;
};

bool IsSmall(const etcdserverpb::RangeRequest& request) {
  return request.range_end().empty() || request.count_only() || (request.limit() > 0 && request.limit() <= kSmallRead);
}

absl::StatusOr<std::string> Serve(ServiceContext& context, const etcdserverpb::RangeRequest& request, bool may_block) {
  const absl::StatusOr<mvcc::RangeResult> result = context.state->store->Range(apply::ToQuery(request), may_block);
  if (!result.ok()) return result.status();
  return apply::EncodeRangeAnswer(context.HeaderAt(result->revision), *result);
}

// Serves at once what is small and in memory; the rest goes to the reader.
void ServeRange(ServiceContext& context, std::shared_ptr<PendingRange> range) {
  if (IsSmall(range->request)) {
    absl::StatusOr<std::string> answer = Serve(context, range->request, /*may_block=*/false);
    if (!absl::IsUnavailable(answer.status())) {
      range->call->Reply(std::move(answer));
      return;
    }
  }
  context.reader->Run([&context, range = std::move(range)] {
    range->call->Reply(Serve(context, range->request, /*may_block=*/true));
  });
}

void Range(ServiceContext& context, UnaryCall* call) {
  auto range = std::make_shared<PendingRange>();
  range->call = call;
  if (!range->request.ParseFromString(call->request())) return call->Reply(MalformedError());
  if (absl::Status ok = apply::CheckRange(range->request); !ok.ok()) return call->Reply(ok);
  if (context.auth_on.load(std::memory_order_relaxed)) {
    const absl::StatusOr<std::string> user = context.UserOf(*call);
    if (!user.ok()) return call->Reply(user.status());
    std::lock_guard<std::mutex> lock(context.state->mu);
    if (absl::Status ok = context.state->auth.CheckRange(*user, range->request); !ok.ok()) return call->Reply(ok);
  }
  if (!range->request.serializable() && context.IsLearner()) return call->Reply(apply::LearnerError());
  if (range->request.serializable() || context.node->ReadsAreLocal()) return ServeRange(context, std::move(range));
  context.node->ReadBarrier([&context, range = std::move(range)](absl::Status reached) mutable {
    if (!reached.ok()) return range->call->Reply(reached);
    context.reader->Run([&context, range = std::move(range)] {
      range->call->Reply(Serve(context, range->request, /*may_block=*/true));
    });
  });
}

void Propose(ServiceContext& context, UnaryCall* call, RequestKind kind) {
  if (absl::Status size = context.CheckSize(call->request().size()); !size.ok()) return call->Reply(size);
  absl::StatusOr<std::string> user = context.UserOf(*call);
  if (!user.ok()) return call->Reply(user.status());
  context.node->Propose(kind, call->request(), *std::move(user),
                        [call](absl::StatusOr<std::string> answer) { call->Reply(std::move(answer)); });
}

void Put(ServiceContext& context, UnaryCall* call) {
  etcdserverpb::PutRequest request;
  if (!request.ParseFromString(call->request())) return call->Reply(MalformedError());
  if (absl::Status ok = apply::CheckPut(request); !ok.ok()) return call->Reply(ok);
  if (absl::Status space = context.CheckQuota(); !space.ok()) return call->Reply(space);
  Propose(context, call, RequestKind::kPut);
}

void DeleteRange(ServiceContext& context, UnaryCall* call) {
  etcdserverpb::DeleteRangeRequest request;
  if (!request.ParseFromString(call->request())) return call->Reply(MalformedError());
  if (absl::Status ok = apply::CheckDelete(request); !ok.ok()) return call->Reply(ok);
  Propose(context, call, RequestKind::kDeleteRange);
}

void ServeReadTxn(ServiceContext& context, UnaryCall* call) {
  context.reader->Run([&context, call] {
    etcdserverpb::TxnRequest request;
    absl::StatusOr<std::string> answer = MalformedError();
    if (request.ParseFromString(call->request())) {
      const apply::KvApplier::Header header = [&context](int64_t revision) { return context.HeaderAt(revision); };
      context.state->store->Write([&](mvcc::Store& store) { answer = apply::ReadTxn(request, store, header); });
    }
    call->Reply(std::move(answer));
  });
}

void Txn(ServiceContext& context, UnaryCall* call) {
  etcdserverpb::TxnRequest request;
  if (!request.ParseFromString(call->request())) return call->Reply(MalformedError());
  if (absl::Status ok = apply::CheckTxn(request, context.flags->max_txn_ops); !ok.ok()) return call->Reply(ok);
  if (!apply::IsReadOnly(request)) {
    if (apply::HasPut(request)) {
      if (absl::Status space = context.CheckQuota(); !space.ok()) return call->Reply(space);
    }
    return Propose(context, call, RequestKind::kTxn);
  }
  if (context.auth_on.load(std::memory_order_relaxed)) {
    const absl::StatusOr<std::string> user = context.UserOf(*call);
    if (!user.ok()) return call->Reply(user.status());
    std::lock_guard<std::mutex> lock(context.state->mu);
    if (absl::Status ok = context.state->auth.CheckTxn(*user, request); !ok.ok()) return call->Reply(ok);
  }
  if (apply::IsSerializable(request) || context.node->ReadsAreLocal()) return ServeReadTxn(context, call);
  context.node->ReadBarrier([&context, call](absl::Status reached) {
    if (!reached.ok()) return call->Reply(reached);
    ServeReadTxn(context, call);
  });
}

// It takes history from everybody: as etcd's, root's business once there are users.
void Compact(ServiceContext& context, UnaryCall* call) {
  if (absl::Status admin = context.CheckAdmin(*call); !admin.ok()) return call->Reply(admin);
  Propose(context, call, RequestKind::kCompaction);
}

}  // namespace

void AddKvMethods(ServiceContext& context, std::vector<rpc::Method>* methods) {
  const auto add = [&](const char* path, void (*method)(ServiceContext&, UnaryCall*), int prefetch) {
    methods->push_back({path, [&context, method](UnaryCall* call) { method(context, call); }, nullptr, prefetch});
  };
  add("/etcdserverpb.KV/Range", Range, 16);
  add("/etcdserverpb.KV/Put", Put, 16);
  add("/etcdserverpb.KV/DeleteRange", DeleteRange, 2);
  add("/etcdserverpb.KV/Txn", Txn, 16);
  add("/etcdserverpb.KV/Compact", Compact, 1);
}

}  // namespace etcdlite::server
