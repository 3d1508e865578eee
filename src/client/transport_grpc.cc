#include "client/transport_grpc.h"

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <map>
#include <memory>
#include <utility>

#include "absl/strings/strip.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "client/api_error.h"
#include "client/request_series.h"
#include "client/rest_transport.h"
#include "skiff/resources.grpc.pb.h"

namespace client {
namespace {

using skiff::v1::Resources;

constexpr char kStatusTrailer[] = "skiff-status-bin";
constexpr auto kCallTimeout = std::chrono::seconds(60);
constexpr auto kConnectTimeout = std::chrono::seconds(5);

void Fill(const Target& from, skiff::v1::Target* to) {
  to->set_group(from.group);
  to->set_version(from.version);
  to->set_resource(from.resource);
  to->set_namespace_(from.ns);
  to->set_name(from.name);
  to->set_subresource(from.subresource);
}

absl::Status ToStatus(const grpc::Status& status, const grpc::ClientContext& context) {
  if (status.ok()) return absl::OkStatus();
  const auto& trailers = context.GetServerTrailingMetadata();
  if (const auto found = trailers.find(kStatusTrailer); found != trailers.end()) {
    return StatusFromApi(absl::string_view(found->second.data(), found->second.size()));
  }
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

Object ObjectOf(skiff::v1::ObjectReply& reply) {
  return Object{std::move(*reply.mutable_api_version()), std::move(*reply.mutable_kind()),
                std::move(*reply.mutable_object())};
}

// One server stream. gRPC calls it from its threads, one call at a time; it frees itself by the shared pointer that
// it holds until OnDone.
class WatchCall final : public grpc::ClientReadReactor<skiff::v1::WatchEvent> {
 public:
  WatchCall(WatchCallbacks callbacks, const RequestSeries& series) : callbacks_(std::move(callbacks)), series_(series) {}

  void Start(Resources::Stub& stub, std::shared_ptr<WatchCall> self) {
    self_ = std::move(self);
    context.set_wait_for_ready(true);  // a call that waits is what makes a connection progress
    stub.async()->Watch(&context, &request, this);
    StartRead(&event_);
    StartCall();
  }

  void OnReadInitialMetadataDone(bool ok) override {
    if (ok) Answered(200);
  }

  void OnReadDone(bool ok) override {
    if (!ok) return;
    Deliver();
    StartRead(&event_);
  }

  void OnDone(const grpc::Status& status) override {
    absl::Status result = error_.ok() ? ToStatus(status, context) : error_;
    if (!cancelled_.load()) Answered(CodeOf("GET", result));
    if (!cancelled_.load()) callbacks_.done(std::move(result));
    const std::shared_ptr<WatchCall> self = std::move(self_);
    finished_.Notify();
  }

  void CancelAndWait() {
    cancelled_.store(true);
    context.TryCancel();
    finished_.WaitForNotification();
  }

  grpc::ClientContext context;
  skiff::v1::WatchRequest request;

 private:
  // Counted once: when the server lets the watch begin, or with why it does not.
  void Answered(int code) {
    if (!answered_.exchange(true)) series_.Ended("GET", code, absl::Now() - began_);
  }

  void Deliver() {
    if (cancelled_.load()) return;
    WatchEvent event{EventType::kAdded, event_.object()};
    switch (event_.type()) {
      case skiff::v1::WatchEvent::ADDED:
        break;
      case skiff::v1::WatchEvent::MODIFIED:
        event.type = EventType::kModified;
        break;
      case skiff::v1::WatchEvent::DELETED:
        event.type = EventType::kDeleted;
        break;
      case skiff::v1::WatchEvent::BOOKMARK:
        event.type = EventType::kBookmark;
        break;
      default:
        error_ = StatusFromApi(event_.object());
        context.TryCancel();
        return;
    }
    callbacks_.event(event);
  }

  const WatchCallbacks callbacks_;
  const RequestSeries series_;
  const absl::Time began_ = absl::Now();
  std::atomic<bool> answered_{false};
  skiff::v1::WatchEvent event_;
  absl::Status error_;
  std::atomic<bool> cancelled_{false};
  absl::Notification finished_;
  std::shared_ptr<WatchCall> self_;
};

class GrpcWatch final : public Watch {
 public:
  explicit GrpcWatch(std::shared_ptr<WatchCall> call) : call_(std::move(call)) {}
  ~GrpcWatch() override { call_->CancelAndWait(); }

 private:
  const std::shared_ptr<WatchCall> call_;
};

class GrpcTransport final : public Transport {
 public:
  GrpcTransport(const ClientConfig& config, std::shared_ptr<grpc::Channel> channel, std::unique_ptr<Transport> rest)
      : config_(config), channel_(std::move(channel)), stub_(Resources::NewStub(channel_)), rest_(std::move(rest)) {}

  absl::StatusOr<Object> Get(const Target& target, absl::string_view resource_version) override {
    skiff::v1::GetRequest request;
    Fill(target, request.mutable_target());
    request.set_resource_version(std::string(resource_version));
    return ForObject("GET", &Resources::Stub::Get, request);
  }

  absl::StatusOr<ListMeta> List(const Target& target, const ListOptions& options,
                                absl::FunctionRef<void(absl::string_view)> item) override {
    skiff::v1::ListRequest request;
    Fill(target, request.mutable_target());
    request.set_label_selector(options.select.label_selector);
    request.set_field_selector(options.select.field_selector);
    request.set_resource_version(options.resource_version);
    request.set_resource_version_match(options.resource_version_match);
    request.set_limit(options.limit);
    request.set_continue_(options.continue_token);
    skiff::v1::ListReply reply;
    RETURN_IF_ERROR(Call("GET", &Resources::Stub::List, request, &reply));
    for (const std::string& bytes : reply.items()) item(bytes);
    return ListMeta{reply.resource_version(), reply.continue_(), reply.remaining_item_count()};
  }

  std::unique_ptr<Watch> StartWatch(const Target& target, const WatchOptions& options,
                                    WatchCallbacks callbacks) override {
    auto call = std::make_shared<WatchCall>(std::move(callbacks), series_);
    Fill(target, call->request.mutable_target());
    call->request.set_label_selector(options.select.label_selector);
    call->request.set_field_selector(options.select.field_selector);
    call->request.set_resource_version(options.resource_version);
    call->request.set_allow_bookmarks(true);
    call->request.set_send_initial_events(options.send_initial_events);
    call->request.set_timeout_seconds(absl::ToInt64Seconds(options.timeout));
    Prepare(call->context, /*timeout=*/false);
    call->Start(*stub_, call);
    return std::make_unique<GrpcWatch>(std::move(call));
  }

  absl::StatusOr<Object> Create(const Target& target, const Object& object, const WriteOptions& options) override {
    return ForObject("POST", &Resources::Stub::Create, WriteOf(target, object, options));
  }

  absl::StatusOr<Object> Update(const Target& target, const Object& object, const WriteOptions& options) override {
    return ForObject("PUT", &Resources::Stub::Update, WriteOf(target, object, options));
  }

  absl::StatusOr<Object> Patch(const Target& target, absl::string_view content_type, absl::string_view patch,
                               const WriteOptions& options) override {
    skiff::v1::PatchRequest request;
    Fill(target, request.mutable_target());
    request.set_content_type(std::string(content_type));
    request.set_patch(std::string(patch));
    request.set_field_manager(options.field_manager);
    request.set_force(options.force);
    if (options.dry_run) request.add_dry_run("All");
    return ForObject("PATCH", &Resources::Stub::Patch, request);
  }

  absl::StatusOr<Object> Delete(const Target& target, absl::string_view delete_options) override {
    skiff::v1::DeleteRequest request;
    Fill(target, request.mutable_target());
    request.set_options(std::string(delete_options));
    return ForObject("DELETE", &Resources::Stub::Delete, request);
  }

  absl::Status DeleteCollection(const Target& target, const Selection& select,
                                absl::string_view delete_options) override {
    skiff::v1::DeleteRequest request;
    Fill(target, request.mutable_target());
    request.set_options(std::string(delete_options));
    request.set_label_selector(select.label_selector);
    request.set_field_selector(select.field_selector);
    skiff::v1::ListReply reply;
    return Call("DELETE", &Resources::Stub::DeleteCollection, request, &reply);
  }

  absl::StatusOr<std::string> GetRaw(absl::string_view path, absl::string_view accept) override {
    return rest_->GetRaw(path, accept);
  }

 private:
  static skiff::v1::WriteRequest WriteOf(const Target& target, const Object& object, const WriteOptions& options) {
    skiff::v1::WriteRequest request;
    Fill(target, request.mutable_target());
    request.set_object(object.bytes);
    request.set_field_manager(options.field_manager);
    if (options.dry_run) request.add_dry_run("All");
    return request;
  }

  void Prepare(grpc::ClientContext& context, bool timeout) {
    if (timeout) context.set_deadline(std::chrono::system_clock::now() + kCallTimeout);
    if (const std::string token = Token(); !token.empty()) context.AddMetadata("authorization", "Bearer " + token);
  }

  // A connection only makes progress while something waits on its channel; calls that fail at once do not.
  void AwaitConnection() {
    if (channel_->GetState(/*try_to_connect=*/true) == GRPC_CHANNEL_READY) return;
    channel_->WaitForConnected(std::chrono::system_clock::now() + kConnectTimeout);
  }

  template <typename Method, typename Request, typename Reply>
  absl::Status Call(absl::string_view verb, Method method, const Request& request, Reply* reply) {
    const absl::Time began = absl::Now();
    AwaitConnection();
    grpc::ClientContext context;
    Prepare(context, /*timeout=*/true);
    const absl::Status status = ToStatus(((*stub_).*method)(&context, request, reply), context);
    series_.Ended(verb, CodeOf(verb, status), absl::Now() - began);
    series_.Sent(verb, request.ByteSizeLong());
    if (status.ok()) series_.Received(verb, reply->ByteSizeLong());
    return status;
  }

  template <typename Method, typename Request>
  absl::StatusOr<Object> ForObject(absl::string_view verb, Method method, const Request& request) {
    skiff::v1::ObjectReply reply;
    RETURN_IF_ERROR(Call(verb, method, request, &reply));
    return ObjectOf(reply);
  }

  std::string Token() {
    if (config_.token_file.empty()) return config_.token;
    absl::MutexLock lock(&mu_);
    const absl::Time now = absl::Now();
    if (now - token_read_ > absl::Minutes(1)) {
      if (auto text = base::ReadFile(config_.token_file); text.ok()) {
        token_ = std::string(absl::StripAsciiWhitespace(*text));
      }
      token_read_ = now;
    }
    return token_;
  }

  const ClientConfig config_;
  const RequestSeries series_{config_.grpc_server};
  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<Resources::Stub> stub_;
  const std::unique_ptr<Transport> rest_;
  absl::Mutex mu_;
  std::string token_ ABSL_GUARDED_BY(mu_);
  absl::Time token_read_ ABSL_GUARDED_BY(mu_) = absl::InfinitePast();
};

}  // namespace

absl::StatusOr<std::unique_ptr<Transport>> NewGrpcTransport(const ClientConfig& config) {
  ASSIGN_OR_RETURN(auto rest, NewRestTransport(config));
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = config.ca_pem;
  tls.pem_private_key = config.key_pem;
  tls.pem_cert_chain = config.cert_pem;
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  arguments.SetMaxSendMessageSize(-1);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 20000);  // a dead server must not hold a watch forever
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10000);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 50);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 3000);
  if (!config.tls_server_name.empty()) arguments.SetSslTargetNameOverride(config.tls_server_name);
  auto channel = grpc::CreateCustomChannel(config.grpc_server, grpc::SslCredentials(tls), arguments);
  return std::make_unique<GrpcTransport>(config, std::move(channel), std::move(rest));
}

}  // namespace client
