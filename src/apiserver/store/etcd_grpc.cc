#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <mutex>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "apiserver/store/call_series.h"
#include "apiserver/store/store.h"
#include "base/file.h"
#include "base/http/unary_channel.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "etcd/kv.pb.h"
#include "etcd/lease.pb.h"
#include "etcd/maintenance.pb.h"
#include "etcd/watch.grpc.pb.h"

namespace apiserver::store {
namespace {

namespace pb = etcdserverpb;

constexpr absl::Duration kCallTimeout = absl::Seconds(10);
constexpr absl::Duration kSizeTimeout = absl::Seconds(1);  // whoever looks at metrics does not wait long
constexpr absl::Duration kConnectTimeout = absl::Seconds(2);
constexpr absl::Duration kRetryFor = absl::Seconds(10);
constexpr absl::string_view kRegistry = "/registry/";
// A store counts all that is left for every page, so a whole read has few of them: as large as these bytes let it.
constexpr int64_t kPageBytes = 32 << 20;
constexpr int64_t kFirstPage = 500, kSmallestPage = 20, kLargestPage = 10'000;

// How many keys to ask for after `last`, when values go on to be as large as they were.
int64_t NextPage(const pb::RangeResponse& last) {
  int64_t bytes = 0;
  for (const mvccpb::KeyValue& kv : last.kvs()) bytes += static_cast<int64_t>(kv.value().size());
  const int64_t fit = kPageBytes * last.kvs_size() / std::max<int64_t>(bytes, 1);
  return std::clamp(fit, kSmallestPage, kLargestPage);
}
constexpr char kCompactKey[] = "compact_rev_key";
constexpr absl::string_view kRange = "/etcdserverpb.KV/Range", kTxn = "/etcdserverpb.KV/Txn",
                            kCompact = "/etcdserverpb.KV/Compact", kStatus = "/etcdserverpb.Maintenance/Status", kLeaseGrant = "/etcdserverpb.Lease/LeaseGrant";

std::string PrefixEnd(absl::string_view prefix) {
  std::string end(prefix);
  while (!end.empty()) {
    if (static_cast<unsigned char>(end.back()) != 0xff) {
      ++end.back();
      return end;
    }
    end.pop_back();
  }
  return std::string(1, '\0');
}

KeyValue FromProto(mvccpb::KeyValue& kv) {
  return {std::move(*kv.mutable_key()), std::move(*kv.mutable_value()), kv.mod_revision()};
}

// One member. The many small calls have a connection of their own; the watch goes by gRPC's library.
struct Endpoint {
  std::unique_ptr<base::http::UnaryChannel> calls;
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<pb::Watch::Stub> watch;
};

// A connection only makes progress while something waits on its channel; calls that fail at once do not.
void AwaitConnection(const Endpoint& endpoint) {
  if (endpoint.channel->GetState(/*try_to_connect=*/true) == GRPC_CHANNEL_READY) return;
  endpoint.channel->WaitForConnected(absl::ToChronoTime(absl::Now() + kConnectTimeout));
}

// The members, and which one is asked first.
class Endpoints {
 public:
  explicit Endpoints(std::vector<Endpoint> list) : list_(std::move(list)) {}
  size_t size() const { return list_.size(); }
  size_t current() const { return current_.load() % list_.size(); }
  const Endpoint& at(size_t i) const { return list_[i % list_.size()]; }
  // The member at `failed` did not answer: ask the next one from now on.
  void Rotate(size_t failed) { current_.compare_exchange_strong(failed, (failed + 1) % list_.size()); }

 private:
  const std::vector<Endpoint> list_;
  std::atomic<size_t> current_{0};
};

// One etcd watch that survives its connections. A thread reads; progress requests are written by others.
class EtcdWatch final : public WatchHandle {
 public:
  EtcdWatch(std::shared_ptr<Endpoints> endpoints, std::string prefix, int64_t revision, WatchSink sink)
      : endpoints_(std::move(endpoints)), prefix_(std::move(prefix)), delivered_(revision), sink_(std::move(sink)) {
    thread_ = std::thread([this] { Run(); });
  }
  ~EtcdWatch() override {
    {
      const std::lock_guard lock(mu_);
      stopping_ = true;
      if (context_ != nullptr) context_->TryCancel();
    }
    wake_.notify_all();
    thread_.join();
  }

  void RequestProgress() override {
    const std::lock_guard lock(mu_);
    if (stream_ == nullptr || !created_) return;
    pb::WatchRequest request;
    request.mutable_progress_request();
    if (stream_->Write(request)) series_.Sent();
  }

 private:
  using Stream = grpc::ClientReaderWriter<pb::WatchRequest, pb::WatchResponse>;

  void Run() {
    while (true) {
      const size_t at = endpoints_->current();
      grpc::ClientContext context;
      // A member cut off from its quorum must not keep us: ask for one that has a leader.
      context.AddMetadata("hasleader", "true");
      std::unique_ptr<Stream> stream;
      {
        const std::lock_guard lock(mu_);
        if (stopping_) return;
        context_ = &context;
      }
      AwaitConnection(endpoints_->at(at));
      stream = endpoints_->at(at).watch->Watch(&context);
      series_.Started();
      const bool compacted = Follow(stream.get());
      {
        const std::lock_guard lock(mu_);
        stream_ = nullptr;
        created_ = false;
      }
      context.TryCancel();
      const grpc::Status status = stream->Finish();
      series_.Handled(static_cast<int>(status.error_code()));
      std::unique_lock lock(mu_);
      context_ = nullptr;
      if (stopping_) return;
      if (compacted) {
        lock.unlock();
        return sink_.on_compacted();
      }
      base::LogWarning("store watch interrupted, reconnecting revision=", delivered_, " error=", status.error_message());
      endpoints_->Rotate(at);
      wake_.wait_for(lock, std::chrono::milliseconds(200), [this] { return stopping_; });
    }
  }

  // True when the history is compacted; false when the stream broke.
  bool Follow(Stream* stream) {
    pb::WatchRequest request;
    pb::WatchCreateRequest* create = request.mutable_create_request();
    create->set_key(prefix_);
    create->set_range_end(PrefixEnd(prefix_));
    create->set_start_revision(delivered_ + 1);
    create->set_progress_notify(true);
    create->set_fragment(true);
    if (!stream->Write(request)) return false;
    series_.Sent();
    {
      const std::lock_guard lock(mu_);
      stream_ = stream;
    }
    std::vector<Event> events;
    pb::WatchResponse response;
    while (stream->Read(&response)) {
      series_.Received();
      if (response.compact_revision() != 0) return true;
      if (response.canceled()) return false;
      if (response.created()) {
        const std::lock_guard lock(mu_);
        created_ = true;
      }
      for (mvccpb::Event& e : *response.mutable_events()) {
        events.push_back({e.type() == mvccpb::Event::DELETE, FromProto(*e.mutable_kv())});
      }
      if (response.fragment()) continue;
      if (!events.empty()) {
        delivered_ = events.back().kv.mod_revision;
        sink_.on_events(std::exchange(events, {}));
      } else if (!response.created()) {
        delivered_ = std::max(delivered_, response.header().revision());
        sink_.on_progress(response.header().revision());
      }
    }
    return false;
  }

  const std::shared_ptr<Endpoints> endpoints_;
  const std::string prefix_;
  CallSeries& series_ = CallSeries::Of("/etcdserverpb.Watch/Watch", CallSeries::Kind::kStream);
  int64_t delivered_;  // watch thread only
  const WatchSink sink_;
  std::mutex mu_;
  std::condition_variable wake_;
  grpc::ClientContext* context_ = nullptr;
  Stream* stream_ = nullptr;
  bool created_ = false, stopping_ = false;
  std::thread thread_;
};

class EtcdStore final : public Store {
 public:
  explicit EtcdStore(std::shared_ptr<Endpoints> endpoints) : endpoints_(std::move(endpoints)) {}

  absl::StatusOr<std::optional<KeyValue>> Get(absl::string_view key, int64_t* revision) override {
    pb::RangeRequest request;
    request.set_key(std::string(key));
    pb::RangeResponse response;
    RETURN_IF_ERROR(Range(request, &response));
    if (revision != nullptr) *revision = response.header().revision();
    if (response.kvs().empty()) return std::optional<KeyValue>();
    return std::optional<KeyValue>(FromProto(*response.mutable_kvs(0)));
  }

  absl::StatusOr<int64_t> List(absl::string_view prefix, absl::string_view from, int64_t revision, int64_t page,
                               absl::FunctionRef<bool(KeyValue)> each) override {
    const std::string end = PrefixEnd(prefix);
    const bool whole = page == kWholeRead;
    int64_t limit = whole ? kFirstPage : page;
    const auto fetch = [&](const std::string& start, pb::RangeResponse* response) {
      pb::RangeRequest request;
      request.set_key(start);
      request.set_range_end(end);
      request.set_limit(limit);
      request.set_revision(revision);
      return Range(request, response);
    };
    pb::RangeResponse response, next;
    RETURN_IF_ERROR(fetch(std::string(from.empty() ? prefix : from), &response));
    if (revision == 0) revision = response.header().revision();
    while (true) {
      const bool more = response.more() && !response.kvs().empty();
      const std::string start = more ? response.kvs(response.kvs_size() - 1).key() + std::string(1, '\0') : "";
      // The next page of a whole read is under way while this one is looked at.
      std::future<absl::Status> fetched;
      if (more && whole) {
        limit = NextPage(response);
        fetched = std::async(std::launch::async, [&] { return fetch(start, &next); });
      }
      for (mvccpb::KeyValue& kv : *response.mutable_kvs()) {
        if (!each(FromProto(kv))) return revision;
      }
      if (!more) return revision;
      RETURN_IF_ERROR(fetched.valid() ? fetched.get() : fetch(start, &next));
      response.Swap(&next);
    }
  }

  absl::StatusOr<int64_t> Count(absl::string_view prefix, absl::string_view from, int64_t revision) override {
    pb::RangeRequest request;
    request.set_key(std::string(from.empty() ? prefix : from));
    request.set_range_end(PrefixEnd(prefix));
    request.set_revision(revision);
    request.set_count_only(true);
    pb::RangeResponse response;
    RETURN_IF_ERROR(Range(request, &response));
    return response.count();
  }

  absl::StatusOr<int64_t> Revision() override {
    pb::RangeRequest request;
    request.set_key(std::string(kRegistry));
    request.set_count_only(true);
    pb::RangeResponse response;
    RETURN_IF_ERROR(Range(request, &response));
    return response.header().revision();
  }

  void AskRevision(std::function<void(absl::StatusOr<int64_t>)> answer) override {
    static const std::string* const question = [] {
      pb::RangeRequest request;
      request.set_key(std::string(kRegistry));
      request.set_count_only(true);
      return new std::string(request.SerializeAsString());
    }();
    range_.Started();
    range_.Sent();
    endpoints_->at(endpoints_->current()).calls->Start(
        kRange, *question, kCallTimeout, [answer = std::move(answer), &series = range_](absl::Status status, std::string text) {
          series.Handled(static_cast<int>(status.code()));
          if (!status.ok()) return answer(std::move(status));
          pb::RangeResponse response;
          if (!response.ParseFromString(text)) return answer(absl::DataLossError("etcd: unreadable response"));
          answer(response.header().revision());
        });
  }

  absl::StatusOr<WriteResult> Create(absl::string_view key, absl::string_view value, int64_t lease) override {
    return Guarded(key, 0, &value, lease);
  }
  absl::StatusOr<WriteResult> Update(absl::string_view key, absl::string_view value, int64_t expected,
                                     int64_t lease) override {
    return Guarded(key, expected, &value, lease);
  }
  absl::StatusOr<WriteResult> Delete(absl::string_view key, int64_t expected) override {
    return Guarded(key, expected, nullptr);
  }

  absl::StatusOr<int64_t> GrantLease(absl::Duration ttl) override {
    pb::LeaseGrantRequest request;
    request.set_ttl(absl::ToInt64Seconds(ttl));
    pb::LeaseGrantResponse response;
    RETURN_IF_ERROR(Call(kLeaseGrant, /*retry=*/true, request, &response));
    return response.id();
  }

  std::unique_ptr<WatchHandle> Watch(std::string prefix, int64_t revision, WatchSink sink) override {
    return std::make_unique<EtcdWatch>(endpoints_, std::move(prefix), revision, std::move(sink));
  }

  std::vector<std::optional<int64_t>> Sizes() override {
    const std::string body = pb::StatusRequest().SerializeAsString();
    CallSeries& series = CallSeries::Of(kStatus);
    std::vector<std::optional<int64_t>> sizes;
    for (size_t i = 0; i < endpoints_->size(); ++i) {
      series.Started();
      series.Sent();
      std::string answer;
      const absl::Status status = endpoints_->at(i).calls->Call(kStatus, body, kSizeTimeout, &answer);
      series.Handled(static_cast<int>(status.code()));
      pb::StatusResponse response;
      const bool told = status.ok() && response.ParseFromString(answer);
      sizes.push_back(told ? std::optional<int64_t>(response.dbsize()) : std::nullopt);
    }
    return sizes;
  }

  absl::Status Compact(int64_t* version, int64_t* revision) override {
    pb::TxnRequest txn;
    pb::Compare* compare = txn.add_compare();
    compare->set_key(kCompactKey);
    compare->set_target(pb::Compare::VERSION);
    compare->set_version(*version);
    pb::PutRequest* put = txn.add_success()->mutable_request_put();
    put->set_key(kCompactKey);
    put->set_value(absl::StrCat(*revision));
    txn.add_failure()->mutable_request_range()->set_key(kCompactKey);
    pb::TxnResponse response;
    RETURN_IF_ERROR(Call(kTxn, /*retry=*/false, txn, &response));
    const int64_t compact_at = *revision;
    *revision = response.header().revision();
    if (!response.succeeded()) {  // another API server was first in this period
      const auto& range = response.responses(0).response_range();
      *version = range.kvs().empty() ? 0 : range.kvs(0).version();
      return absl::OkStatus();
    }
    ++*version;
    if (compact_at == 0) return absl::OkStatus();
    pb::CompactionRequest request;
    request.set_revision(compact_at);
    pb::CompactionResponse done;
    const absl::Status status = Call(kCompact, /*retry=*/false, request, &done);
    return absl::IsOutOfRange(status) ? absl::OkStatus() : status;  // compacted already
  }

 private:
  // When the member cannot be reached, asks the others too, for some seconds.
  absl::Status Call(absl::string_view method, bool retry, const google::protobuf::MessageLite& request,
                    google::protobuf::MessageLite* response, int* attempts = nullptr) {
    const std::string body = request.SerializeAsString();
    CallSeries& series = SeriesOf(method);
    const absl::Time give_up = absl::Now() + kRetryFor;
    for (int attempt = 0;; ++attempt) {
      if (attempts != nullptr) ++*attempts;
      const size_t at = endpoints_->current();
      std::string answer;
      series.Started();
      series.Sent();
      const absl::Status status = endpoints_->at(at).calls->Call(method, body, kCallTimeout, &answer);
      series.Handled(static_cast<int>(status.code()));
      if (status.ok()) {
        return response->ParseFromString(answer) ? absl::OkStatus() : absl::DataLossError("etcd: unreadable response");
      }
      const bool unreachable = absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status);
      if (unreachable) endpoints_->Rotate(at);
      if (!unreachable || !retry || absl::Now() > give_up) {
        return absl::Status(status.code(), absl::StrCat("etcd: ", status.message()));
      }
      absl::SleepFor(std::min(absl::Milliseconds(20) * (attempt + 1), absl::Milliseconds(250)));
    }
  }

  CallSeries& SeriesOf(absl::string_view method) const { return method == kRange ? range_ : method == kTxn ? txn_ : CallSeries::Of(method); }

  absl::Status Range(const pb::RangeRequest& request, pb::RangeResponse* response) {
    return Call(kRange, /*retry=*/true, request, response);
  }

  // One transaction: when the key's mod revision is `expected` (0: absent) put `value` or (nullptr) delete, else
  // read what is there. Repeated when the answer got lost: values carry unique ids and times, so finding our own value
  // in the way means that the lost attempt was carried out.
  absl::StatusOr<WriteResult> Guarded(absl::string_view key, int64_t expected, const absl::string_view* value,
                                      int64_t lease = 0) {
    pb::TxnRequest txn;
    pb::Compare* compare = txn.add_compare();
    compare->set_key(std::string(key));
    compare->set_target(pb::Compare::MOD);
    compare->set_mod_revision(expected);
    if (value != nullptr) {
      pb::PutRequest* put = txn.add_success()->mutable_request_put();
      put->set_key(std::string(key));
      put->set_value(std::string(*value));
      put->set_lease(lease);
    } else {
      txn.add_success()->mutable_request_delete_range()->set_key(std::string(key));
    }
    txn.add_failure()->mutable_request_range()->set_key(std::string(key));
    pb::TxnResponse response;
    int attempts = 0;
    RETURN_IF_ERROR(Call(kTxn, /*retry=*/true, txn, &response, &attempts));
    WriteResult result;
    result.done = response.succeeded();
    result.revision = response.header().revision();
    if (result.done) return result;
    if (response.responses_size() > 0 && response.responses(0).response_range().kvs_size() > 0) {
      result.current = FromProto(*response.mutable_responses(0)->mutable_response_range()->mutable_kvs(0));
    }
    if (attempts > 1 && value != nullptr && result.current && result.current->value == *value) {
      result.done = true;
      result.revision = result.current->mod_revision;
    } else if (attempts > 1 && value == nullptr && !result.current) {
      result.done = true;
    }
    return result;
  }

  const std::shared_ptr<Endpoints> endpoints_;
  CallSeries& range_ = CallSeries::Of(kRange);
  CallSeries& txn_ = CallSeries::Of(kTxn);
};

}  // namespace

absl::StatusOr<std::unique_ptr<Store>> ConnectEtcd(const StoreOptions& options) {
  if (options.endpoints.empty()) return absl::InvalidArgumentError("--etcd-servers is required");
  grpc::SslCredentialsOptions ssl;
  if (!options.ca_file.empty()) {
    ASSIGN_OR_RETURN(ssl.pem_root_certs, base::ReadFile(options.ca_file));
  }
  if (!options.cert_file.empty()) {
    ASSIGN_OR_RETURN(ssl.pem_cert_chain, base::ReadFile(options.cert_file));
    ASSIGN_OR_RETURN(ssl.pem_private_key, base::ReadFile(options.key_file));
  }
  std::vector<Endpoint> list;
  for (const std::string& url : options.endpoints) {
    absl::string_view address = url;
    const bool tls = absl::ConsumePrefix(&address, "https://");
    absl::ConsumePrefix(&address, "http://");
    absl::ConsumeSuffix(&address, "/");
    grpc::ChannelArguments args;
    args.SetMaxReceiveMessageSize(-1);
    args.SetMaxSendMessageSize(-1);
    args.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 30000);
    args.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10000);
    args.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 50);
    args.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2000);
    Endpoint e;
    base::http::UnaryChannelOptions calls;
    const size_t colon = address.rfind(':');
    const bool has_port = colon != absl::string_view::npos && colon > address.rfind(']') + 1;
    calls.host = std::string(absl::StripSuffix(absl::StripPrefix(address.substr(0, has_port ? colon : address.size()), "["), "]"));
    if (!has_port) {
      calls.port = tls ? 443 : 80;
    } else if (!absl::SimpleAtoi(address.substr(colon + 1), &calls.port)) {
      return absl::InvalidArgumentError(absl::StrCat("--etcd-servers: ", url, " has no port"));
    }
    calls.tls = tls;
    calls.ca_file = options.ca_file;
    calls.cert_file = options.cert_file;
    calls.key_file = options.key_file;
    ASSIGN_OR_RETURN(e.calls, base::http::UnaryChannel::Create(std::move(calls)));
    e.channel = grpc::CreateCustomChannel(std::string(address),
                                          tls ? grpc::SslCredentials(ssl) : grpc::InsecureChannelCredentials(), args);
    e.watch = pb::Watch::NewStub(e.channel);
    list.push_back(std::move(e));
  }
  return std::make_unique<EtcdStore>(std::make_shared<Endpoints>(std::move(list)));
}

}  // namespace apiserver::store
