// etcdserverpb.Watch: one stream carries any number of watches.
#include "absl/strings/str_cat.h"
#include "etcd/watch.pb.h"
#include "etcdlite/server/service_context.h"

namespace etcdlite::server {
namespace {

// The hub's end of a client stream.
class StreamSink final : public mvcc::WatchSink {
 public:
  explicit StreamSink(std::shared_ptr<rpc::Stream> stream) : stream_(std::move(stream)) {}
  void Enqueue(std::string response) override { stream_->Enqueue(std::move(response)); }
  size_t QueuedBytes() const override { return stream_->QueuedBytes(); }
  void Kick() override { stream_->Kick(); }

 private:
  const std::shared_ptr<rpc::Stream> stream_;
};

class WatchStream final : public rpc::StreamHandler {
 public:
  WatchStream(ServiceContext& context, std::shared_ptr<rpc::Stream> stream)
      : context_(context), stream_(stream), sink_(std::make_shared<StreamSink>(std::move(stream))) {}

  void OnMessage(std::string message) override {
    etcdserverpb::WatchRequest request;
    if (!request.ParseFromString(message)) return;
    switch (request.request_union_case()) {
      case etcdserverpb::WatchRequest::kCreateRequest: Create(request.create_request()); break;
      case etcdserverpb::WatchRequest::kCancelRequest:
        context_.hub->Cancel(sink_, request.cancel_request().watch_id());
        break;
      case etcdserverpb::WatchRequest::kProgressRequest: context_.hub->RequestProgress(sink_); break;
      default: break;
    }
  }
  void OnHalfClose() override { stream_->Finish(absl::OkStatus()); }
  void OnDone() override { context_.hub->DropSink(sink_.get()); }

 private:
  void Create(const etcdserverpb::WatchCreateRequest& request) {
    if (context_.auth_on.load(std::memory_order_relaxed)) {
      absl::Status allowed;
      const absl::StatusOr<std::string> user = context_.UserFrom(stream_->Metadata("token"), stream_->PeerCommonName());
      if (user.ok()) {
        std::lock_guard<std::mutex> lock(context_.state->mu);
        allowed = context_.state->auth.CheckAccess(*user, {request.key(), request.range_end()}, auth::Access::kRead);
      } else {
        allowed = user.status();
      }
      if (!allowed.ok()) return context_.hub->Refuse(sink_, absl::StrCat("rpc error: code = ", absl::IsPermissionDenied(allowed) ? "PermissionDenied" : "InvalidArgument", " desc = ", allowed.message()));
    }
    mvcc::WatchOptions options;
    options.key = request.key();
    options.end = request.range_end();
    options.start_revision = request.start_revision();
    options.watch_id = request.watch_id();
    for (const int filter : request.filters()) {
      if (filter == etcdserverpb::WatchCreateRequest::NOPUT) options.no_put = true;
      if (filter == etcdserverpb::WatchCreateRequest::NODELETE) options.no_delete = true;
    }
    options.prev_kv = request.prev_kv();
    options.progress_notify = request.progress_notify();
    options.fragment = request.fragment();
    context_.hub->Create(sink_, std::move(options));
  }

  ServiceContext& context_;
  const std::shared_ptr<rpc::Stream> stream_;
  const std::shared_ptr<StreamSink> sink_;
};

}  // namespace

void AddWatchMethods(ServiceContext& context, std::vector<rpc::Method>* methods) {
  methods->push_back({"/etcdserverpb.Watch/Watch", nullptr, [&context](std::shared_ptr<rpc::Stream> stream) {
                        return std::make_unique<WatchStream>(context, std::move(stream));
                      }, 4});
}

}  // namespace etcdlite::server
